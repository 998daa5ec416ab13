/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Payloads packed by the real tools, as the kernel's build runs them (scripts/Makefile.lib), and damaged ones. */
#include "loaders/payload.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "emu/base/rng.h"
#include "tests/lib/boot_files.h"

static const struct tool {
	enum compression compression;
	const char *command;
	bool size_appended; /* scripts/Makefile.lib size_append: gzip has its own */
} tools[] = {
	{ COMPRESSION_GZIP, "gzip -n -f -9 -c", false },
	{ COMPRESSION_BZIP2, "bzip2 -9 -c", true },
	{ COMPRESSION_LZMA, "xz --format=lzma -6 -c", true },
	{ COMPRESSION_LZMA, "lzma -9 -c", true },
	{ COMPRESSION_XZ, "xz --check=crc32 --x86 --lzma2=dict=32MiB -c", true },
	{ COMPRESSION_LZO, "lzop -9 -c", true },
	{ COMPRESSION_LZO, "lzop -1 -C -c", true },
	{ COMPRESSION_LZ4, "lz4 -l -c -9 - -", true },
	{ COMPRESSION_ZSTD, "zstd -19 -c", true },
	{ COMPRESSION_ZSTD, "zstd -22 --ultra -c", true },
};

#define FILE_OFFSET 0x5000u

static struct bytes view(const struct buf *b)
{
	return (struct bytes){ b->data, b->len };
}

static void pack(struct buf *packed, const struct tool *tool, struct bytes plain)
{
	uint8_t size[4];

	cr_assert(test_filter(packed, tool->command, plain), "%s", tool->command);
	put_le32(size, (uint32_t)plain.len);
	if (tool->size_appended)
		buf_append(packed, size, sizeof(size));
}

static void expect_round_trip(const struct tool *tool, struct bytes plain)
{
	struct buf packed = { 0 };
	struct bytes out = { 0 };
	struct diag diag = { 0 };

	pack(&packed, tool, plain);
	cr_expect_eq(payload_probe(view(&packed)), tool->compression, "%s", tool->command);
	cr_assert_eq(payload_unpack(view(&packed), FILE_OFFSET, &out, &diag), 0, "%s: %s",
		     tool->command, diag.text);
	cr_expect_eq(out.len, plain.len, "%s: %zu", tool->command, out.len);
	cr_expect(out.len == plain.len && !memcmp(out.data, plain.data, plain.len), "%s",
		  tool->command);
	free((uint8_t *)(uintptr_t)out.data);
	buf_free(&packed);
}

Test(payload, what_each_tool_packs_comes_out_again)
{
	struct buf plain = { 0 };

	test_code_like_bytes(&plain, 600001, 1);
	for (size_t i = 0; i < ARRAY_SIZE(tools); i++)
		expect_round_trip(&tools[i], view(&plain));
	buf_free(&plain);
}

/* The legacy frame's blocks are of 8 MiB, lzop's of 256 KiB. */
Test(payload, several_blocks_are_joined)
{
	struct buf plain = { 0 };

	test_code_like_bytes(&plain, 9 << 20, 2);
	for (size_t i = 0; i < ARRAY_SIZE(tools); i++)
		if (tools[i].compression == COMPRESSION_LZ4)
			expect_round_trip(&tools[i], view(&plain));
	buf_free(&plain);
}

/* Data that does not shrink is stored: lzop then writes blocks of equal sizes. */
Test(payload, incompressible_data_survives)
{
	uint8_t plain[70000];
	struct rng rng;

	rng_init(&rng, 3, "payload_test");
	rng_fill(&rng, plain, sizeof(plain));
	for (size_t i = 0; i < ARRAY_SIZE(tools); i++)
		expect_round_trip(&tools[i], (struct bytes){ plain, sizeof(plain) });
}

Test(payload, a_payload_cut_short_is_refused_within_it)
{
	struct buf plain = { 0 };

	test_code_like_bytes(&plain, 20000, 4);
	for (size_t i = 0; i < ARRAY_SIZE(tools); i++) {
		struct buf packed = { 0 };

		pack(&packed, &tools[i], view(&plain));
		/* The last bytes hold an index or checksums that not every format needs. */
		for (size_t len = 0; len < packed.len - 40; len += 1 + len / 20) {
			struct bytes cut = { packed.data, len }, out = { 0 };
			struct diag diag = { 0 };

			cr_assert_eq(payload_unpack(cut, FILE_OFFSET, &out, &diag), -EINVAL,
				     "%s cut at %zu of %zu", tools[i].command, len, packed.len);
			cr_expect(diag.has_offset && diag.offset >= FILE_OFFSET &&
				  diag.offset <= FILE_OFFSET + len);
		}
		buf_free(&packed);
	}
	buf_free(&plain);
}

