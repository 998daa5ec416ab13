/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The registry of image formats: probe order, parsing and unpacking of each. */
#include "loaders/formats.h"

#include <errno.h>
#include <stdlib.h>

#include "emu/base/buf.h"
#include "loaders/bzimage.h"
#include "loaders/elf.h"
#include "loaders/payload.h"
#include "loaders/pe.h"

const char *const image_format_names[] = {
	[IMAGE_BZIMAGE] = "bzImage",
	[IMAGE_ELF] = "ELF",
	[IMAGE_PE] = "PE",
};

static int bzimage_ops_parse(struct image *image, struct diag *diag)
{
	image->bz = calloc(1, sizeof(*image->bz));
	if (!image->bz)
		return diag_set(diag, -ENOMEM, "out of memory");
	return bzimage_parse(image->file, image->bz, diag);
}

static int bzimage_ops_unpack(struct image *image, struct diag *diag)
{
	struct bzimage *bz = image->bz;
	struct bytes packed, unpacked;
	uint64_t end;
	int r;

	if (!bz->has_payload || image->payload.len)
		return 0;
	if (__builtin_add_overflow(bz->payload_file_offset, bz->payload_size, &end) ||
	    end > bz->setup_size + bz->kernel_size ||
	    !bytes_slice(image->file, bz->payload_file_offset, bz->payload_size, &packed))
		return diag_at(
			diag, -EINVAL, bp_fields[BP_HDR_PAYLOAD_OFFSET].offset,
			"the payload (0x%llx bytes at 0x%llx of the file) reaches past the protected-mode code, which ends at 0x%llx",
			(unsigned long long)bz->payload_size,
			(unsigned long long)bz->payload_file_offset,
			(unsigned long long)(bz->setup_size + bz->kernel_size));
	r = payload_unpack(packed, bz->payload_file_offset, &unpacked, diag);
	if (r < 0)
		return r;
	if (!elf_probe(unpacked))
		r = diag_at(diag, -EINVAL, bz->payload_file_offset,
			    "the unpacked payload is no ELF, which boot.rst says it always is");
	else
		r = elf_parse(unpacked, "in the unpacked payload: ", &image->elf, diag);
	if (r < 0)
		free((uint8_t *)(uintptr_t)unpacked.data);
	else
		image->payload = unpacked;
	return r;
}

static int elf_ops_parse(struct image *image, struct diag *diag)
{
	return elf_parse(image->file, "", &image->elf, diag);
}

static bool pe_ops_probe(struct bytes file)
{
	struct pe_facts pe;

	return pe_read(file, &pe);
}

/* Nothing but PE is in such a file, so one that no firmware can load is no image. */
static int pe_ops_parse(struct image *image, struct diag *diag)
{
	const struct pe_facts *pe = &image->pe;

	if (pe->problem[0])
		return diag_at(diag, -EINVAL, pe->problem_offset, "%s", pe->problem);
	if (pe->machine != PE_MACHINE_AMD64 && pe->machine != PE_MACHINE_I386)
		return diag_at(
			diag, -EINVAL, pe->offset + 4,
			"the PE image is for machine 0x%04x, expected 0x8664 (x86-64) or 0x014c (i386)",
			pe->machine);
	return pe_overlaps(pe, diag);
}

/* The header-less form comes last: it has no magic number of its own. */
static const struct image_ops image_formats[] = {
	{
		.name = "bzImage",
		.format = IMAGE_BZIMAGE,
		.probe = bzimage_probe,
		.parse = bzimage_ops_parse,
		.unpack = bzimage_ops_unpack,
	},
	{
		.name = "ELF",
		.format = IMAGE_ELF,
		.probe = elf_probe,
		.parse = elf_ops_parse,
	},
	{
		.name = "PE",
		.format = IMAGE_PE,
		.probe = pe_ops_probe,
		.parse = pe_ops_parse,
	},
	{
		.name = "header-less zImage",
		.format = IMAGE_BZIMAGE,
		.probe = bzimage_probe_headerless,
		.parse = bzimage_ops_parse,
		.unpack = bzimage_ops_unpack,
	},
};

const struct image_ops *image_ops_probe(struct bytes file)
{
	for (size_t i = 0; i < ARRAY_SIZE(image_formats); i++)
		if (image_formats[i].probe(file))
			return &image_formats[i];
	return NULL;
}

const struct image_ops *image_ops_get(enum image_format format)
{
	for (size_t i = 0; i < ARRAY_SIZE(image_formats); i++)
		if (image_formats[i].format == format)
			return &image_formats[i];
	return NULL;
}
