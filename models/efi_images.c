/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loading, starting and ending further images. UEFI 2.10, 7.4 "Image Services". */
#include <stdlib.h>

#include "loaders/file_tree.h"
#include "loaders/pe.h"
#include "models/efi.h"
#include "models/efi_files.h"
#include "models/sod.h"

/* What LoadImage() has found out before it takes memory. */
struct loading {
	struct bytes file;
	uint8_t *copy; /* of the guest's buffer; NULL: the file lies on the partition */
	uint8_t path[EFI_DEVICE_PATH_MAX];
	size_t path_len;   /* 0: none was given */
	size_t device_len; /* of the part of it that is a device */
	gpa_t device;
	char name[FILE_NAME_MAX + 1];
	struct pe_facts pe;
};

static struct efi_image_state *image_find(struct efi *efi, gpa_t handle)
{
	for (unsigned i = 0; handle && i < EFI_IMAGES_MAX; i++)
		if (efi->state.images[i].handle == handle)
			return &efi->state.images[i];
	return NULL;
}

/* Table 7-7: what the image's memory is called, by its subsystem. */
static bool image_types(uint16_t subsystem, uint32_t *ret_code, uint32_t *ret_data)
{
	switch (subsystem) {
	case PE_SUBSYSTEM_EFI_APPLICATION:
		*ret_code = EFI_LOADER_CODE;
		*ret_data = EFI_LOADER_DATA;
		return true;
	case PE_SUBSYSTEM_EFI_BOOT_DRIVER:
		*ret_code = EFI_BOOT_SERVICES_CODE;
		*ret_data = EFI_BOOT_SERVICES_DATA;
		return true;
	case PE_SUBSYSTEM_EFI_RUNTIME_DRIVER:
		*ret_code = EFI_RUNTIME_SERVICES_CODE;
		*ret_data = EFI_RUNTIME_SERVICES_DATA;
		return true;
	default: return false;
	}
}

/* The last part of the path's last file name, as reports call the image. */
static void loading_name(struct loading *l)
{
	size_t n = 0, at = l->device_len;

	while (at + 4 <= l->path_len && l->path[at] == EFI_DP_MEDIA) {
		size_t size = get_le16(l->path + at + 2);

		n = 0;
		for (size_t i = 4; i + 2 <= size && get_le16(l->path + at + i); i += 2) {
			uint16_t c = get_le16(l->path + at + i);

			if (c == '\\')
				n = 0;
			else if (n + 1 < sizeof(l->name))
				l->name[n++] = c > 0x20 && c < 0x7f ? (char)c : '?';
		}
		at += size;
	}
	l->name[n] = '\0';
}

static efi_status_t loading_buffer(struct efi_call *c, struct loading *l)
{
	uint64_t size = c->arg[4];

	if (!size)
		return EFI_LOAD_ERROR;
	if (!efi_reachable(c, c->arg[3], size, false))
		return EFI_INVALID_PARAMETER;
	l->copy = malloc(size);
	if (!l->copy)
		return EFI_OUT_OF_RESOURCES;
	efi_read(c, c->arg[3], l->copy, size);
	l->file = (struct bytes){ l->copy, size };
	return EFI_SUCCESS;
}

static efi_status_t loading_read(struct efi_call *c, struct loading *l)
{
	const struct file_tree *tree = c->efi->platform->esp;
	uint32_t node = FILE_NODE_NONE;

	if (!c->arg[3] && !c->arg[2])
		return EFI_NOT_FOUND;
	if (c->arg[2]) {
		l->path_len = efi_read_device_path(c, c->arg[2], l->path, sizeof(l->path));
		if (!l->path_len)
			return EFI_INVALID_PARAMETER;
		node = efi_files_locate(c->efi, l->path, l->path_len, &l->device_len);
		if (l->device_len)
			l->device = c->efi->state.files.partition;
		loading_name(l);
	}
	if (c->arg[3])
		return loading_buffer(c, l);
	if (node == FILE_NODE_NONE || tree->nodes[node].is_dir)
		return EFI_NOT_FOUND;
	l->file = tree->nodes[node].data;
	return EFI_SUCCESS;
}

