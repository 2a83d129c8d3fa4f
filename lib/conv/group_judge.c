/* Who may do what in a group, by the acts that an event names (GROUP 4). */
#include "conv/group_int.h"

vls_err vls_gr_act_read(const vls_group *g, uint32_t act, vls_group_said *ret) {
  vls_group_where where = {.group = g->id};
  return vls_group_read(ret, vls_buf_slice(&g->acts[act].bytes), &where);
}

/* The winner of two acts on the rules, neither of which saw the other (GROUP 4.5). */
static bool beats(const vls_group *g, uint32_t a, uint32_t b) {
  uint8_t x = vls_authority_rank(g->authority, a), y = vls_authority_rank(g->authority, b);
  if (vls_authority_saw(g->authority, a, b)) return true;
  if (vls_authority_saw(g->authority, b, a)) return false;
  if (x != y) return x > y;
  return memcmp(g->rows[g->acts[a].row].id, g->rows[g->acts[b].row].id, 32) < 0;
}

static bool stands(const vls_group *g, const vls_past *past, uint32_t act) {
  return past == NULL ? !vls_authority_is_void(g->authority, act) : !vls_past_is_void(past, act);
}

static bool is_replaced(const vls_group *g, const vls_past *past, uint32_t act) {
  for (uint32_t i = act + 1; i < g->n_acts; i++)
    if (g->acts[i].kind == VLS_GROUP_RULES && stands(g, past, i) &&
        vls_authority_saw(g->authority, i, act))
      return true;
  return false;
}

void vls_gr_rules(vls_group *g, const vls_past *past, vls_act_rules *ret) {
  vls_group_said said;
  uint32_t best = 0;
  for (uint32_t i = 1; i < g->n_acts; i++) {
    if (g->acts[i].kind != VLS_GROUP_RULES || !stands(g, past, i)) continue;
    if (is_replaced(g, past, i)) continue;
    if (best == 0 || beats(g, i, best)) best = i;
  }
  vls_err err = vls_gr_act_read(g, best, &said);
  VLS_ASSERT(err == VLS_OK);
  *ret = best == 0 ? (vls_act_rules){.rules = said.act.genesis.rules} : said.act.rules;
}

/* An invitation that allows this admission by the past it names (GROUP 4.7). */
static bool is_invited(vls_group *g, const vls_act_admit *admit, const vls_past *past,
                       uint8_t level) {
  vls_group_said said;
  if (admit->invite.n != 32 || admit->proof.n != VLS_SIG) return false;
  const gr_row *row = vls_gr_row(g, admit->invite.p);
  if (row == NULL || row->act == NO_ACT || g->acts[row->act].kind != VLS_GROUP_INVITE) return false;
  uint32_t act = row->act;
  if (vls_past_is_void(past, act) || vls_gr_act_read(g, act, &said) != VLS_OK) return false;
  vls_act_invite invite = said.act.invite;
  if (invite.approve && level < VLS_LEVEL_MODERATOR) return false;
  uint64_t used = 0;
  for (uint32_t i = act + 1; i < g->n_acts && used < invite.uses; i++) {
    if (g->acts[i].kind != VLS_GROUP_ADMIT || vls_past_is_void(past, i)) continue;
    if (vls_gr_act_read(g, i, &said) != VLS_OK) continue;
    used += vls_slice_eq(said.act.admit.invite, admit->invite) ? 1 : 0;
  }
  return used < invite.uses &&
         vls_group_proof_check(admit->proof.p, invite.key, g->id, admit->who) == VLS_OK;
}

static vls_err announce(vls_group *g, const vls_signed *cert, const vls_signed *signed_leaf,
                        const uint8_t *who, gr_change *change) {
  vls_group_leaf leaf;
  vls_device_cert device;
  vls_err err = vls_group_leaf_check(&leaf, cert, signed_leaf, g->id);
  if (err == VLS_OK)
    err = vls_wire_decode(&vls_device_cert_def, VLS_WIRE_STRICT, cert->body, &device, NULL);
  if (err != VLS_OK) return err;
  if (who != NULL && memcmp(leaf.identity, who, 32) != 0) return VLS_FORGED;
  uint32_t person = vls_gr_person_add(g, leaf.identity);
  if (person == NOBODY) return VLS_LIMITED;
  change->device = vls_gr_device_add(g, person, leaf.device, device.dh);
  if (change->device == NOBODY) return VLS_LIMITED;
  change->ann = (gr_ann){.made = leaf.made, .gone = leaf.dh.n == 0};
  if (leaf.dh.n == 32) memcpy(change->ann.dh, leaf.dh.p, 32);
  return VLS_OK;
}

