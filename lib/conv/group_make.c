/* What this member says: events signed and sealed, commits with their wraps. */
#include "conv/group_int.h"
#include "crypto/kdf.h"

enum { BODIES_MAX = 2048 };

/* A commit in the making. */
typedef struct making {
  gr_epoch *base;
  uint8_t secret[32], joiner[32]; /* of the commit */
  vls_dh_pair ephemeral, leaf;
  gr_roster roster;
  vls_act_commit commit;
  vls_epoch keys;
  uint8_t core[32], context[VLS_GROUP_CONTEXT];
} making;

static int by_bytes(const void *a, const void *b) {
  return memcmp(a, b, 32);
}

/* Of more newest acts than can be named, one must have the base of a commit in its past. */
static void name_base(vls_group *g, const gr_epoch *base, uint32_t *heads) {
  const gr_row *row = vls_gr_row(g, base->id);
  if (row == NULL || vls_past_has(vls_gr_past(g, heads, VLS_GROUP_PARENTS), row->act)) return;
  for (uint32_t i = 0; i < g->n_acts; i++) {
    if (!g->acts[i].newest || !vls_past_has(vls_gr_past(g, &i, 1), row->act)) continue;
    heads[VLS_GROUP_PARENTS - 1] = i;
    return;
  }
}

/* base: of a commit; NULL: there is none. */
static vls_err put_parents(vls_group *g, const gr_epoch *base, vls_group_header *h,
                           uint32_t *heads) {
  h->n_acts = vls_gr_newest_acts(g, heads, VLS_GROUP_PARENTS);
  if (h->n_acts > VLS_GROUP_PARENTS) {
    h->n_acts = VLS_GROUP_PARENTS;
    if (base != NULL) name_base(g, base, heads);
  }
  for (size_t i = 0; i < h->n_acts; i++)
    memcpy(h->acts[i], g->rows[g->acts[heads[i]].row].id, 32);
  qsort(h->acts, h->n_acts, 32, by_bytes);
  uint8_t(*last)[32] = vls_calloc(g->n_last + 1, 32);
  if (g->n_last > 0) memcpy(last, g->last, g->n_last * 32);
  if (g->n_last > 1) qsort(last, g->n_last, 32, by_bytes);
  h->n_after = g->n_last < VLS_GROUP_PARENTS ? g->n_last : VLS_GROUP_PARENTS;
  memcpy(h->after, last, h->n_after * 32);
  free(last);
  uint8_t lacks[32];
  return vls_gr_heads(g, h, heads, lacks) ? VLS_OK : VLS_STATE; /* in the order of the ids */
}

/* The commit as an item, with the tag that `commit` has. */
static vls_err put_commit(vls_group_said *said, const vls_act_commit *commit, vls_buf *body,
                          bool first) {
  vls_buf_clear(body);
  vls_err err = vls_wire_encode(&vls_act_commit_def, commit, body);
  if (first) said->n_items++;
  said->items[said->n_items - 1] = (vls_item){VLS_GROUP_COMMIT, vls_buf_slice(body)};
  said->act.commit = *commit;
  said->act.has_commit = true;
  return err;
}

static uint64_t next_made(const vls_group *g, uint64_t now) {
  uint64_t last = g->n_keys > 0 ? g->keys[0].made : 0;
  return now > last ? now : last + 1;
}

/* What of the commit is known before the roster is. */
static void begin_commit(vls_group *g, making *m, bool fresh, vls_rng *rng, uint64_t now) {
  m->commit = (vls_act_commit){.fresh = fresh, .made = next_made(g, now)};
  if (m->base != NULL) memcpy(m->commit.base, m->base->id, 32);
  vls_dh_new(&m->ephemeral, rng);
  memcpy(m->commit.ephemeral, m->ephemeral.pub, 32);
  memset(m->secret, 0, sizeof m->secret);
  if (!fresh) return;
  vls_rng_bytes(rng, m->secret, sizeof m->secret);
  vls_dh_new(&m->leaf, rng);
  m->commit.dh = vls_slice_of(m->leaf.pub, 32);
}

