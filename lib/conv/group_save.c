/* The state of a group as rows, for the store.
 *
 *   kind, key                what it holds                                  changes
 *   SELF  the group          own seq and prev, leaf keys (secret)           with each event of mine
 *   ACT   its number         when it was heard, the event in full           never: appended
 *   WORDS the event's id     its place in the graph, without what it says   never: appended
 *   EPOCH its id             facts, keys, roster, chains, kept keys (secret) with each record
 *   WAIT  the event's id     a record or event that waits                   never: comes and goes
 *   TAIL  the group          newest words, ids that are wanted              with each event
 *
 * A row is its length (be32), its kind and its bytes. Levels, rosters and order are computed from
 * the acts when they are loaded, and so is the table of citizens and devices. */
#include "conv/group_int.h"

enum { ROW_SELF = 1, ROW_ACT, ROW_WORDS, ROW_EPOCH, ROW_WAIT, ROW_TAIL };
enum { ROW_MAX = 8 << 20 };

/* Writing: one error for all, looked at once. */
typedef struct writer {
  vls_buf *out;
  vls_err err;
} writer;

static void put(writer *w, const void *p, size_t n) {
  if (w->err == VLS_OK && n > 0) w->err = vls_buf_put(w->out, p, n);
}
static void put32(writer *w, uint32_t v) {
  uint8_t b[4];
  vls_be32_put(b, v);
  put(w, b, 4);
}
static void put64(writer *w, uint64_t v) {
  uint8_t b[8];
  vls_be64_put(b, v);
  put(w, b, 8);
}
static size_t begin(writer *w, uint8_t kind) {
  size_t at = w->out->n;
  put32(w, 0);
  put(w, &kind, 1);
  return at;
}
static void end(writer *w, size_t at) {
  if (w->err == VLS_OK) vls_be32_put(w->out->p + at, (uint32_t)(w->out->n - at - 4));
}

static void put_self(writer *w, const vls_group *g) {
  size_t at = begin(w, ROW_SELF);
  put(w, g->id, 32);
  put64(w, g->seq);
  put(w, g->prev, 32);
  put32(w, (uint32_t)g->n_keys);
  for (size_t i = 0; i < g->n_keys; i++) {
    put(w, g->keys[i].pair.priv, 32);
    put64(w, g->keys[i].made);
  }
  end(w, at);
}

static void put_words(writer *w, const vls_group *g, const gr_row *r) {
  size_t at = begin(w, ROW_WORDS);
  put(w, r->id, 32);
  put(w, r->prev, 32);
  put(w, g->devices[r->device].sign, 32);
  put64(w, r->seq);
  put64(w, r->stamp);
  put64(w, r->heard);
  put32(w, r->n_heads);
  for (size_t i = 0; i < r->n_heads; i++)
    put32(w, r->heads[i]);
  put32(w, r->n_after);
  put(w, r->after, (size_t)r->n_after * 32);
  end(w, at);
}

static void put_epoch(writer *w, const vls_group *g, const gr_epoch *e) {
  size_t at = begin(w, ROW_EPOCH), chains = e->chains == NULL ? 0 : e->roster.n;
  uint8_t flags = (uint8_t)((e->fresh ? 1 : 0) | (e->open ? 2 : 0) | (e->split ? 4 : 0));
  put(w, e->id, 32);
  put(w, e->base, 32);
  put(w, e->core, 32);
  put(w, e->ephemeral, 32);
  put(w, e->confirm, 32);
  put(w, e->context, sizeof e->context);
  put32(w, e->depth);
  put32(w, e->act);
  put(w, &flags, 1);
  put(w, &e->keys, sizeof e->keys); /* bytes alone */
  put64(w, e->born);
  put64(w, e->seen);
  put64(w, e->records);
  put(w, e->roster.root, 32);
  put32(w, (uint32_t)e->roster.n);
  for (size_t i = 0; i < e->roster.n; i++) {
    put(w, g->devices[e->roster.leaves[i].device].sign, 32);
    put(w, e->roster.leaves[i].dh, 32);
  }
  put32(w, (uint32_t)chains);
  for (size_t i = 0; i < chains; i++) {
    put(w, e->chains[i].ck, 32);
    put32(w, e->chains[i].next);
  }
  put32(w, (uint32_t)e->n_skipped);
  for (size_t i = 0; i < e->n_skipped; i++) {
    put32(w, e->skipped[i].leaf);
    put32(w, e->skipped[i].generation);
    put(w, e->skipped[i].mk, 32);
  }
  end(w, at);
}

static void put_waiting(writer *w, const vls_group *g, const gr_pending *p) {
  size_t at = begin(w, ROW_WAIT);
  uint8_t kind = p->is_event ? 1 : 0;
  bool known = p->sealer < g->n_devices;
  put(w, &kind, 1);
  put(w, p->id, 32);
  put(w, known ? g->devices[p->sealer].sign : g->id, 32);
  put(w, p->lacks, 32);
  put(w, p->epoch, 32);
  put32(w, p->leaf);
  put32(w, p->generation);
  put(w, p->bytes.p, p->bytes.n);
  end(w, at);
}

