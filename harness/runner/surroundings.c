// SPDX-License-Identifier: MIT
#include "harness/runner/surroundings.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/when.h"
#include "harness/device/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

// The names of hubrig, then those that the samples and tools of Azure's SDKs read.
static const char *const variables[] = {
    "HUBRIG_HUB_HOST={hub.host}",
    "HUBRIG_HUB_PORT={hub.port}",
    "HUBRIG_ROOT_PEM={root.pem}",
    "HUBRIG_DEVICE_ID={device.id}",
    "HUBRIG_DEVICE_CERT={device.cert}",
    "HUBRIG_DEVICE_KEY={device.key}",
    "HUBRIG_MODULE_ID={device.module}",
    "HUBRIG_CONNECTION_STRING={device.connection_string}",
    "HUBRIG_SECONDARY_CONNECTION_STRING={device.secondary_connection_string}",
    "IOTHUB_DEVICE_CONNECTION_STRING={device.connection_string}",
    "AZ_IOT_HUB_HOSTNAME={hub.host}",
    "AZ_IOT_HUB_DEVICE_ID={device.id}",
    "AZ_IOT_DEVICE_X509_TRUST_PEM_FILE_PATH={root.pem}",
    "IOTHUB_DEVICE_DPS_ENDPOINT={dps.host}",
    "IOTHUB_DEVICE_DPS_ID_SCOPE={dps.id_scope}",
    "IOTHUB_DEVICE_DPS_DEVICE_ID={dps.registration_id}",
    "IOTHUB_DEVICE_DPS_DEVICE_KEY={dps.key}",
    "HUBRIG_SNTP_HOST={sntp.host}",
    "PROVISIONING_HOST={dps.host}",
    "PROVISIONING_IDSCOPE={dps.id_scope}",
    "PROVISIONING_REGISTRATION_ID={dps.registration_id}",
    "PROVISIONING_SYMMETRIC_KEY={dps.key}",
    "AZ_IOT_PROVISIONING_ID_SCOPE={dps.id_scope}",
    "AZ_IOT_PROVISIONING_REGISTRATION_ID={dps.registration_id}",
    "SSL_CERT_FILE={root.pem}",
    "NODE_EXTRA_CA_CERTS={root.pem}",
    NULL,
};

const char *const *surroundings_variables(void)
{
    return variables;
}

struct filler {
    struct placeholder table[PLACEHOLDER_NAMES_MOST];
    size_t count;
    char port[16];
    char bin[PATH_MAX];
    char root[PATH_MAX];
    char cert[PATH_MAX];
    char key[PATH_MAX];
    char clock_utc[32];
    char clock_epoch[24];
    char *root_text, *cert_text, *key_text;
};

static void add(struct filler *f, const char *name, const char *value)
{
    f->table[f->count++] = (struct placeholder){name, value};
}

static int find_bin(char *out, size_t capacity)
{
    ssize_t n = readlink("/proc/self/exe", out, capacity - 1);
    ENSURE(n > 0, ERR_IO);
    out[n] = '\0';
    *strrchr(out, '/') = '\0';
    return 0;
}

static int filler_init(struct filler *f, const struct surroundings_settings *s)
{
    *f = (struct filler){0};
    snprintf(f->port, sizeof f->port, "%d", s->port);
    TRY(find_bin(f->bin, sizeof f->bin));
    TRY(fs_join(f->root, sizeof f->root, s->evidence, "root.pem"));
    TRY(fs_join(f->cert, sizeof f->cert, s->evidence, "device.crt"));
    TRY(fs_join(f->key, sizeof f->key, s->evidence, "device.key"));
    add(f, "hub.host", s->host);
    add(f, "hub.port", f->port);
    add(f, "hub.owner_key", s->owner_key);
    add(f, "root.pem", f->root);
    add(f, "device.id", s->id);
    add(f, "device.module", s->module);
    add(f, "device.connection_string", s->connection_string);
    add(f, "device.secondary_connection_string", s->secondary_string);
    add(f, "device.cert", f->cert);
    add(f, "device.key", f->key);
    add(f, "dps.host", s->dps_host);
    add(f, "dps.id_scope", s->dps_id_scope);
    add(f, "dps.registration_id", s->dps_host[0] ? s->id : "");
    add(f, "dps.key", s->dps_key);
    add(f, "sntp.host", s->sntp_host);
    add(f, "bin", f->bin);
    add(f, "bench", s->bench_folder);
    add(f, "hub.address", s->address);
    add(f, "clock.utc", f->clock_utc);
    add(f, "clock.epoch", f->clock_epoch);
    add(f, "serial.port", "");
    add(f, "power", "");
    f->root_text = span_dup_text(s->root_text);
    f->cert_text = span_dup_text(s->cert_text);
    f->key_text = span_dup_text(s->key_text);
    ENSURE(f->root_text && f->cert_text && f->key_text, ERR_NO_MEMORY);
    add(f, "root.text", f->root_text);
    add(f, "device.cert.text", f->cert_text);
    add(f, "device.key.text", f->key_text);
    return 0;
}

static int fill(const struct filler *f, const char *template, char **out)
{
    struct buf text HR_CLEANUP(buf_wipe);
    buf_init(&text, 128 * 1024);
    TRY(template_fill(template, f->table, f->count, &text));
    *out = span_dup_text(buf_span(&text));
    ENSURE(*out != NULL, ERR_NO_MEMORY);
    return 0;
}