static vls_err derive(making *m, vls_group_said *said, vls_buf *body) {
  static const uint8_t zeros[32];
  vls_err err = vls_group_core(m->core, said);
  if (err != VLS_OK) return err;
  vls_group_context(m->context, &said->header, m->commit.base, m->roster.root);
  vls_slice context = vls_slice_of(m->context, sizeof m->context);
  vls_epoch_joiner(m->joiner, m->base == NULL ? zeros : m->base->keys.init, m->secret, context);
  vls_epoch_begin(&m->keys, m->joiner, context);
  vls_epoch_confirm(m->commit.confirm, &m->keys, m->core);
  return put_commit(said, &m->commit, body, false);
}

/* Everything of the epoch that its author knows, before others can. */
static void keep_epoch(vls_group *g, making *m, const uint8_t id[32], uint64_t now) {
  gr_epoch *e = vls_gr_epoch_new(g, id, now);
  memcpy(e->core, m->core, 32);
  memcpy(e->context, m->context, sizeof e->context);
  e->roster.n = m->roster.n;
  memcpy(e->roster.root, m->roster.root, 32);
  e->roster.leaves = vls_calloc(m->roster.n + 1, sizeof *e->roster.leaves);
  memcpy(e->roster.leaves, m->roster.leaves, m->roster.n * sizeof *e->roster.leaves);
  e->keys = m->keys;
  vls_gr_epoch_chains(g, e);
  e->open = true;
}

/* A wrap for each leaf that needs one; who was not there is told of. */
static vls_err put_wraps(vls_group *g, const making *m, const uint8_t id[32]) {
  vls_buf wraps;
  vls_err err = VLS_OK;
  uint32_t me = vls_gr_device(g, g->me.device->pub);
  vls_buf_init(&wraps, VLS_GROUP_LEAVES * VLS_WRAP);
  for (uint32_t i = 0; i < m->roster.n && err == VLS_OK; i++) {
    const gr_leaf *leaf = &m->roster.leaves[i];
    uint8_t wrap[VLS_WRAP] = {0};
    bool there = vls_gr_was_in(&m->base->roster, leaf), mine = leaf->device == me;
    if (!mine && (m->commit.fresh || !there))
      err = vls_wrap(wrap, &m->ephemeral, leaf->dh, m->core, there ? m->secret : m->joiner);
    if (err == VLS_OK) err = vls_buf_put(&wraps, wrap, sizeof wrap);
    if (!there && !mine) vls_gr_tell(g, VLS_TOLD_NEWCOMER, id, leaf->device, i, (vls_slice){0});
  }
  if (err == VLS_OK) vls_gr_tell(g, VLS_TOLD_WRAPS, id, me, 0, vls_buf_slice(&wraps));
  vls_buf_done(&wraps);
  return err;
}

/* Signs what `said` holds besides its facts; with a base, a commit goes with it. */
static vls_err finish_event(vls_group *g, vls_group_said *said, making *m, const vls_past *past,
                            bool commit, vls_rng *rng, uint64_t now, vls_buf *body) {
  gr_change change;
  uint32_t device = vls_gr_device(g, g->me.device->pub);
  if (device == NOBODY) return VLS_STATE;
  vls_err err = VLS_OK;
  if (said->n_items == 0)
    said->act = (vls_group_act){.kind = VLS_GROUP_COMMIT};
  else
    err = vls_group_classify(said);
  if (err == VLS_OK)
    err = vls_gr_permitted(g, said, past, g->devices[device].person, device, &change);
  if (err != VLS_OK) return err;
  if (!commit) {
    memcpy(said->header.roster, m->base->roster.root, 32);
    return vls_group_sign(said, g->me.device);
  }
  /* Only adding needs no secret: is everybody of the base still there, with the same key? */
  gr_roster plain;
  vls_gr_roster(g, past, &change, &plain);
  bool fresh = m->commit.fresh || !vls_gr_within(&m->base->roster, &plain);
  free(plain.leaves);
  begin_commit(g, m, fresh, rng, now);
  if (fresh) {
    change.device2 = device;
    change.ann2 = (gr_ann){.made = m->commit.made};
    memcpy(change.ann2.dh, m->leaf.pub, 32);
  }
  vls_gr_roster(g, past, &change, &m->roster);
  if (vls_gr_leaf_of(&m->roster, device) == NOBODY) return VLS_STATE;
  memcpy(said->header.roster, m->roster.root, 32);
  err = put_commit(said, &m->commit, body, true);
  if (err == VLS_OK) err = derive(m, said, body);
  return err == VLS_OK ? vls_group_sign(said, g->me.device) : err;
}

