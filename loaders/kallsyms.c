/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading kallsyms without any symbol to start from.
 *
 * In front of everything else stands what cannot be mistaken: the table of 256
 * tokens, in which each digit stands for itself, and the index into it. The
 * names end right before their markers, one marker for each 256 names, and
 * begin right behind their number. The addresses lie in front of that number,
 * or since 6.4 behind the token index:
 *
 *   until 6.3   addresses | offsets, base; number; names; markers; [seqs;] tokens; index
 *   since 6.4   number; names; markers; tokens; index; addresses | offsets, base; seqs
 *
 * Each part begins at a multiple of the word size.
 */
#include "loaders/kallsyms.h"

#include <errno.h>

#define TOKENS           256u
#define NAMES_PER_MARKER 256u
#define NAME_MAX_LEN     1023u /* KSYM_NAME_LEN is 512 since 6.1 */
#define NAME_BYTES_MAX   MIB(256)

const char *const kallsyms_form_names[KALLSYMS_FORM_COUNT] = {
	[KALLSYMS_ABSOLUTE] = "absolute",
	[KALLSYMS_RELATIVE] = "base-relative",
	[KALLSYMS_RELATIVE_PERCPU] = "base-relative, per-CPU absolute",
};

/* --- tokens --- */

static uint16_t token_offset(const struct kallsyms *k, struct bytes in, unsigned token)
{
	return get_le16(in.data + k->token_index + 2 * token);
}

/* The index says where each string of the table begins, and nothing else lies between. */
static bool tokens_agree(const struct kallsyms *k, struct bytes in)
{
	uint64_t at = k->token_table;

	for (unsigned i = 0; i < TOKENS; i++) {
		const uint8_t *end;

		if (at - k->token_table != token_offset(k, in, i) || at >= k->token_index)
			return false;
		end = memchr(in.data + at, '\0', k->token_index - at);
		if (!end)
			return false;
		at = (uint64_t)(end - in.data) + 1;
	}
	/* Padding up to the next word, no more. */
	return k->token_index - at < 8;
}

/* Is the "0" at @zero token number '0' of a table? */
static bool tokens_at(struct kallsyms *k, struct bytes in, uint64_t zero)
{
	uint64_t at = zero;

	for (unsigned i = '0'; i < TOKENS; i++) {
		const uint8_t *end = at < in.len ? memchr(in.data + at, '\0', in.len - at) : NULL;

		if (!end || (uint64_t)(end - in.data) - at > NAME_MAX_LEN)
			return false;
		at = (uint64_t)(end - in.data) + 1;
	}
	at = ALIGN_UP(at, 2);
	for (unsigned pad = 0; pad < 8; pad += 2) {
		uint64_t before;

		k->token_index = at + pad;
		if (k->token_index > in.len || in.len - k->token_index < 2 * TOKENS)
			return false;
		before = token_offset(k, in, '0');
		if (before > zero)
			continue;
		k->token_table = zero - before;
		if (tokens_agree(k, in))
			return true;
	}
	return false;
}

/* --- names --- */

static uint64_t word_at(struct bytes in, uint64_t off, unsigned size)
{
	return size == 8 ? get_le64(in.data + off) : get_le32(in.data + off);
}

/* Length of the entry at @at, its one or two bytes of length included; 0 when it is none. */
static uint64_t entry_length(struct bytes in, uint64_t at, uint64_t end, uint64_t *ret_header)
{
	uint64_t len, header = 1;

	if (at >= end)
		return 0;
	len = in.data[at];
	/* Since 6.1 a length of 128 and more takes two bytes, low 7 bits first. */
	if (len & 0x80) {
		if (end - at < 2)
			return 0;
		len = (len & 0x7f) | (uint64_t)in.data[at + 1] << 7;
		header = 2;
	}
	if (!len || len > end - at - header)
		return 0;
	*ret_header = header;
	return len + header;
}

