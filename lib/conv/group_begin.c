/* How a member comes to a group, and what members do for each other's keys. */
#include "conv/group_int.h"
#include "crypto/kdf.h"

static vls_err make_genesis(vls_group *g, vls_group_said *said, const vls_group_rules *rules,
                            vls_rng *rng, vls_buf *body) {
  vls_act_genesis genesis = {.version = 1, .n_founders = 1, .rules = *rules};
  vls_device_cert cert;
  memcpy(genesis.founders[0], g->me.identity, 32);
  vls_rng_bytes(rng, genesis.salt, sizeof genesis.salt);
  vls_err err = vls_wire_decode(&vls_signed_def, VLS_WIRE_STRICT, g->me.cert, &genesis.cert, NULL);
  if (err == VLS_OK) err = vls_group_cert_check(&cert, &genesis.cert);
  if (err == VLS_OK && memcmp(cert.sign, g->me.device->pub, 32) != 0) err = VLS_MALFORMED;
  if (err == VLS_OK) err = vls_wire_encode(&vls_act_genesis_def, &genesis, body);
  said->items[said->n_items++] = (vls_item){VLS_GROUP_GENESIS, vls_buf_slice(body)};
  return err;
}

/* A roster of one leaf, before any table knows its device. */
static void only_root(const vls_group *g, const uint8_t dh[32], uint8_t ret[32]) {
  uint8_t one[4];
  vls_be32_put(one, 1);
  vls_slice parts[] = {vls_slice_str("valise roster"),
                       {one, 4},
                       {g->me.identity, 32},
                       {g->me.device->pub, 32},
                       {dh, 32}};
  vls_sha256_parts(ret, parts, 5);
}

vls_err vls_group_found(vls_group **ret, const vls_group_me *me, const vls_group_rules *rules,
                        vls_rng *rng, uint64_t now) {
  static const uint8_t zeros[32];
  uint8_t root[32], secret[32], joiner[32], core[32], context[VLS_GROUP_CONTEXT];
  vls_dh_pair leaf, ephemeral;
  vls_epoch keys;
  vls_buf bodies[2];
  if (rules->name.n == 0 || rules->name.n > VLS_NAME_MAX) return VLS_MALFORMED;
  vls_group *g = vls_gr_new(me);
  vls_group_said *said = vls_calloc(1, sizeof *said);
  vls_buf_init(&bodies[0], vls_act_genesis_def.max_bytes);
  vls_buf_init(&bodies[1], vls_act_commit_def.max_bytes);
  vls_dh_new(&leaf, rng);
  vls_dh_new(&ephemeral, rng);
  vls_rng_bytes(rng, secret, sizeof secret);
  vls_err err = make_genesis(g, said, rules, rng, &bodies[0]);
  only_root(g, leaf.pub, root);
  said->header = (vls_group_header){.suite = 1, .seq = 1, .stamp = now};
  memcpy(said->header.roster, root, 32);
  memcpy(said->header.author, me->identity, 32);
  memcpy(said->header.device, me->device->pub, 32);
  vls_act_commit commit = {.fresh = true, .dh = {leaf.pub, 32}, .made = now + 1};
  memcpy(commit.ephemeral, ephemeral.pub, 32);
  for (unsigned step = 0; step < 2 && err == VLS_OK; step++) { /* without, and with its tag */
    vls_buf_clear(&bodies[1]);
    err = vls_wire_encode(&vls_act_commit_def, &commit, &bodies[1]);
    said->items[1] = (vls_item){VLS_GROUP_COMMIT, vls_buf_slice(&bodies[1])};
    said->n_items = 2;
    if (err == VLS_OK) err = vls_group_classify(said);
    if (err != VLS_OK || step == 1) break;
    err = vls_group_core(core, said);
    vls_group_context(context, &said->header, zeros, root);
    vls_epoch_joiner(joiner, zeros, secret, vls_slice_of(context, sizeof context));
    vls_epoch_begin(&keys, joiner, vls_slice_of(context, sizeof context));
    vls_epoch_confirm(commit.confirm, &keys, core);
  }
  if (err == VLS_OK) err = vls_group_sign(said, me->device);
  if (err == VLS_OK) {
    memcpy(g->id, said->id, 32);
    vls_gr_key_add(g, &leaf, commit.made);
    err = vls_gr_take_genesis(g, said, now);
  }
  if (err == VLS_OK) {
    g->seq = 1;
    memcpy(g->prev, said->id, 32);
    g->new_self = true;
    vls_gr_epoch_open(g, g->epochs[0], joiner);
    *ret = g;
  } else {
    vls_group_free(g);
  }
  vls_wipe(secret, sizeof secret);
  vls_wipe(joiner, sizeof joiner);
  vls_wipe(&leaf, sizeof leaf);
  vls_wipe(&keys, sizeof keys);
  vls_buf_done(&bodies[0]);
  vls_buf_done(&bodies[1]);
  free(said);
  return err;
}

