// SPDX-License-Identifier: MIT
// What the commands share that host a rig until they are stopped, `serve` and `front`: the loop and
// its end by a signal, options, the control socket, event lines.
#pragma once
#include "harness/cli/cli.h"
#include "simulator/control/socket.h"
#include "simulator/rig/rig.h"
#include "simulator/tls/offer_report.h"

#include <limits.h>
#include <uv.h>

enum { HOSTING_NAME_BYTES = 256 };

struct dumpcap;

struct hosting {
    uv_loop_t loop;
    uv_signal_t stops[2];
    bool has_stopped; // by SIGINT, SIGTERM or hosting_stop
};

// Also ignores SIGPIPE and allows many files. ERR_IO.
int hosting_open(struct hosting *hosting) HR_NODISCARD;
void hosting_stop(struct hosting *hosting);
void hosting_run(struct hosting *hosting); // until stopped
void hosting_close(struct hosting *hosting);

// What a person has of it: the socket for `hubrig ctl`, client-hello.txt, a line per event on stdout.
struct hosting_desk {
    const char *control_path; // of --control; NULL = control.sock in the folder
    const char *json;         // of --json
    char socket_path[PATH_MAX];
    struct control *control;
    struct control_socket *control_socket;
    struct offer_report offers;
};
// On the rig and in the folder of `settings`; all closed by hosting_close_desk, also after an error,
// and before the rig.
int hosting_open_desk(struct hosting *hosting, const struct control_settings *settings,
                      struct hosting_desk *desk) HR_NODISCARD;
void hosting_close_desk(struct hosting_desk *desk);

// Where the devices' bytes and secrets go, of --capture and --key-log; NULL = nowhere.
struct hosting_capture {
    const char *file;    // or the word "interface": dumpcap writes interface.pcapng
    const char *key_log; // unless told, keys.log beside the file
    char path[PATH_MAX];
    char beside[PATH_MAX];
    struct dumpcap *dumpcap;
};
// `files`: the folder for interface.pcapng.
int hosting_read_capture(struct hosting_capture *capture, const char *files,
                         struct rig_settings *out) HR_NODISCARD;
// Once the ports are known (0 = none); does nothing unless the interface is asked for. Errors of
// dumpcap_start.
int hosting_start_capture(struct hosting_capture *capture, struct hosting *hosting,
                          const struct env *env, const char *listen, const int *ports,
                          size_t port_count) HR_NODISCARD;
// Before hosting_close. ERR_IO when the capture has ended before its time.
int hosting_stop_capture(struct hosting_capture *capture) HR_NODISCARD;

// ERR_USAGE with a sentence that names the option.
int hosting_read_port(const char *text, const char *option, int *port) HR_NODISCARD;
// The seed of what faults leave to chance; 0 when `text` is NULL. ERR_USAGE.
int hosting_read_seed(const char *text, uint64_t *seed) HR_NODISCARD;
// A list with commas (NULL: none) and localhost, into out->more_names; `text` keeps the names.
int hosting_read_names(const char *list, char text[RIG_NAMES_MOST][HOSTING_NAME_BYTES],
                       struct rig_settings *out) HR_NODISCARD;
// The options below, where given, and HUBRIG_TLS_ENGINE, into a policy that may say something
// already. ERR_VALUE.
int hosting_read_tls(const char *const words[POLICY_KEY_COUNT], struct tls_policy *policy)
    HR_NODISCARD;

// Rows of option_spec; `words` is an array of POLICY_KEY_COUNT texts.
#define HOSTING_TLS_OPTIONS(words)                                                                 \
    {"--tls-engine", "NAME", &(words)[POLICY_TLS_ENGINE]},                                         \
        {"--tls-versions", "RANGE", &(words)[POLICY_TLS_VERSIONS]},                                \
        {"--tls-suites", "LIST", &(words)[POLICY_TLS_SUITES]},                                     \
        {"--tls-groups", "LIST", &(words)[POLICY_TLS_GROUPS]},                                     \
        {"--tls-tickets", "HOW", &(words)[POLICY_TLS_TICKETS]},                                    \
        {"--client-certificate", "HOW", &(words)[POLICY_CLIENT_CERTIFICATE]},                      \
        {"--client-cas", "COUNT", &(words)[POLICY_CLIENT_CAS]}

#define HOSTING_CAPTURE_OPTIONS(capture)                                                           \
    {"--capture", "FILE", &(capture).file}, {"--key-log", "FILE", &(capture).key_log}

#define HOSTING_CAPTURE_HELP                                                                       \
    "  --capture FILE    record the wire of the devices as pcapng with its TLS secrets: Wireshark\n" \
    "                    shows it in the clear; the file holds passwords and has mode 0600.\n"    \
    "                    The word interface: what dumpcap sees, into interface.pcapng in the\n"   \
    "                    folder of --files, with keys.log beside it\n"                            \
    "  --key-log FILE    the TLS secrets as a key log, for captures of your own (`tshark -o\n"    \
    "                    tls.keylog_file:FILE`); default: keys.log beside --capture, else none\n"

#define HOSTING_TLS_HELP                                                                           \
    "  --tls-engine NAME mbedtls (TLS 1.0 to 1.2, sends chains that no library would parse) or\n"  \
    "                    openssl (to TLS 1.3, faster); default: auto, by the versions,\n"          \
    "                    then what HUBRIG_TLS_ENGINE says\n"                                       \
    "  --tls-versions R  1.2 (default), 1.3, 1.0..1.1, 1.2..1.3\n"                                 \
    "  --tls-suites LIST, --tls-groups LIST   cipher suites and curves by their IANA names with\n" \
    "                    commas between, best first; default: standard, as the service\n"          \
    "  --tls-tickets HOW off (default), honoured, refused, or stale once the chain has changed\n"  \
    "  --client-certificate HOW   optional (default, as the service), required or none\n"          \
    "  --client-cas N    list N foreign CAs in the request for it; default: none, as the service\n"
