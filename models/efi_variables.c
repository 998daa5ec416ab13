/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The variable store and its services. UEFI 2.10, 8.2 "Variable Services", 3.3 "Globally Defined Variables". */
#include "models/efi_variables.h"

#include "models/efi.h"

/* --- the store --- */

static size_t name_length(const uint16_t *name)
{
	size_t n = 0;

	while (n < EFI_VARIABLE_NAME_MAX && name[n])
		n++;
	return n;
}

static bool names_equal(const uint16_t *a, const uint16_t *b)
{
	size_t n = name_length(a);

	return n == name_length(b) && memcmp(a, b, n * sizeof(*a)) == 0;
}

struct efi_variable *efi_variable_find(struct efi_variables *v, const uint16_t *name,
				       const struct efi_guid *guid)
{
	for (uint32_t i = 0; i < v->count; i++) {
		struct efi_variable *var = &v->items[i];

		if (efi_guid_equal(&var->guid, guid) && names_equal(var->name, name))
			return var;
	}
	return NULL;
}

/* Data lie without gaps, so those behind move down. */
static void variable_remove(struct efi_variables *v, struct efi_variable *var)
{
	uint32_t at = (uint32_t)(var - v->items), size = var->size, offset = var->offset;

	memmove(v->store + offset, v->store + offset + size, v->used - offset - size);
	v->used -= size;
	v->count--;
	memmove(var, var + 1, (v->count - at) * sizeof(*var));
	for (uint32_t i = at; i < v->count; i++)
		v->items[i].offset -= size;
}

efi_status_t efi_variable_set(struct efi_variables *v, const uint16_t *name,
			      const struct efi_guid *guid, uint32_t attributes, const void *data,
			      size_t len)
{
	struct efi_variable *old = efi_variable_find(v, name, guid), *var;
	uint32_t free = EFI_VARIABLE_STORE_MAX - v->used + (old ? old->size : 0);
	size_t chars = name_length(name);

	if (chars == EFI_VARIABLE_NAME_MAX || len > free ||
	    (!old && len && v->count == EFI_VARIABLES_MAX))
		return EFI_OUT_OF_RESOURCES;
	if (old)
		variable_remove(v, old);
	if (len == 0)
		return EFI_SUCCESS;
	var = &v->items[v->count++];
	*var = (struct efi_variable){
		.guid = *guid, .attributes = attributes, .offset = v->used, .size = (uint32_t)len
	};
	memcpy(var->name, name, chars * sizeof(*name));
	memcpy(v->store + v->used, data, len);
	v->used += (uint32_t)len;
	return EFI_SUCCESS;
}

static void variable_preset(struct efi_variables *v, const char *name, const struct efi_guid *guid,
			    uint32_t attributes, const void *data, size_t len)
{
	uint16_t wide[EFI_VARIABLE_NAME_MAX] = { 0 };

	for (size_t i = 0; name[i] && i + 1 < EFI_VARIABLE_NAME_MAX; i++)
		wide[i] = (uint8_t)name[i];
	efi_variable_set(v, wide, guid, attributes, data, len);
}

#define BOOT    EFI_VARIABLE_BOOT
#define RUNTIME (EFI_VARIABLE_BOOT | EFI_VARIABLE_RUNTIME)
#define STORED  (EFI_VARIABLE_NON_VOLATILE | RUNTIME)

/* 3.3, table 3.1: a platform that has Secure Boot and has it off, in user mode, and boots its first entry. */
static const struct {
	const char *name;
	uint32_t attributes;
	uint8_t size;
	uint8_t data[4];
} global_variables[] = {
	{ "SecureBoot", RUNTIME, 1, { 0 } },       { "SetupMode", RUNTIME, 1, { 1 } },
	{ "BootCurrent", RUNTIME, 2, { 0, 0 } },   { "BootOrder", STORED, 2, { 0, 0 } },
	{ "Timeout", STORED, 2, { 0, 0 } },        { "PlatformLang", STORED, 3, "en" },
	{ "PlatformLangCodes", RUNTIME, 3, "en" },
};

