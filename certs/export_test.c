// SPDX-License-Identifier: MIT
#include "certs/export.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/test.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const int64_t now_s = 1795132800; // 2026-11-20

static const struct golden {
    enum export_format format;
    const char *file;
} goldens[] = {
    {EXPORT_PEM, "bundle.pem"},
    {EXPORT_C_ARRAY, "bundle-c-array.c"},
    {EXPORT_C_STRING, "bundle-c-string.c"},
    {EXPORT_H, "bundle-h.h"},
    {EXPORT_ESP_IDF, "bundle-esp-idf.bin"},
    {EXPORT_ZEPHYR, "bundle-zephyr.txt"},
    {EXPORT_JKS, "bundle-jks.jks"},
    {EXPORT_BKS, "bundle-bks.bks"},
};

static void golden_path(const char *file, char out[PATH_MAX])
{
    assert_int_equal(fs_join(out, PATH_MAX, HUBRIG_GOLDEN, file), 0);
}

static void read_golden(const char *file, struct buf *out)
{
    char path[PATH_MAX];
    golden_path(file, path);
    buf_init(out, EXPORT_BYTES_MOST);
    assert_int_equal(fs_read_file(path, out), 0);
}

static void load(const char *file, struct cert_list *list)
{
    char path[PATH_MAX];
    golden_path(file, path);
    cert_list_init(list);
    assert_int_equal(cert_list_add_file(list, path), 0);
}

static struct export_wish wish_for(enum export_format format)
{
    return (struct export_wish){.format = format,
                                .symbol = "hub_roots",
                                .password = "changeit",
                                .sec_tag = 42,
                                .utc_s = now_s};
}

