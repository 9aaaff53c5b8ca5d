// SPDX-License-Identifier: MIT
// Certificate renewal over MQTT (preview): one line per rule, to be read beside its documentation.
#include "simulator/mqtt/talk_rig.h"

#define PREVIEW       "tail=/?api-version=2025-08-01-preview"
#define SUB           "sub $iothub/credentials/res/# 1; "
#define POST          "pub $iothub/credentials/POST/issueCertificate/?$rid="
#define RES           "PUBLISH q0 $iothub/credentials/res/"
#define GOOD          " = {\"id\":\"bench-01\",\"csr\":\"Z29vZA==\"}; "
#define REPLACE(what) " = {\"id\":\"bench-01\",\"csr\":\"Z29vZA==\",\"replace\":\"" what "\"}; "
#define EXPIRES       "\"operationExpires\":\"2026-11-20T22:03:00.0000000Z\""
#define ACCEPTED(rid) RES "202/?$rid=" rid " {\"correlationId\":\"ID\"," EXPIRES "}"
#define ISSUED(rid)                                                                                \
    RES "200/?$rid=" rid " {\"correlationId\":\"ID\","                                             \
        "\"certificates\":[\"YmVuY2gtMDE=\",\"aXNzdWluZw==\",\"cm9vdA==\"]}"
#define CODE(code)       " {\"errorCode\":" #code "}"
#define INFO(code, info) " {\"errorCode\":" #code ",\"info\":{" info "}}"
#define BODY(text)       SUB POST "1 = " text
#define BAD              "SUBACK 1 | " RES "400/?$rid=1"