/* edk2's order: ImageBase where the image was linked for one, else wherever there is room. */
static efi_status_t image_memory(struct efi_call *c, const struct pe_facts *pe, uint32_t type,
				 gpa_t *ret_gpa, uint64_t *ret_pages, gpa_t *ret_base)
{
	struct efi_memory *mem = &c->efi->state.memory;
	uint64_t align = pe->section_alignment > GUEST_PAGE_SIZE ? pe->section_alignment : 0;
	uint64_t pages = ALIGN_UP(pe->image_size, GUEST_PAGE_SIZE) / GUEST_PAGE_SIZE;
	gpa_t gpa = pe->image_base;
	efi_status_t status = EFI_NOT_FOUND;

	if (!(gpa & ~GUEST_PAGE_MASK) && (gpa >= MIB(1) || !pe_relocatable(pe)))
		status = efi_pages_allocate(mem, EFI_ALLOCATE_ADDRESS, type, pages, &gpa);
	if (status == EFI_SUCCESS) {
		*ret_base = gpa;
	} else {
		if (!pe_relocatable(pe))
			return EFI_LOAD_ERROR;
		/* A power of two was asked for by strict rules only. */
		if (align & (align - 1) || align > MIB(64))
			return EFI_UNSUPPORTED;
		pages += align / GUEST_PAGE_SIZE;
		status = efi_pages_allocate(mem, EFI_ALLOCATE_ANY, type, pages, &gpa);
		*ret_base = align ? ALIGN_UP(gpa, align) : gpa;
	}
	*ret_gpa = gpa;
	*ret_pages = pages;
	return status;
}

/* Memory that was used before is not zero, so zeros are written too. */
static int placements_store(struct machine *m, const struct placements *list)
{
	static const uint8_t zeros[4096];
	int r = 0;

	for (size_t i = 0; !r && i < list->count; i++) {
		const struct placement *p = &list->items[i];

		r = machine_write(m, p->gpa, p->data.data, p->data.len);
		for (uint64_t at = p->data.len; !r && at < p->size; at += sizeof(zeros)) {
			uint64_t left = p->size - at;

			r = machine_write(m, p->gpa + at, zeros,
					  left < sizeof(zeros) ? left : sizeof(zeros));
		}
	}
	return r;
}

static efi_status_t image_bytes(struct efi_call *c, const struct loading *l, gpa_t base)
{
	struct placements list = { 0 };
	int r = pe_load(l->file, &l->pe, base, PE_POISON_GAPS, l->name, &list, NULL);

	if (!r)
		r = placements_store(c->m, &list);
	placements_free(&list);
	return r ? EFI_LOAD_ERROR : EFI_SUCCESS;
}

/* 9.1.1 EFI_LOADED_IMAGE_PROTOCOL and 9.2.1, on a new handle. */
static efi_status_t image_install(struct efi_call *c, const struct loading *l,
				  struct efi_image_state *image, uint32_t code, uint32_t data)
{
	struct efi *efi = c->efi;
	uint8_t raw[EFI_LI_SIZE] = { 0 };
	efi_status_t status;

	if (l->path_len) {
		image->file_path = efi_pool_put(efi, c->m, EFI_BOOT_SERVICES_DATA,
						l->path + l->device_len,
						l->path_len - l->device_len);
		image->path = efi_pool_put(efi, c->m, EFI_BOOT_SERVICES_DATA, l->path, l->path_len);
		if (!image->file_path || !image->path)
			return EFI_OUT_OF_RESOURCES;
	}
	put_le32(raw + EFI_LI_REVISION, EFI_LOADED_IMAGE_REVISION);
	put_le64(raw + EFI_LI_PARENT, image->parent);
	put_le64(raw + EFI_LI_SYSTEM, efi->state.system_table);
	put_le64(raw + EFI_LI_DEVICE, l->device);
	put_le64(raw + EFI_LI_FILE_PATH, image->file_path);
	put_le64(raw + EFI_LI_BASE, image->base);
	put_le64(raw + EFI_LI_LEN, image->size);
	put_le32(raw + EFI_LI_CODE_TYPE, code);
	put_le32(raw + EFI_LI_DATA_TYPE, data);
	image->info = efi_pool_put(efi, c->m, EFI_BOOT_SERVICES_DATA, raw, sizeof(raw));
	if (!image->info)
		return EFI_OUT_OF_RESOURCES;
	status = efi_protocol_install(efi, &image->handle, efi_guid(EFI_GUID_LOADED_IMAGE),
				      image->info);
	if (status != EFI_SUCCESS)
		return status;
	return efi_protocol_install(efi, &image->handle,
				    efi_guid(EFI_GUID_LOADED_IMAGE_DEVICE_PATH), image->path);
}

