// SPDX-License-Identifier: MIT
// What the bench is seen to give a device for verifying the hub and naming itself: the rig's own
// root.pem, or files and connection strings of the bench's command and environment. What is wrong
// with these is told before the boot (doctor.bundle, doctor.identity), and after each change of the
// hub's chain whether its root is among them (doctor.root). The diagnosis makes findings of that.
//
//     TRY(credentials_read(&settings, &credentials));
//     credentials_judge_chain(&credentials, &chain);  // now, and whenever the chain changes
//     credentials_deinit(&credentials);
#pragma once
#include "certs/cert_list.h"
#include "harness/runner/surroundings.h"
#include "simulator/journal/journal.h"

struct credentials {
    struct journal *journal;
    struct cert_list anchors; // all that the device is known to trust
    char file[80];            // where from, as a person calls it
    char rig_root[PATH_MAX];
    bool is_known; // false: nothing is known of what it trusts, so nothing is claimed
};

struct credentials_settings {
    struct journal *journal;
    const struct bench_device *device;
    const struct surroundings *around; // filled
    struct span root_text;             // of the rig's root.pem
    const char *evidence;              // holds root.pem, device.crt, device.key
    const char *host, *id, *connection_string;
    int64_t utc_s; // by the hub's clock
};

// Everything is borrowed until credentials_deinit. ERR_NO_MEMORY, ERR_CRYPTO. What cannot be read
// is told, or left out when it is no credential: it fails nothing.
int credentials_read(const struct credentials_settings *settings,
                     struct credentials *out) HR_NODISCARD;
// Silent when the chain must be refused or nothing is known of what the device trusts.
void credentials_judge_chain(const struct credentials *c, const struct chain *chain);
void credentials_deinit(struct credentials *c);
