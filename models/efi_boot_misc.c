/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Boot services that stand alone: UEFI 2.10, 7.5 "Miscellaneous Boot Services". */
#include "models/efi.h"

#define INSN_PER_US 1000ull

/* A stall of more than a day is no stall: UINT64_MAX is how code waits for ever. */
#define STALL_MAX (86400ull * 1000000ull)

/* Bytes at a time of CopyMem(), SetMem() and CalculateCrc32(). */
#define CHUNK 4096u

uint64_t efi_stall(struct efi_call *c)
{
	if (c->arg[0] > STALL_MAX) {
		machine_stop(c->m, STOP_REPEAT, "Stall(%llu microseconds): it waits for ever",
			     (unsigned long long)c->arg[0]);
		return EFI_SUCCESS;
	}
	machine_wait(c->m, c->arg[0] * INSN_PER_US);
	efi_event_tick(c->efi, c->m);
	return EFI_SUCCESS;
}

uint64_t efi_get_next_count(struct efi_call *c)
{
	struct efi_state *s = &c->efi->state;

	if (!c->arg[0] || !efi_write_u64(c, c->arg[0], s->monotonic + 1))
		return EFI_INVALID_PARAMETER;
	s->monotonic++;
	return EFI_SUCCESS;
}

/* Arguments: seconds, code, data size, data. The firmware's own codes are up to 0xffff; ours has no say in what is used. */
uint64_t efi_set_watchdog(struct efi_call *c)
{
	struct efi_state *s = &c->efi->state;
	uint64_t time;

	if (c->arg[0] == 0) {
		s->watchdog = 0;
		return EFI_SUCCESS;
	}
	if (__builtin_mul_overflow(c->arg[0], 1000000 * INSN_PER_US, &time) ||
	    __builtin_add_overflow(time, machine_instructions(c->m), &s->watchdog))
		s->watchdog = UINT64_MAX;
	return EFI_SUCCESS;
}

/* Arguments: data, size, CRC. */
uint64_t efi_calculate_crc32(struct efi_call *c)
{
	uint8_t raw[CHUNK];
	uint32_t crc = 0;

	if (!c->arg[0] || c->arg[1] == 0 || !c->arg[2] ||
	    !efi_reachable(c, c->arg[0], c->arg[1], false) || !efi_reachable(c, c->arg[2], 4, true))
		return EFI_INVALID_PARAMETER;
	for (uint64_t at = 0; at < c->arg[1];) {
		size_t n = c->arg[1] - at < CHUNK ? (size_t)(c->arg[1] - at) : CHUNK;

		if (!efi_read(c, c->arg[0] + at, raw, n))
			return EFI_INVALID_PARAMETER;
		crc = efi_crc32(crc, raw, n);
		at += n;
	}
	efi_write_u32(c, c->arg[2], crc);
	return EFI_SUCCESS;
}

/* Arguments: destination, source, length; the two may overlap. Returns nothing. */
uint64_t efi_copy_mem(struct efi_call *c)
{
	gva_t to = c->arg[0], from = c->arg[1];
	uint64_t len = c->arg[2], done = 0;
	uint8_t raw[CHUNK];

	if (!efi_reachable(c, from, len, false) || !efi_reachable(c, to, len, true))
		return 0;
	while (done < len) {
		size_t n = len - done < CHUNK ? (size_t)(len - done) : CHUNK;
		/* Backwards where the source's rest would be overwritten. */
		uint64_t at = to > from && to - from < len ? len - done - n : done;

		if (!efi_read(c, from + at, raw, n) || !efi_write(c, to + at, raw, n))
			return 0;
		done += n;
	}
	return 0;
}

/* Arguments: buffer, size, value. Returns nothing. */
uint64_t efi_set_mem(struct efi_call *c)
{
	uint64_t len = c->arg[1];
	uint8_t raw[CHUNK];

	if (!efi_reachable(c, c->arg[0], len, true))
		return 0;
	memset(raw, (uint8_t)c->arg[2], sizeof(raw));
	for (uint64_t at = 0; at < len; at += CHUNK)
		efi_write(c, c->arg[0] + at, raw, len - at < CHUNK ? (size_t)(len - at) : CHUNK);
	return 0;
}
