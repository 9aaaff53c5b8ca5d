// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/fs.h"
#include "base/test.h"
#include "harness/scenario/selection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fixture {
    char folder[64];
    char path[200];
    struct selection s;
    struct diag_list diags;
    struct buf out;
};

static void put(struct fixture *f, const char *name, const char *text)
{
    snprintf(f->path, sizeof f->path, "%s/%s", f->folder, name);
    assert_int_equal(fs_write_file(f->path, span_text(text), 0600), 0);
}

static void init(struct fixture *f)
{
    *f = (struct fixture){.folder = "/tmp/hubrig-selection-XXXXXX"};
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/a", f->folder);
    assert_int_equal(fs_make_folder(f->path, 0700), 0);
    put(f, "a/one.scn", "scenario a.one\n");
    put(f, "a/two.scn", "scenario a.two\n");
    diag_init(&f->diags);
    buf_init(&f->out, 10000);
}

static void release(struct fixture *f)
{
    char command[128];
    selection_deinit(&f->s);
    diag_deinit(&f->diags);
    buf_deinit(&f->out);
    snprintf(command, sizeof command, "rm -r %s", f->folder);
    assert_int_equal(system(command), 0);
}

static int add(struct fixture *f, const char *name)
{
    snprintf(f->path, sizeof f->path, "%s/%s", f->folder, name);
    return selection_add(&f->s, f->path, &f->diags);
}

static const char *names(struct fixture *f)
{
    char name[256];
    buf_clear(&f->out);
    for (size_t i = 0; i < f->s.count; i++) {
        selection_name(f->s.items[i].file, name);
        assert_int_equal(buf_printf(&f->out, "%s%s", i ? " " : "", name), 0);
    }
    return buf_text(&f->out);
}

static void a_bundle_includes_what_stands_beside_it(void **state)
{
    (void)state;
    struct fixture f;
    init(&f);
    put(&f, "all.suite", "about everything\ninclude a\n");
    put(&f, "one.suite", "include all\nexclude *.two\n");
    put(&f, "name.suite", "scenario a.two\n");
    assert_int_equal(add(&f, "one.suite"), 0);
    assert_string_equal(names(&f), "a.one");
    selection_deinit(&f.s);
    assert_int_equal(add(&f, "name.suite"), 0);
    assert_string_equal(names(&f), "a.two");
    release(&f);
}

static void tags_of_nested_includes_add_up(void **state)
{
    (void)state;
    struct fixture f;
    init(&f);
    put(&f, "in.suite", "include a tag tls\ninclude a/one.scn\n");
    put(&f, "out.suite", "include in tag must\n");
    assert_int_equal(add(&f, "out.suite"), 0);
    assert_string_equal(names(&f), "a.one a.two a.one");
    assert_int_equal(f.s.items[0].tag_count, 2);
    assert_string_equal(f.s.items[0].tags[0], "must");
    assert_string_equal(f.s.items[0].tags[1], "tls");
    assert_int_equal(f.s.items[2].tag_count, 1);
    release(&f);
}

static void mistakes_in_a_bundle_have_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"includ a\n", ":1:1: unknown verb 'includ' (did you mean include?)"},
        {"about x\ninclude\n", ":2:8: expected: include SUITE [tag WORD ...]"},
        {"include a tag\n", ":1:9: expected: include SUITE [tag WORD ...]"},
        {"include a tags must\n", ":1:11: expected 'tag WORD' here"},
        {"include nothing-of-that-name\n", ":1:9: nothing-of-that-name: no such file"},
        {"scenario a.three\n", ":1:10: a.three: no such file"},
        {"scenario\n", ":1:9: expected: scenario NAME"},
        {"include a\nexclude b.*\n", ":2:9: nothing above this line has such a name"},
        {"about\n", ":1:6: expected: about WORDS"},
        {"include a tag 1 tag 2 tag 3 tag 4 tag 5\n", ":1:35: at most 4 tags"},
    };
    for (size_t i = 0; i < HR_COUNT_OF(cases); i++) {
        struct fixture f;
        init(&f);
        put(&f, "x.suite", cases[i].text);
        assert_int_equal(add(&f, "x.suite"), ERR_SYNTAX);
        assert_int_equal(diag_print(&f.diags, &f.out), 0);
        if (!strstr(buf_text(&f.out), cases[i].says)) {
            fail_msg("expected '%s', seen '%s'", cases[i].says, buf_text(&f.out));
        }
        release(&f);
    }
}

static void a_bundle_that_includes_itself_is_refused(void **state)
{
    (void)state;
    struct fixture f;
    init(&f);
    put(&f, "x.suite", "include x\n");
    assert_int_equal(add(&f, "x.suite"), ERR_SYNTAX);
    assert_non_null(strstr(error_detail(), "x.suite"));
    release(&f);
}

static void a_name_is_the_files_place(void **state)
{
    (void)state;
    char name[256];
    selection_name("/data/suites/tls/expired-leaf.scn", name);
    assert_string_equal(name, "tls.expired-leaf");
    selection_name("one.scn", name);
    assert_string_equal(name, "one");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bundle_includes_what_stands_beside_it),
        cmocka_unit_test(tags_of_nested_includes_add_up),
        cmocka_unit_test(mistakes_in_a_bundle_have_their_place),
        cmocka_unit_test(a_bundle_that_includes_itself_is_refused),
        cmocka_unit_test(a_name_is_the_files_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
