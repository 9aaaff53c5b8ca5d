// SPDX-License-Identifier: MIT
// `hubrig ctl`: one request over the control socket of a running `hubrig serve`, or events as they
// come.
#include "base/diag.h"
#include "base/error.h"
#include "base/when.h"
#include "harness/cli/cli.h"
#include "simulator/control/verbs.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { LINE_BYTES_MOST = 64 << 20, DEFAULT_TIMEOUT_S = 330 };

struct ctl {
    const char *path;
    const struct control_verb *verb;
    json_t *args;
    json_t *options;
    bool is_json;
    bool is_watch;
    uint64_t count; // events to show; UINT64_MAX = no limit
    int64_t timeout_us;
    int fd;
    struct buf in;
};

// ---- the command line

static int read_global(struct ctl *c, const char *name, const char *value)
{
    if (strcmp(name, "--socket") == 0) {
        c->path = value;
        return 0;
    }
    if (strcmp(name, "--count") == 0) {
        if (span_parse_u64(span_text(value), &c->count) < 0 || c->count == 0) {
            FAIL(ERR_USAGE, "--count takes a number from 1 on, seen '%s'", value);
        }
        return 0;
    }
    if (duration_parse(span_text(value), &c->timeout_us) < 0 || c->timeout_us <= 0) {
        FAIL(ERR_USAGE, "--timeout takes a duration such as 10s, seen '%s'", value);
    }
    return 0;
}

static int set_option(struct ctl *c, const char *name, const char *value, bool repeats)
{
    json_t *text = value ? json_string(value) : json_true();
    if (!text) {
        FAIL(ERR_USAGE, "the value of --%s is not UTF-8", name);
    }
    if (!repeats) {
        ENSURE(json_object_set_new(c->options, name, text) == 0, ERR_NO_MEMORY);
        return 0;
    }
    json_t *list = json_object_get(c->options, name);
    if (!list) {
        list = json_array();
        ENSURE(json_object_set_new(c->options, name, list) == 0, ERR_NO_MEMORY);
    }
    ENSURE(json_array_append_new(list, text) == 0, ERR_NO_MEMORY);
    return 0;
}

static int fail_unknown_option(const struct ctl *c, const char *word)
{
    const char *names[24] = {"--socket", "--json", "--count", "--timeout", "--help"};
    char own[16][40];
    char near[96];
    size_t count = 5;
    struct span rest = span_text(c->verb ? c->verb->options : "");
    for (size_t i = 0; rest.len > 0 && i < HR_COUNT_OF(own); i++) {
        struct span how;
        struct span name = span_cut(span_cut(rest, ' ', &rest), '=', &how);
        snprintf(own[i], sizeof own[i], "--%.*s", SPAN_ARG(name));
        names[count++] = own[i];
    }
    FAIL(ERR_USAGE, "unknown option '%s'%s", word,
         suggest_text(span_text(word), names, count, near));
}

// Takes the option at argv[*at]; *at stands on the last word taken.
static int take_option(struct ctl *c, int argc, char **argv, int *at)
{
    static const char *const globals[] = {"--socket", "--count", "--timeout"};
    char name[64];
    struct span value = SPAN_EMPTY;
    bool takes_value = false;
    bool repeats = false;
    bool is_global = false;
    struct span word = span_cut(span_text(argv[*at]), '=', &value);
    for (size_t i = 0; i < HR_COUNT_OF(globals); i++) {
        is_global = is_global || span_equals_text(word, globals[i]);
    }
    bool is_json = span_equals_text(word, "--json");
    bool is_known = is_global || is_json ||
                    (c->verb && span_starts_with(word, SPAN_LITERAL("--")) &&
                     control_verb_option(c->verb, span_from(word, 2), &takes_value, &repeats));
    if (!is_known || !span_copy_text(word, name, sizeof name)) {
        return fail_unknown_option(c, argv[*at]);
    }
    takes_value = takes_value || is_global;
    if (!takes_value) {
        if (value.ptr) {
            FAIL(ERR_USAGE, "%s takes no value", name);
        }
        c->is_json = c->is_json || is_json;
        return is_json ? 0 : set_option(c, name + 2, NULL, false);
    }
    if (!value.ptr && *at + 1 >= argc) {
        FAIL(ERR_USAGE, "%s needs a value", name);
    }
    const char *text = value.ptr ? (const char *)value.ptr : argv[++*at];
    return is_global ? read_global(c, name, text) : set_option(c, name + 2, text, repeats);
}

