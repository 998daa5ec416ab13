# SPDX-License-Identifier: GPL-2.0-or-later
# bootpath: the one Makefile. Everything that is built goes to o/MODE; nothing else is touched.
#
#   make                    o/opt/bootpath
#   make MODE=asan          o/asan/bootpath; MODE is opt (default), dbg, asan, cov or fuzz
#   make CC=clang V=1       another compiler, and every command shown
#   make WERROR=0           warnings stay warnings
#   make check [MODE=...]   install what is missing, build, run all tests

MAKEFLAGS += -rR
.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:
.DEFAULT_GOAL := all

VERSION := 0.1.0

MODE ?= opt
ifeq ($(filter $(MODE),opt dbg asan cov fuzz),)
$(error MODE=$(MODE) is not one of opt, dbg, asan, cov, fuzz)
endif
O := o/$(MODE)
DEPS ?= o/deps

PREFIX ?= /usr/local
DESTDIR ?=
prefix ?= $(PREFIX)

# -R keeps make from defining CC and AR; older versions do so all the same when it is set here.
ifneq ($(filter undefined default,$(origin CC)),)
CC := $(if $(filter fuzz,$(MODE)),clang,gcc)
endif
ifneq ($(filter undefined default,$(origin AR)),)
AR := ar
endif
LD ?= ld
ifneq ($(filter undefined default,$(origin LD)),)
LD := ld
endif
OBJCOPY ?= objcopy
PKG_CONFIG ?= pkg-config

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-8s%s\n'
endif

#
# Flags
#

MODE_CFLAGS.opt := -O2 -g
MODE_CFLAGS.dbg := -O0 -g3
MODE_CFLAGS.asan := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
MODE_CFLAGS.cov := -O0 -g --coverage
MODE_CFLAGS.fuzz := -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined

MODE_LDFLAGS.asan := -fsanitize=address,undefined
MODE_LDFLAGS.cov := --coverage
MODE_LDFLAGS.fuzz := -fsanitize=address,undefined

# What each of these finds is a real mistake. Left out on purpose: -Wconversion and -Wsign-compare (noise where
# guest facts of all widths meet), and the two that forbid unused hook parameters and short table rows.
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wmissing-declarations \
	-Wold-style-definition -Wnested-externs -Wredundant-decls -Wpointer-arith -Wvla -Wundef \
	-Wwrite-strings -Wformat=2 -Wswitch -Wimplicit-fallthrough -Walloca \
	-Wno-sign-compare -Wno-unused-parameter -Wno-missing-field-initializers
ifneq ($(findstring clang,$(CC)),)
WARN += -Wno-gnu-zero-variadic-macro-arguments
else
WARN += -Wlogical-op -Wduplicated-cond -Wtrampolines
endif
WERROR ?= 1
ifneq ($(WERROR),0)
WARN += -Werror
endif

CFLAGS ?=
CPPFLAGS ?=
LDFLAGS ?=

ALL_CPPFLAGS := -I. -I$(O) -D_GNU_SOURCE -DBOOTPATH_VERSION='"$(VERSION)"' $(CPPFLAGS)
ALL_CFLAGS := -std=gnu17 -fvisibility=hidden -fno-strict-aliasing -pthread $(MODE_CFLAGS.$(MODE)) $(WARN) $(CFLAGS)
ALL_LDFLAGS := -pthread $(MODE_LDFLAGS.$(MODE)) $(LDFLAGS)

#
# Libraries. Where a library has no pkg-config file its flag is written out.
#

PKGS := capstone libelf zlib liblzma liblz4 libzstd yaml-0.1 libxxhash nettle jansson
pc_cflags = $(shell $(PKG_CONFIG) --cflags $(1) 2>/dev/null)
pc_libs = $(shell $(PKG_CONFIG) --libs $(1) 2>/dev/null)

# libdw is optional: with it addresses become source lines.
HAVE_LIBDW := $(shell $(PKG_CONFIG) --exists libdw 2>/dev/null && echo 1)
ifeq ($(HAVE_LIBDW),1)
PKGS += libdw
ALL_CPPFLAGS += -DHAVE_LIBDW=1
endif

