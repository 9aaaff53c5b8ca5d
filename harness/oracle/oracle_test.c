// SPDX-License-Identifier: MIT
// Whole scenarios over made-up events: "at_ms word field=value ...". The word "tick" lets time
// pass, a '-' before the line tells it before the start.
#include "base/error.h"
#include "base/test.h"
#include "harness/oracle/executor.h"
#include "simulator/journal/told.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MS = 1000, EVENTS_MOST = 40, JOURNAL_BEGAN_US = 77000000 };

struct row {
    const char *statements; // behind "boot device"
    const char *events[EVENTS_MOST];
    enum verdict verdict;
    const char *sentence; // part of the note or of what was observed
};

struct rig {
    struct executor *x;
    uint64_t seq;
    char note[2000];
};

static int do_nothing(void *context)
{
    (void)context;
    return 0;
}

static int do_step(void *context, const struct step *step)
{
    (void)context;
    (void)step;
    return 0;
}

static void keep_note(void *context, const char *text)
{
    struct rig *r = context;
    snprintf(r->note, sizeof r->note, "%s", text);
}

// "3000 mqtt.refused@2 code=3": at 3 s, on connection 2.
static void tell(struct rig *r, const char *line)
{
    struct told told;
    char *rest = NULL;
    uint64_t at_us = strtoull(line, &rest, 10) * MS;
    if (strcmp(rest, " tick") == 0) {
        executor_tick(r->x, JOURNAL_BEGAN_US + at_us);
        return;
    }
    told_read(&told, rest, "");
    told.event.seq = ++r->seq;
    told.event.at_us = at_us;
    executor_event(r->x, &told.event, JOURNAL_BEGAN_US + at_us);
}

static void run_row(const struct row *row, struct plan *plan, struct rig *r)
{
    char text[2000];
    struct diag_list diags;
    const struct executor_actions actions = {r, do_nothing, do_step, do_step, do_step, keep_note, NULL};
    diag_init(&diags);
    snprintf(text, sizeof text, "scenario t.a\nlimit 1h\n%s\n", row->statements);
    int code = plan_parse("t/a.scn", span_text(text), NULL, 0, plan, &diags);
    if (code < 0) {
        fail_msg("%s: %s", row->statements, diags.count ? diags.items[0].message : "?");
    }
    *r = (struct rig){.x = executor_new(plan, &actions)};
    assert_non_null(r->x);
    bool is_started = false;
    tell(r, "0 run.started"); // as from the worker: it tells the journal's time
    for (size_t i = 0; i < EVENTS_MOST && row->events[i]; i++) {
        if (!is_started && row->events[i][0] != '-') {
            executor_start(r->x, JOURNAL_BEGAN_US);
            is_started = true;
        }
        tell(r, row->events[i] + (row->events[i][0] == '-'));
    }
    diag_deinit(&diags);
}

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct rig r;
        struct plan plan;
        run_row(&rows[i], &plan, &r);
        const struct outcome *o = executor_outcome(r.x);
        const char *said = o->verdict == VERDICT_PASS ? r.note : o->observed;
        if (!executor_is_done(r.x) || o->verdict != rows[i].verdict ||
            !strstr(said, rows[i].sentence)) {
            fail_msg("row %zu '%s': %s, %s: %s", i, rows[i].statements,
                     executor_is_done(r.x) ? "done" : "not done", verdict_word(o->verdict), said);
        }
        executor_free(r.x);
        plan_deinit(&plan);
    }
}

#define REFUSED(at, n, code)                                                                       \
    at " tcp.accepted@" n, at " tls.client_hello@" n, at " tls.established@" n,                    \
        at " mqtt.connect@" n, at " mqtt.refused@" n " code=" code, at " tcp.closed@" n " by=hub"
#define CONNECTED(at, n)                                                                           \
    at " tcp.accepted@" n, at " tls.client_hello@" n, at " tls.established@" n,                    \
        at " mqtt.connect@" n " keep_alive_s=30", at " mqtt.connected@" n

