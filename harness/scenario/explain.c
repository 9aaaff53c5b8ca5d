// SPDX-License-Identifier: MIT
#include "harness/scenario/explain.h"
#include "base/error.h"
#include "base/text_code.h"
#include "base/when.h"

#include <inttypes.h>

static int print_when(const struct when *when, bool is_device, struct buf *out)
{
    char text[32];
    switch (when->kind) {
    case WHEN_HUB:
        return buf_append_text(out, "the hub's time");
    case WHEN_REAL:
        return buf_append_text(out, "the real time");
    case WHEN_DATE:
        return buf_append_text(out, utc_print(when->us, text));
    case WHEN_OFFSET:
        return buf_printf(out, "%s %s the %s time",
                          duration_print(when->us < 0 ? -when->us : when->us, text),
                          when->us < 0 ? "before" : "ahead of", is_device ? "hub's" : "real");
    }
    return ERR_INTERNAL;
}

static int print_duration(uint64_t us, struct buf *out)
{
    char text[32];
    return buf_append_text(out, duration_print((int64_t)us, text));
}

static int print_fault(const struct fault *f, struct buf *out)
{
    char text[96];
    TRY(buf_printf(out, "Arm the fault '%s'", fault_brief(f, text, sizeof text)));
    TRY(buf_printf(out, " at %s (%s)", site_word(f->site), site_meaning(f->site)));
    if (f->skip) {
        TRY(buf_printf(out, ", after %" PRIu64 " that pass", f->skip));
    }
    TRY(f->times == UINT64_MAX
            ? buf_append_text(out, ", until cleared")
            : buf_printf(out, ", %" PRIu64 " time%s", f->times, f->times == 1 ? "" : "s"));
    return f->device[0] ? buf_printf(out, ", for %s only", f->device) : 0;
}

static int explain_c2d(const struct step *s, struct buf *out)
{
    const struct step_message *m = s->message;
    TRY(buf_printf(out, "The service sends the device the message '%s'", s->text));
    TRY(m->size_bytes ? buf_printf(out, ", repeated to %zu bytes,", m->size_bytes) : 0);
    TRY(m->input[0] ? buf_printf(out, " by a route to its input %s,", m->input) : 0);
    TRY(m->id[0] ? buf_printf(out, " with id %s", m->id) : 0);
    for (size_t i = 0; i < m->property_count; i++) {
        TRY(buf_printf(out, "%s %s = %s", i ? "," : " and", m->properties[i].name,
                       m->properties[i].value));
    }
    TRY(m->ttl_s ? buf_printf(out, ", to be taken within %" PRIu32 " s", m->ttl_s) : 0);
    return m->ack == C2D_ACK_NONE
               ? 0
               : buf_printf(out, ", and asks for %s feedback", c2d_ack_word(m->ack));
}

static int explain_method(const struct step *s, struct buf *out)
{
    TRY(buf_printf(out, "The service calls the method %s", s->method));
    TRY(s->text[0] ? buf_printf(out, " with %s", s->text) : 0);
    TRY(s->payload_bytes ? buf_printf(out, " with a text of %zu bytes", s->payload_bytes) : 0);
    return buf_printf(out, " and waits at most %" PRIu32 " s for its answer", s->timeout_s);
}

static int explain_sntp(const struct sntp_mode *mode, struct buf *out)
{
    char text[64];
    return buf_printf(out, "The time server is '%s' from now on: it %s",
                      sntp_mode_print(mode, text), sntp_mode_meaning(mode->kind));
}

// `name` is hub, dps or a host name.
static int explain_dns(const char *name, const struct dns_behaviour *b, struct buf *out)
{
    char text[80];
    return buf_printf(out, "Who looks %s up gets '%s' from now on: %s", name,
                      dns_behaviour_print(b, text), dns_behaviour_meaning(b->kind));
}

