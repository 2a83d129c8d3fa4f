/* Epochs of a group: whose keys are here, which of them words go under (GROUP 5). */
#include "citizen/card.h"
#include "conv/group_int.h"
#include "crypto/kdf.h"

static const uint8_t zeros[32];

gr_epoch *vls_gr_epoch(const vls_group *g, const uint8_t id[32]) {
  for (size_t i = 0; i < g->n_epochs; i++)
    if (memcmp(g->epochs[i]->id, id, 32) == 0) return g->epochs[i];
  return NULL;
}

void vls_gr_epoch_free(gr_epoch *e) {
  if (e == NULL) return;
  if (e->chains != NULL) vls_wipe(e->chains, (e->roster.n + 1) * sizeof *e->chains);
  if (e->skipped != NULL) vls_wipe(e->skipped, VLS_GROUP_KEEP * sizeof *e->skipped);
  free(e->chains);
  free(e->skipped);
  free(e->new_kept);
  free(e->roster.leaves);
  vls_wipe(e, sizeof *e);
  free(e);
}

void vls_gr_epoch_drop(vls_group *g, gr_epoch *e) {
  size_t i = 0;
  while (g->epochs[i] != e)
    i++;
  memmove(&g->epochs[i], &g->epochs[i + 1], (g->n_epochs - i - 1) * sizeof g->epochs[0]);
  g->n_epochs--;
  vls_gr_note_dropped(g, e);
  vls_gr_epoch_free(e);
}

gr_epoch *vls_gr_epoch_new(vls_group *g, const uint8_t id[32], uint64_t now) {
  gr_epoch *e = vls_calloc(1, sizeof *e);
  memcpy(e->id, id, 32);
  e->act = NO_ACT;
  e->born = e->seen = now;
  e->new_facts = e->new_use = true;
  g->epochs[g->n_epochs++] = e;
  return e;
}

/* Which one */

bool vls_gr_eligible(const vls_group *g, const gr_epoch *e, size_t *ret_stale) {
  size_t stale = 0, gone = 0;
  for (size_t i = 0; i < e->roster.n; i++) {
    const gr_ann *now = g->devices[e->roster.leaves[i].device].now;
    if (now == NULL)
      gone++;
    else if (memcmp(now->dh, e->roster.leaves[i].dh, 32) != 0)
      stale++;
  }
  *ret_stale = stale;
  return e->roster.n > 0 && gone == 0 && !e->split;
}

bool vls_gr_better(const vls_group *g, const gr_epoch *a, const gr_epoch *b) {
  size_t stale_a, stale_b;
  bool ok_a = vls_gr_eligible(g, a, &stale_a), ok_b = vls_gr_eligible(g, b, &stale_b);
  if (ok_a != ok_b) return ok_a;
  if (a->split != b->split) return b->split;
  if ((stale_a == 0) != (stale_b == 0)) return stale_a == 0;
  if (a->roster.n != b->roster.n) return a->roster.n > b->roster.n;
  if (stale_a != stale_b) return stale_a < stale_b;
  if (a->depth != b->depth) return a->depth > b->depth;
  return memcmp(a->id, b->id, 32) < 0;
}

gr_epoch *vls_gr_best(vls_group *g, bool eligible) {
  gr_epoch *best = NULL;
  size_t stale;
  uint32_t me = vls_gr_device(g, g->me.device->pub);
  vls_gr_present(g);
  for (size_t i = 0; i < g->n_epochs; i++) {
    gr_epoch *e = g->epochs[i];
    if (!e->open || e->split || vls_gr_leaf_of(&e->roster, me) == NOBODY) continue;
    if (eligible && !vls_gr_eligible(g, e, &stale)) continue;
    if (best == NULL || vls_gr_better(g, e, best)) best = e;
  }
  return best;
}

/* One of those that began here last: who hears all of another branch, commit by commit, needs each
 * of its epochs for a while, however poor it is. */