static void back_off_is_named_by_cause(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"boot device\nexpect backoff exponential after connack-3 within 60s",
         {REFUSED("0", "1", "3"), REFUSED("1000", "2", "3"), REFUSED("3000", "3", "3"),
          REFUSED("7000", "4", "3")},
         VERDICT_PASS,
         "3 waits after CONNACK 3: 1 s, 2 s, 4 s = exponential, by 2.0 each, largest by smallest "
         "4.0"},
        {"boot device\nexpect backoff growing within 60s",
         {REFUSED("0", "1", "3"), REFUSED("1000", "2", "3"), REFUSED("2000", "3", "3"),
          REFUSED("3000", "4", "3")},
         VERDICT_FAIL,
         "3 waits after CONNACK 3: 1 s, 1 s, 1 s = constant, largest by smallest 1.0, without "
         "jitter"},
        {"boot device\nexpect backoff any samples 2 after tcp",
         {"0 tcp.accepted@1", "0 tcp.closed@1 by=hub", "10 tcp.accepted@2",
          "10 tcp.closed@2 by=hub", "20 tcp.accepted@3", "9000 tick"},
         VERDICT_INCONCLUSIVE,
         "0 of 2 waits"},
        {"boot device\nexpect backoff any samples 2 after tcp within 60s",
         {"0 tcp.accepted@1", "0 tcp.closed@1 by=hub", "10 tcp.accepted@2",
          "10 tcp.closed@2 by=hub", "20 tcp.accepted@3"},
         VERDICT_FAIL,
         "2 waits after a lost TCP connection: 10 ms, 10 ms = no back-off"},
        // Two causes: the row after the other cause is not mixed in.
        {"boot device\nexpect backoff constant after connack-5 samples 2 within 60s",
         {REFUSED("0", "1", "3"), REFUSED("100", "2", "3"), REFUSED("300", "3", "5"),
          REFUSED("2300", "4", "5"), REFUSED("4300", "5", "5")},
         VERDICT_PASS,
         "2 waits after CONNACK 5: 2 s, 2 s = constant"},
        {"boot device\nexpect backoff growing after drop samples 2 within 60s",
         {CONNECTED("0", "1"), "100 tcp.closed@1 by=hub", CONNECTED("1100", "2"),
          "1200 tcp.closed@2 by=hub", CONNECTED("4200", "3")},
         VERDICT_PASS,
         "2 waits after a lost session: 1 s, 3 s"},
        // A device that leaves by itself to renew its token has not failed.
        {"boot device\nexpect backoff any samples 2 within 5s",
         {CONNECTED("0", "1"), "100 mqtt.disconnect@1", "100 tcp.closed@1 by=device",
          CONNECTED("200", "2"), "5000 tick"},
         VERDICT_INCONCLUSIVE,
         "too few to name a back-off"},
        {"boot device\nexpect backoff any within 30s",
         {REFUSED("0", "1", "5"), REFUSED("1000", "2", "5"), "30000 tick"},
         VERDICT_FAIL,
         "1 of 3 waits between failed attempts: no further attempt for 29 s after CONNACK 5"},
        // It does not even try, so the cause that was asked for never comes.
        {"boot device\nexpect backoff any after connack-3 within 30s",
         {CONNECTED("0", "1"), "1000 tcp.closed@1 by=hub", "30000 tick"},
         VERDICT_FAIL, "0 of 3 waits between failed attempts: no further attempt for 29 s after a lost session"},
        {"boot device\nexpect backoff exponential factor 2.5..4 within 60s",
         {REFUSED("0", "1", "3"), REFUSED("1000", "2", "3"), REFUSED("3000", "3", "3"),
          REFUSED("7000", "4", "3")},
         VERDICT_FAIL,
         "by 2.0 each"},
        {"boot device\nexpect backoff exponential jitter within 60s",
         {REFUSED("0", "1", "3"), REFUSED("1000", "2", "3"), REFUSED("3000", "3", "3"),
          REFUSED("7000", "4", "3")},
         VERDICT_FAIL,
         "without jitter (0 % off the curve)"},
        {"never backoff none\nboot device\nwait 60s",
         {REFUSED("0", "1", "3"), REFUSED("10", "2", "3"), REFUSED("20", "3", "3"),
          REFUSED("30", "4", "3")},
         VERDICT_FAIL,
         "10 ms, 10 ms, 10 ms = no back-off"},
        {"never backoff none\nboot device\nexpect mqtt.refused within 1s\nexpect backoff any "
         "samples 2 "
         "within 60s",
         {REFUSED("0", "1", "3"), REFUSED("1000", "2", "3"), REFUSED("2000", "3", "3")},
         VERDICT_PASS,
         "constant"},
        // An attempt at the provisioning service is not one at the hub.
        {"boot device\nexpect backoff any samples 2 within 5s",
         {"0 tcp.accepted@1", "0 dps.connect@1", "0 tcp.closed@1 by=hub", "10 tcp.accepted@2",
          "10 dps.connect@2", "10 tcp.closed@2 by=hub", "20 tcp.accepted@3", "20 dps.connect@3",
          "5000 tick"},
         VERDICT_INCONCLUSIVE,
         "0 of 2 waits"},
    };
    check_rows(rows, HR_COUNT_OF(rows));
}

