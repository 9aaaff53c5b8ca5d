// SPDX-License-Identifier: MIT
#include "certs/graph.h"
#include "base/error.h"
#include "certs/show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Pixels.
enum {
    MARGIN = 20,
    SIDE = 150, // captions left of the boxes
    BOX_WIDTH = 480,
    GUTTER = 110, // for arrows that pass a box, right of the boxes
    LINE = 19,
    BOX_PADDING = 14,
    GAP = 44,
    TITLE = 58,
    TEXT_COLUMNS = 66, // of the small text in a box
    BOLD_COLUMNS = 54,
    ABOUT_COLUMNS = 105,
    LINES_MOST = 5,
};

struct box {
    const struct cert_facts *cert;
    size_t index; // in the list
    char lines[LINES_MOST][200];
    size_t line_count;
    int y, height;
    bool is_bad; // its dates, or its signature
};

struct picture {
    const struct cert_list *list;
    int64_t utc_s;
    struct box *boxes; // from top to bottom
    size_t *row_of;    // by index in the list: place in boxes
    int height;
    struct buf *out;
};

// Text -------------------------------------------------------------------------------------------

// XML text of at most `columns` letters; cut text ends in an ellipsis.
static int put_text(const char *text, size_t columns, struct buf *out)
{
    size_t at = 0;
    for (size_t column = 0; text[at]; column++) {
        if (column + 1 == columns && text[at + 1]) {
            return buf_append_text(out, "…");
        }
        size_t len = 1; // a letter of several bytes is one column
        while (((unsigned char)text[at + len] & 0xc0) == 0x80) {
            len++;
        }
        const char *entity = text[at] == '<'   ? "&lt;"
                             : text[at] == '>' ? "&gt;"
                             : text[at] == '&' ? "&amp;"
                                               : NULL;
        TRY(entity ? buf_append_text(out, entity) : buf_append(out, span_of(text + at, len)));
        at += len;
    }
    return 0;
}

static int put_line(const char *class, int x, int y, const char *text, size_t columns,
                    struct buf *out)
{
    TRY(buf_printf(out, "<text class=\"%s\" x=\"%d\" y=\"%d\">", class, x, y));
    TRY(put_text(text, columns, out));
    return buf_append_text(out, "</text>\n");
}

// Only what every XML reader takes: names come from certificates, in any encoding.
static void keep_ascii(char *text)
{
    for (; *text; text++) {
        *text = (unsigned char)*text >= 0x80 ? '?' : *text;
    }
}

// Boxes ------------------------------------------------------------------------------------------

static char *next_line(struct box *box)
{
    return box->lines[box->line_count++];
}

static void put_dates(struct box *box, int64_t utc_s)
{
    static const char *const marks[] = {[SHOW_VALID] = "",
                                        [SHOW_ENDS_SOON] = " - ends soon",
                                        [SHOW_EXPIRED] = " - EXPIRED",
                                        [SHOW_NOT_YET] = " - NOT YET VALID"};
    char from[32], to[32];
    const struct cert_facts *f = box->cert;
    enum show_state state = show_state_of(f, utc_s);
    box->is_bad = state == SHOW_EXPIRED || state == SHOW_NOT_YET;
    snprintf(next_line(box), sizeof box->lines[0], "%s to %s%s", show_date(f->from_s, from),
             show_date(f->to_s, to), marks[state]);
}

static void put_names(struct box *box)
{
    char *line = next_line(box);
    struct span rest = buf_span(&box->cert->names);
    size_t len = 0;
    while (rest.len > 0 && len + 1 < sizeof box->lines[0]) {
        struct span name = span_cut(rest, '\n', &rest);
        const struct span dns = SPAN_LITERAL("dns:");
        name = span_starts_with(name, dns) ? span_from(name, dns.len) : name;
        len += (size_t)snprintf(line + len, sizeof box->lines[0] - len, "%s%.*s",
                                len ? ", " : "for ", SPAN_ARG(name));
    }
}

