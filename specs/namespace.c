/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looks names up, and reads registers, header fields, boot_params and facts by them. */
#include "specs/namespace.h"

#include <inttypes.h>

#include "loaders/bzimage.h" /* bzimage_version */
#include "specs/expr.h"
#include "specs/functions.h"
#include "specs/lists.h"

struct bits_info {
	const char *owner, *name;
	unsigned shift, width;
	const char *doc;
};

static const struct bits_info bits_infos[] = {
#define BITS(owner, name, shift, width, doc) { owner, name, shift, width, doc },
#include "specs/bits.def"
};

static const struct bits_info segbits_infos[] = {
#define SEGBITS(name, shift, width, doc) { NULL, name, shift, width, doc },
#include "specs/bits.def"
};

struct fact_info {
	const char *name, *doc;
};

static const struct fact_info fact_infos[FACT_COUNT] = {
#define FACT(id, name, doc) [FACT_##id] = { name, doc },
#include "specs/facts.def"
#undef FACT
};

enum img_fact {
#define IMG(id, name, type, needs, doc) IMG_##id,
#include "specs/image.def"
#undef IMG
	IMG_COUNT
};

enum img_needs { NEEDS_FILE, NEEDS_BZ, NEEDS_ELF };

struct img_info {
	const char *name;
	enum value_type type;
	enum img_needs needs;
	const char *doc;
};

static const struct img_info img_infos[IMG_COUNT] = {
#define IMG(id, name, type, needs, doc) [IMG_##id] = { name, VALUE_##type, NEEDS_##needs, doc },
#include "specs/image.def"
#undef IMG
};

struct state_name_info {
	const char *name;
	enum value_type type;
	bool needs_state;
	const char *doc;
};

static const struct state_name_info state_names[STATE_NAME_COUNT] = {
#define NAME(id, name, type, state, doc) [STATE_NAME_##id] = { name, VALUE_##type, state, doc },
#include "specs/state_names.def"
#undef NAME
};

/* Names that are one row of a table. */
static bool find_in_tables(const char *name, struct name_ref *ret)
{
	for (unsigned i = 0; i < STATE_NAME_COUNT; i++) {
		if (!strcmp(state_names[i].name, name)) {
			ret->kind = NAME_STATE;
			ret->index = i;
			ret->type = state_names[i].type;
			ret->needs_state = state_names[i].needs_state;
			return true;
		}
	}
	for (unsigned i = 0; i < FACT_COUNT; i++) {
		if (!strcmp(fact_infos[i].name, name)) {
			ret->kind = NAME_FACT;
			ret->index = i;
			return true;
		}
	}
	for (unsigned i = 0; i < IMG_COUNT; i++) {
		if (!strcmp(img_infos[i].name, name)) {
			ret->kind = NAME_IMAGE;
			ret->index = i;
			ret->type = img_infos[i].type;
			return true;
		}
	}
	return false;
}

/* A header field in the file ("hdr.x") or a field of boot_params in memory ("bp.x"). */
static bool find_field(const char *name, struct name_ref *ret)
{
	bool in_memory = !strncmp(name, "bp.", 3);

	if (!in_memory && strncmp(name, "hdr.", 4))
		return false;
	ret->kind = in_memory ? NAME_BP : NAME_HEADER;
	ret->needs_state = in_memory;
	ret->field = bp_field_find(in_memory ? name + 3 : name);
	/* Areas of records are read by the functions u8() and so on. */
	return ret->field && ret->field->count == 1;
}

static bool find_register(const char *name, struct name_ref *ret)
{
	const struct cpu_state none = { 0 };
	uint64_t v;

	ret->kind = NAME_REGISTER;
	ret->needs_state = true;
	ret->base = name;
	return cpu_state_get(&none, name, &v);
}

static bool set_bits(const struct bits_info *bits, struct name_ref *ret)
{
	ret->is_bits = true;
	ret->shift = bits->shift;
	ret->width = bits->width;
	return true;
}