static int explain_hub(const struct step *s, struct buf *out)
{
    switch (s->verb) {
    case HUB_CHAIN:
        return buf_printf(out, "The hub presents the chain %s from now on", s->chain);
    case HUB_DROP:
        return buf_printf(out, "The hub drops its live connections by %s",
                          s->drop == DROP_RST ? "rst" : "fin");
    case HUB_FAULT:
        return print_fault(&s->fault, out);
    case HUB_CLEAR:
        return buf_append_text(out, "Remove all faults");
    case HUB_NET_CLEAR:
        return buf_append_text(out, "Let the network be as it should be again");
    case HUB_DISABLE:
        return buf_append_text(out,
                               "Disable the device in the registry, which ends its connection");
    case HUB_ENABLE:
        return buf_append_text(out, "Enable the device in the registry");
    case HUB_DPS_ASSIGN:
        return buf_printf(out, "The device goes to hub%zu when it registers again", s->hub_index + 1);
    case HUB_DPS_CHAIN:
        return buf_printf(out, "The provisioning service presents the chain %s from now on",
                          s->chain);
    case HUB_DPS_DISABLE:
        return buf_append_text(out, "Disable the device's enrollment");
    case HUB_DPS_ENABLE:
        return buf_append_text(out, "Enable the device's enrollment");
    case HUB_ROLL:
        return buf_printf(out, "Replace the device's %s key in the registry",
                          s->is_secondary ? "secondary" : "primary");
    case HUB_TAKEOVER:
        return buf_append_text(out, "Another client with the device's identity connects, which "
                                    "ends the device's connection");
    case HUB_REMOVE:
        return buf_append_text(out, "Delete the device's identity, or the module's, from the registry");
    case HUB_C2D:
        return explain_c2d(s, out);
    case HUB_DESIRED:
        return buf_printf(out, "The service patches the desired properties with %s", s->text);
    case HUB_METHOD:
        return explain_method(s, out);
    case HUB_SNTP:
        return explain_sntp(&s->sntp, out);
    case HUB_DNS:
        return explain_dns(s->text, &s->dns, out);
    }
    return ERR_INTERNAL;
}

static int print_range(const struct step *s, struct buf *out)
{
    if (s->most == UINT64_MAX) {
        return buf_printf(out, "at least %" PRIu64 " ", s->least);
    }
    return s->least == s->most ? buf_printf(out, "exactly %" PRIu64 " ", s->least)
                               : buf_printf(out, "%" PRIu64 " to %" PRIu64 " ", s->least, s->most);
}

static int explain_count(const struct step *s, struct buf *out)
{
    TRY(buf_append_text(out, "Count for "));
    TRY(print_duration(s->duration_us, out));
    TRY(buf_append_text(out, " and require "));
    TRY(print_range(s, out));
    return match_print(&s->match, out);
}

static int explain_never(const struct step *s, struct buf *out)
{
    TRY(buf_append_text(out, "From here on fail at once on "));
    TRY(match_print(&s->match, out));
    if (!s->has_before) {
        return 0;
    }
    TRY(buf_append_text(out, ", until "));
    return match_print(&s->before, out);
}

static int explain_device(const struct step *s, struct buf *out)
{
    static const char *const sentences[] = {
        [DEVICE_POWER_OFF] = "Cut the device's power",
        [DEVICE_POWER_ON] = "Give the device its power back",
        [DEVICE_RESET] = "Reset the device",
        [DEVICE_SEND] = "Type on the device's console",
    };
    TRY(buf_append_text(out, sentences[s->act]));
    return s->act == DEVICE_SEND ? buf_printf(out, ": %s", s->text) : 0;
}

static int explain_while(const struct step *s, struct buf *out)
{
    TRY(buf_append_text(out, "From here on, each time between "));
    TRY(match_print(&s->during->from, out));
    TRY(buf_append_text(out, " and "));
    TRY(match_print(&s->before, out));
    if (s->during->is_never) {
        TRY(buf_append_text(out, ", fail at once on "));
        return match_print(&s->match, out);
    }
    TRY(buf_append_text(out, ", require "));
    TRY(print_range(s, out));
    TRY(match_print(&s->match, out));
    TRY(s->during->within_us ? buf_append_text(out, " within ") : 0);
    return s->during->within_us ? print_duration(s->during->within_us, out) : 0;
}