static void put_signer(struct box *box)
{
    const struct cert_facts *f = box->cert;
    char *line = NULL;
    if (f->signer == SIGNER_FOUND) {
        return; // an arrow says it
    }
    line = next_line(box);
    if (f->signer == SIGNER_SELF) {
        snprintf(line, sizeof box->lines[0], "signed by itself");
    } else if (f->signer == SIGNER_WRONG) {
        snprintf(line, sizeof box->lines[0], "signature is NOT by %s", f->issuer_cn);
        box->is_bad = true;
    } else {
        snprintf(line, sizeof box->lines[0], "signer not here: %s", f->issuer_cn);
    }
}

static void fill_box(struct box *box, int64_t utc_s)
{
    const struct cert_facts *f = box->cert;
    if (!f->is_readable) {
        snprintf(next_line(box), sizeof box->lines[0], "unreadable certificate");
        snprintf(next_line(box), sizeof box->lines[0], "%s", f->trouble);
        box->is_bad = true;
    } else {
        const char *kind = !f->has_constraints ? "" : f->is_ca ? ", CA" : ", no CA";
        char below[48] = "";
        if (f->is_ca && f->path_length >= 0) {
            snprintf(below, sizeof below, ", path length %d", f->path_length);
        }
        snprintf(next_line(box), sizeof box->lines[0], "%s", f->subject_cn);
        snprintf(next_line(box), sizeof box->lines[0], "%s key, %s signature%s%s", f->key, f->hash,
                 kind, below);
        put_dates(box, utc_s);
        if (f->names.len > 0) {
            put_names(box);
        }
        put_signer(box);
    }
    for (size_t i = 0; i < box->line_count; i++) {
        keep_ascii(box->lines[i]);
    }
    // a chain as sent that leads nowhere; in a file the signer is allowed to be elsewhere
    box->is_bad |= f->is_readable && f->role == CERT_ROLE_SENT && f->signer == SIGNER_ABSENT;
    box->height = 2 * BOX_PADDING + LINE * (int)box->line_count - 4;
}

static void add_box(struct picture *p, size_t index, size_t *count)
{
    struct box *box = &p->boxes[*count];
    box->cert = p->list->items[index];
    box->index = index;
    fill_box(box, p->utc_s);
    box->y = p->height;
    p->height += box->height + GAP;
    p->row_of[index] = (*count)++;
}

// Roots on top, then the rest from its end: what a server sends comes leaf first.
static void lay_out(struct picture *p)
{
    size_t count = 0;
    p->height = MARGIN + TITLE;
    for (size_t i = 0; i < p->list->count; i++) {
        if (p->list->items[i]->role == CERT_ROLE_TRUSTED) {
            add_box(p, i, &count);
        }
    }
    for (size_t i = p->list->count; i-- > 0;) {
        if (p->list->items[i]->role != CERT_ROLE_TRUSTED) {
            add_box(p, i, &count);
        }
    }
    p->height += MARGIN - GAP;
}

// Drawing ----------------------------------------------------------------------------------------

static const char *class_of(const struct box *box)
{
    return box->is_bad ? "bad" : box->cert->role == CERT_ROLE_TRUSTED ? "root" : "sent";
}

static int draw_box(struct picture *p, const struct box *box)
{
    static const char *const captions[] = {[CERT_ROLE_FILE] = "in the file",
                                           [CERT_ROLE_SENT] = "sent by the hub",
                                           [CERT_ROLE_TRUSTED] = "on the device"};
    int x = MARGIN + SIDE;
    int text_y = box->y + BOX_PADDING + 12;
    char number[32];
    TRY(put_line("caption", MARGIN, text_y, captions[box->cert->role], 40, p->out));
    TRY(put_line("small", MARGIN, text_y + LINE, show_place(box->cert, number), 40, p->out));
    TRY(buf_printf(p->out,
                   "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"8\"/>\n",
                   class_of(box), x, box->y, BOX_WIDTH, box->height));
    for (size_t i = 0; i < box->line_count; i++) {
        TRY(put_line(i ? "in" : "in name", x + BOX_PADDING, text_y + LINE * (int)i, box->lines[i],
                     i ? TEXT_COLUMNS : BOLD_COLUMNS, p->out));
    }
    return 0;
}

