// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/test.h"
#include "certs/recipe.h"

#include <string.h>

// One sound cert block, in pieces that the tests recombine.
#define LEAF_KEY      "key p256 test\n"
#define LEAF_REST     "issuer self\nhash sha256\nserial 01\n"
#define LEAF_VALID    "valid -1d +1d\n"
#define LEAF_BODY     "subject \"CN=leaf\"\n" LEAF_KEY LEAF_REST LEAF_VALID
#define LEAF          "cert leaf\n" LEAF_BODY "end\n"
#define LEAF_AND_LIST LEAF "send leaf\ntrust leaf\n"

struct memory_file {
    const char *name;
    const char *text;
};

struct fixture {
    struct memory_file files[RECIPE_DEPTH_MOST + 2];
    struct recipe *recipe;
    struct diag_list diags;
    struct buf printed;
};

static int open_memory(void *ctx, const char *name, struct line_script *script,
                       struct diag_list *diags)
{
    struct fixture *f = ctx;
    for (size_t i = 0; i < HR_COUNT_OF(f->files); i++) {
        if (f->files[i].name && strcmp(f->files[i].name, name) == 0) {
            return line_parse(name, span_text(f->files[i].text), script, diags);
        }
    }
    FAIL(ERR_UNKNOWN_NAME, "there is no recipe '%s'", name);
}

static int read_first(struct fixture *f)
{
    struct recipe_source source = {.ctx = f, .open = open_memory};
    diag_init(&f->diags);
    buf_init(&f->printed, 100000);
    int code = recipe_read(&source, f->files[0].name, &f->recipe, &f->diags);
    assert_int_equal(diag_print(&f->diags, &f->printed), 0);
    return code;
}

static void release(struct fixture *f)
{
    recipe_free(f->recipe);
    diag_deinit(&f->diags);
    buf_deinit(&f->printed);
}

static void a_recipe_is_read_into_plain_data(void **state)
{
    (void)state;
    struct fixture f = {
        .files = {{"t/a", "chain t/a\nabout two words\ncert root\n"
                          "subject \"C=IE\" \"O=Baltimore\" \"CN=Root {hub.host}\"\n"
                          "key rsa4096 the-root\nissuer self\nhash sha1\nserial 020000b9\n"
                          "valid 2000-05-12T18:46:00Z 2025-05-12T23:59:00Z\n"
                          "ca true pathlen 3 critical\nkey-usage critical keyCertSign cRLSign\n"
                          "end\ncert leaf\n" LEAF_BODY "extended-key-usage serverAuth\nend\n"
                          "send leaf root\ntrust root\n"}}};
    assert_int_equal(read_first(&f), 0);
    const struct recipe *r = f.recipe;
    const struct recipe_cert *root = &r->certs[0];
    assert_string_equal(r->name, "t/a");
    assert_string_equal(r->facts.about, "two words");
    assert_int_equal(r->cert_count, 2);
    assert_int_equal(root->subject.count, 3);
    assert_true(span_equals_text(root->subject.parts[0].oid, "2.5.4.6"));
    assert_true(span_equals_text(root->subject.parts[2].value, "Root {hub.host}"));
    assert_int_equal(root->key_kind, KEY_RSA4096);
    assert_int_equal(root->signing.hash, CERT_SHA1);
    assert_memory_equal(root->serial, "\x02\x00\x00\xb9", 4);
    assert_false(root->from.is_relative);
    assert_int_equal(root->to.s, 1747094340);
    assert_true(root->is_ca && root->is_critical[FIELD_CA]);
    assert_int_equal(root->path_length, 3);
    assert_int_equal(root->key_usage, 1 << 5 | 1 << 6);
    assert_int_equal(r->certs[1].from.s, -86400);
    assert_int_equal(r->send_count, 2);
    assert_int_equal(r->send[0], 1);
    assert_int_equal(r->trust[0], 0);
    release(&f);
}

