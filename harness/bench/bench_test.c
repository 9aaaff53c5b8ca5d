// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/test.h"
#include "harness/bench/bench.h"

#include <stdio.h>
#include <string.h>

struct fixture {
    struct bench bench;
    struct diag_list diags;
    struct buf printed;
};

static int parse(struct fixture *f, const char *text)
{
    diag_init(&f->diags);
    buf_init(&f->printed, 100000);
    int code = bench_parse("rig/a.bench", span_text(text), &f->bench, &f->diags);
    assert_int_equal(diag_print(&f->diags, &f->printed), 0);
    return code;
}

static void release(struct fixture *f)
{
    bench_deinit(&f->bench);
    diag_deinit(&f->diags);
    buf_deinit(&f->printed);
}

static void a_bench_lists_its_devices_with_templates_and_capabilities(void **state)
{
    (void)state;
    struct fixture f;
    assert_int_equal(parse(&f, "process reference\n"
                               "  about    the well-behaved device\n"
                               "  command  {bin}/reference_device --root {root.pem} \"a b\" {{x}\n"
                               "  env      CS={device.connection_string} \"TEXT=a b\"\n"
                               "  env      EMPTY=\n"
                               "  requires {bin}/reference_device\n"
                               "  offers   clock\n"
                               "end\n"
                               "process other-1.b\n"
                               "  command  sh\n"
                               "end\n"
                               "process third\n"
                               "  command  sh\n"
                               "  offers   nothing\n"
                               "end\n"),
                     0);
    const struct bench_device *d = NULL;
    assert_string_equal(f.bench.file, "rig/a.bench");
    assert_string_equal(f.bench.folder, "rig");
    assert_int_equal(f.bench.count, 3);
    assert_int_equal(bench_find(&f.bench, "reference", &d), 0);
    assert_string_equal(d->about, "the well-behaved device");
    assert_int_equal(d->command_count, 5);
    assert_string_equal(d->command[0], "{bin}/reference_device");
    assert_string_equal(d->command[3], "a b");
    assert_null(d->command[5]);
    assert_int_equal(d->env_count, 3);
    assert_string_equal(d->env[1], "TEXT=a b");
    assert_null(d->env[3]);
    assert_string_equal(d->requires, "{bin}/reference_device");
    assert_true((d->offers & CAN(CLOCK)));
    assert_false((d->offers & CAN(X509)));
    assert_int_equal(bench_find(&f.bench, "other-1.b", &d), 0);
    assert_true((d->offers & CAN(CLOCK)) && (d->offers & CAN(X509)));
    assert_string_equal(d->requires, "");
    assert_int_equal(bench_find(&f.bench, "third", &d), 0);
    assert_false((d->offers & CAN(CLOCK)) || (d->offers & CAN(X509)));
    release(&f);
}

static void variants_are_a_process_with_an_option_more(void **state)
{
    (void)state;
    struct fixture f;
    assert_int_equal(parse(&f, "process a\n"
                               "  command  dev --root {root.pem}\n"
                               "  env      X=1\n"
                               "  requires {bin}/dev\n"
                               "  offers   dps tls1.3\n"
                               "end\n"
                               "variants a --flaw slow deaf\n"),
                     0);
    const struct bench_device *d = NULL;
    assert_int_equal(f.bench.count, 3);
    assert_int_equal(bench_find(&f.bench, "deaf", &d), 0);
    assert_string_equal(d->about, "a with --flaw deaf");
    assert_int_equal(d->command_count, 5);
    assert_string_equal(d->command[2], "{root.pem}");
    assert_string_equal(d->command[3], "--flaw");
    assert_string_equal(d->command[4], "deaf");
    assert_null(d->command[5]);
    assert_string_equal(d->env[0], "X=1");
    assert_string_equal(d->requires, "{bin}/dev");
    assert_int_equal(d->offers, CAN(DPS) | CAN(TLS13));
    assert_int_equal(bench_find(&f.bench, "a", &d), 0);
    assert_int_equal(d->command_count, 3);
    release(&f);
}

