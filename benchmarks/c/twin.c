/* The core of the model in plain C, for what the machine could do at most.
 *
 * Lots, days of cover, continuous review, proportional allocation, fixed lead times, steady demand that is lost when unmet.
 * No gates, stores or disruptions: whatever would block a lane or move a planned lead time ends the program.
 * The rules are those of supplysim's SimPy engine, sum for sum, so that records are equal bit for bit
 * (compile with -ffp-contract=off).
 *
 *     twin PLAN RECORDS REPEATS
 *
 * reads what twin.py wrote, runs REPEATS times, writes the daily records of the last run and prints counts and
 * seconds a run.
 */
#define _POSIX_C_SOURCE 199309L /* clock_gettime */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY (1 << 20) /* ticks */
#define MAGIC 0x74776e31

enum { ARRIVAL = 2, LOT_DONE = 3, DEMAND = 4, ORDER = 5, DISPATCH = 6, LOT_START = 8 };
enum { ARRIVE, FINISH, LINE, USE, PLACE, SERVE, START, JUDGE };
enum { ORDERS, SHIPMENTS, ARRIVALS, STARTS, LOTS, USES, LOSSES, EVENTS, COUNTS };

typedef struct { int64_t at; double amount; } Placed;

/* A book's orders, oldest first, in a ring whose size is a power of two. */
typedef struct { Placed *ring; uint32_t size, head, count; } Queue;

typedef struct {
    double lot, target, stock, in_process, in_line, output, started;
    int64_t line, cycle; /* ticks */
    int32_t rank, lots;
    int32_t slot0, slots, out0, outs;
    uint8_t start_due, serve_due;
} Site;

typedef struct {
    double need, dust, target, on_hand, used;
    int32_t rank, site; /* -1: a demand's */
    int32_t lane0, lanes;
    uint8_t due;
} Slot;

typedef struct {
    double wanted_each, wanted, served, unmet;
    int64_t period;
    int32_t rank, slot;
} Demand;

typedef struct {
    double share, price, cost, order_cost, dust;
    double book, transit, ordered, shipped, received, goods, freight, ordering, streak;
    int64_t lead, planned, patience, reaction, streak_since; /* ticks */
    int32_t rank, site, slot, flying;
    uint32_t behind_serial, ship_serial;
    uint8_t behind;
    Queue orders;
} Lane;

/* key: tick of the day (20 bits), phase (4), rank (24), serial (16): one comparison orders everything. */
typedef struct { uint64_t key; double amount; int64_t at; int32_t who; uint32_t kind; } Event;
typedef struct { Event *items; size_t count, room; } Heap;

static int64_t n_sites, n_slots, n_demands, n_lanes, horizon, warmup;
static Site *sites, *sites0;
static Slot *slots, *slots0;
static Demand *demands, *demands0;
static Lane *lanes, *lanes0;
static int32_t *site_slots, *site_outs, *slot_lanes;
static Heap today, present, *bins;
static int64_t n_bins, now, day;
static uint64_t tick_key; /* the present tick, in its place in a key */
static int64_t counts[COUNTS];
static double *claims, *records, *row;

static void fail(const char *why) { fprintf(stderr, "twin: %s\n", why); exit(1); }

static void *grab(size_t bytes)
{
    void *p = calloc(1, bytes ? bytes : 1);
    if (!p) fail("out of memory");
    return p;
}

static inline double least(double a, double b) { return b < a ? b : a; }
static inline double above0(double a) { return a > 0.0 ? a : 0.0; }
static inline int covers(double have, double need) { return have >= need - 1e-9 * need; }

/* --- queues ------------------------------------------------------------------------------------ */

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

/* --- the buyer --------------------------------------------------------------------------------- */

static void place(Lane *lane, double amount)
{
    if (amount <= lane->dust) return;
    lane->ordered += amount;
    lane->ordering += lane->order_cost;
    lane->book += amount;
    enqueue(&lane->orders, (Placed){now, amount});
    counts[ORDERS]++;
    wake_serve(lane->site);
    wake_start(lane->site);
}