// Runs in the folder of the golden files, with a scratch folder in $T; its output in `out`.
static int shell(const char *script, struct buf *out)
{
    char scratch[] = "/tmp/hubrig-export-XXXXXX", command[4096], chunk[4096];
    assert_non_null(mkdtemp(scratch));
    snprintf(command, sizeof command,
             "T=%s; export T; cd %s && { %s; } 2>&1; code=$?; rm -rf %s; exit $code", scratch,
             HUBRIG_GOLDEN, script, scratch);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    buf_init(out, 1 << 20);
    for (size_t got = 0; (got = fread(chunk, 1, sizeof chunk, pipe)) > 0;) {
        assert_int_equal(buf_append(out, span_of(chunk, got)), 0);
    }
    int status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void assert_shell(const char *script, const char *says)
{
    struct buf out;
    int code = shell(script, &out);
    if (code != 0 || !strstr(buf_text(&out), says)) {
        fail_msg("exit %d, expected '%s' in:\n%s", code, says, buf_text(&out));
    }
    buf_deinit(&out);
}

static bool has_tool(const char *script)
{
    struct buf out;
    int code = shell(script, &out);
    buf_deinit(&out);
    return code == 0;
}

static void every_form_is_what_it_was_byte_for_byte(void **state)
{
    (void)state;
    struct cert_list list;
    load("bundle.pem", &list);
    for (size_t i = 0; i < HR_COUNT_OF(goldens); i++) {
        struct export_wish wish = wish_for(goldens[i].format);
        struct buf made, golden;
        buf_init(&made, EXPORT_BYTES_MOST);
        read_golden(goldens[i].file, &golden);
        print_message("%s\n", goldens[i].file);
        assert_int_equal(export_write(&list, &wish, &made), 0);
        assert_int_equal(made.len, golden.len);
        assert_memory_equal(made.data, golden.data, golden.len);
        buf_deinit(&made);
        buf_deinit(&golden);
    }
    cert_list_deinit(&list);
}

static void what_was_written_reads_back(void **state)
{
    (void)state;
    struct cert_list list;
    load("bundle.pem", &list);
    for (size_t i = 0; i < HR_COUNT_OF(goldens); i++) {
        struct buf golden, seen, expected;
        if (goldens[i].format == EXPORT_ESP_IDF) {
            continue; // holds no certificates; the next test reads it
        }
        buf_init(&seen, EXPORT_BYTES_MOST);
        buf_init(&expected, EXPORT_BYTES_MOST);
        read_golden(goldens[i].file, &golden);
        assert_int_equal(export_read(goldens[i].format, buf_span(&golden), "changeit", &seen), 0);
        for (size_t k = 0; k < list.count; k++) {
            assert_int_equal(buf_append(&expected, buf_span(&list.items[k]->der)), 0);
        }
        assert_true(span_equals(buf_span(&seen), buf_span(&expected)));
        buf_deinit(&golden);
        buf_deinit(&seen);
        buf_deinit(&expected);
    }
    cert_list_deinit(&list);
}

static size_t u16_at(const struct buf *b, size_t at)
{
    return (size_t)b->data[at] << 8 | b->data[at + 1];
}

static void the_esp_idf_bundle_is_a_count_and_sorted_names_with_their_keys(void **state)
{
    (void)state;
    static const size_t sorted[] = {0, 1}; // of bundle.pem: ... Root G2 before ... Root G3
    struct cert_list list;
    struct buf bundle;
    load("bundle.pem", &list);
    read_golden("bundle-esp-idf.bin", &bundle);
    assert_int_equal(u16_at(&bundle, 0), 2);
    size_t at = 2;
    for (size_t i = 0; i < 2; i++) {
        const mbedtls_x509_crt *crt = &list.items[sorted[i]]->crt;
        assert_int_equal(u16_at(&bundle, at), crt->subject_raw.len);
        assert_int_equal(u16_at(&bundle, at + 2), crt->pk_raw.len);
        assert_memory_equal(bundle.data + at + 4, crt->subject_raw.p, crt->subject_raw.len);
        at += 4 + crt->subject_raw.len;
        assert_memory_equal(bundle.data + at, crt->pk_raw.p, crt->pk_raw.len);
        at += crt->pk_raw.len;
    }
    assert_int_equal(at, bundle.len);
    buf_deinit(&bundle);
    cert_list_deinit(&list);
}

static void the_esp_idf_bundle_is_sorted_whatever_the_order_of_the_list(void **state)
{
    (void)state;
    struct cert_list list;
    struct buf made, golden;
    struct export_wish wish = wish_for(EXPORT_ESP_IDF);
    load("bundle.pem", &list);
    struct cert_facts *first = list.items[0];
    list.items[0] = list.items[1];
    list.items[1] = first;
    buf_init(&made, EXPORT_BYTES_MOST);
    read_golden("bundle-esp-idf.bin", &golden);
    assert_int_equal(export_write(&list, &wish, &made), 0);
    assert_true(span_equals(buf_span(&made), buf_span(&golden)));
    buf_deinit(&made);
    buf_deinit(&golden);
    cert_list_deinit(&list);
}

static void entries_of_one_name_stay_apart_in_a_key_store(void **state)
{
    (void)state;
    if (!has_tool("command -v keytool")) {
        skip();
    }
    struct cert_list list;
    struct buf made HR_CLEANUP(buf_deinit);
    char path[] = "/tmp/hubrig-jks-XXXXXX", script[300];
    struct export_wish wish = wish_for(EXPORT_JKS);
    buf_init(&made, EXPORT_BYTES_MOST);
    load("bundle.pem", &list);
    for (size_t i = 0; i < 3; i++) { // the same name from another key, and one twice
        struct cert_facts *f = list.items[0];
        assert_int_equal(cert_list_add_der(&list, buf_span(&f->der), CERT_ROLE_FILE), 0);
    }
    memcpy(list.items[1]->subject_cn, list.items[0]->subject_cn, sizeof list.items[0]->subject_cn);
    assert_int_equal(export_write(&list, &wish, &made), 0);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(fs_write_file(path, buf_span(&made), 0600), 0);
    snprintf(script, sizeof script, "keytool -list -keystore %s -storepass changeit", path);
    assert_shell(script, "contains 5 entries");
    unlink(path);
    cert_list_deinit(&list);
}

// A damaged byte anywhere, or a file that is cut, never reads as the whole bundle.
static void damaged_bundles_do_not_pass_for_whole_ones(void **state)
{
    (void)state;
    static const enum export_format strict[] = {EXPORT_JKS, EXPORT_BKS};
    for (size_t i = 0; i < HR_COUNT_OF(goldens); i++) {
        struct buf golden, seen, whole;
        bool is_store = goldens[i].format == strict[0] || goldens[i].format == strict[1];
        read_golden(goldens[i].file, &golden);
        buf_init(&seen, EXPORT_BYTES_MOST);
        buf_init(&whole, EXPORT_BYTES_MOST);
        assert_int_equal(export_read(goldens[i].format, buf_span(&golden), "changeit", &whole), 0);
        for (size_t len = 0; len < golden.len; len += 37) {
            buf_clear(&seen);
            int code = export_read(goldens[i].format, span_slice(buf_span(&golden), 0, len),
                                   "changeit", &seen);
            assert_true(code == ERR_SYNTAX || !span_equals(buf_span(&seen), buf_span(&whole)));
        }
        for (size_t at = 0; is_store && at < golden.len; at += 41) {
            golden.data[at] ^= 4;
            buf_clear(&seen);
            assert_int_equal(export_read(goldens[i].format, buf_span(&golden), "changeit", &seen),
                             ERR_SYNTAX);
            golden.data[at] ^= 4;
        }
        buf_deinit(&golden);
        buf_deinit(&seen);
        buf_deinit(&whole);
    }
}

static void a_key_store_opens_with_its_own_password_alone(void **state)
{
    (void)state;
    static const struct golden stores[] = {{EXPORT_JKS, "bundle-jks.jks"},
                                           {EXPORT_BKS, "bundle-bks.bks"}};
    for (size_t i = 0; i < HR_COUNT_OF(stores); i++) {
        struct buf golden, seen;
        read_golden(stores[i].file, &golden);
        buf_init(&seen, EXPORT_BYTES_MOST);
        assert_int_equal(export_read(stores[i].format, buf_span(&golden), "changeIt", &seen),
                         ERR_SYNTAX);
        buf_deinit(&golden);
        buf_deinit(&seen);
    }
}

static void der_takes_one_certificate_and_says_so(void **state)
{
    (void)state;
    struct cert_list one, two;
    struct buf made, golden;
    struct export_wish wish = wish_for(EXPORT_DER);
    buf_init(&made, EXPORT_BYTES_MOST);
    read_golden("root.der", &golden);
    load("root.der", &one);
    load("bundle.pem", &two);
    assert_int_equal(export_write(&two, &wish, &made), ERR_VALUE);
    assert_non_null(strstr(error_text(ERR_VALUE), "has 2"));
    assert_int_equal(made.len, 0);
    assert_int_equal(export_write(&one, &wish, &made), 0);
    assert_true(span_equals(buf_span(&made), buf_span(&golden)));
    cert_list_deinit(&one);
    cert_list_deinit(&two);
    buf_deinit(&made);
    buf_deinit(&golden);
}

static void wishes_that_cannot_be_met_are_refused(void **state)
{
    (void)state;
    struct export_wish rows[] = {wish_for(EXPORT_C_ARRAY),     wish_for(EXPORT_C_STRING),
                                 wish_for(EXPORT_C_ARRAY),     wish_for(EXPORT_JKS),
                                 wish_for(EXPORT_JKS),         wish_for(EXPORT_BKS),
                                 wish_for(EXPORT_FORMAT_COUNT)};
    rows[0].symbol = "1root";
    rows[1].symbol = "a-b";
    rows[2].symbol = "static";
    rows[3].password = "";
    rows[4].password = "gr\xc3\xbc\xc3\x9f";
    rows[5].password = "a-password-of-more-than-31-letters";
    struct cert_list list, empty;
    struct buf out;
    load("bundle.pem", &list);
    buf_init(&out, EXPORT_BYTES_MOST);
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        print_message("row %zu\n", i);
        assert_int_equal(export_write(&list, &rows[i], &out), ERR_VALUE);
        assert_int_equal(out.len, 0);
    }
    cert_list_init(&empty);
    struct export_wish wish = wish_for(EXPORT_PEM);
    assert_int_equal(export_write(&empty, &wish, &out), ERR_VALUE);
    assert_int_equal(cert_list_add_der(&empty, SPAN_LITERAL("0"), CERT_ROLE_FILE), 0);
    assert_int_equal(export_write(&empty, &wish, &out), ERR_VALUE);
    cert_list_deinit(&empty);
    cert_list_deinit(&list);
    buf_deinit(&out);
}