static int explain_step(const struct step *s, struct buf *out);

static int explain_when(const struct step *s, struct buf *out)
{
    TRY(buf_append_text(out, "From here on, at the next "));
    TRY(s->times > 1 ? buf_printf(out, "%" PRIu64 " ", s->times) : 0);
    TRY(match_print(&s->match, out));
    TRY(buf_append_text(out, ": "));
    return explain_step(s->then, out);
}

static int explain_measure(const struct step_measure *m, struct buf *out)
{
    TRY(buf_printf(out, "Keep for the reports: %s: ", m->reached.name));
    TRY(measure_print_amount(m->reached.value, m->reached.unit, out));
    if (!m->enough) {
        return 0;
    }
    TRY(buf_append_text(out, "; from "));
    TRY(measure_print_amount(m->enough, m->reached.unit, out));
    return buf_append_text(out, " on, what is not met ends the run as warn");
}

static int explain_step(const struct step *s, struct buf *out)
{
    switch (s->kind) {
    case STEP_BOOT:
        return buf_append_text(out, "Start the device");
    case STEP_TIME:
        TRY(buf_printf(out, "Set the %s's clock to ", s->is_device ? "device" : "hub"));
        return print_when(&s->when, s->is_device, out);
    case STEP_HUB:
        return explain_hub(s, out);
    case STEP_WAIT:
        TRY(buf_append_text(out, "Wait "));
        return print_duration(s->duration_us, out);
    case STEP_LOG:
        return buf_printf(out, "Write to the journal: %s", s->text);
    case STEP_EXPECT:
        TRY(buf_append_text(out, "Wait at most "));
        TRY(print_duration(s->duration_us, out));
        TRY(buf_append_text(out, " for "));
        return match_print(&s->match, out);
    case STEP_COUNT:
        return explain_count(s, out);
    case STEP_NEVER:
        return s->oracle ? oracle_explain(s->oracle, out) : explain_never(s, out);
    case STEP_ORACLE:
        return oracle_explain(s->oracle, out);
    case STEP_DEVICE:
        return explain_device(s, out);
    case STEP_WHILE:
        return explain_while(s, out);
    case STEP_WHEN:
        return explain_when(s, out);
    case STEP_MEASURE:
        return explain_measure(s->measure, out);
    }
    return ERR_INTERNAL;
}

static const char *const provisioning_words[] = {"none", "symmetric", "x509", "group",
                                                 "x509-group"};

static int explain_provisioning(const struct settings *s, struct buf *out)
{
    TRY(buf_printf(out,
                   "The device is enrolled (%s) with a provisioning service that presents %s, tells "
                   "it to come back after ",
                   provisioning_words[s->provisioning], s->dps_chain));
    TRY(print_duration(s->dps_retry_after_us, out));
    TRY(buf_append_text(out, ", needs "));
    TRY(print_duration(s->dps_assign_after_us, out));
    return buf_printf(out, " to assign it, and answers a disabled enrollment with %s.\n",
                      s->dps_shows_disabled ? "the status disabled" : "401");
}

static const char *way_of(const struct settings *s)
{
    if (s->is_ca_signed) {
        return "the CA that signed its certificate";
    }
    return s->is_x509 ? "a certificate" : "a symmetric key";
}

static int explain_limits(const struct settings *s, struct buf *out)
{
    const struct hub_limits *l = &s->limits;
    if (l->blocks_a_day) {
        TRY(buf_printf(out, "It takes %" PRIu64 " message blocks of %u bytes a day.\n",
                       l->blocks_a_day, l->block_bytes));
    }
    for (int i = 0; i < THROTTLE_COUNT; i++) {
        if (l->rates[i].per_minute) {
            TRY(buf_printf(out, "It lets %u %s a minute through, %u at once.\n",
                           l->rates[i].per_minute, throttle_word((enum throttle)i),
                           l->rates[i].burst));
        }
    }
    TRY(hub_knobs_explain(&s->hub, out));
    return s->has_sdk_faults ? buf_append_text(out, "It obeys AzIoTHub_FaultOperation messages.\n")
                             : 0;
}