static void order(Slot *slot)
{
    const int32_t *mine = slot_lanes + slot->lane0;
    double position = slot->on_hand;
    for (int i = 0; i < slot->lanes; i++) {
        position += lanes[mine[i]].transit;
        position += lanes[mine[i]].book;
    }
    double need = above0(slot->target - position);
    if (!(need > slot->dust)) return;
    if (slot->lanes == 1) {
        place(&lanes[mine[0]], need);
        return;
    }
    double weight = 0.0, left = need;
    int last = -1;
    for (int i = 0; i < slot->lanes; i++) {
        weight += lanes[mine[i]].share;
        if (lanes[mine[i]].share > 0.0) last = i;
    }
    for (int i = 0; i < slot->lanes; i++) {
        double part = i == last ? left : need * (lanes[mine[i]].share / weight);
        left = left - part;
        place(&lanes[mine[i]], part);
    }
}

static void learn(Lane *lane, int64_t observed)
{
    if (observed == lane->planned) {
        lane->streak = 0.0;
    } else if (lane->streak * (double)(observed - lane->planned) <= 0.0) {
        lane->streak = (double)(observed - lane->planned);
        lane->streak_since = now;
    } else if (now - lane->streak_since >= lane->reaction) {
        fail("a planned lead time would move, which is beyond the twin");
    }
}

static void receive(int32_t who, double amount, int64_t ordered_at)
{
    Lane *lane = &lanes[who];
    Slot *slot = &slots[lane->slot];
    lane->transit = --lane->flying ? lane->transit - amount : 0.0;
    lane->received += amount;
    lane->goods += lane->price * amount;
    lane->freight += lane->cost * amount;
    slot->on_hand += amount;
    counts[ARRIVALS]++;
    if (slot->site >= 0) wake_start(slot->site);
    learn(lane, now - ordered_at);
}

/* --- the seller -------------------------------------------------------------------------------- */

static int64_t strike(Lane *lane, double amount)
{
    Queue *q = &lane->orders;
    int64_t oldest = q->ring[q->head].at;
    double left = amount;
    while (q->count && left > 0.0) {
        Placed *first = &q->ring[q->head];
        if (first->amount > left) {
            first->amount -= left;
            break;
        }
        left -= first->amount;
        q->head = (q->head + 1) & (q->size - 1);
        q->count--;
    }
    lane->book = q->count ? above0(lane->book - amount) : 0.0;
    return oldest;
}

static void ship(int32_t who, double amount)
{
    Lane *lane = &lanes[who];
    int64_t ordered_at = strike(lane, amount), arrives = now + lane->lead;
    lane->transit += amount;
    lane->shipped += amount;
    lane->flying++;
    counts[SHIPMENTS]++;
    uint64_t key = key_of(arrives, ARRIVAL, lane->rank, ++lane->ship_serial);
    schedule(arrives, (Event){key, amount, ordered_at, who, ARRIVE});
}

static void judge(int32_t who)
{
    Lane *lane = &lanes[who];
    if (lane->book <= lane->dust) {
        lane->behind = 0;
    } else if (!lane->behind) {
        int64_t time = now + lane->patience;
        lane->behind = 1;
        lane->behind_serial++;
        Event e = {key_of(time, LOT_START, lane->rank, lane->behind_serial), 0.0, lane->behind_serial, who, JUDGE};
        schedule(time, e);
    }
}

/* Proportional rationing; a lane without an order takes no part. */
static void dispatch(int32_t who)
{
    Site *site = &sites[who];
    const int32_t *out = site_outs + site->out0;
    double wanted = 0.0, available = site->stock, left = available;
    int last = -1, open = 0;
    for (int i = 0; i < site->outs; i++) {
        const Lane *lane = &lanes[out[i]];
        claims[i] = lane->book > lane->dust ? lane->book : 0.0;
        open |= claims[i] > 0.0 || lane->behind;
        wanted += claims[i];
        if (claims[i] > 0.0) last = i;
    }
    if (!open) return;
    int enough = covers(available, wanted);
    for (int i = 0; i < site->outs; i++) {
        double claim = claims[i], given = 0.0;
        if (claim > 0.0)
            given = least(enough || i == last ? claim : claim * (available / wanted), left);
        left = left - given;
        claims[i] = given;
    }
    for (int i = 0; i < site->outs; i++) {
        int asked = lanes[out[i]].book > lanes[out[i]].dust || lanes[out[i]].behind;
        if (claims[i] > lanes[out[i]].dust) {
            site->stock = above0(site->stock - claims[i]);
            ship(out[i], claims[i]);
        }
        if (asked) judge(out[i]);
    }
    wake_start(who);
}

