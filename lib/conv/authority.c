#include "conv/authority.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/buf.h"

/* An act, and which of the acts before it its author had seen: all below `full`, and those whose
 * bit is set in `tail`, which begins at act `full` rounded down to 64. */
typedef struct row {
  vls_act_kind kind;
  uint32_t author, target;
  uint8_t level; /* of the target afterwards */
  uint8_t rank;  /* of the author by what they had seen */
  uint32_t full;
  uint64_t *tail;
} row;

typedef struct list {
  uint32_t *at;
  size_t n, cap;
} list;

typedef struct citizen {
  bool founder;
  list by; /* acts by them */
  list on; /* acts that give them a level */
} citizen;

struct vls_authority {
  row *rows;
  uint8_t *verdict; /* 1: void, by everything known */
  uint8_t *other;   /* the same by what the author of a new act had seen */
  uint8_t *dirty;   /* to be judged again; all zeros between calls */
  size_t n, cap;
  citizen *citizens;
  list newest; /* scratch of level_seen */
};

struct vls_past {
  row seen;
  uint32_t number; /* acts there were */
  uint8_t *verdict;
};

/* A judgement under way: over all acts, or over those that one author had seen. */
typedef struct view {
  vls_authority *a;
  uint8_t *verdict;
  const row *limit;                      /* NULL: all acts */
  size_t waiting[VLS_LEVEL_FOUNDER + 1]; /* dirty acts of each rank */
  uint32_t first[VLS_LEVEL_FOUNDER + 1]; /* none of them is before this one */
} view;

static void list_add(list *l, uint32_t act) {
  if (l->n == l->cap) {
    l->cap = l->cap == 0 ? 4 : l->cap * 2;
    l->at = vls_realloc(l->at, l->cap * sizeof *l->at);
  }
  l->at[l->n++] = act;
}

vls_authority *vls_authority_new(const uint32_t *founders, size_t n) {
  vls_authority *a = vls_calloc(1, sizeof *a);
  a->citizens = vls_calloc(VLS_GROUP_CITIZENS, sizeof *a->citizens);
  for (size_t i = 0; i < n; i++) {
    VLS_ASSERT(founders[i] < VLS_GROUP_CITIZENS);
    a->citizens[founders[i]].founder = true;
  }
  return a;
}

void vls_authority_free(vls_authority *a) {
  if (a == NULL) return;
  for (size_t i = 0; i < a->n; i++)
    free(a->rows[i].tail);
  for (size_t i = 0; i < VLS_GROUP_CITIZENS; i++) {
    free(a->citizens[i].by.at);
    free(a->citizens[i].on.at);
  }
  free(a->rows);
  free(a->verdict);
  free(a->other);
  free(a->dirty);
  free(a->citizens);
  free(a->newest.at);
  free(a);
}

/* What was seen */

static bool saw(const row *later, uint32_t act, uint32_t number) {
  if (act < later->full) return true;
  if (act >= number) return false;
  uint32_t bit = act - later->full / 64 * 64;
  return later->tail[bit / 64] >> bit % 64 & 1;
}

static bool has_seen(const vls_authority *a, uint32_t later, uint32_t earlier) {
  return saw(&a->rows[later], earlier, later);
}

static bool is_concurrent(const vls_authority *a, uint32_t x, uint32_t y) {
  return x != y && !has_seen(a, x, y) && !has_seen(a, y, x);
}

/* All a parent had seen, and itself. The tail begins where the fullest parent's does. */
static void see(row *r, uint32_t number, const vls_authority *a, const vls_act *act) {
  for (size_t i = 0; i < act->n_parents; i++) {
    uint32_t full = a->rows[act->parents[i]].full;
    if (full > r->full) r->full = full;
  }
  uint32_t base = r->full / 64 * 64;
  size_t words = (number - base + 63) / 64;
  r->tail = vls_calloc(words + 1, sizeof *r->tail);
  for (size_t i = 0; i < act->n_parents; i++) {
    const row *p = &a->rows[act->parents[i]];
    uint32_t from = p->full / 64 * 64;
    for (uint32_t at = base; at < act->parents[i]; at += 64)
      r->tail[(at - base) / 64] |= p->tail[(at - from) / 64];
    uint32_t bit = act->parents[i];
    if (bit >= base) r->tail[(bit - base) / 64] |= UINT64_C(1) << (bit - base) % 64;
  }
  uint32_t full = r->full;
  while (full < number && (full < r->full || r->tail[(full - base) / 64] >> (full - base) % 64 & 1))
    full++;
  size_t gone = (full / 64 * 64 - base) / 64;
  if (gone > 0) {
    memmove(r->tail, r->tail + gone, (words + 1 - gone) * sizeof *r->tail);
    r->tail = vls_realloc(r->tail, (words + 1 - gone) * sizeof *r->tail);
  }
  r->full = full;
}