static const struct talk_row rows[] = {
    {"accepted, then issued", SUB POST "1" GOOD "wait 1",
     "SUBACK 1 | " ACCEPTED("1") " | " ISSUED("1"), "renewal.issued rid=1 days=30"},
    {"at QoS 1 the PUBACK comes first", SUB POST "1 q1" GOOD,
     "SUBACK 1 | PUBACK 9 | " ACCEPTED("1"), "renewal.accepted"},
    {"one after the other", SUB POST "1" GOOD "wait 1; " POST "2" GOOD,
     "SUBACK 1 | " ACCEPTED("1") " | " ISSUED(
         "1") " | " RES "202/?$rid=2 {\"correlationId\":\"ID\","
              "\"operationExpires\":\"2026-11-20T22:03:01.0000000Z\"}",
     NULL},
    {"no payload: 400004", SUB POST "1", BAD CODE(400004), "renewal.refused status=400"},
    {"an array: 400004", BODY("[\"bench-01\"]"), BAD CODE(400004), NULL},
    {"truncated JSON: 400006", BODY("{\"id\":\"bench-01\",\"csr\":"), BAD CODE(400006), NULL},
    {"id missing: 400004", BODY("{\"csr\":\"Z29vZA==\"}"), BAD CODE(400004), "'id' is missing"},
    {"id empty: 400004", BODY("{\"id\":\"\",\"csr\":\"Z29vZA==\"}"), BAD CODE(400004),
     "'id' is missing or empty"},
    {"id of another: 400004", BODY("{\"id\":\"bench-02\",\"csr\":\"Z29vZA==\"}"), BAD CODE(400004),
     "is not the device"},
    {"csr missing: 400004", BODY("{\"id\":\"bench-01\"}"), BAD CODE(400004), "'csr' is missing"},
    {"csr empty: 400004", BODY("{\"id\":\"bench-01\",\"csr\":\"\"}"), BAD CODE(400004),
     "'csr' is missing or empty"},
    {"csr not base64: 400004", BODY("{\"id\":\"bench-01\",\"csr\":\"not base64!\"}"),
     BAD CODE(400004), "is not base64"},
    {"unknown field: 400004", BODY("{\"id\":\"bench-01\",\"csr\":\"Z29vZA==\",\"x\":1}"),
     BAD CODE(400004), "unknown field"},
    {"replace too short: 400004", SUB POST "1" REPLACE("123"), BAD CODE(400004), "'replace'"},
    {"replace with a hyphen at its end: 400004", SUB POST "1" REPLACE("1234-"), BAD CODE(400004),
     "'replace'"},
    {"replace with a letter it may not have: 400004", SUB POST "1" REPLACE("12_34"),
     BAD CODE(400004), "'replace'"},
    {"base64, but no PKCS#10: 202, then 400037",
     SUB POST "1 = {\"id\":\"bench-01\",\"csr\":\"YmFk\"}; wait 1",
     "SUBACK 1 | " ACCEPTED("1") " | " RES "400/?$rid=1" INFO(
         400037, "\"credentialError\":\"400000\","
                 "\"credentialMessage\":\"CSR did not pass verification\""),
     "renewal.refused status=400 code=400037 why=\"no PKCS#10\""},
    {"base64, but no PKCS#10, the option: 400040",
     "set renewal_csr_code 400040; " SUB POST "1 = {\"id\":\"bench-01\",\"csr\":\"YmFk\"}; wait 1",
     "SUBACK 1 | " ACCEPTED("1") " | " RES "400/?$rid=1" INFO(
         400040, "\"credentialError\":\"400000\","
                 "\"credentialMessage\":\"CSR did not pass verification\""),
     NULL},
    {"another is active: 409004", SUB POST "1234" GOOD POST "2" GOOD,
     "SUBACK 1 | " ACCEPTED("1234") " | " RES "409/?$rid=2" INFO(
         409004, "\"requestId\":\"1234\"," EXPIRES ",\"correlationId\":\"ID\""),
     NULL},
    {"another is active, the option: 409005",
     "set renewal_conflict_code 409005; " SUB POST "1234" GOOD POST "2" GOOD,
     "SUBACK 1 | " ACCEPTED("1234") " | " RES "409/?$rid=2" INFO(
         409005, "\"requestId\":\"1234\"," EXPIRES ",\"correlationId\":\"ID\""),
     NULL},
    {"replace names it: the first is dropped",
     SUB POST "1234" GOOD POST "2" REPLACE("1234") "wait 1",
     "SUBACK 1 | " ACCEPTED("1234") " | " ACCEPTED("2") " | " ISSUED("2"), NULL},
    {"replace any: the first is dropped", SUB POST "1234" GOOD POST "2" REPLACE("*") "wait 1",
     "SUBACK 1 | " ACCEPTED("1234") " | " ACCEPTED("2") " | " ISSUED("2"), NULL},
    {"replace any, none is active", SUB POST "1" REPLACE("*"), "SUBACK 1 | " ACCEPTED("1"), NULL},
    {"replace names none: 412001", SUB POST "1" REPLACE("db8c0f73-ac73"),
     "SUBACK 1 | " RES "412/?$rid=1" INFO(412001, "\"requestId\":\"db8c0f73-ac73\""), NULL},
    {"replace names another than the active one: 412001",
     SUB POST "1234" GOOD POST "2" REPLACE("4321"),
     "SUBACK 1 | " ACCEPTED("1234") " | " RES "412/?$rid=2" INFO(412001, "\"requestId\":\"4321\""),
     NULL},
    {"a rid with quotes stays JSON", SUB POST "a\"b" GOOD POST "2" GOOD,
     "SUBACK 1 | " ACCEPTED("a\"b") " | " RES "409/?$rid=2" INFO(
         409004, "\"requestId\":\"a\\\"b\"," EXPIRES ",\"correlationId\":\"ID\""),
     NULL},
    {"throttled: 429002 with retryAfter",
     "rate renewals 1/m; " SUB POST "1" GOOD "wait 1; " POST "2" GOOD,
     "SUBACK 1 | " ACCEPTED("1") " | " ISSUED("1") " | " RES
                                                   "429/?$rid=2" INFO(429002, "\"retryAfter\":60"),
     NULL},
    {"no $rid: no answer", SUB "pub $iothub/credentials/POST/issueCertificate/" GOOD "wait 1",
     "SUBACK 1", "its topic has no $rid"},
    {"no $rid, the option: close",
     "set closes_renewal_without_rid 1; " SUB "pub $iothub/credentials/POST/issueCertificate/" GOOD,
     "SUBACK 1 | FIN", "has no $rid"},
    {"another topic below $iothub/credentials: close", "pub $iothub/credentials/GET/?$rid=1", "FIN",
     "is no credentials request"},
    {"never subscribed: no answer", POST "1" GOOD "wait 1", "", "has not subscribed"},
    {"unsubscribed after 202: nothing comes",
     SUB POST "1" GOOD "unsub $iothub/credentials/res/#; wait 1",
     "SUBACK 1 | " ACCEPTED("1") " | UNSUBACK", "renewal.issued"},
    {"subscribed again: the certificate comes",
     SUB POST "1" GOOD "unsub $iothub/credentials/res/#; wait 1; sub $iothub/credentials/res/# 0",
     "SUBACK 1 | " ACCEPTED("1") " | UNSUBACK | SUBACK 0 | " ISSUED("1"),
     "renewal.answered status=200 rid=1"},
    {"clean 0: it comes after the reconnect",
     SUB POST "1" GOOD "lost; wait 1; connect bench-01 " PREVIEW,
     "SUBACK 1 | " ACCEPTED("1") " | 2:CONNACK 0 present | 2:" ISSUED("1"), NULL},
    {"clean 1 and a new SUBSCRIBE: it comes",
     SUB POST "1" GOOD "lost; wait 1; connect bench-01 clean=1 " PREVIEW
              "; sub $iothub/credentials/res/# 0",
     "SUBACK 1 | " ACCEPTED("1") " | 2:CONNACK 0 | 2:SUBACK 0 | 2:" ISSUED("1"), NULL},
    {"clean 1 without SUBSCRIBE: nothing comes",
     SUB POST "1" GOOD "lost; wait 1; connect bench-01 clean=1 " PREVIEW,
     "SUBACK 1 | " ACCEPTED("1") " | 2:CONNACK 0", NULL},
    {"beyond its time the answer is gone",
     "set renewal_expires_s 60; " SUB POST "1" GOOD
     "unsub $iothub/credentials/res/#; wait 61; sub $iothub/credentials/res/# 0",
     "SUBACK 1 | " RES "202/?$rid=1 {\"correlationId\":\"ID\","
     "\"operationExpires\":\"2026-11-20T10:04:00.0000000Z\"} | UNSUBACK | SUBACK 0",
     NULL},
};

