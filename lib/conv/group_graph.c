/* The graph of events as far as it is in memory: who names whom, and the order of history. */
#include "conv/group_int.h"

static uint32_t bucket_of(const vls_group *g, const uint8_t id[32]) {
  return vls_be32_get(id) & (g->n_buckets - 1);
}

gr_row *vls_gr_row(const vls_group *g, const uint8_t id[32]) {
  if (g->n_buckets == 0) return NULL;
  for (uint32_t i = g->buckets[bucket_of(g, id)]; i != NO_ROW; i = g->rows[i].next)
    if (memcmp(g->rows[i].id, id, 32) == 0) return &g->rows[i];
  return NULL;
}

static void fill_buckets(vls_group *g) {
  memset(g->buckets, 0xff, g->n_buckets * sizeof *g->buckets);
  for (uint32_t i = 0; i < g->n_rows; i++) {
    if (!g->rows[i].used) continue;
    uint32_t b = bucket_of(g, g->rows[i].id);
    g->rows[i].next = g->buckets[b];
    g->buckets[b] = i;
  }
}

static gr_seq *first_seq(const gr_device *d, uint64_t seq) {
  size_t low = 0, high = d->n_seqs;
  while (low < high) {
    size_t mid = (low + high) / 2;
    if (d->seqs[mid].seq < seq)
      low = mid + 1;
    else
      high = mid;
  }
  return d->seqs + low;
}

static void seq_remove(vls_group *g, uint32_t row) {
  gr_device *d = &g->devices[g->rows[row].device];
  gr_seq *s = first_seq(d, g->rows[row].seq);
  while (s->row != row)
    s++;
  memmove(s, s + 1, (size_t)(d->seqs + d->n_seqs - s - 1) * sizeof *s);
  d->n_seqs--;
}

/* True when this device said something else with the same seq (GROUP 2.6). */
static bool seq_add(vls_group *g, uint32_t row) {
  gr_device *d = &g->devices[g->rows[row].device];
  uint64_t seq = g->rows[row].seq;
  if (d->n_seqs == d->cap_seqs) {
    d->cap_seqs = d->cap_seqs == 0 ? 8 : d->cap_seqs * 2;
    d->seqs = vls_realloc(d->seqs, d->cap_seqs * sizeof *d->seqs);
  }
  gr_seq *s = first_seq(d, seq);
  size_t at = (size_t)(s - d->seqs);
  bool twice = at < d->n_seqs && s->seq == seq;
  memmove(s + 1, s, (d->n_seqs - at) * sizeof *s);
  *s = (gr_seq){seq, row};
  d->n_seqs++;
  return twice;
}

static bool is_last(const vls_group *g, const uint8_t id[32]) {
  for (size_t i = 0; i < g->n_last; i++)
    if (memcmp(g->last[i], id, 32) == 0) return true;
  return false;
}

/* The oldest words leave memory; the newest ones never do. */
static uint32_t forget_one(vls_group *g) {
  for (;;) {
    uint32_t i = g->oldest;
    g->oldest = (g->oldest + 1) % (uint32_t)g->n_rows;
    gr_row *r = &g->rows[i];
    if (!r->used || r->act != NO_ACT || is_last(g, r->id)) continue;
    uint32_t *at = &g->buckets[bucket_of(g, r->id)];
    while (*at != i)
      at = &g->rows[*at].next;
    *at = r->next;
    seq_remove(g, i);
    free(r->after);
    r->used = false;
    g->n_words--;
    vls_gr_note_number(g, ROW_WORDS, r->number, NO_ROW, true);
    return i;
  }
}

static uint32_t new_row(vls_group *g, bool words) {
  if (words && g->n_words >= VLS_GROUP_ROWS) return forget_one(g);
  if (g->n_rows == g->cap_rows) {
    g->cap_rows = g->cap_rows == 0 ? 64 : g->cap_rows * 2;
    g->rows = vls_realloc(g->rows, g->cap_rows * sizeof *g->rows);
    g->n_buckets = (uint32_t)g->cap_rows;
    g->buckets = vls_realloc(g->buckets, g->n_buckets * sizeof *g->buckets);
    fill_buckets(g);
  }
  g->rows[g->n_rows].used = false;
  return (uint32_t)g->n_rows++;
}

static size_t find_wanted(const vls_group *g, const uint8_t id[32]) {
  size_t i = 0;
  while (i < g->n_wanted && memcmp(g->wanted[i], id, 32) != 0)
    i++;
  return i;
}

