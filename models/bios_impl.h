/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the BIOS share: one call of a service, and the state behind the services. */
#ifndef MODELS_BIOS_IMPL_H
#define MODELS_BIOS_IMPL_H

#include "emu/machine.h"
#include "models/bios.h"

#define BIOS_E820_MAX 256u

#define TEXT_GPA     0xb8000ull
#define TEXT_SIZE    0x8000u
#define TEXT_MODE    3
#define TEXT_COLUMNS 80u
#define TEXT_ROWS    25u

/* The platform's BIOS segment, and where its own tables lie in it. */
#define BIOS_SEGMENT      0xf000u
#define BIOS_GPA          0xf0000ull
#define BIOS_SMBIOS       0x5a00u /* a multiple of 16 */
#define BIOS_SMBIOS_TABLE 0x5a20u
#define BIOS_CONFIG       0xe6f5u /* INT 15h AH=C0h */
#define BIOS_DISKETTE     0xefc7u /* INT 1Eh: diskette parameters */
#define BIOS_IRET         0xff53u /* IBM AT: the dummy interrupt handler */
#define BIOS_STUBS        0x8000u /* of vectors without a place of their own, 4 bytes each */
#define BIOS_DISK_TABLE   0x9100u /* EDD device parameter table of the first hard disk */
#define BIOS_EMPTY        0x9000u /* zeros: what strings and tables of the display point to */
#define EBDA_GPA          0x9fc00ull

/* BIOS data area: IBM AT Technical Reference, "ROM BIOS data areas". */
#define BDA_SERIAL        0x400u
#define BDA_EBDA          0x40eu
#define BDA_EQUIPMENT     0x410u
#define BDA_MEMORY_KIB    0x413u
#define BDA_KEY_FLAGS     0x417u
#define BDA_KEY_HEAD      0x41au
#define BDA_KEY_TAIL      0x41cu
#define BDA_VIDEO_MODE    0x449u
#define BDA_COLUMNS       0x44au
#define BDA_PAGE_SIZE     0x44cu
#define BDA_CURSOR        0x450u
#define BDA_CURSOR_SHAPE  0x460u
#define BDA_PAGE          0x462u
#define BDA_CRTC          0x463u
#define BDA_TICKS         0x46cu
#define BDA_MIDNIGHT      0x470u
#define BDA_HARD_DISKS    0x475u
#define BDA_KEY_START     0x480u
#define BDA_KEY_END       0x482u
#define BDA_LAST_ROW      0x484u
#define BDA_POINTS        0x485u
#define BDA_VIDEO_CONTROL 0x487u
#define BDA_VIDEO_SWITCH  0x488u
#define BDA_VIDEO_MODESET 0x489u
#define BDA_KEY_STATUS    0x496u

/* What a snapshot must hold. */
struct bios_state {
	uint8_t text[TEXT_SIZE]; /* the display's memory in text modes */
	uint8_t drawn;           /* the guest has stored there itself */
	uint8_t disk_status;     /* of the last INT 13h */
	uint8_t key_awaited;     /* the guest has asked once and was told that no key waits */
	uint8_t columns, rows;   /* of text */
	uint8_t graphics;        /* a mode whose picture is not kept */
	uint8_t dac_bits;        /* of a palette entry's colour */
	uint8_t looks;           /* for a key, in vain, one after another */
	uint16_t vbe_mode;       /* as INT 10h AX=4F02h was given it */
	uint32_t keys_read;      /* of platform.keys */
};

struct bios {
	const struct platform *platform;
	bool has_display;
	uint8_t cursor_row;
	struct e820_entry e820[BIOS_E820_MAX];
	uint32_t attributes[BIOS_E820_MAX]; /* ACPI 3.0 extended attributes, for 24-byte entries */
	unsigned e820_count;
	struct bios_state state;
};

/* One INT n, as the handler sees it. */
struct bios_call {
	struct machine *m;
	struct bios *bios;
	struct cpu_state cpu;
	uint16_t flags; /* that the guest's IRET will restore */
};

static inline uint16_t call_reg16(const struct bios_call *c, enum gpr r)
{
	return (uint16_t)c->cpu.gpr[r];
}

static inline uint32_t call_reg32(const struct bios_call *c, enum gpr r)
{
	return (uint32_t)c->cpu.gpr[r];
}

static inline uint8_t call_al(const struct bios_call *c)
{
	return (uint8_t)c->cpu.gpr[GPR_RAX];
}

static inline uint8_t call_bl(const struct bios_call *c)
{
	return (uint8_t)c->cpu.gpr[GPR_RBX];
}

/* The other half of the register stays, as with real 16-bit code. */
static inline void call_set16(struct bios_call *c, enum gpr r, uint16_t v)
{
	c->cpu.gpr[r] = (c->cpu.gpr[r] & ~0xffffull) | v;
}

static inline void call_set32(struct bios_call *c, enum gpr r, uint32_t v)
{
	c->cpu.gpr[r] = v;
}