/* cr0.pg, cs.l, hdr.loadflags.kaslr_flag: the last part names bits of what stands before it. */
static bool find_bits(const char *name, struct name_ref *ret)
{
	const char *dot = strrchr(name, '.'), *owner = strncmp(name, "bp.", 3) ? name : name + 3;
	size_t len;

	if (!dot || dot < owner)
		return false;
	len = (size_t)(dot - owner);
	for (size_t i = 0; i < segreg_info_count; i++) {
		if (strlen(segreg_infos[i].name) != len || memcmp(segreg_infos[i].name, name, len))
			continue;
		ret->kind = NAME_REGISTER;
		ret->needs_state = true;
		ret->seg = &segreg_infos[i];
		for (size_t j = 0; j < ARRAY_SIZE(segbits_infos); j++) {
			if (!strcmp(segbits_infos[j].name, dot + 1))
				return set_bits(&segbits_infos[j], ret);
		}
		return false;
	}
	for (size_t i = 0; i < ARRAY_SIZE(bits_infos); i++) {
		const struct bits_info *b = &bits_infos[i];

		if (strlen(b->owner) != len || memcmp(b->owner, owner, len) ||
		    strcmp(b->name, dot + 1))
			continue;
		if (!strncmp(b->owner, "hdr.", 4)) {
			ret->kind = owner == name ? NAME_HEADER : NAME_BP;
			ret->needs_state = ret->kind == NAME_BP;
			ret->field = bp_field_find(b->owner);
			return ret->field && set_bits(b, ret);
		}
		return owner == name && find_register(b->owner, ret) && set_bits(b, ret);
	}
	return false;
}

/* "entry.cr0" is cr0 at the point entry; the point image has no state to name. */
static const char *take_point(const char *name, struct name_ref *ret)
{
	for (unsigned p = POINT_ENTRY; p < POINT_COUNT; p++) {
		size_t len = strlen(point_names[p]);

		if (!strncmp(name, point_names[p], len) && name[len] == '.') {
			ret->at_point = true;
			ret->point = p;
			return name + len + 1;
		}
	}
	return name;
}

bool name_find(const char *name, struct name_ref *ret)
{
	struct name_ref start = { .type = VALUE_INT };

	name = take_point(name, &start);
	for (unsigned i = 0; i < 4; i++) {
		static bool (*const finders[])(const char *,
					       struct name_ref *) = { find_in_tables, find_field,
								      find_register, find_bits };

		*ret = start;
		if (finders[i](name, ret))
			return ret->needs_state || !ret->at_point;
	}
	return false;
}

const struct handover *name_handover(struct eval *ev, const struct name_ref *name)
{
	if (!name->at_point) {
		if (!ev->now)
			eval_stop(ev, EVAL_SKIP, "there is no state");
		return ev->now;
	}
	for (size_t i = ev->context->handover_count; i-- > 0;) {
		if (ev->context->handovers[i].point == name->point)
			return &ev->context->handovers[i];
	}
	eval_stop(ev, EVAL_SKIP, "this path has no state at the point %s",
		  point_names[name->point]);
	return NULL;
}

bool state_read(struct eval *ev, const struct handover *h, gpa_t gpa, void *data, size_t len)
{
	if (h->pages && gpa + len >= gpa && !pages_read(h->pages, gpa, data, len))
		return true;
	if (!h->pages || ev->context->partial_memory)
		eval_stop(ev, EVAL_SKIP, "the state does not hold the memory at 0x%" PRIx64, gpa);
	else
		eval_stop(ev, EVAL_UNREADABLE, "there is no memory at 0x%" PRIx64 "..0x%" PRIx64,
			  gpa, gpa + (len - 1));
	return false;
}

bool bp_address(struct eval *ev, const struct handover *h, gpa_t *ret)
{
	const struct judge_context *c = ev->context;
	uint64_t rsi = h->cpu.gpr[GPR_RSI];

	*ret = cpu_code_bits(&h->cpu) == 64 ? rsi : (uint32_t)rsi;
	if (h->point != POINT_ENTRY || !strcmp(c->path, "linux32") || !strcmp(c->path, "linux64"))
		return true;
	*ret = h->boot_params ? h->boot_params : c->facts[FACT_BOOT_PARAMS];
	if (*ret)
		return true;
	eval_stop(ev, EVAL_SKIP, "the path %s has no boot_params at its entry", c->path);
	return false;
}

