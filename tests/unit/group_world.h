/* A group of many members in memory, over a network that delivers in any order, loses, and can be
 * cut in parts. What a real node's store and links would do is done here in the plainest way. */
#ifndef VALISE_TESTS_GROUP_WORLD_H
#define VALISE_TESTS_GROUP_WORLD_H

#include <stdio.h>
#include <stdlib.h>

#include "citizen_make.h"

#include "base/assert.h"
#include "conv/group.h"

enum { WORLD_MEMBERS = 64, WORLD_BYTES = 1 << 24 };

typedef struct blob {
  uint8_t id[32]; /* of the event, or hash of the record */
  vls_buf bytes;
} blob;

typedef struct blobs {
  blob *list;
  size_t n;
} blobs;

typedef struct wanted_wrap {
  uint8_t commit[32];
  uint32_t leaf;
} wanted_wrap;

typedef struct node {
  citizen who;
  vls_group *group;
  vls_group_me me;
  vls_dh_pair leaf; /* for joining */
  vls_rng rng;
  unsigned part; /* of the network */
  blobs records; /* held, in the order they came */
  blobs events;  /* verified */
  blobs sheets;  /* wraps of commits */
  wanted_wrap wraps[64];
  size_t n_wraps;
  size_t forks, splits, exchanges;
  bool left;
} node;

typedef struct world {
  node *nodes;
  size_t n;
  vls_rng rng;
  uint64_t now;
  bool hostile; /* not every record is an honest one */
  bool lossy;   /* half of what is sent gets lost; sync finds it */
  size_t sent, sent_bytes;
} world;

static inline bool blobs_have(const blobs *b, const uint8_t id[32]) {
  for (size_t i = 0; i < b->n; i++)
    if (memcmp(b->list[i].id, id, 32) == 0) return true;
  return false;
}

static inline const blob *blobs_find(const blobs *b, const uint8_t id[32]) {
  for (size_t i = 0; i < b->n; i++)
    if (memcmp(b->list[i].id, id, 32) == 0) return &b->list[i];
  return NULL;
}

static inline void blobs_add(blobs *b, const uint8_t id[32], vls_slice bytes) {
  if (blobs_have(b, id)) return;
  b->list = vls_realloc(b->list, (b->n + 1) * sizeof *b->list);
  blob *one = &b->list[b->n++];
  memcpy(one->id, id, 32);
  vls_buf_init(&one->bytes, bytes.n);
  assert_int_equal(vls_buf_put_slice(&one->bytes, bytes), VLS_OK);
}

static inline void blobs_done(blobs *b) {
  for (size_t i = 0; i < b->n; i++)
    vls_buf_done(&b->list[i].bytes);
  free(b->list);
}

static inline node *world_at(world *w, size_t i) {
  return &w->nodes[i];
}

static inline node *world_device(world *w, const uint8_t sign[32]) {
  for (size_t i = 0; i < w->n; i++)
    if (memcmp(w->nodes[i].who.device.pub, sign, 32) == 0) return &w->nodes[i];
  return NULL;
}

static inline vls_group_rules world_rules(void) {
  return (vls_group_rules){.name = vls_slice_str("Sister cities"), .admit = 3, .post = 1};
}

static inline void world_make(world *w, size_t n, uint8_t seed) {
  uint8_t bytes[32] = {seed, 77};
  *w = (world){.n = n, .now = 1700000000000};
  w->nodes = vls_calloc(n, sizeof *w->nodes);
  vls_rng_init(&w->rng, bytes);
  for (size_t i = 0; i < n; i++) {
    node *x = &w->nodes[i];
    citizen_make(&x->who, (uint8_t)(i + 1));
    bytes[2] = (uint8_t)i;
    vls_rng_init(&x->rng, bytes);
    x->me = (vls_group_me){x->who.identity.pub, &x->who.device, vls_buf_slice(&x->who.cert)};
  }
}

static inline void world_end(world *w) {
  for (size_t i = 0; i < w->n; i++) {
    node *x = &w->nodes[i];
    vls_group_free(x->group);
    citizen_end(&x->who);
    blobs_done(&x->records);
    blobs_done(&x->events);
    blobs_done(&x->sheets);
  }
  free(w->nodes);
}

static inline void world_hear(world *w, node *x, vls_slice record) {
  uint8_t id[32];
  vls_sha256(id, record);
  if (blobs_have(&x->records, id)) return;
  blobs_add(&x->records, id, record);
  if (x->group == NULL) return;
  vls_err err = vls_group_hear(x->group, record, w->now);
  if (err != VLS_OK && err != VLS_AGAIN && err != VLS_DUPLICATE && err != VLS_STALE &&
      err != VLS_LIMITED && !w->hostile)
    fail_msg("a record was refused: %s", vls_err_name(err));
}

