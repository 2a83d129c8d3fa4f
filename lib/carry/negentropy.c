#include "carry/negentropy.h"

#include <stdlib.h>

#include "crypto/kdf.h"

enum { SKIP = 0, FINGERPRINT = 1, LIST = 2, PRINT = 16, FRAME_RESERVE = 200, VARINT_MAX = 10 };

/* Everything before (stamp, first n bytes of id). */
typedef struct bound {
  uint64_t stamp;
  uint8_t id[VLS_NEG_ID];
  size_t n;
} bound;

static const bound the_end = {.stamp = UINT64_MAX};

/* Stamps in bounds are told as differences; each direction of a message counts for itself. */
typedef struct writer {
  const vls_neg_set *set;
  vls_buf *out;
  uint64_t last;
  vls_err err; /* the first; nothing is written after it */
} writer;

typedef struct reader {
  vls_slice left;
  uint64_t last;
  vls_err err; /* the first; zeros are read after it */
} reader;

static int compare_items(const void *a, const void *b) {
  const vls_neg_item *x = a, *y = b;
  if (x->stamp != y->stamp) return x->stamp < y->stamp ? -1 : 1;
  return memcmp(x->id, y->id, VLS_NEG_ID);
}

static int compare_ids(const void *a, const void *b) {
  return memcmp(a, b, VLS_NEG_ID);
}

void vls_neg_sort(vls_neg_item *items, size_t n) {
  if (n > 0) qsort(items, n, sizeof *items, compare_items);
}

static void put(writer *w, const void *p, size_t n) {
  if (w->err == VLS_OK) w->err = vls_buf_put(w->out, p, n);
}

/* Groups of 7 bits, the highest first; all but the last have the top bit set. */
static size_t varint(uint8_t out[VARINT_MAX], uint64_t v) {
  size_t n = 1;
  for (uint64_t rest = v >> 7; rest != 0; rest >>= 7)
    n++;
  for (size_t i = n; i-- > 0; v >>= 7)
    out[i] = (uint8_t)((v & 0x7f) | (i + 1 < n ? 0x80 : 0));
  return n;
}

static void put_varint(writer *w, uint64_t v) {
  uint8_t bytes[VARINT_MAX];
  put(w, bytes, varint(bytes, v));
}

static void put_bound(writer *w, const bound *b) {
  if (b->stamp == UINT64_MAX) {
    put_varint(w, 0);
    w->last = UINT64_MAX;
  } else {
    put_varint(w, b->stamp - w->last + 1);
    w->last = b->stamp;
  }
  put_varint(w, b->n);
  put(w, b->id, b->n);
}

static const uint8_t *get(reader *r, size_t n) {
  if (r->err == VLS_OK && n > r->left.n) r->err = VLS_MALFORMED;
  if (r->err != VLS_OK) return NULL;
  const uint8_t *p = r->left.p;
  r->left = (vls_slice){p + n, r->left.n - n};
  return p;
}

static uint64_t get_varint(reader *r) {
  uint64_t v = 0;
  for (int i = 0; i < VARINT_MAX; i++) {
    const uint8_t *p = get(r, 1);
    if (p == NULL) return 0;
    if (v >> 57 != 0) break;
    v = v << 7 | (*p & 0x7f);
    if ((*p & 0x80) == 0) return v;
  }
  r->err = VLS_MALFORMED;
  return 0;
}

static bound get_bound(reader *r) {
  bound b = {0};
  uint64_t step = get_varint(r);
  b.stamp = step == 0 || step - 1 > UINT64_MAX - r->last ? UINT64_MAX : r->last + step - 1;
  r->last = b.stamp;
  uint64_t n = get_varint(r);
  if (n > VLS_NEG_ID && r->err == VLS_OK) r->err = VLS_MALFORMED;
  const uint8_t *id = get(r, r->err == VLS_OK ? (size_t)n : 0);
  if (id == NULL) return b;
  b.n = (size_t)n;
  if (b.n > 0) memcpy(b.id, id, b.n);
  return b;
}

/* The first item at or after the bound, not before `from`. Bytes of an id that a bound leaves out
 * are zeros. */
static size_t find(const vls_neg_set *set, size_t from, const bound *b) {
  vls_neg_item key = {.stamp = b->stamp};
  memcpy(key.id, b->id, VLS_NEG_ID);
  size_t to = set->n;
  while (from < to) {
    size_t middle = from + (to - from) / 2;
    if (compare_items(&set->items[middle], &key) < 0)
      from = middle + 1;
    else
      to = middle;
  }
  return from;
}

