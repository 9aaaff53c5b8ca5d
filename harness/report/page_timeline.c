// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/when.h"
#include "harness/report/html.h"
#include "harness/report/page_parts.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LANE_PX = 22, AXIS_PX = LANE_COUNT * LANE_PX, TICKS_MOST = 8, ZOOMS = 4 };

struct drawing {
    const struct timeline *t;
    size_t number;    // of the timeline on its page
    const char *link; // to the evidence, or ""
    size_t most;      // marks per lane
    bool *is_shown;   // per mark
    size_t shown;
    struct buf *out;
};

// Times are shares of the width, so that zooming is nothing but a wider picture.
static double share_of(const struct timeline *t, uint64_t at_us)
{
    double whole = t->end_us > t->begin_us ? (double)(t->end_us - t->begin_us) : 1;
    double share = at_us > t->begin_us ? (double)(at_us - t->begin_us) / whole : 0;
    return 1 + 97.5 * share;
}

static int print_bands(struct buf *out)
{
    for (int i = 0; i < LANE_COUNT; i += 2) {
        TRY(buf_printf(out, "<rect class=band x=0 y=%d width=100%% height=%d />", i * LANE_PX,
                       LANE_PX));
    }
    return 0;
}

// The smallest of 1, 2, 5, 10, ... (times 100 us) that gives at most TICKS_MOST ticks.
static uint64_t tick_of(uint64_t whole_us)
{
    static const uint64_t steps[] = {1, 2, 5};
    for (uint64_t unit = 100;; unit *= 10) {
        for (size_t i = 0; i < HR_COUNT_OF(steps); i++) {
            if (whole_us / (unit * steps[i]) <= TICKS_MOST) {
                return unit * steps[i];
            }
        }
    }
}

// As many decimals as the step needs.
static int decimals_of(uint64_t step_us)
{
    int decimals = 6;
    for (; decimals > 0 && step_us % 10 == 0; step_us /= 10) {
        decimals--;
    }
    return decimals;
}

static int print_tick(const struct timeline *t, uint64_t at_us, uint64_t step_us, struct buf *out)
{
    double x = share_of(t, at_us);
    TRY(buf_printf(out, "<line class=grid x1=%.4f%% x2=%.4f%% y1=0 y2=%d />", x, x, AXIS_PX + 4));
    const char *anchor = x < 4 ? "start" : x > 94 ? "end" : "middle";
    return buf_printf(out, "<text x=%.4f%% y=%d text-anchor=%s>%.*f s</text>", x, AXIS_PX + 18,
                      anchor, decimals_of(step_us), (double)at_us / 1e6);
}

static uint64_t first_tick(const struct timeline *t, uint64_t step)
{
    return (t->begin_us + step - 1) / step * step;
}

// Finer ticks are drawn by the page's script as the picture is zoomed.
static int print_axis(const struct timeline *t, struct buf *out)
{
    uint64_t step = tick_of(t->end_us > t->begin_us ? t->end_us - t->begin_us : 0);
    TRY(buf_append_text(out, "<g>"));
    for (uint64_t at = first_tick(t, step); at <= t->end_us; at += step) {
        TRY(print_tick(t, at, step, out));
    }
    return buf_append_text(out, "</g>");
}

static int print_bar(const struct timeline *t, const struct bar *b, struct buf *out)
{
    char time[32];
    double x = share_of(t, b->from_us);
    double width = share_of(t, b->to_us) - x;
    TRY(buf_printf(out, "<rect class=\"bar%s\" x=%.4f%% y=%d width=%.4f%% height=8 rx=2>",
                   b->is_handshake ? " hs" : "", x, (int)b->lane * LANE_PX + 7,
                   width > 0.02 ? width : 0.02));
    return buf_printf(out, "<title>connection %u, %s%s</title></rect>", b->connection,
                      b->is_handshake ? "handshake " : "",
                      duration_print((int64_t)(b->to_us - b->from_us), time));
}

