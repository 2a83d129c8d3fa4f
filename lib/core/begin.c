/* How two citizens begin: the acceptor reads the inviter's card and starts a session; the inviter
 * takes the first record, and with it a contact. */
#include <stdio.h>

#include "base/assert.h"
#include "citizen/invite.h"
#include "conv/first.h"
#include "core/core_int.h"
#include "core/inbound.h"
#include "core/state.h"
#include "store/guard.h"

/* A: a session with this device of theirs. opk is NULL without an invitation. */
static vls_err begin_session(vls_core *core, vls_peer *peer, vls_slice card, const uint8_t dh[32],
                             uint32_t opk_id, const uint8_t *opk, bool by_invite) {
  vls_card_view view;
  vls_x3dh_keys keys;
  vls_session_row row = {.created = vls_core_wall(core)};
  vls_err err = vls_card_open(&view, card);
  if (err == VLS_OK && memcmp(view.card.identity, peer->row.identity, 32) != 0)
    err = VLS_IDENTITY_CHANGED;
  if (err != VLS_OK) return err;
  const vls_device *device = vls_card_by_dh(&view, dh);
  if (device == NULL) return VLS_FORGED;
  vls_first_conf conf = {.ik = &core->self.dh,
                         .card = vls_buf_slice(&core->self.card),
                         .their_card = card,
                         .their_device = device,
                         .opk_id = opk_id,
                         .opk = opk};
  vls_buf_clear(&peer->prefix);
  err = vls_first_begin(&conf, &core->rng, &row.ratchet, &keys, &peer->prefix);
  if (err != VLS_OK) return err;
  memcpy(row.device, device->sign, 32);
  if (opk != NULL) {
    vls_contact_set_card(core->store, peer->row.id, view.card.seq, card);
    peer->row.card_seq = view.card.seq;
    vls_peer_claim(core, peer, view.card.name);
  }
  /* A session begun anew over a contact's link leaves the keys of links as they are (PEER 5b.2). */
  if (by_invite) vls_peer_set_keys(core, peer, keys.link_psk, keys.knock);
  vls_peer_add_session(core, peer, &row);
  vls_outbound_reseal(core, peer);
  peer->hello_due = true;
  vls_wipe(&keys, sizeof keys);
  vls_wipe(&row, sizeof row);
  return VLS_OK;
}

void vls_begin_card(vls_core *core, vls_conn *conn, vls_slice card) {
  vls_peer *peer = conn->peer;
  vls_buf link;
  vls_invite invite;
  uint8_t bytes[VLS_INVITE_BYTES];
  bool wanted = peer != NULL && conn->outgoing && conn->by_invite &&
                peer->row.state == VLS_CONTACT_PENDING && peer->row.card_seq == 0;
  if (!wanted) return;
  vls_buf_init(&link, VLS_LINK_TEXT_MAX);
  vls_err err = vls_contact_link(core->store, peer->row.id, &link) ? VLS_OK : VLS_NOT_FOUND;
  if (err == VLS_OK) err = vls_invite_parse(&invite, bytes, vls_buf_slice(&link));
  if (err == VLS_OK)
    err = begin_session(core, peer, card, invite.dh, (uint32_t)invite.opk_id, invite.opk, true);
  if (err != VLS_OK) {
    const char *why =
        "whoever answers at the invitation's address is not who invited you: ask for a "
        "new invitation, over a way you trust";
    vls_peer_fail(core, peer, VLS_FEED_ALARM, why);
    vls_conn_close(core, conn, VLS_CLOSE_BYE, "not who invited you");
  }
  vls_wipe(bytes, sizeof bytes);
  vls_buf_done(&link);
}

void vls_begin_anew(vls_core *core, vls_conn *conn) {
  vls_peer *peer = conn->peer;
  if (!conn->up || peer->row.state != VLS_CONTACT_READY || peer->hello_due) return;
  if (!vls_state_level(conn)) return;
  if (peer->anew_at != 0 && core->now.mono_ms - peer->anew_at < VLS_BEGIN_ANEW_MS) return;
  peer->anew_at = core->now.mono_ms == 0 ? 1 : core->now.mono_ms;
  vls_begin_with(core, conn);
}