static int make_argv(const struct filler *f, const struct bench_device *device,
                     struct surroundings *out)
{
    struct buf shown HR_CLEANUP(buf_deinit);
    buf_init(&shown, 16 * 1024);
    out->argv = calloc(device->command_count + 1, sizeof *out->argv);
    ENSURE(out->argv != NULL, ERR_NO_MEMORY);
    for (size_t i = 0; i < device->command_count; i++) {
        TRY(fill(f, device->command[i], &out->argv[i]));
        TRY(buf_printf(&shown, "%s%s", i ? " " : "", device->command[i]));
    }
    out->command_text = buf_take_text(&shown);
    ENSURE(out->command_text != NULL, ERR_NO_MEMORY);
    return 0;
}

static bool has_name_of(const char *entry, const char *other)
{
    size_t n = strcspn(entry, "=");
    return strncmp(entry, other, n) == 0 && other[n] == '=';
}

// Append, or replace the entry of the same name. Takes ownership of `entry`.
static void put(char **envp, size_t *count, char *entry)
{
    for (size_t i = 0; i < *count; i++) {
        if (has_name_of(entry, envp[i])) {
            free(envp[i]);
            envp[i] = entry;
            return;
        }
    }
    envp[(*count)++] = entry;
}

// Nothing to tell: an empty variable would count as set.
static void drop(char **envp, size_t *count, const char *entry)
{
    for (size_t i = 0; i < *count; i++) {
        if (has_name_of(entry, envp[i])) {
            free(envp[i]);
            envp[i] = envp[--*count];
            envp[*count] = NULL;
            return;
        }
    }
}

static int put_template(const struct filler *f, char **envp, size_t *count, const char *template)
{
    char *entry = NULL;
    TRY(fill(f, template, &entry));
    size_t name_end = strcspn(entry, "=");
    bool is_empty = strcmp(entry + name_end, "=") == 0 && strchr(template, '{');
    if (is_empty) {
        drop(envp, count, entry);
        free(entry);
        return 0;
    }
    put(envp, count, entry);
    return 0;
}

static int put_copy(char **envp, size_t *count, const char *entry)
{
    char *copy = strdup(entry);
    ENSURE(copy != NULL, ERR_NO_MEMORY);
    put(envp, count, copy);
    return 0;
}

static int make_envp(const struct filler *f, const struct surroundings_settings *s,
                     struct surroundings *out)
{
    size_t inherited = 0;
    while (environ[inherited]) {
        inherited++;
    }
    size_t count = 0;
    out->envp = calloc(inherited + HR_COUNT_OF(variables) + s->device->env_count + 16, sizeof(char *));
    ENSURE(out->envp != NULL, ERR_NO_MEMORY);
    for (size_t i = 0; i < inherited; i++) {
        TRY(put_copy(out->envp, &count, environ[i]));
    }
    for (size_t i = 0; variables[i]; i++) {
        TRY(put_template(f, out->envp, &count, variables[i]));
    }
    char scratch[PATH_MAX + 64];
    const char *entry = NULL;
    for (size_t i = 0; s->has_clock && (entry = clock_environment(i, out->clock_path, scratch, sizeof scratch));
         i++) {
        TRY(put_copy(out->envp, &count, entry));
    }
    for (size_t i = 0; i < s->device->env_count; i++) {
        TRY(put_template(f, out->envp, &count, s->device->env[i]));
    }
    return 0;
}

int surroundings_fill(const struct surroundings *s, const char *template, struct buf *out)
{
    return template_fill(template, s->filler->table, s->filler->count, out);
}

void surroundings_set_word(struct surroundings *s, const char *name, const char *value)
{
    for (size_t i = 0; i < s->filler->count; i++) {
        if (strcmp(s->filler->table[i].name, name) == 0) {
            s->filler->table[i].value = value;
        }
    }
}

static void free_list(char **list);

int surroundings_set_clock(struct surroundings *s, const struct bench_device *device, int64_t utc_us)
{
    struct filler *f = s->filler;
    utc_print(utc_us, f->clock_utc);
    snprintf(f->clock_epoch, sizeof f->clock_epoch, "%lld", (long long)(utc_us / 1000000));
    free_list(s->argv);
    free(s->command_text);
    s->argv = NULL;
    s->command_text = NULL;
    return make_argv(f, device, s);
}

int surroundings_make(const struct surroundings_settings *settings, struct surroundings *out)
{
    *out = (struct surroundings){.filler = calloc(1, sizeof(struct filler))};
    ENSURE(out->filler != NULL, ERR_NO_MEMORY);
    struct filler *f = out->filler;
    int code = filler_init(f, settings);
    if (code == 0) {
        code = fs_join(out->log_path, sizeof out->log_path, settings->evidence, "device.log");
    }
    if (code == 0) {
        code = fs_join(out->clock_path, sizeof out->clock_path, settings->rig_folder, "clock");
    }
    if (code == 0) {
        code = make_argv(f, settings->device, out);
    }
    if (code == 0) {
        code = make_envp(f, settings, out);
    }
    if (code < 0) {
        surroundings_deinit(out);
    }
    return code;
}

static void free_list(char **list)
{
    for (size_t i = 0; list && list[i]; i++) {
        explicit_bzero(list[i], strlen(list[i]));
        free(list[i]);
    }
    free(list);
}

void surroundings_deinit(struct surroundings *s)
{
    free_list(s->argv);
    free_list(s->envp);
    free(s->command_text);
    if (s->filler) {
        free(s->filler->root_text);
        free(s->filler->cert_text);
        if (s->filler->key_text) {
            explicit_bzero(s->filler->key_text, strlen(s->filler->key_text));
        }
        free(s->filler->key_text);
        free(s->filler);
    }
    *s = (struct surroundings){0};
}
