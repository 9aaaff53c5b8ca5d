// SPDX-License-Identifier: MIT
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char detail[1024];
static _Thread_local int detail_code;

struct error_row {
    const char *name;
    enum error_class class;
    const char *sentence;
};

static const struct error_row rows[] = {
#define X(code, class, sentence) [code##_ORDINAL] = {#code, ERROR_CLASS_##class, sentence},
    ERROR_TABLE(X)
#undef X
};

static const struct error_row *row_of(int code)
{
    size_t ordinal = code < 0 ? (size_t)-(long)code : 0;
    if (ordinal == 0 || ordinal >= HR_COUNT_OF(rows)) {
        return NULL;
    }
    return &rows[ordinal];
}

const char *error_name(int code)
{
    const struct error_row *row = row_of(code);
    return row ? row->name : (code >= 0 ? "OK" : "ERR_UNKNOWN");
}

enum error_class error_class_of(int code)
{
    const struct error_row *row = row_of(code);
    return row ? row->class : (code >= 0 ? ERROR_CLASS_NONE : ERROR_CLASS_INTERNAL);
}

const char *error_sentence(int code)
{
    const struct error_row *row = row_of(code);
    return row ? row->sentence : (code >= 0 ? "no error" : "unknown error");
}

int error_set(int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char fresh[sizeof detail]; // the arguments may point into `detail` itself
    vsnprintf(fresh, sizeof fresh, format, args);
    va_end(args);
    memcpy(detail, fresh, sizeof detail);
    detail_code = code;
    return code;
}

const char *error_detail(void)
{
    return detail;
}

void error_clear(void)
{
    detail[0] = '\0';
    detail_code = 0;
}

const char *error_text(int code)
{
    return detail_code == code && detail[0] ? detail : error_sentence(code);
}

int error_from_errno(int errnum)
{
    switch (errnum) {
    case 0:
        return 0;
    case ENOENT:
    case ENOTDIR:
        return ERR_NO_FILE;
    case EACCES:
    case EPERM:
    case EROFS:
        return ERR_PERMISSION;
    case EADDRINUSE:
    case EBUSY:
        return ERR_IN_USE;
    case ENOSPC:
    case EDQUOT:
        return ERR_NO_SPACE;
    case ENOMEM:
        return ERR_NO_MEMORY;
    case ETIMEDOUT:
        return ERR_TIMEOUT;
    default:
        return ERR_IO;
    }
}
