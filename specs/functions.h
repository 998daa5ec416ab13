/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of functions of the rule language, for function_find(). */
#ifndef SPECS_FUNCTIONS_H
#define SPECS_FUNCTIONS_H

#include "specs/expr.h"

extern const struct function memory_functions[], file_functions[], payload_functions[],
	note_functions[], compare_functions[], platform_functions[];
extern const size_t memory_function_count, file_function_count, payload_function_count,
	note_function_count, compare_function_count, platform_function_count;

static inline struct value function_int(uint64_t n)
{
	return (struct value){ .type = VALUE_INT, .n = n };
}

static inline struct value function_bool(bool b)
{
	return (struct value){ .type = VALUE_BOOL, .n = b };
}

/* Reflected CRC-32 (IEEE 802.3), @crc from the bytes before; start with 0xffffffff, and invert the last if that is wanted. */
uint32_t crc32_update(uint32_t crc, const void *data, size_t len);

void function_list(namespace_fn each, void *arg);

#endif
