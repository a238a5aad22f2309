/* What is where: structs of the entities, the queues' types, and a few helpers. */
#ifndef STATE_H
#define STATE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

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

#endif
