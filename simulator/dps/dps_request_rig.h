// SPDX-License-Identifier: MIT
// For tests: requests to the provisioning service of one rig, and what the answers say.
#pragma once
#include "simulator/dps/dps_rig.h"

#include <jansson.h>
#include <strings.h>

static struct dps_rig rig;

static inline int open_rig(void **state)
{
    (void)state;
    struct dps_settings settings = dps_rig_settings();
    dps_rig_open_with(&rig, &settings);
    dps_rig_enroll_usual(&rig);
    return 0;
}

static inline int close_rig(void **state)
{
    (void)state;
    dps_rig_close(&rig);
    return 0;
}

static inline void reopen(const struct dps_settings *settings)
{
    dps_rig_close(&rig);
    dps_rig_open_with(&rig, settings);
    dps_rig_enroll_usual(&rig);
}

static inline json_t *body_of(const struct dps_answer *answer)
{
    json_error_t error;
    json_t *root = json_loadb(buf_text(&answer->body), answer->body.len, 0, &error);
    if (!root) {
        fail_msg("no JSON: %s in %s", error.text, buf_text(&answer->body));
    }
    return root;
}

static inline const char *text_at(const json_t *root, const char *name)
{
    const json_t *value = json_object_get(root, name);
    return json_is_string(value) ? json_string_value(value) : "";
}

// One request on a connection of its own. Returns the status; *operation is kept from a 202.
static inline int ask(const char *id, const char *key, const char *body, char operation[80],
               struct dps_answer *answer)
{
    struct dps_caller caller;
    dps_answer_init(answer);
    assert_int_equal(dps_rig_connect(&rig, id, key, &caller), REASON_OK);
    if (body) {
        dps_register(rig.dps, &caller, span_text(body), answer);
    } else {
        dps_status(rig.dps, &caller, span_text(operation), answer);
    }
    dps_caller_deinit(&caller);
    if (body && answer->status == 202) {
        json_t *root = body_of(answer);
        snprintf(operation, 80, "%s", text_at(root, "operationId"));
        json_decref(root);
    }
    return answer->status;
}

static inline int code_of(const struct dps_answer *answer)
{
    json_t *root = body_of(answer);
    int code = (int)json_integer_value(json_object_get(root, "errorCode"));
    json_decref(root);
    return code;
}

static inline void pass(uint64_t us)
{
    rig.fake.mono_us += us;
    rig.fake.utc_us += (int64_t)us;
}

// Registers, waits and polls once: the final body.
static inline json_t *provision(const char *id, const char *key, const char *body)
{
    struct dps_answer answer;
    char operation[80] = "";
    int status = ask(id, key, body, operation, &answer);
    if (status != 202) {
        fail_msg("%s: expected 202, seen %d %s", id, status, buf_text(&answer.body));
    }
    dps_answer_deinit(&answer);
    pass(11000000); // also leaves the window of polls
    assert_int_equal(ask(id, key, NULL, operation, &answer), 200);
    assert_int_equal(answer.retry_after_s, 0);
    json_t *root = body_of(&answer);
    dps_answer_deinit(&answer);
    return root;
}

static inline void assert_state(json_t *root, const char *name, const char *expected)
{
    assert_string_equal(text_at(json_object_get(root, "registrationState"), name), expected);
}
#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, open_rig, close_rig)
