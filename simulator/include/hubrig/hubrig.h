/* SPDX-License-Identifier: MIT */
/* libhubrig: an Azure IoT hub in your test's own process.
 *
 *     struct hubrig *hub;
 *     if (hubrig_start(NULL, &hub) < 0) { puts(hubrig_error()); }
 *     hubrig_add_device(hub, "press-4", NULL);
 *     start_my_client(hubrig_connection_string(hub, "press-4"), hubrig_root_path(hub));
 *     assert(hubrig_wait(hub, "d2c.message", "press-4", 5000) == 0);
 *     hubrig_stop(hub);
 *
 * A hub runs on a thread of its own; every function may be called from any thread but
 * hubrig_stop, which must be the last call. Several hubs may run at a time.
 *
 * Functions that return int give 0, or a negative code with its sentence in hubrig_error().
 * Functions that return text give NULL on error. Texts belong to the hub and stay valid until
 * hubrig_stop; NULL is allowed for hubrig_stop only.
 */
#ifndef HUBRIG_H
#define HUBRIG_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HUBRIG_API __attribute__((visibility("default")))

struct hubrig;

/* Zero or NULL means the default. Everything is copied. */
struct hubrig_options {
    const char *host;        /* the hub's name; default "localhost", then clients can dial it */
    const char *address;     /* to listen on; default "127.0.0.1" */
    int port;                /* default: a free one */
    const char *chain;       /* default "azure/digicert-g2" */
    const char *hub_file;    /* a .hub file that fills the hub */
    const char *state_file;  /* a database that keeps devices across runs */
    const char *data_folder; /* where certs/recipes is; default: $HUBRIG_DATA, else as installed */
    const char *key_cache;   /* default: $HUBRIG_CACHE, else ~/.cache/hubrig. Keys are made once:
                                the first start on a machine takes seconds */
};

/* Starts a hub; it accepts connections when this returns. `options` may be NULL. */
HUBRIG_API int hubrig_start(const struct hubrig_options *options, struct hubrig **out);
/* Drops all connections, ends the thread, frees everything. */
HUBRIG_API void hubrig_stop(struct hubrig *hub);

HUBRIG_API int hubrig_port(const struct hubrig *hub);
/* The trust anchors of the chain in use, as PEM text and as a file. */
HUBRIG_API const char *hubrig_root_pem(struct hubrig *hub);
HUBRIG_API const char *hubrig_root_path(struct hubrig *hub);

/* Registers a device, or DEVICE/MODULE. `key_base64` NULL: a random key. */
HUBRIG_API int hubrig_add_device(struct hubrig *hub, const char *id, const char *key_base64);
/* Registers a device with a certificate made for it; the paths of certificate and key, which may
 * be NULL, are given back. */
HUBRIG_API int hubrig_add_x509_device(struct hubrig *hub, const char *id, const char **cert_path,
                                      const char **key_path);
HUBRIG_API const char *hubrig_connection_string(struct hubrig *hub, const char *id);
/* A SAS token, the password of a device's CONNECT; life_s may be negative for an expired one. */
HUBRIG_API const char *hubrig_sas_token(struct hubrig *hub, const char *id, int64_t life_s);
HUBRIG_API int hubrig_enable(struct hubrig *hub, const char *id);
HUBRIG_API int hubrig_disable(struct hubrig *hub, const char *id); /* ends its connection */

HUBRIG_API int hubrig_set_chain(struct hubrig *hub, const char *name);
HUBRIG_API int hubrig_set_clock(struct hubrig *hub, const char *when); /* a date, "+2h", "real", "x20" */
HUBRIG_API int hubrig_add_fault(struct hubrig *hub, const char *words); /* "refuse 5 times 3" */
HUBRIG_API int hubrig_clear_faults(struct hubrig *hub);
/* Closes live connections, how "fin" or "rst", of one device or of all (id NULL). Returns how
 * many. */
HUBRIG_API int hubrig_drop(struct hubrig *hub, const char *how, const char *id);
/* Queues a message of the service, UTF-8 text, for a device or module; `input` NULL, or the input of
 * the module that a route would lead it to. Properties, feedback and more: hubrig_ask with c2d. */
HUBRIG_API int hubrig_send_message(struct hubrig *hub, const char *id, const char *text,
                                   const char *input);
/* Any verb of `hubrig ctl` as JSON, {"verb":"...","args":[...]}; answers the reply as JSON. */
HUBRIG_API const char *hubrig_ask(struct hubrig *hub, const char *request_json);

/* Waits for the first event of this kind behind the one that the last successful hubrig_wait
 * found; device NULL = any. `hubrig words events` lists the kinds. The event's JSON is then
 * hubrig_event(). A negative code when timeout_ms have passed; the sentence says what came. */
HUBRIG_API int hubrig_wait(struct hubrig *hub, const char *event, const char *device,
                           unsigned timeout_ms);
/* What the last successful hubrig_wait found, or NULL. */
HUBRIG_API const char *hubrig_event(struct hubrig *hub);
/* How often an event has come so far. */
HUBRIG_API size_t hubrig_count(struct hubrig *hub, const char *event);
/* All events so far as a JSON array. */
HUBRIG_API const char *hubrig_journal(struct hubrig *hub);

/* The sentence of this thread's last failure. */
HUBRIG_API const char *hubrig_error(void);

#ifdef __cplusplus
}
#endif
#endif
