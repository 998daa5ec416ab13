/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootparam.def against the kernel's own header, which is the second opinion on every offset and size. */
#include "loaders/bootparam.h"

#include <asm/bootparam.h>
#include <criterion/criterion.h>

struct abi_field {
	const char *name;
	size_t offset, size;
};

#define ABI(member)                                               \
	{                                                         \
#member, offsetof(struct boot_params, member),    \
			sizeof(((struct boot_params *)0)->member) \
	}

/* All members of the packed struct, down to the plain integers and arrays. */
static const struct abi_field abi_fields[] = {
	ABI(screen_info.orig_x),
	ABI(screen_info.orig_y),
	ABI(screen_info.ext_mem_k),
	ABI(screen_info.orig_video_page),
	ABI(screen_info.orig_video_mode),
	ABI(screen_info.orig_video_cols),
	ABI(screen_info.flags),
	ABI(screen_info.unused2),
	ABI(screen_info.orig_video_ega_bx),
	ABI(screen_info.unused3),
	ABI(screen_info.orig_video_lines),
	ABI(screen_info.orig_video_isVGA),
	ABI(screen_info.orig_video_points),
	ABI(screen_info.lfb_width),
	ABI(screen_info.lfb_height),
	ABI(screen_info.lfb_depth),
	ABI(screen_info.lfb_base),
	ABI(screen_info.lfb_size),
	ABI(screen_info.cl_magic),
	ABI(screen_info.cl_offset),
	ABI(screen_info.lfb_linelength),
	ABI(screen_info.red_size),
	ABI(screen_info.red_pos),
	ABI(screen_info.green_size),
	ABI(screen_info.green_pos),
	ABI(screen_info.blue_size),
	ABI(screen_info.blue_pos),
	ABI(screen_info.rsvd_size),
	ABI(screen_info.rsvd_pos),
	ABI(screen_info.vesapm_seg),
	ABI(screen_info.vesapm_off),
	ABI(screen_info.pages),
	ABI(screen_info.vesa_attributes),
	ABI(screen_info.capabilities),
	ABI(screen_info.ext_lfb_base),
	ABI(apm_bios_info.version),
	ABI(apm_bios_info.cseg),
	ABI(apm_bios_info.offset),
	ABI(apm_bios_info.cseg_16),
	ABI(apm_bios_info.dseg),
	ABI(apm_bios_info.flags),
	ABI(apm_bios_info.cseg_len),
	ABI(apm_bios_info.cseg_16_len),
	ABI(apm_bios_info.dseg_len),
	ABI(tboot_addr),
	ABI(ist_info.signature),
	ABI(ist_info.command),
	ABI(ist_info.event),
	ABI(ist_info.perf_level),
	ABI(acpi_rsdp_addr),
	ABI(hd0_info),
	ABI(hd1_info),
	ABI(sys_desc_table.length),
	ABI(sys_desc_table.table),
	ABI(olpc_ofw_header.ofw_magic),
	ABI(olpc_ofw_header.ofw_version),
	ABI(olpc_ofw_header.cif_handler),
	ABI(olpc_ofw_header.irq_desc_table),
	ABI(ext_ramdisk_image),
	ABI(ext_ramdisk_size),
	ABI(ext_cmd_line_ptr),
	ABI(cc_blob_address),
	ABI(edid_info),
	ABI(efi_info.efi_loader_signature),
	ABI(efi_info.efi_systab),
	ABI(efi_info.efi_memdesc_size),
	ABI(efi_info.efi_memdesc_version),
	ABI(efi_info.efi_memmap),
	ABI(efi_info.efi_memmap_size),
	ABI(efi_info.efi_systab_hi),
	ABI(efi_info.efi_memmap_hi),
	ABI(alt_mem_k),
	ABI(scratch),
	ABI(e820_entries),
	ABI(eddbuf_entries),
	ABI(edd_mbr_sig_buf_entries),
	ABI(kbd_status),
	ABI(secure_boot),
	ABI(sentinel),
	ABI(hdr.setup_sects),
	ABI(hdr.root_flags),
	ABI(hdr.syssize),
	ABI(hdr.ram_size),
	ABI(hdr.vid_mode),
	ABI(hdr.root_dev),
	ABI(hdr.boot_flag),
	ABI(hdr.jump),
	ABI(hdr.header),
	ABI(hdr.version),
	ABI(hdr.realmode_swtch),
	ABI(hdr.start_sys_seg),
	ABI(hdr.kernel_version),
	ABI(hdr.type_of_loader),
	ABI(hdr.loadflags),
	ABI(hdr.setup_move_size),
	ABI(hdr.code32_start),
	ABI(hdr.ramdisk_image),
	ABI(hdr.ramdisk_size),
	ABI(hdr.bootsect_kludge),
	ABI(hdr.heap_end_ptr),
	ABI(hdr.ext_loader_ver),
	ABI(hdr.ext_loader_type),
	ABI(hdr.cmd_line_ptr),
	ABI(hdr.initrd_addr_max),
	ABI(hdr.kernel_alignment),
	ABI(hdr.relocatable_kernel),
	ABI(hdr.min_alignment),
	ABI(hdr.xloadflags),
	ABI(hdr.cmdline_size),
	ABI(hdr.hardware_subarch),
	ABI(hdr.hardware_subarch_data),
	ABI(hdr.payload_offset),
	ABI(hdr.payload_length),
	ABI(hdr.setup_data),
	ABI(hdr.pref_address),
	ABI(hdr.init_size),
	ABI(hdr.handover_offset),
	ABI(hdr.kernel_info_offset),
	ABI(edd_mbr_sig_buffer),
	ABI(e820_table),
	ABI(eddbuf),
};