/* Do @k's names fill the space up to its markers, each 256th where its marker says? */
static bool names_agree(const struct kallsyms *k, struct bytes in)
{
	uint64_t at = k->names, header;

	for (uint32_t i = 0; i < k->count; i++) {
		uint64_t len = entry_length(in, at, k->markers, &header);

		if (!len)
			return false;
		if (i % NAMES_PER_MARKER == 0 &&
		    word_at(in, k->markers + (uint64_t)k->marker_size * (i / NAMES_PER_MARKER),
			    k->marker_size) != at - k->names)
			return false;
		at += len;
	}
	return k->markers - at < 8;
}

/* Markers from @at on: 0, then always more, at least 2 bytes a name. Returns how many, at most @most. */
static uint64_t markers_count(struct bytes in, uint64_t at, uint64_t end, unsigned size)
{
	uint64_t n = 0, last = 0;

	for (; end - at >= size; at += size, n++) {
		uint64_t v = word_at(in, at, size);

		if (n ? v < last + 2 * NAMES_PER_MARKER ||
				    v - last > NAMES_PER_MARKER * (NAME_MAX_LEN + 2ull) :
			v != 0)
			break;
		last = v;
	}
	return n;
}

/* With markers where they are taken to be, find where the names begin: behind a number that fits. */
static bool names_before(struct kallsyms *k, struct bytes in, uint64_t markers, unsigned word)
{
	uint64_t last = word_at(in, k->markers + (markers - 1) * k->marker_size, k->marker_size);
	uint64_t most = k->markers, least, at;

	if (last >= most)
		return false;
	/* The last 256 names take 2 bytes each at least, if there is more than one; padding may follow. */
	at = ALIGN_DOWN(most - last, word);
	least = most - last > NAMES_PER_MARKER * (NAME_MAX_LEN + 2ull) ?
			most - last - NAMES_PER_MARKER * (NAME_MAX_LEN + 2ull) :
			0;
	for (; at >= word && at >= least; at -= word) {
		uint64_t count = word_at(in, at - word, word);

		if (count <= (markers - 1) * NAMES_PER_MARKER ||
		    count > markers * NAMES_PER_MARKER || count > KALLSYMS_COUNT_MAX)
			continue;
		k->names = at;
		k->count = (uint32_t)count;
		if (names_agree(k, in))
			return true;
	}
	return false;
}

/* Markers lie in front of the tokens; in 6.2 and 6.3 three bytes a symbol lie between. */
static bool names_locate(struct kallsyms *k, struct bytes in, unsigned word)
{
	uint64_t end = k->token_table;
	uint64_t far = end > KALLSYMS_COUNT_MAX * 4ull ? end - KALLSYMS_COUNT_MAX * 4ull : 0;

	for (uint64_t at = ALIGN_DOWN(end, 4); at >= far + 8; at -= 4) {
		if (get_le32(in.data + at - 4))
			continue;
		k->markers = at - 4;
		for (k->marker_size = 4; k->marker_size <= word; k->marker_size += 4) {
			uint64_t n = markers_count(in, k->markers, end, k->marker_size);

			if (n > 1 && names_before(k, in, n, word))
				return true;
		}
	}
	return false;
}

/* --- addresses --- */

static uint64_t address_of(const struct kallsyms *k, struct bytes in, unsigned word, uint32_t i)
{
	uint64_t mask = word == 8 ? UINT64_MAX : UINT32_MAX, v;

	if (k->form == KALLSYMS_ABSOLUTE)
		return word_at(in, k->addresses + (uint64_t)word * i, word);
	v = get_le32(in.data + k->addresses + 4ull * i);
	if (k->form == KALLSYMS_RELATIVE)
		return (k->base + v) & mask;
	return v <= INT32_MAX ? v : (k->base - 1 - (uint64_t)(int32_t)(uint32_t)v) & mask;
}

/* Addresses never fall, and more than half of them lie in the kernel. */
static bool addresses_agree(const struct kallsyms *k, const struct elf_image *elf, unsigned word)
{
	uint64_t start, end, last = 0;
	uint32_t inside = 0;

	elf_linked_span(elf, &start, &end);
	for (uint32_t i = 0; i < k->count; i++) {
		uint64_t v = address_of(k, elf->data, word, i);

		if (v < last)
			return false;
		last = v;
		inside += v >= start && v <= end;
	}
	return inside > k->count / 2;
}