void vls_begin_with(vls_core *core, vls_conn *conn) {
  vls_peer *peer = conn->peer;
  vls_buf card;
  vls_buf_init(&card, VLS_CARD_MAX);
  const uint8_t *dh = vls_link_peer(conn->link);
  vls_err err =
      dh != NULL && vls_contact_card(core->store, peer->row.id, &card) ? VLS_OK : VLS_NOT_FOUND;
  if (err == VLS_OK)
    err = begin_session(core, peer, vls_buf_slice(&card), dh, 0, NULL,
                        conn->by_invite || conn->invite != 0);
  vls_core_log(core, VLS_NOTICE, "a new session begins contact=%llu result=%s",
               (unsigned long long)peer->row.id, vls_err_name(err));
  vls_buf_done(&card);
}

/* B: keys and card with which this first record may have been made. */
typedef struct door {
  vls_dh_pair spk, opk;
  vls_invite_row invite;
  vls_first_keys keys;
  vls_buf own_card, their_card;
  vls_card_view view;
  const vls_device *device;
} door;

static bool find_keys(vls_core *core, const vls_conn *conn, const vls_first *first, door *d) {
  vls_prekey_row spk;
  if (!vls_prekey_get(core->store, first->spk_id, &spk)) return false;
  vls_dh_from_priv(&d->spk, spk.priv);
  vls_wipe(&spk, sizeof spk);
  d->keys = (vls_first_keys){.ik = &core->self.dh, .spk = &d->spk};
  if (first->opk_id == 0) return conn->peer != NULL; /* a stranger needs an invitation */
  if (first->opk_id != conn->invite) return false;
  if (!vls_invite_next(core->store, first->opk_id - 1, &d->invite)) return false;
  if (d->invite.id != first->opk_id || d->invite.state != VLS_INVITE_OPEN) return false;
  if (vls_core_wall(core) > d->invite.expires) return false;
  vls_dh_from_priv(&d->opk, d->invite.opk);
  d->keys.opk = &d->opk;
  return true;
}

/* Their card, sealed with one of my cards in mind; and the device behind this very link. */
static bool read_card(vls_core *core, const vls_conn *conn, const vls_first *first, door *d) {
  unsigned index = 0;
  bool opened = false;
  for (unsigned i = 0; i <= VLS_OWN_CARDS && !opened; i++) {
    vls_buf_clear(&d->own_card);
    vls_buf_clear(&d->their_card);
    if (!vls_self_card_at(core->store, i, &d->own_card)) break;
    d->keys.card = vls_buf_slice(&d->own_card);
    opened = vls_first_card(first, &d->keys, &index, &d->their_card) == VLS_OK;
  }
  if (!opened || vls_card_open(&d->view, vls_buf_slice(&d->their_card)) != VLS_OK) return false;
  if (index >= d->view.n_devices) return false;
  if (memcmp(d->view.card.identity, core->self.identity.pub, 32) == 0) return false;
  d->device = &d->view.devices[index];
  const uint8_t *caller = vls_link_peer(conn->link);
  return caller == NULL || memcmp(d->device->dh, caller, 32) == 0;
}

static vls_peer *make_contact(vls_core *core, const vls_conn *conn, const door *d) {
  vls_peer *peer = vls_peer_by_identity(core, d->view.card.identity);
  if (conn->peer != NULL && conn->peer != peer) return NULL;
  if (peer != NULL && peer->row.blocked) return NULL;
  if (peer == NULL || !vls_peer_visible(peer)) {
    if (vls_peers_full(core)) return NULL;
    vls_slice name = d->invite.name[0] != '\0' ? vls_slice_str(d->invite.name) : d->view.card.name;
    peer = vls_peer_new(core, d->view.card.identity, name, d->view.card.name, VLS_CONTACT_PENDING);
  } else if (peer->row.state == VLS_CONTACT_FAILED) {
    vls_peer_problem(core, peer, ""); /* an invitation of theirs failed, mine did not */
    vls_message_revive(core->store, peer->row.id);
  }
  return peer;
}

