/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A value of the rule language. */
#ifndef SPECS_VALUE_H
#define SPECS_VALUE_H

#include "emu/base/regions.h"

enum value_type { VALUE_INT, VALUE_BOOL, VALUE_STRING, VALUE_SET };

extern const char *const value_type_names[]; /* "integer", "boolean", "string", "set" */

struct value {
	enum value_type type;
	union {
		uint64_t n;         /* VALUE_INT, and VALUE_BOOL as 0 or 1 */
		const char *s;      /* VALUE_STRING, borrowed */
		struct regions set; /* VALUE_SET, owned; the regions' values do not matter */
	};
};

#endif