static void an_unknown_device_is_answered_with_the_list(void **state)
{
    (void)state;
    struct fixture f;
    const struct bench_device *d = NULL;
    assert_int_equal(parse(&f, "process reference\ncommand a\nend\nprocess flawed\ncommand b\nend\n"), 0);
    assert_int_equal(bench_find(&f.bench, "referense", &d), ERR_UNKNOWN_NAME);
    assert_string_equal(error_text(ERR_UNKNOWN_NAME),
                        "rig/a.bench has no device 'referense' (did you mean reference?); it has: "
                        "reference flawed");
    release(&f);
    assert_int_equal(parse(&f, ""), 0);
    assert_int_equal(bench_find(&f.bench, "x", &d), ERR_UNKNOWN_NAME);
    assert_string_equal(error_text(ERR_UNKNOWN_NAME), "rig/a.bench has no device 'x'; it has: none");
    release(&f);
}

static void each_mistake_is_named_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"proces a\n", "1:1: unknown word 'proces' (did you mean process?)"},
        {"command a\n", "1:1: 'command' stands outside of process ... end"},
        {"end\n", "1:1: 'end' stands outside of process ... end"},
        {"process\ncommand a\nend\n",
         "1:8: a process name has 1 to 64 letters, digits, '-', '_' and '.'"},
        {"process a/b\ncommand a\nend\n",
         "1:9: a process name has 1 to 64 letters, digits, '-', '_' and '.'"},
        {"process .a\ncommand a\nend\n",
         "1:9: a process name has 1 to 64 letters, digits, '-', '_' and '.'"},
        {"process a b\ncommand a\nend\n", "1:11: expected: process NAME"},
        {"process a\nend\n", "1:1: process 'a' has no command"},
        {"board a\nserial /dev/ttyUSB0\nhub-address x\nreset wait 1s\nend\n",
         "2:8: a path may be another board tomorrow; name its USB id, and `serial path "
         "/dev/ttyUSB0` insists"},
        {"board a\nhub-address x\nreset wait 1s\nend\n",
         "1:1: board 'a' has no serial line; a device that is only seen on the wire is a blackbox"},
        {"process a\ncommand b\nbaud 9600\nend\n", "3:1: a process has no 'baud'"},
        {"blackbox a\nhub-address x\nreset lines rst=on\nend\n",
         "3:13: unknown line state 'rst=on' (did you mean rts=on?)"},
        {"blackbox a\nhub-address x\nreset sned\nend\n", "3:7: unknown act 'sned' (did you mean send?)"},
        {"blackbox a\nhub-address x\nreset send on\nend\n",
         "1:1: blackbox 'a' has no console: only command and wait can act on it"},
        {"blackbox a\nend\n",
         "1:1: blackbox 'a' has no hub-address: the address of this machine as the board reaches it"},
        {"blackbox a\nhub-address x\npower uhubctl 1-4\nend\n",
         "3:15: expected: power uhubctl HUB PORT, such as: power uhubctl 1-4 2"},
        {"process a\ncommand b\n", "1:1: process 'a' has no 'end'"},
        {"process a\ncommand b\nprocess c\ncommand d\nend\n",
         "3:1: process 'a' of line 1 has no 'end'"},
        {"process a\ncommand b\nend\nprocess a\ncommand b\nend\n", "4:9: process 'a' is defined twice"},
        {"process a\ncommand b\ncommand c\nend\n", "3:1: 'command' stands already on line 2"},
        {"process a\ncommand\nend\n", "2:8: expected: command PROGRAM [ARGUMENT...]"},
        {"process a\ncommand b {rot.pem}\nend\n",
         "2:11: unknown placeholder '{rot.pem}' (did you mean root.pem?)"},
        {"process a\ncommand b {root.pem\nend\n",
         "2:11: a '{' is never closed; '{{' stands for a brace"},
        {"process a\ncommand b\nabout\nend\n", "3:6: expected: about WORDS"},
        {"process a\ncommand b\nabout c\nabout d\nend\n", "4:1: 'about' stands already on line 3"},
        {"process a\ncommand b\nenv\nend\n", "3:4: expected: env NAME=VALUE"},
        {"process a\ncommand b\nenv X\nend\n", "3:5: 'X' is not NAME=VALUE"},
        {"process a\ncommand b\nenv =X\nend\n", "3:5: '=X' is not NAME=VALUE"},
        {"process a\ncommand b\nenv X=1 XY=2\nenv X=3\nend\n", "4:5: X is given twice"},
        {"process a\ncommand b\nenv X={hub.hst}\nend\n",
         "3:5: unknown placeholder '{hub.hst}' (did you mean hub.host?)"},
        {"process a\ncommand b\nrequires\nend\n", "3:9: expected: requires FILE"},
        {"process a\ncommand b\nrequires c d\nend\n", "3:12: expected: requires FILE"},
        {"process a\ncommand b\nrequires c\nrequires d\nend\n",
         "4:1: 'requires' stands already on line 3"},
        {"process a\ncommand b\noffers\nend\n",
         "3:7: expected: offers CAPABILITY ... (see: hubrig words capabilities), or: offers nothing"},
        {"process a\ncommand b\noffers clok\nend\n",
         "3:8: unknown capability 'clok' (did you mean clock?)"},
        {"process a\ncommand b\noffers clock nothing\nend\n", "3:14: 'nothing' stands alone"},
        {"process a\ncommand b\noffers clock\noffers x509\nend\n",
         "4:1: 'offers' stands already on line 3"},
        {"variants a --x b\n", "1:10: no process 'a' stands above"},
        {"process a\ncommand b\nend\nvariants a --x\n",
         "4:15: expected: variants PROCESS OPTION NAME..."},
        {"process a\ncommand b\nend\nvariants a --x c c\n", "4:18: process 'c' is defined twice"},
        {"process a\ncommand b\nend\nvariants a --x c/d\n",
         "4:16: a process name has 1 to 64 letters, digits, '-', '_' and '.'"},
        {"process a\ncommand b\nvariants a --x c\nend\n",
         "3:1: 'variants' stands behind the 'end' of its process"},
        {"process a\ncommand b\nend all\nend\n", "3:5: 'end' stands alone"},
    };
    for (size_t i = 0; i < HR_COUNT_OF(cases); i++) {
        struct fixture f;
        char wanted[400];
        snprintf(wanted, sizeof wanted, "rig/a.bench:%s\n", cases[i].message);
        assert_int_equal(parse(&f, cases[i].text), ERR_SYNTAX);
        assert_string_equal(buf_text(&f.printed), wanted);
        wanted[strlen(wanted) - 1] = '\0';
        assert_string_equal(error_text(ERR_SYNTAX), wanted);
        release(&f);
    }
}