/* Judgement */

/* The highest rank above `above` of a valid act that takes away, concurrently, the level this one
 * was done with; 0: there is none. */
static unsigned cut_above(const view *v, uint32_t act, unsigned above) {
  const vls_authority *a = v->a;
  const row *m = &a->rows[act];
  const list *on = &a->citizens[m->author].on;
  unsigned highest = 0;
  for (size_t i = on->n; i-- > 0 && on->at[i] >= m->full;) {
    const row *r = &a->rows[on->at[i]];
    if (v->verdict[on->at[i]] != 0 || r->rank <= above || r->rank <= highest) continue;
    if (r->kind == VLS_ACT_ADMIT) continue;
    if (r->level >= m->rank || m->rank >= r->rank) continue;
    if (is_concurrent(a, on->at[i], act)) highest = r->rank;
  }
  return highest;
}

/* Is it void for an act of this rank? Those of lower rank are judged later than it is: of them it
 * knows only what its superiors did to them. */
static bool is_void_for(const view *v, uint32_t act, unsigned rank) {
  unsigned mine = v->a->rows[act].rank;
  if (mine == VLS_LEVEL_NONE) return true;
  return mine >= rank ? v->verdict[act] != 0 : cut_above(v, act, rank) > 0;
}

/* The citizen's level after what `by` had seen (NULL: after everything in the view): of the newest
 * acts on them, none of which had seen another, the lowest. */
static uint8_t level_seen(const view *v, const row *by, uint32_t number, uint32_t who,
                          unsigned rank) {
  vls_authority *a = v->a;
  if (a->citizens[who].founder) return VLS_LEVEL_FOUNDER;
  const list *on = &a->citizens[who].on;
  uint32_t settled = 0; /* one of the newest has seen all before this */
  uint8_t lowest = VLS_LEVEL_FOUNDER, admitted = VLS_LEVEL_MEMBER;
  a->newest.n = 0;
  for (size_t i = on->n; i-- > 0 && on->at[i] >= settled;) {
    uint32_t act = on->at[i];
    bool replaced = by != NULL && !saw(by, act, number);
    for (size_t k = 0; k < a->newest.n && !replaced; k++)
      replaced = has_seen(a, a->newest.at[k], act);
    if (replaced || is_void_for(v, act, rank)) continue;
    const row *m = &a->rows[act];
    list_add(&a->newest, act);
    if (m->kind != VLS_ACT_ADMIT) admitted = VLS_LEVEL_FOUNDER;
    if (m->kind != VLS_ACT_ADMIT && m->level < lowest) lowest = m->level;
    if (m->full > settled) settled = m->full;
  }
  if (a->newest.n == 0) return VLS_LEVEL_NONE;
  return lowest < admitted ? lowest : admitted;
}

/* After level_seen: the highest rank of the newest acts that are removals by somebody else. */
static uint8_t remover(const vls_authority *a) {
  uint8_t highest = VLS_LEVEL_NONE;
  for (size_t k = 0; k < a->newest.n; k++) {
    const row *r = &a->rows[a->newest.at[k]];
    if (r->kind == VLS_ACT_REMOVE && r->author != r->target && r->rank > highest) highest = r->rank;
  }
  return highest;
}

static bool is_valid(const view *v, uint32_t act) {
  const row *m = &v->a->rows[act];
  if (m->rank == VLS_LEVEL_NONE || cut_above(v, act, VLS_LEVEL_NONE) > 0) return false;
  uint8_t mine = level_seen(v, m, act, m->author, m->rank);
  if (mine < m->rank) return false;
  if (m->kind == VLS_ACT_WORDS) return true;
  if (m->kind == VLS_ACT_REMOVE && m->target == m->author) return mine < VLS_LEVEL_FOUNDER;
  uint8_t theirs = level_seen(v, m, act, m->target, m->rank);
  if (m->kind == VLS_ACT_ADMIT) return theirs == VLS_LEVEL_NONE && remover(v->a) <= mine;
  if (theirs >= mine) return false;
  if (m->kind == VLS_ACT_REMOVE) return mine >= VLS_LEVEL_MODERATOR;
  return mine >= VLS_LEVEL_ADMIN && m->level < mine;
}