/* Gives back all that the image has. */
static void image_free(struct efi_call *c, struct efi_image_state *image)
{
	struct efi *efi = c->efi;
	const gpa_t pool[] = { image->info, image->file_path, image->path };

	if (image->handle) {
		efi_protocol_uninstall(efi, image->handle, efi_guid(EFI_GUID_LOADED_IMAGE),
				       image->info);
		efi_protocol_uninstall(efi, image->handle,
				       efi_guid(EFI_GUID_LOADED_IMAGE_DEVICE_PATH), image->path);
	}
	for (size_t i = 0; i < ARRAY_SIZE(pool); i++)
		if (pool[i])
			efi_pool_free(&efi->state.memory, pool[i]);
	if (image->pages &&
	    efi_pages_free(&efi->state.memory, image->memory, image->pages) == EFI_SUCCESS)
		efi_type_protect(c, image->memory, image->pages, EFI_CONVENTIONAL_MEMORY);
	*image = (struct efi_image_state){ 0 };
}

static efi_status_t image_make(struct efi_call *c, struct loading *l, struct efi_image_state *image)
{
	struct efi_state *s = &c->efi->state;
	efi_status_t status;
	uint32_t code, data;
	gpa_t memory;
	uint64_t pages;

	if (!pe_read(l->file, &l->pe) || l->pe.problem[0])
		return EFI_LOAD_ERROR;
	if (l->pe.machine != PE_MACHINE_AMD64 || !image_types(l->pe.subsystem, &code, &data))
		return EFI_UNSUPPORTED;
	*image = (struct efi_image_state){
		.parent = c->arg[1],
		.size = l->pe.image_size,
		.subsystem = l->pe.subsystem,
	};
	status = image_memory(c, &l->pe, code, &memory, &pages, &image->base);
	if (status != EFI_SUCCESS)
		return status;
	image->memory = memory;
	image->pages = pages;
	image->entry = image->base + l->pe.entry;
	efi_type_protect(c, memory, pages, code);
	status = image_bytes(c, l, image->base);
	if (status == EFI_SUCCESS)
		status = image_install(c, l, image, code, data);
	if (status == EFI_SUCCESS && efi_cpu_image(c->m, &s->cpu, &l->pe, image->base) < 0)
		status = EFI_OUT_OF_RESOURCES;
	return status;
}

static void image_tell(struct efi_call *c, const struct loading *l,
		       const struct efi_image_state *image)
{
	const struct sod_listener *listen = &c->efi->listener;
	const struct sod_image told = {
		.id = image->handle, .name = l->name, .file = l->file, .entry = image->entry
	};

	if (listen->loaded)
		listen->loaded(c->m, &told, listen->arg);
}

/* Arguments: boot policy, parent, device path, source buffer, its size, new handle. */
uint64_t efi_load_image(struct efi_call *c)
{
	struct efi_image_state *image = NULL;
	struct loading *l;
	efi_status_t status;

	if (!c->arg[5] || !efi_reachable(c, c->arg[5], 8, true) || !c->arg[1] ||
	    !efi_protocol_find(c->efi, c->arg[1], efi_guid(EFI_GUID_LOADED_IMAGE)))
		return EFI_INVALID_PARAMETER;
	for (unsigned i = 0; !image && i < EFI_IMAGES_MAX; i++)
		if (!c->efi->state.images[i].handle)
			image = &c->efi->state.images[i];
	l = image ? calloc(1, sizeof(*l)) : NULL;
	if (!l)
		return EFI_OUT_OF_RESOURCES;
	status = loading_read(c, l);
	if (status == EFI_SUCCESS) {
		status = image_make(c, l, image);
		if (status == EFI_SUCCESS) {
			image_tell(c, l, image);
			efi_write_u64(c, c->arg[5], image->handle);
		} else {
			image_free(c, image);
		}
	}
	free(l->copy);
	free(l);
	return status;
}

