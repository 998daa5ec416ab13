/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The BIOS put into a machine: vectors, stubs, data area and ROM, and the way from a guest's INT n to a row of bios_int.def. */
#include "models/bios_impl.h"
#include "models/smbios.h"

#include <errno.h>
#include <stdlib.h>

#define OP_NOP  0x90
#define OP_IRET 0xcf

/* Of a service's time, the stub's own two instructions are counted by the machine. */
#define STUB_TIME 2u

/* SDM 3A 9.1.4: the first instruction after reset; a guest that jumps there wants a reboot. */
#define RESET_OFFSET 0xfff0u
#define BIOS_DATE    "06/23/99" /* as SeaBIOS says; at 0xfff5 */
#define BIOS_MODEL   0xfc       /* IBM AT and all that came after it, at 0xfffe */

/* INT 11h: a coprocessor, 80x25 colour, one serial port. RBIL table #00226. */
#define EQUIPMENT_FPU     BIT(1)
#define EQUIPMENT_DISPLAY 0x20u
#define EQUIPMENT_SERIAL  BIT(9)

#define KEY_BUFFER      0x1eu
#define KEY_BUFFER_END  0x3eu
#define KEY_STATUS_101  0x10u /* an enhanced keyboard */
#define VECTOR_DISKETTE 0x1eu /* a table, no code */
#define SERIAL_PORT     0x3f8u
#define VECTOR_TIMER    0x08u /* 08h-0Fh and 70h-77h are hardware's: nothing but the timer is there */

/* 8259A masks as SeaBIOS leaves them: on are timer, keyboard, second controller, diskette; clock, mouse, disks. */
#define PIC_MASK_1 0xb8
#define PIC_MASK_2 0x8e

struct bios_service {
	uint8_t vector;
	uint16_t mask, value;
	const char *name;
	void (*fn)(struct bios_call *c);
	uint16_t time; /* instructions */
	enum event_status status;
};

static const struct bios_service services[] = {
#define BIOS_INT(vector, mask, value, name, fn, time, status, cite) \
	{ vector, mask, value, name, fn, time, EVENT_##status },
#include "models/bios_int.def"
#undef BIOS_INT
};

struct bios_vector {
	uint8_t vector;
	uint16_t offset;
};

static const struct bios_vector fixed_vectors[] = {
#define BIOS_VECTOR(vector, offset) { vector, offset },
#include "models/bios_vectors.def"
#undef BIOS_VECTOR
};

const struct bios_quirk_info bios_quirk_infos[BIOS_QUIRK_COUNT] = {
#define QUIRK(id, name, does, expected, cite) { name, does, expected, cite },
#include "models/bios_quirks.def"
#undef QUIRK
};

bool bios_quirk_find(const char *name, enum bios_quirk *ret)
{
	for (unsigned i = 0; i < BIOS_QUIRK_COUNT; i++) {
		if (strcmp(bios_quirk_infos[i].name, name) == 0) {
			*ret = (enum bios_quirk)i;
			return true;
		}
	}
	return false;
}

/* --- memory of a call --- */

static gpa_t call_address(const struct bios_call *c, enum seg seg, uint16_t offset)
{
	gpa_t gpa = c->cpu.seg[seg].base + offset;

	return machine_a20(c->m) ? gpa : gpa & ~(gpa_t)BIT(20);
}

/* Outside RAM a BIOS writes into ROM or nowhere without noticing. */
static void write_byte(struct bios_call *c, gpa_t gpa, const uint8_t *byte)
{
	if (regions_find(&c->bios->platform->ram, gpa))
		machine_write(c->m, gpa, byte, 1);
}

void call_write(struct bios_call *c, enum seg seg, uint16_t offset, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++)
		write_byte(c, call_address(c, seg, (uint16_t)(offset + i)), p + i);
}

void call_write_linear(struct bios_call *c, uint32_t to, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++)
		write_byte(c, machine_a20(c->m) ? to + i : (to + i) & ~(gpa_t)BIT(20), p + i);
}

void call_read(struct bios_call *c, enum seg seg, uint16_t offset, void *data, size_t len)
{
	uint8_t *p = data;

	for (size_t i = 0; i < len; i++)
		if (machine_read(c->m, call_address(c, seg, (uint16_t)(offset + i)), p + i, 1))
			p[i] = 0xff;
}

uint8_t call_bda8(struct bios_call *c, uint16_t at)
{
	uint8_t v = 0;

	machine_read(c->m, at, &v, sizeof(v));
	return v;
}

