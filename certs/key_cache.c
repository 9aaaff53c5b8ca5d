// SPDX-License-Identifier: MIT
#include "certs/key_cache.h"
#include "base/error.h"
#include "base/fs.h"
#include "certs/der.h"
#include "certs/random.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mbedtls/ecp.h>
#include <mbedtls/pem.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/rsa.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const struct key_kind_row {
    mbedtls_pk_type_t type;
    unsigned size; // RSA bits or mbedtls_ecp_group_id
} kind_rows[KEY_KIND_COUNT] = {
#define X(kind, word, type, size) [kind] = {type, size},
    KEY_KIND_TABLE(X)
#undef X
};

const char *const key_kind_words[KEY_KIND_COUNT] = {
#define X(kind, word, type, size) [kind] = word,
    KEY_KIND_TABLE(X)
#undef X
};

enum {
    KEY_THREADS_MOST = 8,
    LOCK_POLL_MS = 20,
    LOCK_WAIT_MS_MOST = 600000,
    KEY_DER_BYTES_MOST = 6144
};

bool key_name_is_good(struct span name)
{
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.ptr[i];
        bool is_alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_alnum && c != '.' && c != '_' && c != '+' && c != '-') {
            return false;
        }
    }
    return name.len > 0 && name.len <= KEY_NAME_BYTES_MOST && name.ptr[0] != '.';
}

int key_cache_prepare(const char *folder)
{
    TRY(fs_make_folder(folder, 0700));
    struct stat st;
    if (stat(folder, &st) != 0) {
        int errnum = errno;
        FAIL(error_from_errno(errnum), "cannot look at the key folder %s: %s", folder,
             strerror(errnum));
    }
    if (st.st_uid != geteuid()) {
        FAIL(ERR_PERMISSION,
             "%s: the key folder belongs to another user (id %u, expected %u); set HUBRIG_CACHE "
             "to a folder of your own",
             folder, (unsigned)st.st_uid, (unsigned)geteuid());
    }
    if ((st.st_mode & 077) != 0 && chmod(folder, 0700) != 0) {
        FAIL(ERR_PERMISSION, "%s: the key folder is open to other users and cannot be closed: %s",
             folder, strerror(errno));
    }
    return 0;
}

// Files ------------------------------------------------------------------------------------------

static bool is_of_kind(const mbedtls_pk_context *pk, enum key_kind kind)
{
    const struct key_kind_row *row = &kind_rows[kind];
    if (mbedtls_pk_get_type(pk) != row->type) {
        return false;
    }
    return row->type == MBEDTLS_PK_RSA ? mbedtls_pk_get_bitlen(pk) == row->size
                                       : mbedtls_pk_ec(*pk)->grp.id == row->size;
}

static int check_mode(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        int errnum = errno;
        FAIL(error_from_errno(errnum), "cannot look at the key file %s: %s", path,
             strerror(errnum));
    }
    if ((st.st_mode & 077) != 0) {
        FAIL(ERR_PERMISSION,
             "%s: expected a private key that only its owner may read (mode 0600), seen mode "
             "%04o; close it with chmod 600, or delete it and a new key is made",
             path, (unsigned)st.st_mode & 07777);
    }
    return 0;
}

static int parse_key_file(const char *path, struct key_wish *wish, struct buf *text)
{
    TRY(check_mode(path));
    TRY(buf_reserve(text, KEY_PEM_BYTES_MOST)); // no copies of the secret left behind by growing
    TRY(fs_read_file(path, text));
    int code = mbedtls_pk_parse_key(&wish->pk, (const unsigned char *)buf_text(text), text->len + 1,
                                    NULL, 0);
    if (code != 0 || mbedtls_pk_check_pair(&wish->pk, &wish->pk) != 0) {
        FAIL(ERR_IO,
             "%s: the key file is damaged: expected a private key as PKCS#8 PEM; "
             "delete it and a new key is made",
             path);
    }
    if (!is_of_kind(&wish->pk, wish->kind)) {
        FAIL(ERR_IO, "%s: expected an %s key, seen %s of %zu bits; delete it and a new key is made",
             path, key_kind_words[wish->kind], mbedtls_pk_get_name(&wish->pk),
             mbedtls_pk_get_bitlen(&wish->pk));
    }
    return 0;
}

static int read_key(const char *path, struct key_wish *wish)
{
    struct buf text;
    buf_init(&text, KEY_PEM_BYTES_MOST);
    int code = parse_key_file(path, wish, &text);
    buf_wipe(&text);
    return code;
}

bool key_kind_is_rsa(enum key_kind kind)
{
    return kind_rows[kind].type == MBEDTLS_PK_RSA;
}