static void a_recipe_overrides_what_it_is_based_on(void **state)
{
    (void)state;
    struct fixture f = {.files = {{"t/b", "chain t/b\nbased-on t/a\ncert leaf\nhash sha384\n"
                                          "valid-to +9d\nsan dns:b\nend\ncert more\n" LEAF_BODY
                                          "end\nsend more leaf\n"},
                                  {"t/a", "chain t/a\nabout base\ncert leaf\n" LEAF_BODY
                                          "san critical dns:a\nend\nsend leaf\ntrust leaf\n"}}};
    assert_int_equal(read_first(&f), 0);
    const struct recipe_cert *leaf = &f.recipe->certs[0];
    assert_string_equal(f.recipe->name, "t/b");
    assert_string_equal(f.recipe->facts.about, "base");
    assert_int_equal(leaf->signing.hash, CERT_SHA384);
    assert_int_equal(leaf->from.s, -86400);
    assert_int_equal(leaf->to.s, 9 * 86400);
    assert_true(span_equals_text(leaf->words[FIELD_SAN].items[0].text, "dns:b"));
    assert_false(leaf->is_critical[FIELD_SAN]);
    assert_true(span_equals_text(leaf->key_name, "test"));
    assert_int_equal(f.recipe->send_count, 2);
    assert_int_equal(f.recipe->trust_count, 1);
    release(&f);
}

static void the_nearest_file_has_the_last_word_wherever_based_on_stands(void **state)
{
    (void)state;
    static const char *const own[] = {"chain t/b\nbased-on t/a\n%s", "chain t/b\n%sbased-on t/a\n"};
    for (size_t i = 0; i < 2; i++) {
        char text[200];
        snprintf(text, sizeof text, own[i], "about mine\ndevice-host b\npad-to 5000\n");
        struct fixture f = {
            .files = {
                {"t/b", text},
                {"t/a", "chain t/a\nabout base\ndevice-host a\npad-to 4000\n" LEAF_AND_LIST}}};
        assert_int_equal(read_first(&f), 0);
        assert_string_equal(f.recipe->facts.about, "mine");
        assert_string_equal(f.recipe->facts.device_host, "b");
        assert_int_equal(f.recipe->padding.to_bytes, 5000);
        release(&f);
    }
}

static void every_mistake_is_named_at_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *printed;
    } rows[] = {
        {"chain t/a\nsned leaf\n" LEAF_AND_LIST,
         "t/a:2:1: unknown verb 'sned' (did you mean send?)\n"},
        {"chain t/a\ncert leaf\nisuer self\n" LEAF_BODY "end\nsend leaf\ntrust leaf\n",
         "t/a:3:1: unknown verb 'isuer' (did you mean issuer?)\n"},
        {"chain t/a\n" LEAF "send leef\ntrust leaf\n",
         "t/a:10:6: there is no cert 'leef' (did you mean leaf?)\n"},
        {"chain t/a\ncert leaf\nsubject \"CN=a\"\n" LEAF_KEY
         "issuer rot\nhash sha256\nserial 01\n" LEAF_VALID "end\nsend leaf\ntrust leaf\n",
         "t/a:5:1: there is no cert 'rot'\n"},
        {"chain t/a\ncert leaf\nsubject \"CN=a\"\n" LEAF_KEY LEAF_REST
         "valid 2026-13-01T00:00:00Z 30d\nend\nsend leaf\ntrust leaf\n",
         "t/a:8:7: expected a date as 2026-11-20T08:00:00Z, or a duration from the hub clock with "
         "its sign as -30d or +12h, seen '2026-13-01T00:00:00Z'\n"
         "t/a:8:28: expected a date as 2026-11-20T08:00:00Z, or a duration from the hub clock with "
         "its sign as -30d or +12h, seen '30d'\n"},
        {"chain t/a\ncert leaf\n" LEAF_BODY "send leaf\ntrust leaf\n",
         "t/a:2:1: cert 'leaf' is never closed; put an 'end' line\n"},
        {"chain t/a\nsend leaf\ntrust leaf\ncert leaf\n" LEAF_BODY,
         "t/a:4:1: cert 'leaf' is never closed; put an 'end' line\n"},
        {"chain t/a\n" LEAF LEAF "send leaf\ntrust leaf\n",
         "t/a:10:6: cert 'leaf' stands here twice, first in line 2; only a cert of a recipe that "
         "this one is based on can be changed\n"},
        {"chain t/other\n" LEAF_AND_LIST,
         "t/a:1:7: the chain's name 't/other' must be the file's place, 't/a'\n"},
        {LEAF_AND_LIST, "t/a:1:1: a recipe starts with 'chain NAME'\n"},
        {"", "t/a:1:1: a recipe starts with 'chain NAME'\nt/a:1:1: a recipe needs a 'send' line\n"
             "t/a:1:1: a recipe needs a 'trust' line\n"},
        {"chain t/a\n" LEAF, "t/a:1:1: a recipe needs a 'send' line\n"
                             "t/a:1:1: a recipe needs a 'trust' line\n"},
        {"chain t/a\nbased-on t/none\n" LEAF_AND_LIST, "t/a:2:10: there is no recipe 't/none'\n"},
        {"chain t/a\n" LEAF_AND_LIST "based-on t/z\n",
         "t/a:12:1: 'based-on' must stand before cert, send and trust\n"},
        {"chain t/a\ncert leaf\n" LEAF_BODY "hash sha1\nend\nsend leaf\ntrust leaf\n",
         "t/a:9:1: 'hash' stands twice in this cert, first in line 6\n"},
        {"chain t/a\n" LEAF_AND_LIST "send leaf\n",
         "t/a:12:1: 'send' stands twice, first in line 10\n"},
        {"chain t/a\nhash sha1\n" LEAF_AND_LIST, "t/a:2:1: 'hash' belongs in a cert block\n"},
        {"chain t/a\n" LEAF "end\nsend leaf\ntrust leaf\n",
         "t/a:10:1: 'end' belongs in a cert block\n"},
        {"chain t/a\ncert self\n" LEAF_BODY "end\n" LEAF_AND_LIST,
         "t/a:2:6: 'self' cannot be a cert's name\n"},
        {"chain t/a\ncert leaf\nend\nsend leaf\ntrust leaf\n",
         "t/a:2:1: cert 'leaf' has no 'subject' line\nt/a:2:1: cert 'leaf' has no 'key' line\n"
         "t/a:2:1: cert 'leaf' has no 'issuer' line\nt/a:2:1: cert 'leaf' has no 'hash' line\n"
         "t/a:2:1: cert 'leaf' has no 'serial' line\n"
         "t/a:2:1: cert 'leaf' has no 'valid-from' line\n"
         "t/a:2:1: cert 'leaf' has no 'valid-to' line\n"},
    };
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct fixture f = {.files = {{"t/a", rows[i].text}}};
        assert_int_equal(read_first(&f), ERR_SYNTAX);
        assert_string_equal(buf_text(&f.printed), rows[i].printed);
        assert_null(f.recipe);
        release(&f);
    }
}

