/* The invitations of a group, for whoever opens the door (GROUP 4.7). */
#include "conv/group_int.h"

static bool read_invite(const vls_group *g, uint32_t act, vls_group_said *said) {
  return g->acts[act].kind == VLS_GROUP_INVITE && vls_gr_act_read(g, act, said) == VLS_OK;
}

static void fill(const vls_group *g, uint32_t act, const vls_group_said *said,
                 vls_group_invitation *ret) {
  *ret = (vls_group_invitation){.uses = said->act.invite.uses,
                                .until = said->act.invite.until,
                                .approve = said->act.invite.approve,
                                .is_void = vls_authority_is_void(g->authority, act)};
  memcpy(ret->id, g->rows[g->acts[act].row].id, 32);
  memcpy(ret->key, said->act.invite.key, 32);
  memcpy(ret->author, said->header.author, 32);
}

/* Admissions of each, in one pass. */
static void count(const vls_group *g, vls_group_invitation *all, size_t n) {
  vls_group_said *said = vls_calloc(1, sizeof *said);
  for (uint32_t i = 0; n > 0 && i < g->n_acts; i++) {
    if (g->acts[i].kind != VLS_GROUP_ADMIT || vls_authority_is_void(g->authority, i)) continue;
    if (vls_gr_act_read(g, i, said) != VLS_OK || said->act.admit.invite.n != 32) continue;
    for (size_t k = 0; k < n; k++)
      all[k].used += memcmp(all[k].id, said->act.admit.invite.p, 32) == 0 ? 1 : 0;
  }
  free(said);
}

bool vls_group_invitation_by(vls_group *g, const uint8_t key[32], vls_group_invitation *ret) {
  vls_group_said *said = vls_calloc(1, sizeof *said);
  bool found = false;
  for (uint32_t i = 0; g->authority != NULL && i < g->n_acts; i++) {
    if (!read_invite(g, i, said) || memcmp(said->act.invite.key, key, 32) != 0) continue;
    if (found && !ret->is_void) continue;
    fill(g, i, said, ret);
    found = true;
  }
  free(said);
  if (found) count(g, ret, 1);
  return found;
}

size_t vls_group_invitations(vls_group *g, vls_group_invitation **ret) {
  vls_group_said *said = vls_calloc(1, sizeof *said);
  size_t n = 0, cap = 0;
  *ret = NULL;
  for (uint32_t i = 0; g->authority != NULL && i < g->n_acts; i++) {
    if (!read_invite(g, i, said)) continue;
    if (n == cap) {
      cap = cap == 0 ? 8 : cap * 2;
      *ret = vls_realloc(*ret, cap * sizeof **ret);
    }
    fill(g, i, said, &(*ret)[n++]);
  }
  free(said);
  if (n > 0) count(g, *ret, n);
  return n;
}

bool vls_group_leaf_is(const vls_group *g, const uint8_t device[32], uint64_t made,
                       const uint8_t dh[32]) {
  uint32_t d = vls_gr_device(g, device);
  for (size_t i = 0; d != NOBODY && i < g->devices[d].n_anns; i++) {
    const gr_ann *ann = &g->devices[d].anns[i];
    if (ann->made > made || (ann->made == made && memcmp(ann->dh, dh, 32) == 0)) return true;
  }
  return false;
}