static const char *curve_oid(mbedtls_ecp_group_id curve)
{
    switch (curve) {
    case MBEDTLS_ECP_DP_SECP192R1:
        return "1.2.840.10045.3.1.1";
    case MBEDTLS_ECP_DP_SECP256R1:
        return "1.2.840.10045.3.1.7";
    case MBEDTLS_ECP_DP_SECP256K1:
        return "1.3.132.0.10";
    case MBEDTLS_ECP_DP_SECP384R1:
        return "1.3.132.0.34";
    default:
        return "1.3.132.0.35";
    }
}

// PrivateKeyInfo (RFC 5958 section 2) around what mbedTLS writes, RFC 8017 A.1.2 or RFC 5915.
static int write_pkcs8(mbedtls_pk_context *pk, struct span inner, struct buf *out)
{
    struct der d = der_begin(out);
    size_t info = der_open(&d, DER_SEQUENCE);
    der_number(&d, 0);
    size_t algorithm = der_open(&d, DER_SEQUENCE);
    if (mbedtls_pk_get_type(pk) == MBEDTLS_PK_RSA) {
        der_oid(&d, span_text("1.2.840.113549.1.1.1"));
        der_null(&d);
    } else {
        der_oid(&d, span_text("1.2.840.10045.2.1"));
        der_oid(&d, span_text(curve_oid(mbedtls_pk_ec(*pk)->grp.id)));
    }
    der_close(&d, algorithm);
    der_value(&d, DER_OCTET_STRING, inner);
    der_close(&d, info);
    return d.code;
}

int key_write_pem(mbedtls_pk_context *pk, struct buf *out)
{
    unsigned char inner[KEY_DER_BYTES_MOST];
    char pem[KEY_PEM_BYTES_MOST];
    size_t pem_len = 0;
    struct buf der;
    buf_init(&der, sizeof inner + 64);
    int len = mbedtls_pk_write_key_der(pk, inner, sizeof inner);
    int code =
        len < 0 ? error_set(ERR_CRYPTO, "a key cannot be written (mbedTLS -0x%04x)", (unsigned)-len)
                : buf_reserve(&der, sizeof inner + 64);
    if (code == 0) {
        code = write_pkcs8(pk, span_of(inner + sizeof inner - len, (size_t)len), &der);
    }
    if (code == 0) {
        bool is_written = mbedtls_pem_write_buffer("-----BEGIN PRIVATE KEY-----\n",
                                                   "-----END PRIVATE KEY-----\n", der.data, der.len,
                                                   (unsigned char *)pem, sizeof pem, &pem_len) == 0;
        code = is_written ? buf_append(out, span_text(pem))
                          : error_set(ERR_CRYPTO, "a key cannot be written as PEM");
    }
    buf_wipe(&der);
    mbedtls_platform_zeroize(inner, sizeof inner);
    mbedtls_platform_zeroize(pem, sizeof pem);
    return code;
}

// Making -----------------------------------------------------------------------------------------

static int generate(struct key_wish *wish)
{
    const struct key_kind_row *row = &kind_rows[wish->kind];
    struct random_source random;
    int failed = -1;
    int code = random_source_init(&random);
    if (code == 0 && mbedtls_pk_setup(&wish->pk, mbedtls_pk_info_from_type(row->type)) == 0) {
        failed = row->type == MBEDTLS_PK_RSA
                     ? mbedtls_rsa_gen_key(mbedtls_pk_rsa(wish->pk), mbedtls_ctr_drbg_random,
                                           &random.drbg, row->size, 65537)
                     : mbedtls_ecp_gen_key((mbedtls_ecp_group_id)row->size, mbedtls_pk_ec(wish->pk),
                                           mbedtls_ctr_drbg_random, &random.drbg);
    }
    random_source_deinit(&random);
    TRY(code);
    if (failed != 0) {
        FAIL(ERR_CRYPTO, "the %s key '%s' cannot be made (mbedTLS -0x%04x)",
             key_kind_words[wish->kind], wish->name, (unsigned)-failed);
    }
    return 0;
}

static int generate_and_store(const char *path, struct key_wish *wish)
{
    struct buf pem;
    buf_init(&pem, KEY_PEM_BYTES_MOST);
    int code = buf_reserve(&pem, KEY_PEM_BYTES_MOST);
    if (code == 0) {
        code = generate(wish);
    }
    if (code == 0) {
        code = key_write_pem(&wish->pk, &pem);
    }
    if (code == 0) {
        code = fs_write_file(path, buf_span(&pem), 0600);
    }
    buf_wipe(&pem);
    return code;
}

// One try at the lock: 1 = ours, 0 = somebody else's or just removed, or an error.
static int try_lock(const char *path, int *fd)
{
    struct stat held, named;
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (*fd < 0) {
        int errnum = errno;
        FAIL(error_from_errno(errnum), "cannot make the lock file %s: %s", path, strerror(errnum));
    }
    // The winner removes the file, so a lock on a file that is no longer there counts for nothing.
    bool is_ours = flock(*fd, LOCK_EX | LOCK_NB) == 0 && fstat(*fd, &held) == 0 &&
                   stat(path, &named) == 0 && held.st_ino == named.st_ino;
    if (!is_ours) {
        close(*fd);
        *fd = -1;
    }
    return is_ours ? 1 : 0;
}