static bool is_latest(const vls_group *g, const gr_epoch *e) {
  size_t later = 0;
  for (size_t i = 0; i < g->n_epochs; i++)
    later += g->epochs[i]->act > e->act ? 1 : 0; /* NO_ACT: I am making it now */
  return later < VLS_GROUP_EPOCHS_LATEST;
}

/* The worst of those that have keys, or of those that wait for a wrap; never the best one. */
static gr_epoch *worst_of(vls_group *g, const gr_epoch *best, bool open) {
  gr_epoch *worst = NULL;
  for (size_t i = 0; i < g->n_epochs; i++) {
    gr_epoch *e = g->epochs[i];
    if (e == best || e->open != open || is_latest(g, e)) continue;
    if (worst == NULL || vls_gr_better(g, worst, e)) worst = e;
  }
  return worst;
}

/* Half of them at most wait: whoever withholds wraps must not push out what can be read. */
void vls_gr_epoch_prune(vls_group *g, uint64_t now) {
  vls_gr_present(g);
  const gr_epoch *best = vls_gr_best(g, false);
  for (size_t i = g->n_epochs; i-- > 0;) {
    gr_epoch *e = g->epochs[i];
    if (e != best && now > e->seen + VLS_GROUP_EPOCH_MS) vls_gr_epoch_drop(g, e);
  }
  while (g->n_epochs > VLS_GROUP_EPOCHS) {
    size_t waiting = 0;
    for (size_t i = 0; i < g->n_epochs; i++)
      waiting += g->epochs[i]->open ? 0 : 1;
    bool open = waiting <= VLS_GROUP_EPOCHS / 2;
    gr_epoch *worst = worst_of(g, best, open);
    if (worst == NULL) worst = worst_of(g, best, !open); /* all of those are the best, or latest */
    VLS_ASSERT(worst != NULL);
    vls_gr_epoch_drop(g, worst);
  }
}

/* Keys */

void vls_gr_epoch_chains(const vls_group *g, gr_epoch *e) {
  e->chains = vls_calloc(e->roster.n + 1, sizeof *e->chains);
  for (uint32_t i = 0; i < e->roster.n; i++)
    vls_epoch_chain(e->chains[i].ck, &e->keys, i, g->devices[e->roster.leaves[i].device].sign);
  vls_wipe(e->keys.encryption, sizeof e->keys.encryption);
  vls_gr_new_chains(e);
}

void vls_gr_epoch_open(vls_group *g, gr_epoch *e, const uint8_t joiner[32]) {
  uint8_t tag[32];
  vls_epoch_begin(&e->keys, joiner, vls_slice_of(e->context, sizeof e->context));
  vls_epoch_confirm(tag, &e->keys, e->core);
  e->split = !vls_secret_eq(tag, e->confirm, sizeof tag);
  e->open = true;
  vls_gr_epoch_chains(g, e);
  g->opened = true;
  uint32_t author = g->rows[g->acts[e->act].row].device;
  vls_gr_tell(g, e->split ? VLS_TOLD_SPLIT : VLS_TOLD_EPOCH, e->id, author, 0, (vls_slice){0});
}

/* Commits */

/* The roster that a commit began. */
void vls_gr_roster_then(vls_group *g, uint32_t act, gr_roster *ret) {
  vls_past *then = vls_authority_past(g->authority, &act, 1);
  vls_gr_roster(g, then, NULL, ret);
  vls_past_free(then);
}

static vls_err check_base(vls_group *g, const vls_group_said *said, const vls_past *past,
                          const gr_roster *roster) {
  const vls_act_commit *commit = &said->act.commit;
  const gr_row *row = vls_gr_row(g, commit->base);
  if (row == NULL || row->act == NO_ACT || !g->acts[row->act].has_commit ||
      !vls_past_has(past, row->act))
    return VLS_STATE;
  if (commit->fresh) return VLS_OK;
  gr_roster base;
  const gr_epoch *e = vls_gr_epoch(g, commit->base);
  if (e != NULL && e->roster.n > 0) return vls_gr_within(&e->roster, roster) ? VLS_OK : VLS_STATE;
  vls_gr_roster_then(g, row->act, &base);
  bool within = vls_gr_within(&base, roster);
  free(base.leaves);
  return within ? VLS_OK : VLS_STATE;
}

