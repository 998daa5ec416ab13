/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The JSON writer's output, read back by jansson. */
#include <criterion/criterion.h>
#include <jansson.h>

#include "emu/base/jsonw.h"

static json_t *parse(struct buf *out)
{
	json_error_t error;
	json_t *root = json_loads(buf_str(out), 0, &error);

	cr_assert_not_null(root, "line %d: %s\n%s", error.line, error.text, buf_str(out));
	return root;
}

Test(jsonw, layout)
{
	struct buf out = { 0 };
	struct jsonw w;

	jsonw_init(&w, &out);
	jsonw_object(&w, NULL);
	jsonw_string(&w, "name", "x");
	jsonw_object(&w, "empty");
	jsonw_object_end(&w);
	jsonw_array(&w, "list");
	jsonw_u64(&w, NULL, 1);
	jsonw_hex(&w, NULL, 255);
	jsonw_array_end(&w);
	jsonw_array_inline(&w, "line");
	jsonw_bool(&w, NULL, true);
	jsonw_object(&w, NULL);
	jsonw_bool(&w, "a", false);
	jsonw_string(&w, "b", NULL);
	jsonw_object_end(&w);
	jsonw_array(&w, NULL);
	jsonw_array_end(&w);
	jsonw_array_end(&w);
	jsonw_u64(&w, "after", 2);
	jsonw_object_end(&w);
	jsonw_end(&w);
	cr_assert_str_eq(buf_str(&out), "{\n"
					"  \"name\": \"x\",\n"
					"  \"empty\": {},\n"
					"  \"list\": [\n"
					"    1,\n"
					"    \"0xff\"\n"
					"  ],\n"
					"  \"line\": [true, {\"a\": false, \"b\": null}, []],\n"
					"  \"after\": 2\n"
					"}\n");
	json_decref(parse(&out));
	buf_free(&out);
}

Test(jsonw, strings_come_back_as_they_were)
{
	static const char *const texts[] = {
		"",
		"plain",
		"quote \" backslash \\ slash /",
		"line\nfeed\ttab\x01\x7f",
		"\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xa7",
	};
	struct buf out = { 0 };
	struct jsonw w;
	json_t *root;

	jsonw_init(&w, &out);
	jsonw_array(&w, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		jsonw_string(&w, NULL, texts[i]);
	jsonw_array_end(&w);
	jsonw_end(&w);
	root = parse(&out);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		cr_assert_str_eq(json_string_value(json_array_get(root, i)), texts[i]);
	json_decref(root);
	buf_free(&out);
}

Test(jsonw, bytes_that_are_not_utf8_become_escapes)
{
	static const char *const bad[] = {
		"\xff",             /* never a byte of UTF-8 */
		"\x80",             /* continuation without a start */
		"\xc3",             /* cut */
		"\xc0\xaf",         /* longer than needed */
		"\xed\xa0\x80",     /* surrogate */
		"\xf4\x90\x80\x80", /* past U+10FFFF */
		"\xf8\x88\x80\x80\x80",
	};
	struct buf out = { 0 };
	struct jsonw w;
	json_t *root;

	jsonw_init(&w, &out);
	jsonw_array(&w, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		jsonw_string(&w, NULL, bad[i]);
	jsonw_bytes(&w, NULL, "\xc3\xa4", 2);
	jsonw_array_end(&w);
	jsonw_end(&w);
	for (size_t i = 0; i < out.len; i++)
		cr_assert_lt(out.data[i], 0x80);
	root = parse(&out);
	cr_assert_str_eq(json_string_value(json_array_get(root, 0)), "\xc3\xbf");
	cr_assert_str_eq(json_string_value(json_array_get(root, ARRAY_SIZE(bad))),
			 "\xc3\x83\xc2\xa4", "jsonw_bytes takes each byte as U+00XX");
	json_decref(root);
	buf_free(&out);
}

Test(jsonw, largest_number_and_deep_nesting)
{
	struct buf out = { 0 };
	struct jsonw w;

	jsonw_init(&w, &out);
	for (unsigned i = 0; i < JSONW_DEPTH_MAX; i++)
		jsonw_array(&w, NULL);
	jsonw_u64(&w, NULL, UINT64_MAX);
	jsonw_hex(&w, NULL, UINT64_MAX);
	for (unsigned i = 0; i < JSONW_DEPTH_MAX; i++)
		jsonw_array_end(&w);
	jsonw_end(&w);
	cr_assert_not_null(strstr(buf_str(&out), "18446744073709551615,"));
	cr_assert_not_null(strstr(buf_str(&out), "\"0xffffffffffffffff\""));
	buf_free(&out);
}