static int take_word(struct ctl *c, const char *word)
{
    if (!c->verb) {
        TRY(control_verb_find(span_text(word), &c->verb));
        c->is_watch =
            strcmp(c->verb->word, "watch") == 0 || strcmp(c->verb->word, "telemetry") == 0;
        return 0;
    }
    json_t *text = json_string(word);
    if (!text) {
        FAIL(ERR_USAGE, "argument %zu is not UTF-8", json_array_size(c->args) + 1);
    }
    ENSURE(json_array_append_new(c->args, text) == 0, ERR_NO_MEMORY);
    return 0;
}

static int read_words(struct ctl *c, int argc, char **argv)
{
    bool has_options = true;
    for (int i = 1; i < argc; i++) {
        if (has_options && strcmp(argv[i], "--") == 0) {
            has_options = false;
        } else if (has_options && strncmp(argv[i], "--", 2) == 0 && argv[i][2] != '-') {
            // a PEM text begins with five dashes and is an argument
            TRY(take_option(c, argc, argv, &i));
        } else {
            TRY(take_word(c, argv[i]));
        }
    }
    if (!c->verb) {
        FAIL(ERR_USAGE, "a verb is missing; `hubrig ctl --help` lists them");
    }
    size_t count = json_array_size(c->args);
    if (count < c->verb->least || count > c->verb->most) {
        FAIL(ERR_USAGE, "expected: hubrig ctl %s %s", c->verb->word, c->verb->arguments);
    }
    if (c->count != UINT64_MAX && !c->is_watch) {
        FAIL(ERR_USAGE, "--count is for watch and telemetry");
    }
    return 0;
}

// ---- the wire

static int dial(struct ctl *c)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    if (!span_copy_text(span_text(c->path), at.sun_path, sizeof at.sun_path)) {
        FAIL(ERR_VALUE, "the path of a socket has at most %zu bytes: %s", sizeof at.sun_path - 1,
             c->path);
    }
    c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd >= 0 && connect(c->fd, (struct sockaddr *)&at, sizeof at) == 0) {
        return 0;
    }
    int errnum = errno;
    switch (errnum) {
    case ENOENT:
        FAIL(ERR_IO,
             "no hub is running here: there is no socket %s; start `hubrig serve`, or name "
             "the socket of its ready line (control=...) with --socket",
             c->path);
    case ECONNREFUSED:
        FAIL(ERR_IO, "no hub answers at %s: its `hubrig serve` has ended; start it again", c->path);
    case ENOTSOCK:
        FAIL(ERR_IO, "%s is no socket; --socket wants the path behind control= in the ready line",
             c->path);
    case EACCES:
        FAIL(ERR_PERMISSION, "%s belongs to another user; run this as the user who started the hub",
             c->path);
    default:
        FAIL(error_from_errno(errnum), "cannot talk to %s: %s", c->path, strerror(errnum));
    }
}

static int send_all(struct ctl *c, struct span bytes)
{
    while (bytes.len > 0) {
        ssize_t n = send(c->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            FAIL(ERR_IO, "the hub at %s has gone: %s", c->path, strerror(errno));
        }
        bytes = span_from(bytes, (size_t)n);
    }
    return 0;
}

static int send_request(struct ctl *c)
{
    json_t *request =
        json_pack("{s:s, s:O, s:O}", "verb", c->verb->word, "args", c->args, "options", c->options);
    char *text = request ? json_dumps(request, JSON_COMPACT) : NULL;
    json_decref(request);
    ENSURE(text != NULL, ERR_NO_MEMORY);
    int code = send_all(c, span_text(text));
    code = code < 0 ? code : send_all(c, SPAN_LITERAL("\n"));
    explicit_bzero(text, strlen(text));
    free(text);
    return code;
}