static int explain_tls(const struct settings *s, struct buf *out)
{
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, 8000);
    TRY(tls_policy_print(&s->tls, &text));
    return text.len ? buf_printf(out, "It takes %s.\n", buf_text(&text)) : 0;
}

static int explain_services(const struct settings *s, struct buf *out)
{
    char text[80];
    if (s->sntp.kind != SNTP_RIGHT) {
        TRY(buf_printf(out, "The time server is '%s': it %s.\n", sntp_mode_print(&s->sntp, text),
                       sntp_mode_meaning(s->sntp.kind)));
    }
    if (s->dns_hub.kind != DNS_BEHAVE_RIGHT) {
        TRY(buf_printf(out, "Who looks the hub up gets '%s': %s.\n",
                       dns_behaviour_print(&s->dns_hub, text),
                       dns_behaviour_meaning(s->dns_hub.kind)));
    }
    return s->dns_dps.kind == DNS_BEHAVE_RIGHT
               ? 0
               : buf_printf(out, "Who looks the provisioning service up gets '%s': %s.\n",
                            dns_behaviour_print(&s->dns_dps, text),
                            dns_behaviour_meaning(s->dns_dps.kind));
}

static int explain_rates(const struct settings *s, struct buf *out)
{
    char rate[32];
    if (s->device_rate_ppm != RATE_REAL_PPM) {
        TRY(buf_printf(out, "The device's clocks run %s times as fast as real ones, and all times here are "
                            "the device's.\n", rate_print(s->device_rate_ppm, rate)));
    }
    if (s->hub_rate_ppm && s->hub_rate_ppm != s->device_rate_ppm) {
        TRY(buf_printf(out, "The hub's clock runs %s times as fast as a real one.\n",
                       rate_print(s->hub_rate_ppm, rate)));
    }
    return 0;
}

static int explain_settings(const struct plan *plan, struct buf *out)
{
    const struct settings *s = &plan->settings;
    TRY(buf_printf(out, "The device has the roots of %s, is registered with %s, and its clock is ",
                   s->device_root, way_of(s)));
    TRY(print_when(&s->device_clock, true, out));
    if (s->device_module[0]) {
        TRY(buf_printf(out, ".\nIt runs as its module %s", s->device_module));
    }
    if (s->is_given_secondary) {
        TRY(buf_append_text(out, ".\nIt is given its secondary key"));
    }
    if (plan->needs & CAN(TWO_KEYS)) {
        TRY(buf_append_text(out, ".\nIt is given both its keys"));
    }
    if (s->has_other_certificate) {
        TRY(buf_printf(out, ".\nIt is given another certificate than the registered one: %s (%s)",
                       device_kind_words[s->certificate], device_kind_meanings[s->certificate]));
    }
    if (s->device_count > 1) {
        TRY(buf_printf(out, ".\nIt runs %u times, each with an identity of its own", s->device_count));
    }
    TRY(buf_printf(out, ".\nThe hub presents %s, and its clock is ", s->hub_chain));
    TRY(print_when(&s->hub_clock, false, out));
    TRY(buf_append_text(out, "; a connected device's token lives "));
    TRY(print_duration(s->sas_grace_us, out));
    TRY(buf_append_text(out, " past its end.\n"));
    TRY(explain_rates(s, out));
    TRY(explain_tls(s, out));
    TRY(explain_limits(s, out));
    TRY(explain_services(s, out));
    return s->provisioning == PROVISIONING_NONE ? 0 : explain_provisioning(s, out);
}

// The run ends at its limit even when the statements could take longer.
static uint64_t longest_of(const struct plan *plan)
{
    uint64_t longest = plan_longest_us(plan);
    return longest < plan->limit_us ? longest : plan->limit_us;
}

