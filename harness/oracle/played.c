// SPDX-License-Identifier: MIT
#include "harness/oracle/played.h"
#include "base/error.h"
#include "base/test.h"

#include <stdio.h>
#include <string.h>

void rig_send(struct rig *r, enum event_type type, const struct field *fields)
{
    struct event e = {.type = type, .seq = ++r->seq, .at_us = r->now_us, .device = "", .fields = fields};
    while (fields[e.field_count].name) {
        e.field_count++;
    }
    executor_event(r->x, &e, r->now_us);
}

static int rig_boot(void *context)
{
    struct rig *r = context;
    assert_int_equal(buf_append_text(&r->asked, "boot;"), 0);
    if (r->boots_with_an_event) {
        SEND(r, DEVICE_STARTED, F_INT("pid", 7));
    }
    if (r->boot_aborts) {
        executor_abort(r->x, VERDICT_INFRA, "a", "from inside", "c");
    }
    return r->boot_code < 0 ? error_set(r->boot_code, "no such program: dut") : 0;
}

static int rig_hub(void *context, const struct step *step)
{
    struct rig *r = context;
    assert_int_equal(buf_printf(&r->asked, "hub %d;", (int)step->verb), 0);
    if (r->hub_emits) {
        SEND(r, TCP_CLOSED, F_TEXT("by", "hub"));
    }
    return 0;
}

static int rig_time(void *context, const struct step *step)
{
    struct rig *r = context;
    assert_int_equal(buf_printf(&r->asked, "time %d;", (int)step->is_device), 0);
    return 0;
}

static int rig_device(void *context, const struct step *step)
{
    struct rig *r = context;
    assert_int_equal(buf_printf(&r->asked, "device %d;", (int)step->act), 0);
    return 0;
}

static void rig_note(void *context, const char *text)
{
    struct rig *r = context;
    assert_int_equal(buf_printf(&r->asked, "note %s;", text), 0);
}

static void rig_begin(void *context, const struct step *step)
{
    struct rig *r = context;
    SEND(r, RUN_STEP, F_INT("line", step->line));
}

void rig_init(struct rig *r, const char *body)
{
    char text[2000];
    *r = (struct rig){.now_us = 50 * SECOND};
    r->actions = (struct executor_actions){r, rig_boot, rig_hub, rig_time, rig_device, rig_note, rig_begin};
    snprintf(text, sizeof text, "scenario t.a\n%s", body);
    diag_init(&r->diags);
    buf_init(&r->asked, 10000);
    assert_int_equal(plan_parse("t/a.scn", span_text(text), NULL, 0, &r->plan, &r->diags), 0);
    r->x = executor_new(&r->plan, &r->actions);
    assert_non_null(r->x);
}

void rig_start(struct rig *r, const char *body)
{
    rig_init(r, body);
    executor_start(r->x, r->now_us);
}

void rig_deinit(struct rig *r)
{
    executor_free(r->x);
    plan_deinit(&r->plan);
    diag_deinit(&r->diags);
    buf_deinit(&r->asked);
}

void rig_pass_time(struct rig *r, uint64_t us)
{
    r->now_us += us;
    executor_tick(r->x, r->now_us);
}

void rig_assert_outcome(const struct rig *r, enum verdict verdict, int line, const char *expected,
                           const char *observed)
{
    assert_true(executor_is_done(r->x));
    const struct outcome *o = executor_outcome(r->x);
    assert_string_equal(o->observed, observed);
    assert_string_equal(o->expected, expected);
    assert_string_equal(verdict_word(o->verdict), verdict_word(verdict));
    assert_int_equal(o->line, line);
    assert_true(executor_deadline_us(r->x) == UINT64_MAX);
}