static uint64_t read_register(struct eval *ev, const struct name_ref *name)
{
	const struct handover *h = name_handover(ev, name);
	uint64_t v = 0;

	if (!h)
		return 0;
	if (name->seg)
		return h->cpu.seg[name->seg->index].attr;
	cpu_state_get(&h->cpu, name->base, &v);
	return v;
}

static uint64_t read_bp(struct eval *ev, const struct name_ref *name)
{
	const struct handover *h = name_handover(ev, name);
	uint8_t bytes[8] = { 0 };
	gpa_t bp;

	if (!h || !bp_address(ev, h, &bp))
		return 0;
	if (!state_read(ev, h, bp + name->field->offset, bytes, name->field->width))
		return 0;
	ev->last_read = (struct expr_memory){ bp + name->field->offset, name->field->width };
	return get_le64(bytes);
}

static const struct image *need_image(struct eval *ev, enum img_needs needs)
{
	const struct image *image = ev->context->image;

	if (!image)
		eval_stop(ev, EVAL_SKIP, "no image was given");
	else if (needs == NEEDS_BZ && !image->bz)
		eval_stop(ev, EVAL_SKIP, "the image is not a bzImage");
	else if (needs == NEEDS_ELF && !image->elf)
		eval_stop(ev, EVAL_SKIP, "the image holds no ELF kernel");
	else
		return image;
	return NULL;
}

static uint64_t read_header(struct eval *ev, const struct name_ref *name)
{
	const struct image *image = need_image(ev, NEEDS_BZ);

	if (!image)
		return 0;
	/* boot_flag and what stands before it are there without a header too (boot.rst, "ALL"). */
	if (name->field->offset > 0x1fe && image->bz->protocol < name->field->since) {
		eval_stop(ev, EVAL_SKIP, "%s exists since protocol %u.%02u, the image has %u.%02u",
			  name->field->name, name->field->since >> 8, name->field->since & 0xff,
			  image->bz->protocol >> 8, image->bz->protocol & 0xff);
		return 0;
	}
	return bp_field_get(image->bz->page, name->field, 0);
}

static uint64_t elf_fact(const struct elf_image *elf, enum img_fact fact)
{
	switch (fact) {
	case IMG_KERNEL_BITS: return elf->is_64 ? 64 : 32;
	case IMG_KERNEL_ENTRY: return elf->entry_paddr;
	case IMG_KERNEL_START: return elf->load_start;
	case IMG_KERNEL_END: return elf->load_end;
	default: return elf->data.len;
	}
}

/* "6.6.1" and what follows: 0x606. */
static uint64_t kernel_version(const struct image *image)
{
	struct bytes text = bzimage_version(image->file, image->bz);
	unsigned part[2] = { 0 }, n = 0;

	for (size_t i = 0; i < text.len && n < ARRAY_SIZE(part); i++) {
		if (text.data[i] >= '0' && text.data[i] <= '9' && part[n] < 0x100)
			part[n] = part[n] * 10 + (text.data[i] - '0');
		else if (text.data[i] == '.' && i && !n)
			n++;
		else
			break;
	}
	return n && part[0] < 0x100 && part[1] < 0x100 ? part[0] << 8 | part[1] : 0;
}