static void put_tail(writer *w, const vls_group *g) {
  size_t at = begin(w, ROW_TAIL);
  put32(w, (uint32_t)g->n_last);
  put(w, g->last, g->n_last * 32);
  put32(w, (uint32_t)g->n_wanted);
  put(w, g->wanted, g->n_wanted * 32);
  end(w, at);
}

vls_err vls_group_save(const vls_group *g, vls_buf *out) {
  writer w = {.out = out};
  put_self(&w, g);
  for (size_t i = 0; i < g->n_acts; i++) {
    size_t at = begin(&w, ROW_ACT);
    put64(&w, g->rows[g->acts[i].row].heard);
    put(&w, g->acts[i].bytes.p, g->acts[i].bytes.n);
    end(&w, at);
  }
  for (size_t i = 0; i < g->n_rows; i++)
    if (g->rows[i].used && g->rows[i].act == NO_ACT) put_words(&w, g, &g->rows[i]);
  for (size_t i = 0; i < g->n_epochs; i++)
    put_epoch(&w, g, g->epochs[i]);
  for (size_t i = 0; i < g->n_pending; i++)
    put_waiting(&w, g, &g->pending[i]);
  put_tail(&w, g);
  return w.err;
}

/* Reading: past the end there are zeros, and the row is refused. */
typedef struct reader {
  vls_slice in;
  bool bad;
} reader;

static void get(reader *r, void *out, size_t n) {
  if (r->in.n < n) {
    r->bad = true;
    r->in.n = 0;
    if (n > 0) memset(out, 0, n);
    return;
  }
  if (n > 0) memcpy(out, r->in.p, n);
  r->in.p += n;
  r->in.n -= n;
}
static uint32_t get32(reader *r) {
  uint8_t b[4];
  get(r, b, 4);
  return vls_be32_get(b);
}
static uint64_t get64(reader *r) {
  uint8_t b[8];
  get(r, b, 8);
  return vls_be64_get(b);
}
/* A count of things of so many bytes: at most max, and they are there. */
static size_t get_count(reader *r, size_t max, size_t each) {
  size_t n = get32(r);
  if (n > max || n * each > r->in.n) r->bad = true;
  return r->bad ? 0 : n;
}

static void load_self(vls_group *g, reader *r) {
  get(r, g->id, 32);
  g->seq = get64(r);
  get(r, g->prev, 32);
  g->n_keys = get_count(r, VLS_GROUP_LEAF_KEYS, 40);
  for (size_t i = 0; i < g->n_keys; i++) {
    uint8_t priv[32];
    get(r, priv, 32);
    vls_dh_from_priv(&g->keys[i].pair, priv);
    g->keys[i].made = get64(r);
    vls_wipe(priv, sizeof priv);
  }
}

static void load_act(vls_group *g, reader *r) {
  vls_group_where where = {.group = g->id};
  vls_group_said *said = vls_calloc(1, sizeof *said);
  uint64_t heard = get64(r);
  vls_err err = vls_group_read(said, r->in, &where);
  if (err == VLS_OK) err = vls_gr_take(g, said, heard);
  if (err != VLS_OK) r->bad = true;
  r->in.n = 0;
  free(said);
}

static void load_words(vls_group *g, reader *r) {
  uint8_t sign[32];
  uint32_t heads[VLS_GROUP_PARENTS];
  vls_group_said *said = vls_calloc(1, sizeof *said);
  get(r, said->id, 32);
  get(r, said->header.prev, 32);
  get(r, sign, 32);
  said->header.seq = get64(r);
  said->header.stamp = get64(r);
  uint64_t heard = get64(r);
  said->header.n_acts = get_count(r, VLS_GROUP_PARENTS, 4);
  for (size_t i = 0; i < said->header.n_acts; i++) {
    heads[i] = get32(r);
    if (heads[i] >= g->n_acts) r->bad = true;
  }
  said->header.n_after = get_count(r, VLS_GROUP_PARENTS, 32);
  get(r, said->header.after, said->header.n_after * 32);
  uint32_t device = vls_gr_device(g, sign);
  if (device == NOBODY || vls_gr_row(g, said->id) != NULL) r->bad = true;
  if (!r->bad) vls_gr_row_add(g, said, heads, device, NO_ACT, heard);
  free(said);
}

static void load_roster(vls_group *g, reader *r, gr_epoch *e) {
  get(r, e->roster.root, 32);
  e->roster.n = get_count(r, VLS_GROUP_LEAVES, 64);
  e->roster.leaves = vls_calloc(e->roster.n + 1, sizeof *e->roster.leaves);
  for (size_t i = 0; i < e->roster.n; i++) {
    uint8_t sign[32];
    get(r, sign, 32);
    get(r, e->roster.leaves[i].dh, 32);
    e->roster.leaves[i].device = vls_gr_device(g, sign);
    if (e->roster.leaves[i].device == NOBODY) r->bad = true;
  }
}