static void every_request_for_a_certificate_has_its_answer(void **state)
{
    (void)state;
    ASSERT_TALKS("connect bench-01 " PREVIEW, rows);
}

static const struct talk_row old_rows[] = {
    {"an older api-version: no answer", SUB POST "1" GOOD "wait 1", "SUBACK 1",
     "renewal needs api-version 2025-08-01-preview"},
    {"an older api-version, the option: as ever", "set takes_any_renewal 1; " SUB POST "1" GOOD,
     "SUBACK 1 | " ACCEPTED("1"), NULL},
};

static void an_older_api_version_is_told_in_the_journal(void **state)
{
    (void)state;
    ASSERT_TALKS("connect bench-01", old_rows);
}

static void a_signing_request_has_at_most_8_kb(void **state)
{
    (void)state;
    char steps[9000] = SUB POST "1 = {\"id\":\"bench-01\",\"csr\":\"";
    size_t len = strlen(steps);
    memset(steps + len, 'A', RENEWAL_CSR_BYTES_MOST + 4);
    strcpy(steps + len + RENEWAL_CSR_BYTES_MOST + 4, "\"}");
    const struct talk_row long_row[] = {
        {"csr of more than 8 KB: 400004", steps, BAD CODE(400004), "longer than 8 KB"}};
    ASSERT_TALKS("connect bench-01 " PREVIEW, long_row);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_request_for_a_certificate_has_its_answer),
        cmocka_unit_test(an_older_api_version_is_told_in_the_journal),
        cmocka_unit_test(a_signing_request_has_at_most_8_kb),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