void efi_variables_init(struct efi_variables *v, const struct platform *platform)
{
	const struct efi_guid *global = efi_guid(EFI_GUID_GLOBAL_VARIABLE);

	for (size_t i = 0; i < ARRAY_SIZE(global_variables); i++)
		variable_preset(v, global_variables[i].name, global, global_variables[i].attributes,
				global_variables[i].data, global_variables[i].size);
	for (size_t i = 0; i < platform->efi_vars_count; i++) {
		const struct efi_preset *p = &platform->efi_vars[i];
		struct efi_guid guid;

		memcpy(guid.b, p->guid, sizeof(guid.b));
		variable_preset(v, p->name, &guid, p->attributes, p->data.data, p->data.len);
	}
}

/* --- services --- */

/* After ExitBootServices() only what says so is there. */
static bool is_visible(const struct efi_call *c, const struct efi_variable *v)
{
	return !c->efi->state.exited || (v->attributes & EFI_VARIABLE_RUNTIME);
}

/* Arguments: name, GUID, attributes, data size, data. */
uint64_t efi_get_variable(struct efi_call *c)
{
	struct efi_variables *vars = &c->efi->state.variables;
	uint16_t name[EFI_VARIABLE_NAME_MAX];
	const struct efi_variable *v;
	struct efi_guid guid;
	uint64_t size;
	int len;

	if (!c->arg[0] || !c->arg[1] || !c->arg[3] || !efi_read_guid(c, c->arg[1], &guid) ||
	    !efi_read_u64(c, c->arg[3], &size) || !efi_reachable(c, c->arg[3], 8, true))
		return EFI_INVALID_PARAMETER;
	len = efi_read_text(c, c->arg[0], name, ARRAY_SIZE(name));
	/* A name that is too long for any variable is one that is not there. */
	if (len <= 0)
		return len < 0 && (c->flags & EFI_CALL_POINTER) ? EFI_INVALID_PARAMETER :
								  EFI_NOT_FOUND;
	v = efi_variable_find(vars, name, &guid);
	if (!v || !is_visible(c, v))
		return EFI_NOT_FOUND;
	efi_write_u64(c, c->arg[3], v->size);
	if (c->arg[2] && !efi_write_u32(c, c->arg[2], v->attributes))
		return EFI_INVALID_PARAMETER;
	if (size < v->size)
		return EFI_BUFFER_TOO_SMALL;
	if (!c->arg[4] || !efi_write(c, c->arg[4], vars->store + v->offset, v->size))
		return EFI_INVALID_PARAMETER;
	return EFI_SUCCESS;
}

/* Arguments: size of the name's buffer, name, GUID; an empty name asks for the first. */
uint64_t efi_get_next_variable(struct efi_call *c)
{
	struct efi_variables *vars = &c->efi->state.variables;
	uint16_t name[EFI_VARIABLE_NAME_MAX];
	const struct efi_variable *v;
	struct efi_guid guid;
	uint64_t size, need;
	uint32_t at = 0;
	int len;

	if (!c->arg[0] || !c->arg[1] || !c->arg[2] || !efi_read_u64(c, c->arg[0], &size) ||
	    !efi_reachable(c, c->arg[0], 8, true) || !efi_read_guid(c, c->arg[2], &guid) ||
	    !efi_reachable(c, c->arg[2], sizeof(guid), true))
		return EFI_INVALID_PARAMETER;
	len = efi_read_text(c, c->arg[1], name, ARRAY_SIZE(name));
	if (len < 0)
		return EFI_INVALID_PARAMETER;
	if (len > 0) {
		v = efi_variable_find(vars, name, &guid);
		if (!v)
			return EFI_INVALID_PARAMETER;
		at = (uint32_t)(v - vars->items) + 1;
	}
	while (at < vars->count && !is_visible(c, &vars->items[at]))
		at++;
	if (at == vars->count)
		return EFI_NOT_FOUND;
	v = &vars->items[at];
	need = 2 * (name_length(v->name) + 1);
	efi_write_u64(c, c->arg[0], need);
	if (size < need)
		return EFI_BUFFER_TOO_SMALL;
	if (!efi_write(c, c->arg[1], v->name, need))
		return EFI_INVALID_PARAMETER;
	efi_write(c, c->arg[2], v->guid.b, sizeof(v->guid.b));
	return EFI_SUCCESS;
}

