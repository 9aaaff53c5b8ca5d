// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/text_code.h"
#include "harness/report/report.h"

#include <inttypes.h>
#include <libxml/xmlwriter.h>
#include <stdio.h>
#include <string.h>

struct tally {
    size_t failures, errors, skipped;
    uint64_t time_us;
};

// libxml2 returns bytes written or -1; the first failure sticks.
struct xml {
    xmlTextWriterPtr writer;
    bool has_failed;
};

static void keep(struct xml *x, int written)
{
    x->has_failed |= written < 0;
}

// XML 1.0 forbids most control characters even as references, and all that is not UTF-8.
static char *clean_text(const char *text)
{
    struct buf clean;
    struct span rest = span_text(text);
    buf_init(&clean, rest.len + 1);
    bool is_utf8 = xmlCheckUTF8((const xmlChar *)text) == 1;
    for (size_t i = 0; i < rest.len; i++) {
        uint8_t c = rest.ptr[i];
        bool is_control = (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f;
        // U+FFFE and U+FFFF are no XML characters either.
        bool is_noncharacter =
            c == 0xef && i + 2 < rest.len && rest.ptr[i + 1] == 0xbf && rest.ptr[i + 2] >= 0xbe;
        if (is_noncharacter && is_utf8) {
            i += 2;
            continue;
        }
        if (is_control) {
            continue;
        }
        if (buf_append_u8(&clean, !is_utf8 && c >= 0x80 ? '?' : c) < 0) {
            buf_deinit(&clean);
            return NULL;
        }
    }
    return buf_take_text(&clean);
}

static void attribute(struct xml *x, const char *name, const char *text)
{
    char *clean = clean_text(text);
    keep(x, clean ? xmlTextWriterWriteAttribute(x->writer, BAD_CAST name, BAD_CAST clean) : -1);
    free(clean);
}

static void attribute_number(struct xml *x, const char *name, size_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%zu", number);
    attribute(x, name, text);
}

static void attribute_seconds(struct xml *x, const char *name, uint64_t us)
{
    char text[40];
    snprintf(text, sizeof text, "%" PRIu64 ".%03" PRIu64, us / 1000000, us % 1000000 / 1000);
    attribute(x, name, text);
}

static void begin(struct xml *x, const char *element)
{
    keep(x, xmlTextWriterStartElement(x->writer, BAD_CAST element));
}

static void end(struct xml *x)
{
    keep(x, xmlTextWriterEndElement(x->writer));
}

static void content(struct xml *x, const char *text)
{
    char *clean = clean_text(text);
    keep(x, clean ? xmlTextWriterWriteString(x->writer, BAD_CAST clean) : -1);
    free(clean);
}

static const char *element_of(enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_FAIL:
    case VERDICT_INCONCLUSIVE:
    case VERDICT_FLAKY:
        return "failure";
    case VERDICT_INFRA:
        return "error";
    case VERDICT_SKIPPED:
        return "skipped";
    default:
        return NULL;
    }
}

static void write_trouble(struct xml *x, const struct outcome *o)
{
    static const struct report_style plain = {0};
    const char *element = element_of(o->verdict);
    if (!element) {
        return;
    }
    begin(x, element);
    attribute(x, "message", o->observed[0] ? o->observed : verdict_meaning(o->verdict));
    if (o->verdict != VERDICT_SKIPPED) {
        struct buf detail HR_CLEANUP(buf_deinit);
        buf_init(&detail, 1 << 20);
        attribute(x, "type", verdict_word(o->verdict));
        keep(x, report_console_detail(o, &plain, &detail));
        content(x, buf_text(&detail));
    }
    end(x);
}