uint16_t call_bda16(struct bios_call *c, uint16_t at)
{
	return (uint16_t)(call_bda8(c, at) | call_bda8(c, (uint16_t)(at + 1)) << 8);
}

void call_set_bda8(struct bios_call *c, uint16_t at, uint8_t v)
{
	machine_write(c->m, at, &v, sizeof(v));
}

void call_set_bda16(struct bios_call *c, uint16_t at, uint16_t v)
{
	uint8_t raw[2];

	put_le16(raw, v);
	machine_write(c->m, at, raw, sizeof(raw));
}

/* --- the way to a service --- */

static const struct bios_service *service_find(unsigned vector, uint16_t ax)
{
	for (size_t i = 0; i < ARRAY_SIZE(services); i++) {
		const struct bios_service *s = &services[i];

		if (s->vector == vector && (ax & s->mask) == s->value)
			return s;
	}
	return NULL;
}

/* SeaBIOS without a VGA BIOS: INT 10h is an IRET, and registers stay. Text is kept for the report all the same. */
static void without_display(struct bios_call *c)
{
	char ch = (char)call_al(c);

	if ((call_reg16(c, GPR_RAX) & 0xff00) == 0x0e00)
		machine_console_put(c->m, &ch, 1);
}

static unsigned vector_of(gpa_t gpa)
{
	unsigned offset = (unsigned)(gpa - BIOS_GPA);

	for (size_t i = 0; i < ARRAY_SIZE(fixed_vectors); i++)
		if (fixed_vectors[i].offset == offset)
			return fixed_vectors[i].vector;
	return (offset - BIOS_STUBS) / 4;
}

/* SS:SP holds what INT n pushed: the caller's IP, CS and FLAGS. */
static void note_frame(struct bios_call *c)
{
	uint16_t sp = call_reg16(c, GPR_RSP);
	uint8_t cs[2];

	call_read(c, SEG_SS, (uint16_t)(sp + 2), cs, sizeof(cs));
	machine_event(c->m, EVENT_BIOS_FRAME, EVENT_MODELLED, get_le16(cs),
		      c->cpu.seg[SEG_SS].selector,
		      (call_reg32(c, GPR_RSP) & 0xffff0000u) | (uint16_t)(sp + 6));
}

/* At a stub's NOP: SS:SP holds IP, CS and FLAGS for the IRET that comes next. */
static void bios_trap(struct machine *m, gpa_t gpa, void *arg)
{
	struct bios_call c = { .m = m, .bios = arg };
	unsigned vector = vector_of(gpa);
	const struct bios_service *s;
	uint8_t raw[2];
	uint16_t ax;

	machine_cpu_get(m, &c.cpu);
	ax = call_reg16(&c, GPR_RAX);
	call_read(&c, SEG_SS, (uint16_t)(call_reg16(&c, GPR_RSP) + 4), raw, sizeof(raw));
	c.flags = get_le16(raw);
	s = service_find(vector, ax);
	note_frame(&c);
	machine_event(m, EVENT_BIOS_CALL, s ? s->status : EVENT_UNMODELLED, vector, ax,
		      call_reg32(&c, GPR_RBX));
	if (vector == 0x10 && !c.bios->has_display) {
		without_display(&c);
		return;
	}
	if (s) {
		machine_wait(m, s->time - STUB_TIME);
		s->fn(&c);
	} else {
		call_flag(&c, EFLAGS_CF, true);
	}
	put_le16(raw, c.flags);
	call_write(&c, SEG_SS, (uint16_t)(call_reg16(&c, GPR_RSP) + 4), raw, sizeof(raw));
	machine_cpu_set(m, &c.cpu);
}

static void reset_trap(struct machine *m, gpa_t gpa, void *arg)
{
	(void)gpa;
	(void)arg;
	machine_stop(m, STOP_EXIT, "the guest jumped to the BIOS's reset vector");
}

/* --- ROM, vectors, data area --- */

static bool is_hardware(unsigned vector)
{
	return vector < VECTOR_TIMER || (vector > VECTOR_TIMER && vector < 0x10) ||
	       (vector >= 0x70 && vector < 0x78);
}

static uint16_t vector_offset(unsigned vector)
{
	for (size_t i = 0; i < ARRAY_SIZE(fixed_vectors); i++)
		if (fixed_vectors[i].vector == vector)
			return fixed_vectors[i].offset;
	if (vector == VECTOR_DISKETTE)
		return BIOS_DISKETTE;
	return is_hardware(vector) ? BIOS_IRET : (uint16_t)(BIOS_STUBS + 4 * vector);
}

