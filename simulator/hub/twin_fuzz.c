// SPDX-License-Identifier: MIT
// Patches of device and service, one after the other: memory stays whole, versions only rise, and
// the document stays within its limits.
#include "base/error.h"
#include "simulator/hub/twin.h"
#include "simulator/hub/twin_rules.h"

#include <stdlib.h>

#define API "2021-04-12"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_true)
{
    if (!is_true) {
        abort();
    }
}

static void check_section(const json_t *document, const char *key, int64_t version)
{
    json_t *section = json_object_get(document, key);
    require(json_integer_value(json_object_get(section, "$version")) == version);
    json_object_del(section, "$version");
    require(twin_check(section, true) == REASON_OK);
    require(twin_size_bytes(section) <= TWIN_SECTION_BYTES_MOST);
}

static void check_document(struct hub *hub, const struct identity *identity, int64_t desired,
                           int64_t reported)
{
    struct buf out;
    int64_t version = 0;
    buf_init(&out, 8U << 20);
    require(hub_twin_read(hub, identity, API, &out, &version) == REASON_OK);
    require(version == desired);
    json_t *document = json_loadb((const char *)out.data, out.len, JSON_ALLOW_NUL, NULL);
    require(document != NULL);
    check_section(document, "desired", desired);
    check_section(document, "reported", reported);
    json_decref(document);
    buf_clear(&out);
    require(hub_twin_get_json(hub, span_text(identity->name), &out) == REASON_OK);
    buf_deinit(&out);
}

// The first byte of each line says who patches; the rest is the patch.
static void patch(struct hub *hub, const struct identity *identity, struct span line,
                  int64_t *desired, int64_t *reported)
{
    struct span name = span_text(identity->name);
    struct span json = span_from(line, 1);
    int64_t version = 0;
    if (line.len == 0) {
        return;
    }
    switch (line.ptr[0] & 3) {
    case 0:
        if (hub_twin_report(hub, identity, API, json, &version) == REASON_OK) {
            require(version == ++*reported);
        }
        break;
    case 1:
        if (hub_twin_patch_desired(hub, name, json, &version) == REASON_OK) {
            require(version == ++*desired);
        }
        break;
    case 2:
        if (hub_twin_replace_desired(hub, name, json, &version) == REASON_OK) {
            require(version == ++*desired);
        }
        break;
    default:
        require(hub_twin_import(hub, name, json) != 0 || json.len > 60);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fake_world fake = {.utc_us = 1795168980000000};
    struct env env = env_fake(&fake);
    struct journal *journal = journal_new(&env);
    struct hub_settings settings;
    hub_settings_init(&settings, "h");
    struct hub *hub = hub_new(&settings, &env, journal);
    const struct identity identity = {
        .name = "d", .primary_key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="};
    require(hub && hub_add_identity(hub, &identity) == 0);
    const struct identity *added = hub_find_identity(hub, SPAN_LITERAL("d"));
    int64_t desired = 1;
    int64_t reported = 1;
    struct span rest = span_of(data, size);
    bool is_imported = false;
    while (rest.len && !is_imported) {
        struct span line = span_cut(rest, '\n', &rest);
        is_imported = line.len && (line.ptr[0] & 3) == 3;
        patch(hub, added, line, &desired, &reported);
    }
    if (!is_imported) {
        check_document(hub, added, desired, reported);
    }
    hub_free(hub);
    journal_free(journal);
    return 0;
}