// The whole event stands in the table, to which the dot leads.
static int print_mark(const struct drawing *d, const struct mark *m)
{
    const char *class = m->is_bad                                            ? " class=bad"
                        : m->lane == LANE_DEVICE || m->lane == LANE_SCENARIO ? " class=quiet"
                                                                             : "";
    char time[32];
    TRY(buf_printf(d->out, "<a href=#s%zue%llu%s><circle cx=%.4f%% cy=%d r=%s /><title>", d->number,
                   m->seq, class, share_of(d->t, m->at_us), (int)m->lane * LANE_PX + 11,
                   m->is_bad ? "5" : "4"));
    TRY(buf_printf(d->out, "%s  ", duration_print((int64_t)m->at_us, time)));
    TRY(html_text(d->out, m->event));
    TRY(m->alike ? buf_printf(d->out, " and %u more", m->alike) : 0);
    TRY(m->packet ? buf_printf(d->out, "  packet %u", m->packet) : 0);
    return buf_append_text(d->out, "</title></a>");
}

static int print_picture(const struct drawing *d)
{
    const struct timeline *t = d->t;
    struct buf *out = d->out;
    TRY(buf_printf(out,
                   "<div class=scroll tabindex=0><svg role=img aria-label=timeline data-from=%llu "
                   "data-to=%llu>",
                   (unsigned long long)t->begin_us, (unsigned long long)t->end_us));
    TRY(print_bands(out));
    TRY(print_axis(t, out));
    for (size_t i = 0; i < t->bar_count && i < d->most * LANE_COUNT; i++) {
        TRY(print_bar(t, &t->bars[i], out));
    }
    if (t->verdict_us) {
        double x = share_of(t, t->verdict_us);
        TRY(buf_printf(out, "<line class=end x1=%.4f%% x2=%.4f%% y1=0 y2=%d />", x, x, AXIS_PX));
    }
    for (size_t i = 0; i < t->count; i++) {
        TRY(d->is_shown[i] ? print_mark(d, &t->marks[i]) : 0);
    }
    return buf_append_text(out, "</svg></div></div>\n");
}

static int print_row(const struct drawing *d, const struct mark *m)
{
    struct buf *out = d->out;
    TRY(buf_printf(out, "<tr id=s%zue%llu%s><td>%.6f<td>", d->number, m->seq,
                   m->is_bad ? " class=bad" : "", (double)m->at_us / 1e6));
    if (m->packet && d->link[0]) {
        TRY(buf_printf(out, "<a href=\"%swire.pcapng\">%u</a>", d->link, m->packet));
    } else if (m->packet) {
        TRY(buf_printf(out, "%u", m->packet));
    }
    TRY(buf_printf(out, "<td>%s<td>", lane_title(m->lane)));
    TRY(html_text(out, m->text));
    TRY(m->alike ? buf_printf(out, " (and %u more)", m->alike) : 0);
    return buf_append_u8(out, '\n');
}

static int print_table(const struct drawing *d)
{
    const struct timeline *t = d->t;
    struct buf *out = d->out;
    size_t left_out = t->left_out + t->count + t->alike - d->shown;
    TRY(buf_printf(out,
                   "<details class=events><summary>%zu events, with their packets in "
                   "wire.pcapng</summary>\n<div class=wide><table>\n<thead><tr><th>s</th>"
                   "<th title=\"in Wireshark: frame.number == N\">packet</th><th>lane</th><th>event</th></tr></thead><tbody>\n",
                   d->shown));
    for (size_t i = 0; i < t->count; i++) {
        TRY(d->is_shown[i] ? print_row(d, &t->marks[i]) : 0);
    }
    TRY(buf_append_text(out, "</tbody></table></div>"));
    if (left_out && d->link[0]) {
        TRY(buf_printf(out,
                       "<p class=soft>%zu more events are in <a href=\"%sjournal.jsonl\">"
                       "journal.jsonl</a>.</p>",
                       left_out, d->link));
    } else if (left_out) {
        TRY(buf_printf(out, "<p class=soft>%zu more events are in journal.jsonl.</p>", left_out));
    }
    return buf_append_text(out, "</details>\n");
}

