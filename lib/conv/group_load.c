/* A group from its rows (group_save.c). What cannot be read is left out, and noted as gone: a group
 * that lost keys asks for a new leaf, one that lost acts or words hears of them again. */
#include "conv/group_int.h"

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
static uint8_t get8(reader *r) {
  uint8_t b;
  get(r, &b, 1);
  return b;
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
static size_t count(reader *r, size_t n, size_t max, size_t each) {
  if (n > max || n * each > r->in.n) r->bad = true;
  return r->bad ? 0 : n;
}

static void load_self(vls_group *g, reader *r) {
  g->seq = get64(r);
  get(r, g->prev, 32);
  g->n_keys = count(r, get32(r), VLS_GROUP_LEAF_KEYS, 40);
  for (size_t i = 0; i < g->n_keys; i++) {
    uint8_t priv[32];
    get(r, priv, 32);
    vls_dh_from_priv(&g->keys[i].pair, priv);
    g->keys[i].made = get64(r);
    vls_wipe(priv, sizeof priv);
  }
  g->new_self = r->bad;
}

static void load_act(vls_group *g, const vls_group_row *row, reader *r) {
  vls_group_where where = {.group = g->id};
  vls_group_said *said = vls_calloc(1, sizeof *said);
  uint64_t heard = get64(r), number = vls_be32_get(row->key);
  if (number >= VLS_ACTS_MAX) r->bad = true; /* no group counts so far */
  vls_err err = r->bad ? VLS_MALFORMED : vls_group_read(said, r->in, &where);
  if (err == VLS_OK) err = vls_gr_take(g, said, heard);
  if (err == VLS_OK && said->act.kind == VLS_GROUP_WORDS) err = VLS_MALFORMED;
  if (number >= g->acts_held && number < VLS_ACTS_MAX) g->acts_held = number + 1;
  /* When one before it is lost, those after it have other numbers now. */
  if (err == VLS_OK && number == g->n_acts_saved && number + 1 == g->n_acts) g->n_acts_saved++;
  if (err != VLS_OK) r->bad = true;
  r->in.n = 0;
  free(said);
}

static void load_words(vls_group *g, const vls_group_row *row, reader *r) {
  uint8_t sign[32];
  uint64_t number = vls_be64_get(row->key);
  uint32_t heads[VLS_GROUP_PARENTS];
  vls_group_said *said = vls_calloc(1, sizeof *said);
  get(r, said->id, 32);
  get(r, said->header.prev, 32);
  get(r, sign, 32);
  said->header.seq = get64(r);
  said->header.stamp = get64(r);
  uint64_t heard = get64(r);
  said->header.n_acts = count(r, get8(r), VLS_GROUP_PARENTS, 32);
  get(r, said->header.acts, said->header.n_acts * 32);
  said->header.n_after = count(r, get8(r), VLS_GROUP_PARENTS, 32);
  get(r, said->header.after, said->header.n_after * 32);
  uint8_t lacks[32];
  uint32_t device = vls_gr_device(g, sign);
  if (r->in.n > 0 || number < g->next_number || number == UINT64_MAX ||
      g->n_words == VLS_GROUP_ROWS || device == NOBODY || vls_gr_row(g, said->id) != NULL ||
      !vls_gr_heads(g, &said->header, heads, lacks))
    r->bad = true;
  if (!r->bad) {
    g->next_number = number;
    vls_gr_row_add(g, said, heads, device, NO_ACT, heard);
  }
  free(said);
}

/* Its chains are missing until their rows come. */
static void load_epoch(vls_group *g, const vls_group_row *row, reader *r) {
  const gr_row *act = vls_gr_row(g, row->key);
  uint8_t root[32], flags;
  if (g->n_epochs == VLS_GROUP_EPOCHS || vls_gr_epoch(g, row->key) != NULL || act == NULL ||
      act->act == NO_ACT || !g->acts[act->act].has_commit) {
    r->bad = true;
    return;
  }
  uint32_t number = act->act;
  gr_epoch *e = vls_gr_epoch_new(g, row->key, 0);
  get(r, e->base, 32);
  get(r, e->core, 32);
  get(r, e->ephemeral, 32);
  get(r, e->confirm, 32);
  get(r, e->context, sizeof e->context);
  get(r, root, 32);
  e->act = number;
  e->depth = get32(r);
  flags = get8(r);
  e->fresh = (flags & 1) != 0;
  e->open = (flags & 2) != 0;
  e->split = (flags & 4) != 0;
  get(r, &e->keys, sizeof e->keys);
  e->born = e->seen = get64(r);
  vls_gr_roster_then(g, number, &e->roster);
  if (flags > 7 || r->in.n > 0 || memcmp(root, e->roster.root, 32) != 0) r->bad = true;
  if (r->bad) vls_gr_epoch_drop(g, e);
  if (r->bad) return;
  if (e->open) e->chains = vls_calloc(e->roster.n + 1, sizeof *e->chains);
  if (e->open) vls_gr_new_chains(e);
  e->new_facts = false;
}

static void load_use(reader *r, gr_epoch *e) {
  uint64_t seen = get64(r), records = get64(r);
  if (r->in.n > 0) r->bad = true;
  if (r->bad) return;
  e->seen = seen;
  e->records = records;
  e->new_use = false;
}

static void load_chains(reader *r, gr_epoch *e, uint32_t n) {
  size_t first = (size_t)n * CHAINS_ROW, last = first + CHAINS_ROW;
  if (last > e->roster.n) last = e->roster.n;
  if (e->chains == NULL || first >= last || r->in.n != (last - first) * 36) r->bad = true;
  for (size_t i = first; i < last && !r->bad; i++) {
    get(r, e->chains[i].ck, 32);
    e->chains[i].next = get32(r);
  }
  if (!r->bad) e->new_chains[n / 8] &= (uint8_t) ~(1u << (n % 8));
}

static void load_kept(reader *r, gr_epoch *e, uint32_t n) {
  size_t more = r->in.n / 44;
  if (e->chains == NULL || r->in.n % 44 != 0 || e->n_skipped + more > VLS_GROUP_KEEP) r->bad = true;
  if (e->skipped == NULL) e->skipped = vls_calloc(VLS_GROUP_KEEP, sizeof *e->skipped);
  for (size_t i = 0; i < more && !r->bad; i++) {
    gr_skipped *s = &e->skipped[e->n_skipped];
    s->number = get32(r);
    s->leaf = get32(r);
    s->generation = get32(r);
    get(r, s->mk, 32);
    if (s->number < e->next_skipped || s->number / KEPT_ROW != n) r->bad = true;
    if (r->bad) break;
    e->next_skipped = s->number + 1;
    e->n_skipped++;
  }
}

static void load_piece(vls_group *g, const vls_group_row *row, reader *r) {
  gr_epoch *e = vls_gr_epoch(g, row->key);
  uint32_t n = row->kind == ROW_USE ? 0 : vls_be32_get(row->key + 32);
  if (e == NULL)
    r->bad = true;
  else if (row->kind == ROW_USE)
    load_use(r, e);
  else if (row->kind == ROW_CHAINS)
    load_chains(r, e, n);
  else
    load_kept(r, e, n);
}

static void load_waiting(vls_group *g, const vls_group_row *row, reader *r) {
  uint8_t kind = get8(r), sign[32];
  gr_pending p = {.sealer = NOBODY, .number = vls_be64_get(row->key)};
  get(r, p.id, 32);
  get(r, sign, 32);
  get(r, p.lacks, 32);
  get(r, p.epoch, 32);
  p.leaf = get32(r);
  p.generation = get32(r);
  p.is_event = kind == 1;
  if (p.is_event) p.sealer = vls_gr_device(g, sign);
  if (p.is_event && p.sealer == NOBODY) p.sealer = LETTER;
  if (kind > 1 || g->n_pending == VLS_GROUP_PENDING || p.number == UINT64_MAX ||
      g->pending_bytes + r->in.n > VLS_GROUP_PENDING_BYTES)
    r->bad = true;
  if (r->bad) return;
  if (p.number >= g->next_number) g->next_number = p.number + 1;
  vls_buf_init(&p.bytes, r->in.n);
  vls_err err = vls_buf_put_slice(&p.bytes, r->in);
  VLS_ASSERT(err == VLS_OK);
  g->pending_bytes += r->in.n;
  g->pending[g->n_pending++] = p;
  r->in.n = 0;
}

static void load_wish(vls_group *g, const vls_group_row *row, reader *r) {
  if (g->n_wanted == VLS_GROUP_WANTED || vls_gr_row(g, row->key) != NULL) r->bad = true;
  if (r->bad) return;
  if (g->wanted == NULL) g->wanted = vls_calloc(VLS_GROUP_WANTED, 32);
  memcpy(g->wanted[g->n_wanted++], row->key, 32);
}

vls_group *vls_group_load_begin(const vls_group_me *me, const uint8_t id[32]) {
  vls_group *g = vls_gr_new(me);
  memcpy(g->id, id, 32);
  g->loading = g->noting = g->new_self = true;
  return g;
}

vls_err vls_group_load_row(vls_group *g, const vls_group_row *row) {
  static const uint8_t key_sizes[ROW_KINDS] = {
      [ROW_ACT] = 4,     [ROW_WORDS] = 8, [ROW_EPOCH] = 32, [ROW_USE] = 32,
      [ROW_CHAINS] = 36, [ROW_KEPT] = 36, [ROW_WAIT] = 8,   [ROW_WANT] = 32};
  reader r = {.in = row->value};
  VLS_ASSERT(g->loading && row->n_key <= VLS_GROUP_ROW_KEY);
  if (row->kind == 0 || row->kind >= ROW_KINDS || row->n_key != key_sizes[row->kind])
    return VLS_MALFORMED;
  switch (row->kind) {
  case ROW_SELF: load_self(g, &r); break;
  case ROW_ACT: load_act(g, row, &r); break;
  case ROW_WORDS: load_words(g, row, &r); break;
  case ROW_EPOCH: load_epoch(g, row, &r); break;
  case ROW_USE:
  case ROW_CHAINS:
  case ROW_KEPT: load_piece(g, row, &r); break;
  case ROW_WAIT: load_waiting(g, row, &r); break;
  default: load_wish(g, row, &r);
  }
  if (!r.bad && r.in.n == 0) return VLS_OK;
  if (row->kind == ROW_ACT && vls_be32_get(row->key) < VLS_ACTS_MAX)
    return VLS_MALFORMED; /* another one gets its number */
  g->loading = false;
  vls_gr_note(g, row->kind, row->key, row->n_key, true);
  g->loading = true;
  return VLS_MALFORMED;
}

/* Words that nobody names. */
static void find_last(vls_group *g) {
  bool *named = vls_calloc(g->n_rows + 1, sizeof *named);
  for (size_t i = 0; i < g->n_rows; i++)
    for (size_t k = 0; g->rows[i].used && k < g->rows[i].n_after; k++) {
      const gr_row *r = vls_gr_row(g, g->rows[i].after[k]);
      if (r != NULL) named[r - g->rows] = true;
    }
  free(g->last);
  g->last = vls_calloc(g->n_words + 1, 32);
  g->n_last = 0;
  for (size_t i = 0; i < g->n_rows; i++)
    if (g->rows[i].used && g->rows[i].act == NO_ACT && !named[i])
      memcpy(g->last[g->n_last++], g->rows[i].id, 32);
  free(named);
}

static bool lacks_chains(const gr_epoch *e) {
  for (size_t i = 0; i < sizeof e->new_chains; i++)
    if (e->new_chains[i] != 0) return true;
  return false;
}

/* What I said is here, and where I was is lost. */
static void catch_up(vls_group *g) {
  uint32_t me = vls_gr_device(g, g->me.device->pub);
  const gr_device *d = me == NOBODY ? NULL : &g->devices[me];
  if (d == NULL || d->n_seqs == 0) return;
  const gr_row *last = &g->rows[d->seqs[d->n_seqs - 1].row];
  if (last->seq > g->seq) vls_gr_overtaken(g, last);
}

vls_err vls_group_load_end(vls_group *g) {
  g->loading = false;
  g->misplaced = true;
  find_last(g);
  for (size_t i = g->n_epochs; i-- > 0;)
    if (lacks_chains(g->epochs[i])) vls_gr_epoch_drop(g, g->epochs[i]);
  catch_up(g);
  return g->n_acts == 0 && g->n_keys == 0 ? VLS_MALFORMED : VLS_OK;
}
