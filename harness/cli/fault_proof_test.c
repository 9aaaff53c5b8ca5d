// SPDX-License-Identifier: MIT
// Every kind of fault has a test that sees its effect from outside, with a client that is not ours
// (openssl, gnutls-cli, mosquitto, curl, five TLS libraries). This table says where; a kind without a
// row fails, and so does a row whose test is gone.
#include "base/error.h"
#include "base/fs.h"
#include "base/test.h"
#include "harness/cli/shell.h"
#include "simulator/faults/fault.h"

#include <stdio.h>
#include <string.h>

#define TLS    "harness/cli/tls_fault_test.c"       // each row on both engines
#define SURVEY "simulator/tls/survey/faults.tsv"    // likewise
#define MQTT   "harness/cli/mqtt_faults_test.c"
#define NET    "harness/cli/net_fault_test.c"

static const struct proof {
    enum fault_kind kind;
    const char *file;
    const char *words; // as the file has them, behind a quote or a tab
} proofs[] = {
    {FAULT_DELAY, TLS, "delay 150ms at $site.server_hello_done"},
    {FAULT_DROP, TLS, "drop fin at $site.certificate"},
    {FAULT_DROP, TLS, "drop rst at $site.certificate"},
    {FAULT_DROP, MQTT, "drop fin at mqtt.suback"},
    {FAULT_STALL, TLS, "stall at tls.server_hello_done"},
    {FAULT_REFUSE, MQTT, "refuse 4"},
    {FAULT_SWALLOW, MQTT, "swallow at mqtt.suback"},
    {FAULT_SWALLOW, TLS, "swallow at $site.certificate"},
    {FAULT_DOUBLE, MQTT, "double at mqtt.connack"},
    {FAULT_DOUBLE, TLS, "double at $site.server_hello"},
    {FAULT_SWAP, MQTT, "swap"},
    {FAULT_SWAP, TLS, "swap at $site.certificate"},
    {FAULT_INJECT, MQTT, "inject 40021234"},
    {FAULT_INJECT, TLS, "inject 1603034900 at $site.server_hello"},
    {FAULT_WRONG_ID, MQTT, "wrong-id at mqtt.suback"},
    {FAULT_MALFORM, MQTT, "malform length at mqtt.puback"},
    {FAULT_MALFORM, MQTT, "malform truncated"},
    {FAULT_MALFORM, MQTT, "malform type at mqtt.suback"},
    {FAULT_MALFORM, MQTT, "malform qos3 at mqtt.suback"},
    {FAULT_MALFORM, MQTT, "malform flags"},
    {FAULT_MALFORM, MQTT, "malform remaining-length"},
    {FAULT_EARLY_PUBLISH, MQTT, "early-publish"},
    {FAULT_SUBACK_CODE, MQTT, "suback-code 0x80"},
    {FAULT_CONNACK_CODE, MQTT, "connack-code 200"},
    {FAULT_SESSION_LIE, MQTT, "session-lie"},
    {FAULT_RESERVED_BITS, MQTT, "reserved-bits"},
    {FAULT_TAKEOVER, MQTT, "takeover"},
    {FAULT_SLICE, TLS, "slice 50 at $site.server_hello"},
    {FAULT_COALESCE, TLS, "coalesce at $site.server_hello"},
    {FAULT_SEGMENT, TLS, "segment 1 at $site.server_hello"},
    {FAULT_RECORD_VERSION, TLS, "record-version 0x0301 at $site.server_hello"},
    {FAULT_RECORD_TYPE, TLS, "record-type 99 at $site.server_hello"},
    {FAULT_EMPTY_RECORDS, TLS, "empty-records 100 at $site.server_hello"},
    {FAULT_OVERSIZE, TLS, "oversize at $site.server_hello"},
    {FAULT_CORRUPT, TLS, "corrupt 200 at $site.server_key_exchange"},
    {FAULT_TRUNCATE, TLS, "truncate 20 at $site.server_hello"},
    {FAULT_ALERT, TLS, "alert fatal 40 at $site.certificate"},
    {FAULT_ALERT, TLS, "alert fatal internal_error at tls.application_data"},
    {FAULT_WARNINGS, TLS, "warnings 1 at $site.server_hello"},
    {FAULT_HELLO_REQUEST, TLS, "hello-request"},
    {FAULT_KEY_UPDATE, TLS, "key-update"},
    {FAULT_PLAIN, TLS, "plain-text http at $site.client_hello"},
    {FAULT_PLAIN, SURVEY, "plain-text mqtt"},
    {FAULT_PLAIN, SURVEY, "plain-text random"},
    {FAULT_PLAIN, SURVEY, "plain-text echo"},
    {FAULT_HALF_CLOSE, TLS, "half-close at tls.application_data"},
    {FAULT_FLIGHT, TLS, "flight ske-point at $site.client_hello"},
    {FAULT_ANSWER, MQTT, "answer 429 at twin.request"},
    {FAULT_BLACKHOLE, NET, "blackhole up for 1s"},
    {FAULT_BLACKHOLE, NET, "blackhole down for 1s"},
    {FAULT_BLACKHOLE, NET, "blackhole both for 1s"},
    {FAULT_LATENCY, NET, "latency 200ms"},
    {FAULT_JITTER, NET, "jitter 1200ms"},
    {FAULT_BANDWIDTH, NET, "bandwidth 4000"},
    {FAULT_FLAP, NET, "flap 30ms 400ms"},
    {FAULT_CUT, NET, "cut 100"},
    {FAULT_REFUSE_TCP, NET, "refuse-tcp"},
    {FAULT_BLOCK, NET, "block"},
    {FAULT_LOSS, NET, "loss 50% times 1"},
    {FAULT_PORTAL, NET, "portal 511"},
    {FAULT_SLOW_CLOSE, NET, "slow-close"},
    {FAULT_WINDOW, NET, "window"},
};