static void watches_say_how_much_was_too_much(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"boot device\nexpect rate tcp.accepted at most 2 per 1s for 10s",
         {"0 tcp.accepted@1", "900 tcp.accepted@2", "1000 tcp.accepted@3", "10000 tick"},
         VERDICT_PASS,
         "3 tcp.accepted in 10 s, never more than 2 in any 1 s"},
        {"boot device\nexpect rate tcp.accepted at most 2 per 1s for 10s",
         {"0 tcp.accepted@1", "900 tcp.accepted@2", "999 tcp.accepted@3"},
         VERDICT_FAIL,
         "3 tcp.accepted within 999 ms; at most 2 in any 1 s"},
        {"never rate tcp.accepted above 1 per 1s\nboot device\nwait 10s",
         {"0 tcp.accepted@1", "999 tcp.accepted@2"},
         VERDICT_FAIL,
         "2 tcp.accepted within 999 ms"},
        {"boot device\nexpect quiet mqtt.connect for 5s",
         {"5000 tick"},
         VERDICT_PASS,
         "no mqtt.connect for 5 s"},
        {"boot device\nexpect quiet mqtt.connect for 5s",
         {"3000 mqtt.connect@1"},
         VERDICT_FAIL,
         "mqtt.connect after 3 s of quiet"},
        {"boot device\nexpect silence at most 30s for 10m",
         {"0 tcp.accepted@1", "240000 tls.client_hello@1"},
         VERDICT_FAIL,
         "silent for 4 min, then came tls.client_hello; at most 30 s"},
        {"boot device\nexpect silence at most 30s for 1m",
         {"20000 mqtt.ping@1", "45000 mqtt.ping@1", "50000 tcp.closed@1 by=hub", "60000 tick"},
         VERDICT_PASS,
         "silent for 25 s at the longest"},
        {"boot device\nexpect silence at most 30s for 1m",
         {"20000 mqtt.ping@1", "60000 tick"},
         VERDICT_FAIL,
         "silent for 40 s and still is"},
    };
    check_rows(rows, HR_COUNT_OF(rows));
}

static void memory_that_grows_is_a_leak_and_what_is_in_use_is_none(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"needs memory\nboot device\nexpect memory growth at most 100 KB for 40s",
         {"1000 device.memory kb=100", "11000 device.memory kb=900", "15000 device.memory kb=5000",
          "31000 device.memory kb=7000", "39000 device.memory kb=1000", "40000 tick"},
         VERDICT_PASS,
         "900 KB in the second quarter of the time and 1000 KB in the last, 100 KB more; at most 100"},
        {"needs memory\nboot device\nexpect memory growth at most 100 KB for 40s",
         {"11000 device.memory kb=900", "31000 device.memory kb=1001", "39000 device.memory kb=1200", "40000 tick"},
         VERDICT_FAIL,
         "101 KB more; at most 100"},
        {"needs memory\nboot device\nexpect memory growth at most 100 KB for 40s",
         {"11000 device.memory kb=900", "31000 device.memory kb=300", "40000 tick"},
         VERDICT_PASS,
         "-600 KB more"},
        {"needs memory\nboot device\nexpect memory growth at most 100 KB for 40s",
         {"1000 device.memory kb=900", "39000 device.memory kb=900", "40000 tick"},
         VERDICT_INCONCLUSIVE,
         "was not seen in both the second and the last quarter"},
    };
    check_rows(rows, HR_COUNT_OF(rows));
}

