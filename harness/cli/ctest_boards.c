// SPDX-License-Identifier: MIT
#include "harness/cli/ctest_boards.h"
#include "base/error.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ID_BYTES = 80 };

// A resource's id has small letters, digits and '_'.
static const char *id_of(const struct bench_device *device, char out[ID_BYTES])
{
    size_t i = 0;
    for (; device->name[i] && i < ID_BYTES - 1; i++) {
        int c = tolower((unsigned char)device->name[i]);
        out[i] = isalnum(c) ? (char)c : '_';
    }
    out[i] = '\0';
    return out;
}

static const struct bench_device *find_id(const struct bench *bench, struct span id)
{
    char text[ID_BYTES];
    for (size_t i = 0; i < bench->count; i++) {
        const struct bench_device *device = &bench->devices[i];
        if (bench_is_hardware(device) && span_equals_text(id, id_of(device, text))) {
            return device;
        }
    }
    return NULL;
}

int ctest_boards_write(const struct bench *bench, struct buf *out)
{
    char id[ID_BYTES];
    size_t count = 0;
    TRY(buf_append_text(out, "{\"version\":{\"major\":1,\"minor\":0},\"local\":[{\"board\":["));
    for (size_t i = 0; i < bench->count; i++) {
        const struct bench_device *device = &bench->devices[i];
        if (!bench_is_hardware(device)) {
            continue;
        }
        const struct bench_device *other = find_id(bench, span_text(id_of(device, id)));
        if (other != device) {
            FAIL(ERR_USAGE, "%s and %s are both '%s' to CTest, which knows small letters, digits and '_' "
                 "only; give one of them another name", other->name, device->name, id);
        }
        TRY(buf_printf(out, "%s\n {\"id\":\"%s\",\"slots\":1}", count ? "," : "", id));
        count++;
    }
    if (count == 0) {
        FAIL(ERR_USAGE, "%s names no board and no black box", bench->file);
    }
    return buf_append_text(out, "]}]}\n");
}

// "id:press_4,slots:1;id:press_5,slots:1"
static int take_group(const struct bench *bench, const char *text, const struct bench_device **devices,
                      size_t most, size_t *count)
{
    struct span rest = span_text(text);
    while (rest.len) {
        struct span one = span_cut(rest, ';', &rest);
        struct span slots;
        struct span id = span_cut(one, ',', &slots);
        if (!span_starts_with(id, SPAN_LITERAL("id:"))) {
            FAIL(ERR_USAGE, "CTest gives '%.*s', expected id:NAME,slots:1", SPAN_ARG(one));
        }
        id = span_from(id, 3);
        const struct bench_device *device = find_id(bench, id);
        if (!device) {
            FAIL(ERR_USAGE, "CTest gives the board '%.*s', and %s has none of that name; write the spec "
                 "anew: hubrig boards --resource-spec FILE", SPAN_ARG(id), bench->file);
        }
        ENSURE(*count < most, ERR_LIMIT);
        devices[(*count)++] = device;
    }
    return 0;
}

int ctest_boards_given(const struct bench *bench, const struct bench_device **devices, size_t most,
                       size_t *count)
{
    uint64_t groups = 0;
    const char *told = getenv("CTEST_RESOURCE_GROUP_COUNT");
    if (!told || span_parse_u64(span_text(told), &groups) < 0) {
        FAIL(ERR_USAGE, "CTest gives this test no board: it needs the property RESOURCE_GROUPS board:1, "
             "and ctest --resource-spec-file FILE");
    }
    for (uint64_t i = 0; i < groups && i < most; i++) {
        char name[64];
        snprintf(name, sizeof name, "CTEST_RESOURCE_GROUP_%u_BOARD", (unsigned)i);
        const char *given = getenv(name);
        TRY(given ? take_group(bench, given, devices, most, count) : 0);
    }
    if (*count == 0) {
        FAIL(ERR_USAGE, "CTest gives this test resources, but none of the type board");
    }
    return 0;
}
