/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Integer names, bit helpers and little-endian accessors that every folder uses. */
#ifndef EMU_BASE_TYPES_H
#define EMU_BASE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint64_t gpa_t; /* guest physical address, bytes */
typedef uint64_t gva_t; /* guest linear (virtual) address, bytes */

#define BIT(n)                          (1u << (n))
#define BIT64(n)                        (1ull << (n))
#define ARRAY_SIZE(a)                   (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#define KIB(n) ((uint64_t)(n) << 10)
#define MIB(n) ((uint64_t)(n) << 20)
#define GIB(n) ((uint64_t)(n) << 30)

#define GUEST_PAGE_SIZE 0x1000ull
#define GUEST_PAGE_MASK (~(GUEST_PAGE_SIZE - 1))

/* align must be a power of two */
#define ALIGN_UP(v, align)   (((v) + ((align)-1)) & ~((uint64_t)(align)-1))
#define ALIGN_DOWN(v, align) ((v) & ~((uint64_t)(align)-1))

/*
 * Guest structures are little-endian byte arrays: these read and write them at
 * any alignment, on any host.
 */
static inline uint16_t get_le16(const void *p)
{
	const uint8_t *b = p;

	return (uint16_t)(b[0] | b[1] << 8);
}

static inline uint32_t get_le32(const void *p)
{
	const uint8_t *b = p;

	return (uint32_t)get_le16(b) | (uint32_t)get_le16(b + 2) << 16;
}

static inline uint64_t get_le64(const void *p)
{
	const uint8_t *b = p;

	return (uint64_t)get_le32(b) | (uint64_t)get_le32(b + 4) << 32;
}

static inline void put_le16(void *p, uint16_t v)
{
	uint8_t *b = p;

	b[0] = (uint8_t)v;
	b[1] = (uint8_t)(v >> 8);
}

static inline void put_le32(void *p, uint32_t v)
{
	put_le16(p, (uint16_t)v);
	put_le16((uint8_t *)p + 2, (uint16_t)(v >> 16));
}

static inline void put_le64(void *p, uint64_t v)
{
	put_le32(p, (uint32_t)v);
	put_le32((uint8_t *)p + 4, (uint32_t)(v >> 32));
}

/* Bytes that somebody else owns and that stay valid while the owner lives. */
struct bytes {
	const uint8_t *data;
	size_t len;
};

#endif