vls_group *vls_group_join(const vls_group_me *me, const uint8_t group[32],
                          const vls_dh_pair *leaf) {
  vls_group *g = vls_gr_new(me);
  memcpy(g->id, group, 32);
  vls_gr_key_add(g, leaf, 0);
  return g;
}

/* Keys */

bool vls_gr_is_old(const gr_epoch *e, uint64_t now) {
  return e->records >= VLS_GROUP_REKEY_RECORDS || now >= e->born + VLS_GROUP_REKEY_MS;
}

static bool turn_is_due(vls_group *g, const gr_epoch *best, uint64_t now) {
  size_t stale;
  if (best == NULL || best->roster.n != g->present.n) return true;
  return !vls_gr_eligible(g, best, &stale) || stale > 0 || vls_gr_is_old(best, now);
}

static void turn_hash(const vls_group *g, const gr_epoch *e, uint32_t leaf, uint8_t ret[32]) {
  const gr_device *d = &g->devices[e->roster.leaves[leaf].device];
  vls_slice parts[] = {{e->id, 32}, {g->people[d->person].identity, 32}, {d->sign, 32}};
  vls_sha256_parts(ret, parts, 3);
}

uint64_t vls_group_due(vls_group *g, uint64_t now, uint16_t chance) {
  enum { STEP_MS = 2000, FIRST = 8, REST_MS = 60000 };
  if (g->authority == NULL) return VLS_NEVER;
  const gr_epoch *best = vls_gr_best(g, true);
  if (!turn_is_due(g, best, now)) return VLS_NEVER;
  if (best == NULL) best = vls_gr_best(g, false);
  if (best == NULL || !vls_group_is_member(g)) return VLS_NEVER;
  uint8_t mine[32], other[32];
  uint64_t rank = 0;
  turn_hash(g, best, vls_gr_leaf_of(&best->roster, vls_gr_device(g, g->me.device->pub)), mine);
  for (uint32_t i = 0; i < best->roster.n && rank < FIRST; i++) {
    if (g->devices[best->roster.leaves[i].device].now == NULL) continue;
    turn_hash(g, best, i, other);
    if (memcmp(other, mine, 32) < 0) rank++;
  }
  if (rank < FIRST) return rank * STEP_MS;
  return FIRST * STEP_MS + (uint64_t)chance * REST_MS / 65536;
}

/* This device is in no roster, or there with a key that it lost: its data was put back. */
static bool lacks_leaf(const vls_group *g) {
  uint32_t me = vls_gr_device(g, g->me.device->pub);
  const gr_ann *now = me == NOBODY ? NULL : g->devices[me].now;
  for (size_t i = 0; now != NULL && i < g->n_keys; i++)
    if (memcmp(g->keys[i].pair.pub, now->dh, 32) == 0) return false;
  return true;
}

bool vls_group_is_stuck(vls_group *g) {
  size_t stale;
  const gr_epoch *best = vls_gr_best(g, true);
  if (vls_group_level(g, g->me.identity) == VLS_LEVEL_NONE) return false;
  if (lacks_leaf(g)) return true;
  for (size_t i = 0; i < g->n_epochs; i++) {
    const gr_epoch *e = g->epochs[i];
    bool deeper = best == NULL || e->depth > best->depth;
    if (e->split && deeper) return true;
    if (!e->open && vls_gr_eligible(g, e, &stale) && (best == NULL || vls_gr_better(g, e, best)))
      return true;
  }
  return false;
}

vls_err vls_group_renew(vls_group *g, vls_rng *rng, uint64_t now, vls_buf *bytes,
                        vls_act_leaf *ret) {
  vls_dh_pair leaf;
  uint64_t last = g->n_keys > 0 ? g->keys[0].made : 0;
  uint64_t made = now > last ? now : last + 1;
  vls_dh_new(&leaf, rng);
  vls_buf_clear(bytes);
  vls_err err = vls_group_leaf_make(bytes, g->me.device, g->id, g->me.identity, made, leaf.pub);
  if (err == VLS_OK)
    err = vls_wire_decode(&vls_signed_def, VLS_WIRE_STRICT, vls_buf_slice(bytes), &ret->leaf, NULL);
  if (err == VLS_OK)
    err = vls_wire_decode(&vls_signed_def, VLS_WIRE_STRICT, g->me.cert, &ret->cert, NULL);
  if (err == VLS_OK) vls_gr_key_add(g, &leaf, made);
  vls_wipe(&leaf, sizeof leaf);
  return err;
}