static void want(vls_group *g, const uint8_t id[32]) {
  if (find_wanted(g, id) < g->n_wanted) return;
  if (g->wanted == NULL) g->wanted = vls_calloc(VLS_GROUP_WANTED, 32);
  if (g->n_wanted == VLS_GROUP_WANTED) { /* the oldest wish goes; its place may be wrong */
    vls_gr_note(g, ROW_WANT, g->wanted[0], 32, true);
    memmove(g->wanted, g->wanted + 1, (--g->n_wanted) * 32);
    g->misplaced = true;
  }
  memcpy(g->wanted[g->n_wanted++], id, 32);
  vls_gr_note(g, ROW_WANT, id, 32, false);
}

static void drop_last(vls_group *g, const uint8_t id[32]) {
  for (size_t i = 0; i < g->n_last; i++)
    if (memcmp(g->last[i], id, 32) == 0) {
      memmove(g->last + i, g->last + i + 1, (g->n_last - i - 1) * 32);
      g->n_last--;
      return;
    }
}

/* Newest words: at most VLS_GROUP_ROWS, since each is in memory. */
static void note_words(vls_group *g, const gr_row *r) {
  for (size_t i = 0; i < r->n_after; i++)
    drop_last(g, r->after[i]);
  if (r->act != NO_ACT) return;
  if (g->n_last == VLS_GROUP_ROWS / 2) drop_last(g, g->last[0]);
  g->last = vls_realloc(g->last, (g->n_last + 1) * 32);
  memcpy(g->last[g->n_last++], r->id, 32);
}

static void place(const vls_group *g, gr_row *r) {
  r->hour = r->stamp;
  r->depth = 0;
  for (size_t i = 0; i < r->n_heads + r->n_after; i++) {
    const gr_row *p = i < r->n_heads ? &g->rows[g->acts[r->heads[i]].row]
                                     : vls_gr_row(g, r->after[i - r->n_heads]);
    if (p == NULL) continue;
    if (p->hour > r->hour) r->hour = p->hour;
    if (p->depth >= r->depth) r->depth = p->depth + 1;
  }
  r->placed = true;
}

static void note_wishes(vls_group *g, const gr_row *r) {
  for (size_t i = 0; i < r->n_after; i++)
    if (vls_gr_row(g, r->after[i]) == NULL) want(g, r->after[i]);
  size_t w = find_wanted(g, r->id);
  note_words(g, r);
  if (w == g->n_wanted) return;
  vls_gr_note(g, ROW_WANT, r->id, 32, true);
  memmove(g->wanted + w, g->wanted + w + 1, (g->n_wanted - w - 1) * 32);
  g->n_wanted--;
  g->misplaced = true;
  if (r->act == NO_ACT) drop_last(g, r->id); /* somebody named it already */
}

uint32_t vls_gr_row_add(vls_group *g, const vls_group_said *said, const uint32_t *heads,
                        uint32_t device, uint32_t act, uint64_t now) {
  const vls_group_header *h = &said->header;
  uint32_t at = new_row(g, act == NO_ACT);
  gr_row *r = &g->rows[at];
  *r = (gr_row){.device = device, .act = act, .seq = h->seq, .stamp = h->stamp, .heard = now};
  memcpy(r->id, said->id, 32);
  memcpy(r->prev, h->prev, 32);
  r->used = true;
  r->n_heads = (uint8_t)h->n_acts;
  r->n_after = (uint8_t)h->n_after;
  if (h->n_acts > 0) memcpy(r->heads, heads, h->n_acts * sizeof *heads);
  r->after = vls_calloc(h->n_after + 1, 32);
  memcpy(r->after, h->after, h->n_after * 32);
  uint32_t b = bucket_of(g, r->id);
  r->next = g->buckets[b];
  g->buckets[b] = at;
  if (act == NO_ACT) {
    g->n_words++;
    r->number = g->next_number++;
    vls_gr_note_number(g, ROW_WORDS, r->number, at, false);
  }
  if (!g->loading) note_wishes(g, r);
  place(g, r);
  bool mine = memcmp(g->devices[device].sign, g->me.device->pub, 32) == 0;
  if (mine && h->seq > g->seq && !g->loading) vls_gr_overtaken(g, r);
  if (seq_add(g, at)) vls_gr_tell(g, VLS_TOLD_FORK, said->id, device, 0, (vls_slice){0});
  return at;
}

void vls_gr_rows_free(vls_group *g) {
  for (size_t i = 0; i < g->n_rows; i++)
    if (g->rows[i].used) free(g->rows[i].after);
  free(g->rows);
  free(g->buckets);
  free(g->last);
  free(g->wanted);
}

bool vls_gr_heads(const vls_group *g, const vls_group_header *h, uint32_t *ret,
                  uint8_t ret_lacks[32]) {
  for (size_t i = 0; i < h->n_acts; i++) {
    const gr_row *r = vls_gr_row(g, h->acts[i]);
    if (r == NULL || r->act == NO_ACT) {
      memcpy(ret_lacks, h->acts[i], 32);
      return false;
    }
    ret[i] = r->act;
  }
  return true;
}

