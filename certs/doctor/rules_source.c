// SPDX-License-Identifier: MIT
// Rules about C sources: what is called, what is never called.
#include "certs/doctor/case.h"

#include <stdio.h>

bool case_source_has(const struct doctor *d, const char *word)
{
    for (size_t i = 0; i < d->input_count; i++) {
        struct span code = buf_span(&d->inputs[i]->literals.code);
        if (text_find_word(code, 0, word) < code.len) {
            return true;
        }
    }
    return false;
}

static bool source_has_one_of(const struct doctor *d, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (case_source_has(d, words[i])) {
            return true;
        }
    }
    return false;
}

static struct doctor_place place_at(const struct input *input, size_t offset)
{
    struct text_view view = {.file = input->name, .text = buf_span(&input->literals.code)};
    return (struct doctor_place){input->name, view_line(&view, offset)};
}

// Where a word stands first.
static bool find_word(const struct doctor *d, const char *word, struct doctor_place *at)
{
    for (size_t i = 0; i < d->input_count; i++) {
        struct span code = buf_span(&d->inputs[i]->literals.code);
        size_t offset = text_find_word(code, 0, word);
        if (offset < code.len) {
            *at = place_at(d->inputs[i], offset);
            return true;
        }
    }
    return false;
}

// The text between the parentheses behind `at`, or empty.
static struct span arguments(struct span code, size_t at)
{
    size_t open = at + span_find(span_from(code, at), '(');
    int depth = 0;
    for (size_t i = open; i < code.len && i < open + 2000; i++) {
        depth += code.ptr[i] == '(' ? 1 : code.ptr[i] == ')' ? -1 : 0;
        if (depth == 0) {
            return span_slice(code, open + 1, i - open - 1);
        }
    }
    return SPAN_EMPTY;
}

static struct span argument(struct span args, size_t index)
{
    int depth = 0;
    size_t begin = 0;
    for (size_t i = 0; i <= args.len; i++) {
        uint8_t c = i < args.len ? args.ptr[i] : ',';
        depth += c == '(' ? 1 : c == ')' ? -1 : 0;
        if (c != ',' || depth != 0) {
            continue;
        }
        if (index == 0) {
            return span_trim(span_slice(args, begin, i - begin));
        }
        index--;
        begin = i + 1;
    }
    return SPAN_EMPTY;
}

static bool argument_number(const struct doctor *d, struct span text, uint64_t *out)
{
    char name[96];
    if (span_parse_u64(text, out) == 0) {
        return true;
    }
    span_copy_text(text, name, sizeof name);
    const struct setting *s = setting_find(d, name);
    return s && setting_number(s, out);
}

static const char *const connect_calls[] = {"mbedtls_ssl_handshake",
                                            "SSL_connect",
                                            "wolfSSL_connect",
                                            "nx_secure_tls_session_start",
                                            "esp_mqtt_client_start",
                                            "mqtt_connect",
                                            "IoTHubDeviceClient_LL_CreateFromConnectionString",
                                            "IoTHubDeviceClient_CreateFromConnectionString"};

static void judge_lengths(struct doctor *d, const struct input *input)
{
    static const char *const parsers[] = {"mbedtls_x509_crt_parse", "mbedtls_pk_parse_key"};
    struct span code = buf_span(&input->literals.code);
    for (size_t i = 0; i < HR_COUNT_OF(parsers); i++) {
        for (size_t at = text_find_word(code, 0, parsers[i]); at < code.len;
             at = text_find_word(code, at + 1, parsers[i])) {
            struct span args = arguments(code, at);
            struct span len = argument(args, 2);
            bool is_short = (text_has(len, "strlen") && !text_has(len, "+")) ||
                            (text_has(len, "sizeof") && text_has(len, "- 1"));
            if (is_short) {
                case_say(d,
                         &(struct remark){.rule = DOCTOR_B_03,
                                          .at = place_at(input, at),
                                          .shows = "mbedTLS -0x2180 (key: -0x3d00)",
                                          .fix = "pass strlen + 1, or sizeof"},
                         "%s gets the length without the final NUL: mbedTLS then takes PEM for DER",
                         parsers[i]);
            }
        }
    }
    for (size_t at = text_find_word(code, 0, "modem_key_mgmt_write"); at < code.len;
         at = text_find_word(code, at + 1, "modem_key_mgmt_write")) {
        struct span len = argument(arguments(code, at), 3);
        if (text_has(len, "sizeof") && !text_has(len, "-")) {
            case_say(d,
                     &(struct remark){.rule = DOCTOR_B_04,
                                      .at = place_at(input, at),
                                      .shows = "mqtt_connect -22",
                                      .fix = "pass strlen, or sizeof - 1"},
                     "sizeof counts the NUL, and the modem stores it as a part of the text");
        }
    }
}