static void the_right_alert_and_no_leak(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"boot device\nexpect alert unknown_ca|bad_certificate within 20s",
         {"0 tcp.accepted@1", "10 tls.refused@1 how=alert alert=bad_certificate"},
         VERDICT_PASS,
         "refused the chain with the alert bad_certificate"},
        {"boot device\nexpect alert unknown_ca within 20s",
         {"10 tls.refused@1 how=alert alert=handshake_failure"},
         VERDICT_FAIL,
         "with the alert handshake_failure"},
        {"boot device\nexpect alert unknown_ca within 20s",
         {"10 tls.refused@1 how=close"},
         VERDICT_FAIL,
         "without an alert (close)"},
        {"boot device\nexpect alert unknown_ca|silence within 20s",
         {"10 tls.refused@1 how=close"},
         VERDICT_PASS,
         "without an alert (close)"},
        {"boot device\nexpect alert unknown_ca within 20s",
         {"10 mqtt.connect@1"},
         VERDICT_FAIL,
         "the device took the chain: mqtt.connect came instead"},
        {"boot device\nexpect alert unknown_ca within 20s",
         {"20000 tick"},
         VERDICT_FAIL,
         "did not refuse the chain"},
        {"never leak\nboot device\nwait 5s",
         {"-0 hub.chain name=bad/expired-leaf", "0 tls.established@1 chain=bad/expired-leaf",
          "10 mqtt.connect@1 has_password=true"},
         VERDICT_FAIL,
         "sent mqtt.connect with a password over bad/expired-leaf, which it had to refuse"},
        {"never leak\nboot device\nwait 5s",
         {"-0 hub.chain name=catalogue/x verdict=reject", "0 tls.established@1", "10 ws.open@1"},
         VERDICT_FAIL,
         "sent ws.open over catalogue/x"},
        // A connection from before the change stands on the chain it was made with.
        {"never leak\nboot device\nexpect quiet tcp.accepted for 5s",
         {"-0 hub.chain name=azure/digicert-g2", "0 tls.established@1 chain=azure/digicert-g2",
          "1 hub.chain name=bad/expired-leaf", "10 mqtt.connect@1", "5000 tick"},
         VERDICT_PASS,
         "no tcp.accepted"},
        {"never leak\nboot device\nexpect quiet tcp.accepted for 5s",
         {"-0 hub.chain name=bad/a", "-0 dps.chain name=azure/b",
          "0 tls.established@1 chain=azure/b", "10 dps.connect@1", "5000 tick"},
         VERDICT_PASS,
         "no tcp.accepted"},
    };
    check_rows(rows, HR_COUNT_OF(rows));
}

