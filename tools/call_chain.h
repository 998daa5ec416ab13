/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who called whom until a run came to a place: told by a second run that stops there and is recorded. */
#ifndef TOOLS_CALL_CHAIN_H
#define TOOLS_CALL_CHAIN_H

#include "tools/cover_forbid.h"

/*
 * Run path number @path of @c again up to the first block in a range of
 * @hit->rule, and fill in where that was and the chain of calls. -ENOMEM.
 */
int call_chain(const struct cover *c, size_t path, const struct run_options *options,
	       struct forbid_hit *hit);

#endif