static int lock_key(const char *path, int *fd)
{
    for (int waited_ms = 0; waited_ms < LOCK_WAIT_MS_MOST; waited_ms += LOCK_POLL_MS) {
        int locked = try_lock(path, fd);
        if (locked != 0) {
            return locked < 0 ? locked : 0;
        }
        nanosleep(&(struct timespec){.tv_nsec = LOCK_POLL_MS * 1000000L}, NULL);
    }
    FAIL(ERR_TIMEOUT,
         "%s: another process has been making this key for more than %d s; end it, or delete the "
         "file if there is none",
         path, LOCK_WAIT_MS_MOST / 1000);
}

static int key_path(const char *folder, const struct key_wish *wish, const char *ending,
                    char out[PATH_MAX])
{
    char name[KEY_NAME_BYTES_MOST + 32];
    snprintf(name, sizeof name, "%s.%s.%s", wish->name, key_kind_words[wish->kind], ending);
    return fs_join(out, PATH_MAX, folder, name);
}

static int make_key(const char *folder, struct key_wish *wish)
{
    char path[PATH_MAX], lock_path[PATH_MAX];
    int fd = -1;
    TRY(key_path(folder, wish, "pem", path));
    TRY(key_path(folder, wish, "lock", lock_path));
    TRY(lock_key(lock_path, &fd));
    int code = fs_exists(path) ? read_key(path, wish) : generate_and_store(path, wish);
    unlink(lock_path);
    close(fd);
    return code;
}

// Several at once --------------------------------------------------------------------------------

struct key_job {
    struct key_wish *wish;
    int code;
    char detail[512]; // error_text is per thread, so it travels here
};

struct key_work {
    const char *folder;
    struct key_job *jobs;
    size_t count;
    atomic_size_t next;
};

static void *work_on_keys(void *arg)
{
    struct key_work *work = arg;
    for (size_t i = atomic_fetch_add(&work->next, 1); i < work->count;
         i = atomic_fetch_add(&work->next, 1)) {
        struct key_job *job = &work->jobs[i];
        job->code = make_key(work->folder, job->wish);
        if (job->code < 0) {
            span_copy_text(span_text(error_text(job->code)), job->detail, sizeof job->detail);
        }
    }
    return NULL;
}

// The slowest kind first, so that no thread starts an RSA-4096 key when the others are done.
static int by_cost(const void *a, const void *b)
{
    const struct key_wish *left = ((const struct key_job *)a)->wish;
    const struct key_wish *right = ((const struct key_job *)b)->wish;
    unsigned left_cost = kind_rows[left->kind].size, right_cost = kind_rows[right->kind].size;
    return left_cost < right_cost ? 1 : left_cost > right_cost ? -1 : 0;
}

static int make_keys(struct key_work *work)
{
    qsort(work->jobs, work->count, sizeof *work->jobs, by_cost);
    pthread_t threads[KEY_THREADS_MOST];
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t wanted = processors > 0 ? (size_t)processors : 1;
    size_t started = 0;
    // This thread works too, so one helper fewer; a helper that cannot start only costs time.
    while (started + 1 < wanted && started + 1 < work->count && started < KEY_THREADS_MOST &&
           pthread_create(&threads[started], NULL, work_on_keys, work) == 0) {
        started++;
    }
    work_on_keys(work);
    for (size_t i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
    }
    for (size_t i = 0; i < work->count; i++) {
        if (work->jobs[i].code < 0) {
            FAIL(work->jobs[i].code, "%s", work->jobs[i].detail);
        }
    }
    return 0;
}

static int load_present(const char *folder, struct key_wish *wishes, size_t count,
                        struct key_work *missing)
{
    for (size_t i = 0; i < count; i++) {
        char path[PATH_MAX];
        TRY(key_path(folder, &wishes[i], "pem", path));
        if (fs_exists(path)) {
            TRY(read_key(path, &wishes[i]));
        } else {
            missing->jobs[missing->count++].wish = &wishes[i];
        }
    }
    return 0;
}

int key_cache_load(const char *folder, struct key_wish *wishes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        mbedtls_pk_init(&wishes[i].pk);
    }
    for (size_t i = 0; i < count; i++) {
        ENSURE(key_name_is_good(span_text(wishes[i].name)), ERR_VALUE);
    }
    struct key_work missing = {.folder = folder, .jobs = calloc(count + 1, sizeof *missing.jobs)};
    ENSURE(missing.jobs != NULL, ERR_NO_MEMORY);
    int code = load_present(folder, wishes, count, &missing);
    if (code == 0 && missing.count > 0) {
        code = make_keys(&missing);
    }
    free(missing.jobs);
    return code;
}

void key_wishes_free(struct key_wish *wishes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        mbedtls_pk_free(&wishes[i].pk);
    }
}