/* Held: it makes no session. */
static vls_fate accept_through(vls_core *core, vls_conn *conn, const vls_first *first, door *d) {
  vls_x3dh_keys keys;
  vls_session_row row = {.created = vls_core_wall(core)};
  memcpy(row.device, d->device->sign, 32);
  if (vls_first_accept(first, &d->keys, vls_buf_slice(&d->their_card), d->device, &row.ratchet,
                       &keys) != VLS_OK)
    return VLS_FATE_HELD;
  /* The body must open and its signatures verify before anything is kept: try on the bare session.
   */
  bool fine = vls_inbound_probe(core, &row, first->record);
  vls_peer *peer = fine ? make_contact(core, conn, d) : NULL;
  vls_fate fate = VLS_FATE_HELD;
  if (peer != NULL) {
    if (d->view.card.seq >= peer->row.card_seq) { /* an old copy of theirs may bring an old one */
      vls_contact_set_card(core->store, peer->row.id, d->view.card.seq,
                           vls_buf_slice(&d->their_card));
      peer->row.card_seq = d->view.card.seq;
    }
    peer->row.state = VLS_CONTACT_READY;
    vls_contact_set_link(core->store, peer->row.id, (vls_slice){0}); /* theirs, had we taken one */
    if (conn->by_invite || conn->invite != 0)
      vls_peer_set_keys(core, peer, keys.link_psk, keys.knock);
    vls_peer_add_session(core, peer, &row);
    vls_buf_clear(
        &peer->prefix); /* of a session begun here at the same moment: this one stands first */
    peer->talk.card_sent = core->self.card_seq;
    peer->talk_dirty = true;
    fate = vls_inbound_first(core, peer, first->record);
    if (d->invite.id != 0) vls_invite_use(core->store, d->invite.id, peer->row.id);
    vls_invites_load(core);
    vls_conn_adopt(core, conn, peer);
    vls_feed_add(core, VLS_FEED_CONTACT, peer, 0, 0, "");
    vls_outbound_reseal(core, peer);
  }
  vls_wipe(&keys, sizeof keys);
  vls_wipe(&row, sizeof row);
  return fate;
}

/* The invitation was good when they knocked, but somebody else was quicker, or its time ran out. */
static void refuse_taker(vls_core *core, vls_conn *conn) {
  vls_invite_row invite;
  bool found = conn->invite != 0 && vls_invite_next(core->store, conn->invite - 1, &invite) &&
               invite.id == conn->invite;
  conn->refuse_used = !found || invite.state == VLS_INVITE_USED;
  conn->refuse_expired = found && vls_core_wall(core) > invite.expires;
  vls_wipe(&invite, sizeof invite);
}

vls_fate vls_begin_accept(vls_core *core, vls_conn *conn, vls_slice record) {
  vls_first first;
  vls_fate fate;
  door d = {0};
  bool is_first = vls_first_parse(&first, record) == VLS_OK;
  /* One that came before: its session is here, and must not begin a second time. */
  if (is_first && conn->peer != NULL && vls_inbound_known(core, conn, first.record, &fate))
    return fate;
  fate = VLS_FATE_HELD;
  vls_buf_init(&d.own_card, VLS_CARD_MAX);
  vls_buf_init(&d.their_card, VLS_CARD_MAX);
  bool ok = is_first && find_keys(core, conn, &first, &d);
  bool spent = ok && conn->peer != NULL &&
               !vls_budget_take(&conn->peer->firsts, core->now.mono_ms, 1, VLS_FIRSTS_MINUTE);
  if (spent)
    fate = VLS_FATE_REFUSED; /* in too much of a hurry: must keep what we could not use */
  else if (ok && read_card(core, conn, &first, &d))
    fate = accept_through(core, conn, &first, &d);
  if (fate == VLS_FATE_HELD) {
    vls_inbound_refuse(core, conn->peer, record, "no session of ours opens it");
    if (conn->peer != NULL) vls_begin_anew(core, conn);
    if (conn->peer == NULL && is_first) refuse_taker(core, conn);
    if (conn->peer == NULL) fate = VLS_FATE_REFUSED;
  }
  vls_buf_done(&d.own_card);
  vls_buf_done(&d.their_card);
  vls_wipe(&d, sizeof d);
  return fate;
}
