/* Records of a group: each device has a chain of message keys in each epoch (GROUP 5.8). */
#include "conv/group_int.h"
#include "crypto/kdf.h"
#include "crypto/pad.h"

static gr_chain *chain_of(const gr_epoch *e, uint32_t leaf) {
  return leaf < e->roster.n ? &e->chains[leaf] : NULL;
}

static const gr_skipped *find_skipped(const gr_epoch *e, uint32_t leaf, uint32_t generation) {
  for (size_t i = e->n_skipped; i-- > 0;)
    if (e->skipped[i].generation == generation && e->skipped[i].leaf == leaf) return &e->skipped[i];
  return NULL;
}

static vls_err message_key(const gr_opened *o, uint8_t ret_mk[32]) {
  const gr_chain *c = chain_of(o->epoch, o->leaf);
  if (c == NULL) return VLS_UNKNOWN;
  if (o->generation < c->next) {
    const gr_skipped *s = find_skipped(o->epoch, o->leaf, o->generation);
    if (s == NULL) return VLS_STALE;
    memcpy(ret_mk, s->mk, 32);
    return VLS_OK;
  }
  if (o->generation - c->next > VLS_GROUP_SKIP || o->generation == UINT32_MAX) return VLS_LIMITED;
  gr_chain copy = *c;
  for (; copy.next <= o->generation; copy.next++)
    vls_chain_step(copy.ck, ret_mk);
  vls_wipe(&copy, sizeof copy);
  return VLS_OK;
}

vls_err vls_gr_open(const vls_group *g, vls_slice record, gr_opened *ret, vls_buf *plain) {
  vls_group_head head;
  *ret = (gr_opened){0};
  for (size_t i = 0; i < g->n_epochs && ret->epoch == NULL; i++)
    if (g->epochs[i]->open && vls_group_look(&head, &g->epochs[i]->keys, record) == VLS_OK)
      ret->epoch = g->epochs[i];
  if (ret->epoch == NULL) return record.n < VLS_GROUP_EXTRA ? VLS_MALFORMED : VLS_UNKNOWN;
  ret->leaf = head.leaf;
  ret->generation = head.generation;
  vls_err err = message_key(ret, ret->mk);
  if (err != VLS_OK) return err;
  uint8_t *out = vls_buf_grow(plain, record.n - VLS_GROUP_EXTRA);
  return out == NULL ? VLS_TOO_BIG : vls_group_open(out, &ret->epoch->keys, ret->mk, record);
}

static void keep(gr_epoch *e, uint32_t leaf, uint32_t generation, const uint8_t mk[32]) {
  if (e->skipped == NULL) e->skipped = vls_calloc(VLS_GROUP_KEEP, sizeof *e->skipped);
  if (e->n_skipped == VLS_GROUP_KEEP) vls_gr_burn(e, e->skipped[0].leaf, e->skipped[0].generation);
  gr_skipped *s = &e->skipped[e->n_skipped++];
  *s = (gr_skipped){.leaf = leaf, .generation = generation, .number = e->next_skipped++};
  vls_gr_new_kept(e, s->number);
  memcpy(s->mk, mk, 32);
}

void vls_gr_burn(gr_epoch *e, uint32_t leaf, uint32_t generation) {
  const gr_skipped *s = find_skipped(e, leaf, generation);
  if (s == NULL) return;
  size_t at = (size_t)(s - e->skipped);
  vls_gr_new_kept(e, s->number);
  e->n_skipped--;
  memmove(e->skipped + at, e->skipped + at + 1, (e->n_skipped - at) * sizeof *e->skipped);
  vls_wipe(&e->skipped[e->n_skipped], sizeof *e->skipped);
}

void vls_gr_spend(gr_opened *o, bool keep_key) {
  gr_chain *c = chain_of(o->epoch, o->leaf);
  uint8_t mk[32];
  if (o->generation < c->next) {
    if (!keep_key) vls_gr_burn(o->epoch, o->leaf, o->generation);
  } else {
    vls_gr_new_chain(o->epoch, o->leaf);
    for (; c->next <= o->generation; c->next++) {
      vls_chain_step(c->ck, mk);
      if (c->next < o->generation || keep_key) keep(o->epoch, o->leaf, c->next, mk);
    }
  }
  vls_wipe(mk, sizeof mk);
  vls_wipe(o->mk, sizeof o->mk);
}

static vls_err seal_padded(gr_epoch *e, uint32_t leaf, vls_slice padded, vls_rng *rng,
                           vls_buf *record) {
  uint8_t mk[32], n24[VLS_N24];
  gr_chain *c = &e->chains[leaf];
  if (c->next == UINT32_MAX) return VLS_LIMITED;
  uint8_t *out = vls_buf_grow(record, padded.n + VLS_GROUP_EXTRA);
  if (out == NULL) return VLS_TOO_BIG;
  vls_group_head head = {leaf, c->next++};
  vls_chain_step(c->ck, mk);
  vls_gr_new_chain(e, leaf);
  vls_rng_bytes(rng, n24, sizeof n24);
  vls_group_seal(out, &e->keys, mk, head, n24, padded);
  vls_wipe(mk, sizeof mk);
  e->records++;
  e->new_use = true;
  return VLS_OK;
}

vls_err vls_gr_seal(vls_group *g, gr_epoch *e, const vls_group_said *said, vls_rng *rng,
                    vls_buf *record) {
  uint32_t leaf = vls_gr_leaf_of(&e->roster, vls_gr_device(g, g->me.device->pub));
  if (!e->open || e->split || leaf == NOBODY) return VLS_STATE;
  vls_buf plain;
  vls_buf_init(&plain, VLS_GROUP_RECORD_MAX);
  vls_group_where where = {g->id, g->me.identity, g->me.device->pub, e->roster.root};
  vls_err err = vls_group_write(&plain, said, &where);
  if (err == VLS_OK) err = vls_pad(&plain, VLS_GROUP_EXTRA);
  if (err == VLS_OK) err = seal_padded(e, leaf, vls_buf_slice(&plain), rng, record);
  vls_buf_done(&plain);
  return err;
}

void vls_gr_overtaken(vls_group *g, const gr_row *said) {
  uint64_t n = said->seq - g->seq;
  uint32_t me = vls_gr_device(g, g->me.device->pub);
  if (n > VLS_GROUP_SKIP / 2) n = VLS_GROUP_SKIP / 2; /* as far as others follow at once */
  for (size_t i = 0; i < g->n_epochs; i++) {
    const gr_epoch *e = g->epochs[i];
    uint32_t leaf = vls_gr_leaf_of(&e->roster, me);
    uint8_t mk[32];
    if (!e->open || leaf == NOBODY) continue;
    vls_gr_new_chain(g->epochs[i], leaf);
    for (uint64_t k = 0; k < n && e->chains[leaf].next < UINT32_MAX; k++, e->chains[leaf].next++)
      vls_chain_step(e->chains[leaf].ck, mk);
    vls_wipe(mk, sizeof mk);
  }
  g->seq = said->seq;
  memcpy(g->prev, said->id, 32);
  g->new_self = true;
}
