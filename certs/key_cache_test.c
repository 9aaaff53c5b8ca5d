// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/fs.h"
#include "base/test.h"
#include "certs/key_cache.h"

#include <dirent.h>
#include <limits.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct fixture {
    char folder[PATH_MAX];
};

static int set_up(void **state)
{
    static struct fixture f;
    snprintf(f.folder, sizeof f.folder, "/tmp/hubrig-keys-XXXXXX");
    *state = &f;
    return mkdtemp(f.folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    DIR *folder = opendir(f->folder);
    for (struct dirent *e = readdir(folder); e; e = readdir(folder)) {
        char path[PATH_MAX];
        if (fs_join(path, sizeof path, f->folder, e->d_name) == 0) {
            unlink(path);
        }
    }
    closedir(folder);
    return rmdir(f->folder);
}

static void path_of(const struct fixture *f, const char *file, char out[PATH_MAX])
{
    assert_int_equal(fs_join(out, PATH_MAX, f->folder, file), 0);
}

static unsigned mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

// Load one key and give its public part.
static int load_public(const struct fixture *f, enum key_kind kind, const char *name,
                       uint8_t out[600], size_t *len)
{
    struct key_wish wish = {.kind = kind};
    snprintf(wish.name, sizeof wish.name, "%s", name);
    int code = key_cache_load(f->folder, &wish, 1);
    if (code == 0) {
        int written = mbedtls_pk_write_pubkey_der(&wish.pk, out, 600);
        assert_true(written > 0);
        *len = (size_t)written;
        memmove(out, out + 600 - *len, *len);
    }
    key_wishes_free(&wish, 1);
    return code;
}

static void keys_are_for_their_owner_only(void **state)
{
    struct fixture *f = *state;
    uint8_t key[600];
    size_t len;
    char path[PATH_MAX];
    assert_int_equal(chmod(f->folder, 0755), 0);
    assert_int_equal(key_cache_prepare(f->folder), 0);
    assert_int_equal(mode_of(f->folder), 0700);
    assert_int_equal(load_public(f, KEY_P256, "own", key, &len), 0);
    path_of(f, "own.p256.pem", path);
    assert_int_equal(mode_of(path), 0600);
}

static void a_key_stays_the_same(void **state)
{
    struct fixture *f = *state;
    uint8_t first[600], again[600], other[600];
    size_t first_len, again_len, other_len;
    assert_int_equal(load_public(f, KEY_P256, "a", first, &first_len), 0);
    assert_int_equal(load_public(f, KEY_P256, "a", again, &again_len), 0);
    assert_int_equal(load_public(f, KEY_P256, "b", other, &other_len), 0);
    assert_int_equal(first_len, again_len);
    assert_memory_equal(first, again, first_len);
    assert_memory_not_equal(first, other, first_len);
}

static void a_key_that_others_may_read_is_refused(void **state)
{
    struct fixture *f = *state;
    static const mode_t modes[] = {0640, 0604, 0620, 0666};
    uint8_t key[600];
    size_t len;
    char path[PATH_MAX];
    path_of(f, "open.p256.pem", path);
    assert_int_equal(load_public(f, KEY_P256, "open", key, &len), 0);
    for (size_t i = 0; i < HR_COUNT_OF(modes); i++) {
        assert_int_equal(chmod(path, modes[i]), 0);
        assert_int_equal(load_public(f, KEY_P256, "open", key, &len), ERR_PERMISSION);
        assert_non_null(strstr(error_text(ERR_PERMISSION), path));
        assert_non_null(strstr(error_text(ERR_PERMISSION), "chmod 600"));
    }
}

static void a_damaged_key_file_is_named(void **state)
{
    struct fixture *f = *state;
    uint8_t key[600];
    size_t len;
    char path[PATH_MAX];
    struct buf text;
    path_of(f, "bad.rsa2048.pem", path);
    assert_int_equal(load_public(f, KEY_RSA2048, "bad", key, &len), 0);
    buf_init(&text, 10000);
    assert_int_equal(fs_read_file(path, &text), 0);
    text.data[1200] = text.data[1200] == 'A' ? 'B' : 'A'; // inside a prime: still well-formed DER
    assert_int_equal(fs_write_file(path, buf_span(&text), 0600), 0);
    assert_int_equal(load_public(f, KEY_RSA2048, "bad", key, &len), ERR_IO);
    assert_non_null(strstr(error_text(ERR_IO), path));
    buf_truncate(&text, 700);
    assert_int_equal(fs_write_file(path, buf_span(&text), 0600), 0);
    assert_int_equal(load_public(f, KEY_RSA2048, "bad", key, &len), ERR_IO);
    assert_non_null(strstr(error_text(ERR_IO), "damaged"));
    assert_int_equal(fs_write_file(path, SPAN_EMPTY, 0600), 0);
    assert_int_equal(load_public(f, KEY_RSA2048, "bad", key, &len), ERR_IO);
    buf_deinit(&text);
}

static void a_file_with_another_kind_of_key_is_refused(void **state)
{
    struct fixture *f = *state;
    uint8_t key[600];
    size_t len;
    char p256[PATH_MAX], p384[PATH_MAX], rsa[PATH_MAX];
    path_of(f, "k.p256.pem", p256);
    path_of(f, "k.p384.pem", p384);
    path_of(f, "k.rsa2048.pem", rsa);
    assert_int_equal(load_public(f, KEY_P256, "k", key, &len), 0);
    assert_int_equal(link(p256, rsa), 0);
    assert_int_equal(rename(p256, p384), 0);
    assert_int_equal(load_public(f, KEY_P384, "k", key, &len), ERR_IO);
    assert_non_null(strstr(error_text(ERR_IO), p384));
    assert_int_equal(load_public(f, KEY_RSA2048, "k", key, &len), ERR_IO);
}

static void openssl_reads_every_kind_of_key(void **state)
{
    struct fixture *f = *state;
    static const struct {
        enum key_kind kind;
        int type, bits;
    } rows[] = {{KEY_RSA2048, EVP_PKEY_RSA, 2048},
                {KEY_P256, EVP_PKEY_EC, 256},
                {KEY_P384, EVP_PKEY_EC, 384},
                {KEY_P521, EVP_PKEY_EC, 521}};
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct key_wish wish = {.kind = rows[i].kind, .name = "kind"};
        struct buf pem;
        buf_init(&pem, KEY_PEM_BYTES_MOST);
        assert_int_equal(key_cache_load(f->folder, &wish, 1), 0);
        assert_int_equal(key_write_pem(&wish.pk, &pem), 0);
        assert_non_null(strstr(buf_text(&pem), "-----BEGIN PRIVATE KEY-----\n"));
        BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
        EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
        assert_non_null(key);
        assert_int_equal(EVP_PKEY_get_base_id(key), rows[i].type);
        assert_int_equal(EVP_PKEY_get_bits(key), rows[i].bits);
        EVP_PKEY_free(key);
        BIO_free(bio);
        buf_wipe(&pem);
        key_wishes_free(&wish, 1);
    }
}

