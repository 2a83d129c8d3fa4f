#include "core/members.h"

#include <stdio.h>
#include <stdlib.h>

#include "citizen/id.h"
#include "core/circle.h"
#include "crypto/kdf.h"

vls_err vls_member_key_make(vls_member_key *ret, const vls_dh_pair *mine,
                            const uint8_t theirs[32]) {
  uint8_t shared[32], secret[VLS_KEY], both[64];
  vls_err err = vls_dh(shared, mine->priv, theirs);
  if (err != VLS_OK) return err;
  bool first = memcmp(mine->pub, theirs, 32) < 0;
  memcpy(both, first ? mine->pub : theirs, 32);
  memcpy(both + 32, first ? theirs : mine->pub, 32);
  vls_hkdf_extract(secret, (vls_slice){0}, vls_slice_of(shared, sizeof shared));
  memcpy(ret->dh, theirs, 32);
  vls_xwl(ret->knock, 32, secret, "member knock", vls_slice_of(both, sizeof both));
  vls_xwl(ret->psk, 32, secret, "member psk", vls_slice_of(both, sizeof both));
  vls_wipe(shared, sizeof shared);
  vls_wipe(secret, sizeof secret);
  return VLS_OK;
}

static void add_key(vls_member *member, const vls_dh_pair *mine, const uint8_t theirs[32]) {
  if (member->n_keys == VLS_MEMBER_KEYS) return;
  if (vls_member_key_make(&member->keys[member->n_keys], mine, theirs) == VLS_OK) member->n_keys++;
}

void vls_member_refresh(vls_core *core, vls_peer *peer) {
  vls_member *member = peer->member;
  if (member == NULL) return;
  vls_wipe(member->keys, sizeof member->keys);
  member->n_keys = 0;
  for (size_t i = 0; i < member->n_devices; i++)
    add_key(member, &core->self.dh, member->devices[i]);
  for (size_t k = 0; k < core->self.n_former; k++)
    for (size_t i = 0; i < member->n_devices; i++)
      add_key(member, &core->self.former[k], member->devices[i]);
}

static bool has_devices(const vls_member *member, const uint8_t (*devices)[32], size_t n) {
  return member->n_devices == n && (n == 0 || memcmp(member->devices, devices, n * 32) == 0);
}

/* NULL: there are too many. */
static vls_member *begin(vls_core *core, vls_peer *peer) {
  if (peer->member != NULL || core->n_members >= VLS_MEMBERS_MAX) return peer->member;
  peer->member = vls_calloc(1, sizeof *peer->member);
  core->n_members++;
  return peer->member;
}

void vls_member_is(vls_core *core, vls_peer *peer, const uint8_t (*devices)[32], size_t n) {
  if (peer->row.state == VLS_CONTACT_REMOVED) {
    peer->row.state = VLS_CONTACT_MEMBER;
    peer->row_dirty = true;
    vls_peer_touch(core, peer);
  }
  vls_member *member = begin(core, peer);
  if (member == NULL) return;
  if (n > VLS_MEMBER_DEVICES) n = VLS_MEMBER_DEVICES;
  if (has_devices(member, devices, n)) return;
  for (size_t i = 0; i < n; i++)
    memcpy(member->devices[i], devices[i], 32);
  member->n_devices = n;
  vls_member_refresh(core, peer);
}

void vls_member_count(vls_peer *peer) {
  if (peer->member == NULL) return;
  peer->member->circles = 0;
  peer->member->n_next = 0;
}

void vls_member_seat(vls_core *core, vls_peer *peer, const uint8_t device[32], bool first) {
  vls_member *member = begin(core, peer);
  if (member == NULL) return;
  member->circles += first ? 1 : 0;
  for (size_t i = 0; i < member->n_next; i++)
    if (memcmp(member->next[i], device, 32) == 0) return;
  if (member->n_next < VLS_MEMBER_DEVICES) memcpy(member->next[member->n_next++], device, 32);
}

void vls_member_counted(vls_core *core, vls_peer *peer) {
  const vls_member *member = peer->member;
  if (member != NULL && member->circles == 0)
    vls_member_left(core, peer);
  else if (member != NULL)
    vls_member_is(core, peer, member->next, member->n_next);
}

void vls_member_free(vls_peer *peer) {
  if (peer->member == NULL) return;
  vls_wipe(peer->member, sizeof *peer->member);
  free(peer->member);
  peer->member = NULL;
}

