/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Digests: XXH3-128 over a run's facts (fast), SHA-256 as a file's identity. */
#ifndef EMU_BASE_DIGEST_H
#define EMU_BASE_DIGEST_H

#include "emu/base/types.h"

struct digest; /* a running XXH3-128 */

#define DIGEST_HEX_SIZE 33 /* 32 hex digits and the NUL */
#define SHA256_HEX_SIZE 65

/* NULL when out of memory. */
struct digest *digest_create(void);
/* A second one in the same state; NULL when out of memory. */
struct digest *digest_copy(const struct digest *d);
void digest_add(struct digest *d, const void *data, size_t len);
void digest_u64(struct digest *d, uint64_t v);    /* always as 8 little-endian bytes */
void digest_str(struct digest *d, const char *s); /* length, then bytes; NULL counts as "" */
/* The digest so far, in lower-case hex (canonical byte order); more may be added after. */
void digest_hex(const struct digest *d, char ret_hex[DIGEST_HEX_SIZE]);
/* Takes NULL, returns NULL. */
struct digest *digest_destroy(struct digest *d);

/* XXH3-64, where a number is wanted rather than an identity. */
uint64_t hash64(const void *data, size_t len);

void sha256_hex(const void *data, size_t len, char ret_hex[SHA256_HEX_SIZE]);

#endif