/* --- production -------------------------------------------------------------------------------- */

static inline void take(Slot *slot, double amount)
{
    slot->on_hand = above0(slot->on_hand - amount);
    slot->used += amount;
}

static void start_lot(int32_t who)
{
    Site *site = &sites[who];
    if (site->in_line > 0.0) return;
    double position = site->stock + site->in_process;
    for (int i = 0; i < site->outs; i++) position -= lanes[site_outs[site->out0 + i]].book;
    if (!(site->target - position > 1e-9 * site->lot)) return;
    const int32_t *mine = site_slots + site->slot0;
    for (int i = 0; i < site->slots; i++)
        if (!covers(slots[mine[i]].on_hand, slots[mine[i]].need)) return;
    for (int i = 0; i < site->slots; i++) {
        take(&slots[mine[i]], least(slots[mine[i]].need, slots[mine[i]].on_hand));
        wake_order(mine[i]);
    }
    site->in_line = site->lot;
    site->in_process += site->lot;
    site->started += site->lot;
    site->lots++;
    counts[STARTS]++;
    int64_t ends = now + site->line;
    schedule(ends, (Event){key_of(ends, LOT_DONE, site->rank, 0x8000), 0.0, 0, who, LINE});
}

static void finish(int32_t who)
{
    Site *site = &sites[who];
    site->stock += site->lot;
    site->in_process = site->in_process - site->lot;
    if (site->in_process <= 1e-9 * site->lot) site->in_process = site->in_line;
    site->output += site->lot;
    counts[LOTS]++;
    wake_serve(who);
    wake_start(who);
}

static void leave_line(int32_t who)
{
    Site *site = &sites[who];
    site->in_line = 0.0;
    wake_start(who);
    if (site->cycle <= 0) {
        finish(who);
        return;
    }
    int64_t time = now + site->cycle;
    schedule(time, (Event){key_of(time, LOT_DONE, site->rank, site->lots & 0x7fff), 0.0, 0, who, FINISH});
}

/* --- final use --------------------------------------------------------------------------------- */

static void use(int32_t who)
{
    Demand *demand = &demands[who];
    Slot *slot = &slots[demand->slot];
    double wanted = demand->wanted_each;
    double served = covers(slot->on_hand, wanted) ? wanted : slot->on_hand;
    int64_t next = now + demand->period;
    demand->wanted += wanted;
    take(slot, served);
    demand->served += served;
    if (wanted - served > slot->dust) {
        demand->unmet += wanted - served;
        counts[LOSSES]++;
    }
    if (served > 0.0) counts[USES]++;
    wake_order(demand->slot);
    schedule(next, (Event){key_of(next, DEMAND, demand->rank, 0), 0.0, 0, who, USE});
}

/* --- records ----------------------------------------------------------------------------------- */

