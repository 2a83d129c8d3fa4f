#include "carry/compare.h"

#include <stdlib.h>

#include "base/assert.h"
#include "crypto/kdf.h"

enum {
  TURN_OPEN = 1,
  TURN_ANSWER = 2,
  TURN_SAME = 3,
  TURN_UNKNOWN = 4,
  TURN_ON = 5,
  ID = VLS_NEG_ID,
  SETTLED_MAX = 2 * VLS_COMPARE_DIFFERENCES,
};

typedef struct record {
  uint8_t blinded[ID];
  uint64_t n;
} record;

struct vls_compare {
  uint8_t hash[32];
  record *records; /* ascending by blinded id once they are sorted */
  size_t n_records, cap_records;
  vls_neg_item *items; /* the same, for negentropy; NULL: to be sorted */
  uint64_t since, upto;
  bool opened;     /* mine waits for an answer */
  bool loaded;     /* the set answers the rounds of their comparison */
  bool was_same;   /* nothing was said in my last answer */
  unsigned rounds; /* of mine */
  vls_neg_found found;
  record *give; /* ascending by number */
  size_t n_give, at_give;
  uint8_t (*want)[ID]; /* ascending */
  bool *came;
  size_t n_want, at_want, n_came;
  uint8_t (*settled)[ID]; /* handed out or asked for over this link; ascending up to n_sorted */
  size_t n_settled, n_sorted, cap_settled;
};

static int by_id(const void *a, const void *b) {
  return memcmp(a, b, ID); /* the blinded id of a record stands first */
}

static void blind(const vls_compare *c, const uint8_t id[32], uint8_t ret[ID]) {
  vls_blake2b(ret, ID, vls_slice_of(id, 32), vls_slice_of(c->hash, sizeof c->hash));
}

static void drop_found(vls_compare *c) {
  vls_buf_clear(&c->found.have);
  vls_buf_clear(&c->found.need);
  free(c->give);
  free(c->want);
  free(c->came);
  c->give = NULL;
  c->want = NULL;
  c->came = NULL;
  c->n_give = c->at_give = c->n_want = c->at_want = c->n_came = 0;
}

vls_compare *vls_compare_new(const uint8_t hash[32]) {
  vls_compare *c = vls_calloc(1, sizeof *c);
  memcpy(c->hash, hash, sizeof c->hash);
  vls_buf_init(&c->found.have, (size_t)VLS_COMPARE_RECORDS * ID);
  vls_buf_init(&c->found.need, (size_t)VLS_COMPARE_DIFFERENCES * ID + VLS_NEG_MESSAGE_MAX);
  return c;
}

void vls_compare_free(vls_compare *c) {
  if (c == NULL) return;
  drop_found(c);
  vls_buf_done(&c->found.have);
  vls_buf_done(&c->found.need);
  free(c->records);
  free(c->items);
  free(c->settled);
  free(c);
}

/* The set */

void vls_compare_clear(vls_compare *c, uint64_t since) {
  free(c->records);
  free(c->items);
  c->records = NULL;
  c->items = NULL;
  c->n_records = c->cap_records = 0;
  c->since = c->upto = since;
  c->loaded = c->opened = false;
  drop_found(c);
}

vls_err vls_compare_add(vls_compare *c, const uint8_t id[32], uint64_t n) {
  if (c->n_records == VLS_COMPARE_RECORDS) return VLS_LIMITED;
  if (c->n_records == c->cap_records) {
    c->cap_records = c->cap_records == 0 ? 64 : c->cap_records * 2;
    c->records = vls_realloc(c->records, c->cap_records * sizeof *c->records);
  }
  record *r = &c->records[c->n_records++];
  blind(c, id, r->blinded);
  r->n = n;
  if (n > c->upto) c->upto = n;
  free(c->items);
  c->items = NULL;
  return VLS_OK;
}

uint64_t vls_compare_upto(const vls_compare *c) {
  return c->upto;
}

static vls_neg_set sorted(vls_compare *c) {
  if (c->items == NULL) {
    if (c->n_records > 0) qsort(c->records, c->n_records, sizeof *c->records, by_id);
    c->items = vls_calloc(c->n_records + 1, sizeof *c->items);
    for (size_t i = 0; i < c->n_records; i++)
      memcpy(c->items[i].id, c->records[i].blinded, ID);
  }
  return (vls_neg_set){c->items, c->n_records, VLS_COMPARE_MESSAGE};
}

vls_err vls_compare_find(const vls_compare *c, const uint8_t blinded[32], uint64_t *ret_n) {
  if (c->items == NULL || c->n_records == 0) return VLS_NOT_FOUND;
  const record *r = bsearch(blinded, c->records, c->n_records, sizeof *c->records, by_id);
  if (r == NULL) return VLS_NOT_FOUND;
  *ret_n = r->n;
  return VLS_OK;
}