static void judge_checks_off(struct doctor *d)
{
    static const struct {
        const char *word;
        const char *fix;
    } switches[] = {
        {"MBEDTLS_SSL_VERIFY_NONE", "MBEDTLS_SSL_VERIFY_REQUIRED"},
        {"MBEDTLS_SSL_VERIFY_OPTIONAL", "MBEDTLS_SSL_VERIFY_REQUIRED"},
        {"SSL_VERIFY_NONE", "SSL_VERIFY_PEER"},
        {"WOLFSSL_VERIFY_NONE", "WOLFSSL_VERIFY_PEER"},
        {"TLS_PEER_VERIFY_NONE", "TLS_PEER_VERIFY_REQUIRED"},
        {"setInsecure", "setCACert or setTrustAnchors"},
    };
    static const char *const options[] = {"ESP_TLS_SKIP_SERVER_CERT_VERIFY", "ESP_TLS_INSECURE"};
    struct remark r = {.rule = DOCTOR_R_17, .shows = "nothing: it connects to anybody"};
    for (size_t i = 0; i < HR_COUNT_OF(switches); i++) {
        if (find_word(d, switches[i].word, &r.at)) {
            r.fix = "ask for verification and give it the hub's root";
            case_say(d, &r, "%s turns the check of the server off; %s turns it on",
                     switches[i].word, switches[i].fix);
        }
    }
    for (size_t i = 0; i < HR_COUNT_OF(options); i++) {
        const struct setting *s = setting_find(d, options[i]);
        if (s && !s->is_off) {
            r.at = s->at;
            r.fix = "switch it off";
            case_say(d, &r, "%s turns the check of the server off", options[i]);
        }
    }
    for (size_t i = 0; i < d->input_count; i++) {
        struct span code = buf_span(&d->inputs[i]->literals.code);
        size_t at = text_find_word(code, 0, "skip_cert_common_name_check");
        struct span rest = span_slice(code, at, 60);
        struct span line = text_line(&rest);
        if (at < code.len && !text_has(line, "false") && !text_has(line, "= 0")) {
            r.at = place_at(d->inputs[i], at);
            r.fix = "leave the check of the name on";
            case_say(d, &r, "skip_cert_common_name_check: any certificate below the root will do");
        }
    }
}

static void judge_names(struct doctor *d)
{
    static const struct {
        const char *connect;
        const char *host[3]; // one of these checks the name
        const char *sni[2];  // one of these sends it
        const char *shows;
    } stacks[] = {
        {"mbedtls_ssl_handshake",
         {"mbedtls_ssl_set_hostname", NULL, NULL},
         {"mbedtls_ssl_set_hostname", NULL},
         "2.28: nothing, any name will do; 3.6: -0x5D80"},
        {"SSL_connect",
         {"SSL_set1_host", "X509_VERIFY_PARAM_set1_host", "X509_check_host"},
         {"SSL_set_tlsext_host_name", NULL},
         "nothing: any name will do"},
        {"wolfSSL_connect",
         {"wolfSSL_check_domain_name", NULL, NULL},
         {"wolfSSL_UseSNI", "wolfSSL_CTX_UseSNI"},
         "nothing: any name will do"},
    };
    for (size_t i = 0; i < HR_COUNT_OF(stacks); i++) {
        struct remark r = {.rule = DOCTOR_R_17, .shows = stacks[i].shows};
        if (!find_word(d, stacks[i].connect, &r.at)) {
            continue;
        }
        bool has_check = false;
        bool has_sni = false;
        for (size_t k = 0; k < 3; k++) {
            has_check = has_check || (stacks[i].host[k] && case_source_has(d, stacks[i].host[k]));
        }
        for (size_t k = 0; k < 2; k++) {
            has_sni = has_sni || (stacks[i].sni[k] && case_source_has(d, stacks[i].sni[k]));
        }
        if (!has_check) {
            r.fix = "give the stack the host name before the handshake";
            case_say(d, &r,
                     "%s is called, %s never: the name in the hub's certificate is not "
                     "compared",
                     stacks[i].connect, stacks[i].host[0]);
        }
        if (!has_sni) {
            r.rule = DOCTOR_Z_11;
            r.shows = "nothing on the usual host name";
            r.fix = "send it: the hub's newer host names need it";
            case_say(d, &r, "%s is never called: the handshake names no server", stacks[i].sni[0]);
        }
    }
}