static void done_making(making *m) {
  free(m->roster.leaves);
  vls_wipe(m, sizeof *m);
}

/* The event is signed: sealed under the base, put into the own graph, told. */
static vls_err publish(vls_group *g, const vls_group_said *said, making *m, bool commit,
                       vls_rng *rng, uint64_t now) {
  vls_buf record;
  vls_buf_init(&record, VLS_GROUP_RECORD_MAX);
  vls_err err = vls_gr_seal(g, m->base, said, rng, &record);
  if (err == VLS_OK) {
    m->base->seen = now;
    m->base->new_use = true;
    if (commit) keep_epoch(g, m, said->id, now);
    g->seq = said->header.seq;
    memcpy(g->prev, said->id, 32);
    g->new_self = true;
    err = vls_gr_take(g, said, now);
    VLS_ASSERT(err == VLS_OK);
    vls_gr_tell(g, VLS_TOLD_RECORD, said->id, NOBODY, 0, vls_buf_slice(&record));
    if (commit && m->commit.fresh) vls_gr_key_add(g, &m->leaf, m->commit.made);
    if (commit) err = put_wraps(g, m, said->id);
    if (commit) vls_gr_epoch_prune(g, now);
  }
  vls_buf_done(&record);
  return err;
}

typedef struct wish {
  const vls_item *items;
  size_t n;
  bool commit, fresh;
} wish;

static vls_err emit(vls_group *g, const wish *w, vls_rng *rng, uint64_t now, uint8_t *ret_id) {
  making m = {.commit.fresh = w->fresh};
  vls_buf body;
  uint32_t heads[VLS_GROUP_PARENTS];
  m.base = vls_gr_best(g, true);
  if (m.base == NULL && w->commit) m.base = vls_gr_best(g, false);
  if (m.base == NULL || w->n > VLS_EVENT_ITEMS) return VLS_STATE;
  if (g->seq == UINT64_MAX) return VLS_LIMITED; /* so said a copy of this device */
  vls_group_said *said = vls_calloc(1, sizeof *said);
  said->header = (vls_group_header){.suite = 1, .seq = g->seq + 1, .stamp = now};
  memcpy(said->header.group, g->id, 32);
  memcpy(said->header.author, g->me.identity, 32);
  memcpy(said->header.device, g->me.device->pub, 32);
  memcpy(said->header.prev, g->prev, 32);
  if (w->n > 0) memcpy(said->items, w->items, w->n * sizeof *w->items);
  said->n_items = w->n;
  vls_buf_init(&body, BODIES_MAX);
  vls_err err = put_parents(g, w->commit ? m.base : NULL, &said->header, heads);
  if (err == VLS_OK)
    err = finish_event(g, said, &m, vls_gr_past(g, heads, said->header.n_acts), w->commit, rng, now,
                       &body);
  if (err == VLS_OK) err = publish(g, said, &m, w->commit, rng, now);
  if (err == VLS_OK && ret_id != NULL) memcpy(ret_id, said->id, 32);
  done_making(&m);
  vls_buf_done(&body);
  free(said);
  return err;
}

/* Joins the newest acts while there are too many to name (GROUP 2.5). */
static vls_err join_acts(vls_group *g, vls_rng *rng, uint64_t now) {
  uint32_t heads[VLS_GROUP_PARENTS];
  vls_buf body;
  vls_act_seen seen = {.version = 1};
  vls_buf_init(&body, vls_act_seen_def.max_bytes);
  vls_err err = vls_wire_encode(&vls_act_seen_def, &seen, &body);
  vls_item item = {VLS_GROUP_SEEN, vls_buf_slice(&body)};
  while (err == VLS_OK && vls_gr_newest_acts(g, heads, VLS_GROUP_PARENTS) > VLS_GROUP_PARENTS) {
    wish w = {.items = &item, .n = 1};
    /* Without an eligible epoch the act that joins also re-keys. */
    w.commit = vls_gr_best(g, true) == NULL;
    if (w.commit) w = (wish){.commit = true};
    err = emit(g, &w, rng, now, NULL);
  }
  vls_buf_done(&body);
  return err;
}