Test(payload, flipped_bits_never_do_worse_than_an_error)
{
	struct buf plain = { 0 };
	unsigned refused = 0;
	struct rng rng;

	rng_init(&rng, 5, "payload_test");
	test_code_like_bytes(&plain, 5000, 5);
	for (size_t i = 0; i < ARRAY_SIZE(tools); i++) {
		struct buf packed = { 0 };

		pack(&packed, &tools[i], view(&plain));
		for (unsigned k = 0; k < 200; k++) {
			uint64_t at = rng_below(&rng, packed.len);
			uint8_t bit = (uint8_t)(1u << rng_below(&rng, 8));
			struct bytes out = { 0 };
			struct diag diag = { 0 };
			int r;

			packed.data[at] ^= bit;
			r = payload_unpack(view(&packed), FILE_OFFSET, &out, &diag);
			packed.data[at] ^= bit;
			cr_expect(r == 0 || (r == -EINVAL && diag.text[0]), "%s", tools[i].command);
			cr_expect(r != 0 || out.len <= MIB(32));
			refused += r != 0;
			free((uint8_t *)(uintptr_t)out.data);
		}
		buf_free(&packed);
	}
	cr_expect_gt(refused, 1000, "only %u of 2000 were noticed", refused);
	buf_free(&plain);
}

/* A stored block decodes whatever its bytes are; only its checksum can tell. */
Test(payload, lzo_checksums_are_checked)
{
	struct buf packed = { 0 };
	struct bytes out = { 0 };
	struct diag diag = { 0 };
	uint8_t plain[4096];
	struct rng rng;

	rng_init(&rng, 6, "payload_test");
	rng_fill(&rng, plain, sizeof(plain));
	cr_assert(test_filter(&packed, "lzop -c", (struct bytes){ plain, sizeof(plain) }));
	packed.data[packed.len - 100] ^= 1;
	cr_expect_eq(payload_unpack(view(&packed), FILE_OFFSET, &out, &diag), -EINVAL);
	cr_expect_not_null(strstr(diag.text, "checksum"), "%s", diag.text);
	buf_free(&packed);
}

/* A file of a few KiB may claim, and even contain, hundreds of megabytes. */
Test(payload, a_bomb_is_refused_before_it_takes_memory)
{
	static const char *const bombs[] = {
		"head -c 300M /dev/zero | zstd -19 -c",
		"head -c 300M /dev/zero | bzip2 -9 -c",
		"head -c 100M /dev/zero | xz --check=crc32 -1 -c",
		"head -c 100M /dev/zero | gzip -1 -c",
	};
	struct rusage before, after;

	getrusage(RUSAGE_SELF, &before);
	for (size_t i = 0; i < ARRAY_SIZE(bombs); i++) {
		struct buf packed = { 0 };
		struct bytes out = { 0 };
		struct diag diag = { 0 };

		cr_assert(test_filter(&packed, bombs[i], (struct bytes){ 0 }));
		cr_assert_lt(packed.len, 500000);
		cr_expect_eq(payload_unpack(view(&packed), FILE_OFFSET, &out, &diag), -EINVAL);
		cr_expect_not_null(strstr(diag.text, "the most that is believed"), "%s", diag.text);
		buf_free(&packed);
	}
	getrusage(RUSAGE_SELF, &after);
#ifndef __SANITIZE_ADDRESS__
	cr_expect_lt(after.ru_maxrss - before.ru_maxrss, 64 << 10, "%ld KiB more",
		     after.ru_maxrss - before.ru_maxrss);
#endif
}

Test(payload, an_unknown_payload_names_what_was_expected)
{
	struct bytes out = { 0 };
	struct diag diag = { 0 };

	cr_expect_eq(payload_unpack((struct bytes){ (const uint8_t *)"hello", 5 }, 0x1234, &out,
				    &diag),
		     -EINVAL);
	cr_expect_eq(diag.offset, 0x1234);
	cr_expect_not_null(strstr(diag.text, "zstd"));
}