/* First bytes of SHA256(sum of the ids as little-endian numbers mod 2^256 | varint(how many)). */
static void fingerprint(uint8_t ret[PRINT], const vls_neg_set *set, size_t from, size_t to) {
  uint64_t sum[4] = {0};
  for (size_t i = from; i < to; i++) {
    uint64_t carry = 0;
    for (size_t k = 0; k < 4; k++) {
      uint64_t v = 0;
      for (size_t j = 8; j-- > 0;)
        v = v << 8 | set->items[i].id[8 * k + j];
      uint64_t with = sum[k] + carry;
      carry = with < carry;
      sum[k] = with + v;
      carry += sum[k] < v;
    }
  }
  uint8_t bytes[VLS_NEG_ID + VARINT_MAX], hash[VLS_HASH];
  for (size_t k = 0; k < VLS_NEG_ID; k++)
    bytes[k] = (uint8_t)(sum[k / 8] >> (8 * (k % 8)));
  size_t n = varint(bytes + VLS_NEG_ID, to - from);
  vls_sha256(hash, vls_slice_of(bytes, VLS_NEG_ID + n));
  memcpy(ret, hash, PRINT);
}

/* The shortest bound between two neighbours. */
static bound between(const vls_neg_item *before, const vls_neg_item *after) {
  bound b = {.stamp = after->stamp};
  if (before->stamp != after->stamp) return b;
  while (b.n < VLS_NEG_ID && before->id[b.n] == after->id[b.n])
    b.n++;
  b.n = b.n < VLS_NEG_ID ? b.n + 1 : VLS_NEG_ID;
  memcpy(b.id, after->id, b.n);
  return b;
}

static void put_list(writer *w, const bound *upper, size_t from, size_t to) {
  put_bound(w, upper);
  put_varint(w, LIST);
  put_varint(w, to - from);
  for (size_t i = from; i < to; i++)
    put(w, w->set->items[i].id, VLS_NEG_ID);
}

static void put_print(writer *w, const bound *upper, size_t from, size_t to) {
  uint8_t print[PRINT];
  fingerprint(print, w->set, from, to);
  put_bound(w, upper);
  put_varint(w, FINGERPRINT);
  put(w, print, PRINT);
}

static void put_split(writer *w, const bound *upper, size_t from, size_t to) {
  size_t n = to - from;
  if (n < VLS_NEG_LIST) {
    put_list(w, upper, from, to);
    return;
  }
  for (size_t i = 0; i < VLS_NEG_BUCKETS; i++) {
    size_t next = from + n / VLS_NEG_BUCKETS + (i < n % VLS_NEG_BUCKETS);
    bound end = next == to ? *upper : between(&w->set->items[next - 1], &w->set->items[next]);
    put_print(w, &end, from, next);
    from = next;
  }
}

static bool is_full(const vls_neg_set *set, size_t n) {
  return set->frame_limit > 0 && n > set->frame_limit - FRAME_RESERVE;
}

/* Answers the other side's list with ours; as much of it as the frame takes. Gives where it ended.
 */
static size_t answer_list(writer *w, size_t before, const bound *upper, size_t from, size_t to) {
  size_t end = from;
  while (end < to && !is_full(w->set, before + (end - from) * VLS_NEG_ID))
    end++;
  bound cut = *upper;
  if (end < to) {
    cut = (bound){.stamp = w->set->items[end].stamp, .n = VLS_NEG_ID};
    memcpy(cut.id, w->set->items[end].id, VLS_NEG_ID);
  }
  put_list(w, &cut, from, end);
  return end;
}

/* Compares their list (n ids) with ours. */
static vls_err compare_list(const vls_neg_set *set, size_t from, size_t to, const uint8_t *theirs,
                            size_t n, vls_neg_found *found) {
  vls_err err = VLS_OK;
  uint8_t *ids = vls_calloc(n + 1, VLS_NEG_ID);
  bool *known = vls_calloc(n + 1, sizeof *known);
  if (n > 0) memcpy(ids, theirs, n * VLS_NEG_ID);
  if (n > 0) qsort(ids, n, VLS_NEG_ID, compare_ids);
  for (size_t i = from; i < to && err == VLS_OK; i++) {
    const uint8_t *same = n > 0 ? bsearch(set->items[i].id, ids, n, VLS_NEG_ID, compare_ids) : NULL;
    if (same != NULL)
      known[(size_t)(same - ids) / VLS_NEG_ID] = true;
    else
      err = vls_buf_put(&found->have, set->items[i].id, VLS_NEG_ID);
  }
  for (size_t i = 0; i < n && err == VLS_OK;) {
    size_t next = i;
    bool any = false; /* they may say one id twice */
    for (; next < n && compare_ids(ids + next * VLS_NEG_ID, ids + i * VLS_NEG_ID) == 0; next++)
      any = any || known[next];
    if (!any) err = vls_buf_put(&found->need, ids + i * VLS_NEG_ID, VLS_NEG_ID);
    i = next;
  }
  free(ids);
  free(known);
  return err;
}

/* A message under way: what was compared so far, what goes into the answer. */
typedef struct round {
  const vls_neg_set *set;
  reader in;
  writer out;           /* into `piece` */
  vls_buf *all;         /* the answer */
  vls_neg_found *found; /* NULL: responder */
  size_t at;            /* the first item of the range in question */
  bound from;           /* where that range begins */
  bool skipped;         /* ranges before it need no more words */
} round;