static void mark(view *v, uint32_t act) {
  const row *m = &v->a->rows[act];
  if (m->rank == VLS_LEVEL_NONE || v->a->dirty[act] != 0) return;
  if (v->limit != NULL && !saw(v->limit, act, (uint32_t)v->a->n)) return;
  v->a->dirty[act] = 1;
  if (v->waiting[m->rank]++ == 0 || act < v->first[m->rank]) v->first[m->rank] = act;
}

/* Marks acts on or by this citizen that saw `act` and have a rank of low..high. */
static void mark_who_saw(view *v, uint32_t act, uint32_t who, unsigned low, unsigned high) {
  const citizen *c = &v->a->citizens[who];
  const list *lists[] = {&c->by, &c->on};
  for (size_t k = 0; k < 2; k++)
    for (size_t i = lists[k]->n; i-- > 0 && lists[k]->at[i] > act;) {
      uint32_t later = lists[k]->at[i];
      unsigned rank = v->a->rows[later].rank;
      if (rank >= low && rank <= high && has_seen(v->a, later, act)) mark(v, later);
    }
}

/* The verdict on this act changed: whose might change with it? All of them are of lower rank, or of
 * the same and came later. */
static void spread(view *v, uint32_t act) {
  const vls_authority *a = v->a;
  const row *m = &a->rows[act];
  if (m->kind == VLS_ACT_WORDS) return;
  mark_who_saw(v, act, m->target, VLS_LEVEL_MEMBER, m->rank);
  const list *by = &a->citizens[m->target].by;
  for (size_t i = by->n; i-- > 0 && by->at[i] >= m->full;) {
    uint32_t victim = by->at[i];
    const row *j = &a->rows[victim];
    if (j->rank <= m->level || j->rank >= m->rank || !is_concurrent(a, act, victim)) continue;
    mark(v, victim);
    if (j->kind != VLS_ACT_WORDS) mark_who_saw(v, victim, j->target, j->rank + 1u, m->rank - 1u);
  }
}

/* Judges what is marked, superiors first, and what that changes. */
static void judge(view *v) {
  for (unsigned rank = VLS_LEVEL_FOUNDER; rank >= VLS_LEVEL_MEMBER; rank--)
    for (uint32_t i = v->first[rank]; v->waiting[rank] > 0; i++) {
      VLS_ASSERT(i <= v->a->n);
      if (v->a->dirty[i] == 0 || v->a->rows[i].rank != rank) continue;
      v->a->dirty[i] = 0;
      v->waiting[rank]--;
      uint8_t now = is_valid(v, i) ? 0 : 1;
      if (now == v->verdict[i]) continue;
      v->verdict[i] = now;
      spread(v, i);
    }
}

/* What is void by what they had seen: what they had not is taken away, and all judged again. */
static const uint8_t *judge_past(vls_authority *a, const row *r) {
  uint32_t number = (uint32_t)a->n;
  if (r->full == number) return a->verdict;
  view v = {.a = a, .verdict = a->other, .limit = r};
  memcpy(a->other, a->verdict, a->n);
  for (uint32_t i = r->full; i < number; i++) {
    if (saw(r, i, number) || a->other[i] != 0) continue;
    a->other[i] = 1;
    spread(&v, i);
  }
  judge(&v);
  return a->other;
}

static uint8_t rank_of(vls_authority *a, const row *r) {
  uint8_t *verdict = judge_past(a, r) == a->other ? a->other : a->verdict;
  view v = {.a = a, .verdict = verdict};
  return level_seen(&v, r, (uint32_t)a->n, r->author, VLS_LEVEL_NONE);
}

static bool is_sound(const vls_act *act) {
  if (act->author >= VLS_GROUP_CITIZENS || act->n_parents > VLS_ACT_PARENTS) return false;
  switch (act->kind) {
  case VLS_ACT_SET:
    return act->target < VLS_GROUP_CITIZENS && act->level >= VLS_LEVEL_MEMBER &&
           act->level <= VLS_LEVEL_OWNER;
  case VLS_ACT_REMOVE:
  case VLS_ACT_ADMIT: return act->target < VLS_GROUP_CITIZENS;
  case VLS_ACT_WORDS: return true;
  }
  return false;
}