static void the_ledger_accounts_for_every_message(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"boot device\nexpect ledger d2c duplicated 0 reordered 0 messages 3.. within 10s",
         {"0 d2c.message@1 message_id=m-1", "1 d2c.message@1 message_id=m-2",
          "2 d2c.message@1 message_id=m-3"},
         VERDICT_PASS,
         "3 messages, 0 lost, 0 duplicated, 0 reordered (numbers 1 to 3)"},
        {"boot device\nexpect ledger d2c messages 2.. within 10s",
         {"0 d2c.message@1 message_id=m-1", "1 d2c.message@1 message_id=m-2",
          "2 d2c.message@1 message_id=m-5", "10000 tick"},
         VERDICT_PASS,
         "2 messages, 0 lost"},
        {"boot device\nwait 5s\nexpect ledger d2c",
         {"0 d2c.message@1 message_id=m-1", "1 d2c.message@1 message_id=m-2",
          "2 d2c.message@1 message_id=m-5", "5000 tick"},
         VERDICT_FAIL,
         "3 messages, 2 lost, 0 duplicated, 0 reordered (numbers 1 to 5); missing: 3, 4"},
        // What comes later fills the gap, out of order.
        {"boot device\nwait 1s\nexpect ledger d2c within 9s",
         {"0 d2c.message@1 body={\"seq\":1}", "1 d2c.message@1 body={\"seq\":3}", "1000 tick",
          "2000 d2c.message@1 body={\"seq\":2}"},
         VERDICT_PASS,
         "3 messages, 0 lost, 0 duplicated, 1 reordered"},
        {"boot device\nwait 5s\nexpect ledger d2c duplicated 0 within 5s",
         {"0 d2c.message@1 message_id=a1", "1 d2c.message@1 message_id=a1", "5000 tick"},
         VERDICT_FAIL,
         "1 message, 0 lost, 1 duplicated, 0 reordered (numbers 1 to 1), the last of these: a1"},
        {"boot device\nwait 5s\nexpect ledger d2c duplicated ..1 within 5s",
         {"0 d2c.message@1 message_id=a1", "1 d2c.message@1 message_id=a1", "5000 tick"},
         VERDICT_PASS,
         "1 duplicated"},
        {"boot device\nwait 5s\nexpect ledger d2c reordered 0",
         {"0 d2c.message@1 message_id=a2", "1 d2c.message@1 message_id=a1", "5000 tick"},
         VERDICT_FAIL,
         "1 reordered"},
        {"boot device\nwait 5s\nexpect ledger d2c within 1s",
         {"0 d2c.message@1 message_id=9f-1a", "1 d2c.message@1 message_id=9f-1b", "5000 tick",
          "6000 tick"},
         VERDICT_INCONCLUSIVE,
         "nobody can tell what was lost"},
        {"boot device\nexpect ledger d2c within 1s",
         {"1000 tick"},
         VERDICT_INCONCLUSIVE,
         "nothing to account for"},
        {"boot device\nwait 5s\nexpect ledger d2c renumbered 0 within 5s",
         {"0 d2c.message@1 message_id=a1 packet_id=7", "1 d2c.message@2 message_id=a1 packet_id=8",
          "5000 tick"},
         VERDICT_FAIL,
         "1 message, 0 lost, 1 duplicated, 0 reordered, 1 renumbered (numbers 1 to 1)"},
        {"boot device\nwait 5s\nexpect ledger d2c renumbered 0 within 5s",
         {"0 d2c.message@1 message_id=a1 packet_id=7", "1 d2c.message@2 message_id=a1 packet_id=7",
          "5000 tick"},
         VERDICT_PASS,
         "1 duplicated"},
        {"boot device\nexpect ledger c2d duplicated 0 within 10s",
         {"0 c2d.queued sequence=1", "0 c2d.queued sequence=2", "1 c2d.delivered@1 sequence=1",
          "2 c2d.completed@1 sequence=1", "3 c2d.delivered@1 sequence=2",
          "4 c2d.completed@1 sequence=2"},
         VERDICT_PASS,
         "2 messages, 0 lost, 0 duplicated"},
        {"boot device\nwait 1s\nexpect ledger c2d within 10s",
         {"0 c2d.queued sequence=1", "1 c2d.delivered@1 sequence=1",
          "2 c2d.undelivered sequence=1 outcome=Expired", "1000 tick", "11000 tick"},
         VERDICT_FAIL,
         "1 message, 1 lost"},
    };
    check_rows(rows, HR_COUNT_OF(rows));
}

