#include "carry/spread.h"

#include <stdlib.h>

#include "base/assert.h"

typedef struct peer {
  uint32_t number, rtt;
  bool eager;
} peer;

typedef struct missing {
  uint8_t id[32];
  uint64_t heard, due;
  uint32_t from[VLS_SPREAD_ASKED]; /* who announced it, not asked yet */
  size_t n;
} missing;

enum { BUCKETS = 2 * VLS_SPREAD_SEEN, EMPTY = UINT16_MAX };

struct vls_spread {
  peer peers[VLS_SPREAD_PEERS];
  size_t n_peers;
  uint8_t seen[VLS_SPREAD_SEEN][32]; /* a ring */
  uint16_t next[VLS_SPREAD_SEEN];    /* in the same bucket */
  uint16_t bucket[BUCKETS];
  size_t n_seen;
  missing missing[VLS_SPREAD_MISSING];
  size_t n_missing;
  uint64_t lag, deviation; /* of records behind their announcements, ms */
  vls_spread_out *out;
  size_t n_out, first_out, cap_out;
};

vls_spread *vls_spread_new(void) {
  vls_spread *s = vls_calloc(1, sizeof *s);
  for (size_t i = 0; i < BUCKETS; i++)
    s->bucket[i] = EMPTY;
  return s;
}

void vls_spread_free(vls_spread *s) {
  if (s == NULL) return;
  free(s->out);
  free(s);
}

/* What was seen */

static size_t bucket_of(const uint8_t id[32]) {
  return vls_be32_get(id) % BUCKETS;
}

static bool was_seen(const vls_spread *s, const uint8_t id[32]) {
  for (uint16_t i = s->bucket[bucket_of(id)]; i != EMPTY; i = s->next[i])
    if (memcmp(s->seen[i], id, 32) == 0) return true;
  return false;
}

static void note_seen(vls_spread *s, const uint8_t id[32]) {
  uint16_t at = (uint16_t)(s->n_seen % VLS_SPREAD_SEEN);
  if (s->n_seen >= VLS_SPREAD_SEEN) { /* the oldest is forgotten */
    uint16_t *link = &s->bucket[bucket_of(s->seen[at])];
    while (*link != at)
      link = &s->next[*link];
    *link = s->next[at];
  }
  memcpy(s->seen[at], id, 32);
  s->next[at] = s->bucket[bucket_of(id)];
  s->bucket[bucket_of(id)] = at;
  s->n_seen++;
}

/* Neighbours */

static peer *find(vls_spread *s, uint32_t number) {
  for (size_t i = 0; i < s->n_peers; i++)
    if (s->peers[i].number == number) return &s->peers[i];
  return NULL;
}

static void send(vls_spread *s, vls_spread_kind kind, uint32_t to, const uint8_t id[32]) {
  if (s->first_out > 0 && s->first_out == s->n_out) s->first_out = s->n_out = 0;
  if (s->n_out == s->cap_out) {
    s->cap_out = s->cap_out == 0 ? 32 : s->cap_out * 2;
    s->out = vls_realloc(s->out, s->cap_out * sizeof *s->out);
  }
  vls_spread_out *o = &s->out[s->n_out++];
  *o = (vls_spread_out){.kind = kind, .peer = to};
  memcpy(o->id, id, 32);
}

vls_err vls_spread_up(vls_spread *s, uint32_t number, uint32_t rtt) {
  peer *p = find(s, number);
  if (p != NULL) {
    p->rtt = rtt;
    return VLS_OK;
  }
  if (s->n_peers == VLS_SPREAD_PEERS) return VLS_LIMITED;
  s->peers[s->n_peers++] = (peer){.number = number, .rtt = rtt, .eager = true};
  return VLS_OK;
}

void vls_spread_down(vls_spread *s, uint32_t number) {
  peer *p = find(s, number);
  if (p == NULL) return;
  *p = s->peers[--s->n_peers];
  bool any = false;
  for (size_t i = 0; i < s->n_peers; i++)
    any = any || s->peers[i].eager;
  for (size_t i = 0; i < s->n_peers && !any; i++) /* that was the branch I hung on */
    s->peers[i].eager = true;
}

/* Missing records */

static missing *find_missing(vls_spread *s, const uint8_t id[32]) {
  for (size_t i = 0; i < s->n_missing; i++)
    if (memcmp(s->missing[i].id, id, 32) == 0) return &s->missing[i];
  return NULL;
}

static void drop_missing(vls_spread *s, missing *m) {
  *m = s->missing[--s->n_missing];
}

static uint64_t bounded(uint64_t wait) {
  if (wait < VLS_SPREAD_WAIT_MIN) return VLS_SPREAD_WAIT_MIN;
  return wait > VLS_SPREAD_WAIT_MAX ? VLS_SPREAD_WAIT_MAX : wait;
}

