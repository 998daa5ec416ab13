/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory maps from files: what --efi-memmap takes, and the one line for what it does not. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdlib.h>

#include "tools/efi_map_file.h"

static int parse(const char *text, struct efi_region **ret, size_t *ret_count, struct diag *diag)
{
	return efi_map_file_parse("map.json", (struct bytes){ (const uint8_t *)text, strlen(text) },
				  ret, ret_count, diag);
}

Test(efi_map_file, every_field_of_a_descriptor_is_taken)
{
	struct efi_region *map = NULL;
	struct diag diag = { 0 };
	size_t count = 0;

	cr_assert(
		eq(int,
		   parse("{\"boot\": \"x\", \"map\": [{\"type\": 3, \"start\": \"0x0\", \"pages\": 1, \"attr\": \"0xf\"},"
			 "{\"type\": 5, \"start\": \"0x1f5ec000\", \"pages\": 256, \"attr\": \"0x800000000000000f\"}]}",
			 &map, &count, &diag),
		   0),
		"%s", diag.text);
	cr_assert(eq(sz, count, 2));
	cr_expect(eq(u32, map[1].type, 5));
	cr_expect(eq(u64, map[1].start, 0x1f5ec000));
	cr_expect(eq(u64, map[1].pages, 256));
	cr_expect(eq(u64, map[1].attr, BIT64(63) | 0xf));
	free(map);
}

Test(efi_map_file, what_is_wrong_is_told_with_its_place)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "", "map.json:1:" },
		{ "[]", "\"map\" is missing" },
		{ "{}", "map.json:1:1: \"map\" is missing" },
		{ "{\"map\": 1}", "map.json:1:9: map: expected an array" },
		{ "{\"map\": []}", "map: expected an array" },
		{ "{\"map\": [\n7]}", "map.json:2:1: map[0]: expected an object" },
		{ "{\"map\": [{\"type\": 7}]}", "map[0]: \"start\" is missing" },
		{ "{\"map\": [{\"type\": -1, \"start\": 0, \"pages\": 1, \"attr\": 0}]}",
		  "type: expected a number" },
		{ "{\"map\": [{\"type\": 4294967296, \"start\": 0, \"pages\": 1, \"attr\": 0}]}",
		  "larger than 0xffffffff" },
		{ "{\"map\": [{\"type\": 7, \"start\": \"0x\", \"pages\": 1, \"attr\": 0}]}",
		  "start: expected a number" },
		{ "{\"map\": [{\"type\": 7, \"start\": \"0x10000000000000000\", \"pages\": 1, \"attr\": 0}]}",
		  "start: expected a number" },
		{ "{\"map\": [{\"type\": 7, \"start\": 0, \"pages\": [], \"attr\": 0}]}",
		  "pages: expected a number" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct efi_region *map = NULL;
		struct diag diag = { 0 };
		size_t count = 0;

		cr_expect(eq(int, parse(rows[i].text, &map, &count, &diag), -EINVAL), "row %zu", i);
		cr_expect(ne(ptr, strstr(diag.text, rows[i].why), NULL), "row %zu: %s", i,
			  diag.text);
		cr_expect(eq(ptr, map, NULL));
	}
}

Test(efi_map_file, a_file_that_is_not_there_is_named)
{
	struct efi_region *map = NULL;
	struct diag diag = { 0 };
	size_t count = 0;

	cr_expect(lt(int, efi_map_file_read("/nonexistent/map.json", &map, &count, &diag), 0));
	cr_expect(ne(ptr, strstr(diag.text, "map.json: "), NULL), "%s", diag.text);
}