static void make_room(vls_authority *a) {
  if (a->n < a->cap) return;
  a->cap = a->cap == 0 ? 16 : a->cap * 2;
  a->rows = vls_realloc(a->rows, a->cap * sizeof *a->rows);
  a->verdict = vls_realloc(a->verdict, a->cap);
  a->other = vls_realloc(a->other, a->cap);
  a->dirty = vls_realloc(a->dirty, a->cap);
  memset(a->dirty + a->n, 0, a->cap - a->n);
}

vls_err vls_authority_add(vls_authority *a, const vls_act *act, uint32_t *ret_act) {
  if (!is_sound(act)) return VLS_MALFORMED;
  if (a->n >= VLS_ACTS_MAX) return VLS_LIMITED;
  for (size_t i = 0; i < act->n_parents; i++)
    if (act->parents[i] >= a->n) return VLS_NOT_FOUND;
  make_room(a);
  uint32_t number = (uint32_t)a->n;
  row *r = &a->rows[number];
  *r = (row){.kind = act->kind,
             .author = act->author,
             .target = act->target,
             .level = act->kind == VLS_ACT_SET     ? act->level
                      : act->kind == VLS_ACT_ADMIT ? VLS_LEVEL_MEMBER
                                                   : VLS_LEVEL_NONE};
  see(r, number, a, act);
  r->rank = rank_of(a, r);
  list_add(&a->citizens[r->author].by, number);
  if (r->kind != VLS_ACT_WORDS) list_add(&a->citizens[r->target].on, number);
  a->n++;
  a->verdict[number] = 1; /* until judged */
  view v = {.a = a, .verdict = a->verdict};
  mark(&v, number);
  judge(&v);
  *ret_act = number;
  return VLS_OK;
}

size_t vls_authority_count(const vls_authority *a) {
  return a->n;
}

bool vls_authority_is_void(const vls_authority *a, uint32_t act) {
  VLS_ASSERT(act < a->n);
  return a->verdict[act] != 0;
}

uint8_t vls_authority_level(vls_authority *a, uint32_t who) {
  if (who >= VLS_GROUP_CITIZENS) return VLS_LEVEL_NONE;
  view v = {.a = a, .verdict = a->verdict};
  return level_seen(&v, NULL, 0, who, VLS_LEVEL_NONE);
}

uint8_t vls_authority_rank(const vls_authority *a, uint32_t act) {
  VLS_ASSERT(act < a->n);
  return a->rows[act].rank;
}

bool vls_authority_saw(const vls_authority *a, uint32_t later, uint32_t earlier) {
  VLS_ASSERT(later < a->n && earlier < a->n);
  return has_seen(a, later, earlier);
}

/* What somebody had seen */

vls_past *vls_authority_past(vls_authority *a, const uint32_t *newest, size_t n) {
  vls_past *past = vls_calloc(1, sizeof *past);
  past->number = (uint32_t)a->n;
  vls_act act = {.parents = newest, .n_parents = n};
  for (size_t i = 0; i < n; i++)
    VLS_ASSERT(newest[i] < a->n);
  see(&past->seen, past->number, a, &act);
  past->verdict = vls_calloc(a->n + 1, 1);
  if (a->n > 0) memcpy(past->verdict, judge_past(a, &past->seen), a->n);
  return past;
}

void vls_past_free(vls_past *past) {
  if (past == NULL) return;
  free(past->seen.tail);
  free(past->verdict);
  free(past);
}

bool vls_past_has(const vls_past *past, uint32_t act) {
  return saw(&past->seen, act, past->number);
}

bool vls_past_is_void(const vls_past *past, uint32_t act) {
  return !vls_past_has(past, act) || past->verdict[act] != 0;
}

static uint8_t level_in(vls_authority *a, const vls_past *past, uint8_t *verdict, uint32_t who) {
  if (who >= VLS_GROUP_CITIZENS) return VLS_LEVEL_NONE;
  view v = {.a = a, .verdict = verdict};
  return level_seen(&v, &past->seen, past->number, who, VLS_LEVEL_NONE);
}

uint8_t vls_past_level(vls_authority *a, const vls_past *past, uint32_t who) {
  return level_in(a, past, past->verdict, who);
}

uint8_t vls_past_remover(vls_authority *a, const vls_past *past, uint32_t who) {
  a->newest.n = 0;
  (void)level_in(a, past, past->verdict, who);
  return remover(a);
}

uint8_t vls_past_level_now(vls_authority *a, const vls_past *past, uint32_t who) {
  return level_in(a, past, a->verdict, who);
}
