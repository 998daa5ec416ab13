/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The services of Xen 4.17 that an HVM guest reaches: CPUID leaves, the hypercall page's MSR, hypercalls. */
#ifndef MODELS_XEN_H
#define MODELS_XEN_H

#include "emu/machine.h"

#define XEN_PARAMS 39u /* HVM_PARAM_*: xen/include/public/hvm/params.h */
#define XEN_PORTS  64u

/* What an event channel is bound to; 0: free. */
enum xen_port { XEN_PORT_FREE, XEN_PORT_UNBOUND, XEN_PORT_VIRQ, XEN_PORT_IPI, XEN_PORT_PIRQ };

/* All that a guest can change, without host pointers: a part of the machine. */
struct xen_state {
	uint8_t is_dom0;
	uint8_t ports[XEN_PORTS]; /* enum xen_port */
	uint8_t reserved[7];
	gpa_t shared_info; /* where the guest had it mapped; 0: nowhere */
	uint64_t params[XEN_PARAMS];
};

/* One hypercall while it is answered. */
struct xen_call {
	struct machine *m;
	struct xen_state *xen;
	struct cpu_state cpu;
	bool is_64;
	uint64_t arg[5];
	enum event_status status; /* of the answer */
};

/* What a row of xen_calls.def answers with: the return value, negative errno included. */
typedef int64_t (*xen_fn)(struct xen_call *c);

struct xen_call_row {
	const char *name; /* "memory_op" */
	const char *op;   /* "memory_map"; "" when it has none */
	uint32_t number;
	int64_t op_number; /* XEN_ANY: whatever has no row of its own */
	xen_fn fn;
};

#define XEN_ANY (-1)

extern const struct xen_call_row xen_call_rows[];
extern const size_t xen_call_row_count;

/* Which of the hypercall's sub-ops is asked for. */
uint32_t xen_call_op(struct xen_call *c, uint32_t number);
/* The row that answers, or NULL. */
const struct xen_call_row *xen_call_find(uint32_t number, uint32_t op);

/* Hooks Xen into @m; sod->service is its struct xen_state. */
struct start_of_day;
int xen_attach(struct machine *m, const struct start_of_day *sod, struct diag *diag);

#endif