int plan_explain(const struct plan *plan, struct buf *out)
{
    TRY(buf_printf(out, "%s%s%s\n", plan->name, plan->about[0] ? ": " : "", plan->about));
    TRY(plan->why[0] ? buf_printf(out, "Why: %s\n", plan->why) : 0);
    TRY(plan->basis[0] ? buf_printf(out, "Source: %s\n", plan->basis) : 0);
    TRY(plan->level ? buf_printf(out, "Level: %s\n", level_word(plan->level)) : 0);
    if (plan->needs) {
        TRY(buf_append_text(out, "Needs a device with: "));
        TRY(capability_print(plan->needs, " ", out));
        TRY(buf_append_u8(out, '\n'));
    }
    TRY(explain_settings(plan, out));
    for (size_t i = 0; i < plan->step_count; i++) {
        TRY(buf_printf(out, "%4d  ", plan->steps[i].line));
        TRY(explain_step(&plan->steps[i], out));
        TRY(plan->steps[i].file ? buf_printf(out, " (of %s)", plan->steps[i].file) : 0);
        TRY(buf_append_text(out, ".\n"));
    }
    TRY(buf_append_text(out, "Takes at most "));
    TRY(print_duration(longest_of(plan), out));
    if (plan->settings.device_rate_ppm != RATE_REAL_PPM) {
        TRY(buf_append_text(out, ", which are "));
        TRY(print_duration((uint64_t)rate_slower((int64_t)longest_of(plan), plan->settings.device_rate_ppm), out));
        TRY(buf_append_text(out, " for a program whose clock can be set"));
    }
    TRY(buf_append_text(out, " (limit "));
    TRY(print_duration(plan->limit_us, out));
    return buf_append_text(out, ").\n");
}

static int json_text(const char *key, const char *text, struct buf *out)
{
    TRY(buf_printf(out, "\"%s\":\"", key));
    TRY(json_escape(span_text(text), out));
    return buf_append_u8(out, '"');
}

static int json_when(const char *key, const struct when *when, bool is_device, struct buf *out)
{
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, 200);
    TRY(print_when(when, is_device, &text));
    return json_text(key, buf_text(&text), out);
}

static int json_step(const struct step *s, struct buf *out)
{
    struct buf sentence HR_CLEANUP(buf_deinit);
    buf_init(&sentence, LINE_FILE_BYTES_MOST);
    TRY(explain_step(s, &sentence));
    TRY(buf_printf(out, "{\"line\":%d,\"duration_us\":%" PRIu64 ",", s->line, s->duration_us));
    TRY(s->file ? json_text("file", s->file, out) : 0);
    TRY(s->file ? buf_append_u8(out, ',') : 0);
    TRY(json_text("statement", s->source, out));
    TRY(buf_append_u8(out, ','));
    TRY(json_text("sentence", buf_text(&sentence), out));
    return buf_append_u8(out, '}');
}

static int json_tls(const struct settings *s, struct buf *out)
{
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, 8000);
    TRY(tls_policy_print(&s->tls, &text));
    TRY(json_text("hub.tls", buf_text(&text), out));
    return buf_append_u8(out, ',');
}

static int json_services(const struct settings *s, struct buf *out)
{
    char text[80];
    TRY(json_text("hub.sntp", sntp_mode_print(&s->sntp, text), out));
    TRY(buf_append_u8(out, ','));
    TRY(json_text("dns.hub", dns_behaviour_print(&s->dns_hub, text), out));
    TRY(buf_append_u8(out, ','));
    TRY(json_text("dns.dps", dns_behaviour_print(&s->dns_dps, text), out));
    return buf_append_u8(out, ',');
}

