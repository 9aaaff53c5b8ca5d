// SPDX-License-Identifier: MIT
// Registrations that outlive the service: as JSON and back.
#include "base/error.h"
#include "simulator/dps/dps_private.h"

#include <jansson.h>

#include <stdlib.h>
#include <string.h>

static const char *const substatuses[] = {"initialAssignment", "deviceDataMigrated",
                                          "deviceDataReset"};

// The texts of a registration, by name.
#define TEXT_TABLE(X) X(operation_id) X(group) X(hub) X(device_id) X(error_message) X(etag)

static const struct {
    const char *name;
    size_t offset;
    size_t size;
} texts[] = {
#define X(field)                                                                                   \
    {#field, offsetof(struct registration, field), sizeof(((struct registration *)NULL)->field)},
    TEXT_TABLE(X)
#undef X
};

void dps_set_keeper(struct dps *dps, dps_keeper *keeper, void *context)
{
    dps->keeper = keeper;
    dps->keeper_context = context;
}

static int put_texts(json_t *root, const struct registration *r)
{
    for (size_t i = 0; i < HR_COUNT_OF(texts); i++) {
        const char *text = (const char *)r + texts[i].offset;
        ENSURE(json_object_set_new(root, texts[i].name, json_string(text)) == 0, ERR_NO_MEMORY);
    }
    return 0;
}

int dps_export(const struct dps *dps, const char *registration_id, struct buf *out)
{
    const struct registration *r = dps_registration_find(dps, registration_id);
    ENSURE(r != NULL, ERR_UNKNOWN_NAME);
    json_t *root =
        json_pack("{s:s,s:i,s:b,s:i,s:s,s:s*,s:i,s:I,s:I}", "id", r->id, "state", (int)r->state,
                  "is_group", (int)r->is_group, "attestation", (int)r->attestation, "substatus",
                  r->substatus, "answer_payload", r->answer_payload, "error_code", r->error_code,
                  "created_us", (json_int_t)r->created_us, "updated_us", (json_int_t)r->updated_us);
    ENSURE(root != NULL, ERR_NO_MEMORY);
    int code = put_texts(root, r);
    char *text = code == 0 ? json_dumps(root, JSON_COMPACT) : NULL;
    json_decref(root);
    ENSURE(text != NULL, ERR_NO_MEMORY);
    code = buf_append_text(out, text);
    free(text);
    return code;
}

static const char *substatus_of(const char *text)
{
    for (size_t i = 0; i < HR_COUNT_OF(substatuses); i++) {
        if (strcmp(text, substatuses[i]) == 0) {
            return substatuses[i];
        }
    }
    return NULL;
}

static int take_texts(const json_t *root, struct registration *r)
{
    for (size_t i = 0; i < HR_COUNT_OF(texts); i++) {
        const char *text = json_string_value(json_object_get(root, texts[i].name));
        bool fits =
            text && span_copy_text(span_text(text), (char *)r + texts[i].offset, texts[i].size);
        ENSURE(fits, ERR_VALUE);
    }
    return 0;
}

static int take(struct dps *dps, json_t *root)
{
    const char *id = NULL;
    const char *substatus = NULL;
    const char *payload = NULL;
    int state = 0;
    int is_group = 0;
    int attestation = 0;
    int error_code = 0;
    json_int_t created_us = 0;
    json_int_t updated_us = 0;
    int bad = json_unpack(root, "{s:s,s:i,s:b,s:i,s:s,s?s,s:i,s:I,s:I}", "id", &id, "state", &state,
                          "is_group", &is_group, "attestation", &attestation, "substatus",
                          &substatus, "answer_payload", &payload, "error_code", &error_code,
                          "created_us", &created_us, "updated_us", &updated_us);
    bool is_good = bad == 0 && state > DPS_ASSIGNING && state <= DPS_DISABLED &&
                   attestation >= DPS_SYMMETRIC_KEY && attestation <= DPS_X509 &&
                   substatus_of(substatus) && strlen(id) <= DPS_ID_BYTES_MOST;
    ENSURE(is_good, ERR_VALUE);
    struct registration read = {.state = (enum dps_state)state};
    TRY(take_texts(root, &read)); // before anything is changed
    struct registration *r = dps_registration_of(dps, id);
    ENSURE(r != NULL, ERR_NO_MEMORY);
    TRY(take_texts(root, r));
    r->state = read.state;
    r->is_group = is_group != 0;
    r->attestation = (enum dps_attestation)attestation;
    r->substatus = substatus_of(substatus);
    r->error_code = error_code;
    r->created_us = created_us;
    r->updated_us = updated_us;
    free(r->answer_payload);
    r->answer_payload = payload ? strdup(payload) : NULL;
    ENSURE(!payload || r->answer_payload, ERR_NO_MEMORY);
    return 0;
}

int dps_import(struct dps *dps, struct span json)
{
    json_t *root = json_loadb((const char *)json.ptr, json.len, 0, NULL);
    ENSURE(root != NULL, ERR_VALUE);
    int code = take(dps, root);
    json_decref(root);
    return code;
}