/* What was settled */

static bool is_settled(const vls_compare *c, const uint8_t blinded[ID]) {
  return c->n_sorted > 0 && bsearch(blinded, c->settled, c->n_sorted, ID, by_id) != NULL;
}

/* Beyond the limit all is forgotten, and comes up as a difference once more. */
static void settle(vls_compare *c, const uint8_t blinded[ID]) {
  if (c->n_settled == SETTLED_MAX) c->n_settled = c->n_sorted = 0;
  if (c->n_settled == c->cap_settled) {
    c->cap_settled = c->cap_settled == 0 ? 64 : c->cap_settled * 2;
    c->settled = vls_realloc(c->settled, c->cap_settled * sizeof *c->settled);
  }
  memcpy(c->settled[c->n_settled++], blinded, ID);
}

static void sort_settled(vls_compare *c) {
  if (c->n_settled > 0) qsort(c->settled, c->n_settled, ID, by_id);
  c->n_sorted = c->n_settled;
}

void vls_compare_retry(vls_compare *c) {
  c->n_settled = c->n_sorted = 0;
}

/* Messages */

static void put_sync(vls_buf *out, uint64_t turn, vls_slice mark, vls_slice message) {
  vls_group_sync sync = {.turn = turn, .mark = mark, .message = message};
  VLS_ASSERT(vls_wire_encode(&vls_group_sync_def, &sync, out) == VLS_OK);
}

void vls_compare_open(vls_compare *c, vls_slice mark, vls_buf *out) {
  vls_neg_set set = sorted(c);
  vls_buf message;
  vls_buf_init(&message, VLS_COMPARE_MESSAGE);
  drop_found(c);
  VLS_ASSERT(vls_neg_open(&set, &message) == VLS_OK); /* 16 prints or 31 ids */
  put_sync(out, TURN_OPEN, mark, vls_buf_slice(&message));
  vls_buf_done(&message);
  c->opened = true;
  c->loaded = false;
  c->rounds = 0;
}

void vls_compare_unknown(const uint8_t mark[VLS_COMPARE_MARK], vls_buf *out) {
  put_sync(out, TURN_UNKNOWN, vls_slice_of(mark, VLS_COMPARE_MARK), (vls_slice){0});
}

static int by_number(const void *a, const void *b) {
  const record *x = a, *y = b;
  return (x->n > y->n) - (x->n < y->n);
}

/* What was found becomes lists to hand out. True: there is something in them that was not before.
 */
static bool sort_found(vls_compare *c) {
  bool news = false;
  size_t n_have = c->found.have.n / ID, n_need = c->found.need.n / ID;
  sort_settled(c);
  c->give = vls_calloc(n_have + 1, sizeof *c->give);
  for (size_t i = 0; i < n_have; i++) {
    const uint8_t *id = c->found.have.p + i * ID;
    if (is_settled(c, id)) continue;
    record *r = &c->give[c->n_give++];
    memcpy(r->blinded, id, ID);
    VLS_ASSERT(vls_compare_find(c, id, &r->n) == VLS_OK);
    news = true;
  }
  if (c->n_give > 0) qsort(c->give, c->n_give, sizeof *c->give, by_number);
  c->want = vls_calloc(n_need + 1, sizeof *c->want);
  c->came = vls_calloc(n_need + 1, sizeof *c->came);
  for (size_t i = 0; i < n_need; i++) {
    const uint8_t *id = c->found.need.p + i * ID;
    uint64_t n;
    if (is_settled(c, id) || vls_compare_find(c, id, &n) == VLS_OK) continue;
    news = true;
    memcpy(c->want[c->n_want++], id, ID);
  }
  if (c->n_want > 0) qsort(c->want, c->n_want, sizeof *c->want, by_id);
  return news;
}

