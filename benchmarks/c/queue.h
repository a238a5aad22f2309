/* Time and order: today's events in a heap, wake-ups of the present instant in another, the future in bins by day. */
#include "state.h"

static inline void grow(Heap *h)
{
    if (h->count < h->room) return;
    h->room = h->room ? 2 * h->room : 64;
    h->items = realloc(h->items, h->room * sizeof *h->items);
    if (!h->items) fail("out of memory");
}

static inline void sift_down(Event *a, size_t i, size_t n, Event e)
{
    for (size_t c; (c = 2 * i + 1) < n; i = c) {
        if (c + 1 < n && a[c + 1].key < a[c].key) c++;
        if (e.key <= a[c].key) break;
        a[i] = a[c];
    }
    a[i] = e;
}

static inline void push(Heap *h, Event e)
{
    grow(h);
    size_t i = h->count++;
    while (i && e.key < h->items[(i - 1) / 2].key) {
        h->items[i] = h->items[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    h->items[i] = e;
}

static inline Event pop(Heap *h)
{
    Event top = h->items[0];
    Event last = h->items[--h->count];
    if (h->count) sift_down(h->items, 0, h->count, last);
    return top;
}

static inline uint64_t key_of(int64_t time, int phase, int32_t rank, uint32_t serial)
{
    return (uint64_t)(time & (DAY - 1)) << 44 | (uint64_t)phase << 40 | (uint64_t)rank << 16 | (serial & 0xffff);
}

/* Today's events go into its heap, later ones unsorted into the bin of their day. */
static inline void schedule(int64_t time, Event e)
{
    int64_t when = time >> 20;
    if (when == day) {
        push(&today, e);
    } else {
        Heap *bin = &bins[(when + warmup) % n_bins];
        grow(bin);
        bin->items[bin->count++] = e;
    }
}

static void open_day(void)
{
    Heap *bin = &bins[(day + warmup) % n_bins];
    Heap empty = today;
    today = *bin;
    *bin = empty;
    for (size_t i = today.count / 2; i-- > 0;) sift_down(today.items, i, today.count, today.items[i]);
}

static inline void wake(uint8_t *due, int phase, int32_t rank, int kind, int32_t who)
{
    if (*due) return;
    *due = 1;
    push(&present, (Event){tick_key | (uint64_t)phase << 40 | (uint64_t)rank << 16, 0.0, 0, who, kind});
}

static inline void wake_start(int32_t s) { wake(&sites[s].start_due, LOT_START, sites[s].rank, START, s); }
static inline void wake_serve(int32_t s) { wake(&sites[s].serve_due, DISPATCH, sites[s].rank, SERVE, s); }
static inline void wake_order(int32_t s) { wake(&slots[s].due, ORDER, slots[s].rank, PLACE, s); }

static void enqueue(Queue *q, Placed p)
{
    if (q->count == q->size) {
        uint32_t size = q->size ? 2 * q->size : 4;
        Placed *ring = grab(size * sizeof *ring);
        for (uint32_t i = 0; i < q->count; i++) ring[i] = q->ring[(q->head + i) & (q->size - 1)];
        free(q->ring);
        *q = (Queue){ring, size, 0, q->count};
    }
    q->ring[(q->head + q->count++) & (q->size - 1)] = p;
}