static void placeholders_are_filled_and_a_double_brace_is_a_brace(void **state)
{
    (void)state;
    static const struct placeholder table[] = {{"bin", "/b"}, {"hub.host", "h{bin}"}};
    static const struct {
        const char *template, *filled;
    } cases[] = {
        {"{bin}/x", "/b/x"},       {"", ""},           {"plain }", "plain }"},
        {"{{bin}", "{bin}"},       {"{{{bin}", "{/b"}, {"{bin}{bin}", "/b/b"},
        {"{hub.host}", "h{bin}"}, // a value is not read again
    };
    for (size_t i = 0; i < HR_COUNT_OF(cases); i++) {
        struct buf out HR_CLEANUP(buf_deinit);
        buf_init(&out, 100);
        assert_int_equal(template_fill(cases[i].template, table, 2, &out), 0);
        assert_string_equal(buf_text(&out), cases[i].filled);
    }
}

static void a_template_that_cannot_be_filled_leaves_the_buffer_alone(void **state)
{
    (void)state;
    static const struct placeholder table[] = {{"bin", "/b"}};
    struct buf out HR_CLEANUP(buf_deinit);
    buf_init(&out, 100);
    assert_int_equal(buf_append_text(&out, "before"), 0);
    assert_int_equal(template_fill("{bin}{bun}", table, 1, &out), ERR_UNKNOWN_NAME);
    assert_string_equal(error_text(ERR_UNKNOWN_NAME),
                        "unknown placeholder '{bun}' (did you mean bin?)");
    assert_int_equal(template_fill("{bin}{", table, 1, &out), ERR_SYNTAX);
    assert_string_equal(buf_text(&out), "before");
}

static void the_names_of_placeholders_are_sorted(void **state)
{
    (void)state;
    const char *const *names = placeholder_names();
    for (size_t i = 1; names[i]; i++) {
        assert_true(strcmp(names[i - 1], names[i]) < 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bench_lists_its_devices_with_templates_and_capabilities),
        cmocka_unit_test(variants_are_a_process_with_an_option_more),
        cmocka_unit_test(an_unknown_device_is_answered_with_the_list),
        cmocka_unit_test(each_mistake_is_named_with_its_place),
        cmocka_unit_test(placeholders_are_filled_and_a_double_brace_is_a_brace),
        cmocka_unit_test(a_template_that_cannot_be_filled_leaves_the_buffer_alone),
        cmocka_unit_test(the_names_of_placeholders_are_sorted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
