/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --efi-vars: what a file of variables may say, and where it is told to be wrong. */
#include <criterion/criterion.h>

#include "tools/efi_vars_file.h"

static int parse(const char *text, struct efi_preset **vars, size_t *count, struct diag *diag)
{
	const struct bytes bytes = { (const uint8_t *)text, strlen(text) };

	*diag = (struct diag){ 0 };
	return efi_vars_file_parse("vars.json", bytes, vars, count, diag);
}

Test(efi_vars, global_variable_with_everything_else_left_out)
{
	/* UEFI 2.10, 3.3: EFI_GLOBAL_VARIABLE, 8be4df61-93ca-11d2-aa0d-00e098032b8c, first three groups little-endian */
	static const uint8_t global[16] = { 0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93, 0xd2, 0x11,
					    0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c };
	struct efi_preset *vars;
	struct diag diag;
	size_t count;

	cr_assert(!parse("{\"variables\":[{\"name\":\"BootNext\",\"data\":\"0a1F\"}]}", &vars,
			 &count, &diag),
		  "%s", diag.text);
	cr_assert(count == 1);
	cr_expect(strcmp(vars[0].name, "BootNext") == 0);
	cr_expect(memcmp(vars[0].guid, global, sizeof(global)) == 0);
	cr_expect(vars[0].attributes == 7);
	cr_assert(vars[0].data.len == 2);
	cr_expect(vars[0].data.data[0] == 0x0a && vars[0].data.data[1] == 0x1f);
	efi_vars_free(vars, count);
}

Test(efi_vars, guid_and_attributes)
{
	static const uint8_t guid[16] = { 0x3c, 0x2b, 0x1a, 0x00, 0x5e, 0x4d, 0x70, 0x6f,
					  0x81, 0x92, 0xa3, 0xb4, 0xc5, 0xd6, 0xe7, 0xf8 };
	struct efi_preset *vars;
	struct diag diag;
	size_t count;

	cr_assert(
		!parse("{\"variables\":[{\"name\":\"x\",\"guid\":\"001a2b3c-4d5e-6f70-8192-a3b4c5d6e7f8\",\"attributes\":\"0x6\"}]}",
		       &vars, &count, &diag),
		"%s", diag.text);
	cr_expect(memcmp(vars[0].guid, guid, sizeof(guid)) == 0);
	cr_expect(vars[0].attributes == 6);
	cr_expect(vars[0].data.len == 0);
	efi_vars_free(vars, count);
}

static void refused(const char *text, const char *message)
{
	struct efi_preset *vars;
	struct diag diag;
	size_t count;

	cr_assert(parse(text, &vars, &count, &diag) < 0, "%s was taken", text);
	cr_expect(strstr(diag.text, message), "'%s' does not say '%s'", diag.text, message);
}

Test(efi_vars, mistakes_are_told_by_line_and_column)
{
	refused("{}", "\"variables\" is missing");
	refused("{\"variables\":{}}", "expected an array of variables");
	refused("{\"variables\":[7]}", "expected an object");
	refused("{\"variables\":[{}]}", "expected a \"name\"");
	refused("{\"variables\":[{\"name\":\"x\",\"guid\":\"8be4df61\"}]}", "expected a GUID");
	refused("{\"variables\":[{\"name\":\"x\",\"guid\":\"8be4df6193-ca-11d2-aa0d-00e098032b8c\"}]}",
		"expected a GUID");
	refused("{\"variables\":[{\"name\":\"x\",\"data\":\"012\"}]}", "hex digits, two a byte");
	refused("{\"variables\":[{\"name\":\"x\",\"data\":\"0g\"}]}", "hex digits, two a byte");
	refused("{\"variables\":[{\"name\":\"x\",\"attributes\":-1}]}", "expected a number");
}
