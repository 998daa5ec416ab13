/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the Linux setup header of every protocol version, with the defaults for what
 * older ones lack. Documentation/arch/x86/boot.rst, "Details of Header Fields".
 */
#include "loaders/bzimage.h"

#include <errno.h>

#include "emu/base/buf.h"
#include "loaders/payload.h"

#define SECTOR              512u
#define SETUP_SECTS_DEFAULT 4u          /* boot.rst: setup_sects 0 means 4 */
#define SETUP_SIZE_MAX      0x8000u     /* boot.rst: the real-mode code can total up to 32K */
#define LOW_LOAD            0x10000u    /* boot.rst "Loading The Rest": zImage */
#define HIGH_LOAD           0x100000u   /* and bzImage */
#define ZIMAGE_SIZE_MAX     0x80000u    /* 0x10000 to 0x90000 */
#define CMDLINE_SIZE_OLD    255u        /* boot.rst cmdline_size, before 2.06 */
#define INITRD_ADDR_MAX_OLD 0x37ffffffu /* boot.rst initrd_addr_max, before 2.03 */

static uint32_t setup_size(uint8_t setup_sects)
{
	return (setup_sects ? setup_sects + 1u : SETUP_SECTS_DEFAULT + 1u) * SECTOR;
}

bool bzimage_probe(struct bytes file)
{
	uint32_t magic;

	return bytes_le32(file, HDRS_OFFSET, &magic) && magic == HDRS;
}

bool bzimage_probe_headerless(struct bytes file)
{
	uint16_t flag, syssize;
	uint8_t sects;
	uint64_t size;

	if (!bytes_le16(file, BOOT_FLAG_OFFSET, &flag) || flag != BOOT_FLAG)
		return false;
	if (!bytes_u8(file, bp_fields[BP_HDR_SETUP_SECTS].offset, &sects) ||
	    !bytes_le16(file, bp_fields[BP_HDR_SYSSIZE].offset, &syssize))
		return false;
	size = (uint64_t)syssize * 16;
	return syssize && setup_size(sects) <= SETUP_SIZE_MAX && size <= ZIMAGE_SIZE_MAX &&
	       setup_size(sects) + size < (uint64_t)file.len + 16;
}

/* The two facts without which nothing else can be read: the version, and where the header ends. */
static int parse_identity(struct bytes file, struct bzimage *bz, struct diag *diag)
{
	memcpy(bz->page, file.data, file.len < sizeof(bz->page) ? file.len : sizeof(bz->page));
	bz->has_header = bzimage_probe(file);
	if (!bz->has_header) {
		bz->header_end = BOOT_PARAMS_HDR_200;
		return 0;
	}
	if (file.len < HDRS_OFFSET + 6)
		return diag_at(diag, -EINVAL, file.len,
			       "the file ends before the protocol version at 0x206");
	bz->protocol = (uint16_t)bp_get(bz->page, BP_HDR_VERSION);
	if (bz->protocol >> 8 != 2)
		return diag_at(diag, -EINVAL, bp_fields[BP_HDR_VERSION].offset,
			       "boot protocol version 0x%04x, expected 0x0200 to 0x020f",
			       bz->protocol);
	/* The second byte of the jump over the header. */
	bz->header_end = HDRS_OFFSET + bz->page[0x201];
	if (bz->header_end > file.len)
		return diag_at(diag, -EINVAL, 0x201,
			       "the setup header ends at 0x%x, past the file's end at 0x%zx",
			       bz->header_end, file.len);
	return 0;
}

