/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads states captured elsewhere; the schema is that of handovers in our report (man/bootpath-json.5). */
#include "tools/state_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "specs/spec.h" /* spec_path_known */
#include "tools/file.h"
#include "tools/json_read.h"

#define HANDOVERS_MAX 16

static const char *const fact_names[FACT_COUNT] = {
#define FACT(id, name, doc) [FACT_##id] = name,
#include "specs/facts.def"
#undef FACT
};

static int take_text(const struct json_value *v, char *out, size_t size, struct diag *diag)
{
	const char *text = json_text(v);

	if (!text)
		return json_complain(v, diag, v->value ? "expected a string" : "is missing");
	if (strlen(text) >= size)
		return json_complain(v, diag, "longer than %zu bytes", size - 1);
	strcpy(out, text);
	return 0;
}

static int take_number(const struct json_value *v, uint64_t max, uint64_t *ret, struct diag *diag)
{
	if (!v->value)
		return json_complain(v, diag, "is missing");
	if (!json_u64(v, ret))
		return json_complain(v, diag, "expected a number, or a string \"0x...\"");
	if (*ret > max)
		return json_complain(v, diag, "larger than 0x%llx", (unsigned long long)max);
	return 0;
}

/* A register that the file does not name stays as after reset; one that we do not know is an error. */
static int take_registers(const struct json_value *object, struct cpu_state *cpu, struct diag *diag)
{
	int err = 0;

	if (!json_is_object(object))
		return json_complain(object, diag,
				     object->value ? "expected an object" : "is missing");
	for (size_t i = 0; i < json_count(object) && !err; i++) {
		struct json_value v = json_member_at(object, i);
		uint64_t n;

		err = take_number(&v, UINT64_MAX, &n, diag);
		if (!err && !cpu_state_set(cpu, v.key, n))
			err = json_complain(&v, diag, "no such register");
	}
	return err;
}

static int take_segment(const struct json_value *object, struct segment *ret, struct diag *diag)
{
	struct json_value selector = json_member(object, "selector"),
			  base = json_member(object, "base");
	struct json_value limit = json_member(object, "limit"), attr = json_member(object, "attr");
	uint64_t n[4];
	int err = take_number(&selector, UINT16_MAX, &n[0], diag);

	if (!err)
		err = take_number(&base, UINT64_MAX, &n[1], diag);
	if (!err)
		err = take_number(&limit, UINT32_MAX, &n[2], diag);
	if (!err)
		err = take_number(&attr, UINT32_MAX, &n[3], diag);
	if (!err)
		*ret = (struct segment){
			.selector = (uint16_t)n[0],
			.base = n[1],
			.limit = (uint32_t)n[2],
			.attr = (uint32_t)n[3] & DESC_ATTR_MASK,
		};
	return err;
}

static int take_segments(const struct json_value *object, struct cpu_state *cpu, struct diag *diag)
{
	int err = 0;

	if (!json_is_object(object))
		return json_complain(object, diag,
				     object->value ? "expected an object" : "is missing");
	for (size_t i = 0; i < segreg_info_count && !err; i++) {
		struct json_value v = json_member(object, segreg_infos[i].name);

		/* LDTR and TR are not in every capture; the six others are what rules are about. */
		if (!v.value && segreg_infos[i].index >= SEG_LDTR)
			continue;
		if (!json_is_object(&v))
			return json_complain(&v, diag,
					     v.value ? "expected an object" : "is missing");
		err = take_segment(&v, &cpu->seg[segreg_infos[i].index], diag);
	}
	return err;
}

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c | 0x20) : NULL;

	return at ? (int)(at - digits) : -1;
}

static int take_hex(const struct json_value *v, struct buf *out, struct diag *diag)
{
	const char *text = json_text(v);

	if (!text)
		return json_complain(v, diag,
				     v->value ? "expected a string of hex digits" : "is missing");
	for (; *text; text += 2) {
		int high = hex_digit(text[0]), low = high < 0 ? -1 : hex_digit(text[1]);
		uint8_t byte = (uint8_t)(high << 4 | low);

		if (high < 0 || low < 0)
			return json_complain(v, diag, "expected pairs of hex digits");
		buf_append(out, &byte, 1);
	}
	return out->failed ? diag_set(diag, -ENOMEM, "out of memory") : 0;
}

/* The piece of memory that @v is: add its range to @map, or put its bytes into @pages. */
static int take_piece(const struct json_value *v, struct regions *map, struct pages *pages,
		      struct diag *diag)
{
	struct json_value at = json_member(v, "gpa"), hex = json_member(v, "hex");
	struct buf bytes = { 0 };
	uint64_t gpa;
	int err = take_number(&at, UINT64_MAX, &gpa, diag);