/* Arguments: image, size of exit data, exit data. */
uint64_t efi_start_image(struct efi_call *c)
{
	struct efi_image_state *image = image_find(c->efi, c->arg[0]);
	const struct sod_listener *listen = &c->efi->listener;
	uint64_t args[4] = { c->arg[0], c->efi->state.system_table };
	efi_status_t status;

	if (!image || image->started)
		return EFI_INVALID_PARAMETER;
	status = efi_enter(c, EFI_FRAME_IMAGE, image->handle, image->entry, args, EFI_SUCCESS);
	if (status != EFI_SUCCESS)
		return status;
	image->started = 1;
	if (listen->started)
		listen->started(c->m, image->handle, listen->arg);
	return EFI_SUCCESS;
}

static struct efi_frame *image_frame(struct efi_state *s)
{
	for (uint32_t i = s->frame_count; i > 0; i--)
		if (s->frames[i - 1].kind == EFI_FRAME_IMAGE)
			return &s->frames[i - 1];
	return NULL;
}

/* The image on top is over: StartImage() returns to its caller. */
static void image_end(struct efi_call *c, uint64_t status, uint64_t exit_size, gva_t exit_data)
{
	struct efi_state *s = &c->efi->state;
	struct efi_frame *f = image_frame(s);
	struct efi_image_state *image = image_find(c->efi, f->value);

	/* Whatever the image itself had been called for is forgotten. */
	s->frame_count = (uint32_t)(f - s->frames) + 1;
	if (f->gpr[GPR_RDX])
		efi_write_u64(c, f->gpr[GPR_RDX], exit_size);
	if (f->gpr[GPR_RDX] && f->gpr[GPR_R8])
		efi_write_u64(c, f->gpr[GPR_R8], exit_data);
	/* 7.4.5: an application is unloaded, and so is a driver that failed. */
	if (image && (image->subsystem == PE_SUBSYSTEM_EFI_APPLICATION || status != EFI_SUCCESS))
		image_free(c, image);
	efi_leave(c, status);
}

static void image_last(struct efi_call *c, const char *how, uint64_t status)
{
	machine_stop(c->m, STOP_EXIT, "the image %s with status 0x%llx", how,
		     (unsigned long long)status);
}

/* Arguments: image, status, size of exit data, exit data. */
uint64_t efi_exit(struct efi_call *c)
{
	struct efi_state *s = &c->efi->state;
	struct efi_image_state *image = image_find(c->efi, c->arg[0]);
	const struct efi_frame *top = image_frame(s);

	if (image && !image->started) {
		image_free(c, image);
		return EFI_SUCCESS;
	}
	if (c->arg[0] != (top ? top->value : s->image_handle))
		return EFI_INVALID_PARAMETER;
	if (top)
		image_end(c, c->arg[1], c->arg[2], c->arg[3]);
	else
		image_last(c, "called Exit()", c->arg[1]);
	return c->arg[1];
}

uint64_t efi_image_returned(struct efi_call *c)
{
	struct efi_state *s = &c->efi->state;

	if (s->frame_count && s->frames[s->frame_count - 1].kind == EFI_FRAME_IMAGE) {
		image_end(c, c->cpu.gpr[GPR_RAX], 0, 0);
	} else {
		machine_event(c->m, EVENT_EFI_RETURN, EVENT_MODELLED, c->cpu.gpr[GPR_RAX], 0, 0);
		image_last(c, "returned to the firmware", c->cpu.gpr[GPR_RAX]);
	}
	return 0;
}

uint64_t efi_unload_image(struct efi_call *c)
{
	struct efi_image_state *image = image_find(c->efi, c->arg[0]);
	uint64_t args[4] = { c->arg[0] };
	gva_t unload;

	if (!image)
		return c->arg[0] && c->arg[0] == c->efi->state.image_handle ? EFI_UNSUPPORTED :
									      EFI_INVALID_PARAMETER;
	if (!image->started) {
		image_free(c, image);
		return EFI_SUCCESS;
	}
	if (!efi_read_u64(c, image->info + EFI_LI_UNLOAD, &unload) || !unload)
		return EFI_UNSUPPORTED;
	return efi_enter(c, EFI_FRAME_UNLOAD, image->handle, unload, args, EFI_SUCCESS);
}

void efi_unload_returned(struct efi_call *c)
{
	struct efi_state *s = &c->efi->state;
	uint64_t status = c->cpu.gpr[GPR_RAX];
	struct efi_image_state *image = image_find(c->efi, s->frames[s->frame_count - 1].value);

	if (image && status == EFI_SUCCESS)
		image_free(c, image);
	efi_leave(c, status);
}
