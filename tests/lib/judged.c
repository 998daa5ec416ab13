/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A state made by hand as the 64-bit boot protocol asks, and short ways to ask about it. */
#include "tests/lib/judged.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/lib/fake_image.h"

void judged_put(struct judged *j, gpa_t gpa, const void *data, size_t len)
{
	cr_assert_eq(pages_put(j->state.pages, gpa, data, len), 0);
}

void judged_put_int(struct judged *j, gpa_t gpa, uint64_t value, size_t width)
{
	uint8_t bytes[8];

	put_le64(bytes, value);
	judged_put(j, gpa, bytes, width);
}

/* Selectors 0x10 and 0x18: flat 64-bit code and data, SDM 3A 3.4.5. */
static void put_gdt(struct judged *j)
{
	judged_put_int(j, JUDGED_GDT + 0x10, 0x00af9b000000ffff, 8);
	judged_put_int(j, JUDGED_GDT + 0x18, 0x00cf93000000ffff, 8);
}

/* The first GiB to itself in 2 MiB pages, SDM 3A 4.5. */
static void put_tables(struct judged *j)
{
	judged_put_int(j, JUDGED_TABLES, (JUDGED_TABLES + 0x1000) | 3, 8);
	judged_put_int(j, JUDGED_TABLES + 0x1000, (JUDGED_TABLES + 0x2000) | 3, 8);
	for (uint64_t i = 0; i < 512; i++)
		judged_put_int(j, JUDGED_TABLES + 0x2000 + i * 8, i << 21 | 0x83, 8);
}

/* SeaBIOS's map of QEMU's pc machine with 512 MiB, as captured. */
static const struct {
	uint64_t addr, size;
	uint32_t type;
} map[] = {
	{ 0x0, 0x9fc00, 1 },         { 0x9fc00, 0x400, 2 },      { 0xf0000, 0x10000, 2 },
	{ 0x100000, 0x1fee0000, 1 }, { 0x1ffe0000, 0x20000, 2 }, { 0xfffc0000, 0x40000, 2 },
};

static void put_boot_params(struct judged *j)
{
	uint8_t bp[BOOT_PARAMS_SIZE] = { 0 };
	const uint8_t *page = j->image->bz->page;
	size_t end = 0x202u + page[0x201];

	memcpy(bp + 0x1f1, page + 0x1f1, end - 0x1f1);
	bp_set(bp, BP_HDR_TYPE_OF_LOADER, 0xff);
	bp_set(bp, BP_HDR_CMD_LINE_PTR, JUDGED_CMDLINE);
	bp_set(bp, BP_E820_ENTRIES, ARRAY_SIZE(map));
	for (size_t i = 0; i < ARRAY_SIZE(map); i++) {
		put_le64(bp + 0x2d0 + i * 20, map[i].addr);
		put_le64(bp + 0x2d0 + i * 20 + 8, map[i].size);
		put_le32(bp + 0x2d0 + i * 20 + 16, map[i].type);
	}
	judged_put(j, JUDGED_BP, bp, sizeof(bp));
	judged_put(j, JUDGED_CMDLINE, "console=ttyS0 nokaslr", 22);
}

struct judged *judged_create(void)
{
	struct fake_bzimage fake = fake_bzimage_default();
	struct judged *j = calloc(1, sizeof(*j));
	struct regions ram = { 0 };
	struct diag diag = { 0 };

	cr_assert_not_null(j);
	j->image = fake_bzimage_open(&fake);
	cr_assert_not_null(j->image);
	cr_assert_eq(spec_set_builtin(&j->specs, &diag), 0, "%s", diag.text);
	regions_set(&ram, 0, 0xa0000, 0);
	regions_set(&ram, MIB(1), MIB(511), 0);
	j->state = (struct handover){ .point = POINT_ENTRY,
				      .symbol = "startup_64",
				      .pages = pages_create(&ram) };
	regions_free(&ram);
	cpu_state_long64(&j->state.cpu, 0x10, 0x18, JUDGED_TABLES);
	j->state.cpu.rip = JUDGED_LOAD + 0x200;
	j->state.cpu.gpr[GPR_RSI] = JUDGED_BP;
	j->state.cpu.gdtr = (struct table_reg){ JUDGED_GDT, 0x1f };
	put_gdt(j);
	put_tables(j);
	put_boot_params(j);
	j->context = (struct judge_context){
		.image = j->image,
		.handovers = &j->state,
		.handover_count = 1,
		.path = "linux64",
		.variant = "spec",
		.cmdline = "console=ttyS0 nokaslr",
	};
	judge_fact(&j->context, FACT_LOAD_ADDRESS, JUDGED_LOAD);
	judge_fact(&j->context, FACT_LOAD_SIZE, j->image->bz->kernel_size);
	judge_fact(&j->context, FACT_RUN_ADDRESS, JUDGED_LOAD);
	judge_fact(&j->context, FACT_RUN_SIZE, j->image->bz->init_size);
	judge_fact(&j->context, FACT_INITRD_SIZE, 0);
	return j;
}

void judged_destroy(struct judged *j)
{
	spec_set_free(&j->specs);
	handover_release(&j->state);
	image_close(j->image);
	free(j);
}

static struct expr *parse(struct arena *arena, const char *text, struct diag *diag)
{
	const struct expr_source src = { "test", text, strlen(text), { 1, 1 }, true };
	const struct expr_scope scope = { .file = "test", .points = BIT(POINT_ENTRY) };
	struct expr *e = NULL;

	if (expr_parse(arena, &src, &e, diag) || expr_check_any(e, &scope, diag))
		return NULL;
	return e;
}

const char *judged_eval(const struct judged *j, const char *expr, char *out, size_t size)
{
	static const char *const status[] = { "", "SKIP: ", "ERROR: ", "UNREADABLE: " };
	struct eval ev = { .context = &j->context, .now = &j->state };
	struct arena arena = { 0 };
	struct diag diag = { 0 };
	struct expr *e = parse(&arena, expr, &diag);
	struct buf text = { 0 };
	struct value v;

	cr_assert_not_null(e, "%s", diag.text);
	v = expr_eval(&ev, e);
	buf_puts(&text, status[ev.status]);
	if (ev.status == EVAL_OK)
		value_text(&v, &text);
	else
		buf_puts(&text, ev.reason);
	snprintf(out, size, "%s", buf_str(&text));
	buf_free(&text);
	value_free(&v);
	eval_release(&ev);
	arena_free(&arena);
	return out;
}

const char *judged_refused(const char *expr, char *out, size_t size)
{
	struct arena arena = { 0 };
	struct diag diag = { 0 };

	cr_assert_null(parse(&arena, expr, &diag), "\"%s\" was accepted", expr);
	snprintf(out, size, "%s", diag.text);
	arena_free(&arena);
	return out;
}

const struct verdict *judged_find(const struct verdicts *v, const char *id)
{
	for (size_t i = 0; i < v->count; i++) {
		if (!strcmp(v->items[i].id, id))
			return &v->items[i];
	}
	return NULL;
}

const char *judged_fails(const struct judged *j, char *out, size_t size)
{
	struct verdicts v = { 0 };
	struct buf text = { 0 };

	cr_assert_eq(judge_point(&j->specs, &j->context, j->state.point, &v), 0);
	for (size_t i = 0; i < v.count; i++) {
		if (v.items[i].status == VERDICT_FAIL || v.items[i].status == VERDICT_ERROR)
			buf_printf(&text, "%s%s", text.len ? " " : "", v.items[i].id);
	}
	snprintf(out, size, "%s", buf_str(&text));
	buf_free(&text);
	verdicts_free(&v);
	return out;
}
