/* The state of a group as rows for the store, those that changed since the last time.
 *
 *   kind, key                  what it holds                                     changes
 *   SELF                       own seq and prev, leaf keys (secret)              with what I say
 *   ACT    its number          when it was heard, the event in full              never: appended
 *   WORDS  as they came        their place in the graph, without what they say   never: the oldest
 * go EPOCH  its id              facts and keys (secret)                           when it opens USE
 * the epoch           when it was the best, how many records            with each record CHAINS the
 * epoch, n        chains of leaves 16 n to 16 n + 15 (secret)       with each record KEPT   the
 * epoch, n        keys passed over, 64 n to 64 n + 63 (secret)      out of order WAIT   as they
 * came        a record or event that waits                      come and go WANT   the event's id
 * named by others and not here                      come and go
 *
 * Levels, rosters and order are computed from the acts when they are loaded, and so is the table of
 * citizens and devices. */
#include "conv/group_int.h"

static const vls_group_part parts[ROW_KINDS] = {
    [ROW_SELF] = VLS_GROUP_PART_STATE,  [ROW_ACT] = VLS_GROUP_PART_CLEAR,
    [ROW_WORDS] = VLS_GROUP_PART_CLEAR, [ROW_EPOCH] = VLS_GROUP_PART_STATE,
    [ROW_USE] = VLS_GROUP_PART_CLEAR,   [ROW_CHAINS] = VLS_GROUP_PART_STATE,
    [ROW_KEPT] = VLS_GROUP_PART_KEPT,   [ROW_WAIT] = VLS_GROUP_PART_CLEAR,
    [ROW_WANT] = VLS_GROUP_PART_CLEAR,
};

/* What came and went */

void vls_gr_note(vls_group *g, uint8_t kind, const void *key, size_t n_key, bool is_gone) {
  if (!g->noting || g->loading) return;
  if (g->n_notes == g->cap_notes) {
    g->cap_notes = g->cap_notes == 0 ? 16 : g->cap_notes * 2;
    g->notes = vls_realloc(g->notes, g->cap_notes * sizeof *g->notes);
  }
  gr_note *note = &g->notes[g->n_notes++];
  *note = (gr_note){.kind = kind, .n_key = (uint8_t)n_key, .is_gone = is_gone, .row = NO_ROW};
  memcpy(note->key, key, n_key);
}

void vls_gr_note_number(vls_group *g, uint8_t kind, uint64_t number, uint32_t row, bool is_gone) {
  uint8_t key[8];
  vls_be64_put(key, number);
  vls_gr_note(g, kind, key, sizeof key, is_gone);
  if (g->noting && !g->loading) g->notes[g->n_notes - 1].row = row;
}

static void note_piece(vls_group *g, uint8_t kind, const gr_epoch *e, uint32_t n) {
  uint8_t key[36];
  memcpy(key, e->id, 32);
  vls_be32_put(key + 32, n);
  vls_gr_note(g, kind, key, sizeof key, true);
}

void vls_gr_note_dropped(vls_group *g, const gr_epoch *e) {
  vls_gr_note(g, ROW_EPOCH, e->id, 32, true);
  vls_gr_note(g, ROW_USE, e->id, 32, true);
  for (uint32_t i = 0; e->chains != NULL && i * CHAINS_ROW < e->roster.n; i++)
    note_piece(g, ROW_CHAINS, e, i);
  for (size_t i = 0; i < e->n_skipped; i++)
    if (i == 0 || e->skipped[i].number / KEPT_ROW != e->skipped[i - 1].number / KEPT_ROW)
      note_piece(g, ROW_KEPT, e, e->skipped[i].number / KEPT_ROW);
  for (size_t i = 0; i < e->n_new_kept; i++)
    note_piece(g, ROW_KEPT, e, e->new_kept[i]);
}

void vls_gr_new_chain(gr_epoch *e, uint32_t leaf) {
  e->new_chains[leaf / CHAINS_ROW / 8] |= (uint8_t)(1u << (leaf / CHAINS_ROW % 8));
}

void vls_gr_new_chains(gr_epoch *e) {
  e->new_facts = true;
  for (uint32_t leaf = 0; leaf < e->roster.n; leaf += CHAINS_ROW)
    vls_gr_new_chain(e, leaf);
}

