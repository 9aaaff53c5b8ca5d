// SPDX-License-Identifier: MIT
// What the provisioning service reads from text: user names, topics, ids. Everything is borrowed.
//
//     struct dps_request rq;
//     if (dps_request_parse(topic, &rq) == 0 && rq.kind == DPS_REGISTER) { use(rq.rid); }
#pragma once
#include "base/span.h"

struct dps_username {
    struct span id_scope;
    struct span registration_id;
    char api_version[32]; // decoded, cut at 31 bytes
};
// {idScope}/registrations/{registrationId}/api-version={v}[&ClientVersion={text}]. ERR_SYNTAX with
// a sentence.
int dps_username_parse(struct span text, struct dps_username *out) HR_NODISCARD;

// 1 to 128 letters, digits, - . _ and :, the last one a letter, a digit or -
bool dps_id_is_valid(struct span id);

enum dps_request_kind { DPS_REGISTER, DPS_STATUS };
struct dps_request {
    enum dps_request_kind kind;
    struct span rid;          // as sent
    struct span operation_id; // as sent; empty for DPS_REGISTER
};
// $dps/registrations/PUT/iotdps-register/?$rid=R
// $dps/registrations/GET/iotdps-get-operationstatus/?$rid=R&operationId=O
// in any order of the parts; other parts are ignored. ERR_SYNTAX with a sentence.
int dps_request_parse(struct span topic, struct dps_request *out) HR_NODISCARD;

// $dps/registrations/res/{status}/?$rid={rid}[&retry-after={s}], appended to `out`.
int dps_response_topic(int status, struct span rid, uint32_t retry_after_s,
                       struct buf *out) HR_NODISCARD;
// Is the filter the one that responses come under, or one that matches them?
bool dps_filter_matches(struct span filter, struct span topic);