static int64_t mono_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int wait_readable(struct ctl *c, int64_t until_us)
{
    for (;;) {
        struct pollfd p = {.fd = c->fd, .events = POLLIN};
        int64_t left_us = until_us - mono_us();
        int wait_ms = until_us == INT64_MAX ? -1 : left_us > 0 ? (int)(left_us / 1000 + 1) : 0;
        int n = poll(&p, 1, wait_ms);
        if (n > 0) {
            return 0;
        }
        if (n == 0) {
            FAIL(ERR_TIMEOUT, "no %s from %s in time; --timeout gives it longer",
                 c->is_watch ? "event" : "answer", c->path);
        }
        if (errno != EINTR) {
            FAIL(ERR_IO, "cannot wait for %s: %s", c->path, strerror(errno));
        }
    }
}

// One line of the hub, parsed.
static int read_line(struct ctl *c, int64_t until_us, json_t **out)
{
    char chunk[65536];
    size_t len;
    while ((len = span_find(buf_span(&c->in), '\n')) == c->in.len) {
        TRY(wait_readable(c, until_us));
        ssize_t n = read(c->fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            FAIL(ERR_IO, "the hub at %s has gone", c->path);
        }
        TRY(buf_append(&c->in, span_of(chunk, (size_t)n)));
    }
    *out = json_loadb((const char *)c->in.data, len, 0, NULL);
    buf_consume(&c->in, len + 1);
    if (!json_is_object(*out)) {
        json_decref(*out);
        FAIL(ERR_IO, "what answers at %s is no hubrig", c->path);
    }
    return 0;
}

// ---- showing

static void print_value(const json_t *value)
{
    const char *text = json_string_value(value);
    bool is_plain = text && text[0];
    for (const char *at = text ? text : ""; *at; at++) {
        is_plain = is_plain && *at > ' ' && *at != '"' && *at != 0x7f;
    }
    if (is_plain) {
        fputs(text, stdout);
        return;
    }
    // Quoted with escapes: what a device sends must not reach the terminal as it is.
    char *quoted = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_ENSURE_ASCII);
    fputs(quoted ? quoted : "?", stdout);
    free(quoted);
}

static void print_event(json_t *event)
{
    static const char *const shown_before[] = {"seq", "at_us", "event", "connection", "device"};
    const char *key;
    json_t *value;
    const char *device = json_string_value(json_object_get(event, "device"));
    printf("%10.3f  #%-3" PRId64 " %s%s%s",
           (double)json_integer_value(json_object_get(event, "at_us")) / 1e6,
           (int64_t)json_integer_value(json_object_get(event, "connection")), device ? device : "",
           device ? "  " : "", json_string_value(json_object_get(event, "event")));
    json_object_foreach(event, key, value)
    {
        bool is_shown = false;
        for (size_t i = 0; i < HR_COUNT_OF(shown_before); i++) {
            is_shown = is_shown || strcmp(key, shown_before[i]) == 0;
        }
        if (!is_shown) {
            printf(" %s=", key);
            print_value(value);
        }
    }
    putchar('\n');
}

static void print_json(const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT);
    puts(text ? text : "null");
    free(text);
}

static int exit_of(const char *class)
{
    if (strcmp(class, "usage") == 0) {
        return EXIT_USAGE;
    }
    return strcmp(class, "device") == 0 ? EXIT_FAIL : EXIT_INFRA;
}

static int show_reply(const struct ctl *c, json_t *reply)
{
    const char *text = json_string_value(json_object_get(reply, "text"));
    const char *class = json_string_value(json_object_get(reply, "class"));
    const json_t *result = json_object_get(reply, "result");
    if (!json_is_true(json_object_get(reply, "ok"))) {
        if (c->is_json) {
            print_json(reply);
        }
        fprintf(stderr, "hubrig ctl: %s\n", text ? text : "the hub refused without a reason");
        return exit_of(class ? class : "internal");
    }
    if (c->is_watch) {
        if (!c->is_json) {
            fprintf(stderr, "%s\n", text ? text : "");
        }
    } else if (c->is_json) {
        print_json(result ? result : reply);
    } else if (text && text[0]) {
        puts(text);
    }
    return EXIT_PASS;
}