static void several_missing_keys_are_made_in_one_call(void **state)
{
    struct fixture *f = *state;
    struct key_wish wishes[] = {{.kind = KEY_P256, .name = "one"},
                                {.kind = KEY_RSA2048, .name = "two"},
                                {.kind = KEY_P256, .name = "three"},
                                {.kind = KEY_P256, .name = "one"}};
    assert_int_equal(key_cache_load(f->folder, wishes, 4), 0);
    assert_int_equal(mbedtls_pk_check_pair(&wishes[0].pk, &wishes[3].pk), 0);
    assert_int_not_equal(mbedtls_pk_check_pair(&wishes[0].pk, &wishes[2].pk), 0);
    assert_int_equal(mbedtls_pk_get_bitlen(&wishes[1].pk), 2048);
    key_wishes_free(wishes, 4);
}

static void a_failure_in_a_helper_thread_keeps_its_sentence(void **state)
{
    struct fixture *f = *state;
    char folder[PATH_MAX];
    path_of(f, "gone", folder);
    struct key_wish wishes[] = {{.kind = KEY_P256, .name = "one"},
                                {.kind = KEY_P256, .name = "two"}};
    assert_int_equal(key_cache_load(folder, wishes, 2), ERR_NO_FILE);
    assert_non_null(strstr(error_text(ERR_NO_FILE), folder));
    key_wishes_free(wishes, 2);
}

static void names_that_lead_out_of_the_folder_are_refused(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = {"", ".", "../x", "a/b", ".hidden", "a b", "a%"};
    uint8_t key[600];
    size_t len;
    for (size_t i = 0; i < HR_COUNT_OF(names); i++) {
        assert_int_equal(load_public(f, KEY_P256, names[i], key, &len), ERR_VALUE);
    }
}

static void the_lock_of_a_dead_process_does_not_last(void **state)
{
    struct fixture *f = *state;
    uint8_t key[600];
    size_t len;
    char lock[PATH_MAX];
    path_of(f, "k.p256.lock", lock);
    assert_int_equal(fs_write_file(lock, SPAN_EMPTY, 0600), 0);
    assert_int_equal(load_public(f, KEY_P256, "k", key, &len), 0);
    assert_false(fs_exists(lock));
}

enum { PROCESSES = 4 };

// A child waits for the gate to close, so that all start together, then tells its public key.
static pid_t start_child(const struct fixture *f, int gate[2], int answer[2])
{
    pid_t child = fork();
    if (child != 0) {
        return child;
    }
    uint8_t key[600] = {0};
    size_t len = 0;
    char byte;
    close(gate[1]);
    bool is_good =
        read(gate[0], &byte, 1) == 0 && load_public(f, KEY_RSA2048, "cold", key, &len) == 0;
    is_good = is_good && write(answer[1], key, sizeof key) == (ssize_t)sizeof key;
    _exit(is_good ? 0 : 1);
}

static void processes_that_race_for_a_cold_key_end_with_the_same(void **state)
{
    struct fixture *f = *state;
    int gate[2], answer[PROCESSES][2];
    pid_t children[PROCESSES];
    uint8_t keys[PROCESSES][600];
    assert_int_equal(pipe(gate), 0);
    for (size_t i = 0; i < PROCESSES; i++) {
        assert_int_equal(pipe(answer[i]), 0);
        children[i] = start_child(f, gate, answer[i]);
        assert_true(children[i] > 0);
        close(answer[i][1]);
    }
    close(gate[0]);
    close(gate[1]);
    for (size_t i = 0; i < PROCESSES; i++) {
        int status = -1;
        assert_int_equal(read(answer[i][0], keys[i], sizeof keys[i]), sizeof keys[i]);
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
        assert_memory_equal(keys[i], keys[0], sizeof keys[0]);
        close(answer[i][0]);
    }
    char lock[PATH_MAX];
    path_of(f, "cold.rsa2048.lock", lock);
    assert_false(fs_exists(lock));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keys_are_for_their_owner_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_key_stays_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_key_that_others_may_read_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_damaged_key_file_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_with_another_kind_of_key_is_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(openssl_reads_every_kind_of_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(several_missing_keys_are_made_in_one_call, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_failure_in_a_helper_thread_keeps_its_sentence, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(names_that_lead_out_of_the_folder_are_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_lock_of_a_dead_process_does_not_last, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(processes_that_race_for_a_cold_key_end_with_the_same,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