/* Hardware error records, authenticated writes, enhanced authentication: this store has none of them. */
#define VARIABLE_APPEND BIT(6)
#define VARIABLE_KNOWN  (STORED | VARIABLE_APPEND)

static bool attributes_sound(uint32_t a)
{
	return !(a & EFI_VARIABLE_RUNTIME) || (a & EFI_VARIABLE_BOOT);
}

/* 3.3: these are the firmware's to say. */
static bool is_read_only(const struct efi_variable *v)
{
	return v && efi_guid_equal(&v->guid, efi_guid(EFI_GUID_GLOBAL_VARIABLE)) &&
	       v->attributes == RUNTIME;
}

static efi_status_t set_checked(struct efi_call *c, const uint16_t *name,
				const struct efi_guid *guid, uint32_t attributes, uint8_t *data,
				size_t len)
{
	struct efi_variables *vars = &c->efi->state.variables;
	struct efi_variable *old = efi_variable_find(vars, name, guid);
	uint8_t *joined = data;
	bool append = attributes & VARIABLE_APPEND;

	attributes &= ~VARIABLE_APPEND;
	if (is_read_only(old))
		return EFI_WRITE_PROTECTED;
	if (old && !is_visible(c, old))
		return EFI_NOT_FOUND;
	if (len == 0 || !(attributes & RUNTIME)) {
		if (append)
			return EFI_SUCCESS;
		return old ? efi_variable_set(vars, name, guid, 0, NULL, 0) : EFI_NOT_FOUND;
	}
	if (c->efi->state.exited && (attributes & STORED) != STORED)
		return EFI_INVALID_PARAMETER;
	if (old && old->attributes != attributes)
		return EFI_INVALID_PARAMETER;
	if (old && append) {
		if (len > EFI_VARIABLE_STORE_MAX - old->size)
			return EFI_OUT_OF_RESOURCES;
		/* The buffer has room for the largest variable twice. */
		memmove(data + old->size, data, len);
		memcpy(data, vars->store + old->offset, old->size);
		len += old->size;
	}
	return efi_variable_set(vars, name, guid, attributes, joined, len);
}

/* Arguments: name, GUID, attributes, data size, data. */
uint64_t efi_set_variable(struct efi_call *c)
{
	uint16_t name[EFI_VARIABLE_NAME_MAX];
	uint32_t attributes = (uint32_t)c->arg[2];
	uint8_t data[2 * EFI_VARIABLE_STORE_MAX];
	struct efi_guid guid;

	if (!c->arg[0] || !c->arg[1] || !efi_read_guid(c, c->arg[1], &guid) ||
	    !attributes_sound(attributes) || (c->arg[3] && !c->arg[4]))
		return EFI_INVALID_PARAMETER;
	if (attributes & ~VARIABLE_KNOWN)
		return EFI_UNSUPPORTED;
	if (efi_read_text(c, c->arg[0], name, ARRAY_SIZE(name)) <= 0)
		return EFI_INVALID_PARAMETER;
	if (c->arg[3] > EFI_VARIABLE_STORE_MAX)
		return EFI_OUT_OF_RESOURCES;
	if (!efi_read(c, c->arg[4], data, c->arg[3]))
		return EFI_INVALID_PARAMETER;
	return set_checked(c, name, &guid, attributes, data, c->arg[3]);
}

/* Arguments: attributes, maximum storage, remaining storage, maximum size of a variable. */
uint64_t efi_query_variable_info(struct efi_call *c)
{
	const struct efi_variables *vars = &c->efi->state.variables;
	uint32_t attributes = (uint32_t)c->arg[0];

	if (!(attributes & RUNTIME) || !attributes_sound(attributes) || !c->arg[1] || !c->arg[2] ||
	    !c->arg[3])
		return EFI_INVALID_PARAMETER;
	if (attributes & ~STORED)
		return EFI_UNSUPPORTED;
	if (!efi_write_u64(c, c->arg[1], EFI_VARIABLE_STORE_MAX) ||
	    !efi_write_u64(c, c->arg[2], EFI_VARIABLE_STORE_MAX - vars->used) ||
	    !efi_write_u64(c, c->arg[3], EFI_VARIABLE_STORE_MAX))
		return EFI_INVALID_PARAMETER;
	return EFI_SUCCESS;
}
