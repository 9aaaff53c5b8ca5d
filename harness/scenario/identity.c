// SPDX-License-Identifier: MIT
// The knobs that say which identity of the hub the device is: which of its keys it has, which of
// its modules it runs as.
#include "base/error.h"
#include "harness/scenario/parser.h"
#include "simulator/hub/username.h"

#define MISTAKE(p, at, ...) diag_add((p)->diags, line_place((p)->line, (at)), __VA_ARGS__)

int parser_set_device_key(struct parser *p, size_t at)
{
    static const char *const keys[] = {"primary", "secondary"};
    struct settings *s = &p->plan->settings;
    s->is_given_secondary = line_word_is(p->line, at, "secondary");
    if (!s->is_given_secondary && !line_word_is(p->line, at, "primary")) {
        return parser_unknown(p, at, "key", keys, HR_COUNT_OF(keys));
    }
    p->key_use = line_place(p->line, at);
    return 0;
}

int parser_set_device_module(struct parser *p, size_t at)
{
    struct settings *s = &p->plan->settings;
    struct span name = line_word(p->line, at);
    s->device_module[0] = '\0';
    if (span_equals_text(name, "none")) {
        return 0;
    }
    if (!id_is_valid(name) || !span_copy_text(name, s->device_module, sizeof s->device_module)) {
        return MISTAKE(p, at, "'%.*s' names no module: 1 to %zu letters, digits and -.%%_*?!(),:=@$'",
                       SPAN_ARG(name), sizeof s->device_module - 1);
    }
    p->module_use = line_place(p->line, at);
    parser_uses(p, CAPABILITY_MODULE, at, "device.module");
    return 0;
}

void parser_check_identity(struct parser *p)
{
    const struct settings *s = &p->plan->settings;
    bool is_provisioned = s->provisioning != PROVISIONING_NONE;
    bool has_key = !s->is_x509 && !is_provisioned;
    if (s->is_given_secondary && !has_key) {
        diag_add(p->diags, p->key_use,
                 "only a device that is registered with keys is given its secondary; leave "
                 "device.auth and device.provisioning out");
    }
    if (s->is_given_secondary && (p->plan->needs & CAN(TWO_KEYS))) {
        diag_add(p->diags, p->key_use,
                 "with needs two-keys the device is given both keys; leave device.key out");
    }
    if ((p->plan->needs & CAN(TWO_KEYS)) && !has_key) {
        diag_add(p->diags, (struct place){p->plan->file, p->scenario_line, 1},
                 "a device without keys in the hub has no two of them; leave needs two-keys out");
    }
    if (s->device_module[0] && (is_provisioned || s->device_count > 1)) {
        diag_add(p->diags, p->module_use,
                 "a module runs alone and is not provisioned; leave device.count and "
                 "device.provisioning out");
    }
}
