/* Who knocks: every key that may open the door is tried in turn (PEER 4.2), and who stands behind
 * it. */
#include <stdlib.h>

#include "base/assert.h"
#include "citizen/invite.h"
#include "core/core_int.h"
#include "store/guard.h"

void vls_invites_load(vls_core *core) {
  vls_invite_row row = {0};
  if (core->invites == NULL) core->invites = vls_calloc(VLS_INVITES_KEPT, sizeof *core->invites);
  core->n_invites = 0;
  while (core->n_invites < VLS_INVITES_KEPT && vls_invite_next(core->store, row.id, &row)) {
    vls_invite_key *key = &core->invites[core->n_invites++];
    *key = (vls_invite_key){.id = row.id,
                            .expires = row.expires,
                            .contact = row.contact,
                            .used = row.state == VLS_INVITE_USED};
    vls_invite_knock_key(key->knock, row.secret);
  }
  vls_wipe(&row, sizeof row);
}

/* Fresh, never seen, not too often; else the caller is a stranger (PEER 4.3). A replay is not
 * counted, or whoever recorded one knock could use up the minute of the contact it came from. */
static bool acceptable(vls_core *core, vls_conn *conn, vls_budget *knocks) {
  if (!vls_link_fresh(conn->link, core->now)) return false;
  if (vls_knock_is_known(core->store, vls_link_nonce(conn->link))) return false;
  if (!vls_budget_take(knocks, core->now.mono_ms, 1, VLS_KNOCKS_MINUTE)) return false;
  return vls_knock_seen(core->store, vls_link_nonce(conn->link), vls_core_wall(core)) == VLS_OK;
}

static bool try_contact(vls_core *core, vls_conn *conn, vls_peer *peer) {
  static const uint8_t zeros[32];
  if (peer->row.blocked || !vls_peer_visible(peer)) return false;
  for (int second = 0; second < 2; second++) {
    const uint8_t *knock = second ? peer->row.knock2 : peer->row.knock;
    if (memcmp(knock, zeros, 32) == 0) continue;
    if (vls_link_try(conn->link, knock) != VLS_OK) continue;
    if (!acceptable(core, conn, &peer->knocks)) return false;
    conn->peer = peer;
    vls_link_admit(conn->link, second ? peer->row.psk2 : peer->row.psk);
    return true;
  }
  return false;
}

/* Taken by somebody this node wants nothing of any more: nobody is answered through it. */
static bool is_cut_off(vls_core *core, const vls_invite_key *key) {
  const vls_peer *taker = key->used ? vls_peer_get(core, key->contact) : NULL;
  return taker != NULL && (taker->row.blocked || !vls_peer_visible(taker));
}

bool vls_knock_find(vls_core *core, vls_conn *conn) {
  static const uint8_t zeros[32];
  for (size_t i = 0; i < core->n_peers; i++)
    if (try_contact(core, conn, core->peers[i])) return true;
  for (size_t i = 0; i < core->n_invites; i++) {
    vls_invite_key *key = &core->invites[i];
    if (is_cut_off(core, key) || vls_link_try(conn->link, key->knock) != VLS_OK) continue;
    if (!acceptable(core, conn, &key->knocks)) return false;
    conn->invite = key->id;
    vls_link_admit(conn->link, zeros);
    return true;
  }
  return false;
}

static bool is_device_of(vls_core *core, const vls_peer *peer, const uint8_t dh[32]) {
  vls_buf card;
  vls_card_view view;
  vls_buf_init(&card, VLS_CARD_MAX);
  bool found = vls_contact_card(core->store, peer->row.id, &card) &&
               vls_card_open_known(&view, vls_buf_slice(&card)) == VLS_OK &&
               vls_card_by_dh(&view, dh) != NULL;
  vls_buf_done(&card);
  return found;
}

static vls_invite_key *invite_key(vls_core *core, uint32_t id) {
  for (size_t i = 0; i < core->n_invites; i++)
    if (core->invites[i].id == id) return &core->invites[i];
  return NULL;
}

void vls_knock_peer(vls_core *core, vls_conn *conn) {
  const uint8_t *caller = vls_link_peer(conn->link);
  VLS_ASSERT(caller != NULL);
  memcpy(conn->pinned, caller, 32);
  if (conn->invite == 0) {
    if (is_device_of(core, conn->peer, caller)) {
      vls_link_approve(conn->link);
      return;
    }
    vls_core_log(core, VLS_WARNING, "a knock of contact=%llu came with a key that is not theirs",
                 (unsigned long long)conn->peer->row.id);
    vls_conn_drop(core, conn, true, "the key is not theirs");
    return;
  }
  const vls_invite_key *key = invite_key(core, conn->invite);
  vls_peer *peer = key != NULL && key->used ? vls_peer_get(core, key->contact) : NULL;
  bool same = peer != NULL && vls_peer_visible(peer) && is_device_of(core, peer, caller);
  if (same)
    conn->peer = peer;
  else if (key == NULL || key->used)
    conn->refuse_used = true;
  else if (vls_core_wall(core) > key->expires)
    conn->refuse_expired = true;
  vls_link_approve(conn->link);
}