/*
 * The timer's: after the service, INT 1Ch for whoever hooked it, and the end of the interrupt:
 * nop; int $0x1c; push %ax; mov $0x20,%al; out %al,$0x20; pop %ax; iret
 */
static const uint8_t timer_stub[] = { OP_NOP, 0xcd, 0x1c, 0x50, 0xb0,
				      0x20,   0xe6, 0x20, 0x58, OP_IRET };

static int attach_vectors(struct bios *bios, struct machine *m)
{
	static const uint8_t stub[] = { OP_NOP, OP_IRET }, iret = OP_IRET;
	int ret = machine_write(m, BIOS_GPA + BIOS_IRET, &iret, 1);

	for (unsigned i = 0; i < 256 && ret == 0; i++) {
		uint16_t offset = vector_offset(i);
		uint8_t entry[4];

		put_le16(entry, offset);
		put_le16(entry + 2, BIOS_SEGMENT);
		ret = machine_write(m, 4 * i, entry, sizeof(entry));
		if (ret < 0 || offset == BIOS_IRET || i == VECTOR_DISKETTE)
			continue;
		ret = i == VECTOR_TIMER ?
			      machine_write(m, BIOS_GPA + offset, timer_stub, sizeof(timer_stub)) :
			      machine_write(m, BIOS_GPA + offset, stub, sizeof(stub));
		if (ret == 0)
			ret = machine_trap_add(m, BIOS_GPA + offset, bios_trap, bios);
	}
	return ret;
}

static int attach_rom(struct bios *bios, struct machine *m)
{
	/* RBIL table #00509: 8 bytes follow, model, submodel, revision, features: a second 8259, a clock, INT 15h AH=4Fh, an EBDA. */
	static const uint8_t config[] = { 8, 0, BIOS_MODEL, 0, 1, 0x74, 0x40, 0, 0, 0 };
	/* RBIL table #01264: a 1.44 MB drive. */
	static const uint8_t diskette[] = { 0xaf, 0x02, 0x25, 0x02, 0x12, 0x1b,
					    0xff, 0x6c, 0xf6, 0x0f, 0x08 };
	/* jmp f000:e05b, the power-on entry of an IBM AT. */
	static const uint8_t reset[] = { 0xea, 0x5b, 0xe0, 0x00, 0xf0 };
	static const uint8_t model = BIOS_MODEL;
	int ret = machine_write(m, BIOS_GPA + BIOS_CONFIG, config, sizeof(config));

	if (ret == 0)
		ret = machine_write(m, BIOS_GPA + BIOS_DISKETTE, diskette, sizeof(diskette));
	if (ret == 0)
		ret = machine_write(m, BIOS_GPA + RESET_OFFSET, reset, sizeof(reset));
	if (ret == 0)
		ret = machine_write(m, BIOS_GPA + RESET_OFFSET + 5, BIOS_DATE, 8);
	if (ret == 0)
		ret = machine_write(m, BIOS_GPA + 0xfffe, &model, 1);
	if (ret == 0)
		ret = machine_trap_add(m, BIOS_GPA + RESET_OFFSET, reset_trap, bios);
	return ret;
}

/* Behind the platform's RSDP. */
static int attach_smbios(struct bios *bios, struct machine *m)
{
	uint8_t entry[SMBIOS_ENTRY_SIZE];
	struct buf table = { 0 };
	int ret = smbios_build(bios->platform, BIOS_GPA + BIOS_SMBIOS_TABLE, &table, entry);

	if (ret == 0)
		ret = machine_write(m, BIOS_GPA + BIOS_SMBIOS, entry, sizeof(entry));
	if (ret == 0)
		ret = machine_write(m, BIOS_GPA + BIOS_SMBIOS_TABLE, table.data, table.len);
	buf_free(&table);
	return ret;
}