/* How long the protected-mode part is; a file that ends inside it is refused. */
static int parse_sizes(struct bytes file, struct bzimage *bz, struct diag *diag)
{
	uint64_t in_file, claimed;

	bz->setup_size = setup_size((uint8_t)bp_get(bz->page, BP_HDR_SETUP_SECTS));
	if (bz->setup_size >= file.len)
		return diag_at(
			diag, -EINVAL, file.len,
			"the file ends inside the setup code, which setup_sects at 0x1f1 says is 0x%x bytes long",
			bz->setup_size);
	in_file = file.len - bz->setup_size;
	if (bz->protocol >= 0x0204)
		claimed = bp_get(bz->page, BP_HDR_SYSSIZE) * 16;
	else if (bz->loaded_high)
		claimed = in_file; /* boot.rst syssize: "cannot be trusted" */
	else
		claimed = (bp_get(bz->page, BP_HDR_SYSSIZE) & 0xffff) * 16;
	if (!claimed)
		return diag_at(diag, -EINVAL, bp_fields[BP_HDR_SYSSIZE].offset,
			       "syssize is 0: the image has no protected-mode code");
	/* Only from 2.08 on, and with a payload, is the file padded to whole paragraphs, for its checksum. */
	if (claimed >
	    in_file + (bz->protocol < 0x0208 || !bp_get(bz->page, BP_HDR_PAYLOAD_OFFSET) ? 15 : 0))
		return diag_at(
			diag, -EINVAL, file.len,
			"the file ends 0x%llx bytes before the protected-mode code does: syssize at 0x1f4 gives 0x%llx bytes from 0x%x",
			(unsigned long long)(claimed - in_file), (unsigned long long)claimed,
			bz->setup_size);
	bz->kernel_size = claimed < in_file ? claimed : in_file;
	return 0;
}

/* Fields that came with later protocols, or what boot.rst says to assume without them. */
static void parse_later_fields(struct bzimage *bz)
{
	const uint8_t *page = bz->page;
	uint16_t p = bz->protocol;

	bz->initrd_addr_max = p >= 0x0203 ? (uint32_t)bp_get(page, BP_HDR_INITRD_ADDR_MAX) :
					    INITRD_ADDR_MAX_OLD;
	bz->relocatable = p >= 0x0205 && bp_get(page, BP_HDR_RELOCATABLE_KERNEL);
	bz->kernel_alignment = p >= 0x0205 ? (uint32_t)bp_get(page, BP_HDR_KERNEL_ALIGNMENT) : 1;
	bz->cmdline_size = p >= 0x0206 ? (uint32_t)bp_get(page, BP_HDR_CMDLINE_SIZE) :
					 CMDLINE_SIZE_OLD;
	bz->pref_address = p >= 0x020a ? bp_get(page, BP_HDR_PREF_ADDRESS) : 0;
	if (!bz->pref_address)
		bz->pref_address = bz->loaded_high ? HIGH_LOAD : LOW_LOAD;
	bz->init_size = p >= 0x020a ? (uint32_t)bp_get(page, BP_HDR_INIT_SIZE) :
				      (uint32_t)bz->kernel_size;
	bz->kernel_64 = p >= 0x020c && bp_get(page, BP_HDR_XLOADFLAGS) & XLF_KERNEL_64;
}

/* payload_offset and payload_length as they stand; image_unpack() judges them. */
static void parse_payload(struct bytes file, struct bzimage *bz)
{
	uint64_t offset = bp_get(bz->page, BP_HDR_PAYLOAD_OFFSET);
	struct bytes payload;

	if (bz->protocol < 0x0208 || !offset)
		return;
	bz->has_payload = true;
	bz->payload_file_offset = bz->setup_size + offset;
	bz->payload_size = bp_get(bz->page, BP_HDR_PAYLOAD_LENGTH);
	if (bytes_slice(file, bz->payload_file_offset, bz->payload_size, &payload))
		bz->compression = payload_probe(payload);
}

int bzimage_parse(struct bytes file, struct bzimage *bz, struct diag *diag)
{
	int r;

	*bz = (struct bzimage){ 0 };
	r = parse_identity(file, bz, diag);
	if (r < 0)
		return r;
	bz->loaded_high = bz->protocol >= 0x0200 &&
			  bp_get(bz->page, BP_HDR_LOADFLAGS) & LOADFLAG_LOADED_HIGH;
	r = parse_sizes(file, bz, diag);
	if (r < 0)
		return r;
	parse_later_fields(bz);
	parse_payload(file, bz);
	return 0;
}

struct bytes bzimage_version(struct bytes file, const struct bzimage *bz)
{
	uint64_t pointer = bz->has_header ? bp_get(bz->page, BP_HDR_KERNEL_VERSION) : 0;
	uint64_t offset = pointer + BOOT_PARAMS_HDR_200;
	const uint8_t *end;
	struct bytes rest;

	if (!pointer || offset >= bz->setup_size ||
	    !bytes_slice(file, offset, bz->setup_size - offset, &rest))
		return (struct bytes){ 0 };
	end = memchr(rest.data, 0, rest.len);
	return (struct bytes){ rest.data, end ? (size_t)(end - rest.data) : 0 };
}