static vls_err hear_answer(vls_compare *c, vls_slice message, vls_rng *rng, vls_compare_news *ret,
                           vls_buf *out) {
  if (!c->opened) return VLS_STATE;
  vls_neg_set set = sorted(c);
  vls_buf next;
  vls_buf_init(&next, VLS_COMPARE_MESSAGE);
  vls_err err = vls_neg_next(&set, message, &next, &c->found);
  if (err != VLS_OK) goto done;
  bool enough =
      c->found.need.n / ID >= VLS_COMPARE_DIFFERENCES || ++c->rounds >= VLS_COMPARE_ROUNDS;
  if (next.n > 0 && !enough) {
    put_sync(out, TURN_ON, (vls_slice){0}, vls_buf_slice(&next));
    ret->kind = VLS_COMPARE_ON;
    goto done;
  }
  c->opened = false;
  bool differs = sort_found(c) || next.n > 0;
  ret->kind = differs ? VLS_COMPARE_DIFFERS : VLS_COMPARE_SAME;
  if (differs) goto done;
  ret->upto = c->upto;
  ret->has_mark = true;
  vls_rng_bytes(rng, ret->mark, sizeof ret->mark);
  put_sync(out, TURN_SAME, vls_slice_of(ret->mark, sizeof ret->mark), (vls_slice){0});
done:
  if (err != VLS_OK) c->opened = false;
  vls_buf_done(&next);
  return err;
}

vls_err vls_compare_answer(vls_compare *c, const vls_compare_news *asked, vls_buf *out) {
  vls_neg_set set = sorted(c);
  vls_buf answer;
  vls_buf_init(&answer, VLS_COMPARE_MESSAGE);
  vls_err err = vls_neg_answer(&set, asked->message, &answer);
  if (err == VLS_OK) {
    put_sync(out, TURN_ANSWER, (vls_slice){0}, vls_buf_slice(&answer));
    c->loaded = true;
    c->was_same = answer.n <= 1; /* the version alone */
  }
  vls_buf_done(&answer);
  return err;
}

bool vls_compare_was_same(const vls_compare *c) {
  return c->was_same;
}

vls_err vls_compare_hear(vls_compare *c, vls_slice body, vls_rng *rng, vls_compare_news *ret,
                         vls_buf *out) {
  vls_group_sync sync;
  *ret = (vls_compare_news){0};
  vls_err err = vls_wire_decode(&vls_group_sync_def, VLS_WIRE_STRICT, body, &sync, NULL);
  if (err != VLS_OK) return err;
  if (sync.mark.n != 0 && sync.mark.n != VLS_COMPARE_MARK) return VLS_MALFORMED;
  ret->has_mark = sync.mark.n > 0;
  if (ret->has_mark) memcpy(ret->mark, sync.mark.p, sizeof ret->mark);
  ret->message = sync.message;
  switch (sync.turn) {
  case TURN_OPEN: ret->kind = VLS_COMPARE_ASKED; return VLS_OK;
  case TURN_ANSWER: return hear_answer(c, sync.message, rng, ret, out);
  case TURN_ON:
    if (!c->loaded) return VLS_STATE;
    ret->kind = VLS_COMPARE_ON;
    return vls_compare_answer(c, ret, out);
  case TURN_SAME:
    if (!ret->has_mark) return VLS_MALFORMED;
    if (!c->loaded) return VLS_STATE;
    ret->kind = VLS_COMPARE_AGREED;
    ret->upto = c->upto;
    return VLS_OK;
  default:
    if (!ret->has_mark) return VLS_MALFORMED;
    ret->kind = VLS_COMPARE_UNKNOWN;
    if (c->opened) c->opened = false;
    return VLS_OK;
  }
}

/* Handing out */

size_t vls_compare_give(vls_compare *c, uint64_t *ret, size_t max) {
  size_t n = 0;
  for (; n < max && c->at_give < c->n_give; n++) {
    settle(c, c->give[c->at_give].blinded);
    ret[n] = c->give[c->at_give++].n;
  }
  return n;
}

size_t vls_compare_want(vls_compare *c, uint8_t (*ret)[32], size_t max) {
  size_t n = 0;
  for (; n < max && c->at_want < c->n_want; n++) {
    memcpy(ret[n], c->want[c->at_want], ID);
    settle(c, c->want[c->at_want++]);
  }
  return n;
}

size_t vls_compare_to_give(const vls_compare *c) {
  return c->n_give - c->at_give;
}

size_t vls_compare_to_want(const vls_compare *c) {
  return c->n_want - c->at_want;
}

bool vls_compare_came(vls_compare *c, const uint8_t id[32]) {
  if (c->n_want == 0) return false;
  uint8_t blinded[ID];
  blind(c, id, blinded);
  uint8_t(*at)[ID] = bsearch(blinded, c->want, c->n_want, ID, by_id);
  if (at == NULL) return false;
  size_t i = (size_t)(at - c->want);
  if (i >= c->at_want || c->came[i]) return false;
  c->came[i] = true;
  c->n_came++;
  return true;
}

void vls_compare_give_up(vls_compare *c) {
  for (size_t i = 0; i < c->at_want; i++)
    c->came[i] = true;
  c->n_came = c->at_want;
}

size_t vls_compare_awaited(const vls_compare *c) {
  return c->at_want - c->n_came;
}