#define SAN_WORDS "dns:NAME, ip:ADDRESS, uri:URI, email:TEXT, raw:HEX, {more.names} or empty"
#define BRACES    "{hub.host}, {hub.HOST}, {hub.domain} and {nul} are filled in here"
#define PATCHES                                                                                    \
    "flip-bit OFFSET, truncate N, append HEX, byte OFFSET HEX, replace HEX HEX or garbage N, "     \
    "with "                                                                                        \
    "at most 128 bytes of hexadecimal digits"
#define SUBTREES                                                                                   \
    "permit:dns:NAME, exclude:dns:NAME, permit:ip:ADDRESS/BITS or exclude:ip:ADDRESS/BITS"

static void every_field_refuses_what_it_cannot_use(void **state)
{
    (void)state;
    static const struct {
        const char *line; // stands in line 8 of the file
        const char *printed;
    } rows[] = {
        {"san", "t/a:8:4: 'san' takes " SAN_WORDS "\n"},
        {"san mail:x", "t/a:8:5: expected " SAN_WORDS ", seen 'mail:x'\n"},
        {"san ip:1.2.3", "t/a:8:5: expected " SAN_WORDS ", seen 'ip:1.2.3'\n"},
        {"san dns:{hub.hots}", "t/a:8:5: unknown name '{hub.hots}' in braces; " BRACES "\n"},
        {"san dns:{", "t/a:8:5: unknown name '{' in braces; " BRACES "\n"},
        {"ca maybe", "t/a:8:4: expected true, false, 'pathlen N' or critical, seen 'maybe'\n"},
        {"ca critical", "t/a:8:12: 'ca' needs true or false\n"},
        {"ca true pathlen", "t/a:8:16: expected a path length from 0 to 100\n"},
        {"ca true pathlen 101", "t/a:8:17: expected a path length from 0 to 100\n"},
        {"key-usage critical", "t/a:8:19: 'key-usage' takes usages, as digitalSignature\n"},
        {"key-usage keyCretSign",
         "t/a:8:11: unknown key usage 'keyCretSign' (did you mean keyCertSign?)\n"},
        {"extended-key-usage serverauth",
         "t/a:8:20: unknown purpose 'serverauth' (did you mean serverAuth?)\n"},
        {"policies 2.40000", NULL},
        {"policies 1.40.2",
         "t/a:8:10: expected an object identifier as 2.23.140.1.2.2, seen '1.40.2'\n"},
        {"ocsp ocsp.digicert.com",
         "t/a:8:6: expected a URL as http://host/path, seen 'ocsp.digicert.com'\n"},
        {"subject-key-id x",
         "t/a:8:16: expected an even count of hexadecimal digits for at most 32 bytes, seen 'x'\n"},
        {"must-staple x", "t/a:8:13: 'must-staple' takes nothing and no more\n"},
        {"authority-key-id critical 00ff", NULL},
        {"san empty", NULL},
        {"san raw:8201", NULL},
        {"san raw:820", "t/a:8:5: expected " SAN_WORDS ", seen 'raw:820'\n"},
        {"san empty dns:x", "t/a:8:5: expected " SAN_WORDS ", seen 'empty'\n"},
        {"san dns:{hub.HOST} dns:{hub.domain} uri:x:{nul} email:a", NULL},
        {"version 4", "t/a:8:9: expected a version from 1 to 3\n"},
        {"date-form offest", "t/a:8:11: unknown form of a date 'offest' (did you mean offset?)\n"},
        {"inner-hash sha1 psss",
         "t/a:8:17: expected 'pss' or nothing behind the hash, seen 'psss'\n"},
        {"inner-hash sha1", NULL},
        {"pad-to 99", "t/a:8:8: expected a count of bytes from 100 to 100000\n"},
        {"pad-to 500 sacks", "t/a:8:12: unknown filler 'sacks'\n"},
        {"duplicate subject", "t/a:8:11: unknown extension 'subject'\n"},
        {"remove sam", "t/a:8:8: unknown verb 'sam' (did you mean san?)\n"},
        {"remove san", "t/a:8:8: there is no 'san' line to remove\n"},
        {"patch explode 1", "t/a:8:7: expected " PATCHES "\n"},
        {"patch truncate 0", "t/a:8:7: expected " PATCHES "\n"},
        {"patch byte 1", "t/a:8:7: expected " PATCHES "\n"},
        {"patch byte -0 00", "t/a:8:7: expected " PATCHES "\n"},
        {"patch append 0", "t/a:8:7: expected " PATCHES "\n"},
        {"patch truncate 1 2", "t/a:8:7: expected " PATCHES "\n"},
        {"patch flip-bit signature", NULL},
        {"extension 1.2 0", "t/a:8:11: expected an object identifier and the value as hexadecimal "
                            "digits, as in 'extension 1.3.6.1.5.5.7.1.24 3003020105'\n"},
        {"extension critical 1.2.3 \"\"", NULL},
        {"name-constraints permit:x", "t/a:8:18: expected " SUBTREES ", seen 'permit:x'\n"},
        {"name-constraints permit:ip:10.0.0.0/33",
         "t/a:8:18: expected " SUBTREES ", seen 'permit:ip:10.0.0.0/33'\n"},
        {"name-constraints critical permit:ip:10.0.0.0/8 exclude:dns:{hub.host}", NULL},
        {"authority-key-id critical", NULL},
    };
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        char text[1000];
        snprintf(text, sizeof text,
                 "chain t/a\ncert leaf\nsubject \"CN=leaf\"\n" LEAF_KEY LEAF_REST "%s\n" LEAF_VALID
                 "end\nsend leaf\ntrust leaf\n",
                 rows[i].line);
        struct fixture f = {.files = {{"t/a", text}}};
        assert_int_equal(read_first(&f), rows[i].printed ? ERR_SYNTAX : 0);
        assert_string_equal(buf_text(&f.printed), rows[i].printed ? rows[i].printed : "");
        release(&f);
    }
}