/* The tree may be longer than the link that announced it. */
static uint64_t patience(const vls_spread *s) {
  uint32_t longest = 0;
  for (size_t i = 0; i < s->n_peers; i++)
    if (s->peers[i].rtt > longest) longest = s->peers[i].rtt;
  uint64_t usual = s->lag + 4 * s->deviation, way = 2 * (uint64_t)longest;
  return bounded(usual > way ? usual : way);
}

/* RFC 6298, with its quarter and its eighth. What had to be asked for counts too: the tree may be
 * longer than thought. */
static void learn(vls_spread *s, const missing *m, uint64_t now) {
  uint64_t took = now - m->heard;
  if (took > VLS_SPREAD_WAIT_MAX) took = VLS_SPREAD_WAIT_MAX;
  uint64_t off = took > s->lag ? took - s->lag : s->lag - took;
  s->deviation = (3 * s->deviation + off) / 4;
  s->lag = (7 * s->lag + took) / 8;
}

static void announced(vls_spread *s, const uint8_t id[32], uint32_t from, uint64_t now) {
  missing *m = find_missing(s, id);
  if (m == NULL) {
    if (s->n_missing == VLS_SPREAD_MISSING) return; /* sync finds it */
    m = &s->missing[s->n_missing++];
    *m = (missing){.heard = now, .due = now + patience(s)};
    memcpy(m->id, id, 32);
  }
  for (size_t i = 0; i < m->n; i++)
    if (m->from[i] == from) return;
  if (m->n < VLS_SPREAD_ASKED) m->from[m->n++] = from;
}

void vls_spread_tick(vls_spread *s, uint64_t now) {
  for (size_t i = 0; i < s->n_missing;) {
    missing *m = &s->missing[i];
    if (m->due > now) {
      i++;
      continue;
    }
    peer *p = NULL;
    while (p == NULL && m->n > 0) { /* the first who announced it and is still there */
      p = find(s, m->from[0]);
      memmove(&m->from[0], &m->from[1], --m->n * sizeof m->from[0]);
    }
    if (p == NULL) {
      drop_missing(s, m);
      continue;
    }
    p->eager = true;
    send(s, VLS_SPREAD_GRAFT, p->number, m->id);
    m->due = now + bounded(2 * (uint64_t)p->rtt);
    i++;
  }
}

uint64_t vls_spread_deadline(const vls_spread *s) {
  uint64_t first = VLS_NEVER;
  for (size_t i = 0; i < s->n_missing; i++)
    if (s->missing[i].due < first) first = s->missing[i].due;
  return first;
}

/* Records */

void vls_spread_again(vls_spread *s, const uint8_t id[32], uint32_t from) {
  peer *p = find(s, from);
  if (p == NULL) return;
  p->eager = false;
  send(s, VLS_SPREAD_PRUNE, from, id);
}

vls_err vls_spread_got(vls_spread *s, const uint8_t id[32], uint32_t from, uint64_t now) {
  peer *p = from == VLS_SPREAD_SELF ? NULL : find(s, from);
  if (was_seen(s, id)) {
    vls_spread_again(s, id, from);
    return VLS_DUPLICATE;
  }
  note_seen(s, id);
  missing *m = find_missing(s, id);
  if (m != NULL) {
    learn(s, m, now);
    drop_missing(s, m);
  }
  if (p != NULL) p->eager = true;
  for (size_t i = 0; i < s->n_peers; i++)
    if (s->peers[i].number != from)
      send(s, s->peers[i].eager ? VLS_SPREAD_RECORD : VLS_SPREAD_IHAVE, s->peers[i].number, id);
  return VLS_OK;
}

vls_err vls_spread_heard(vls_spread *s, vls_spread_kind kind, const uint8_t id[32], uint32_t from,
                         bool has, uint64_t now) {
  peer *p = find(s, from);
  if (p == NULL) return VLS_NOT_FOUND;
  switch (kind) {
  case VLS_SPREAD_RECORD: return VLS_MALFORMED;
  case VLS_SPREAD_IHAVE:
    if (!has && !was_seen(s, id)) announced(s, id, from, now);
    break;
  case VLS_SPREAD_GRAFT:
    p->eager = true;
    if (has) send(s, VLS_SPREAD_RECORD, from, id);
    break;
  case VLS_SPREAD_PRUNE: p->eager = false; break;
  }
  return VLS_OK;
}

bool vls_spread_poll(vls_spread *s, vls_spread_out *ret) {
  if (s->first_out == s->n_out) return false;
  *ret = s->out[s->first_out++];
  return true;
}

size_t vls_spread_eager(const vls_spread *s) {
  size_t n = 0;
  for (size_t i = 0; i < s->n_peers; i++)
    n += s->peers[i].eager ? 1 : 0;
  return n;
}
