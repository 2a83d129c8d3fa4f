/* Who knocks: every key that may open the door is tried in turn (PEER 4.2), and who stands behind
 * it. */
#include <stdlib.h>

#include "base/assert.h"
#include "citizen/invite.h"
#include "core/circle_door.h"
#include "core/members.h"
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
bool vls_knock_acceptable(vls_core *core, vls_conn *conn, vls_budget *knocks) {
  if (!vls_link_fresh(conn->link, core->now)) return false;
  if (vls_knock_is_known(core->store, vls_link_nonce(conn->link))) return false;
  if (!vls_budget_take(knocks, core->now.mono_ms, 1, VLS_KNOCKS_MINUTE)) return false;
  return vls_knock_seen(core->store, vls_link_nonce(conn->link), vls_core_wall(core)) == VLS_OK;
}

static bool try_member(vls_core *core, vls_conn *conn, vls_peer *peer) {
  const vls_member_key *key = vls_member_try(core, conn, peer);
  if (key == NULL || !vls_knock_acceptable(core, conn, &peer->knocks)) return false;
  conn->peer = peer;
  conn->as_member = true;
  vls_link_admit(conn->link, key->psk);
  return true;
}

static bool try_contact(vls_core *core, vls_conn *conn, vls_peer *peer) {
  static const uint8_t zeros[32];
  if (peer->row.blocked) return false;
  for (int second = 0; second < 2; second++) {
    const uint8_t *knock = second ? peer->row.knock2 : peer->row.knock;
    if (memcmp(knock, zeros, 32) == 0) continue;
    core->costs.trials++;
    core->trials--;
    if (vls_link_try(conn->link, knock) != VLS_OK) continue;
    if (!vls_knock_acceptable(core, conn, &peer->knocks)) return false;
    conn->peer = peer;
    vls_link_admit(conn->link, second ? peer->row.psk2 : peer->row.psk);
    return true;
  }
  return try_member(core, conn, peer);
}

/* Taken by somebody this node wants nothing of any more: nobody is answered through it. */
static bool is_cut_off(vls_core *core, const vls_invite_key *key) {
  const vls_peer *taker = key->used ? vls_peer_get(core, key->contact) : NULL;
  return taker != NULL && (taker->row.blocked || !vls_peer_visible(taker));
}

static bool try_invites(vls_core *core, vls_conn *conn) {
  static const uint8_t zeros[32];
  for (size_t i = 0; i < core->n_invites; i++) {
    vls_invite_key *key = &core->invites[i];
    if (is_cut_off(core, key)) continue;
    core->costs.trials++;
    core->trials--;
    if (vls_link_try(conn->link, key->knock) != VLS_OK) continue;
    if (!vls_knock_acceptable(core, conn, &key->knocks)) return false;
    conn->invite = key->id;
    vls_link_admit(conn->link, zeros);
    return true;
  }
  return false;
}

/* A number for the machine behind "host:port"; never 0. */
static uint64_t host_of(const char *address) {
  const char *end = strrchr(address, ':');
  uint64_t hash = UINT64_C(0xcbf29ce484222325);
  for (const char *p = address; p != end && *p != '\0'; p++)
    hash = (hash ^ (uint8_t)*p) * UINT64_C(0x100000001b3);
  return hash | 1;
}

void vls_knock_remember(vls_peer *peer, const vls_conn *conn) {
  peer->host = host_of(conn->address);
}

/* Whoever had a link from this very address is tried at once: however many strangers there are, a
 * contact who comes back does not wait behind them. */
static bool try_likely(vls_core *core, vls_conn *conn) {
  uint64_t host = host_of(conn->address);
  unsigned tried = 0;
  for (; conn->likely < core->n_peers && tried < VLS_LIKELY_MAX; conn->likely++) {
    vls_peer *peer = core->peers[conn->likely];
    if (peer->host != host) continue;
    tried++;
    if (try_contact(core, conn, peer)) return true;
  }
  return false;
}

/* Every key that was not tried yet. */
static bool try_rest(vls_core *core, vls_conn *conn) {
  uint64_t host = host_of(conn->address);
  for (size_t i = 0; i < core->n_peers; i++) {
    if (i < conn->likely && core->peers[i]->host == host) continue;
    if (try_contact(core, conn, core->peers[i])) return true;
  }
  return try_invites(core, conn) || vls_circle_try(core, conn);
}

/* Keys that may be tried now; below zero while a stranger has cost more than there was. */
static int64_t trials_left(vls_core *core) {
  uint64_t ms = core->now.mono_ms - core->trials_at;
  core->trials_at = core->now.mono_ms;
  core->trials += ms < VLS_TRIALS_BURST ? (int64_t)ms * VLS_TRIALS_MS : VLS_TRIALS_BURST;
  if (core->trials > VLS_TRIALS_BURST) core->trials = VLS_TRIALS_BURST;
  return core->trials;
}

static void judge(vls_core *core, vls_conn *conn, bool opened) {
  if (opened)
    core->n_strangers--;
  else
    vls_link_silence(conn->link);
}

void vls_knock_leave(vls_core *core, vls_conn *conn) {
  if (!conn->waits) return;
  conn->waits = false;
  TAILQ_REMOVE(&core->knockers, conn, line);
}

static void wake_for_trials(vls_core *core) {
  uint64_t ms = core->trials > 0 ? 1 : 1 + (uint64_t)-core->trials / VLS_TRIALS_MS;
  if (!TAILQ_EMPTY(&core->knockers)) vls_core_wake_at(core, core->now.mono_ms + ms);
}

void vls_knock_begin(vls_core *core, vls_conn *conn) {
  bool at_once = TAILQ_EMPTY(&core->knockers) && trials_left(core) > 0;
  bool opened = try_likely(core, conn);
  if (opened || at_once) {
    judge(core, conn, opened || try_rest(core, conn));
    return;
  }
  conn->waits = true;
  TAILQ_INSERT_TAIL(&core->knockers, conn, line);
  wake_for_trials(core);
}

void vls_knock_tick(vls_core *core) {
  vls_conn *conn;
  while ((conn = TAILQ_FIRST(&core->knockers)) != NULL && trials_left(core) > 0) {
    vls_knock_leave(core, conn);
    judge(core, conn, try_rest(core, conn));
    vls_conn_pump(core, conn);
  }
  wake_for_trials(core);
}

static bool is_device_of(vls_core *core, const vls_peer *peer, const uint8_t dh[32]) {
  if (vls_member_has(peer, dh)) return true;
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
  if (conn->door != 0) { /* whoever it is has an invitation, and shows it */
    vls_link_approve(conn->link);
    return;
  }
  if (conn->invite == 0) {
    if (is_device_of(core, conn->peer, caller)) {
      vls_link_approve(conn->link);
      return;
    }
    /* A new device of theirs brings a card that says so (PEER 4.4); nobody else has the time to. */
    vls_core_log(core, VLS_NOTICE, "a knock of contact=%llu came with a key that is not known",
                 (unsigned long long)conn->peer->row.id);
    if (conn->peer->n_unproven >= VLS_UNPROVEN_MAX) {
      vls_conn_drop(core, conn, true, "the key is not theirs");
      return;
    }
    conn->unproven = true;
    conn->peer->n_unproven++;
    vls_link_approve(conn->link);
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
