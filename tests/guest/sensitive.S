/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instructions whose answers are the machine's: time, random numbers, CPUID, MSRs, XCR0, hypercalls. */
#include "tests/guest/layout.h"
	.code64
	.text
	.globl _start
_start:
/* Two readings, three instructions apart; the second in the middle of a block. */
tsc:
	rdtsc
	movl	%eax, %ebx
	nop
	rdtsc
	subl	%ebx, %eax
	hlt
tsc_done:
tsc_write:
	movl	$0x10, %ecx
	movl	$0x12340000, %eax
	xorl	%edx, %edx
	wrmsr
	nop
	rdtsc
	hlt
tsc_write_done:
rdtscp:
	movl	$0xc0000103, %ecx
	movl	$0x77, %eax
	xorl	%edx, %edx
	wrmsr
	nop
rdtscp_at:
	rdtscp
	hlt
rdtscp_done:
random:
	rdrand	%rax
	setc	%cl
	rdrand	%ebx
	hlt
random_done:
rdseed:
	rdseed	%dx
	hlt
/* XSETBV of x87 and SSE, then XGETBV. */
xcr0:
	movq	%cr4, %rax
	orl	$0x40000, %eax		/* OSXSAVE */
	movq	%rax, %cr4
	xorl	%ecx, %ecx
	xgetbv
	movl	%eax, %ebx
	movl	$3, %eax
	xsetbv
	xorl	%eax, %eax
	xgetbv
	hlt
xcr0_done:
xgetbv_off:
	xorl	%ecx, %ecx
xgetbv_off_at:
	xgetbv
	hlt
/* CPUID of leaf EAX, subleaf ECX. */
cpuid:
	cpuid
	hlt
cpuid_done:
osxsave:
	movq	%cr4, %rax
	orl	$0x40000, %eax
	movq	%rax, %cr4
	movl	$1, %eax
	cpuid
	hlt
osxsave_done:
/* MSR ECX read to EDX:EAX, or written from it. */
rdmsr:
	nop
rdmsr_at:
	rdmsr
	hlt
rdmsr_done:
wrmsr:
	nop
wrmsr_at:
	wrmsr
	hlt
wrmsr_done:
write_and_read:
	wrmsr
	xorl	%eax, %eax
	xorl	%edx, %edx
	rdmsr
	hlt
write_and_read_done:
/* FS_BASE by WRMSR is where FS: points. */
fs_base:
	movl	$0xc0000100, %ecx
	movl	$SCRATCH, %eax
	xorl	%edx, %edx
	wrmsr
	movl	$0xf5f5f5f5, %fs:8
	hlt
fs_base_done:
syscall:
	nop
syscall_at:
	syscall
	hlt
sysenter:
	nop
sysenter_at:
	sysenter
	hlt
hypercall:
	nop
hypercall_at:
	vmcall
	nop
	hlt
hypercall_done:
hypercall_amd:
	vmmcall
	hlt
hypercall_amd_done:
/* What x86-64-v2 adds (psABI, "Micro-Architecture Levels"): popcnt, pshufb, pmulld, crc32. SSE wants CR4.OSFXSR. */
v2:
	movq	%cr4, %rax
	orl	$0x200, %eax
	movq	%rax, %cr4
	movl	$0xf0f0, %ecx
v2_popcnt:
	popcntl	%ecx, %ebx
	pshufb	%xmm0, %xmm1
	pmulld	%xmm0, %xmm1
	xorl	%edx, %edx
	crc32l	%ecx, %edx
	hlt
v2_done:
/* And -cpu max: movbe, aesenc, pclmulqdq, adcx, lzcnt. */
newest:
	movq	%cr4, %rax
	orl	$0x200, %eax
	movq	%rax, %cr4
	movl	$0x12345678, SCRATCH
newest_movbe:
	movbel	SCRATCH, %ebx
	aesenc	%xmm0, %xmm1
	pclmulqdq $0, %xmm0, %xmm1
	xorl	%edx, %edx
	adcxl	%edx, %edx
	movl	$1, %ecx
	lzcntl	%ecx, %edx
	hlt
newest_done:
