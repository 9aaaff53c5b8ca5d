// SPDX-License-Identifier: MIT
// The verbs about chain, clock and faults.
#include "base/error.h"
#include "base/fs.h"
#include "base/when.h"
#include "simulator/control/control_private.h"
#include "simulator/rig/hub_file.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

// The device may still want the old root, so root.pem stays; the new one is written beside it.
static int write_root(struct control_call *call)
{
    char name[sizeof call->rig->chain.name + 16];
    char path[PATH_MAX];
    snprintf(name, sizeof name, "root-%s.pem", call->rig->chain.name);
    for (char *slash = strchr(name, '/'); slash; slash = strchr(slash, '/')) {
        *slash = '_';
    }
    TRY(fs_join(path, sizeof path, call->control->settings.files, name));
    TRY(fs_write_file(path, buf_span(&call->rig->chain.root_pem), 0644));
    json_t *shown = json_string(path);
    ENSURE(shown && json_object_set_new(call->result, "root", shown) == 0, ERR_NO_MEMORY);
    return buf_printf(&call->text, "\nits roots are in %s", path);
}

int control_do_chain(struct control_call *call)
{
    TRY(rig_use_chain(call->rig, call->args[0]));
    call->result =
        json_pack("{s:s, s:s, s:s}", "chain", call->rig->chain.name, "about",
                  call->rig->chain.about, "root_pem", buf_text(&call->rig->chain.root_pem));
    ENSURE(call->result != NULL, ERR_NO_MEMORY);
    TRY(buf_printf(&call->text, "new connections get %s: %s", call->rig->chain.name,
                   call->rig->chain.about));
    return call->control->settings.files ? write_root(call) : 0;
}

int control_do_clock(struct control_call *call)
{
    struct clock_wish wish;
    char text[32];
    TRY(clock_wish_parse(span_text(call->args[0]), &wish));
    for (size_t i = 0; i <= call->rig->other_count; i++) {
        clock_wish_apply(&wish, rig_hub_at(call->rig, i));
    }
    utc_print(hub_utc_us(call->rig->hub), text);
    call->result = json_pack("{s:s}", "utc", text);
    ENSURE(call->result != NULL, ERR_NO_MEMORY);
    return buf_printf(&call->text, "the hub's clock shows %s", text);
}

static int tell_fault(struct control_call *call, const struct fault *fault, json_t **out)
{
    struct buf words HR_CLEANUP(buf_deinit);
    buf_init(&words, 1000);
    TRY(fault_print(fault, &words));
    *out = json_string(buf_text(&words));
    ENSURE(*out != NULL, ERR_NO_MEMORY);
    TRY(call->text.len ? buf_append_u8(&call->text, '\n') : 0);
    return buf_append(&call->text, buf_span(&words));
}

// A person may write the words as one argument or as several.
static size_t split_words(const struct control_call *call, struct span words[CONTROL_ARGS_MOST])
{
    size_t count = 0;
    for (size_t i = 0; i < call->count; i++) {
        struct span rest = span_text(call->args[i]);
        while (rest.len > 0 && count < CONTROL_ARGS_MOST) {
            struct span word = span_cut(rest, ' ', &rest);
            if (word.len > 0) {
                words[count++] = word;
            }
        }
    }
    return count;
}

int control_do_fault(struct control_call *call)
{
    struct span words[CONTROL_ARGS_MOST];
    struct fault fault;
    json_t *shown = NULL;
    size_t bad = 0;
    TRY(fault_parse(words, split_words(call, words), &fault, &bad));
    TRY(call->control->settings.check_fault ? call->control->settings.check_fault(&fault) : 0);
    TRY(faults_add(call->rig->faults, &fault));
    TRY(tell_fault(call, &fault, &shown));
    call->result = json_pack("{s:o}", "fault", shown);
    ENSURE(call->result != NULL, ERR_NO_MEMORY);
    return buf_append_text(&call->text, " is armed");
}

int control_do_faults(struct control_call *call)
{
    const struct fault *fault;
    call->result = json_array();
    ENSURE(call->result != NULL, ERR_NO_MEMORY);
    for (size_t i = 0; (fault = faults_at(call->rig->faults, i)); i++) {
        json_t *shown = NULL;
        TRY(tell_fault(call, fault, &shown));
        ENSURE(json_array_append_new(call->result, shown) == 0, ERR_NO_MEMORY);
    }
    return call->text.len ? 0 : buf_append_text(&call->text, "no fault is armed");
}

int control_do_clear(struct control_call *call)
{
    size_t count = 0;
    while (faults_at(call->rig->faults, count)) {
        count++;
    }
    faults_clear(call->rig->faults);
    call->result = json_pack("{s:I}", "cleared", (json_int_t)count);
    ENSURE(call->result != NULL, ERR_NO_MEMORY);
    return buf_printf(&call->text, "%zu fault%s removed", count, count == 1 ? "" : "s");
}