static bool stands_in(const struct proof *proof)
{
    static const char marks[] = "\"\t";
    char path[400];
    char words[200];
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, 1 << 20);
    snprintf(path, sizeof path, "%s/%s", HUBRIG_SOURCE_FOLDER, proof->file);
    assert_int_equal(fs_read_file(path, &text), 0);
    for (const char *mark = marks; *mark; mark++) {
        snprintf(words, sizeof words, "%c%s", *mark, proof->words);
        if (strstr(buf_text(&text), words)) {
            return true;
        }
    }
    return false;
}

static void every_kind_of_fault_is_seen_from_outside(void **state)
{
    (void)state;
    for (int kind = FAULT_NONE + 1; kind < FAULT_KIND_COUNT; kind++) {
        size_t seen = 0;
        for (size_t i = 0; i < HR_COUNT_OF(proofs); i++) {
            seen += (int)proofs[i].kind == kind;
        }
        if (seen == 0) {
            fail_msg("no test sees the fault %s from outside: write one, and its row here",
                     fault_word((enum fault_kind)kind));
        }
    }
}

static void what_acts_on_records_is_seen_on_both_engines(void **state)
{
    (void)state;
    for (int kind = FAULT_NONE + 1; kind < FAULT_KIND_COUNT; kind++) {
        bool is_seen = !(fault_classes((enum fault_kind)kind) & AT_TLS);
        for (size_t i = 0; i < HR_COUNT_OF(proofs); i++) {
            bool is_both = strcmp(proofs[i].file, TLS) == 0 || strcmp(proofs[i].file, SURVEY) == 0;
            is_seen = is_seen || (is_both && (int)proofs[i].kind == kind);
        }
        if (!is_seen) {
            fail_msg("%s acts on records, and no test sees it on both engines",
                     fault_word((enum fault_kind)kind));
        }
    }
}

static void every_row_names_a_test_that_is_there(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(proofs); i++) {
        const char *word = fault_word(proofs[i].kind);
        assert_memory_equal(proofs[i].words, word, strlen(word));
        if (!stands_in(&proofs[i])) {
            fail_msg("%s has no row '%s'", proofs[i].file, proofs[i].words);
        }
    }
}

static void the_catalogue_has_a_line_for_each(void **state)
{
    (void)state;
    struct shell_result r;
    char line[80];
    shell_run(&r, "hubrig words faults");
    for (int kind = FAULT_NONE + 1; kind < FAULT_KIND_COUNT; kind++) {
        snprintf(line, sizeof line, "\n  %s ", fault_word((enum fault_kind)kind));
        shell_assert_says(&r, line);
        shell_assert_says(&r, fault_meaning((enum fault_kind)kind));
    }
    shell_release(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_fault_is_seen_from_outside),
        cmocka_unit_test(what_acts_on_records_is_seen_on_both_engines),
        cmocka_unit_test(every_row_names_a_test_that_is_there),
        cmocka_unit_test(the_catalogue_has_a_line_for_each),
    };
    return cmocka_run_group_tests(tests, shell_set_up, shell_tear_down);
}