/* The wrap of one leaf, from whoever has all of them. */
static inline bool world_wrap(const node *from, const uint8_t commit[32], uint32_t leaf,
                              uint8_t ret[48]) {
  const blob *sheet = blobs_find(&from->sheets, commit);
  if (sheet == NULL || (leaf + 1u) * 48 > sheet->bytes.n) return false;
  memcpy(ret, sheet->bytes.p + leaf * 48, 48);
  return true;
}

static inline bool world_fetch_wrap(world *w, node *x, const node *from, const wanted_wrap *want) {
  vls_group_wrap wrap = {.leaf = want->leaf};
  vls_buf bytes;
  memcpy(wrap.commit, want->commit, 32);
  if (!world_wrap(from, want->commit, want->leaf, wrap.wrap)) return false;
  vls_buf_init(&bytes, vls_group_wrap_def.max_bytes);
  assert_int_equal(vls_wire_encode(&vls_group_wrap_def, &wrap, &bytes), VLS_OK);
  vls_err err = vls_group_hear_wrap(x->group, vls_buf_slice(&bytes), w->now);
  vls_buf_done(&bytes);
  blobs_add(&x->sheets, want->commit,
            vls_buf_slice(&blobs_find(&from->sheets, want->commit)->bytes));
  return err != VLS_STATE;
}

static inline void world_polled(world *w, node *x);

/* An event for one member alone. */
static inline void world_letter(world *w, node *from, node *to, const blob *event) {
  vls_buf letter;
  vls_buf_init(&letter, vls_group_mail_def.max_bytes);
  if (vls_group_letter(from->group, vls_buf_slice(&event->bytes), to->who.device.pub, &from->rng,
                       &letter) == VLS_OK) {
    vls_err err = vls_group_hear_letter(to->group, vls_buf_slice(&letter), w->now);
    assert_true(err == VLS_OK || err == VLS_AGAIN || err == VLS_DUPLICATE || err == VLS_NOT_FOUND);
  }
  vls_buf_done(&letter);
}

/* All that they lack and may have. */
static inline void world_letters(world *w, node *from, node *to) {
  for (size_t i = 0; i < from->events.n; i++)
    if (!blobs_have(&to->events, from->events.list[i].id))
      world_letter(w, from, to, &from->events.list[i]);
  world_polled(w, to);
}

static inline void world_newcomer(world *w, node *from, const vls_group_told *t) {
  node *to = world_device(w, t->device);
  if (to == NULL || to->part != from->part) return;
  if (to->group == NULL) to->group = vls_group_join(&to->me, vls_group_id(from->group), &to->leaf);
  world_letters(w, from, to);
}

static inline void world_told(world *w, node *x, vls_group_told *t) {
  switch (t->kind) {
  case VLS_TOLD_EVENT: blobs_add(&x->events, t->id, vls_buf_slice(&t->bytes)); break;
  case VLS_TOLD_RECORD:
    w->sent++;
    w->sent_bytes += t->bytes.n;
    {
      uint8_t id[32];
      vls_sha256(id, vls_buf_slice(&t->bytes));
      blobs_add(&x->records, id, vls_buf_slice(&t->bytes));
    }
    for (size_t i = 0; i < w->n; i++) {
      node *y = &w->nodes[i];
      if (y == x || y->group == NULL || y->part != x->part) continue;
      if (w->lossy && vls_rng_below(&w->rng, 2) == 0) continue;
      world_hear(w, y, vls_buf_slice(&t->bytes));
    }
    break;
  case VLS_TOLD_WRAPS: blobs_add(&x->sheets, t->id, vls_buf_slice(&t->bytes)); break;
  case VLS_TOLD_NEWCOMER: world_newcomer(w, x, t); break;
  case VLS_TOLD_WANT_WRAP:
    if (x->n_wraps < 64) {
      memcpy(x->wraps[x->n_wraps].commit, t->id, 32);
      x->wraps[x->n_wraps++].leaf = t->leaf;
    }
    break;
  case VLS_TOLD_SPLIT: x->splits++; break;
  case VLS_TOLD_FORK: x->forks++; break;
  case VLS_TOLD_EPOCH:
  case VLS_TOLD_JUDGED: break;
  }
}

static inline void world_polled(world *w, node *x) {
  vls_group_told t;
  while (x->group != NULL && vls_group_poll(x->group, &t)) {
    world_told(w, x, &t);
    vls_buf_done(&t.bytes);
  }
}

static inline void world_wraps_from(world *w, node *x, const node *from) {
  for (size_t k = 0; k < x->n_wraps;) {
    if (world_fetch_wrap(w, x, from, &x->wraps[k]))
      x->wraps[k] = x->wraps[--x->n_wraps];
    else
      k++;
  }
}

