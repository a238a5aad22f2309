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
#include <string.h>
#include <time.h>
#include "plan.h"
#include "queue.h"

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

#define LEVEL(table, field) \
    for (int64_t i = 0; i < n_##table; i++) *row++ = table[i].field
#define FLOW(table, field) \
    for (int64_t i = 0; i < n_##table; i++) { *row++ = table[i].field; table[i].field = 0.0; }

/* At day k the record closes [k-1, k); at day 0 it forgets the warm-up and notes the opening. */
static void record(void)
{
    FLOW(sites, output); FLOW(sites, started); LEVEL(sites, stock); LEVEL(sites, in_process);
    FLOW(slots, used); LEVEL(slots, on_hand);
    FLOW(demands, wanted); FLOW(demands, served); FLOW(demands, unmet);
    FLOW(lanes, ordered); FLOW(lanes, shipped); FLOW(lanes, received);
    LEVEL(lanes, book); LEVEL(lanes, transit);
    if (day > 0) return;
    for (int64_t i = 0; i < n_lanes; i++) lanes[i].goods = lanes[i].freight = lanes[i].ordering = 0.0;
    memset(counts, 0, EVENTS * sizeof *counts); /* but not the events handled */
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
    memset(counts, 0, sizeof counts);
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

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
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
