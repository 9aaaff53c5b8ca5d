// SPDX-License-Identifier: MIT
// Certificate chains from .chain recipes, and device credentials. Keys are made once and kept in
// the user's cache folder (mode 0600), so that a root stays the same root from run to run.
//
//     struct workshop *w;
//     TRY(workshop_open(&(struct workshop_settings){.recipes = folder}, &w));
//     struct chain_request rq = {.hub_host = "myhub.azure-devices.net", .utc_s = now};
//     struct chain chain;
//     TRY(chain_make(w, "azure/digicert-g2", &rq, &chain));
//     // serve chain.sent_pem with chain.key_pem, give chain.root_pem to the device
//     chain_deinit(&chain);
//     workshop_close(w);
#pragma once
#include "base/diag.h"
#include "base/span.h"
#include "certs/facts.h"

struct workshop;

struct workshop_settings {
    const char *recipes; // folder with azure/digicert-g2.chain ...; NULL = <data>/certs/recipes
    const char
        *key_cache; // NULL = $HUBRIG_CACHE, else $XDG_CACHE_HOME/hubrig, else ~/.cache/hubrig
};

// ERR_PERMISSION, ERR_IO: the cache folder cannot be made or is readable by others and not ours.
int workshop_open(const struct workshop_settings *settings, struct workshop **out) HR_NODISCARD;
void workshop_close(struct workshop *w); // NULL is allowed

struct chain_request {
    const char *hub_host; // {hub.host} in recipes: the name that devices dial
    const char *const
        *more_names; // further SANs of the leaf: DNS names or IP addresses; may be NULL
    size_t more_name_count;
    int64_t utc_s; // the hub clock: relative dates in recipes count from here
};

enum { CHAIN_CERTS_MOST = 16 };

struct chain {
    char name[96];
    char about[CHAIN_ABOUT_BYTES_MOST + 1];
    struct chain_facts facts; // verdict, alerts, name to dial; device_host filled in
    char accepted_by[120];    // libraries that accept it by certs/stacks.tsv; catalogue chains only
    struct buf sent_pem;      // the certificates that the server sends, leaf first, PEM
    struct buf root_pem;      // trust anchors that a device needs for this chain, PEM
    struct buf key_pem;       // the leaf's private key, PKCS#8 PEM; secret
    struct span sent_der[CHAIN_CERTS_MOST]; // the same certificates as DER, borrowed from der
    size_t sent_count;
    struct buf der;
};

// Make the chain of recipe NAME (a path below the recipe folder without ".chain", or a path of a
// file that contains a '/' and ends in ".chain"). ERR_UNKNOWN_NAME with a suggestion, ERR_SYNTAX
// with file:line:col in error_text(), ERR_CRYPTO, file errors. A cold key costs up to seconds of
// RSA; with warm keys it is signing only (under 100 ms for three RSA-4096 signatures).
// Also ERR_VALUE (a host name or hub clock that fits into no certificate) and ERR_TIMEOUT (another
// process made the same key for ten minutes). On error `out` is empty and needs no deinit. One
// thread at a time per workshop.
int chain_make(struct workshop *w, const char *name, const struct chain_request *request,
               struct chain *out) HR_NODISCARD;
void chain_deinit(struct chain *chain); // wipes the key

// What the recipe says about its chain, without making anything. `hub_host` fills the braces of
// device_host. Errors as chain_make.
int chain_read_facts(struct workshop *w, const char *name, const char *hub_host,
                     struct chain_facts *out) HR_NODISCARD;
// Check a recipe without making keys; all mistakes go to `diags`. 0 or ERR_SYNTAX or file errors.
int chain_check(struct workshop *w, const char *name, struct diag_list *diags) HR_NODISCARD;
// Names of all recipes, sorted; free with workshop_names_free.
int workshop_names(struct workshop *w, char ***names, size_t *count) HR_NODISCARD;
void workshop_names_free(char **names, size_t count);

// A device's own certificate: self-signed, CN = device id, clientAuth, P-256 (key cached under the
// device id), valid from a day before utc_s for a year, in whole UTC days: made again on the same
// day it is the same certificate with the same thumbprints. ERR_VALUE: not 1 to 128 ASCII letters.
struct device_credential {
    struct buf cert_pem;
    struct buf key_pem; // PKCS#8; secret
    char sha1_hex[41];  // thumbprints of the DER, lower case
    char sha256_hex[65];
};
int device_credential_make(struct workshop *w, const char *device_id, int64_t utc_s,
                           struct device_credential *out) HR_NODISCARD;
void device_credential_deinit(struct device_credential *credential);