static vls_err may_admit(vls_group *g, const vls_act_admit *admit, const vls_past *past,
                         uint8_t mine, gr_change *change) {
  vls_act_rules rules;
  vls_gr_rules(g, past, &rules);
  uint32_t who = vls_gr_person(g, admit->who);
  if (mine < rules.rules.admit && !is_invited(g, admit, past, mine)) return VLS_STATE;
  if (who != NOBODY && (vls_past_level(g->authority, past, who) != VLS_LEVEL_NONE ||
                        vls_past_remover(g->authority, past, who) > mine))
    return VLS_STATE;
  vls_err err = announce(g, &admit->cert, &admit->leaf, admit->who, change);
  change->person = err == VLS_OK ? g->devices[change->device].person : NOBODY;
  change->level = VLS_LEVEL_MEMBER;
  return err;
}

static vls_err may_touch(vls_group *g, const uint8_t who[32], const vls_past *past, uint8_t mine,
                         uint32_t author, bool removes, uint8_t level, gr_change *change) {
  uint32_t target = vls_gr_person(g, who);
  if (removes && target == author) {
    if (mine == VLS_LEVEL_FOUNDER) return VLS_STATE;
  } else {
    if (target != NOBODY && vls_past_level(g->authority, past, target) >= mine) return VLS_STATE;
    if (removes ? mine < VLS_LEVEL_MODERATOR : mine < VLS_LEVEL_ADMIN || level >= mine)
      return VLS_STATE;
  }
  change->person = target == NOBODY ? vls_gr_person_add(g, who) : target;
  change->level = level;
  return change->person == NOBODY ? VLS_LIMITED : VLS_OK;
}

static vls_err may_leaf(vls_group *g, const vls_act_leaf *leaf, const vls_past *past,
                        gr_change *change) {
  vls_device_cert cert;
  vls_err err = vls_group_cert_check(&cert, &leaf->cert);
  if (err != VLS_OK) return err;
  uint32_t person = vls_gr_person(g, cert.identity);
  if (person == NOBODY || vls_past_level(g->authority, past, person) == VLS_LEVEL_NONE)
    return VLS_STATE;
  return announce(g, &leaf->cert, &leaf->leaf, NULL, change);
}

/* Acts by this citizen in a past. */
static size_t acts_of(const vls_group *g, const vls_past *past, uint32_t person) {
  size_t n = 0;
  for (uint32_t i = 0; i < g->n_acts; i++)
    if (g->devices[g->rows[g->acts[i].row].device].person == person && vls_past_has(past, i)) n++;
  return n;
}

vls_err vls_gr_permitted(vls_group *g, const vls_group_said *said, const vls_past *past,
                         uint32_t author, uint32_t device, gr_change *change) {
  const vls_group_act *act = &said->act;
  vls_act_rules rules;
  uint8_t mine = vls_past_level(g->authority, past, author);
  *change = (gr_change){.person = NOBODY, .device = NOBODY, .device2 = NOBODY};
  if (mine == VLS_LEVEL_NONE || !vls_gr_announced(g, past, device)) return VLS_STATE;
  if (act->kind != VLS_GROUP_WORDS && mine < VLS_LEVEL_MODERATOR &&
      acts_of(g, past, author) >= VLS_GROUP_ACTS_EACH)
    return VLS_STATE;
  switch (act->kind) {
  case VLS_GROUP_WORDS:
    vls_gr_rules(g, past, &rules);
    return mine >= rules.rules.post ? VLS_OK : VLS_STATE;
  case VLS_GROUP_GENESIS: return VLS_STATE;
  case VLS_GROUP_SET:
    return may_touch(g, act->set.who, past, mine, author, false, (uint8_t)act->set.level, change);
  case VLS_GROUP_REMOVE:
    return may_touch(g, act->remove.who, past, mine, author, true, VLS_LEVEL_NONE, change);
  case VLS_GROUP_ADMIT: return may_admit(g, &act->admit, past, mine, change);
  case VLS_GROUP_LEAF: return may_leaf(g, &act->leaf, past, change);
  case VLS_GROUP_RULES: return mine >= VLS_LEVEL_OWNER ? VLS_OK : VLS_STATE;
  case VLS_GROUP_INVITE:
    vls_gr_rules(g, past, &rules);
    return mine >= rules.rules.admit ? VLS_OK : VLS_STATE;
  case VLS_GROUP_SEEN:
  case VLS_GROUP_COMMIT: return VLS_OK;
  }
  return VLS_STATE;
}