static uint64_t bz_fact(const struct image *image, enum img_fact fact)
{
	const struct bzimage *bz = image->bz;

	switch (fact) {
	case IMG_KERNEL_VERSION: return kernel_version(image);
	case IMG_HAS_HEADER: return bz->has_header;
	case IMG_PROTOCOL: return bz->protocol;
	case IMG_SETUP_SIZE: return bz->setup_size;
	case IMG_KERNEL_SIZE: return bz->kernel_size;
	case IMG_HEADER_END: return bz->header_end;
	case IMG_LOADED_HIGH: return bz->loaded_high;
	case IMG_KERNEL_64: return bz->kernel_64;
	case IMG_RELOCATABLE: return bz->relocatable;
	case IMG_PREF_ADDRESS: return bz->pref_address;
	case IMG_ALIGNMENT: return bz->kernel_alignment;
	case IMG_INIT_SIZE: return bz->init_size;
	case IMG_HAS_PAYLOAD: return bz->has_payload;
	case IMG_PAYLOAD_AT: return bz->payload_file_offset;
	case IMG_PAYLOAD_SIZE: return bz->payload_size;
	case IMG_CMDLINE_SIZE: return bz->cmdline_size;
	default: return bz->initrd_addr_max;
	}
}

static struct value image_value(struct eval *ev, enum img_fact fact)
{
	const struct img_info *info = &img_infos[fact];
	const struct image *image = need_image(ev, info->needs);
	struct value v = { .type = info->type };

	if (!image)
		return v;
	if (info->type == VALUE_STRING)
		v.s = fact == IMG_FORMAT ? image_format_names[image->format] :
					   compression_names[image->bz->compression];
	else if (info->needs == NEEDS_FILE)
		v.n = fact == IMG_FILE_SIZE ? image->file.len : image->has_pe;
	else
		v.n = info->needs == NEEDS_BZ ? bz_fact(image, fact) : elf_fact(image->elf, fact);
	return v;
}

static uint64_t fact_value(struct eval *ev, enum fact fact)
{
	if (!ev->context->fact_known[fact])
		eval_stop(ev, EVAL_SKIP, "%s is not known here", fact_infos[fact].name);
	return ev->context->facts[fact];
}

struct value name_value(struct eval *ev, const struct name_ref *name)
{
	struct value v = { .type = name->type };
	const struct handover *h = NULL;

	switch (name->kind) {
	case NAME_REGISTER: v.n = read_register(ev, name); break;
	case NAME_HEADER: v.n = read_header(ev, name); break;
	case NAME_BP: v.n = read_bp(ev, name); break;
	case NAME_FACT: v.n = fact_value(ev, name->index); break;
	case NAME_IMAGE: return image_value(ev, name->index);
	case NAME_STATE:
		if (name->needs_state) {
			h = name_handover(ev, name);
			if (!h)
				return v;
		}
		return state_name_value(ev, h, name->index);
	}
	if (name->is_bits)
		v.n = v.n >> name->shift & (BIT64(name->width) - 1);
	return v;
}

static void list_registers(namespace_fn each, void *arg)
{
	for (size_t i = 0; i < reg_info_count; i++)
		each(arg, "register", reg_infos[i].name, reg_infos[i].group);
	for (size_t i = 0; i < segreg_info_count; i++)
		each(arg, "segment", segreg_infos[i].name, "the selector; .base, .limit, .attr");
	for (size_t i = 0; i < ARRAY_SIZE(segbits_infos); i++)
		each(arg, "segment bits", segbits_infos[i].name, segbits_infos[i].doc);
	for (size_t i = 0; i < ARRAY_SIZE(bits_infos); i++) {
		struct buf name = { 0 };

		buf_printf(&name, "%s.%s", bits_infos[i].owner, bits_infos[i].name);
		each(arg, "bits", buf_str(&name), bits_infos[i].doc);
		buf_free(&name);
	}
}

void namespace_list(namespace_fn each, void *arg)
{
	list_registers(each, arg);
	for (unsigned i = 0; i < BP_FIELD_COUNT; i++)
		each(arg, "boot_params", bp_fields[i].name, bp_fields[i].doc);
	for (unsigned i = 0; i < IMG_COUNT; i++)
		each(arg, "image", img_infos[i].name, img_infos[i].doc);
	for (unsigned i = 0; i < FACT_COUNT; i++)
		each(arg, "run", fact_infos[i].name, fact_infos[i].doc);
	for (unsigned i = 0; i < STATE_NAME_COUNT; i++)
		each(arg, value_type_names[state_names[i].type], state_names[i].name,
		     state_names[i].doc);
	lists_list(each, arg);
	function_list(each, arg);
}