#define FLOW(kind, table, field) \
    for (int64_t i = 0; i < n_##table; i++) { *row++ = table[i].field; table[i].field = 0.0; }
#define LEVEL(kind, table, field) \
    for (int64_t i = 0; i < n_##table; i++) *row++ = table[i].field;
#define ALL(EACH_FLOW, EACH_LEVEL)                                                                 \
    EACH_FLOW(site, sites, output) EACH_FLOW(site, sites, started)                                 \
    EACH_LEVEL(site, sites, stock) EACH_LEVEL(site, sites, in_process)                             \
    EACH_FLOW(slot, slots, used) EACH_LEVEL(slot, slots, on_hand)                                  \
    EACH_FLOW(demand, demands, wanted) EACH_FLOW(demand, demands, served)                          \
    EACH_FLOW(demand, demands, unmet)                                                              \
    EACH_FLOW(lane, lanes, ordered) EACH_FLOW(lane, lanes, shipped) EACH_FLOW(lane, lanes, received) \
    EACH_LEVEL(lane, lanes, book) EACH_LEVEL(lane, lanes, transit)

static size_t width(void) { return 4 * n_sites + 2 * n_slots + 3 * n_demands + 5 * n_lanes; }

/* At day k the record closes [k-1, k); at day 0 it forgets the warm-up and notes the opening. */
static void record(void)
{
    ALL(FLOW, LEVEL)
    if (day > 0) return;
    for (int64_t i = 0; i < n_lanes; i++) lanes[i].goods = lanes[i].freight = lanes[i].ordering = 0.0;
    memset(counts, 0, sizeof counts);
}

/* --- running ----------------------------------------------------------------------------------- */

static inline void handle(Event e)
{
    counts[EVENTS]++;
    switch (e.kind) {
    case ARRIVE: receive(e.who, e.amount, e.at); break;
    case FINISH: finish(e.who); break;
    case LINE: leave_line(e.who); break;
    case USE: use(e.who); break;
    case PLACE: slots[e.who].due = 0; order(&slots[e.who]); break;
    case SERVE: sites[e.who].serve_due = 0; dispatch(e.who); break;
    case START: sites[e.who].start_due = 0; start_lot(e.who); break;
    case JUDGE:
        if (lanes[e.who].behind && lanes[e.who].behind_serial == (uint32_t)e.at)
            fail("a lane would be judged blocked, which is beyond the twin");
    }
}

static void reset(void)
{
    for (int64_t i = 0; i < n_lanes; i++) {
        Queue q = lanes[i].orders;
        lanes[i] = lanes0[i];
        lanes[i].orders = (Queue){q.ring, q.size, 0, 0};
    }
    memcpy(sites, sites0, n_sites * sizeof *sites);
    memcpy(slots, slots0, n_slots * sizeof *slots);
    memcpy(demands, demands0, n_demands * sizeof *demands);
    for (int64_t i = 0; i < n_bins; i++) bins[i].count = 0;
    today.count = present.count = 0;
    row = records;
}

static void run(void)
{
    reset();
    day = -warmup;
    now = day * DAY;
    tick_key = 0;
    if (!day) record();
    for (int64_t i = 0; i < n_slots; i++) wake_order(i);
    for (int64_t i = 0; i < n_sites; i++) wake_start(i);
    for (int64_t i = 0; i < n_demands; i++) {
        int64_t p = demands[i].period, first = now + ((-now % p) + p) % p;
        schedule(first, (Event){key_of(first, DEMAND, demands[i].rank, 0), 0.0, 0, i, USE});
    }
    for (;;) {
        if (present.count && (!today.count || present.items[0].key < today.items[0].key)) {
            handle(pop(&present));
        } else if (today.count) {
            Event e = pop(&today);
            tick_key = e.key >> 44 << 44;
            now = day * DAY + (int64_t)(e.key >> 44);
            handle(e);
        } else {
            day++;
            now = day * DAY;
            tick_key = 0;
            if (day >= 0) record();
            if (day == horizon) return;
            open_day();
        }
    }
}

/* --- files ------------------------------------------------------------------------------------- */

static FILE *plan;

static void read_in(void *into, size_t size, size_t count)
{
    if (fread(into, size, count, plan) != count) fail("the plan is cut short");
}

static void *column(int64_t count)
{
    void *p = grab(count * 8);
    read_in(p, 8, count);
    return p;
}

#define COLUMN(table, type, field) do {                                   \
        type *c = column(n_##table);                                      \
        for (int64_t i = 0; i < n_##table; i++) table##0[i].field = c[i]; \
        free(c);                                                          \
    } while (0)

/* Members of each group, in order: CSR by counting. */
#define GROUP(members, table, of, groups, first, count) do {                        \
        int32_t at = 0;                                                             \
        for (int64_t i = 0; i < n_##table; i++) if (table##0[i].of >= 0) groups##0[table##0[i].of].count++; \
        for (int64_t g = 0; g < n_##groups; g++) { groups##0[g].first = at; at += groups##0[g].count; groups##0[g].count = 0; } \
        members = grab(at * sizeof *members);                                       \
        for (int64_t i = 0; i < n_##table; i++) if (table##0[i].of >= 0) {          \
            members[groups##0[table##0[i].of].first + groups##0[table##0[i].of].count++] = i; } \
    } while (0)

static void load(const char *path)
{
    int64_t header[7];
    plan = fopen(path, "rb");
    if (!plan) fail("no such plan");
    read_in(header, 8, 7);
    if (header[0] != MAGIC) fail("not a plan");
    n_sites = header[1]; n_slots = header[2]; n_demands = header[3]; n_lanes = header[4];
    horizon = header[5]; warmup = header[6];
    sites0 = grab(n_sites * sizeof *sites); sites = grab(n_sites * sizeof *sites);
    slots0 = grab(n_slots * sizeof *slots); slots = grab(n_slots * sizeof *slots);
    demands0 = grab(n_demands * sizeof *demands); demands = grab(n_demands * sizeof *demands);
    lanes0 = grab(n_lanes * sizeof *lanes); lanes = grab(n_lanes * sizeof *lanes);
    COLUMN(sites, int64_t, rank); COLUMN(sites, double, lot); COLUMN(sites, double, target);
    COLUMN(sites, double, stock); COLUMN(sites, int64_t, line); COLUMN(sites, int64_t, cycle);
    COLUMN(slots, int64_t, rank); COLUMN(slots, int64_t, site); COLUMN(slots, double, need);
    COLUMN(slots, double, dust); COLUMN(slots, double, target); COLUMN(slots, double, on_hand);
    COLUMN(demands, int64_t, rank); COLUMN(demands, int64_t, slot);
    COLUMN(demands, double, wanted_each); COLUMN(demands, int64_t, period);
    COLUMN(lanes, int64_t, rank); COLUMN(lanes, int64_t, site); COLUMN(lanes, int64_t, slot);
    COLUMN(lanes, double, share); COLUMN(lanes, double, dust); COLUMN(lanes, double, price);
    COLUMN(lanes, double, cost); COLUMN(lanes, double, order_cost); COLUMN(lanes, int64_t, lead);
    COLUMN(lanes, int64_t, planned); COLUMN(lanes, int64_t, patience); COLUMN(lanes, int64_t, reaction);
    fclose(plan);
    GROUP(site_slots, slots, site, sites, slot0, slots);
    GROUP(site_outs, lanes, site, sites, out0, outs);
    GROUP(slot_lanes, lanes, slot, slots, lane0, lanes);
}

static void prepare(void)
{
    int64_t longest = 0;
    int32_t outs = 0;
    for (int64_t i = 0; i < n_sites; i++) {
        if (sites0[i].line > longest) longest = sites0[i].line;
        if (sites0[i].cycle > longest) longest = sites0[i].cycle;
        if (sites0[i].outs > outs) outs = sites0[i].outs;
    }
    for (int64_t i = 0; i < n_demands; i++)
        if (demands0[i].period > longest) longest = demands0[i].period;
    for (int64_t i = 0; i < n_lanes; i++) {
        if (lanes0[i].lead > longest) longest = lanes0[i].lead;
        if (lanes0[i].patience > longest) longest = lanes0[i].patience;
    }
    n_bins = longest / DAY + 2;
    bins = grab(n_bins * sizeof *bins);
    claims = grab(outs * sizeof *claims);
    records = grab((horizon + 1) * width() * sizeof *records);
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int main(int argc, char **argv)
{
    if (argc != 4) fail("usage: twin PLAN RECORDS REPEATS");
    load(argv[1]);
    prepare();
    for (int i = atoi(argv[3]); i > 0; i--) {
        double start = seconds();
        run();
        printf("seconds %.9f\n", seconds() - start);
    }
    static const char *names[] = {"order", "ship", "arrive", "start", "made", "used", "lost", "events"};
    for (int i = 0; i < COUNTS; i++) printf("%s %lld\n", names[i], (long long)counts[i]);
    FILE *out = fopen(argv[2], "wb");
    size_t rows = (horizon + 1) * width();
    if (!out || fwrite(records, 8, rows, out) != rows) fail("cannot write the records");
    for (int64_t i = 0; i < n_lanes; i++) {
        double money[3] = {lanes[i].goods, lanes[i].freight, lanes[i].ordering};
        if (fwrite(money, 8, 3, out) != 3) fail("cannot write the records");
    }
    return fclose(out) != 0;
}