/* Everything that is to be told, everywhere; wraps are fetched from whoever is in reach. */
static inline void world_settle(world *w) {
  for (unsigned round = 0; round < 4; round++)
    for (size_t i = 0; i < w->n; i++) {
      node *x = &w->nodes[i];
      world_polled(w, x);
      for (size_t k = 0; k < w->n && x->n_wraps > 0 && x->group != NULL; k++)
        if (w->nodes[k].part == x->part && k != i) world_wraps_from(w, x, &w->nodes[k]);
      world_polled(w, x);
    }
}

/* One exchange: `to` gets the records it lacks in any order, letters for what it cannot open, and
 * the wraps it wants. */
static inline void world_exchange(world *w, node *to, node *from) {
  if (to->group == NULL || from->group == NULL) return;
  to->exchanges++;
  size_t n = from->records.n, start = n == 0 ? 0 : (size_t)vls_rng_below(&w->rng, n);
  for (size_t i = 0; i < n; i++)
    world_hear(w, to, vls_buf_slice(&from->records.list[(start + i * 7919) % n].bytes));
  for (size_t i = 0; i < n; i++) /* 7919 may divide n */
    world_hear(w, to, vls_buf_slice(&from->records.list[i].bytes));
  for (unsigned round = 0; round < 6; round++) {
    world_polled(w, to);
    world_wraps_from(w, to, from);
  }
  world_letters(w, from, to);
  for (unsigned round = 0; round < 6; round++) {
    world_polled(w, to);
    world_wraps_from(w, to, from);
  }
}

/* Each asks another who is in reach, so often. */
static inline void world_sync(world *w, unsigned rounds) {
  for (unsigned r = 0; r < rounds; r++)
    for (size_t i = 0; i < w->n; i++) {
      node *x = &w->nodes[i], *y = &w->nodes[vls_rng_below(&w->rng, w->n)];
      if (x != y && x->part == y->part) world_exchange(w, x, y);
      world_settle(w);
    }
}

/* Who cannot get into the epoch of the others makes a new leaf, and one of them announces it. */
static inline void world_unstick(world *w) {
  for (size_t i = 0; i < w->n; i++) {
    node *x = &w->nodes[i], *by = NULL;
    if (x->group == NULL || x->left || !vls_group_is_stuck(x->group)) continue;
    for (size_t k = 0; k < w->n && by == NULL; k++) {
      node *y = &w->nodes[k];
      if (y != x && y->group != NULL && !y->left && y->part == x->part &&
          !vls_group_is_stuck(y->group))
        by = y;
    }
    if (by == NULL) continue;
    vls_buf bytes;
    vls_act_leaf leaf;
    vls_buf_init(&bytes, 1024);
    assert_int_equal(vls_group_renew(x->group, &x->rng, w->now, &bytes, &leaf), VLS_OK);
    assert_int_equal(vls_group_announce(by->group, &leaf, &by->rng, w->now), VLS_OK);
    vls_buf_done(&bytes);
    world_settle(w);
    world_exchange(w, x, by);
    world_settle(w);
  }
}

/* Whose turn it is, heals; until nobody's is. */
static inline unsigned world_heal(world *w) {
  unsigned commits = 0;
  for (unsigned round = 0; round < 50; round++) {
    node *first = NULL;
    world_unstick(w);
    uint64_t soonest = VLS_NEVER;
    for (size_t i = 0; i < w->n; i++) {
      node *x = &w->nodes[i];
      if (x->group == NULL || x->left) continue;
      uint64_t due = vls_group_due(x->group, w->now, (uint16_t)vls_rng_below(&w->rng, 65536));
      if (due < soonest) first = x, soonest = due;
    }
    if (first == NULL) return commits;
    w->now += soonest;
    assert_int_equal(vls_group_heal(first->group, &first->rng, w->now), VLS_OK);
    commits++;
    world_settle(w);
  }
  fail_msg("commits without end");
  return commits;
}

static inline void world_found(world *w) {
  node *f = &w->nodes[0];
  vls_group_rules rules = world_rules();
  assert_int_equal(vls_group_found(&f->group, &f->me, &rules, &f->rng, w->now), VLS_OK);
  world_polled(w, f);
}

/* What a newcomer, or who comes back, hands to the member who lets them in. */
static inline vls_act_admit world_request(world *w, const node *by, node *x, vls_buf *leaf) {
  vls_act_admit admit = {0};
  vls_act_leaf again;
  vls_buf_init(leaf, 1024);
  memcpy(admit.who, x->who.identity.pub, 32);
  if (x->group != NULL) {
    assert_int_equal(vls_group_renew(x->group, &x->rng, w->now, leaf, &again), VLS_OK);
  } else {
    vls_dh_new(&x->leaf, &x->rng);
    assert_int_equal(vls_group_leaf_make(leaf, &x->who.device, vls_group_id(by->group),
                                         x->who.identity.pub, w->now, x->leaf.pub),
                     VLS_OK);
  }
  assert_int_equal(vls_signed_parse(&admit.leaf, vls_buf_slice(leaf)), VLS_OK);
  assert_int_equal(vls_signed_parse(&admit.cert, x->me.cert), VLS_OK);
  return admit;
}

