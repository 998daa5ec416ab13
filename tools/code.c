/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading code in guest memory, through paging. */
#include "tools/code.h"

#include "emu/paging.h"

size_t code_read(const struct cpu_state *cpu, const struct mem_reader *mem, gva_t va, void *data,
		 size_t len)
{
	uint8_t *to = data;
	size_t got = 0;

	while (got < len) {
		uint64_t in_page = GUEST_PAGE_SIZE - ((va + got) & ~GUEST_PAGE_MASK);
		size_t n = len - got < in_page ? len - got : (size_t)in_page;
		struct page_walk walk;

		if (!page_walk(cpu, mem, va + got, &walk) ||
		    mem_reader_read(mem, walk.gpa, to + got, n))
			break;
		got += n;
	}
	return got;
}