static void names_keys_and_serials_are_checked(void **state)
{
    (void)state;
    static const struct {
        const char *block;
        const char *printed;
    } rows[] = {
        {"subject \"DC=x\"\n" LEAF_KEY "serial 01\n",
         "t/a:3:9: expected one of C= ST= L= O= OU= CN= and a value, seen 'DC=x'; put each pair in "
         "quotes of its own\n"},
        {"subject \"CN:utf9=x\"\n" LEAF_KEY "serial 01\n",
         "t/a:3:9: expected one of C= ST= L= O= OU= CN= and a value, seen 'CN:utf9=x'; put each "
         "pair in quotes of its own\n"},
        {"subject CN=\n" LEAF_KEY "serial 01\n",
         "t/a:3:9: expected one of C= ST= L= O= OU= CN= and a value, seen 'CN='; put each pair in "
         "quotes of its own\n"},
        {"subject \"CN=\xc3\xbc\"\n" LEAF_KEY "serial 01\n",
         "t/a:3:9: expected printable ASCII letters only\n"},
        {"subject \"CN=a\"\nkey rsa2084 x\nserial 01\n",
         "t/a:4:5: unknown kind of key 'rsa2084' (did you mean rsa2048?)\n"},
        {"subject \"CN=a\"\nkey p256 ../x\nserial 01\n",
         "t/a:4:10: a key's name has letters, digits and '._+-' only, at most 80\n"},
        {"subject \"CN=a\"\n" LEAF_KEY "serial random 21\n",
         "t/a:5:15: expected a count of bytes from 1 to 20\n"},
        {"subject \"CN=a\"\n" LEAF_KEY "serial random\n",
         "t/a:5:14: expected a count of bytes from 1 to 20\n"},
        {"subject \"CN=a\"\n" LEAF_KEY "serial 123\n",
         "t/a:5:8: expected 'random N' or an even count of hexadecimal digits for at most 64 "
         "bytes, seen '123'\n"},
    };
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        char text[1000];
        snprintf(text, sizeof text,
                 "chain t/a\ncert leaf\n%sissuer self\nhash sha256\n" LEAF_VALID
                 "end\nsend leaf\ntrust leaf\n",
                 rows[i].block);
        struct fixture f = {.files = {{"t/a", text}}};
        assert_int_equal(read_first(&f), ERR_SYNTAX);
        assert_string_equal(buf_text(&f.printed), rows[i].printed);
        release(&f);
    }
}