Test(bootparam, every_field_lies_where_the_kernel_header_has_it)
{
	for (size_t i = 0; i < ARRAY_SIZE(abi_fields); i++) {
		const struct abi_field *a = &abi_fields[i];
		const struct bp_field_info *f = bp_field_find(a->name);

		cr_assert_not_null(f, "%s is not in the table", a->name);
		cr_expect_eq(f->offset, a->offset, "%s: 0x%x, kernel 0x%zx", a->name, f->offset,
			     a->offset);
		cr_expect_eq((size_t)f->width * f->count, a->size, "%s: size %u, kernel %zu",
			     a->name, f->width * f->count, a->size);
	}
	cr_expect_eq(ARRAY_SIZE(abi_fields), (size_t)BP_FIELD_COUNT);
	cr_expect_eq(sizeof(struct boot_params), BOOT_PARAMS_SIZE);
}

/* Bytes that no row covers are exactly the _padN and reserved members: 0x3e/2, 0x54/4, 0x78/8, 0xcc/0x70, ... */
Test(bootparam, only_padding_is_left_over)
{
	static const struct {
		unsigned start, end;
	} pads[] = {
		{ 0x03e, 0x040 }, { 0x054, 0x058 }, { 0x078, 0x080 },
		{ 0x0cc, 0x13c }, { 0x1ed, 0x1ef }, { 0x1f0, 0x1f1 },
		{ 0x26c, 0x290 }, { 0xcd0, 0xd00 }, { 0xeec, 0x1000 },
	};
	uint8_t covered[BOOT_PARAMS_SIZE] = { 0 };

	for (unsigned i = 0; i < BP_FIELD_COUNT; i++)
		for (unsigned k = 0; k < (unsigned)bp_fields[i].width * bp_fields[i].count; k++)
			cr_expect_eq(covered[bp_fields[i].offset + k]++, 0, "%s overlaps",
				     bp_fields[i].name);
	for (unsigned i = 0; i < ARRAY_SIZE(pads); i++)
		for (unsigned k = pads[i].start; k < pads[i].end; k++)
			covered[k]++;
	for (unsigned i = 0; i < BOOT_PARAMS_SIZE; i++)
		cr_expect_eq(covered[i], 1, "byte 0x%x is covered %u times", i, covered[i]);
}

Test(bootparam, fields_are_little_endian_of_their_own_width)
{
	uint8_t page[BOOT_PARAMS_SIZE];
	struct boot_params bp;

	memset(page, 0xcc, sizeof(page));
	bp_set(page, BP_HDR_PREF_ADDRESS, 0x1122334455667788);
	bp_set(page, BP_HDR_XLOADFLAGS, 0x1007f);
	bp_set(page, BP_E820_ENTRIES, 7);
	memcpy(&bp, page, sizeof(bp));
	cr_expect_eq(bp.hdr.pref_address, 0x1122334455667788);
	cr_expect_eq(bp.hdr.xloadflags, 0x7f);
	cr_expect_eq(bp.hdr.cmdline_size, 0xcccccccc, "a write must not reach the next field");
	cr_expect_eq(bp.e820_entries, 7);
	cr_expect_eq(bp_get(page, BP_HDR_PREF_ADDRESS), 0x1122334455667788);
	cr_expect_eq(bp_get(page, BP_HDR_XLOADFLAGS), 0x7f);
	put_le32(page + 0x290 + 8, 0xdeadbeef);
	cr_expect_eq(bp_field_get(page, bp_field_find("edd_mbr_sig_buffer"), 2), 0xdeadbeef);
	cr_expect_null(bp_field_find("hdr.no_such_field"));
}

/* boot.rst, table of "The Real-Mode Kernel Header", column Proto. */
Test(bootparam, a_field_is_present_from_its_protocol_on)
{
	cr_expect(bp_field_present(bp_field_find("hdr.setup_sects"), 0),
		  "ALL: in the header-less form too");
	cr_expect_not(bp_field_present(bp_field_find("hdr.loadflags"), 0));
	cr_expect(bp_field_present(bp_field_find("hdr.loadflags"), 0x200));
	cr_expect_not(bp_field_present(bp_field_find("hdr.cmdline_size"), 0x205));
	cr_expect(bp_field_present(bp_field_find("hdr.cmdline_size"), 0x206));
	cr_expect_not(bp_field_present(bp_field_find("hdr.xloadflags"), 0x20b));
	cr_expect(bp_field_present(bp_field_find("hdr.xloadflags"), 0x20c));
	cr_expect_not(bp_field_present(bp_field_find("hdr.kernel_info_offset"), 0x20e),
		      "2.14 is as 2.13");
	cr_expect(bp_field_present(bp_field_find("hdr.kernel_info_offset"), 0x20f));
}
