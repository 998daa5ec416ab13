/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The digest of a run: equal digests mean equal runs. */
#include "loaders/file_tree.h"
#include "tools/run_impl.h"

static void digest_state(struct digest *d, const struct cpu_state *s)
{
	for (size_t i = 0; i < reg_info_count; i++)
		digest_u64(d, reg_get(s, &reg_infos[i]));
	for (unsigned i = 0; i < SEG_COUNT; i++) {
		digest_u64(d, s->seg[i].selector);
		digest_u64(d, s->seg[i].base);
		digest_u64(d, s->seg[i].limit);
		digest_u64(d, s->seg[i].attr);
	}
	digest_u64(d, s->gdtr.base);
	digest_u64(d, s->gdtr.limit);
	digest_u64(d, s->idtr.base);
	digest_u64(d, s->idtr.limit);
}

/* Everything that went in and what became of it; the order is part of the product's contract. */
void run_digest(struct run *r)
{
	const struct run_options *o = r->options;
	struct report_path *ret = r->ret;
	struct digest *d = digest_create();
	char hex[DIGEST_HEX_SIZE];

	if (!d)
		return;
	digest_str(d, r->image->sha256);
	digest_str(d, ret->path->name);
	digest_str(d, ret->variant->name);
	digest_u64(d, o->memory);
	digest_str(d, o->cmdline);
	digest_u64(d, o->initrd.len);
	digest_add(d, o->initrd.data, o->initrd.len);
	digest_u64(d, o->cpu);
	digest_u64(d, o->seed);
	if (o->disk.len) {
		digest_u64(d, o->disk.len);
		digest_add(d, o->disk.data, o->disk.len);
	}
	if (o->keys)
		digest_str(d, o->keys);
	if (o->bios_quirks)
		digest_u64(d, o->bios_quirks);
	for (size_t i = 0; i < o->efi_map_count; i++) {
		digest_u64(d, o->efi_map[i].type);
		digest_u64(d, o->efi_map[i].start);
		digest_u64(d, o->efi_map[i].pages);
		digest_u64(d, o->efi_map[i].attr);
	}
	if (o->efi_nx)
		digest_str(d, "efi-nx");
	for (size_t i = 0; i < o->efi_vars_count; i++) {
		digest_str(d, o->efi_vars[i].name);
		digest_add(d, o->efi_vars[i].guid, sizeof(o->efi_vars[i].guid));
		digest_u64(d, o->efi_vars[i].attributes);
		digest_u64(d, o->efi_vars[i].data.len);
		digest_add(d, o->efi_vars[i].data.data, o->efi_vars[i].data.len);
	}
	if (o->esp)
		digest_str(d, o->esp->digest);
	if (o->gop_width)
		digest_u64(d, (uint64_t)o->gop_width << 16 | o->gop_height);
	for (size_t i = 0; i < ret->handover_count; i++) {
		digest_u64(d, ret->handovers[i].point);
		digest_str(d, ret->handovers[i].symbol);
		digest_u64(d, ret->handovers[i].instructions);
		digest_state(d, &ret->handovers[i].cpu);
	}
	digest_u64(d, ret->stop.kind);
	machine_digest(r->machine, hex);
	digest_str(d, hex);
	digest_hex(d, ret->digest);
	digest_destroy(d);
}