static int attach_data(struct bios *bios, struct machine *m)
{
	uint16_t equipment = EQUIPMENT_FPU | EQUIPMENT_SERIAL |
			     (bios->has_display ? EQUIPMENT_DISPLAY : 0);
	uint8_t bda[0x100] = { 0 }, ebda_kib = 1;

	put_le16(bda + BDA_SERIAL - 0x400, SERIAL_PORT);
	put_le16(bda + BDA_EBDA - 0x400, EBDA_GPA >> 4);
	put_le16(bda + BDA_EQUIPMENT - 0x400, equipment);
	put_le16(bda + BDA_MEMORY_KIB - 0x400, EBDA_GPA >> 10);
	put_le16(bda + BDA_KEY_HEAD - 0x400, KEY_BUFFER);
	put_le16(bda + BDA_KEY_TAIL - 0x400, KEY_BUFFER);
	put_le16(bda + BDA_KEY_START - 0x400, KEY_BUFFER);
	put_le16(bda + BDA_KEY_END - 0x400, KEY_BUFFER_END);
	bda[BDA_KEY_STATUS - 0x400] = KEY_STATUS_101;
	if (bios->has_display) {
		bda[BDA_VIDEO_MODE - 0x400] = TEXT_MODE;
		put_le16(bda + BDA_COLUMNS - 0x400, TEXT_COLUMNS);
		put_le16(bda + BDA_PAGE_SIZE - 0x400, 0x1000);
		put_le16(bda + BDA_CURSOR - 0x400, (uint16_t)(bios->cursor_row << 8));
		put_le16(bda + BDA_CURSOR_SHAPE - 0x400, 0x0607);
		put_le16(bda + BDA_CRTC - 0x400, 0x3d4);
		bda[BDA_LAST_ROW - 0x400] = TEXT_ROWS - 1;
		put_le16(bda + BDA_POINTS - 0x400, 16);
		bda[BDA_VIDEO_CONTROL - 0x400] = 0x60;
		bda[BDA_VIDEO_SWITCH - 0x400] = 0xf9;
		bda[BDA_VIDEO_MODESET - 0x400] = 0x51;
	}
	if (machine_write(m, EBDA_GPA, &ebda_kib, 1))
		return -EFAULT;
	return machine_write(m, 0x400, bda, sizeof(bda));
}

struct bios *bios_create(const struct platform *platform, bool has_display)
{
	struct bios *bios = calloc(1, sizeof(*bios));

	if (!bios)
		return NULL;
	bios->platform = platform;
	bios->has_display = has_display;
	bios->state.columns = TEXT_COLUMNS;
	bios->state.rows = TEXT_ROWS;
	bios->state.vbe_mode = TEXT_MODE;
	bios->state.dac_bits = 6;
	bios_e820_init(bios);
	bios_display_clear(bios);
	return bios;
}

void bios_set_cursor(struct bios *bios, unsigned row)
{
	bios->cursor_row = (uint8_t)row;
}

int bios_attach(struct bios *bios, struct machine *m, struct diag *diag)
{
	const struct part part = {
		.name = "bios", .version = 2, .size = sizeof(bios->state), .state = &bios->state
	};

	if (attach_rom(bios, m) || attach_smbios(bios, m) || attach_vectors(bios, m) ||
	    attach_data(bios, m) || bios_display_attach(bios, m) || bios_disk_attach(bios, m) ||
	    machine_part_add(m, &part))
		return diag_set(diag, -ENOSPC, "the BIOS does not fit into the machine");
	machine_pic_set(m, PIC_MASK_1, PIC_MASK_2);
	if (bios_has_quirk(bios->platform, BIOS_QUIRK_A20_CLOSED) ||
	    bios_has_quirk(bios->platform, BIOS_QUIRK_A20_KBC))
		machine_a20_set(m, false);
	return 0;
}

/* --- services of no folder of their own --- */

void bios_nothing(struct bios_call *c)
{
	(void)c;
}

void int11_equipment(struct bios_call *c)
{
	call_set16(c, GPR_RAX, call_bda16(c, BDA_EQUIPMENT));
}

void int12_memory(struct bios_call *c)
{
	call_set16(c, GPR_RAX, call_bda16(c, BDA_MEMORY_KIB));
}

#define KEY_ENTER      0x1c0du /* scan code and character, RBIL table #00006 */
#define SCAN_CODE_NONE 0x0000u /* as for a character typed by its number */

#define IDLE_LOOKS 255u
#define IDLE_TIME  1000000ull /* a millisecond */

/* 0 when all has been typed. */
static uint16_t key_waiting(const struct bios_call *c)
{
	const char *keys = c->bios->platform->keys;
	char ch = keys && c->bios->state.keys_read < strlen(keys) ? keys[c->bios->state.keys_read] :
								    '\0';

	if (ch == '\n' || ch == '\r')
		return KEY_ENTER;
	return (uint16_t)(SCAN_CODE_NONE | (uint8_t)ch);
}

