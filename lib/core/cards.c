/* Cards that come: a contact's newer one, one that brings a new device (PEER 6.8), and my own, when
 * somebody has a newer one than I. */
#include "base/assert.h"
#include "core/circle_members.h"
#include "core/members.h"
#include "core/state.h"
#include "store/guard.h"
#include "store/sessions.h"

/* Does the card in the store have a device of this one? Without a card there is nothing to miss. */
static bool has_old_device(vls_core *core, const vls_peer *peer, const vls_card_view *view) {
  vls_buf card;
  vls_card_view known;
  vls_buf_init(&card, VLS_CARD_MAX);
  bool same = !vls_contact_card(core->store, peer->row.id, &card) ||
              vls_card_open_known(&known, vls_buf_slice(&card)) != VLS_OK;
  for (size_t i = 0; !same && i < view->n_devices; i++)
    same = vls_card_by_sign(&known, view->devices[i].sign) != NULL;
  vls_buf_done(&card);
  return same;
}

static void forget_devices(vls_core *core, vls_peer *peer, const vls_card_view *view) {
  vls_peer_sessions(core, peer);
  vls_peer_flush(core, peer); /* the dirty bits are by place */
  size_t n = 0;
  for (size_t i = 0; i < peer->n_sessions; i++) {
    bool stays = vls_card_by_sign(view, peer->sessions[i].device) != NULL;
    if (!stays) vls_session_drop(core->store, peer->row.id, peer->sessions[i].ratchet.th);
    if (stays && n != i) peer->sessions[n] = peer->sessions[i];
    n += stays;
  }
  for (size_t i = n; i < peer->n_sessions; i++)
    vls_wipe(&peer->sessions[i], sizeof peer->sessions[i]);
  peer->n_sessions = n;
  vls_early_clear(core->store, peer->row.id);
  vls_buf_clear(&peer->prefix);
  peer->talk.read_seq = 0; /* the new device counts from 1 */
  peer->talk_dirty = true;
  vls_state_tell(core, peer, VLS_TROUBLE_NEW_DEVICE);
}

static void adopt(vls_core *core, vls_peer *peer, const vls_card_view *view, vls_slice bytes) {
  if (!vls_peer_visible(peer)) {
    vls_member_card(core, peer, view, bytes);
    return;
  }
  bool known = has_old_device(core, peer, view);
  vls_contact_set_card(core->store, peer->row.id, view->card.seq, bytes);
  peer->row.card_seq = view->card.seq;
  if (!known) forget_devices(core, peer, view);
  vls_peer_claim(core, peer, view->card.name);
  peer->row_dirty = true;
  vls_feed_add(core, VLS_FEED_CONTACT, peer, 0, 0, "");
  vls_peer_touch(core, peer);
}

static bool is_known(vls_core *core, const vls_peer *peer, vls_slice bytes) {
  vls_buf known;
  vls_buf_init(&known, VLS_CARD_MAX);
  bool same = vls_contact_card(core->store, peer->row.id, &known) &&
              vls_slice_eq(vls_buf_slice(&known), bytes);
  vls_buf_done(&known);
  return same;
}

bool vls_cards_take(vls_core *core, vls_peer *peer, const vls_card_view *view, vls_slice bytes) {
  if (view->card.seq > peer->row.card_seq) {
    adopt(core, peer, view, bytes);
    vls_circle_card_came(core, peer);
    return true;
  }
  if (view->card.seq == peer->row.card_seq && !is_known(core, peer, bytes))
    vls_peer_alarm(core, peer,
                   "two different cards with one number: their key was copied or stolen. "
                   "Talk to them over another way");
  return false;
}

static const char not_theirs[] = "sent a card that is not theirs or not whole: it was not taken";

void vls_cards_item(vls_core *core, vls_peer *peer, vls_slice card) {
  vls_card_view view;
  if (!vls_budget_take(&peer->cards, core->now.mono_ms, 1, VLS_CARDS_MINUTE)) return;
  vls_err err = vls_card_open(&view, card);
  if (err == VLS_OK && memcmp(view.card.identity, peer->row.identity, 32) != 0) err = VLS_FORGED;
  if (err != VLS_OK)
    vls_peer_alarm(core, peer, not_theirs);
  else
    vls_cards_take(core, peer, &view, card);
}

/* Signed by my own identity and newer than mine: of this device in its other past, or of the one
 * that took its place. False: the link is over. */
static bool take_own(vls_core *core, vls_conn *conn, const vls_card_view *view) {
  if (view->card.seq <= core->self.card_seq) return true;
  if (vls_card_by_sign(view, core->self.device.pub) == NULL) {
    vls_state_tell(core, conn->peer, VLS_TROUBLE_REPLACED);
    vls_peer_refused(conn->peer);
    vls_conn_close(core, conn, VLS_CLOSE_BYE, "another device took the place of this one");
    return false;
  }
  vls_core_new_card(core, view->card.seq);
  return true;
}

bool vls_cards_frame(vls_core *core, vls_conn *conn, vls_slice card) {
  vls_peer *peer = conn->peer;
  uint64_t id = conn->id;
  vls_card_view view;
  if (conn->outgoing && conn->by_invite) {
    vls_begin_card(core, conn, card);
    return vls_conn_get(core, id) != NULL;
  }
  if (peer == NULL || conn->by_invite || conn->invite != 0 || conn->by_former) return true;
  if (!vls_budget_take(&peer->cards, core->now.mono_ms, 1, VLS_CARDS_MINUTE)) return true;
  vls_err err = vls_card_open(&view, card);
  bool own = err == VLS_OK && memcmp(view.card.identity, core->self.identity.pub, 32) == 0;
  if (own && !conn->unproven) return take_own(core, conn, &view);
  if (err == VLS_OK && memcmp(view.card.identity, peer->row.identity, 32) != 0) err = VLS_FORGED;
  if (err != VLS_OK) {
    vls_conn_close(core, conn, VLS_CLOSE_BYE, not_theirs);
    return false;
  }
  bool newer = vls_cards_take(core, peer, &view, card);
  if (vls_card_by_dh(&view, vls_link_peer(conn->link)) == NULL) {
    if (!newer) return true;
    vls_conn_close(core, conn, VLS_CLOSE_REKEY, "they have a new device");
    vls_dial_schedule(core, peer, 1);
    return false;
  }
  if (!conn->unproven) return true;
  if (newer) return vls_conn_proven(core, conn);
  vls_conn_close(core, conn, VLS_CLOSE_BYE, "a device that they have replaced");
  return false;
}

void vls_cards_give_back(vls_core *core, vls_conn *conn) {
  vls_buf card;
  vls_buf_init(&card, VLS_CARD_MAX);
  if (vls_contact_card(core->store, conn->peer->row.id, &card) &&
      vls_link_send_card(conn->link, vls_buf_slice(&card)) == VLS_OK)
    vls_conn_touch(core, conn);
  vls_buf_done(&card);
}