static void judge_netx(struct doctor *d)
{
    static const char allocate[] = "nx_secure_tls_remote_certificate_buffer_allocate";
    static const char single[] = "nx_secure_tls_remote_certificate_allocate";
    struct remark r = {.rule = DOCTOR_Z_07};
    if (find_word(d, "NX_CRYPTO_NONE", &r.at)) {
        r.shows = "no connection since autumn 2023";
        r.fix = "take the entry out of the table of ciphers";
        case_say(d, &r, "the crypto table holds NX_CRYPTO_NONE");
    }
    r.rule = DOCTOR_Z_08;
    r.shows = "NetX ends the handshake: no room for the certificate";
    r.fix = "three certificates of 2 KB and more arrive: give each 4 KB";
    for (size_t i = 0; i < d->input_count; i++) {
        struct span code = buf_span(&d->inputs[i]->literals.code);
        uint64_t count = 0;
        uint64_t size = 0;
        size_t at = text_find_word(code, 0, allocate);
        if (at < code.len) {
            struct span args = arguments(code, at);
            r.at = place_at(d->inputs[i], at);
            bool is_few = argument_number(d, argument(args, 1), &count) && count < 3;
            bool is_small = argument_number(d, argument(args, 3), &size) && size < 3 * 2048;
            if (is_few || is_small) {
                case_say(d, &r, "too little room for the server's certificates: %llu, %llu bytes",
                         (unsigned long long)count, (unsigned long long)size);
            }
        }
        at = text_find_word(code, 0, single);
        if (at < code.len && argument_number(d, argument(arguments(code, at), 3), &size) &&
            size < 2048) {
            r.at = place_at(d->inputs[i], at);
            case_say(d, &r, "a buffer of %llu bytes for a certificate", (unsigned long long)size);
        }
    }
}

static void judge_waits(struct doctor *d)
{
    static const char *const handshakes[] = {"mbedtls_ssl_handshake", "SSL_connect",
                                             "wolfSSL_connect"};
    static const char *const limits[] = {"SO_RCVTIMEO",
                                         "mbedtls_ssl_conf_read_timeout",
                                         "mbedtls_net_recv_timeout",
                                         "O_NONBLOCK",
                                         "mbedtls_net_set_nonblock",
                                         "select",
                                         "poll",
                                         "epoll_wait",
                                         "wolfSSL_set_using_nonblock",
                                         "setTimeout",
                                         "BIO_set_nbio",
                                         "MBEDTLS_ERR_SSL_WANT_READ",
                                         "SSL_ERROR_WANT_READ"};
    struct remark r = {.rule = DOCTOR_Z_10,
                       .shows = "silence: the device hangs with a stalled server",
                       .fix = "set SO_RCVTIMEO or the stack's read timeout"};
    for (size_t i = 0; i < HR_COUNT_OF(handshakes); i++) {
        if (find_word(d, handshakes[i], &r.at) &&
            !source_has_one_of(d, limits, HR_COUNT_OF(limits))) {
            case_say(d, &r, "%s waits for ever: no timeout is set in these sources", handshakes[i]);
            return;
        }
    }
}

static void judge_fragment_length(struct doctor *d)
{
    struct remark r = {.rule = DOCTOR_Z_06,
                       .shows = "mbedTLS -0x7080 without an alert",
                       .fix = "do not ask for it, or use mbedTLS 3.6.3"};
    if (find_word(d, "mbedtls_ssl_conf_max_frag_len", &r.at)) {
        r.as = d->settings.stack == STACK_MBEDTLS_36 ? AS_INFO : AS_USUAL;
        case_say(d, &r,
                 "the device asks for short fragments: the hub then splits its certificate "
                 "message, and mbedTLS before 3.6.3 cannot join it");
    }
}

// Any way to get the time, in code, configuration or the name of a header.
static bool names_time_source(struct span text)
{
    static const char *const marks[] = {"ntp",  "settimeofday", "clock_settime", "rtc",
                                        "gps",  "date_time",    "configtime",    "cclk",
                                        "gnss", "set_time",     "time_init"};
    for (size_t i = 0; i < HR_COUNT_OF(marks); i++) {
        if (text_has_nocase(text, marks[i])) {
            return true;
        }
    }
    return false;
}

static bool has_time_source(const struct doctor *d)
{
    for (size_t i = 0; i < d->input_count; i++) {
        const struct input *input = d->inputs[i];
        struct span rest = buf_span(&input->bytes);
        bool is_source = input->kind == INPUT_SOURCE;
        if (is_source && names_time_source(buf_span(&input->literals.code))) {
            return true;
        }
        while (rest.ptr && (is_source || input->kind == INPUT_CONFIG)) {
            struct span line = text_line(&rest);
            bool is_of_interest = !is_source || text_has(line, "#include");
            if (is_of_interest && names_time_source(line)) {
                return true;
            }
        }
    }
    return false;
}

static void judge_time_source(struct doctor *d)
{
    struct remark r = {.rule = DOCTOR_C_06,
                       .shows = "mbedTLS -0x2700 flag 0x200, OpenSSL verify code 9",
                       .fix = "set the clock (SNTP, modem, GNSS, RTC) before the first handshake"};
    for (size_t i = 0; i < HR_COUNT_OF(connect_calls); i++) {
        if (find_word(d, connect_calls[i], &r.at) && !has_time_source(d)) {
            case_say(d, &r, "%s is called, and nothing in these sources sets a clock",
                     connect_calls[i]);
            return;
        }
    }
}

void rules_source(struct doctor *d)
{
    for (size_t i = 0; i < d->input_count; i++) {
        judge_lengths(d, d->inputs[i]);
    }
    judge_checks_off(d);
    judge_names(d);
    judge_netx(d);
    judge_waits(d);
    judge_fragment_length(d);
    judge_time_source(d);
}
