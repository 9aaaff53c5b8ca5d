// SPDX-License-Identifier: MIT
#include "harness/runner/queue.h"
#include "base/env.h"
#include "base/error.h"

#include <stdlib.h>
#include <string.h>

enum { ITEMS_MOST = 1 << 22 };

int queue_add(struct queue *q, struct queue_item item)
{
    if ((q->count & (q->count - 1)) == 0) { // room doubles at every power of two
        size_t room = q->count ? q->count * 2 : 1;
        ENSURE(room <= ITEMS_MOST, ERR_LIMIT);
        struct queue_item *grown = realloc(q->items, room * sizeof *grown);
        ENSURE(grown != NULL, ERR_NO_MEMORY);
        q->items = grown;
    }
    q->items[q->count++] = item;
    return 0;
}

static void shuffle(struct queue_item *items, size_t count, uint64_t seed)
{
    for (size_t i = count; i > 1; i--) {
        size_t k = (size_t)(env_mix(seed, i) % i);
        struct queue_item swapped = items[i - 1];
        items[i - 1] = items[k];
        items[k] = swapped;
    }
}

int queue_add_round(struct queue *q, size_t entry_count, unsigned round, uint64_t seed)
{
    size_t began = q->count;
    for (size_t i = 0; i < entry_count; i++) {
        TRY(queue_add(q, (struct queue_item){.entry = i, .round = round, .attempt = 1}));
    }
    if (seed) {
        shuffle(&q->items[began], entry_count, env_mix(seed, round));
    }
    return 0;
}

bool queue_take(struct queue *q, bool (*is_free)(void *context, size_t entry), void *context,
                struct queue_item *out)
{
    while (q->head < q->count && q->items[q->head].is_taken) {
        q->head++;
    }
    for (size_t i = q->head; i < q->count; i++) {
        struct queue_item *item = &q->items[i];
        if (!item->is_taken && is_free(context, item->entry)) {
            item->is_taken = true;
            *out = *item;
            return true;
        }
    }
    return false;
}

size_t queue_left(const struct queue *q)
{
    size_t left = 0;
    for (size_t i = q->head; i < q->count; i++) {
        left += !q->items[i].is_taken;
    }
    return left;
}

void queue_deinit(struct queue *q)
{
    free(q->items);
    *q = (struct queue){0};
}

static uint64_t longest_of(const struct run_entry *entry)
{
    uint64_t longest = plan_longest_us(entry->plan);
    uint64_t limited = longest < entry->plan->limit_us ? longest : entry->plan->limit_us;
    return (uint64_t)rate_slower((int64_t)limited, run_rate_ppm(entry->plan, entry->device));
}

// Each entry goes to the lane that is free first, as the runner does it.
uint64_t runner_longest_us(const struct run_entry *entries, size_t count, size_t jobs)
{
    uint64_t lanes[JOBS_MOST] = {0};
    uint64_t most = 0;
    jobs = jobs < 1 ? 1 : jobs > JOBS_MOST ? JOBS_MOST : jobs;
    for (size_t i = 0; i < count; i++) {
        size_t first = 0;
        for (size_t k = 1; k < jobs; k++) {
            first = lanes[k] < lanes[first] ? k : first;
        }
        lanes[first] += longest_of(&entries[i]);
        most = lanes[first] > most ? lanes[first] : most;
    }
    return most;
}
