// SPDX-License-Identifier: MIT
#include "certs/graph.h"
#include "base/error.h"
#include "base/test.h"

#include <libxml/parser.h>
#include <stdio.h>
#include <string.h>

static const int64_t now_s = 1795161645; // 2026-11-20T08:00:45Z

static int set_up(void **state)
{
    return workshop_open(NULL, (struct workshop **)state);
}

static int tear_down(void **state)
{
    workshop_close(*state);
    return 0;
}

static void draw_at(struct workshop *w, const char *name, int64_t utc_s, struct buf *out)
{
    struct cert_list list;
    struct chain chain;
    struct chain_request rq = {.hub_host = "myhub.azure-devices.net", .utc_s = now_s};
    assert_int_equal(chain_make(w, name, &rq, &chain), 0);
    cert_list_init(&list);
    buf_init(out, 1 << 20);
    assert_int_equal(cert_list_add_chain(&list, &chain), 0);
    cert_list_find_signers(&list);
    assert_int_equal(graph_write(&list, utc_s, out), 0);
    cert_list_deinit(&list);
    chain_deinit(&chain);
}

static size_t count(const char *text, const char *what)
{
    size_t found = 0;
    for (const char *at = strstr(text, what); at; at = strstr(at + 1, what)) {
        found++;
    }
    return found;
}

static void assert_well_formed(const struct buf *svg)
{
    xmlDocPtr doc = xmlReadMemory(buf_text(svg), (int)svg->len, "graph.svg", NULL,
                                  XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NONET);
    assert_non_null(doc);
    xmlFreeDoc(doc);
}

static void a_chain_is_a_box_per_certificate_and_an_arrow_per_signature(void **state)
{
    static const struct {
        const char *name;
        size_t boxes, arrows, bad;
    } rows[] = {
        {"azure/digicert-g2", 4, 3, 0},        {"azure/hub-2018", 3, 2, 0},
        {"bad/missing-intermediate", 2, 0, 1}, {"bad/expired-leaf", 4, 3, 1},
        {"bad/not-yet-valid", 4, 3, 1},
    };
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct buf svg;
        draw_at(*state, rows[i].name, now_s, &svg);
        assert_well_formed(&svg);
        print_message("%s\n", rows[i].name);
        assert_int_equal(count(buf_text(&svg), "<rect "), rows[i].boxes);
        assert_int_equal(count(buf_text(&svg), "<path class=\"arrow\""), rows[i].arrows);
        assert_int_equal(count(buf_text(&svg), "<rect class=\"bad\""), rows[i].bad);
        buf_deinit(&svg);
    }
}

static void the_picture_says_what_is_wrong(void **state)
{
    struct buf svg;
    draw_at(*state, "bad/expired-leaf", now_s, &svg);
    assert_non_null(strstr(buf_text(&svg), "2026-05-23 to 2026-11-19 - EXPIRED"));
    buf_deinit(&svg);
    draw_at(*state, "bad/missing-intermediate", now_s, &svg);
    assert_non_null(strstr(buf_text(&svg), "signer not here: Microsoft TLS G2 RSA CA OCSP 02"));
    buf_deinit(&svg);
    draw_at(*state, "azure/digicert-g2", now_s + 400 * 86400, &svg);
    assert_non_null(strstr(buf_text(&svg), "EXPIRED"));
    buf_deinit(&svg);
}

static void the_picture_does_not_depend_on_keys(void **state)
{
    struct buf svg;
    draw_at(*state, "azure/hub-ecc-g3", now_s, &svg);
    struct cert_list list;
    struct chain chain;
    struct chain_request rq = {.hub_host = "myhub.azure-devices.net", .utc_s = now_s};
    assert_int_equal(chain_make(*state, "azure/hub-ecc-g3", &rq, &chain), 0);
    cert_list_init(&list);
    assert_int_equal(cert_list_add_chain(&list, &chain), 0);
    for (size_t i = 0; i < list.count; i++) {
        assert_null(strstr(buf_text(&svg), list.items[i]->serial_hex));
        assert_null(strstr(buf_text(&svg), list.items[i]->sha256_hex));
    }
    cert_list_deinit(&list);
    chain_deinit(&chain);
    buf_deinit(&svg);
}

// A file in an unusual order: the arrow goes around the boxes between.
static void arrows_pass_other_boxes_at_their_side(void **state)
{
    struct chain chain;
    struct cert_list list;
    struct buf svg HR_CLEANUP(buf_deinit);
    struct chain_request rq = {.hub_host = "myhub.azure-devices.net", .utc_s = now_s};
    buf_init(&svg, 1 << 20);
    cert_list_init(&list);
    assert_int_equal(chain_make(*state, "azure/digicert-g2", &rq, &chain), 0);
    static const size_t order[] = {1, 0, 2};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(cert_list_add_der(&list, chain.sent_der[order[i]], CERT_ROLE_FILE), 0);
    }
    cert_list_find_signers(&list);
    assert_int_equal(graph_write(&list, now_s, &svg), 0);
    assert_well_formed(&svg);
    assert_int_equal(count(buf_text(&svg), "<path class=\"arrow\""), 2);
    assert_int_equal(count(buf_text(&svg), ">signs<"), 0);
    cert_list_deinit(&list);
    chain_deinit(&chain);
}

static void names_that_are_no_xml_stay_harmless(void **state)
{
    (void)state;
    struct cert_list list;
    struct buf svg HR_CLEANUP(buf_deinit);
    buf_init(&svg, 1 << 20);
    cert_list_init(&list);
    assert_int_equal(cert_list_add_der(&list, SPAN_LITERAL("0"), CERT_ROLE_FILE), 0);
    snprintf(list.name, sizeof list.name, "<b>&\xff\xc3");
    snprintf(list.about, sizeof list.about, "]]>\"'&amp;");
    assert_int_equal(graph_write(&list, now_s, &svg), 0);
    assert_well_formed(&svg);
    assert_non_null(strstr(buf_text(&svg), "&lt;b&gt;&amp;??"));
    assert_non_null(strstr(buf_text(&svg), "unreadable certificate"));
    cert_list_deinit(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_is_a_box_per_certificate_and_an_arrow_per_signature),
        cmocka_unit_test(the_picture_says_what_is_wrong),
        cmocka_unit_test(the_picture_does_not_depend_on_keys),
        cmocka_unit_test(arrows_pass_other_boxes_at_their_side),
        cmocka_unit_test(names_that_are_no_xml_stay_harmless),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