void vls_gr_commit_announces(gr_change *change, const vls_group_said *said, uint32_t device) {
  const vls_act_commit *commit = &said->act.commit;
  if (!commit->fresh) return;
  change->device2 = device;
  change->ann2 = (gr_ann){.made = commit->made};
  memcpy(change->ann2.dh, commit->dh.p, 32);
}

vls_err vls_gr_commit_check(vls_group *g, const vls_group_said *said, const vls_past *past,
                            uint32_t device, gr_change *change, gr_roster *ret) {
  const vls_act_commit *commit = &said->act.commit;
  if (vls_key_check(commit->ephemeral) != VLS_OK) return VLS_FORGED;
  if (commit->fresh && vls_key_check(commit->dh.p) != VLS_OK) return VLS_FORGED;
  vls_gr_commit_announces(change, said, device);
  vls_gr_roster(g, past, change, ret);
  vls_err err = VLS_OK;
  if (memcmp(ret->root, said->header.roster, 32) != 0) err = VLS_MALFORMED;
  if (err == VLS_OK && vls_gr_leaf_of(ret, device) == NOBODY) err = VLS_STATE;
  if (err == VLS_OK && said->act.kind != VLS_GROUP_GENESIS) err = check_base(g, said, past, ret);
  if (err != VLS_OK) free(ret->leaves);
  return err;
}

bool vls_gr_was_in(const gr_roster *base, const gr_leaf *leaf) {
  uint32_t before = vls_gr_leaf_of(base, leaf->device);
  return before != NOBODY && memcmp(base->leaves[before].dh, leaf->dh, 32) == 0;
}

bool vls_gr_was_in_base(vls_group *g, const gr_epoch *e, uint32_t leaf) {
  gr_roster then;
  const gr_row *row = vls_gr_row(g, e->base);
  const gr_epoch *base = vls_gr_epoch(g, e->base);
  if (base != NULL && base->roster.n > 0)
    return vls_gr_was_in(&base->roster, &e->roster.leaves[leaf]);
  if (row == NULL || row->act == NO_ACT) return false; /* of the genesis */
  vls_gr_roster_then(g, row->act, &then);
  bool was = vls_gr_was_in(&then, &e->roster.leaves[leaf]);
  free(then.leaves);
  return was;
}

static bool from_base(const vls_group *g, const gr_epoch *e, uint8_t ret_joiner[32]) {
  const gr_epoch *base = vls_gr_epoch(g, e->base);
  if (e->fresh || base == NULL || !base->open || base->split) return false;
  vls_epoch_joiner(ret_joiner, base->keys.init, zeros, vls_slice_of(e->context, sizeof e->context));
  return true;
}

/* Commits that only add, heard before the keys of their base. */
void vls_gr_epoch_follow(vls_group *g) {
  uint8_t joiner[32];
  for (size_t i = 0; i < g->n_epochs; i++) {
    gr_epoch *e = g->epochs[i];
    if (e->open || !from_base(g, e, joiner)) continue;
    vls_gr_epoch_open(g, e, joiner);
    i = SIZE_MAX; /* it may be the base of one before it */
  }
  vls_wipe(joiner, sizeof joiner);
}

static void describe(gr_epoch *e, const vls_group_said *said, uint32_t act, uint32_t depth) {
  const vls_act_commit *commit = &said->act.commit;
  e->new_facts = true;
  e->act = act;
  e->depth = depth;
  e->fresh = commit->fresh;
  memcpy(e->base, commit->base, 32);
  memcpy(e->ephemeral, commit->ephemeral, 32);
  memcpy(e->confirm, commit->confirm, 32);
}

