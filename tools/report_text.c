/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report for people. */
#include <inttypes.h>
#include <stdio.h>

#include "tools/report.h"

#define REGS_PER_LINE 4u

/* What the guest wrote, line by line behind a bar; nothing that a terminal would obey. */
static void text_console(const char *text, struct buf *out)
{
	bool start = true;

	for (const char *p = text; *p; p++) {
		unsigned char c = (unsigned char)*p;

		if (c == '\r')
			continue;
		if (start)
			buf_puts(out, "  | ");
		start = c == '\n';
		if (c == '\n' || c == '\t' || (c >= 0x20 && c < 0x7f))
			buf_append(out, &c, 1);
		else
			buf_printf(out, "\\x%02x", c);
	}
	if (!start)
		buf_puts(out, "\n");
}

static void text_registers(const struct cpu_state *s, struct buf *out)
{
	unsigned column = 0;

	buf_printf(out, "  registers (%s):", cpu_mode_name(s));
	for (size_t i = 0; i < reg_info_count; i++) {
		const struct reg_info *r = &reg_infos[i];

		if (column++ % REGS_PER_LINE == 0)
			buf_puts(out, "\n   ");
		buf_printf(out, " %-6s %0*" PRIx64, r->name, (int)r->bits / 4, reg_get(s, r));
	}
	buf_puts(out, "\n");
	for (size_t i = 0; i < segreg_info_count; i++) {
		const struct segment *seg = &s->seg[segreg_infos[i].index];

		buf_printf(out, "    %-6s %04x  base %016" PRIx64 "  limit %08x  attr %08x\n",
			   segreg_infos[i].name, seg->selector, seg->base, seg->limit, seg->attr);
	}
	buf_printf(out, "    gdtr   base %016" PRIx64 "  limit %04x\n", s->gdtr.base,
		   s->gdtr.limit);
	buf_printf(out, "    idtr   base %016" PRIx64 "  limit %04x\n", s->idtr.base,
		   s->idtr.limit);
}

/* An image may have started others: then each line says whose point it is. */
static bool has_images(const struct report_path *p)
{
	for (size_t i = 1; i < p->handover_count; i++)
		if (strcmp(p->handovers[i].image, p->handovers[0].image) != 0)
			return true;
	return false;
}

static void text_handovers(const struct report_path *p, struct buf *out, bool verbose)
{
	bool images = has_images(p);

	buf_printf(out, "  %-12s %-20s %-18s %20s%s\n", "point", "symbol", "address",
		   "instructions", images ? "  image" : "");
	for (size_t i = 0; i < p->handover_count; i++) {
		const struct handover *h = &p->handovers[i];
		char address[24];

		snprintf(address, sizeof(address), "0x%" PRIx64, cpu_pc(&h->cpu));
		buf_printf(out, "  %-12s %-20s %-18s %20" PRIu64 "%s%s\n", point_names[h->point],
			   h->symbol, address, h->instructions, images ? "  " : "",
			   images ? h->image : "");
		if (verbose)
			text_registers(&h->cpu, out);
	}
}

static void text_counts(const struct report_counts *c, struct buf *out)
{
	buf_printf(out,
		   "  %" PRIu64 " instructions, %" PRIu64 " faults, %" PRIu64
		   " firmware calls, %" PRIu64 " hypercalls, %" PRIu64 " unmodelled\n",
		   c->instructions, c->faults, c->firmware_calls, c->hypercalls, c->unmodelled);
}

static bool ran(const struct report_path *p)
{
	return p->handover_count;
}

static bool arrived(const struct report_path *p)
{
	return ran(p) && !p->stop_detail;
}

void report_text_stop(const struct report_path *p, struct buf *out)
{
	if (!ran(p) || arrived(p))
		return;
	buf_printf(out, "  stopped: %s, after %" PRIu64 " instructions\n", p->stop.text,
		   p->stop.instructions);
	text_registers(&p->last_cpu, out);
	buf_puts(out, p->stop_detail);
}

static void text_path(const struct report_path *p, struct buf *out, bool verbose)
{
	buf_printf(out, "%s:%s: %s: %s\n", p->path->name, p->variant->name,
		   outcome_names[p->outcome], p->reason);
	if (!ran(p))
		return;
	text_handovers(p, out, verbose);
	text_counts(&p->counts, out);
	buf_printf(out, "  digest %s\n", p->digest);
	if (p->console && p->console[0]) {
		buf_puts(out, "  console:\n");
		text_console(p->console, out);
	}
	report_text_stop(p, out);
	if (verbose && arrived(p) && p->stop_symbol[0]) {
		buf_printf(out, "  at %s:\n", p->stop_symbol);
		text_registers(&p->last_cpu, out);
	}
}

void report_text(const struct report *r, struct buf *out, bool verbose)
{
	for (size_t i = 0; i < r->image_count; i++) {
		const struct report_image *image = &r->images[i];

		if (image->error[0]) {
			buf_printf(out, "%s\n", image->error);
			continue;
		}
		buf_printf(out, "%s: %s, sha256 %s\n", image->name, image->format, image->sha256);
		for (size_t k = 0; k < image->path_count; k++)
			text_path(&image->paths[k], out, verbose);
	}
}
