/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Snapshots (CPU, memory, time, events, parts) and the digest of a run. */
#include "emu/machine_impl.h"

#include <errno.h>
#include <stdlib.h>

struct snapshot {
	const struct machine *of;
	uint8_t *context;
	struct pages *pages;
	uint64_t retired;
	uint8_t *parts; /* all parts' states, one after the other */
	size_t parts_size;
	size_t event_kept;
	uint64_t event_total[EVENT_KIND_COUNT];
	uint64_t unmodelled_total;
	bool has_unmodelled;
	struct event unmodelled;
	struct digest *event_digest;
	size_t console_len;
	uint64_t time_reads;
	bool halted;
};

static size_t parts_size(const struct machine *m)
{
	size_t n = 0;

	for (unsigned i = 0; i < m->part_count; i++)
		n += m->parts[i].size;
	return n;
}

int machine_snapshot(struct machine *m, struct snapshot **ret_s)
{
	struct snapshot *s = calloc(1, sizeof(*s));
	uint8_t *p;

	if (!s)
		return -ENOMEM;
	s->of = m;
	s->parts_size = parts_size(m);
	s->parts = malloc(s->parts_size);
	s->context = malloc(engine_context_size(m->engine));
	s->event_digest = digest_copy(m->event_digest);
	if (!s->parts || !s->context || !s->event_digest || machine_copy_pages(m, &s->pages)) {
		snapshot_destroy(s);
		return -ENOMEM;
	}
	engine_context_save(m->engine, s->context);
	s->retired = engine_retired(m->engine);
	p = s->parts;
	for (unsigned i = 0; i < m->part_count; i++) {
		memcpy(p, m->parts[i].state, m->parts[i].size);
		p += m->parts[i].size;
	}
	s->event_kept = m->event_kept;
	memcpy(s->event_total, m->event_total, sizeof(s->event_total));
	s->unmodelled_total = m->unmodelled_total;
	s->has_unmodelled = m->has_unmodelled;
	s->unmodelled = m->unmodelled;
	s->console_len = m->console.len;
	s->time_reads = m->time_reads;
	s->halted = m->halted;
	*ret_s = s;
	return 0;
}

/* Every page that holds anything now becomes what it was, or zero. */
static int restore_memory(struct machine *m, const struct snapshot *s)
{
	uint8_t page[GUEST_PAGE_SIZE];

	for (unsigned i = 0; i < m->block_count; i++) {
		const struct mem_block *b = &m->blocks[i];

		for (uint64_t off = 0; off < b->size; off += GUEST_PAGE_SIZE) {
			gpa_t gpa = b->gpa + off;

			if (!engine_page_dirty(m->engine, gpa))
				continue;
			if (pages_read(s->pages, gpa, page, sizeof(page)))
				return -EFAULT;
			if (memcmp(b->host + off, page, sizeof(page)) &&
			    machine_write(m, gpa, page, sizeof(page)))
				return -EFAULT;
		}
	}
	return 0;
}

int machine_restore(struct machine *m, const struct snapshot *s)
{
	struct digest *events;
	const uint8_t *p = s->parts;
	struct cpu_state cpu;

	if (s->of != m || s->parts_size != parts_size(m))
		return -EINVAL;
	if (m->recorder)
		return -EBUSY; /* a trace knows no time that goes backwards */
	events = digest_copy(s->event_digest);
	if (!events || restore_memory(m, s)) {
		digest_destroy(events);
		return -ENOMEM;
	}
	engine_context_load(m->engine, s->context);
	engine_set_retired(m->engine, s->retired);
	for (unsigned i = 0; i < m->part_count; i++) {
		memcpy(m->parts[i].state, p, m->parts[i].size);
		p += m->parts[i].size;
	}
	digest_destroy(m->event_digest);
	m->event_digest = events;
	m->event_kept = s->event_kept;
	memcpy(m->event_total, s->event_total, sizeof(s->event_total));
	m->unmodelled_total = s->unmodelled_total;
	m->has_unmodelled = s->has_unmodelled;
	m->unmodelled = s->unmodelled;
	m->console.len = s->console_len;
	m->time_reads = s->time_reads;
	m->halted = s->halted;
	m->exact = 0;
	m->ran = false;
	engine_get(m->engine, &cpu);
	m->mode = cpu_mode_name(&cpu);
	engine_mode_changed(m->engine);
	repeat_reset(m);
	m->idle.wakes = 0;
	return 0;
}

struct snapshot *snapshot_destroy(struct snapshot *s)
{
	if (!s)
		return NULL;
	digest_destroy(s->event_digest);
	pages_destroy(s->pages);
	free(s->context);
	free(s->parts);
	free(s);
	return NULL;
}

static void digest_cpu(struct digest *d, const struct cpu_state *cpu)
{
	for (size_t i = 0; i < reg_info_count; i++)
		digest_u64(d, reg_get(cpu, &reg_infos[i]));
	for (unsigned i = 0; i < SEG_COUNT; i++) {
		digest_u64(d, cpu->seg[i].selector);
		digest_u64(d, cpu->seg[i].base);
		digest_u64(d, cpu->seg[i].limit);
		digest_u64(d, cpu->seg[i].attr);
	}
	digest_u64(d, cpu->gdtr.base);
	digest_u64(d, cpu->gdtr.limit);
	digest_u64(d, cpu->idtr.base);
	digest_u64(d, cpu->idtr.limit);
}

/* Pages of zeros say nothing, whether they were touched or not. */
static void digest_memory(struct digest *d, const struct machine *m)
{
	static const uint8_t zeros[GUEST_PAGE_SIZE];

	for (unsigned i = 0; i < m->block_count; i++) {
		const struct mem_block *b = &m->blocks[i];

		for (uint64_t off = 0; off < b->size; off += GUEST_PAGE_SIZE) {
			if (!engine_page_dirty(m->engine, b->gpa + off) ||
			    !memcmp(b->host + off, zeros, sizeof(zeros)))
				continue;
			digest_u64(d, b->gpa + off);
			digest_add(d, b->host + off, GUEST_PAGE_SIZE);
		}
	}
}

void machine_digest(struct machine *m, char ret_hex[33])
{
	char events[DIGEST_HEX_SIZE];
	uint8_t fpu[8 * 10 + 16 * 16];
	struct digest *d = digest_create();
	struct cpu_state cpu;

	ret_hex[0] = '\0';
	if (!d)
		return;
	engine_get(m->engine, &cpu);
	engine_fpu_get(m->engine, fpu);
	digest_cpu(d, &cpu);
	digest_add(d, fpu, sizeof(fpu));
	digest_memory(d, m);
	for (unsigned i = 0; i < m->part_count; i++) {
		digest_str(d, m->parts[i].name);
		digest_add(d, m->parts[i].state, m->parts[i].size);
	}
	digest_hex(m->event_digest, events);
	digest_str(d, events);
	digest_u64(d, engine_retired(m->engine));
	digest_hex(d, ret_hex);
	digest_destroy(d);
}
