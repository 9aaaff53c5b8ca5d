// SPDX-License-Identifier: MIT
// The forms behind export.h, for export.c only. Writers append; readers append what export_read
// promises.
#pragma once
#include "certs/export.h"

typedef int export_writer(const struct cert_list *list, const struct export_wish *wish,
                          struct buf *out);
typedef int export_reader(struct span bytes, const char *password, struct buf *out);

export_writer export_write_esp_idf, export_write_jks, export_write_bks;
export_reader export_read_esp_idf, export_read_jks, export_read_bks;
