/* Reading a plan, and making room for its run. */
#include "state.h"

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

/* Numbers in one daily record. */
static size_t width(void) { return 4 * n_sites + 2 * n_slots + 3 * n_demands + 5 * n_lanes; }

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