/* The addresses or offsets and their base, @size bytes in all, are to lie at @at. */
static bool addresses_at(struct kallsyms *k, const struct elf_image *elf, uint64_t at,
			 uint64_t size, unsigned word)
{
	if (at > elf->data.len || size > elf->data.len - at)
		return false;
	k->addresses = at;
	k->base = 0;
	if (k->form != KALLSYMS_ABSOLUTE)
		k->base = word_at(elf->data, at + size - word, word);
	return addresses_agree(k, elf, word);
}

static bool addresses_locate(struct kallsyms *k, const struct elf_image *elf, unsigned word)
{
	uint64_t number = k->names - word;
	uint64_t behind = ALIGN_UP(k->token_index + 2 * TOKENS, word);

	for (unsigned form = 0; form < KALLSYMS_FORM_COUNT; form++) {
		uint64_t size = form == KALLSYMS_ABSOLUTE ? (uint64_t)word * k->count :
							    ALIGN_UP(4ull * k->count, word) + word;

		k->form = form;
		k->addresses_last = false;
		if (number >= size && addresses_at(k, elf, number - size, size, word))
			return true;
		k->addresses_last = true;
		if (addresses_at(k, elf, behind, size, word))
			return true;
	}
	return false;
}

/* --- */

int kallsyms_locate(struct kallsyms *ret, const struct elf_image *elf, struct diag *diag)
{
	static const uint8_t digits[] = "0\0001\0002\0003\0004\0005\0006\0007\0008\0009";
	struct bytes in = elf->data;
	unsigned word = elf->is_64 ? 8 : 4;
	const char *missing = "no table of tokens";
	uint64_t where = 0;
	bool tokens = false;

	for (uint64_t from = 0; from < in.len;) {
		const uint8_t *at = memmem(in.data + from, in.len - from, digits, sizeof(digits));
		struct kallsyms k = { 0 };

		if (!at)
			break;
		from = (uint64_t)(at - in.data) + 1;
		if (!tokens_at(&k, in, from - 1))
			continue;
		tokens = true;
		where = k.token_table;
		missing = "tokens, but no names in front of them";
		if (!names_locate(&k, in, word))
			continue;
		missing = "tokens and names, but no addresses";
		if (!addresses_locate(&k, elf, word))
			continue;
		*ret = k;
		return 0;
	}
	if (tokens)
		return diag_at(diag, -ENOENT, where, "kallsyms: %s", missing);
	return diag_set(diag, -ENOENT, "kallsyms: %s", missing);
}

/* Expand the entry into @name; its length, or 0 when it is too long or has no name behind its type. */
static size_t entry_expand(const struct kallsyms *k, struct bytes in, const uint8_t *entry,
			   uint64_t len, char *name, size_t size)
{
	size_t n = 0;

	for (uint64_t i = 0; i < len; i++) {
		const char *token =
			(const char *)in.data + k->token_table + token_offset(k, in, entry[i]);
		size_t token_len = strlen(token); /* the table's own NUL ends it: tokens_agree() */

		if (token_len >= size - n)
			return 0;
		memcpy(name + n, token, token_len);
		n += token_len;
	}
	return n > 1 ? n : 0;
}

int kallsyms_read(const struct kallsyms *k, const struct elf_image *elf, struct symbols_builder *b,
		  struct diag *diag)
{
	struct bytes in = elf->data;
	unsigned word = elf->is_64 ? 8 : 4;
	uint64_t at = k->names, header, total = 0;

	for (uint32_t i = 0; i < k->count; i++) {
		uint64_t len = entry_length(in, at, k->markers, &header);
		char name[NAME_MAX_LEN + 2];
		size_t n = 0;

		if (len)
			n = entry_expand(k, in, in.data + at + header, len - header, name,
					 sizeof(name));
		total += n;
		if (!n || total > NAME_BYTES_MAX)
			return diag_at(diag, -EINVAL, at, "kallsyms: name %u of %u %s", i, k->count,
				       n ? "is too much" : "is too long or empty");
		symbols_add(b, address_of(k, in, word, i), name[0], name + 1, n - 1,
			    SYMBOL_FROM_KALLSYMS);
		at += len;
	}
	return 0;
}