static vls_err speak(vls_group *g, const wish *w, vls_rng *rng, uint64_t now, uint8_t *ret_id) {
  if (g->authority == NULL) return VLS_STATE;
  vls_err err = join_acts(g, rng, now);
  wish rekey = {.commit = true};
  if (err == VLS_OK && !w->commit && vls_gr_best(g, true) == NULL)
    err = emit(g, &rekey, rng, now, NULL);
  return err == VLS_OK ? emit(g, w, rng, now, ret_id) : err;
}

vls_err vls_group_say(vls_group *g, const vls_item *items, size_t n, vls_rng *rng, uint64_t now,
                      uint8_t ret_id[32]) {
  if (n == 0 || n > VLS_EVENT_ITEMS) return VLS_TOO_BIG;
  wish w = {.items = items, .n = n};
  return speak(g, &w, rng, now, ret_id);
}

vls_err vls_group_rekey(vls_group *g, vls_rng *rng, uint64_t now) {
  wish w = {.commit = true, .fresh = true};
  return speak(g, &w, rng, now, NULL);
}

vls_err vls_group_heal(vls_group *g, vls_rng *rng, uint64_t now) {
  const gr_epoch *best = vls_gr_best(g, true);
  wish w = {.commit = true, .fresh = best != NULL && vls_gr_is_old(best, now)};
  return speak(g, &w, rng, now, NULL);
}

static vls_err act(vls_group *g, vls_group_kind kind, const vls_wire_def *def, const void *msg,
                   bool commit, vls_rng *rng, uint64_t now) {
  vls_buf body;
  vls_buf_init(&body, def->max_bytes);
  vls_err err = vls_wire_encode(def, msg, &body);
  vls_item item = {kind, vls_buf_slice(&body)};
  wish w = {.items = &item, .n = 1, .commit = commit};
  if (err == VLS_OK) err = speak(g, &w, rng, now, NULL);
  vls_buf_done(&body);
  return err;
}

vls_err vls_group_set(vls_group *g, const uint8_t who[32], uint8_t level, vls_slice reason,
                      vls_rng *rng, uint64_t now) {
  vls_act_set set = {.level = level, .reason = reason};
  if (level < VLS_LEVEL_MEMBER || level > VLS_LEVEL_OWNER) return VLS_STATE;
  memcpy(set.who, who, 32);
  return act(g, VLS_GROUP_SET, &vls_act_set_def, &set, false, rng, now);
}

vls_err vls_group_remove(vls_group *g, const uint8_t who[32], vls_slice reason, vls_rng *rng,
                         uint64_t now) {
  vls_act_remove remove = {.reason = reason};
  uint32_t person = vls_gr_person(g, who);
  memcpy(remove.who, who, 32);
  if (person == NOBODY) return VLS_NOT_FOUND;
  for (size_t i = 0; i < g->people[person].n_devices; i++) {
    const gr_device *d = &g->devices[g->people[person].devices[i]];
    vls_group_upto *upto = &remove.upto[remove.n_upto++];
    memcpy(upto->device, d->sign, 32);
    if (d->n_seqs == 0) continue;
    upto->seq = d->seqs[d->n_seqs - 1].seq;
    memcpy(upto->head, g->rows[d->seqs[d->n_seqs - 1].row].id, 32);
  }
  bool leaves = memcmp(who, g->me.identity, 32) == 0;
  return act(g, VLS_GROUP_REMOVE, &vls_act_remove_def, &remove, !leaves, rng, now);
}

vls_err vls_group_admit(vls_group *g, const vls_act_admit *admit, vls_rng *rng, uint64_t now) {
  return act(g, VLS_GROUP_ADMIT, &vls_act_admit_def, admit, true, rng, now);
}

vls_err vls_group_announce(vls_group *g, const vls_act_leaf *leaf, vls_rng *rng, uint64_t now) {
  return act(g, VLS_GROUP_LEAF, &vls_act_leaf_def, leaf, true, rng, now);
}

vls_err vls_group_rule(vls_group *g, const vls_act_rules *rules, vls_rng *rng, uint64_t now) {
  return act(g, VLS_GROUP_RULES, &vls_act_rules_def, rules, false, rng, now);
}

vls_err vls_group_invite(vls_group *g, const vls_act_invite *invite, vls_rng *rng, uint64_t now) {
  return act(g, VLS_GROUP_INVITE, &vls_act_invite_def, invite, false, rng, now);
}