// Other people's tools ---------------------------------------------------------------------------

static void a_c_compiler_gets_the_same_bytes_from_every_c_form(void **state)
{
    (void)state;
    assert_shell(
        "printf '%s\\n' '#include <stdio.h>' '#include <string.h>' '#include \"bundle-c-array.c\"' "
        "'static const char fragment[] =' '#include \"bundle-h.h\"' ';' "
        "'int main(int c, char **v) { (void)v; if (sizeof hub_roots != hub_roots_len) return 3; "
        "return fwrite(c > 1 ? fragment : (const char *)hub_roots, 1, hub_roots_len - 1, stdout) "
        "!= hub_roots_len - 1; }' > $T/array.c && "
        "printf '%s\\n' '#include <stdio.h>' '#include \"bundle-c-string.c\"' "
        "'int main(void) { return fputs(hub_roots, stdout) < 0; }' > $T/string.c && "
        "cc -Wall -Wextra -Werror -I. -o $T/array $T/array.c && "
        "cc -Wall -Wextra -Werror -I. -o $T/string $T/string.c && "
        "$T/array > $T/1.pem && $T/array x > $T/2.pem && $T/string > $T/3.pem && "
        "cmp $T/1.pem bundle.pem && cmp $T/2.pem bundle.pem && cmp $T/3.pem bundle.pem && echo "
        "same",
        "same");
}