static inline void call_set_al(struct bios_call *c, uint8_t v)
{
	c->cpu.gpr[GPR_RAX] = (c->cpu.gpr[GPR_RAX] & ~0xffull) | v;
}

static inline void call_set_ah(struct bios_call *c, uint8_t v)
{
	c->cpu.gpr[GPR_RAX] = (c->cpu.gpr[GPR_RAX] & ~0xff00ull) | (uint64_t)v << 8;
}

static inline void call_flag(struct bios_call *c, uint64_t flag, bool on)
{
	c->flags = (uint16_t)(on ? c->flags | flag : c->flags & ~flag);
}

/* INT 13h and 15h: AH says how it went, CF that it failed. */
static inline void call_result(struct bios_call *c, uint8_t ah)
{
	call_set_ah(c, ah);
	call_flag(c, EFLAGS_CF, ah != 0);
}

/* Memory of the call, seg:offset with the 8086's arithmetic and gate A20; what is not RAM is dropped and reads as ones. */
void call_write(struct bios_call *c, enum seg seg, uint16_t offset, const void *data, size_t len);
void call_read(struct bios_call *c, enum seg seg, uint16_t offset, void *data, size_t len);
/* To a linear address, as a BIOS does that turns segment and offset into one. */
void call_write_linear(struct bios_call *c, uint32_t to, const void *data, size_t len);
uint8_t call_bda8(struct bios_call *c, uint16_t at);
uint16_t call_bda16(struct bios_call *c, uint16_t at);
void call_set_bda8(struct bios_call *c, uint16_t at, uint8_t v);
void call_set_bda16(struct bios_call *c, uint16_t at, uint16_t v);

/* The functions that bios_int.def names. */
void int08_tick(struct bios_call *c);
void bios_nothing(struct bios_call *c);
void int10_set_mode(struct bios_call *c);
void int10_set_shape(struct bios_call *c);
void int10_set_cursor(struct bios_call *c);
void int10_get_cursor(struct bios_call *c);
void int10_set_page(struct bios_call *c);
void int10_scroll_up(struct bios_call *c);
void int10_scroll_down(struct bios_call *c);
void int10_read_char(struct bios_call *c);
void int10_write_char(struct bios_call *c);
void int10_teletype(struct bios_call *c);
void int10_get_mode(struct bios_call *c);
void int10_font(struct bios_call *c);
void int10_alternate(struct bios_call *c);
void int10_combination(struct bios_call *c);
void int10_font_set(struct bios_call *c);
void int10_functionality(struct bios_call *c);
void int10_vbe_info(struct bios_call *c);
void int10_vbe_mode_info(struct bios_call *c);
void int10_vbe_set(struct bios_call *c);
void int10_vbe_dac(struct bios_call *c);
void int10_vbe_mode(struct bios_call *c);
void int10_vbe_ddc(struct bios_call *c);
void int10_vbe_absent(struct bios_call *c);
void int11_equipment(struct bios_call *c);
void int12_memory(struct bios_call *c);
void int13_ready(struct bios_call *c);
void int13_status(struct bios_call *c);
void int13_write(struct bios_call *c);
void int13_chs_read(struct bios_call *c);
void int13_parameters(struct bios_call *c);
void int13_type(struct bios_call *c);
void int13_edd_check(struct bios_call *c);
void int13_edd_read(struct bios_call *c);
void int13_edd_parameters(struct bios_call *c);
void int13_cd_status(struct bios_call *c);
void int15_a20_off(struct bios_call *c);
void int15_a20_on(struct bios_call *c);
void int15_a20_state(struct bios_call *c);
void int15_a20_support(struct bios_call *c);
void int15_key(struct bios_call *c);
void int15_absent(struct bios_call *c);
void int15_wait(struct bios_call *c);
void int15_copy(struct bios_call *c);
void int15_ext_memory(struct bios_call *c);
void int15_device(struct bios_call *c);
void int15_config(struct bios_call *c);
void int15_ebda(struct bios_call *c);
void int15_e801(struct bios_call *c);
void int15_e820(struct bios_call *c);
void int16_read(struct bios_call *c);
void int16_status(struct bios_call *c);
void int16_flags(struct bios_call *c);
void int16_functions(struct bios_call *c);
void int19_bootstrap(struct bios_call *c);
void int1a_ticks(struct bios_call *c);
void int1a_ticks_set(struct bios_call *c);
void int1a_time(struct bios_call *c);
void int1a_date(struct bios_call *c);

/* e820 table of the BIOS: the platform's, changed by quirks. */
void bios_e820_init(struct bios *bios);
/* KiB from 1 MiB up to the first gap, as INT 15h AH=88h and AX=E801h count. */
uint64_t bios_extended_kib(const struct bios *bios);

/* What a hard disk leaves in ROM and data area. */
int bios_disk_attach(struct bios *bios, struct machine *m);

/* The display's memory and what it shows. */
int bios_display_attach(struct bios *bios, struct machine *m);
void bios_display_clear(struct bios *bios);

#endif
