/* SPDX-License-Identifier: GPL-2.0-or-later */
/* XXH3-128 (libxxhash, doc/xxhash_spec.md) and SHA-256 (nettle, FIPS 180-4). */
#include "emu/base/digest.h"

#include <stdlib.h>
#include <nettle/sha2.h>
#include <xxhash.h>

struct digest {
	XXH3_state_t *state;
};

struct digest *digest_create(void)
{
	struct digest *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->state = XXH3_createState(); /* over-aligned, so it cannot simply be a member */
	if (!d->state || XXH3_128bits_reset(d->state) != XXH_OK)
		return digest_destroy(d);
	return d;
}

struct digest *digest_copy(const struct digest *d)
{
	struct digest *c = digest_create();

	if (c)
		XXH3_copyState(c->state, d->state);
	return c;
}

void digest_add(struct digest *d, const void *data, size_t len)
{
	if (len)
		XXH3_128bits_update(d->state, data, len);
}

void digest_u64(struct digest *d, uint64_t v)
{
	uint8_t le[8];

	put_le64(le, v);
	digest_add(d, le, sizeof(le));
}

void digest_str(struct digest *d, const char *s)
{
	size_t len = s ? strlen(s) : 0;

	digest_u64(d, len);
	digest_add(d, s, len);
}

static void hex_encode(const uint8_t *data, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[data[i] >> 4];
		out[2 * i + 1] = digits[data[i] & 15];
	}
	out[2 * len] = '\0';
}

void digest_hex(const struct digest *d, char ret_hex[DIGEST_HEX_SIZE])
{
	XXH128_canonical_t canonical;

	_Static_assert(2 * sizeof(canonical.digest) + 1 == DIGEST_HEX_SIZE, "128 bits in hex");
	XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(d->state));
	hex_encode(canonical.digest, sizeof(canonical.digest), ret_hex);
}

struct digest *digest_destroy(struct digest *d)
{
	if (d)
		XXH3_freeState(d->state);
	free(d);
	return NULL;
}

uint64_t hash64(const void *data, size_t len)
{
	return XXH3_64bits(data, len);
}

void sha256_hex(const void *data, size_t len, char ret_hex[SHA256_HEX_SIZE])
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx ctx;

	_Static_assert(2 * sizeof(digest) + 1 == SHA256_HEX_SIZE, "256 bits in hex");
	sha256_init(&ctx);
	sha256_update(&ctx, len, data);
	sha256_digest(&ctx, sizeof(digest), digest);
	hex_encode(digest, sizeof(digest), ret_hex);
}