void vls_gr_new_kept(gr_epoch *e, uint32_t number) {
  for (size_t i = e->n_new_kept; i-- > 0;)
    if (e->new_kept[i] == number / KEPT_ROW) return;
  e->new_kept = vls_realloc(e->new_kept, (e->n_new_kept + 1) * sizeof *e->new_kept);
  e->new_kept[e->n_new_kept++] = number / KEPT_ROW;
}

void vls_group_change_all(vls_group *g) {
  g->noting = g->new_self = true;
  g->n_notes = g->at_note = g->n_acts_saved = 0;
  for (uint32_t i = 0; i < g->n_rows; i++)
    if (g->rows[i].used && g->rows[i].act == NO_ACT)
      vls_gr_note_number(g, ROW_WORDS, g->rows[i].number, i, false);
  for (size_t i = 0; i < g->n_pending; i++)
    vls_gr_note_number(g, ROW_WAIT, g->pending[i].number, NO_ROW, false);
  for (size_t i = 0; i < g->n_wanted; i++)
    vls_gr_note(g, ROW_WANT, g->wanted[i], 32, false);
  for (size_t i = 0; i < g->n_epochs; i++) {
    gr_epoch *e = g->epochs[i];
    e->new_facts = e->new_use = true;
    if (e->chains != NULL) vls_gr_new_chains(e);
    for (size_t k = 0; k < e->n_skipped; k++)
      vls_gr_new_kept(e, e->skipped[k].number);
  }
}

/* Writing: a row has at most VLS_GROUP_ROW_MAX bytes, which the buffer takes. */

static void put(vls_buf *out, const void *p, size_t n) {
  vls_err err = n > 0 ? vls_buf_put(out, p, n) : VLS_OK;
  VLS_ASSERT(err == VLS_OK);
}
static void put8(vls_buf *out, size_t v) {
  uint8_t b = (uint8_t)v;
  put(out, &b, 1);
}
static void put32(vls_buf *out, uint32_t v) {
  uint8_t b[4];
  vls_be32_put(b, v);
  put(out, b, 4);
}
static void put64(vls_buf *out, uint64_t v) {
  uint8_t b[8];
  vls_be64_put(b, v);
  put(out, b, 8);
}

static void put_self(const vls_group *g, vls_buf *out) {
  put64(out, g->seq);
  put(out, g->prev, 32);
  put32(out, (uint32_t)g->n_keys);
  for (size_t i = 0; i < g->n_keys; i++) {
    put(out, g->keys[i].pair.priv, 32);
    put64(out, g->keys[i].made);
  }
}

static void put_words(const vls_group *g, const gr_row *r, vls_buf *out) {
  put(out, r->id, 32);
  put(out, r->prev, 32);
  put(out, g->devices[r->device].sign, 32);
  put64(out, r->seq);
  put64(out, r->stamp);
  put64(out, r->heard);
  put8(out, r->n_heads);
  for (size_t i = 0; i < r->n_heads; i++)
    put(out, g->rows[g->acts[r->heads[i]].row].id, 32);
  put8(out, r->n_after);
  put(out, r->after, (size_t)r->n_after * 32);
}

static void put_epoch(const gr_epoch *e, vls_buf *out) {
  put(out, e->base, 32);
  put(out, e->core, 32);
  put(out, e->ephemeral, 32);
  put(out, e->confirm, 32);
  put(out, e->context, sizeof e->context);
  put(out, e->roster.root, 32);
  put32(out, e->depth);
  put8(out, (e->fresh ? 1u : 0) | (e->open ? 2u : 0) | (e->split ? 4u : 0));
  put(out, &e->keys, sizeof e->keys); /* bytes alone */
  put64(out, e->born);
}

static void put_chains(const gr_epoch *e, uint32_t n, vls_buf *out) {
  for (size_t i = n * CHAINS_ROW; i < (n + 1) * CHAINS_ROW && i < e->roster.n; i++) {
    put(out, e->chains[i].ck, 32);
    put32(out, e->chains[i].next);
  }
}

static void put_kept(const gr_epoch *e, uint32_t n, vls_buf *out) {
  for (size_t i = 0; i < e->n_skipped; i++) {
    const gr_skipped *s = &e->skipped[i];
    if (s->number / KEPT_ROW != n) continue;
    put32(out, s->number);
    put32(out, s->leaf);
    put32(out, s->generation);
    put(out, s->mk, 32);
  }
}

static void put_waiting(const vls_group *g, const gr_pending *p, vls_buf *out) {
  bool known = p->sealer < g->n_devices;
  put8(out, p->is_event ? 1 : 0);
  put(out, p->id, 32);
  put(out, known ? g->devices[p->sealer].sign : g->id, 32);
  put(out, p->lacks, 32);
  put(out, p->epoch, 32);
  put32(out, p->leaf);
  put32(out, p->generation);
  put(out, p->bytes.p, p->bytes.n);
}