static void a_link_is_lost_found_and_whole_again(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"boot device\nhub swallow at mqtt.pingresp\nexpect detect within 60s",
         {"0 mqtt.ping@1", "1000 fault.fired@1 fault=swallow", "21000 tcp.closed@1 by=device"},
         VERDICT_PASS,
         "closed the connection 20 s after swallow; at most 1 min"},
        {"boot device\nhub swallow at mqtt.pingresp\nexpect detect within 60s",
         {"1000 fault.fired@1 fault=swallow", "61000 tick"},
         VERDICT_FAIL,
         "still held the connection 1 min after swallow"},
        {"boot device\nhub stall\nexpect detect within 60s",
         {"0 fault.armed fault=stall", "10 tcp.accepted@1", "11 fault.fired@1 fault=stall",
          "30011 tcp.accepted@2"},
         VERDICT_PASS,
         "opened another connection 30 s after stall"},
        {"boot device\nhub drop rst\nexpect recovery within 30s",
         {"5 tcp.closed@1 by=hub", "4000 tcp.accepted@2", "4100 mqtt.connected@2"},
         VERDICT_PASS,
         "connected again 4.1 s after the end of the trouble, 1 attempt"},
        // Each refusal moves the end of the trouble.
        {"boot device\nhub refuse 3 times 2\nexpect recovery within 10s",
         {"0 tcp.accepted@1", "9000 fault.fired@1 fault=refuse", "9000 tcp.closed@1 by=hub",
          "18000 tcp.accepted@2", "18000 fault.fired@2 fault=refuse", "27000 tcp.accepted@3",
          "27000 mqtt.connected@3"},
         VERDICT_PASS,
         "connected again 9 s after the end of the trouble, 1 attempt"},
        {"boot device\nhub drop rst\nexpect recovery within 10s",
         {"5 tcp.closed@1 by=hub", "10000 tick"},
         VERDICT_FAIL,
         "not connected again 10 s after the end of the trouble, 0 attempts"},
        {"boot device\nexpect mqtt.connected within 9s\nwait 1s\nhub drop rst\nexpect resubscribe "
         "within 10s",
         {"0 mqtt.connected@1", "1 mqtt.subscribed@1 filter=a", "2 mqtt.subscribed@1 filter=b",
          "1000 tick", "2000 mqtt.connected@2 session_present=false",
          "2500 mqtt.subscribed@2 filter=b", "3000 mqtt.subscribed@2 filter=a"},
         VERDICT_PASS,
         "2 of 2 topic filters again, 1 s after CONNACK"},
        {"boot device\nexpect mqtt.connected within 9s\nwait 1s\nhub drop rst\nexpect resubscribe "
         "within 10s",
         {"0 mqtt.connected@1", "1 mqtt.subscribed@1 filter=a", "2 mqtt.subscribed@1 filter=b",
          "1000 tick", "2000 mqtt.connected@2 session_present=false",
          "2500 mqtt.subscribed@2 filter=b", "12000 tick"},
         VERDICT_FAIL,
         "1 of 2 topic filters again 10 s after CONNACK, session_present = false; missing: a"},
        {"boot device\nexpect mqtt.connected within 9s\nwait 1s\nhub drop rst\nexpect resubscribe "
         "within 10s",
         {"0 mqtt.connected@1", "1 mqtt.subscribed@1 filter=a", "1000 tick",
          "2000 mqtt.connected@2 session_present=true"},
         VERDICT_PASS,
         "the session was kept: 1 topic filters hold on"},
        {"boot device\nexpect mqtt.connected within 9s\nwait 1s\nhub drop rst\nexpect twin-sync "
         "within 10s",
         {"0 mqtt.connected@1", "1 twin.desired version=5", "1000 tick", "2000 mqtt.connected@2",
          "3000 twin.get@2 version=5"},
         VERDICT_PASS,
         "has desired version 5, 1 s after CONNACK"},
        {"boot device\nexpect mqtt.connected within 9s\nwait 1s\nhub drop rst\nexpect twin-sync "
         "within 10s",
         {"0 mqtt.connected@1", "1 twin.desired version=5", "1000 tick", "2000 mqtt.connected@2",
          "12000 tick"},
         VERDICT_FAIL,
         "did not ask for its twin within 10 s of CONNACK"},
        {"boot device\nexpect mqtt.connected within 9s\nwait 1s\nhub drop rst\nexpect twin-sync "
         "within 10s",
         {"0 mqtt.connected@1", "1000 tick", "2000 mqtt.connected@2", "2050 twin.desired version=6",
          "2100 twin.get@2 version=5", "12000 tick"},
         VERDICT_FAIL,
         "has desired version 5, newest is 6"},
    };
    check_rows(rows, HR_COUNT_OF(rows));
}