static void what_a_chain_is_for_is_read_and_belongs_to_its_own_file(void **state)
{
    (void)state;
    struct fixture f = {.files = {{"t/b", "chain t/b\nabout b\nbased-on t/a\nverdict free\n"},
                                  {"t/a", "chain t/a\nid a-1\norigin RFC 5280 4.1\nverdict reject\n"
                                          "alert unknown_ca bad_certificate\n"
                                          "device-host x.{hub.host}\nneeds raw-flight\n"
                                          "pad-to 7000 san\n" LEAF_AND_LIST}}};
    assert_int_equal(read_first(&f), 0);
    assert_string_equal(f.recipe->facts.id, "");
    assert_string_equal(f.recipe->facts.origin, "");
    assert_int_equal(f.recipe->facts.verdict, CHAIN_FREE);
    assert_int_equal(f.recipe->facts.alert_count, 0);
    assert_string_equal(f.recipe->facts.device_host, "x.{hub.host}");
    assert_true(f.recipe->facts.needs_raw_flight);
    assert_int_equal(f.recipe->padding.to_bytes, 7000);
    assert_int_equal(f.recipe->padding.filler, FILLER_SAN);
    release(&f);
    struct fixture own = {.files = {f.files[1]}};
    assert_int_equal(read_first(&own), 0);
    assert_string_equal(own.recipe->facts.id, "a-1");
    assert_string_equal(own.recipe->facts.origin, "RFC 5280 4.1");
    assert_int_equal(own.recipe->facts.verdict, CHAIN_REJECT);
    assert_int_equal(own.recipe->facts.alert_count, 2);
    assert_int_equal(own.recipe->facts.alerts[1], 42);
    release(&own);
}