static void openssl_reads_the_text_and_binary_forms(void **state)
{
    (void)state;
    assert_shell("openssl x509 -inform DER -in root.der -noout -subject",
                 "DigiCert Global Root G3 (hubrig test)");
    assert_shell(
        "sed -n 's/^cred buf \\(.*\\)/\\1/p' bundle-zephyr.txt | grep -v clear | tr -d '\\n' "
        "| openssl base64 -d -A | cmp - bundle.pem && echo same",
        "same");
    assert_shell("awk '{ if (length($0) > 250) exit 1 }' bundle-zephyr.txt && tail -1 "
                 "bundle-zephyr.txt",
                 "cred add 42 CA DEFAULT bint");
}

static void keytool_opens_the_java_store(void **state)
{
    (void)state;
    if (!has_tool("command -v keytool")) {
        skip();
    }
    assert_shell("keytool -list -rfc -keystore bundle-jks.jks -storepass changeit 2>/dev/null | "
                 "tr -d '\\r' | sed -n '/-----BEGIN/,/-----END/p' | cmp - bundle.pem && echo same",
                 "same");
}

static void bouncy_castle_opens_the_android_store(void **state)
{
    (void)state;
    if (!has_tool("command -v keytool && test -e /usr/share/java/bcprov.jar")) {
        skip();
    }
    assert_shell("keytool -list -rfc -keystore bundle-bks.bks -storetype BKS -storepass changeit "
                 "-providerpath /usr/share/java/bcprov.jar -provider "
                 "org.bouncycastle.jce.provider.BouncyCastleProvider 2>/dev/null | tr -d '\\r' | "
                 "grep -c 'BEGIN CERTIFICATE'",
                 "2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_is_what_it_was_byte_for_byte),
        cmocka_unit_test(what_was_written_reads_back),
        cmocka_unit_test(the_esp_idf_bundle_is_a_count_and_sorted_names_with_their_keys),
        cmocka_unit_test(the_esp_idf_bundle_is_sorted_whatever_the_order_of_the_list),
        cmocka_unit_test(entries_of_one_name_stay_apart_in_a_key_store),
        cmocka_unit_test(damaged_bundles_do_not_pass_for_whole_ones),
        cmocka_unit_test(a_key_store_opens_with_its_own_password_alone),
        cmocka_unit_test(der_takes_one_certificate_and_says_so),
        cmocka_unit_test(wishes_that_cannot_be_met_are_refused),
        cmocka_unit_test(a_c_compiler_gets_the_same_bytes_from_every_c_form),
        cmocka_unit_test(openssl_reads_the_text_and_binary_forms),
        cmocka_unit_test(keytool_opens_the_java_store),
        cmocka_unit_test(bouncy_castle_opens_the_android_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