static int watch(struct ctl *c, int *out_exit)
{
    int64_t until_us = c->timeout_us ? mono_us() + c->timeout_us : INT64_MAX;
    for (uint64_t i = 0; i < c->count; i++) {
        json_t *event = NULL;
        TRY(read_line(c, until_us, &event));
        if (json_object_get(event, "ok")) { // the hub has ended the watch
            *out_exit = show_reply(c, event);
            json_decref(event);
            return 0;
        }
        if (c->is_json) {
            print_json(event);
        } else {
            print_event(event);
        }
        json_decref(event);
        fflush(stdout);
    }
    return 0;
}

static int talk(struct ctl *c, int *out_exit)
{
    json_t *reply = NULL;
    int64_t patience_us = c->timeout_us ? c->timeout_us : (int64_t)DEFAULT_TIMEOUT_S * 1000000;
    TRY(dial(c));
    TRY(send_request(c));
    do { // an event may come before the answer
        json_decref(reply);
        TRY(read_line(c, mono_us() + patience_us, &reply));
    } while (!json_object_get(reply, "ok"));
    *out_exit = show_reply(c, reply);
    json_decref(reply);
    fflush(stdout);
    return c->is_watch && *out_exit == EXIT_PASS ? watch(c, out_exit) : 0;
}

static void print_help(void)
{
    fputs(command_ctl.help, stdout);
    puts("\nVerbs:");
    for (size_t i = 0; i < control_verb_count; i++) {
        const struct control_verb *v = &control_verbs[i];
        char usage[120];
        int len = snprintf(usage, sizeof usage, "%s %s", v->word, v->arguments);
        struct span rest = span_text(v->options);
        while (rest.len > 0 && len > 0 && (size_t)len < sizeof usage) {
            struct span how;
            struct span name = span_cut(span_cut(rest, ' ', &rest), '=', &how);
            len += snprintf(usage + len, sizeof usage - (size_t)len, " [--%.*s%s]%s",
                            SPAN_ARG(name), how.ptr ? " VALUE" : "", how.len ? "..." : "");
        }
        printf("  %s\n      %s\n", usage, v->meaning);
    }
}

static int ctl_command(int argc, char **argv)
{
    const char *given = getenv("HUBRIG_SOCKET");
    struct ctl c = {.path = given && given[0] ? given : "hub-files/control.sock",
                    .args = json_array(),
                    .options = json_object(),
                    .count = UINT64_MAX,
                    .fd = -1};
    int exit_code = EXIT_PASS;
    int code;
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            print_help();
            json_decref(c.args);
            json_decref(c.options);
            return EXIT_PASS;
        }
    }
    buf_init(&c.in, LINE_BYTES_MOST);
    code = read_words(&c, argc, argv);
    bool is_mistake = code < 0;
    code = code < 0 ? code : talk(&c, &exit_code);
    if (c.fd >= 0) {
        close(c.fd);
    }
    buf_wipe(&c.in);
    json_decref(c.args);
    json_decref(c.options);
    if (code < 0) {
        exit_code = cli_fail("ctl", code);
    }
    if (is_mistake) {
        fputs("Try: hubrig ctl --help\n", stderr);
    }
    return exit_code;
}

const struct command command_ctl = {
    .name = "ctl",
    .summary = "talk to a running `hubrig serve`",
    .run = ctl_command,
    .help =
        "usage: hubrig ctl [--socket PATH] VERB [ARGUMENT...] [OPTION...]\n"
        "\n"
        "Tells a running `hubrig serve` what to do and prints what happened. The protocol, JSON\n"
        "lines over a UNIX socket, is described in harness/README.md.\n"
        "\n"
        "  --socket PATH       the socket behind control= in the ready line of serve; default:\n"
        "                      $HUBRIG_SOCKET, else hub-files/control.sock\n"
        "  --json              the result as JSON; events as JSON lines\n"
        "  --count N           watch and telemetry end after N events\n"
        "  --timeout DURATION  give up then; default: 330s for an answer, which is\n"
            "                      longer than any method call; never for events\n"
        "  --                  what follows is no option\n"
        "\n"
        "Exit codes: 0 done, 1 the device failed, 2 the request is wrong (a bad verb, an unknown\n"
        "device ...), 3 no hub answers, no permission, or the hub could not do it\n",
};