const vls_past *vls_gr_past(vls_group *g, const uint32_t *heads, size_t n) {
  for (size_t i = 0; i < PASTS; i++)
    if (g->pasts[i].past != NULL && g->pasts[i].n == n &&
        memcmp(g->pasts[i].heads, heads, n * sizeof *heads) == 0)
      return g->pasts[i].past;
  size_t at = g->next_past++ % PASTS;
  vls_past_free(g->pasts[at].past);
  memcpy(g->pasts[at].heads, heads, n * sizeof *heads);
  g->pasts[at].n = n;
  g->pasts[at].past = vls_authority_past(g->authority, heads, n);
  return g->pasts[at].past;
}

size_t vls_gr_newest_acts(const vls_group *g, uint32_t *ret, size_t max) {
  size_t n = 0;
  for (size_t i = g->n_acts; i-- > 0;)
    if (g->acts[i].newest && n++ < max) ret[n - 1] = (uint32_t)i;
  return n;
}

/* The parent that has to be placed before this row; NO_ROW: none. */
static uint32_t unplaced_parent(const vls_group *g, const gr_row *r) {
  for (size_t i = 0; i < r->n_heads; i++)
    if (!g->rows[g->acts[r->heads[i]].row].placed) return g->acts[r->heads[i]].row;
  for (size_t i = 0; i < r->n_after; i++) {
    const gr_row *p = vls_gr_row(g, r->after[i]);
    if (p != NULL && !p->placed) return (uint32_t)(p - g->rows);
  }
  return NO_ROW;
}

void vls_gr_place(vls_group *g) {
  if (!g->misplaced) return;
  g->misplaced = false;
  uint32_t *stack = vls_calloc(g->n_rows + 1, sizeof *stack);
  for (uint32_t i = 0; i < g->n_rows; i++)
    g->rows[i].placed = !g->rows[i].used;
  for (uint32_t i = 0; i < g->n_rows; i++) {
    size_t depth = 0;
    if (!g->rows[i].placed) stack[depth++] = i;
    while (depth > 0) {
      uint32_t parent = unplaced_parent(g, &g->rows[stack[depth - 1]]);
      if (parent == NO_ROW)
        place(g, &g->rows[stack[--depth]]);
      else
        stack[depth++] = parent;
    }
  }
  free(stack);
}

static int by_place(const void *a, const void *b) {
  const vls_group_line *x = a, *y = b;
  if (x->hour != y->hour) return x->hour < y->hour ? -1 : 1;
  if (x->depth != y->depth) return x->depth < y->depth ? -1 : 1;
  return memcmp(x->id, y->id, 32);
}

static vls_group_line line_of(const gr_row *r) {
  vls_group_line l = {.hour = r->hour, .depth = r->depth, .is_act = r->act != NO_ACT};
  memcpy(l.id, r->id, 32);
  l.shown = r->hour > r->heard + VLS_GROUP_AHEAD_MS ? r->heard + VLS_GROUP_AHEAD_MS : r->hour;
  return l;
}

bool vls_group_line_of(vls_group *g, const uint8_t id[32], vls_group_line *ret) {
  vls_gr_place(g);
  const gr_row *r = vls_gr_row(g, id);
  if (r == NULL) return false;
  *ret = line_of(r);
  return true;
}

size_t vls_group_history(vls_group *g, vls_group_line **ret) {
  vls_gr_place(g);
  vls_group_line *lines = vls_calloc(g->n_rows + 1, sizeof *lines);
  size_t n = 0;
  for (size_t i = 0; i < g->n_rows; i++)
    if (g->rows[i].used) lines[n++] = line_of(&g->rows[i]);
  if (n > 1) qsort(lines, n, sizeof *lines, by_place);
  *ret = lines;
  return n;
}

static bool is_among(const uint8_t (*ids)[32], size_t n, const uint8_t id[32]) {
  for (size_t i = 0; i < n; i++)
    if (memcmp(ids[i], id, 32) == 0) return true;
  return false;
}

/* Acts for which something waits come first: nothing goes on without them. */
size_t vls_group_missing(const vls_group *g, uint8_t (*ret)[32], size_t max) {
  static const uint8_t nothing[32];
  size_t n = 0;
  for (size_t i = 0; i < g->n_pending && n < max; i++) {
    const gr_pending *p = &g->pending[i];
    bool lacks = p->is_event && memcmp(p->lacks, nothing, 32) != 0;
    lacks = lacks && vls_gr_row(g, p->lacks) == NULL && !is_among(ret, n, p->lacks);
    if (lacks) memcpy(ret[n++], p->lacks, 32);
  }
  size_t acts = n;
  for (size_t i = 0; i < g->n_wanted && n < max; i++)
    if (!is_among(ret, acts, g->wanted[i])) memcpy(ret[n++], g->wanted[i], 32);
  return n;
}
