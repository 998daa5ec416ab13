/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A trace as Chrome's Trace Event Format, which Perfetto opens: functions, CPU modes and events side by side.
 * "Trace Event Format" (Google, docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU):
 * a complete event is ph X with ts and dur in microseconds; here one microsecond is one instruction.
 */
#include "tools/trace_calls.h"
#include "tools/trace_show.h"

enum chrome_thread { THREAD_FUNCTIONS = 1, THREAD_MODES, THREAD_EVENTS };

struct open_frame {
	uint32_t function;
	uint64_t offset;
	int vector;
	gva_t pc;
	uint64_t begun;
};

struct chrome {
	const struct trace_view *v;
	struct jsonw json;
	struct open_frame stack[CALL_DEPTH_MAX];
	unsigned depth;
	bool has_mode;
	enum cpu_mode mode;
	uint64_t mode_begun, mode_end;
};

/* What all records of one thread begin with. */
static void record_begin(struct chrome *c, const char *name, const char *phase,
			 enum chrome_thread thread, uint64_t ts)
{
	jsonw_object_inline(&c->json, NULL);
	jsonw_string(&c->json, "name", name);
	jsonw_string(&c->json, "ph", phase);
	jsonw_u64(&c->json, "pid", 1);
	jsonw_u64(&c->json, "tid", thread);
	jsonw_u64(&c->json, "ts", ts);
}

/* "M" names a process or thread. */
static void record_name(struct chrome *c, const char *what, enum chrome_thread thread,
			const char *name)
{
	record_begin(c, what, "M", thread, 0);
	jsonw_object(&c->json, "args");
	jsonw_string(&c->json, "name", name);
	jsonw_object_end(&c->json);
	jsonw_object_end(&c->json);
}

static void record_span(struct chrome *c, const char *name, enum chrome_thread thread,
			uint64_t begin, uint64_t end)
{
	record_begin(c, name, "X", thread, begin);
	jsonw_u64(&c->json, "dur", end - begin);
}

static void chrome_enter(void *arg, uint32_t function, uint64_t offset, gva_t pc, int vector,
			 uint64_t count)
{
	struct chrome *c = arg;

	c->stack[c->depth++] = (struct open_frame){
		.function = function, .offset = offset, .vector = vector, .pc = pc, .begun = count
	};
}

static void chrome_leave(void *arg, uint64_t count)
{
	struct chrome *c = arg;
	const struct open_frame *f = &c->stack[--c->depth];
	struct buf name = { 0 };

	if (count - f->begun < c->v->least)
		return;
	trace_call_text(&c->v->functions, f->function, f->offset, f->pc, &name);
	record_span(c, buf_str(&name), THREAD_FUNCTIONS, f->begun, count);
	buf_free(&name);
	jsonw_object(&c->json, "args");
	jsonw_hex(&c->json, "entered", f->pc);
	if (f->vector >= 0)
		jsonw_u64(&c->json, "vector", (uint64_t)f->vector);
	jsonw_object_end(&c->json);
	jsonw_object_end(&c->json);
	trace_out_more(c->v->out);
}

static void mode_close(struct chrome *c)
{
	if (!c->has_mode)
		return;
	record_span(c, cpu_mode_names[c->mode], THREAD_MODES, c->mode_begun, c->mode_end);
	jsonw_object_end(&c->json);
}

static void chrome_run(void *arg, uint64_t count, uint64_t insns, enum cpu_mode mode)
{
	struct chrome *c = arg;

	if (!c->has_mode || mode != c->mode) {
		mode_close(c);
		c->has_mode = true;
		c->mode = mode;
		c->mode_begun = count;
	}
	c->mode_end = count + insns;
}

/* An instant ("i") of thread scope; a point of the path goes all the way down ("g"). */
static void chrome_event(void *arg, const struct event *e)
{
	struct chrome *c = arg;
	struct buf name = { 0 };

	if (!(c->v->kinds & BIT64(e->kind)))
		return;
	if (e->kind == EVENT_HANDOVER && e->arg[0] < POINT_COUNT)
		buf_printf(&name, "point %s", point_names[e->arg[0]]);
	else
		trace_event_text(e, &name);
	record_begin(c, buf_str(&name), "i", THREAD_EVENTS, e->count);
	jsonw_string(&c->json, "s", e->kind == EVENT_HANDOVER ? "g" : "t");
	jsonw_string(&c->json, "cat", event_infos[e->kind].name);
	jsonw_object_end(&c->json);
	buf_free(&name);
	trace_out_more(c->v->out);
}

int trace_view_chrome(const struct trace_view *v, struct diag *diag)
{
	static const struct call_ops ops = { .enter = chrome_enter,
					     .leave = chrome_leave,
					     .run = chrome_run,
					     .event = chrome_event };
	struct chrome c = { .v = v };
	int err;

	jsonw_init(&c.json, &v->out->buf);
	jsonw_object(&c.json, NULL);
	jsonw_string(&c.json, "displayTimeUnit", "ns");
	jsonw_object(&c.json, "otherData");
	trace_view_json_head(v, &c.json);
	jsonw_string(&c.json, "unit", "one microsecond is one instruction");
	jsonw_object_end(&c.json);
	jsonw_array(&c.json, "traceEvents");
	record_name(&c, "process_name", THREAD_FUNCTIONS, v->name);
	record_name(&c, "thread_name", THREAD_FUNCTIONS, "functions");
	record_name(&c, "thread_name", THREAD_MODES, "modes");
	record_name(&c, "thread_name", THREAD_EVENTS, "events");
	err = trace_calls_walk(v->trace, &v->functions, v->from, v->to, &ops, &c, diag);
	mode_close(&c);
	jsonw_array_end(&c.json);
	jsonw_object_end(&c.json);
	jsonw_end(&c.json);
	return err;
}