PKG_CFLAGS := $(subst -I/usr/include/,-isystem /usr/include/,$(call pc_cflags,$(PKGS)))
PKG_LIBS := $(call pc_libs,$(PKGS)) -lbz2 -llzo2 -lZydis -lZycore

# The engine: a private copy of the static libunicorn.a in which one function can be replaced, and five more that are wrapped;
# emu/uc_tlb.c holds the replacements and says why. tools/unicorn.sh finds the archive and refuses 2.0.x.
UNICORN_LIB := $(DEPS)/libunicorn.a
UNICORN_CPPFLAGS := -isystem $(DEPS)/unicorn/usr/include
comma := ,
UNICORN_LDFLAGS := $(if $(wildcard emu/uc_tlb.c),-Wl$(comma)--wrap=tlb_init_x86_64$(comma)--wrap=tlb_protect_code_x86_64$(comma)--wrap=tlb_reset_dirty_by_vaddr_x86_64$(comma)--wrap=cpu_loop_exit_noexc_x86_64$(comma)--wrap=tb_invalidate_phys_page_fast_x86_64$(comma)--wrap=tcg_tb_alloc_x86_64)

ALL_CPPFLAGS += $(UNICORN_CPPFLAGS) $(PKG_CFLAGS)

CRITERION_CFLAGS := $(call pc_cflags,criterion)
CRITERION_LIBS := $(or $(call pc_libs,criterion),-lcriterion)

#
# Sources
#

