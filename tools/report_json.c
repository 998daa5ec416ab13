/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report as JSON; man/bootpath-json.5 is its contract. */
#include <stdio.h>

#include "emu/base/jsonw.h"
#include "tools/report.h"

/* Registers and segments of a state: what --state reads back. */
static void json_cpu(struct jsonw *w, const struct cpu_state *s)
{
	jsonw_string(w, "mode", cpu_mode_name(s));
	jsonw_object(w, "registers");
	for (size_t i = 0; i < reg_info_count; i++)
		jsonw_hex(w, reg_infos[i].name, reg_get(s, &reg_infos[i]));
	jsonw_hex(w, "gdtr.base", s->gdtr.base);
	jsonw_hex(w, "gdtr.limit", s->gdtr.limit);
	jsonw_hex(w, "idtr.base", s->idtr.base);
	jsonw_hex(w, "idtr.limit", s->idtr.limit);
	jsonw_object_end(w);
	jsonw_object(w, "segments");
	for (size_t i = 0; i < segreg_info_count; i++) {
		const struct segment *seg = &s->seg[segreg_infos[i].index];

		jsonw_object(w, segreg_infos[i].name);
		jsonw_hex(w, "selector", seg->selector);
		jsonw_hex(w, "base", seg->base);
		jsonw_hex(w, "limit", seg->limit);
		jsonw_hex(w, "attr", seg->attr);
		jsonw_object_end(w);
	}
	jsonw_object_end(w);
}

static bool field_is_zero(const uint8_t *bp, const struct bp_field_info *f)
{
	for (unsigned i = 0; i < f->count; i++) {
		if (bp_field_get(bp, f, i))
			return false;
	}
	return true;
}

static void json_field(struct jsonw *w, const uint8_t *bp, const struct bp_field_info *f)
{
	if (f->count == 1) {
		jsonw_hex(w, f->name, bp_field_get(bp, f, 0));
		return;
	}
	jsonw_array_inline(w, f->name);
	for (unsigned i = 0; i < f->count; i++)
		jsonw_hex(w, NULL, bp_field_get(bp, f, i));
	jsonw_array_end(w);
}

/* Every header field, and of the rest what is not zero; the E820 table stands by itself. */
static void json_boot_params(struct jsonw *w, const uint8_t *bp, gpa_t gpa)
{
	jsonw_object(w, "boot_params");
	jsonw_hex(w, "address", gpa);
	for (unsigned i = 0; i < BP_FIELD_COUNT; i++) {
		const struct bp_field_info *f = &bp_fields[i];

		if (f->offset == BOOT_PARAMS_E820 || (!f->since && field_is_zero(bp, f)))
			continue;
		json_field(w, bp, f);
	}
	jsonw_object_end(w);
}