void int16_read(struct bios_call *c)
{
	uint16_t key = key_waiting(c);

	if (!key) {
		machine_stop(c->m, STOP_HLT,
			     "INT 16h AH=%02xh waits for a key, and nobody will press one",
			     call_reg16(c, GPR_RAX) >> 8);
		return;
	}
	call_set16(c, GPR_RAX, key);
	c->bios->state.keys_read++;
	c->bios->state.key_awaited = 0;
}

/*
 * People type when they are asked: a guest that empties the buffer first finds it empty, and the next look finds a
 * key. Where nobody types any more, time passes faster: a guest that goes on looking waits for its own timeout.
 */
void int16_status(struct bios_call *c)
{
	uint16_t key = c->bios->state.key_awaited ? key_waiting(c) : 0;

	c->bios->state.key_awaited = 1;
	call_flag(c, EFLAGS_ZF, !key);
	if (key) {
		call_set16(c, GPR_RAX, key);
		c->bios->state.looks = 0;
	} else if (c->bios->state.looks == IDLE_LOOKS) {
		machine_wait(c->m, IDLE_TIME);
	} else {
		c->bios->state.looks++;
	}
}

void int16_flags(struct bios_call *c)
{
	call_set_al(c, call_bda8(c, BDA_KEY_FLAGS));
	if (call_reg16(c, GPR_RAX) >> 8 == 0x12)
		call_set_ah(c, 0);
}

/* AX=0305h, 10h to 12h and 0Ah; RBIL table #00583. */
void int16_functions(struct bios_call *c)
{
	call_set_al(c, 0x30);
}

void int19_bootstrap(struct bios_call *c)
{
	machine_stop(c->m, STOP_EXIT,
		     "the guest asked the BIOS to boot something else (INT 18h or 19h)");
}

/* --- time: an instruction is a nanosecond, and the clock starts at 2000-01-01 00:00:00 as the CMOS clock does --- */

#define NS_PER_SECOND 1000000000ull
#define TICKS_PER_DAY 0x1800b0ull /* RBIL INT 1A/AH=00h */

static uint8_t bcd(uint64_t v)
{
	return (uint8_t)(v / 10 % 10 << 4 | v % 10);
}

static uint32_t ticks_get(struct bios_call *c)
{
	return call_bda16(c, BDA_TICKS) | (uint32_t)call_bda16(c, BDA_TICKS + 2) << 16;
}

static void ticks_set(struct bios_call *c, uint32_t ticks)
{
	call_set_bda16(c, BDA_TICKS, (uint16_t)ticks);
	call_set_bda16(c, BDA_TICKS + 2, (uint16_t)(ticks >> 16));
}

/* Then the guest's own INT 1Ch, and the end of the interrupt: see the stub. */
void int08_tick(struct bios_call *c)
{
	uint32_t ticks = ticks_get(c) + 1;

	if (ticks >= TICKS_PER_DAY) {
		ticks = 0;
		call_set_bda8(c, BDA_MIDNIGHT, (uint8_t)(call_bda8(c, BDA_MIDNIGHT) + 1));
	}
	ticks_set(c, ticks);
}

void int1a_ticks(struct bios_call *c)
{
	uint32_t ticks = ticks_get(c);

	call_set_al(c, call_bda8(c, BDA_MIDNIGHT));
	call_set_bda8(c, BDA_MIDNIGHT, 0);
	call_set16(c, GPR_RCX, (uint16_t)(ticks >> 16));
	call_set16(c, GPR_RDX, (uint16_t)ticks);
	call_result(c, 0);
}

void int1a_ticks_set(struct bios_call *c)
{
	ticks_set(c, (uint32_t)call_reg16(c, GPR_RCX) << 16 | call_reg16(c, GPR_RDX));
	call_set_bda8(c, BDA_MIDNIGHT, 0);
	call_result(c, 0);
}

void int1a_time(struct bios_call *c)
{
	uint64_t s = machine_instructions(c->m) / NS_PER_SECOND;

	call_set16(c, GPR_RCX, (uint16_t)(bcd(s / 3600 % 24) << 8 | bcd(s / 60 % 60)));
	call_set16(c, GPR_RDX, (uint16_t)(bcd(s % 60) << 8));
	call_result(c, 0);
}

void int1a_date(struct bios_call *c)
{
	uint64_t days = machine_instructions(c->m) / NS_PER_SECOND / 86400;

	call_set16(c, GPR_RCX, 0x2000);
	call_set16(c, GPR_RDX, (uint16_t)(0x0100 | bcd(1 + days % 31)));
	call_result(c, 0);
}