	if (!err)
		err = take_hex(&hex, &bytes, diag);
	if (!err && map && regions_set(map, gpa, bytes.len, 0))
		err = json_complain(&at, diag, "the bytes pass 2^64");
	if (!err && pages && pages_put(pages, gpa, bytes.data, bytes.len))
		err = diag_set(diag, -ENOMEM, "out of memory");
	buf_free(&bytes);
	return err;
}

static int each_piece(const struct json_value *memory, struct regions *map, struct pages *pages,
		      struct diag *diag)
{
	int err = 0;

	if (memory->value && !json_is_array(memory))
		return json_complain(memory, diag, "expected an array");
	for (size_t i = 0; i < json_count(memory) && !err; i++) {
		struct json_value piece = json_element(memory, i);

		err = take_piece(&piece, map, pages, diag);
	}
	return err;
}

/* boot_params as our report has it: fields by name, and E820; all else in it is 0. */
static int take_boot_params(const struct json_value *object, const struct json_value *e820,
			    uint8_t *bp, struct diag *diag)
{
	int err = 0;

	for (size_t i = 0; i < json_count(object) && !err; i++) {
		struct json_value v = json_member_at(object, i);
		const struct bp_field_info *f = bp_field_find(v.key);
		uint64_t n;
		uint8_t bytes[8];

		if (!strcmp(v.key, "address"))
			continue;
		if (!f)
			return json_complain(&v, diag, "boot_params has no such field");
		for (unsigned k = 0; k < f->count && !err; k++) {
			struct json_value item = json_is_array(&v) ? json_element(&v, k) : v;

			err = take_number(&item,
					  f->width < 8 ? BIT64(f->width * 8) - 1 : UINT64_MAX, &n,
					  diag);
			if (!err) {
				put_le64(bytes, n);
				memcpy(bp + f->offset + k * f->width, bytes, f->width);
			}
		}
	}
	for (size_t i = 0; i < json_count(e820) && i < BOOT_PARAMS_E820_MAX && !err; i++) {
		struct json_value entry = json_element(e820, i), addr = json_member(&entry, "addr");
		struct json_value size = json_member(&entry, "size"),
				  type = json_member(&entry, "type");
		uint64_t n[3] = { 0 };

		err = take_number(&addr, UINT64_MAX, &n[0], diag);
		if (!err)
			err = take_number(&size, UINT64_MAX, &n[1], diag);
		if (!err)
			err = take_number(&type, UINT32_MAX, &n[2], diag);
		put_le64(bp + BOOT_PARAMS_E820 + i * 20, n[0]);
		put_le64(bp + BOOT_PARAMS_E820 + i * 20 + 8, n[1]);
		put_le32(bp + BOOT_PARAMS_E820 + i * 20 + 16, (uint32_t)n[2]);
	}
	return err;
}

static int take_memory(const struct json_value *h, struct handover *ret, struct diag *diag)
{
	struct json_value memory = json_member(h, "memory"), bp = json_member(h, "boot_params");
	struct json_value e820 = json_member(h, "e820"), address = json_member(&bp, "address");
	uint8_t page[BOOT_PARAMS_SIZE] = { 0 };
	struct regions map = { 0 };
	uint64_t at = 0;
	int err = 0;

	if (json_is_object(&bp)) {
		err = take_number(&address, UINT64_MAX - BOOT_PARAMS_SIZE, &at, diag);
		if (!err)
			err = take_boot_params(&bp, &e820, page, diag);
		if (!err && regions_set(&map, at, sizeof(page), 0))
			err = diag_set(diag, -ENOMEM, "out of memory");
		ret->boot_params = at;
	}
	if (!err)
		err = each_piece(&memory, &map, NULL, diag);
	if (!err) {
		ret->pages = pages_create(&map);
		if (!ret->pages ||
		    (json_is_object(&bp) && pages_put(ret->pages, at, page, sizeof(page))))
			err = diag_set(diag, -ENOMEM, "out of memory");
	}
	/* What stands in memory itself has the last word. */
	if (!err)
		err = each_piece(&memory, NULL, ret->pages, diag);
	regions_free(&map);
	return err;
}

static int take_point(const struct json_value *v, enum point *ret, struct diag *diag)
{
	const char *text = json_text(v);

	for (unsigned p = POINT_ENTRY; text && p < POINT_COUNT; p++) {
		if (!strcmp(text, point_names[p])) {
			*ret = p;
			return 0;
		}
	}
	return json_complain(v, diag,
			     v->value ? "expected \"entry\", \"compressed\" or \"kernel\"" :
					"is missing");
}

