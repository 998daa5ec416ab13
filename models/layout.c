/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Free guest RAM as the platform's E820 map names it, and first-fit searches in it from both ends. */
#include "models/layout.h"

#include <errno.h>

#define LOW_RESERVED 0x1000ull /* interrupt vectors and BIOS data area */

static bool entry_wraps(const struct e820_entry *e)
{
	return e->size != 0 && e->addr + (e->size - 1) < e->addr;
}

int layout_init(struct layout *l, const struct platform *platform, struct diag *diag)
{
	int ret = 0;

	*l = (struct layout){ 0 };
	for (unsigned i = 0; i < platform->e820_count && ret == 0; i++)
		if (entry_wraps(&platform->e820[i]))
			return diag_set(diag, -EINVAL,
					"E820 entry %u passes the end of the address space", i);
	for (unsigned i = 0; i < platform->e820_count && ret == 0; i++)
		if (platform->e820[i].type == E820_RAM)
			ret = regions_set(&l->free, platform->e820[i].addr, platform->e820[i].size,
					  0);
	for (unsigned i = 0; i < platform->e820_count && ret == 0; i++)
		if (platform->e820[i].type != E820_RAM)
			ret = regions_remove(&l->free, platform->e820[i].addr,
					     platform->e820[i].size);
	if (ret == 0)
		ret = regions_remove(&l->free, 0, LOW_RESERVED);
	if (ret < 0) {
		layout_release(l);
		return diag_set(diag, ret, "out of memory");
	}
	return 0;
}

void layout_release(struct layout *l)
{
	if (l)
		regions_free(&l->free);
}

bool layout_is_free(const struct layout *l, gpa_t gpa, uint64_t size)
{
	return size <= UINT64_MAX - gpa && regions_cover(&l->free, gpa, size);
}

/* The part of @r in [min, end) as start and byte count; false when there is none. */
static bool region_clip(const struct region *r, gpa_t min, uint64_t end, gpa_t *ret_start,
			uint64_t *ret_size)
{
	gpa_t start = r->start > min ? r->start : min;
	gpa_t last = r->last;

	if (end == 0 || start > last || start >= end)
		return false;
	if (last > end - 1)
		last = end - 1;
	*ret_start = start;
	*ret_size = last - start < UINT64_MAX ? last - start + 1 : UINT64_MAX;
	return true;
}

bool layout_lowest(const struct layout *l, uint64_t size, uint64_t align, gpa_t min, uint64_t end,
		   gpa_t *ret_gpa)
{
	for (size_t i = 0; i < l->free.count; i++) {
		gpa_t start, at;
		uint64_t room;

		if (!region_clip(&l->free.items[i], min, end, &start, &room))
			continue;
		if (start > UINT64_MAX - (align - 1))
			continue;
		at = ALIGN_UP(start, align);
		if (at - start < room && room - (at - start) >= size) {
			*ret_gpa = at;
			return true;
		}
	}
	return false;
}

bool layout_highest(const struct layout *l, uint64_t size, uint64_t align, gpa_t min, uint64_t end,
		    gpa_t *ret_gpa)
{
	for (size_t i = l->free.count; i-- > 0;) {
		gpa_t start, at;
		uint64_t room;

		if (!region_clip(&l->free.items[i], min, end, &start, &room) || room < size)
			continue;
		at = ALIGN_DOWN(start + (room - size), align);
		if (at >= start) {
			*ret_gpa = at;
			return true;
		}
	}
	return false;
}

int layout_take(struct layout *l, gpa_t gpa, uint64_t size)
{
	return regions_remove(&l->free, gpa, size);
}

uint64_t layout_largest(const struct layout *l, gpa_t min, uint64_t end)
{
	uint64_t largest = 0;

	for (size_t i = 0; i < l->free.count; i++) {
		gpa_t start;
		uint64_t room;

		if (region_clip(&l->free.items[i], min, end, &start, &room) && room > largest)
			largest = room;
	}
	return largest;
}

static int take_found(struct layout *l, bool found, const char *what, uint64_t size, gpa_t gpa,
		      gpa_t min, uint64_t end, gpa_t *ret_gpa, struct diag *diag)
{
	int ret;

	if (!found)
		return diag_set(
			diag, -EINVAL,
			"memory is too small: the %s takes 0x%llx bytes, and the largest free piece of RAM from 0x%llx up is 0x%llx bytes",
			what, (unsigned long long)size, (unsigned long long)min,
			(unsigned long long)layout_largest(l, min, end));
	ret = layout_take(l, gpa, size);
	if (ret < 0)
		return diag_set(diag, ret, "out of memory");
	*ret_gpa = gpa;
	return 0;
}

int layout_take_lowest(struct layout *l, const char *what, uint64_t size, uint64_t align, gpa_t min,
		       uint64_t end, gpa_t *ret_gpa, struct diag *diag)
{
	gpa_t gpa = 0;
	bool found = layout_lowest(l, size, align, min, end, &gpa);

	return take_found(l, found, what, size, gpa, min, end, ret_gpa, diag);
}

int layout_take_highest(struct layout *l, const char *what, uint64_t size, uint64_t align,
			gpa_t min, uint64_t end, gpa_t *ret_gpa, struct diag *diag)
{
	gpa_t gpa = 0;
	bool found = layout_highest(l, size, align, min, end, &gpa);

	return take_found(l, found, what, size, gpa, min, end, ret_gpa, diag);
}

uint64_t layout_ram_end(const struct platform *platform)
{
	uint64_t end = 0;

	for (unsigned i = 0; i < platform->e820_count; i++) {
		const struct e820_entry *e = &platform->e820[i];

		if (e->type == E820_RAM && !entry_wraps(e) && e->addr + e->size > end)
			end = e->addr + e->size;
	}
	return end;
}