static void json_e820(struct jsonw *w, const uint8_t *bp)
{
	uint64_t count = bp_get(bp, BP_E820_ENTRIES);

	jsonw_array(w, "e820");
	for (uint64_t i = 0; i < count && i < BOOT_PARAMS_E820_MAX; i++) {
		const uint8_t *entry = bp + BOOT_PARAMS_E820 + i * 20; /* zero-page.rst 2D0 */

		jsonw_object(w, NULL);
		jsonw_hex(w, "addr", get_le64(entry));
		jsonw_hex(w, "size", get_le64(entry + 8));
		jsonw_u64(w, "type", get_le32(entry + 16));
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
}

static void json_handover(struct jsonw *w, const struct handover *h)
{
	uint8_t bp[BOOT_PARAMS_SIZE];

	jsonw_object(w, NULL);
	jsonw_string(w, "point", point_names[h->point]);
	jsonw_string(w, "image", h->image);
	jsonw_string(w, "symbol", h->symbol);
	jsonw_u64(w, "instructions", h->instructions);
	json_cpu(w, &h->cpu);
	if (h->boot_params && h->pages && !pages_read(h->pages, h->boot_params, bp, sizeof(bp))) {
		json_boot_params(w, bp, h->boot_params);
		json_e820(w, bp);
	}
	jsonw_object_end(w);
}

static void json_verdict(struct jsonw *w, const struct verdict *v)
{
	jsonw_object(w, NULL);
	jsonw_string(w, "id", v->id);
	jsonw_string(w, "status", verdict_status_names[v->status]);
	jsonw_string(w, "level", verdict_level_names[v->level]);
	jsonw_string(w, "point", point_names[v->point]);
	jsonw_string(w, "subject", verdict_subject_names[v->subject]);
	jsonw_string(w, "cite", v->cite);
	jsonw_string(w, "text", v->text);
	jsonw_string(w, "want", v->want);
	jsonw_string(w, "got", v->got);
	if (v->unexpected_pass)
		jsonw_bool(w, "unexpected_pass", true);
	if (v->writer)
		jsonw_string(w, "writer", v->writer);
	jsonw_object_end(w);
}

/* Where a run that did not arrive came to its end. */
static void json_stop(struct jsonw *w, const struct report_path *p)
{
	jsonw_object(w, "stop");
	jsonw_string(w, "kind", stop_kind_names[p->stop.kind]);
	jsonw_string(w, "text", p->stop.text);
	jsonw_hex(w, "pc", p->stop.pc);
	if (p->stop_symbol[0])
		jsonw_string(w, "symbol", p->stop_symbol);
	if (p->stop.has_fault_address)
		jsonw_hex(w, "fault_address", p->stop.fault_address);
	json_cpu(w, &p->last_cpu);
	jsonw_object_end(w);
}

static void json_path(struct jsonw *w, const struct report_path *p)
{
	jsonw_object(w, NULL);
	jsonw_string(w, "path", p->path->name);
	jsonw_string(w, "variant", p->variant->name);
	jsonw_string(w, "outcome", outcome_names[p->outcome]);
	jsonw_string(w, "reason", p->reason);
	jsonw_array(w, "handovers");
	for (size_t i = 0; i < p->handover_count; i++)
		json_handover(w, &p->handovers[i]);
	jsonw_array_end(w);
	if (p->stop_detail || p->stop_symbol[0])
		json_stop(w, p);
	jsonw_array(w, "verdicts");
	for (size_t i = 0; i < p->verdicts.count; i++)
		json_verdict(w, &p->verdicts.items[i]);
	jsonw_array_end(w);
	jsonw_object(w, "counts");
	jsonw_u64(w, "instructions", p->counts.instructions);
	jsonw_u64(w, "faults", p->counts.faults);
	jsonw_u64(w, "firmware_calls", p->counts.firmware_calls);
	jsonw_u64(w, "hypercalls", p->counts.hypercalls);
	jsonw_u64(w, "unmodelled", p->counts.unmodelled);
	jsonw_object_end(w);
	if (p->console)
		jsonw_bytes(w, "console", p->console, strlen(p->console));
	jsonw_string(w, "digest", p->digest[0] ? p->digest : NULL);
	jsonw_object_end(w);
}

static void json_options(struct jsonw *w, const struct run_options *o)
{
	char sha256[SHA256_HEX_SIZE], disk[SHA256_HEX_SIZE];

	if (o->disk_path)
		sha256_hex(o->disk.data, o->disk.len, disk);
	if (o->initrd_path)
		sha256_hex(o->initrd.data, o->initrd.len, sha256);
	jsonw_object(w, "options");
	jsonw_u64(w, "memory", o->memory);
	jsonw_string(w, "cmdline", o->cmdline);
	jsonw_string(w, "cpu", cpu_profile_names[o->cpu]);
	jsonw_u64(w, "seed", o->seed);
	jsonw_string(w, "initrd_sha256", o->initrd_path ? sha256 : NULL);
	if (o->disk_path)
		jsonw_string(w, "disk_sha256", disk);
	jsonw_object_end(w);
}

static void json_image(struct jsonw *w, const struct report_image *r, const struct run_options *o)
{
	jsonw_object(w, NULL);
	jsonw_string(w, "name", r->name);
	jsonw_string(w, "sha256", r->sha256[0] ? r->sha256 : NULL);
	jsonw_string(w, "format", r->format);
	if (r->error[0])
		jsonw_string(w, "error", r->error);
	jsonw_array(w, "entries");
	for (unsigned i = 0; r->image && i < r->image->entry_count; i++) {
		const struct image_entry *e = &r->image->entries[i];

		jsonw_object(w, NULL);
		jsonw_string(w, "path", e->path);
		jsonw_bool(w, "offered", e->offered);
		if (!e->offered)
			jsonw_string(w, "reason", e->reason);
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
	json_options(w, o);
	jsonw_array(w, "paths");
	for (size_t i = 0; i < r->path_count; i++)
		json_path(w, &r->paths[i]);
	jsonw_array_end(w);
	jsonw_object_end(w);
}

void report_json(const struct report *r, struct buf *out)
{
	struct jsonw w;

	jsonw_init(&w, out);
	jsonw_object(&w, NULL);
	jsonw_string(&w, "tool", "bootpath");
	jsonw_string(&w, "version", BOOTPATH_VERSION);
	jsonw_array(&w, "images");
	for (size_t i = 0; i < r->image_count; i++)
		json_image(&w, &r->images[i], r->options);
	jsonw_array_end(&w);
	jsonw_object_end(&w);
	jsonw_end(&w);
}