// "smoke.connect" of the device "board" is the class board.smoke and the name connect.
static void write_names(struct xml *x, const struct outcome *o)
{
    struct buf class HR_CLEANUP(buf_deinit);
    const char *dot = strrchr(o->scenario, '.');
    struct span group =
        dot ? span_of(o->scenario, (size_t)(dot - o->scenario)) : SPAN_LITERAL("suite");
    buf_init(&class, 4096);
    keep(x, buf_printf(&class, "%s%s%.*s", o->device, o->device[0] ? "." : "", SPAN_ARG(group)));
    attribute(x, "name", dot ? dot + 1 : o->scenario);
    attribute(x, "classname", buf_text(&class));
}

// For programs that compare runs.
static void write_properties(struct xml *x, const struct outcome *o)
{
    if (!o->measures.count) {
        return;
    }
    begin(x, "properties");
    for (size_t i = 0; i < o->measures.count; i++) {
        const struct measure *m = &o->measures.list[i];
        begin(x, "property");
        attribute(x, "name", m->name);
        attribute_number(x, "value", m->value);
        end(x);
    }
    end(x);
}

// For people.
static void write_output(struct xml *x, const struct outcome *o)
{
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, 65536);
    for (size_t i = 0; i < o->measures.count; i++) {
        keep(x, measure_print(&o->measures.list[i], &text));
        keep(x, buf_append_u8(&text, '\n'));
    }
    keep(x, o->evidence[0] ? buf_printf(&text, "evidence: %s", o->evidence) : 0);
    if (text.len) {
        begin(x, "system-out");
        content(x, buf_text(&text));
        end(x);
    }
}

static void write_case(struct xml *x, const struct outcome *o)
{
    begin(x, "testcase");
    write_names(x, o);
    attribute_seconds(x, "time", o->duration_us);
    attribute(x, "file", o->file);
    if (o->line > 0) {
        attribute_number(x, "line", (size_t)o->line);
    }
    write_properties(x, o);
    write_trouble(x, o);
    write_output(x, o);
    end(x);
}

static void write_tally(struct xml *x, const struct tally *t, size_t count)
{
    attribute_number(x, "tests", count);
    attribute_number(x, "failures", t->failures);
    attribute_number(x, "errors", t->errors);
    attribute_number(x, "skipped", t->skipped);
    attribute_seconds(x, "time", t->time_us);
}

static struct tally tally_of(const struct outcome *outcomes, size_t count)
{
    struct tally t = {0};
    for (size_t i = 0; i < count; i++) {
        const char *element = element_of(outcomes[i].verdict);
        t.failures += element && strcmp(element, "failure") == 0;
        t.errors += element && strcmp(element, "error") == 0;
        t.skipped += element && strcmp(element, "skipped") == 0;
        t.time_us += outcomes[i].duration_us;
    }
    return t;
}

int report_junit(const struct outcome *outcomes, size_t count, const char *suite, struct buf *out)
{
    struct tally t = tally_of(outcomes, count);
    xmlBufferPtr memory = xmlBufferCreate();
    struct xml x = {.writer = memory ? xmlNewTextWriterMemory(memory, 0) : NULL};
    if (!x.writer) {
        xmlBufferFree(memory);
        return ERR_NO_MEMORY;
    }
    keep(&x, xmlTextWriterSetIndent(x.writer, 1));
    keep(&x, xmlTextWriterStartDocument(x.writer, NULL, "UTF-8", NULL));
    begin(&x, "testsuites");
    write_tally(&x, &t, count);
    begin(&x, "testsuite");
    attribute(&x, "name", suite);
    write_tally(&x, &t, count);
    for (size_t i = 0; i < count; i++) {
        write_case(&x, &outcomes[i]);
    }
    end(&x);
    end(&x);
    keep(&x, xmlTextWriterEndDocument(x.writer));
    xmlFreeTextWriter(x.writer);
    int code =
        x.has_failed
            ? ERR_NO_MEMORY
            : buf_append(out, span_of(xmlBufferContent(memory), (size_t)xmlBufferLength(memory)));
    xmlBufferFree(memory);
    return code;
}