/* What counts now */

static bool is_forked(const vls_group *g, const gr_row *row) {
  const gr_device *d = &g->devices[row->device];
  size_t same = 0;
  for (size_t i = 0; i < d->n_seqs; i++)
    same += d->seqs[i].seq == row->seq ? 1 : 0;
  return same > 1;
}

/* Was it among what the remover had? The chain of hashes from its newest event says so, as far as
 * it is here: somebody who was removed can forge an old seq, but not its place in the chain. */
static bool was_had(const vls_group *g, const gr_row *row, const vls_group_upto *upto) {
  if (row->seq > upto->seq) return false;
  const gr_row *r = vls_gr_row(g, upto->head);
  while (r != NULL && r->seq > row->seq) {
    if (memcmp(r->prev, row->id, 32) == 0) return true;
    if (r->seq == row->seq + 1) return false;
    r = vls_gr_row(g, r->prev);
  }
  return r == NULL ? !is_forked(g, row) : r == row;
}

/* Does a valid removal that these words do not know end before them (GROUP 4.8)? */
static bool is_cut(vls_group *g, const gr_row *row, const vls_past *past) {
  vls_group_said said;
  uint32_t person = g->devices[row->device].person;
  for (uint32_t i = 0; i < g->n_acts; i++) {
    if (g->acts[i].kind != VLS_GROUP_REMOVE || g->acts[i].target != person) continue;
    if (vls_authority_is_void(g->authority, i) || vls_past_has(past, i)) continue;
    if (vls_gr_act_read(g, i, &said) != VLS_OK) continue;
    const vls_act_remove *remove = &said.act.remove;
    bool had = false;
    for (size_t k = 0; k < remove->n_upto; k++)
      had = had || (memcmp(remove->upto[k].device, g->devices[row->device].sign, 32) == 0 &&
                    was_had(g, row, &remove->upto[k]));
    if (!had) return true;
  }
  return false;
}

vls_group_standing vls_group_judge(vls_group *g, const uint8_t id[32]) {
  const gr_row *row = vls_gr_row(g, id);
  if (row == NULL) return VLS_GROUP_NO_SUCH;
  if (row->act != NO_ACT)
    return vls_authority_is_void(g->authority, row->act) ? VLS_GROUP_QUARANTINED : VLS_GROUP_COUNTS;
  vls_act_rules rules;
  uint32_t person = g->devices[row->device].person;
  const vls_past *past = vls_gr_past(g, row->heads, row->n_heads);
  vls_gr_rules(g, past, &rules);
  if (vls_past_level_now(g->authority, past, person) < rules.rules.post)
    return VLS_GROUP_QUARANTINED;
  return is_cut(g, row, past) ? VLS_GROUP_QUARANTINED : VLS_GROUP_COUNTS;
}

uint8_t vls_group_level_of_then(vls_group *g, const uint8_t id[32], const uint8_t who[32]) {
  const gr_row *row = vls_gr_row(g, id);
  uint32_t person = vls_gr_person(g, who);
  if (row == NULL || row->n_heads == 0 || person == NOBODY) return VLS_LEVEL_NONE;
  return vls_past_level(g->authority, vls_gr_past(g, row->heads, row->n_heads), person);
}

uint8_t vls_group_level_then(vls_group *g, const uint8_t id[32]) {
  const gr_row *row = vls_gr_row(g, id);
  if (row == NULL || row->n_heads == 0) return VLS_LEVEL_NONE;
  const vls_past *past = vls_gr_past(g, row->heads, row->n_heads);
  return vls_past_level(g->authority, past, g->devices[row->device].person);
}
