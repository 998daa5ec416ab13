/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU as a second opinion. */
#ifndef TESTS_ORACLE_QEMU_H
#define TESTS_ORACLE_QEMU_H

#include "emu/base/types.h"

/* The version that the figures in this folder come from. */
bool qemu_is_ours(void);

/*
 * Boots @kernel with @initrd under SeaBIOS and a VGA adapter on 512 MiB, and returns
 * the @size bytes at B8000h after some seconds. False when QEMU cannot be run.
 */
bool qemu_screen(const char *kernel, struct bytes initrd, uint8_t *ret_text, size_t size);

#endif
