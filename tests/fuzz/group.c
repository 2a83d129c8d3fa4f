/* A group of three: what anybody may send them, what a member who signs well may say, stored rows
 * that were damaged, and honest members in any order. */
#include "group_craft.h"
#include "group_rows.h"

#include "content/remarks.h"
#include "reader.h"

enum { BYTES, SIGNED, ROWS, SCRIPT, KINDS, MEMBERS = 3, STEPS = 24, ROUNDS = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Founded once; each input begins with this state. */
static world begun;
static kept_rows rows[MEMBERS];

static void found(void) {
  if (begun.n != 0) return;
  VLS_ASSERT(vls_crypto_init() == VLS_OK);
  world_make(&begun, MEMBERS, 9);
  world_fill(&begun);
  VLS_ASSERT(world_set(&begun, 0, 1, VLS_LEVEL_MODERATOR) == VLS_OK);
  for (size_t i = 0; i < MEMBERS; i++) {
    rows_take_all(&rows[i], begun.nodes[i].group);
  }
}

static vls_group *load(size_t i) {
  vls_group *g = NULL;
  size_t bad;
  VLS_ASSERT(rows_load(&g, &begun.nodes[i].me, vls_group_id(begun.nodes[i].group), &rows[i],
                       &bad) == VLS_OK);
  VLS_ASSERT(bad == 0);
  return g;
}

static void drain(vls_group *g) {
  vls_group_told t;
  while (vls_group_poll(g, &t))
    vls_buf_done(&t.bytes);
}

/* Bytes of anybody: read as every kind of thing. */
static void bytes_of_anybody(vls_slice in) {
  static const uint8_t key[32] = {1};
  vls_group *g = load(1);
  vls_group_where where = {vls_group_id(g), key, key, key};
  vls_group_said *said = vls_calloc(1, sizeof *said), *again = vls_calloc(1, sizeof *again);
  vls_buf out;
  vls_buf_init(&out, VLS_GROUP_EVENT_MAX + 200);
  if (vls_group_read(said, in, &where) == VLS_OK && vls_group_write(&out, said, NULL) == VLS_OK) {
    VLS_ASSERT(vls_group_read(again, vls_buf_slice(&out), &where) == VLS_OK);
    VLS_ASSERT(memcmp(said->id, again->id, 32) == 0 && said->act.kind == again->act.kind);
  }
  for (uint64_t kind = VLS_REMARK_REPLY; kind <= VLS_REMARK_MENTION; kind++) {
    vls_remark remark;
    vls_item item = {kind, in};
    if (vls_remark_read(&remark, &item) != VLS_OK) continue;
    vls_buf_clear(&out);
    if (vls_remark_put(&out, &remark) == VLS_OK) VLS_ASSERT(vls_slice_eq(in, vls_buf_slice(&out)));
  }
  VLS_ASSERT(vls_group_hear(g, in, begun.now) != VLS_OK);
  VLS_ASSERT(vls_group_hear_wrap(g, in, begun.now) != VLS_OK);
  VLS_ASSERT(vls_group_hear_letter(g, in, begun.now) != VLS_OK);
  vls_buf_done(&out);
  free(said);
  free(again);
  vls_group_free(g);
}

/* A member signs whatever items, parents and roster they like. */
static void signed_by_a_member(reader *r) {
  craft c;
  size_t who = next(r, 1) % MEMBERS, flags = next(r, 1);
  node from = begun.nodes[who];
  from.group = load(who);
  vls_group *to = load((who + 1) % MEMBERS);
  craft_begin(&c, &from);
  if ((flags & 1) != 0) c.said.header.seq = next(r, 1) + 1;
  if ((flags & 2) != 0)
    memcpy(c.said.header.after[c.said.header.n_after++], begun.nodes[0].group->prev, 32);
  if ((flags & 4) != 0) memcpy(c.said.header.acts[0], vls_group_id(to), 32);
  if ((flags & 8) != 0) c.said.header.roster[0] ^= 1;
  while (r->n > 0 && c.said.n_items < VLS_EVENT_ITEMS) {
    size_t kind = next(r, 1), size = next(r, 1);
    c.said.items[c.said.n_items++] = (vls_item){kind == 0 ? 1 : kind, piece(r, size)};
  }
  gr_epoch *best = vls_gr_best(from.group, false);
  vls_buf_clear(&c.record);
  if (c.said.n_items > 0 && vls_group_sign(&c.said, &from.who.device) == VLS_OK &&
      vls_gr_seal(from.group, best, &c.said, &from.rng, &c.record) == VLS_OK) {
    size_t acts = to->n_acts;
    vls_err err = vls_group_hear(to, vls_buf_slice(&c.record), begun.now);
    VLS_ASSERT(err == VLS_OK || to->n_acts == acts);
    if (err == VLS_OK)
      VLS_ASSERT(vls_group_hear(to, vls_buf_slice(&c.record), begun.now) != VLS_OK);
  }
  drain(to);
  craft_done(&c);
  vls_group_free(to);
  vls_group_free(from.group);
}

/* Rows of a store that were damaged, or are lost. */
static void damaged_rows(reader *r) {
  kept_rows copy = {0}, all = {0};
  vls_group *g = NULL;
  size_t bad;
  for (size_t i = 0; i < rows[2].n; i++) {
    vls_group_row row = rows[2].list[i].row;
    row.value = vls_buf_slice(&rows[2].list[i].value);
    rows_put(&copy, &row);
  }
  while (r->n > 2 && copy.n > 0) {
    size_t flags = next(r, 1), i = next(r, 1) % copy.n;
    kept_row *row = &copy.list[i];
    if (flags % 4 == 0) rows_drop(&copy, i);
    if (flags % 4 == 1) row->value.n = next(r, 1) % (row->value.n + 1);
    if (flags % 4 == 2 && row->row.n_key > 0)
      row->row.key[next(r, 1) % row->row.n_key] ^= (uint8_t)next(r, 1);
    if (flags % 4 == 3 && row->value.n > 0)
      row->value.p[next(r, 2) % row->value.n] = (uint8_t)next(r, 1);
  }
  if (rows_load(&g, &begun.nodes[2].me, vls_group_id(begun.nodes[2].group), &copy, &bad) ==
      VLS_OK) {
    vls_group_line *lines;
    (void)vls_group_history(g, &lines);
    free(lines);
    rows_take(&copy, g);
    rows_take_all(&all, g);
    rows_done(&all);
    vls_group_free(g);
  }
  rows_done(&copy);
}

/* Honest members, in an order of the input's choosing; in the end all see the same. */
static void script(reader *r) {
  world w;
  world_make(&w, MEMBERS, 9);
  w.now = begun.now;
  for (size_t i = 0; i < MEMBERS; i++) {
    w.nodes[i].group = load(i);
    for (size_t k = 0; k < begun.nodes[i].events.n; k++)
      blobs_add(&w.nodes[i].events, begun.nodes[i].events.list[k].id,
                vls_buf_slice(&begun.nodes[i].events.list[k].bytes));
  }
  for (unsigned step = 0; step < STEPS && r->n > 0; step++) {
    size_t op = next(r, 1), who = op / 16 % MEMBERS, other = (who + 1 + op / 64) % MEMBERS;
    node *x = &w.nodes[who];
    uint8_t id[32];
    switch (op % 8) {
    case 0: (void)!world_say(&w, x, "words", id); break;
    case 1: (void)!world_set(&w, who, other, (uint8_t)(1 + op / 128)); break;
    case 2: (void)!vls_group_rekey(x->group, &x->rng, w.now); break;
    case 3: (void)!world_remove(&w, who, other); break;
    case 4:
      if (vls_group_level(x->group, w.nodes[other].who.identity.pub) == 0)
        (void)!world_admit(&w, x, &w.nodes[other]);
      break;
    case 5: x->part ^= 1; break;
    case 6: world_exchange(&w, x, &w.nodes[other]); break;
    default: w.now += UINT64_C(86400000) * (op / 16); break;
    }
    world_settle(&w);
  }
  for (size_t i = 0; i < MEMBERS; i++)
    w.nodes[i].part = 0;
  for (unsigned round = 0; round < ROUNDS; round++) {
    for (unsigned k = 0; k < 2 * MEMBERS * MEMBERS; k++)
      world_exchange(&w, &w.nodes[k % MEMBERS], &w.nodes[k / MEMBERS % MEMBERS]);
    for (size_t i = 1; i < MEMBERS; i++)
      w.nodes[i].left = vls_group_level(w.nodes[0].group, w.nodes[i].who.identity.pub) == 0;
    (void)world_heal(&w);
  }
  world_all_alike(&w, false);
  world_end(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  reader r = {data, n};
  found();
  switch (next(&r, 1) % KINDS) {
  case BYTES: bytes_of_anybody(vls_slice_of(r.p, r.n)); break;
  case SIGNED: signed_by_a_member(&r); break;
  case ROWS: damaged_rows(&r); break;
  default: script(&r);
  }
  return 0;
}