// Straight down to the next box; past other boxes in the gutter, each arrow in a lane of its own.
static int draw_arrow(struct picture *p, const struct box *from, const struct box *to, int lane)
{
    int middle = MARGIN + SIDE + BOX_WIDTH / 2;
    int right = MARGIN + SIDE + BOX_WIDTH;
    if (to == from + 1) {
        TRY(buf_printf(p->out, "<path class=\"arrow\" d=\"M%d %dV%d\"/>\n", middle,
                       from->y + from->height, to->y - 3));
        return put_line("small", middle + 10, to->y - GAP / 2 + 4, "signs", 20, p->out);
    }
    int out_y = from->y + from->height / 2 + 7, in_y = to->y + to->height / 2 - 7;
    int x = right + 24 + 16 * (lane % 5);
    return buf_printf(p->out, "<path class=\"arrow\" d=\"M%d %dH%dV%dH%d\"/>\n", right, out_y, x,
                      in_y, right + 3);
}

static int draw_arrows(struct picture *p)
{
    int lane = 0;
    for (size_t i = 0; i < p->list->count; i++) {
        const struct box *to = &p->boxes[i];
        if (!to->cert->is_readable || to->cert->signer != SIGNER_FOUND) {
            continue;
        }
        const struct box *from = &p->boxes[p->row_of[to->cert->signer_at]];
        TRY(draw_arrow(p, from, to, lane));
        lane += to != from + 1;
    }
    return 0;
}

static const char style[] =
    "<style>\n"
    "text{font-family:'DejaVu Sans',Verdana,sans-serif;font-size:12px;fill:#7a828c}\n"
    ".title{font-size:16px;font-weight:bold}\n"
    ".caption{font-weight:bold}\n"
    ".in{fill:#24292f}\n"
    ".name{font-size:13px;font-weight:bold}\n"
    "rect{stroke-width:1.5}\n"
    ".root{fill:#e6f4e8;stroke:#4a9a5b}\n"
    ".sent{fill:#e7f0fb;stroke:#5b8fce}\n"
    ".bad{fill:#fdebe9;stroke:#d1574b}\n"
    ".arrow{fill:none;stroke:#7a828c;stroke-width:1.5;marker-end:url(#tip)}\n"
    "</style>\n"
    "<defs><marker id=\"tip\" viewBox=\"0 0 10 10\" refX=\"8\" refY=\"5\" markerWidth=\"7\" "
    "markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L10 5L0 10z\" fill=\"#7a828c\"/></marker>"
    "</defs>\n";

static int draw(struct picture *p)
{
    char name[sizeof p->list->name], about[sizeof p->list->about];
    memcpy(name, p->list->name, sizeof name);
    memcpy(about, p->list->about, sizeof about);
    keep_ascii(name);
    keep_ascii(about);
    int width = 2 * MARGIN + SIDE + BOX_WIDTH + GUTTER;
    TRY(buf_printf(p->out,
                   "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
                   "viewBox=\"0 0 %d %d\" role=\"img\">\n<title>",
                   width, p->height, width, p->height));
    TRY(put_text(name, sizeof name, p->out));
    TRY(buf_append_text(p->out, "</title>\n"));
    TRY(buf_append_text(p->out, style));
    TRY(put_line("title", MARGIN, MARGIN + 14, name, 80, p->out));
    TRY(put_line("small", MARGIN, MARGIN + 36, about, ABOUT_COLUMNS, p->out));
    TRY(draw_arrows(p));
    for (size_t i = 0; i < p->list->count; i++) {
        TRY(draw_box(p, &p->boxes[i]));
    }
    return buf_append_text(p->out, "</svg>\n");
}

int graph_write(const struct cert_list *list, int64_t utc_s, struct buf *out)
{
    struct picture p = {
        .list = list,
        .utc_s = utc_s,
        .boxes = calloc(list->count + 1, sizeof *p.boxes),
        .row_of = calloc(list->count + 1, sizeof *p.row_of),
        .out = out,
    };
    int code =
        p.boxes && p.row_of ? 0 : error_set(ERR_NO_MEMORY, "%s", error_sentence(ERR_NO_MEMORY));
    if (code == 0) {
        lay_out(&p);
        code = draw(&p);
    }
    free(p.boxes);
    free(p.row_of);
    return code;
}
