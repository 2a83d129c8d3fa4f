/* Events that no honest member would make, sealed as a member can. */
#ifndef VALISE_TESTS_GROUP_CRAFT_H
#define VALISE_TESTS_GROUP_CRAFT_H

#include "group_world.h"

#include "conv/group_int.h"

typedef struct craft {
  vls_group_said said;
  vls_buf bodies, record;
} craft;

static inline int craft_by_bytes(const void *a, const void *b) {
  return memcmp(a, b, 32);
}

/* The facts that an honest event of this member would have now; no items yet. */
static inline void craft_begin(craft *c, node *x) {
  uint32_t heads[VLS_GROUP_PARENTS];
  vls_group *g = x->group;
  vls_group_header *h = &c->said.header;
  *c = (craft){0};
  vls_buf_init(&c->bodies, 1 << 16);
  assert_non_null(vls_buf_grow(&c->bodies, 1 << 16)); /* its bytes stay where they are */
  c->bodies.n = 0;
  vls_buf_init(&c->record, VLS_GROUP_RECORD_MAX);
  *h = (vls_group_header){.suite = 1, .seq = g->seq + 1, .stamp = 1700000000000};
  memcpy(h->group, g->id, 32);
  memcpy(h->author, x->who.identity.pub, 32);
  memcpy(h->device, x->who.device.pub, 32);
  memcpy(h->prev, g->prev, 32);
  h->n_acts = vls_gr_newest_acts(g, heads, VLS_GROUP_PARENTS);
  for (size_t i = 0; i < h->n_acts; i++)
    memcpy(h->acts[i], g->rows[g->acts[heads[i]].row].id, 32);
  qsort(h->acts, h->n_acts, 32, craft_by_bytes);
  memcpy(h->roster, vls_gr_best(g, false)->roster.root, 32);
}

static inline void craft_done(craft *c) {
  vls_buf_done(&c->bodies);
  vls_buf_done(&c->record);
}

static inline void craft_item(craft *c, uint64_t kind, const vls_wire_def *def, const void *body) {
  size_t at = c->bodies.n;
  assert_int_equal(vls_wire_encode(def, body, &c->bodies), VLS_OK);
  c->said.items[c->said.n_items++] =
      (vls_item){kind, vls_slice_of(c->bodies.p + at, c->bodies.n - at)};
}

static inline void craft_text(craft *c, const char *words) {
  vls_item_text text = {.text = vls_slice_str(words)};
  craft_item(c, VLS_ITEM_TEXT, &vls_item_text_def, &text);
}

static inline void craft_seen(craft *c) {
  vls_act_seen seen = {.version = 1};
  craft_item(c, VLS_GROUP_SEEN, &vls_act_seen_def, &seen);
}

/* Signs and seals it under the best epoch of x, by the chain of x. */
static inline vls_slice craft_seal(craft *c, node *x) {
  vls_buf_clear(&c->record);
  assert_int_equal(vls_group_sign(&c->said, &x->who.device), VLS_OK);
  assert_int_equal(
      vls_gr_seal(x->group, vls_gr_best(x->group, false), &c->said, &x->rng, &c->record), VLS_OK);
  return vls_buf_slice(&c->record);
}

/* Sealed and heard by another. */
static inline vls_err craft_heard(craft *c, node *x, world *w, node *by) {
  vls_slice record = craft_seal(c, x);
  return vls_group_hear(by->group, record, w->now);
}

#endif