CMD_SRCS := $(wildcard tools/main.c tools/cmds.c tools/cmd_*.c)
LIB_SRCS := $(filter-out $(CMD_SRCS),$(wildcard emu/base/*.c emu/*.c loaders/*.c models/*.c specs/*.c tools/*.c))

obj = $(patsubst %.c,$(O)/obj/%.o,$(1))
LIB_OBJS := $(call obj,$(LIB_SRCS))
CMD_OBJS := $(call obj,$(CMD_SRCS))

LIB := $(O)/libbootpath.a
BIN := $(if $(wildcard tools/main.c),$(O)/bootpath)

# tests/lib holds what several test programs share; each folder below becomes one Criterion program.
TEST_LIB_SRCS := $(wildcard tests/lib/*.c)
UNIT_SRCS := $(wildcard tests/unit/*.c)
GUEST_SRCS := $(wildcard tests/guest/*.c)
KERNELS_SRCS := $(wildcard tests/kernels/*.c)
ORACLE_SRCS := $(wildcard tests/oracle/*.c)
MUTATION_SRCS := $(wildcard tests/mutation/*.c)
MUTANTS_SRCS := $(wildcard tests/mutants/*.c)
# Those of tests/lib that need no Criterion.
MUTANTS_LIB_SRCS := $(wildcard tests/lib/mutate.c tests/lib/check_bytes.c)
FUZZ_SRCS := $(wildcard tests/fuzz/*_fuzz.c)
TEST_SRCS := $(TEST_LIB_SRCS) $(UNIT_SRCS) $(GUEST_SRCS) $(KERNELS_SRCS) $(ORACLE_SRCS) $(MUTATION_SRCS) $(MUTANTS_SRCS)
TEST_OBJS := $(call obj,$(TEST_SRCS))
FUZZ_OBJS := $(call obj,$(FUZZ_SRCS))

TEST_BINS := $(if $(UNIT_SRCS),$(O)/tests/unit) $(if $(GUEST_SRCS),$(O)/tests/guest-test) \
	$(if $(KERNELS_SRCS),$(O)/tests/kernels-test) $(if $(ORACLE_SRCS),$(O)/tests/oracle-test) \
	$(if $(MUTATION_SRCS),$(O)/tests/mutation-test) $(if $(MUTANTS_SRCS),$(O)/tests/mutants-test)
GUEST_BINS := $(patsubst tests/guest/%.S,$(O)/tests/guest/%.bin,$(wildcard tests/guest/*.S))
EFI_GUESTS := $(patsubst tests/guest/%.c,$(O)/tests/guest/%.efi,$(wildcard tests/guest/efi/*.c))
FUZZ_BINS := $(patsubst tests/fuzz/%.c,$(O)/tests/fuzz/%,$(FUZZ_SRCS))
DEMO := $(if $(wildcard tests/demo/setup.S),$(O)/tests/demo.bzImage $(O)/tests/demo.vmlinux)
# A plugin for QEMU, which tells every instruction that it runs.
QEMU_PLUGIN := $(if $(wildcard tests/oracle/plugin/qemu_pcs.c),$(O)/tests/qemu_pcs.so)
MAN := $(patsubst man/%.scd,o/man/%,$(wildcard man/*.scd))

#
# Targets
#

.PHONY: all deps demo check check-built unit tests layers digests bench format man install clean fuzz fuzz-bins rebase help FORCE

all: $(LIB) $(BIN)

help:
	@sed -n 's/^#   //p' Makefile
	@echo 'targets: all deps demo check unit tests layers digests bench format man install fuzz rebase clean'

deps:
	$(Q)DEPS=$(DEPS) tools/deps.sh

# What deps installs changes what the lines above found, so these two read the Makefile once more.
demo: deps
	$(Q)$(MAKE) --no-print-directory all $(DEMO)
	$(Q)MODE=$(MODE) tools/demo.sh

check: deps
	$(Q)$(MAKE) --no-print-directory check-built

check-built: all tests
	$(Q)MODE=$(MODE) tests/run.sh

tests: $(TEST_BINS) $(GUEST_BINS) $(EFI_GUESTS) $(DEMO) $(QEMU_PLUGIN)

unit: $(if $(UNIT_SRCS),$(O)/tests/unit)
	$(Q)MODE=$(MODE) tests/run.sh unit

layers:
	$(Q)tools/layers.sh

# The same digests from three builds: the compiler and its options must not show in any result.
digests:
	$(Q)$(MAKE) --no-print-directory MODE=opt all $(patsubst $(O)/%,o/opt/%,$(DEMO))
	$(Q)$(MAKE) --no-print-directory MODE=opt CC=clang O=o/clang all
	$(Q)$(MAKE) --no-print-directory MODE=asan all
	$(Q)tests/kernels/digests.sh o/opt/bootpath o/clang/bootpath o/asan/bootpath

bench: all tests
	$(Q)set -e; for b in $(sort $(wildcard tests/bench/*.sh)); do MODE=$(MODE) $$b; done

format:
	$(Q)git ls-files -co --exclude-standard '*.c' '*.h' | xargs -r clang-format -i

man: $(MAN)

fuzz:
	$(Q)$(MAKE) --no-print-directory MODE=fuzz fuzz-bins
	$(Q)MODE=fuzz tools/fuzz.sh

fuzz-bins: $(FUZZ_BINS)

rebase: all tests
	$(Q)MODE=$(MODE) tools/rebase.sh

install: all man
	install -D -m 755 $(O)/bootpath $(DESTDIR)$(prefix)/bin/bootpath
	$(Q)set -e; for m in $(MAN); do \
		install -v -D -m 644 $$m $(DESTDIR)$(prefix)/share/man/man$${m##*.}/$${m##*/}; \
	done

# The fetched packages and kernels stay: they come from the network. `rm -rf o` removes them too.
clean:
	rm -rf o/opt o/clang o/dbg o/asan o/cov o/fuzz o/man

#
# Rules
#

# Objects depend on this file, which is rewritten only when the compiler or a flag changes.
FLAGS_NOW = $(shell $(CC) --version 2>/dev/null | head -n 1) $(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(UNICORN_LDFLAGS)
$(O)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' $(call shquote,$(FLAGS_NOW)) | cmp -s - $@ || printf '%s\n' $(call shquote,$(FLAGS_NOW)) >$@
shquote = '$(subst ','\'',$(1))'

$(O)/obj/%.o: %.c $(O)/flags Makefile
	$(say) CC $<
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(OBJ_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# The rule files are copied into this object.
$(O)/obj/specs/files.o: $(wildcard specs/*.yaml)

# Nothing compiles before the engine's header is there; a missing or wrong engine is one clear error.
$(LIB_OBJS) $(CMD_OBJS) $(TEST_OBJS) $(FUZZ_OBJS): | $(UNICORN_LIB)

$(TEST_OBJS): OBJ_CPPFLAGS := -DTEST_OUT='"$(O)"' $(CRITERION_CFLAGS)

$(UNICORN_LIB): tools/unicorn.sh $(wildcard $(DEPS)/unicorn/usr/lib/*/libunicorn.a)
	$(Q)DEPS=$(DEPS) OBJCOPY=$(OBJCOPY) tools/unicorn.sh prepare

# The list of members is a prerequisite of its own, so that a removed source leaves the archive.
$(O)/lib.list: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' $(LIB_OBJS) | cmp -s - $@ || printf '%s\n' $(LIB_OBJS) >$@

$(LIB): $(LIB_OBJS) $(O)/lib.list
	$(say) AR $@
	@rm -f $@
	$(Q)$(AR) rcsD $@ $(LIB_OBJS)

# --whole-archive: emu/uc_tlb.o replaces functions inside libunicorn.a, and nothing of ours refers to it.
link = $(CC) $(ALL_LDFLAGS) -o $@ $(1) -Wl,--whole-archive $(LIB) -Wl,--no-whole-archive $(UNICORN_LDFLAGS) $(UNICORN_LIB) $(2) $(PKG_LIBS) -lpthread -lm

$(O)/bootpath: $(CMD_OBJS) $(LIB) $(UNICORN_LIB)
	$(say) LINK $@
	$(Q)$(call link,$(CMD_OBJS))

define criterion_program
$(O)/tests/$(1): $(call obj,$(2) $(TEST_LIB_SRCS)) $(LIB) $(UNICORN_LIB)
	$$(say) LINK $$@
	@mkdir -p $$(@D)
	$(Q)$$(call link,$(call obj,$(2) $(TEST_LIB_SRCS)),$(CRITERION_LIBS))
endef
$(eval $(call criterion_program,unit,$(UNIT_SRCS)))
$(eval $(call criterion_program,guest-test,$(GUEST_SRCS)))
$(eval $(call criterion_program,kernels-test,$(KERNELS_SRCS)))
$(eval $(call criterion_program,oracle-test,$(ORACLE_SRCS)))

# These speak TAP themselves.
$(O)/tests/mutation-test: $(call obj,$(MUTATION_SRCS)) $(LIB) $(UNICORN_LIB)
	$(say) LINK $@
	@mkdir -p $(@D)
	$(Q)$(call link,$(call obj,$(MUTATION_SRCS)))

$(O)/tests/mutants-test: $(call obj,$(MUTANTS_SRCS) $(MUTANTS_LIB_SRCS)) $(LIB) $(UNICORN_LIB)
	$(say) LINK $@
	@mkdir -p $(@D)
	$(Q)$(call link,$(call obj,$(MUTANTS_SRCS) $(MUTANTS_LIB_SRCS)))

$(O)/tests/fuzz/check_fuzz: $(call obj,$(MUTANTS_LIB_SRCS))
$(O)/tests/fuzz/efi_fuzz: $(call obj,tests/lib/fake_pe.c)
$(O)/tests/fuzz/%: $(O)/obj/tests/fuzz/%.o $(LIB) $(UNICORN_LIB)
	$(say) LINK $@
	@mkdir -p $(@D)
	$(Q)$(call link,$(filter %.o,$^) -fsanitize=fuzzer)

# QEMU loads it: nothing of ours in it, no sanitizer.
$(O)/tests/qemu_pcs.so: tests/oracle/plugin/qemu_pcs.c $(O)/flags
	$(say) PLUGIN $@
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu17 -O2 -fPIC -shared -fvisibility=hidden $(WARN) -o $@ $<

# A guest is one assembly file, linked alone at 1 MiB or at the address that its own `/* org: 0xADDR */` line names.
# The ELF beside the flat file keeps the symbols. Always gas, so that the bytes do not depend on CC.
GUEST_CC := gcc
ASFLAGS := -I. -Wa,-mx86-used-note=no -MMD -MP
$(O)/obj/%.S.o: %.S $(O)/flags Makefile
	$(say) AS $<
	@mkdir -p $(@D)
	$(Q)$(GUEST_CC) -m64 -c $(ASFLAGS) -I$(O) -o $@ $<

$(O)/tests/guest/%.elf: $(O)/obj/tests/guest/%.S.o
	@mkdir -p $(@D)
	$(Q)org=$$(sed -n 's|.*/\* org: \(0x[0-9a-fA-F]*\) \*/.*|\1|p' tests/guest/$*.S | head -n 1); \
	$(LD) -N --no-warn-rwx-segments -e 0 -Ttext=$${org:-0x100000} --build-id=none -z noexecstack -o $@ $<

$(O)/tests/guest/%.bin: $(O)/tests/guest/%.elf
	$(say) GUEST $@
	$(Q)$(OBJCOPY) -O binary $< $@

# UEFI guests: applications in C, with gnu-efi's headers as the second opinion on ours.
EFI_GUEST_CFLAGS := -std=gnu17 -O2 -m64 -ffreestanding -fpie -fshort-wchar -fno-strict-aliasing -fno-stack-protector -mno-red-zone -fno-asynchronous-unwind-tables \
	-Wall -Wextra -Wno-unused-parameter -I. -isystem /usr/include/efi -isystem /usr/include/efi/x86_64 -MMD -MP

$(O)/obj/tests/guest/efi/%.efi.o: tests/guest/efi/%.c $(O)/flags Makefile
	$(say) CC $<
	@mkdir -p $(@D)
	$(Q)$(GUEST_CC) $(EFI_GUEST_CFLAGS) -c -o $@ $<

$(O)/tests/guest/efi/%.efi: $(O)/obj/tests/guest/efi/%.efi.o $(O)/obj/tests/guest/efi/head.S.o tests/guest/efi/efi.lds
	$(say) GUEST $@
	@mkdir -p $(@D)
	$(Q)$(LD) -N --no-warn-rwx-segments -e guest_main --build-id=none -z noexecstack -T tests/guest/efi/efi.lds -o $@.elf \
		$(O)/obj/tests/guest/efi/head.S.o $<
	$(Q)$(OBJCOPY) -O binary -j .head -j .all $@.elf $@

# The demonstration image: an ELF kernel, and a bzImage that carries it as its payload.
DEMO_LD := $(LD) --build-id=none -z noexecstack -z max-page-size=4096 --no-warn-rwx-segments

$(O)/tests/demo.vmlinux: $(O)/obj/tests/demo/kernel.S.o tests/demo/vmlinux.lds
	$(say) DEMO $@
	@mkdir -p $(@D)
	$(Q)$(DEMO_LD) -T tests/demo/vmlinux.lds -o $@ $<

$(O)/obj/tests/demo/head.S.o: ASFLAGS += -DDEMO_VMLINUX='"$(O)/tests/demo.vmlinux"'
$(O)/obj/tests/demo/head.S.o: $(O)/tests/demo.vmlinux

$(O)/tests/demo.elf: $(O)/obj/tests/demo/setup.S.o $(O)/obj/tests/demo/head.S.o $(O)/obj/tests/demo/efi.S.o tests/demo/bzimage.lds
	$(Q)$(DEMO_LD) --no-check-sections -T tests/demo/bzimage.lds -e 0 -o $@ $(filter %.o,$^)

$(O)/tests/demo.bzImage: $(O)/tests/demo.elf tests/demo/checksum.sh
	$(say) DEMO $@
	$(Q)$(OBJCOPY) -O binary $< $@
	$(Q)tests/demo/checksum.sh $@

o/man/%: man/%.scd
	$(say) MAN $@
	@mkdir -p $(@D)
	$(Q)scdoc <$< >$@

-include $(patsubst %.o,%.d,$(LIB_OBJS) $(CMD_OBJS) $(TEST_OBJS) $(FUZZ_OBJS))
-include $(patsubst $(O)/tests/%.efi,$(O)/obj/tests/%.efi.d,$(EFI_GUESTS))
-include $(patsubst tests/%.S,$(O)/obj/tests/%.S.d,$(wildcard tests/guest/*.S tests/demo/*.S))