/* Which comes next */

static bool give(vls_group_row *ret, uint8_t kind, const void *key, size_t n_key, bool is_gone) {
  *ret = (vls_group_row){.kind = kind, .part = parts[kind], .is_gone = is_gone, .n_key = n_key};
  if (n_key > 0) memcpy(ret->key, key, n_key);
  return true;
}

static bool give_piece(vls_group_row *ret, uint8_t kind, const gr_epoch *e, uint32_t n) {
  give(ret, kind, e->id, 32, false);
  vls_be32_put(ret->key + 32, n);
  ret->n_key = 36;
  return true;
}

static bool put_noted(const vls_group *g, const gr_note *note, vls_buf *out) {
  uint64_t number = vls_be64_get(note->key);
  if (note->kind == ROW_WORDS) {
    const gr_row *r = &g->rows[note->row];
    bool there = r->used && r->act == NO_ACT && r->number == number;
    if (there) put_words(g, r, out);
    return there;
  }
  if (note->kind != ROW_WAIT) return true;
  for (size_t i = 0; i < g->n_pending; i++)
    if (g->pending[i].number == number) {
      put_waiting(g, &g->pending[i], out);
      return true;
    }
  return false; /* it went before anybody asked */
}

static bool next_noted(vls_group *g, vls_group_row *ret, vls_buf *out) {
  while (g->at_note < g->n_notes) {
    const gr_note *note = &g->notes[g->at_note++];
    if (note->is_gone || put_noted(g, note, out))
      return give(ret, note->kind, note->key, note->n_key, note->is_gone);
  }
  g->n_notes = g->at_note = 0;
  return false;
}

static bool next_act(vls_group *g, vls_group_row *ret, vls_buf *out) {
  uint8_t key[4];
  if (g->acts_held > g->n_acts) {
    vls_be32_put(key, (uint32_t)--g->acts_held);
    return give(ret, ROW_ACT, key, sizeof key, true);
  }
  if (g->n_acts_saved == g->n_acts) return false;
  const gr_act *act = &g->acts[g->n_acts_saved];
  vls_be32_put(key, (uint32_t)g->n_acts_saved++);
  if (g->acts_held < g->n_acts_saved) g->acts_held = g->n_acts_saved;
  put64(out, g->rows[act->row].heard);
  put(out, act->bytes.p, act->bytes.n);
  return give(ret, ROW_ACT, key, sizeof key, false);
}

static bool next_of_epoch(gr_epoch *e, vls_group_row *ret, vls_buf *out) {
  if (e->new_facts) {
    e->new_facts = false;
    put_epoch(e, out);
    return give(ret, ROW_EPOCH, e->id, 32, false);
  }
  if (e->new_use) {
    e->new_use = false;
    put64(out, e->seen);
    put64(out, e->records);
    return give(ret, ROW_USE, e->id, 32, false);
  }
  for (uint32_t n = 0; n < sizeof e->new_chains * 8; n++) {
    if ((e->new_chains[n / 8] >> (n % 8) & 1) == 0) continue;
    e->new_chains[n / 8] &= (uint8_t) ~(1u << (n % 8));
    put_chains(e, n, out);
    return give_piece(ret, ROW_CHAINS, e, n);
  }
  if (e->n_new_kept == 0) return false;
  uint32_t n = e->new_kept[--e->n_new_kept];
  put_kept(e, n, out);
  give_piece(ret, ROW_KEPT, e, n);
  ret->is_gone = out->n == 0;
  return true;
}

static bool next(vls_group *g, vls_group_row *ret, vls_buf *out) {
  if (next_noted(g, ret, out) || next_act(g, ret, out)) return true;
  if (g->new_self) {
    g->new_self = false;
    put_self(g, out);
    return give(ret, ROW_SELF, NULL, 0, false);
  }
  for (size_t i = 0; i < g->n_epochs; i++)
    if (next_of_epoch(g->epochs[i], ret, out)) return true;
  return false;
}

bool vls_group_changed(vls_group *g, vls_group_row *ret, vls_buf *value) {
  if (!g->noting) vls_group_change_all(g);
  vls_buf_clear(value);
  bool found = next(g, ret, value);
  if (found) ret->value = vls_buf_slice(value);
  return found;
}