/* What was written about this range becomes part of the answer. */
static void move_out(round *r) {
  if (r->out.err == VLS_OK) r->out.err = vls_buf_put_slice(r->all, vls_buf_slice(r->out.out));
  vls_buf_clear(r->out.out);
}

static void end_skip(round *r) {
  if (!r->skipped) return;
  r->skipped = false;
  put_bound(&r->out, &r->from);
  put_varint(&r->out, SKIP);
}

static size_t on_print(round *r, const bound *upper, size_t to) {
  uint8_t ours[PRINT];
  const uint8_t *theirs = get(&r->in, PRINT);
  if (theirs == NULL) return to;
  fingerprint(ours, r->set, r->at, to);
  if (memcmp(ours, theirs, PRINT) == 0) {
    r->skipped = true;
  } else {
    end_skip(r);
    put_split(&r->out, upper, r->at, to);
  }
  return to;
}

static size_t on_list(round *r, const bound *upper, size_t to) {
  uint64_t n = get_varint(&r->in);
  if (n > r->in.left.n / VLS_NEG_ID && r->in.err == VLS_OK) r->in.err = VLS_MALFORMED;
  const uint8_t *theirs = get(&r->in, r->in.err == VLS_OK ? (size_t)n * VLS_NEG_ID : 0);
  if (theirs == NULL) return to;
  if (r->found == NULL) {
    end_skip(r);
    to = answer_list(&r->out, r->all->n, upper, r->at, to);
    move_out(r); /* a list stays, even when it fills the frame */
    return to;
  }
  r->skipped = true;
  r->out.err = compare_list(r->set, r->at, to, theirs, (size_t)n, r->found);
  return to;
}

/* One range of the message. False: the frame is full, and what is left was answered in one. */
static bool on_range(round *r) {
  bound upper = get_bound(&r->in);
  uint64_t mode = get_varint(&r->in);
  size_t to = find(r->set, r->at, &upper);
  if (mode > LIST && r->in.err == VLS_OK) r->in.err = VLS_MALFORMED;
  if (r->in.err != VLS_OK) return false;
  if (mode == SKIP)
    r->skipped = true;
  else
    to = mode == FINGERPRINT ? on_print(r, &upper, to) : on_list(r, &upper, to);
  if (r->in.err != VLS_OK || r->out.err != VLS_OK) return false;
  bool full = is_full(r->set, r->all->n + r->out.out->n);
  if (full) {
    vls_buf_clear(r->out.out);
    put_print(&r->out, &the_end, to, r->set->n);
  }
  move_out(r);
  r->at = to;
  r->from = upper;
  return !full;
}

static vls_err run(const vls_neg_set *set, vls_slice message, vls_buf *out, vls_neg_found *found) {
  if (message.n == 0) return VLS_MALFORMED;
  if (message.n > VLS_NEG_MESSAGE_MAX) return VLS_TOO_BIG;
  if (message.p[0] < 0x60 || message.p[0] > 0x6f) return VLS_MALFORMED;
  uint8_t version = VLS_NEG_VERSION;
  size_t before = out->n;
  vls_err err = vls_buf_put(out, &version, 1);
  if (err != VLS_OK) return err;
  if (message.p[0] != VLS_NEG_VERSION) return found == NULL ? VLS_OK : VLS_NEWER;
  vls_buf piece, answer;
  vls_buf_init(&piece, out->max);
  vls_buf_init(&answer, out->max - before);
  round r = {.set = set,
             .in = {.left = {message.p + 1, message.n - 1}},
             .out = {.set = set, .out = &piece},
             .all = &answer,
             .found = found};
  err = vls_buf_put(&answer, &version, 1);
  while (err == VLS_OK && r.in.left.n > 0 && on_range(&r))
    ;
  if (err == VLS_OK) err = r.in.err != VLS_OK ? r.in.err : r.out.err;
  if (err == VLS_OK) err = vls_buf_put(out, answer.p + 1, answer.n - 1);
  vls_buf_done(&piece);
  vls_buf_done(&answer);
  return err;
}

vls_err vls_neg_open(const vls_neg_set *set, vls_buf *out) {
  uint8_t version = VLS_NEG_VERSION;
  writer w = {.set = set, .out = out};
  put(&w, &version, 1);
  put_split(&w, &the_end, 0, set->n);
  return w.err;
}

vls_err vls_neg_answer(const vls_neg_set *set, vls_slice message, vls_buf *out) {
  return run(set, message, out, NULL);
}

vls_err vls_neg_next(const vls_neg_set *set, vls_slice message, vls_buf *out,
                     vls_neg_found *found) {
  size_t before = out->n;
  vls_err err = run(set, message, out, found);
  if (err == VLS_OK && out->n == before + 1)
    out->n = before; /* the version alone: nothing is left */
  return err;
}