static void statements_refuse_what_they_cannot_use(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        const char *printed;
    } rows[] = {
        {"verdict rejct", "t/a:2:9: unknown verdict 'rejct' (did you mean reject?)\n"},
        {"verdict accept free", "t/a:2:16: 'verdict' takes accept, reject or free and no more\n"},
        {"alert unknown-ca", "t/a:2:7: expected the name of an alert as unknown_ca (RFC 5246 7.2), "
                             "seen 'unknown-ca'\n"},
        {"id a/b", "t/a:2:4: an id has letters, digits and '._+-' only, at most 47\n"},
        {"needs rawflight", "t/a:2:7: unknown need 'rawflight' (did you mean raw-flight?)\n"},
        {"device-host {hub}", "t/a:2:13: unknown name '{hub}' in braces; " BRACES "\n"},
        {"verdcit free", "t/a:2:1: unknown verb 'verdcit' (did you mean verdict?)\n"},
        {"id a\nid b", "t/a:3:1: 'id' stands twice, first in line 2\n"},
    };
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        char text[500];
        snprintf(text, sizeof text, "chain t/a\n%s\n" LEAF_AND_LIST, rows[i].line);
        struct fixture f = {.files = {{"t/a", text}}};
        assert_int_equal(read_first(&f), ERR_SYNTAX);
        assert_string_equal(buf_text(&f.printed), rows[i].printed);
        release(&f);
    }
}

static void a_line_of_the_base_can_be_removed(void **state)
{
    (void)state;
    struct fixture f = {
        .files = {{"t/b", "chain t/b\nbased-on t/a\ncert leaf\nremove san extension patch\n"
                          "extension 1.2.4 00\nend\n"},
                  {"t/a", "chain t/a\ncert leaf\n" LEAF_BODY "san critical dns:a\n"
                          "extension 1.2.3 00\nextension 1.2.3 01\npatch truncate 1\n"
                          "patch-tbs truncate 2\nend\nsend leaf\ntrust leaf\n"}}};
    assert_int_equal(read_first(&f), 0);
    const struct recipe_cert *leaf = &f.recipe->certs[0];
    assert_null(leaf->given[FIELD_SAN].file);
    assert_false(leaf->is_critical[FIELD_SAN]);
    assert_int_equal(leaf->extension_count, 1);
    assert_int_equal(leaf->patch_count, 1);
    assert_true(leaf->patches[0].is_before_signing);
    release(&f);
}

static void an_extension_replaces_the_same_one_of_the_base_only(void **state)
{
    (void)state;
    struct fixture f = {.files = {{"t/b", "chain t/b\nbased-on t/a\ncert leaf\n"
                                          "extension 1.2.3 02\nextension 1.2.3 03\nend\n"},
                                  {"t/a", "chain t/a\ncert leaf\n" LEAF_BODY
                                          "extension 1.2.3 00\nextension 1.2.4 01\nend\n"
                                          "send leaf\ntrust leaf\n"}}};
    assert_int_equal(read_first(&f), 0);
    const struct recipe_cert *leaf = &f.recipe->certs[0];
    assert_int_equal(leaf->extension_count, 3);
    assert_true(span_equals_text(leaf->extensions[0].oid, "1.2.4"));
    assert_true(span_equals_text(leaf->extensions[1].hex, "02"));
    assert_true(span_equals_text(leaf->extensions[2].hex, "03"));
    release(&f);
}

static void an_elliptic_curve_issuer_signs_neither_pss_nor_md5(void **state)
{
    (void)state;
    static const struct {
        const char *key, *hash;
        int code;
    } rows[] = {{"p256", "hash md5", ERR_SYNTAX},
                {"p256", "hash sha256 pss", ERR_SYNTAX},
                {"p256", "hash sha1\ninner-hash md5", ERR_SYNTAX},
                {"rsa1024", "hash md5", 0},
                {"rsa8192", "hash sha512 pss", 0}};
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        char text[500];
        snprintf(text, sizeof text,
                 "chain t/a\ncert leaf\nsubject none\nkey %s k\nissuer self\n%s\nserial raw "
                 "ff\n" LEAF_VALID "end\nsend leaf\ntrust leaf\n",
                 rows[i].key, rows[i].hash);
        struct fixture f = {.files = {{"t/a", text}}};
        assert_int_equal(read_first(&f), rows[i].code);
        assert_int_equal(strstr(buf_text(&f.printed), "no PSS and no MD5") != NULL,
                         rows[i].code != 0);
        release(&f);
    }
}