static int json_settings(const struct settings *s, struct buf *out)
{
    TRY(json_tls(s, out));
    TRY(json_services(s, out));
    TRY(json_when("device.clock", &s->device_clock, true, out));
    TRY(buf_printf(out, ",\"device.clock_rate_ppm\":%" PRIu32 ",\"hub.clock_rate_ppm\":%" PRIu32,
                   s->device_rate_ppm, settings_hub_rate_ppm(s)));
    TRY(buf_append_u8(out, ','));
    TRY(json_text("device.auth", s->is_ca_signed ? "ca" : s->is_x509 ? "x509" : "sas", out));
    TRY(buf_append_u8(out, ','));
    TRY(json_text("device.certificate",
                  s->has_other_certificate ? device_kind_words[s->certificate] : "fitting", out));
    TRY(buf_append_u8(out, ','));
    TRY(buf_printf(out, "\"device.count\":%u,", s->device_count));
    TRY(json_text("device.key", s->is_given_secondary ? "secondary" : "primary", out));
    TRY(buf_append_u8(out, ','));
    TRY(json_text("device.module", s->device_module[0] ? s->device_module : "none", out));
    TRY(buf_append_u8(out, ','));
    TRY(json_text("device.root", s->device_root, out));
    TRY(buf_append_u8(out, ','));
    TRY(json_text("hub.chain", s->hub_chain, out));
    TRY(buf_append_u8(out, ','));
    TRY(json_when("hub.clock", &s->hub_clock, false, out));
    TRY(buf_printf(out, ",\"hub.sas_grace_us\":%" PRIu64 ",", s->sas_grace_us));
    TRY(json_text("hub.tier", hub_tier_word(s->tier), out));
    TRY(buf_printf(out, ",\"hub.quota\":%" PRIu64, s->limits.blocks_a_day));
    for (int i = 0; i < THROTTLE_COUNT; i++) {
        TRY(buf_printf(out, ",\"hub.%s_a_minute\":%u", throttle_word((enum throttle)i),
                       s->limits.rates[i].per_minute));
    }
    TRY(hub_knobs_explain_json(&s->hub, out));
    TRY(buf_printf(out, ",\"hub.sdk_faults\":%s,", s->has_sdk_faults ? "true" : "false"));
    TRY(json_text("device.provisioning", provisioning_words[s->provisioning], out));
    TRY(buf_append_u8(out, ','));
    TRY(json_text("dps.chain", s->dps_chain, out));
    TRY(buf_printf(out, ",\"dps.retry_after_us\":%" PRIu64 ",\"dps.assign_after_us\":%" PRIu64 ",",
                   s->dps_retry_after_us, s->dps_assign_after_us));
    return json_text("dps.disabled", s->dps_shows_disabled ? "status" : "401", out);
}

int plan_explain_json(const struct plan *plan, struct buf *out)
{
    TRY(buf_append_u8(out, '{'));
    TRY(json_text("name", plan->name, out));
    TRY(buf_append_u8(out, ','));
    TRY(json_text("about", plan->about, out));
    TRY(buf_append_u8(out, ','));
    TRY(json_text("why", plan->why, out));
    TRY(buf_append_u8(out, ','));
    TRY(json_text("level", level_word(plan->level), out));
    TRY(buf_append_u8(out, ','));
    TRY(json_text("source", plan->basis, out));
    TRY(buf_append_u8(out, ','));
    TRY(json_text("file", plan->file, out));
    TRY(buf_append_text(out, ",\"tags\":["));
    for (size_t i = 0; i < plan->tag_count; i++) {
        TRY(buf_append_text(out, i ? ",\"" : "\""));
        TRY(json_escape(span_text(plan->tags[i]), out));
        TRY(buf_append_u8(out, '"'));
    }
    TRY(buf_append_text(out, plan->needs ? "],\"needs\":[\"" : "],\"needs\":["));
    TRY(capability_print(plan->needs, "\",\"", out));
    TRY(buf_append_text(out, plan->needs ? "\"]" : "]"));
    TRY(buf_printf(out, ",\"limit_us\":%" PRIu64 ",\"longest_us\":%" PRIu64 ",\"settings\":{",
                   plan->limit_us, longest_of(plan)));
    TRY(json_settings(&plan->settings, out));
    TRY(buf_append_text(out, "},\"steps\":["));
    for (size_t i = 0; i < plan->step_count; i++) {
        TRY(i ? buf_append_u8(out, ',') : 0);
        TRY(json_step(&plan->steps[i], out));
    }
    return buf_append_text(out, "]}\n");
}
