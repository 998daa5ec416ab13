/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The image that tests/guest/efi/images.c loads: the first letter of its load options says how it ends. */
#define GNU_EFI_USE_MS_ABI 1
#include <efi.h>

static CHAR16 farewell[] = L"farewell";

EFI_STATUS EFIAPI guest_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *st);

static EFI_STATUS EFIAPI unload(EFI_HANDLE image)
{
	return EFI_SUCCESS;
}

/* Registers that the callee must keep: filled, so that the firmware has to restore the caller's. */
static void spoil_registers(void)
{
	__asm__ volatile(
		"xorl %%ebx, %%ebx; xorl %%esi, %%esi; xorl %%edi, %%edi; xorl %%r12d, %%r12d;"
		"xorl %%r13d, %%r13d; xorl %%r14d, %%r14d; xorl %%r15d, %%r15d" ::
			: "rbx", "rsi", "rdi", "r12", "r13", "r14", "r15");
}

__attribute__((section(".text.main"))) EFI_STATUS EFIAPI guest_main(EFI_HANDLE image,
								    EFI_SYSTEM_TABLE *st)
{
	EFI_GUID loaded_image = EFI_LOADED_IMAGE_PROTOCOL_GUID;
	EFI_LOADED_IMAGE *self = NULL;
	CHAR16 *data = NULL;
	CHAR16 how;

	if (st->BootServices->HandleProtocol(image, &loaded_image, (VOID **)&self) ||
	    self->LoadOptionsSize < 2)
		return EFI_NOT_STARTED;
	how = *(CHAR16 *)self->LoadOptions;
	spoil_registers();
	if (how == 'x') {
		st->BootServices->AllocatePool(EfiBootServicesData, sizeof(farewell),
					       (VOID **)&data);
		st->BootServices->CopyMem(data, farewell, sizeof(farewell));
		st->BootServices->Exit(image, EFI_ABORTED, sizeof(farewell), data);
		return EFI_SUCCESS;
	}
	if (how == 'w')
		st->BootServices->Exit(self->ParentHandle, EFI_SUCCESS, 0, NULL);
	if (how == 'u')
		self->Unload = unload;
	return how == 'e' ? EFI_DEVICE_ERROR : EFI_SUCCESS;
}