/* What waits for them goes first: it may say that they were removed. */
static void end_links(vls_core *core, const vls_peer *peer, const char *why) {
  for (size_t i = core->n_conns; i > 0; i--) {
    vls_conn *conn = core->conns[i - 1];
    if (conn->peer != peer || !conn->as_member) continue;
    if (!core->no_room) vls_circle_pump(core, conn);
    vls_conn_close(core, conn, VLS_CLOSE_BYE, why);
  }
}

/* The name stays: what they said is still here. */
void vls_member_left(vls_core *core, vls_peer *peer) {
  if (peer->member == NULL) return;
  /* What was said until then still goes: that they are removed is the last they hear. */
  if (peer->conn != NULL && peer->conn->as_member) vls_circle_pump(core, peer->conn);
  end_links(core, peer, "no group with them any more");
  vls_member_free(peer);
  core->n_members--;
  if (peer->row.state != VLS_CONTACT_MEMBER) return;
  peer->row.state = VLS_CONTACT_REMOVED;
  peer->row.problem[0] = '\0';
  peer->row.card_seq = 0;
  vls_contact_set_card(core->store, peer->row.id, 0, (vls_slice){0});
  peer->next_dial = VLS_NEVER;
  peer->row_dirty = true;
  vls_peer_touch(core, peer);
}

const vls_member_key *vls_member_try(vls_core *core, vls_conn *conn, const vls_peer *peer) {
  const vls_member *member = peer->member;
  for (size_t i = 0; member != NULL && i < member->n_keys; i++) {
    core->costs.trials++;
    core->trials--;
    if (vls_link_try(conn->link, member->keys[i].knock) == VLS_OK) return &member->keys[i];
  }
  return NULL;
}

bool vls_member_has(const vls_peer *peer, const uint8_t dh[32]) {
  const vls_member *member = peer->member;
  for (size_t i = 0; member != NULL && i < member->n_devices; i++)
    if (memcmp(member->devices[i], dh, 32) == 0) return true;
  return false;
}

bool vls_member_dials(const vls_peer *peer) {
  if (peer->member == NULL || !peer->member->wanted) return false;
  switch (peer->row.state) {
  case VLS_CONTACT_MEMBER:
  case VLS_CONTACT_FAILED: return true;
  case VLS_CONTACT_READY: /* they may have removed this contact */
    return peer->conn == NULL && peer->failures % VLS_MEMBER_TRY == VLS_MEMBER_TRY - 1;
  case VLS_CONTACT_PENDING:
  case VLS_CONTACT_REMOVED: break;
  }
  return false;
}

vls_link *vls_member_dial(vls_core *core, const vls_peer *peer, const uint8_t dh[32]) {
  /* Of the dials of a contact only some are as to a member. */
  unsigned nth = vls_peer_visible(peer) ? peer->failures / VLS_MEMBER_TRY : peer->failures;
  bool by_former = core->self.n_former > 0 && nth % 2 == 1;
  const vls_dh_pair *mine = by_former ? &core->self.former[0] : &core->self.dh;
  vls_member_key key;
  vls_link *link = NULL;
  if (vls_member_key_make(&key, mine, dh) == VLS_OK)
    link = vls_link_dial(&core->self.dh, dh, key.knock, key.psk, &core->rng, core->now);
  vls_wipe(&key, sizeof key);
  return link;
}

void vls_member_card(vls_core *core, vls_peer *peer, const vls_card_view *view, vls_slice card) {
  vls_contact_set_card(core->store, peer->row.id, view->card.seq, card);
  peer->row.card_seq = view->card.seq;
  peer->failures = 0; /* they may be elsewhere now */
  if (peer->conn == NULL && peer->dialing == NULL) vls_dial_schedule(core, peer, 0);
  vls_peer_claim(core, peer, view->card.name);
}

void vls_member_promote(vls_core *core, const vls_peer *peer) {
  end_links(core, peer, "an invitation is tried");
}

void vls_member_name(const vls_peer *peer, char ret[VLS_MEMBER_NAME]) {
  char id[VLS_ID_TEXT + 1];
  if (vls_peer_visible(peer)) {
    snprintf(ret, VLS_MEMBER_NAME, "%s", peer->row.name);
    return;
  }
  vls_id_text(id, peer->row.identity);
  snprintf(ret, VLS_MEMBER_NAME, "%c%s%s%.*s", VLS_MEMBER_MARK, peer->row.claim,
           peer->row.claim[0] != '\0' ? " " : "", VLS_SHORT_ID, id);
}