static void keep_alive_and_renewal_have_their_numbers(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"boot device\nexpect keepalive 10s..5m within 60s",
         {CONNECTED("0", "1"), "30500 mqtt.ping@1"},
         VERDICT_PASS,
         "keep-alive 30 s, 1 ping, silent for 30.5 s at the longest"},
        {"boot device\nexpect keepalive 60s..5m within 60s",
         {CONNECTED("0", "1")},
         VERDICT_FAIL,
         "announces a keep-alive of 30 s; asked for 1 min to 5 min"},
        {"boot device\nexpect keepalive 10s..5m within 60s",
         {"0 mqtt.connect@1 keep_alive_s=0", "0 mqtt.connected@1"},
         VERDICT_FAIL,
         "(off)"},
        {"boot device\nexpect keepalive 10s..5m within 60s",
         {CONNECTED("0", "1"), "60000 tick"},
         VERDICT_FAIL,
         "keep-alive 30 s, but the device was silent for 1 min"},
        {"boot device\nexpect keepalive 10s..5m within 20s",
         {CONNECTED("0", "1"), "20000 tick"},
         VERDICT_INCONCLUSIVE,
         "too short to see a ping"},
        {"boot device\nexpect keepalive 10s..5m within 20s",
         {CONNECTED("0", "1"), "5000 d2c.message@1", "10000 d2c.message@1", "15000 d2c.message@1",
          "20000 tick"},
         VERDICT_PASS,
         "keep-alive 30 s, 0 pings, silent for 5 s at the longest"},
        {"boot device\nexpect renewal margin 5s..20s within 60s",
         {"0 mqtt.connected@1 sas_expires_in_s=60", "50000 mqtt.connected@2 sas_expires_in_s=60"},
         VERDICT_PASS,
         "came 10 s before the end of the old one, which lived 1 min (16 %)"},
        {"boot device\nexpect renewal margin 20%..50% within 60s",
         {"0 mqtt.connected@1 sas_expires_in_s=60", "50000 mqtt.connected@2 sas_expires_in_s=60"},
         VERDICT_FAIL,
         "(16 %)"},
        // The same token again is no renewal.
        {"boot device\nexpect renewal margin 5s..20s within 30s",
         {"0 mqtt.connected@1 sas_expires_in_s=60", "20000 mqtt.connected@2 sas_expires_in_s=40",
          "30000 tick"},
         VERDICT_FAIL,
         "no new token within 30 s"},
        {"boot device\nexpect renewal margin 5s..20s within 60s",
         {"0 mqtt.connected@1 sas_expires_in_s=10", "11000 sas.expired@1"},
         VERDICT_FAIL,
         "the token ran out"},
        {"boot device\nexpect renewal margin 5s..20s within 60s",
         {"0 mqtt.connected@1 sas_expires_in_s=10", "12000 mqtt.connected@2 sas_expires_in_s=10"},
         VERDICT_FAIL,
         "2 s after the end of the old one"},
        // The hub's clock jumps: the end of the token comes nearer.
        {"boot device\nexpect renewal margin 5s..20s within 60s",
         {"-0 hub.clock utc=2026-11-20T08:00:00Z", "0 mqtt.connected@1 sas_expires_in_s=3600",
          "0 hub.clock utc=2026-11-20T08:59:00Z", "50000 mqtt.connected@2 sas_expires_in_s=3600"},
         VERDICT_PASS,
         "10 s before the end"},
        {"boot device\nexpect renewal margin 5s..20s within 5s",
         {"0 mqtt.connected@1", "5000 tick"},
         VERDICT_INCONCLUSIVE,
         "did not connect with a token"},
    };
    check_rows(rows, HR_COUNT_OF(rows));
}

// The mistakes of each statement, and what it is called in words.
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(back_off_is_named_by_cause),
        cmocka_unit_test(watches_say_how_much_was_too_much),
        cmocka_unit_test(memory_that_grows_is_a_leak_and_what_is_in_use_is_none),
        cmocka_unit_test(the_right_alert_and_no_leak),
        cmocka_unit_test(the_ledger_accounts_for_every_message),
        cmocka_unit_test(a_link_is_lost_found_and_whole_again),
        cmocka_unit_test(keep_alive_and_renewal_have_their_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