static int take_handover(const struct json_value *h, struct handover *ret, struct diag *diag)
{
	struct json_value point = json_member(h, "point"), image = json_member(h, "image");
	struct json_value symbol = json_member(h, "symbol"), count = json_member(h, "instructions");
	struct json_value registers = json_member(h, "registers"),
			  segments = json_member(h, "segments");
	int err;

	if (!json_is_object(h))
		return json_complain(h, diag, "expected a handover");
	cpu_state_reset(&ret->cpu);
	err = take_point(&point, &ret->point, diag);
	if (!err)
		err = take_text(&symbol, ret->symbol, sizeof(ret->symbol), diag);
	if (!err && image.value)
		err = take_text(&image, ret->image, sizeof(ret->image), diag);
	if (!err)
		err = take_number(&count, UINT64_MAX, &ret->instructions, diag);
	if (!err)
		err = take_registers(&registers, &ret->cpu, diag);
	if (!err)
		err = take_segments(&segments, &ret->cpu, diag);
	return err ? err : take_memory(h, ret, diag);
}

static int take_facts(const struct json_value *object, struct state_file *ret, struct diag *diag)
{
	int err = 0;

	if (object->value && !json_is_object(object))
		return json_complain(object, diag, "expected an object");
	for (size_t i = 0; i < json_count(object) && !err; i++) {
		struct json_value v = json_member_at(object, i);
		unsigned f;

		for (f = 0; f < FACT_COUNT && strcmp(fact_names[f], v.key); f++)
			;
		if (f == FACT_COUNT)
			return json_complain(&v, diag, "no such fact");
		err = take_number(&v, UINT64_MAX, &ret->facts[f], diag);
		ret->fact_known[f] = !err;
	}
	return err;
}

static int take_all(const struct json_value *root, struct state_file *ret, struct diag *diag)
{
	struct json_value path = json_member(root, "path"), variant = json_member(root, "variant");
	struct json_value list = json_member(root, "handovers"), facts = json_member(root, "facts");
	int err;

	if (!json_is_object(root))
		return json_complain(root, diag, "expected an object with path and handovers");
	err = take_text(&path, ret->path, sizeof(ret->path), diag);
	if (!err && !spec_path_known(ret->path))
		err = json_complain(&path, diag, "no such path");
	snprintf(ret->variant, sizeof(ret->variant), "spec");
	if (!err && variant.value)
		err = take_text(&variant, ret->variant, sizeof(ret->variant), diag);
	if (!err)
		err = take_facts(&facts, ret, diag);
	if (err)
		return err;
	if (!json_is_array(&list) || !json_count(&list) || json_count(&list) > HANDOVERS_MAX)
		return json_complain(&list, diag,
				     list.value ? "expected an array of 1 to %d handovers" :
						  "is missing (1 to %d handovers)",
				     HANDOVERS_MAX);
	ret->handovers = calloc(json_count(&list), sizeof(*ret->handovers));
	if (!ret->handovers)
		return diag_set(diag, -ENOMEM, "out of memory");
	for (size_t i = 0; i < json_count(&list) && !err; i++) {
		struct json_value h = json_element(&list, i);

		err = take_handover(&h, &ret->handovers[ret->handover_count++], diag);
	}
	return err;
}

int state_file_take(struct state_file *ret, const struct json_value *root, struct diag *diag)
{
	int err = take_all(root, ret, diag);

	if (err)
		state_file_release(ret);
	return err;
}

int state_file_parse(struct state_file *ret, const char *name, struct bytes text, struct diag *diag)
{
	struct json_doc *doc = NULL;
	struct json_value root;
	int err = json_doc_parse(&doc, name, text, diag);

	if (err)
		return err;
	root = json_root(doc);
	err = state_file_take(ret, &root, diag);
	json_doc_close(doc);
	if (!err)
		sha256_hex(text.data, text.len, ret->sha256);
	return err;
}

int state_file_read(struct state_file *ret, const char *path, struct diag *diag)
{
	struct buf text = { 0 };
	int err = file_read_named(path, JSON_SIZE_MAX, &text, diag);

	if (!err)
		err = state_file_parse(ret, file_base_name(path),
				       (struct bytes){ text.data, text.len }, diag);
	buf_free(&text);
	return err;
}

void state_file_release(struct state_file *s)
{
	for (size_t i = 0; i < s->handover_count; i++)
		handover_release(&s->handovers[i]);
	free(s->handovers);
	*s = (struct state_file){ 0 };
}

struct judge_context state_file_context(const struct state_file *s, const struct image *image)
{
	struct judge_context c = {
		.image = image,
		.handovers = s->handovers,
		.handover_count = s->handover_count,
		.path = s->path,
		.variant = s->variant,
		.partial_memory = true,
	};

	memcpy(c.fact_known, s->fact_known, sizeof(c.fact_known));
	memcpy(c.facts, s->facts, sizeof(c.facts));
	return c;
}