// The first and the last ones of a lane, and as many bad ones between them.
static int choose(struct drawing *d)
{
    size_t most = d->most;
    size_t total[LANE_COUNT] = {0}, seen[LANE_COUNT] = {0}, bad[LANE_COUNT] = {0};
    d->is_shown = calloc(d->t->count + 1, sizeof *d->is_shown);
    ENSURE(d->is_shown != NULL, ERR_NO_MEMORY);
    for (size_t i = 0; i < d->t->count; i++) {
        total[d->t->marks[i].lane]++;
    }
    for (size_t i = 0; i < d->t->count; i++) {
        const struct mark *m = &d->t->marks[i];
        size_t at = seen[m->lane]++;
        bool is_edge = at < most - most / 2 || at + most / 2 >= total[m->lane];
        d->is_shown[i] = is_edge || (m->is_bad && bad[m->lane]++ < most);
        d->shown += d->is_shown[i];
    }
    return 0;
}

static int draw(const struct drawing *d)
{
    struct buf *out = d->out;
    size_t number = d->number;
    static const char *const zooms[ZOOMS] = {"whole", "4 times", "16 times", "64 times"};
    TRY(buf_append_text(out, "<div class=tl>"));
    for (int i = 0; i < ZOOMS; i++) {
        TRY(buf_printf(out, "<input type=radio name=z%zu id=z%zu-%d%s>", number, number, i,
                       i == 0 ? " checked" : ""));
    }
    TRY(buf_append_text(out, "<div class=zoom>"));
    for (int i = 0; i < ZOOMS; i++) {
        TRY(buf_printf(out, "<label for=z%zu-%d>%s</label>", number, i, zooms[i]));
    }
    TRY(buf_append_text(out, "</div>\n<ul class=lanes>"));
    for (int i = 0; i < LANE_COUNT; i++) {
        TRY(buf_printf(out, "<li>%s</li>", lane_title((enum lane)i)));
    }
    TRY(buf_append_text(out, "</ul>\n"));
    TRY(print_picture(d));
    return print_table(d);
}

int page_timeline(const struct timeline *t, size_t number, size_t most, const char *link,
                  struct buf *out)
{
    struct drawing d = {.t = t, .number = number, .link = link, .most = most, .out = out};
    int code = choose(&d);
    code = code < 0 ? code : draw(&d);
    free(d.is_shown);
    return code;
}

// ---- links

static int print_url(const char *path, struct buf *out)
{
    for (const char *at = path; *at; at++) {
        bool is_plain = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
                        (*at >= '0' && *at <= '9') || strchr("-_.~/", *at) != NULL;
        TRY(is_plain ? buf_append_u8(out, (uint8_t)*at) : buf_printf(out, "%%%02X", (uint8_t)*at));
    }
    return 0;
}

int page_link(const char *page_folder, const char *evidence, struct buf *out)
{
    char from[PATH_MAX];
    char to[PATH_MAX];
    if (!page_folder || !realpath(page_folder, from) || !realpath(evidence, to)) {
        return 0;
    }
    size_t same = 0; // both agree up to here, at a whole folder
    for (size_t i = 0; from[i] == to[i] || from[i] == '\0'; i++) {
        if ((from[i] == '\0' || from[i] == '/') && (to[i] == '/' || to[i] == '\0')) {
            same = i;
        }
        if (from[i] == '\0' || to[i] == '\0') {
            break;
        }
    }
    for (const char *at = from + same; *at; at++) {
        TRY(*at == '/' && at[1] ? buf_append_text(out, "../") : 0);
    }
    const char *rest = to + same + (to[same] == '/');
    TRY(print_url(rest, out));
    return rest[0] ? buf_append_u8(out, '/') : 0;
}