void vls_gr_epoch_begin(vls_group *g, const vls_group_said *said, uint32_t act, gr_roster *roster,
                        uint64_t now) {
  uint8_t joiner[32];
  gr_epoch *e = vls_gr_epoch(g, said->id);
  uint32_t me = vls_gr_leaf_of(roster, vls_gr_device(g, g->me.device->pub));
  if (e != NULL) { /* I made it */
    describe(e, said, act, g->acts[act].epoch_depth);
    free(roster->leaves);
    g->opened = true;
    vls_gr_tell(g, VLS_TOLD_EPOCH, e->id, g->rows[g->acts[act].row].device, 0, (vls_slice){0});
    return;
  }
  if (me == NOBODY) { /* not for me */
    free(roster->leaves);
    return;
  }
  gr_epoch *best = vls_gr_best(g, false);
  if (best != NULL) { /* its time of 14 days begins now */
    best->seen = now;
    best->new_use = true;
  }
  e = vls_gr_epoch_new(g, said->id, now);
  describe(e, said, act, g->acts[act].epoch_depth);
  e->roster = *roster;
  vls_err err = vls_group_core(e->core, said);
  VLS_ASSERT(err == VLS_OK);
  vls_group_context(e->context, &said->header, e->base, roster->root);
  if (from_base(g, e, joiner)) {
    vls_gr_epoch_open(g, e, joiner);
  } else if (said->act.kind != VLS_GROUP_GENESIS && (e->fresh || !vls_gr_was_in_base(g, e, me))) {
    vls_gr_tell(g, VLS_TOLD_WANT_WRAP, e->id, NOBODY, me, (vls_slice){0});
  }
  vls_wipe(joiner, sizeof joiner);
  vls_gr_epoch_prune(g, now);
}

/* The secret of a wrap for one of my leaf keys. */
static vls_err unwrap(const vls_group *g, const gr_epoch *e, const uint8_t wrap[VLS_WRAP],
                      const uint8_t leaf[32], uint8_t ret[32]) {
  for (size_t i = 0; i < g->n_keys; i++)
    if (memcmp(g->keys[i].pair.pub, leaf, 32) == 0)
      return vls_unwrap(ret, wrap, e->ephemeral, &g->keys[i].pair, e->core);
  return VLS_STATE;
}

/* My wrap holds the commit secret when I was in the base, and else the joiner. */
static vls_err joiner_of(vls_group *g, const gr_epoch *e, uint32_t leaf, const uint8_t secret[32],
                         uint8_t ret_joiner[32]) {
  const gr_epoch *base = vls_gr_epoch(g, e->base);
  if (!vls_gr_was_in_base(g, e, leaf)) {
    memcpy(ret_joiner, secret, 32);
    return VLS_OK;
  }
  if (base == NULL || !base->open || base->split) return VLS_STATE;
  vls_epoch_joiner(ret_joiner, base->keys.init, secret,
                   vls_slice_of(e->context, sizeof e->context));
  return VLS_OK;
}

vls_err vls_group_hear_wrap(vls_group *g, vls_slice bytes, uint64_t now) {
  vls_group_wrap wrap;
  uint8_t secret[32], joiner[32];
  vls_err err = vls_wire_decode(&vls_group_wrap_def, VLS_WIRE_STRICT, bytes, &wrap, NULL);
  if (err != VLS_OK) return err;
  gr_epoch *e = vls_gr_epoch(g, wrap.commit);
  if (e == NULL) return VLS_NOT_FOUND;
  if (e->open) return VLS_DUPLICATE;
  uint32_t me = vls_gr_leaf_of(&e->roster, vls_gr_device(g, g->me.device->pub));
  if (wrap.leaf != me) return VLS_NOT_FOUND;
  err = unwrap(g, e, wrap.wrap, e->roster.leaves[me].dh, secret);
  if (err == VLS_OK) err = joiner_of(g, e, me, secret, joiner);
  if (err == VLS_OK) {
    vls_gr_epoch_open(g, e, joiner);
    vls_gr_epoch_prune(g, now);
    vls_gr_retry(g, now);
  }
  vls_wipe(secret, sizeof secret);
  vls_wipe(joiner, sizeof joiner);
  return err;
}
