// SPDX-License-Identifier: MIT
#include "harness/device/deposit.h"
#include "base/error.h"
#include "base/fs.h"

#include <limits.h>

static int put_files(const struct bench_board *b, const struct surroundings *around)
{
    static const struct {
        const char *name, *text;
    } files[] = {
        {"root.pem", "{root.text}"},
        {"device.crt", "{device.cert.text}"},
        {"device.key", "{device.key.text}"},
        {"connection_string.txt", "{device.connection_string}"},
    };
    struct buf folder HR_CLEANUP(buf_deinit);
    buf_init(&folder, PATH_MAX);
    TRY(surroundings_fill(around, b->credentials_from, &folder));
    for (size_t i = 0; i < HR_COUNT_OF(files); i++) {
        char path[PATH_MAX];
        struct buf text HR_CLEANUP(buf_wipe);
        buf_init(&text, 1 << 20);
        TRY(surroundings_fill(around, files[i].text, &text));
        TRY(fs_join(path, sizeof path, buf_text(&folder), files[i].name));
        TRY(fs_write_file(path, buf_span(&text), 0600));
    }
    return 0;
}

static int fill_image(const struct bench_board *b, const struct surroundings *around)
{
    struct buf from HR_CLEANUP(buf_deinit), to HR_CLEANUP(buf_deinit);
    struct buf template HR_CLEANUP(buf_deinit), image HR_CLEANUP(buf_wipe);
    buf_init(&from, PATH_MAX);
    buf_init(&to, PATH_MAX);
    buf_init(&template, 1 << 20);
    buf_init(&image, 4 << 20);
    TRY(surroundings_fill(around, b->credentials_from, &from));
    TRY(surroundings_fill(around, b->credentials_to, &to));
    TRY(fs_read_file(buf_text(&from), &template));
    TRY(surroundings_fill(around, buf_text(&template), &image));
    return fs_write_file(buf_text(&to), buf_span(&image), 0600);
}

int deposit_credentials(const struct bench_board *b, const struct surroundings *around)
{
    if (b->credentials == CREDENTIALS_FILES) {
        return put_files(b, around);
    }
    return b->credentials == CREDENTIALS_IMAGE ? fill_image(b, around) : 0;
}