static inline vls_err world_admit(world *w, node *by, node *x) {
  vls_buf leaf;
  vls_act_admit admit = world_request(w, by, x, &leaf);
  w->now += 1000;
  vls_err err = vls_group_admit(by->group, &admit, &by->rng, w->now);
  vls_buf_done(&leaf);
  world_settle(w);
  return err;
}

/* The founder lets in all others. */
static inline void world_fill(world *w) {
  world_found(w);
  for (size_t i = 1; i < w->n; i++)
    assert_int_equal(world_admit(w, &w->nodes[0], &w->nodes[i]), VLS_OK);
}

static inline vls_err world_say(world *w, node *x, const char *words, uint8_t id[32]) {
  vls_buf body;
  vls_item_text text = {.text = vls_slice_str(words)};
  vls_buf_init(&body, 4096);
  assert_int_equal(vls_wire_encode(&vls_item_text_def, &text, &body), VLS_OK);
  vls_item item = {VLS_ITEM_TEXT, vls_buf_slice(&body)};
  w->now += 1000;
  vls_err err = vls_group_say(x->group, &item, 1, &x->rng, w->now, id);
  vls_buf_done(&body);
  world_settle(w);
  return err;
}

static inline bool world_has(const node *x, const uint8_t id[32]) {
  return blobs_have(&x->events, id);
}

static inline vls_err world_set(world *w, size_t by, size_t who, uint8_t level) {
  node *x = &w->nodes[by];
  w->now += 1000;
  vls_err err = vls_group_set(x->group, w->nodes[who].who.identity.pub, level, (vls_slice){0},
                              &x->rng, w->now);
  world_settle(w);
  return err;
}

static inline vls_err world_remove(world *w, size_t by, size_t who) {
  node *x = &w->nodes[by];
  w->now += 1000;
  vls_err err = vls_group_remove(x->group, w->nodes[who].who.identity.pub, vls_slice_str("spam"),
                                 &x->rng, w->now);
  world_settle(w);
  return err;
}

/* Both see the same of everything that must converge. */
static inline void world_alike(node *a, node *b, bool history) {
  uint8_t x[2][32];
  vls_group_root(a->group, x[0]);
  vls_group_root(b->group, x[1]);
  assert_memory_equal(x[0], x[1], 32);
  uint8_t(*m)[32] = vls_calloc(2 * VLS_GROUP_CITIZENS, 32);
  size_t n = vls_group_members(a->group, m);
  assert_int_equal(n, vls_group_members(b->group, m + VLS_GROUP_CITIZENS));
  assert_memory_equal(m, m + VLS_GROUP_CITIZENS, n * 32);
  for (size_t i = 0; i < n; i++)
    assert_int_equal(vls_group_level(a->group, m[i]), vls_group_level(b->group, m[i]));
  free(m);
  vls_group_rules rules[2];
  vls_buf names[2];
  for (size_t i = 0; i < 2; i++) {
    vls_buf_init(&names[i], VLS_NAME_MAX);
    assert_int_equal(vls_group_rules_now((i == 0 ? a : b)->group, &rules[i], &names[i]), VLS_OK);
  }
  assert_true(vls_slice_eq(rules[0].name, rules[1].name));
  assert_true(rules[0].admit == rules[1].admit && rules[0].post == rules[1].post);
  vls_buf_done(&names[0]);
  vls_buf_done(&names[1]);
  bool ok = vls_group_epoch(a->group, x[0]);
  assert_int_equal(ok, vls_group_epoch(b->group, x[1]));
  if (ok) assert_memory_equal(x[0], x[1], 32);
  if (!history) return;
  vls_group_line *la, *lb;
  n = vls_group_history(a->group, &la);
  assert_int_equal(n, vls_group_history(b->group, &lb));
  for (size_t i = 0; i < n; i++) {
    assert_memory_equal(la[i].id, lb[i].id, 32);
    assert_true(la[i].hour == lb[i].hour && la[i].depth == lb[i].depth);
    assert_int_equal(vls_group_judge(a->group, la[i].id), vls_group_judge(b->group, la[i].id));
  }
  free(la);
  free(lb);
}

static inline void world_all_alike(world *w, bool history) {
  node *first = NULL;
  for (size_t i = 0; i < w->n; i++) {
    node *x = &w->nodes[i];
    if (x->group == NULL || x->left) continue;
    if (first != NULL) world_alike(first, x, history);
    first = x;
  }
}

#endif