static void a_circle_of_files_is_shown_in_full(void **state)
{
    (void)state;
    struct fixture f = {.files = {{"t/a", "chain t/a\nbased-on t/b\n" LEAF_AND_LIST},
                                  {"t/b", "chain t/b\nbased-on t/c\n"},
                                  {"t/c", "chain t/c\nbased-on t/b\n"}}};
    assert_int_equal(read_first(&f), ERR_SYNTAX);
    assert_string_equal(buf_text(&f.printed),
                        "t/c:2:10: 'based-on' goes in a circle: t/b -> t/c -> t/b\n");
    release(&f);
}

static void mistakes_of_the_base_are_named_with_its_file(void **state)
{
    (void)state;
    struct fixture f = {.files = {{"t/a", "chain t/a\nbased-on t/b\nsned x\n"},
                                  {"t/b", "chain t/b\n" LEAF_AND_LIST "oops\n"}}};
    assert_int_equal(read_first(&f), ERR_SYNTAX);
    assert_string_equal(buf_text(&f.printed),
                        "t/b:12:1: unknown verb 'oops'\n"
                        "t/a:3:1: unknown verb 'sned' (did you mean send?)\n");
    release(&f);
}

static void a_ladder_of_files_ends_at_eight(void **state)
{
    (void)state;
    static const char *const names[] = {"a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8"};
    char texts[9][400];
    for (size_t used = 8; used <= 9; used++) {
        struct fixture f = {0};
        for (size_t i = 0; i < used; i++) {
            bool is_last = i + 1 == used;
            snprintf(texts[i], sizeof texts[i], "chain %s\n%s%s\n", names[i],
                     is_last ? LEAF_AND_LIST : "based-on ", is_last ? "" : names[i + 1]);
            f.files[i] = (struct memory_file){names[i], texts[i]};
        }
        assert_int_equal(read_first(&f), used == 8 ? 0 : ERR_SYNTAX);
        assert_int_equal(strstr(buf_text(&f.printed), "a7:2:1: 'based-on' goes deeper") != NULL,
                         used == 9);
        release(&f);
    }
}

static void a_file_given_by_path_may_use_any_tail_of_it_as_name(void **state)
{
    (void)state;
    static const struct {
        const char *chain;
        int code;
    } rows[] = {{"chain own/a\n" LEAF_AND_LIST, 0},
                {"chain a\n" LEAF_AND_LIST, 0},
                {"chain n/a\n" LEAF_AND_LIST, ERR_SYNTAX},
                {"chain b\n" LEAF_AND_LIST, ERR_SYNTAX}};
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct fixture f = {.files = {{"/home/own/a.chain", rows[i].chain}}};
        assert_int_equal(read_first(&f), rows[i].code);
        release(&f);
    }
}

static void an_unknown_first_file_is_no_syntax_error(void **state)
{
    (void)state;
    struct fixture f = {0};
    struct recipe_source source = {.ctx = &f, .open = open_memory};
    diag_init(&f.diags);
    buf_init(&f.printed, 100);
    assert_int_equal(recipe_read(&source, "t/missing", &f.recipe, &f.diags), ERR_UNKNOWN_NAME);
    assert_int_equal(f.diags.count, 0);
    release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_recipe_is_read_into_plain_data),
        cmocka_unit_test(a_recipe_overrides_what_it_is_based_on),
        cmocka_unit_test(the_nearest_file_has_the_last_word_wherever_based_on_stands),
        cmocka_unit_test(every_mistake_is_named_at_its_place),
        cmocka_unit_test(every_field_refuses_what_it_cannot_use),
        cmocka_unit_test(names_keys_and_serials_are_checked),
        cmocka_unit_test(what_a_chain_is_for_is_read_and_belongs_to_its_own_file),
        cmocka_unit_test(statements_refuse_what_they_cannot_use),
        cmocka_unit_test(a_line_of_the_base_can_be_removed),
        cmocka_unit_test(an_extension_replaces_the_same_one_of_the_base_only),
        cmocka_unit_test(an_elliptic_curve_issuer_signs_neither_pss_nor_md5),
        cmocka_unit_test(a_circle_of_files_is_shown_in_full),
        cmocka_unit_test(mistakes_of_the_base_are_named_with_its_file),
        cmocka_unit_test(a_ladder_of_files_ends_at_eight),
        cmocka_unit_test(a_file_given_by_path_may_use_any_tail_of_it_as_name),
        cmocka_unit_test(an_unknown_first_file_is_no_syntax_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