static void load_chains(reader *r, gr_epoch *e) {
  size_t n = get_count(r, VLS_GROUP_LEAVES, 36);
  if (n != (e->open ? e->roster.n : 0)) r->bad = true;
  if (r->bad) return;
  if (n > 0) e->chains = vls_calloc(e->roster.n + 1, sizeof *e->chains);
  for (size_t i = 0; i < n; i++) {
    get(r, e->chains[i].ck, 32);
    e->chains[i].next = get32(r);
  }
  e->n_skipped = get_count(r, VLS_GROUP_KEEP, 40);
  if (e->n_skipped > 0) e->skipped = vls_calloc(VLS_GROUP_KEEP, sizeof *e->skipped);
  for (size_t i = 0; i < e->n_skipped; i++) {
    e->skipped[i].leaf = get32(r);
    e->skipped[i].generation = get32(r);
    get(r, e->skipped[i].mk, 32);
  }
}

static void load_epoch(vls_group *g, reader *r) {
  uint8_t id[32], flags;
  get(r, id, 32);
  if (g->n_epochs == VLS_GROUP_EPOCHS || vls_gr_epoch(g, id) != NULL) r->bad = true;
  if (r->bad) return;
  gr_epoch *e = vls_gr_epoch_new(g, id, 0);
  get(r, e->base, 32);
  get(r, e->core, 32);
  get(r, e->ephemeral, 32);
  get(r, e->confirm, 32);
  get(r, e->context, sizeof e->context);
  e->depth = get32(r);
  e->act = get32(r);
  get(r, &flags, 1);
  e->fresh = (flags & 1) != 0;
  e->open = (flags & 2) != 0;
  e->split = (flags & 4) != 0;
  get(r, &e->keys, sizeof e->keys);
  e->born = get64(r);
  e->seen = get64(r);
  e->records = get64(r);
  if (flags > 7 || e->act >= g->n_acts) r->bad = true;
  load_roster(g, r, e);
  load_chains(r, e);
}

static void load_waiting(vls_group *g, reader *r) {
  uint8_t kind, sign[32];
  gr_pending p = {.sealer = NOBODY};
  get(r, &kind, 1);
  get(r, p.id, 32);
  get(r, sign, 32);
  get(r, p.lacks, 32);
  get(r, p.epoch, 32);
  p.leaf = get32(r);
  p.generation = get32(r);
  p.is_event = kind == 1;
  if (p.is_event) p.sealer = vls_gr_device(g, sign);
  if (p.is_event && p.sealer == NOBODY) p.sealer = LETTER;
  if (kind > 1 || g->n_pending == VLS_GROUP_PENDING) r->bad = true;
  if (r->bad) return;
  vls_buf_init(&p.bytes, r->in.n);
  if (vls_buf_put_slice(&p.bytes, r->in) != VLS_OK) r->bad = true;
  g->pending_bytes += r->in.n;
  g->pending[g->n_pending++] = p;
  r->in.n = 0;
}

static void load_ids(reader *r, uint8_t (**ret)[32], size_t *ret_n, size_t max) {
  size_t n = get_count(r, max, 32);
  free(*ret);
  *ret = vls_calloc(max == VLS_GROUP_WANTED ? max : n + 1, 32);
  *ret_n = n;
  get(r, *ret, n * 32);
}

static void load_row(vls_group *g, uint8_t kind, reader *r) {
  switch (kind) {
  case ROW_SELF: load_self(g, r); break;
  case ROW_ACT: load_act(g, r); break;
  case ROW_WORDS: load_words(g, r); break;
  case ROW_EPOCH: load_epoch(g, r); break;
  case ROW_WAIT: load_waiting(g, r); break;
  case ROW_TAIL:
    load_ids(r, &g->last, &g->n_last, VLS_GROUP_ROWS);
    load_ids(r, &g->wanted, &g->n_wanted, VLS_GROUP_WANTED);
    break;
  default: r->bad = true;
  }
  if (r->in.n > 0) r->bad = true;
}

vls_err vls_group_load(vls_group **ret, const vls_group_me *me, vls_slice rows) {
  vls_group *g = vls_gr_new(me);
  reader all = {.in = rows};
  g->loading = true;
  while (all.in.n > 0 && !all.bad) {
    uint8_t kind;
    size_t n = get_count(&all, ROW_MAX, 1);
    if (all.bad || n == 0) break;
    reader row = {.in = {all.in.p, n}};
    all.in.p += n;
    all.in.n -= n;
    get(&row, &kind, 1);
    load_row(g, kind, &row);
    all.bad = row.bad;
  }
  g->loading = false;
  g->misplaced = true;
  if (all.bad || all.in.n > 0 || g->n_keys == 0) {
    vls_group_free(g);
    return VLS_MALFORMED;
  }
  *ret = g;
  return VLS_OK;
}
