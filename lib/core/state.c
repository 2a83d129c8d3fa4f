/* STATE (PEER 6.3 to 6.6): both ends of a link say how far they are before either speaks. Whoever
 * is behind takes back what it had said; what it had heard is sent to it again. */
#include "core/state.h"

#include <stdio.h>

#include "base/assert.h"
#include "conv/state.h"
#include "store/guard.h"
#include "store/messages.h"
#include "store/sessions.h"

static const uint8_t nothing[32];

static const char *const troubles[] = {
    [VLS_TROUBLE_OWN_OLD] =
        "this node runs on an old copy of its data: they have had texts of yours that are missing "
        "here. What they still hold comes back by itself, and the talk goes on",
    [VLS_TROUBLE_OWN_LOST] =
        "they say that this node runs on an old copy of its data. What it has missed of theirs is "
        "sent again by itself, and the talk goes on",
    [VLS_TROUBLE_OWN_TWICE] =
        "another copy of this node is running and talks to them too: stop one of the two, or texts "
        "will come and go between them",
    [VLS_TROUBLE_THEIR_OLD] =
        "their node runs on an old copy of its data: a backup or a snapshot was put back. What it "
        "lost is sent to it again by itself, and the talk goes on",
    [VLS_TROUBLE_THEIR_TWICE] = "their node went back to old data twice within an hour: two copies "
                                "of it may be running. Ask "
                                "them, over another way, to stop one",
    [VLS_TROUBLE_NEW_DEVICE] =
        "they have a new device: their node was restored from a backup, or moved. The same "
        "identity signed for it, so there is nothing to compare again, and the talk goes on",
    [VLS_TROUBLE_REPLACED] =
        "your identity was restored on another node, which has taken the place of this one: they "
        "answer only that one. Stop this node. If it was not you, your key was stolen: tell them",
    [VLS_TROUBLE_GAP] =
        "some of what they wrote is gone, here and at their end, since data was put back: ask them "
        "what it was",
    [VLS_TROUBLE_STUCK] =
        "they say they have texts of yours that this node never wrote, and give none of them back: "
        "something is wrong at their end. Nothing is sent to them until that is settled",
};

_Static_assert(VLS_TROUBLE_STUCK + 1 == VLS_TROUBLES, "each has its place");

static bool is_told(const vls_peer *peer, vls_trouble what) {
  return strcmp(peer->row.problem, troubles[what]) == 0;
}

static bool is_recent(const vls_core *core, uint64_t at) {
  return at != 0 && core->now.mono_ms - at < VLS_TOLD_MS;
}

static uint64_t this_moment(const vls_core *core) {
  return core->now.mono_ms == 0 ? 1 : core->now.mono_ms;
}

void vls_state_tell(vls_core *core, vls_peer *peer, vls_trouble what) {
  if (!is_told(peer, what)) vls_peer_problem(core, peer, troubles[what]);
  if (is_recent(core, peer->told_at[what])) return;
  peer->told_at[what] = this_moment(core);
  vls_feed_add(core, VLS_FEED_ALARM, vls_peer_visible(peer) ? peer : NULL, 0, 0, troubles[what]);
}

bool vls_state_heals(const vls_peer *peer) {
  return is_told(peer, VLS_TROUBLE_NEW_DEVICE) || is_told(peer, VLS_TROUBLE_THEIR_OLD);
}

void vls_state_proved(vls_core *core, vls_conn *conn, bool forked) {
  vls_peer *peer = conn->peer;
  bool twice = forked || peer->was_level;
  conn->standing.behind_since = core->now.mono_ms;
  if (twice || !is_told(peer, VLS_TROUBLE_OWN_TWICE))
    vls_state_tell(core, peer, twice ? VLS_TROUBLE_OWN_TWICE : VLS_TROUBLE_OWN_OLD);
}

void vls_state_stuck(vls_core *core, vls_conn *conn) {
  vls_state_tell(core, conn->peer, VLS_TROUBLE_STUCK);
}

/* All is well, and has been for a while: what was told is history. */
static void untell(vls_core *core, vls_peer *peer) {
  for (unsigned i = 0; i < VLS_TROUBLES; i++)
    if (is_told(peer, (vls_trouble)i) && !is_recent(core, peer->told_at[i]))
      vls_peer_problem(core, peer, "");
}

bool vls_state_level(const vls_conn *conn) {
  return !conn->as_member &&
         (!conn->standing.as_contact || (conn->standing.stated && conn->standing.level));
}

/* at: where to go on from; NULL: all of my events. */
static void send_state_at(vls_core *core, vls_conn *conn, uint64_t flags, const vls_position *at) {
  vls_peer *peer = conn->peer;
  vls_former_chain former = {0};
  vls_chain_at chains[8];
  vls_state s = {.card = core->self.card_seq, .yours = peer->row.card_seq, .flags = flags};
  if (vls_outbox_has_texts(core->store, peer->row.id)) s.flags |= VLS_STATE_ASKS;
  if (at == NULL && conn->standing.behind) at = &conn->standing.back;
  s.mine[0].seq = at != NULL ? at->seq : peer->talk.out_seq;
  memcpy(s.mine[0].head, at != NULL ? at->head : peer->talk.out_prev, 32);
  memcpy(s.mine[s.n_mine++].device, core->self.device.pub, 32);
  while (s.n_mine <= VLS_FORMER_CHAINS &&
         vls_former_chain_next(core->store, peer->row.id, former.number, false, &former)) {
    vls_position *p = &s.mine[s.n_mine++];
    p->seq = former.seq;
    memcpy(p->device, former.sign, 32);
    memcpy(p->head, former.head, 32);
  }
  s.n_held = vls_chain_newest(core->store, peer->row.id, chains, 8);
  for (size_t i = 0; i < s.n_held; i++) {
    s.held[i].seq = chains[i].row.seq;
    memcpy(s.held[i].device, chains[i].device, 32);
    memcpy(s.held[i].head, chains[i].row.head, 32);
  }
  vls_frame_state frame;
  vls_buf bytes;
  vls_buf_init(&bytes, vls_state_def.max_bytes);
  vls_err err = vls_state_sign(&frame, &bytes, &s, &core->self.device, vls_link_hash(conn->link));
  if (err == VLS_OK) err = vls_link_send_state(conn->link, &frame);
  if (err == VLS_OK) vls_conn_touch(core, conn);
  vls_buf_done(&bytes);
}

static void send_state(vls_core *core, vls_conn *conn, uint64_t flags) {
  send_state_at(core, conn, flags, NULL);
}

void vls_state_gone(vls_core *core, vls_conn *conn, const vls_position *place) {
  send_state_at(core, conn, VLS_STATE_GONE, place);
}

void vls_state_send(vls_core *core, vls_conn *conn) {
  send_state(core, conn, 0);
}

/* Nothing that was sealed or waits under the present sessions is of any more use. */
static void void_sessions(vls_core *core, vls_peer *peer) {
  vls_peer_sessions(core, peer);
  for (size_t i = 0; i < peer->n_sessions; i++)
    vls_session_drop(core->store, peer->row.id, peer->sessions[i].ratchet.th);
  vls_wipe(peer->sessions, VLS_SESSIONS_MAX * sizeof *peer->sessions);
  peer->n_sessions = 0;
  peer->sessions_dirty = 0;
  vls_buf_clear(&peer->prefix);
  vls_early_clear(core->store, peer->row.id);
}

/* Their events do not follow mine where I look: look further back. False at the very beginning. */
static bool step_back(vls_core *core, vls_conn *conn, uint64_t below) {
  vls_peer *peer = conn->peer;
  uint64_t pos = peer->talk.delivered < below ? peer->talk.delivered : below;
  if (conn->standing.forked && conn->standing.back.seq == 0) return false;
  if (conn->standing.forked) pos = conn->standing.back.seq / 2;
  conn->standing.forked = true;
  conn->standing.back = (vls_position){.seq = pos};
  if (pos > 0 && !vls_event_head(core->store, peer->row.id, 0, pos, conn->standing.back.head))
    conn->standing.back = (vls_position){0};
  return true;
}

static void fall_behind(vls_core *core, vls_conn *conn) {
  vls_peer *peer = conn->peer;
  conn->standing.level = false;
  if (conn->standing.behind) return;
  conn->standing.behind = true;
  conn->standing.misfit = conn->standing.forked = conn->standing.progress = false;
  conn->standing.back = (vls_position){.seq = peer->talk.out_seq};
  memcpy(conn->standing.back.head, peer->talk.out_prev, 32);
  conn->standing.behind_since = core->now.mono_ms;
  vls_conn_wake_at(core, conn, core->now.mono_ms + VLS_STRANGER_MS);
  void_sessions(core, peer);
}

/* They hold events of mine that I do not know, or others than mine. */
static void catch_up(vls_core *core, vls_conn *conn, const vls_position *held) {
  bool first = !conn->standing.behind, differs = held->seq <= conn->peer->talk.out_seq;
  fall_behind(core, conn);
  if (conn->standing.progress) {
    conn->standing.progress = conn->standing.misfit = false; /* another round */
  } else if (differs || conn->standing.misfit) {
    conn->standing.misfit = false;
    uint64_t below =
        differs ? held->seq - 1 : conn->standing.back.seq - (conn->standing.back.seq > 0);
    if (!step_back(core, conn, below)) {
      vls_state_tell(core, conn->peer, VLS_TROUBLE_STUCK);
      return;
    }
  } else if (!first) {
    vls_state_tell(core, conn->peer, VLS_TROUBLE_STUCK); /* they name events and give none */
    return;
  } else {
    return; /* the position they need was in the STATE that went out already */
  }
  send_state(core, conn, 0);
}

/* Events of mine that they had, or that were lost under a session they could not read. */
static void lost_mine(vls_core *core, vls_conn *conn, uint64_t from) {
  vls_peer *peer = conn->peer;
  (void)core;
  /* They signed that they had it; but a new device has only what its backup had. */
  if (from < peer->talk.delivered && !conn->standing.new_device) conn->standing.their_old = true;
  if (peer->again_to != 0 && from >= peer->again_from && from <= peer->again_limit) return;
  peer->again_from = peer->again_limit = from;
  peer->again_to = peer->talk.out_seq;
  conn->standing.heal_due = true;
}

static void become_level(vls_core *core, vls_conn *conn, uint64_t held) {
  vls_peer *peer = conn->peer;
  bool was_behind = conn->standing.behind, was_level = conn->standing.level;
  conn->standing.level = true;
  conn->standing.behind = conn->standing.forked = conn->standing.misfit = false;
  if (!was_level) {
    vls_outbox_taken_upto(core->store, peer->row.id, held);
    conn->sent_seq = held;
    conn->backlog = true;
    peer->read_due = !core->no_read_receipts;
  }
  if (was_behind) send_state(core, conn, 0); /* now I can ask for receipts */
  bool missing = peer->talk.out_seq > held &&
                 vls_outbox_ready(core->store, peer->row.id, held) != peer->talk.out_seq - held;
  if (missing) lost_mine(core, conn, held);
  if (missing && was_level) conn->sent_seq = held;
  peer->was_level = true;
  vls_peer_touch(core, peer);
}

static void weigh_mine(vls_core *core, vls_conn *conn, const vls_state *s) {
  vls_peer *peer = conn->peer;
  vls_position held = {0};
  uint8_t here[32];
  for (size_t i = 0; i < s->n_held; i++)
    if (memcmp(s->held[i].device, core->self.device.pub, 32) == 0) held = s->held[i];
  bool same = held.seq <= peer->talk.out_seq;
  if (same && held.seq == peer->talk.out_seq)
    same = memcmp(held.head, held.seq == 0 ? nothing : peer->talk.out_prev, 32) == 0;
  else if (same && held.seq > 0 && vls_event_head(core->store, peer->row.id, 0, held.seq, here))
    same = memcmp(held.head, here, 32) == 0;
  if (same)
    become_level(core, conn, held.seq);
  else
    catch_up(core, conn, &held);
}

/* They have nothing left of what I lack. */
static void pass_over(vls_core *core, vls_conn *conn, const vls_position *place) {
  vls_peer *peer = conn->peer;
  vls_chain_row chain;
  vls_chain_get(core->store, peer->row.id, place->device, &chain);
  if (place->seq <= chain.seq || place->seq - chain.seq > VLS_JUMP_MAX) return;
  vls_chain_put(core->store, peer->row.id, place->device, place->seq, place->head, 0);
  vls_early_drop_upto(core->store, peer->row.id, place->device, place->seq);
  vls_state_tell(core, peer, VLS_TROUBLE_GAP);
  conn->standing.answer_due = true;
}

/* What they had said and do not know any more goes back to them. */
static void weigh_theirs(vls_core *core, vls_conn *conn, const vls_state *s) {
  vls_peer *peer = conn->peer;
  if ((s->flags & VLS_STATE_GONE) != 0) pass_over(core, conn, &s->mine[0]);
  for (size_t i = 0; i < s->n_mine; i++) {
    const vls_position *p = &s->mine[i];
    vls_chain_row chain;
    vls_chain_get(core->store, peer->row.id, p->device, &chain);
    if (i > 0) vls_peer_held_due(core, peer, p, &chain);
    if (chain.number == 0 || p->seq >= chain.seq) continue;
    vls_returns_give(core, conn, p->device, &chain, p->seq);
    conn->standing.answer_due = true;
    if (i > 0) continue; /* a device they have no more is always behind */
    conn->standing.their_old = true;
    conn->standing.heal_due = conn->standing.heal_due || !conn->standing.healed;
  }
}

/* The device of theirs behind this link; false when their card has it no more. */
static bool is_their_device(vls_core *core, const vls_conn *conn, const uint8_t sign[32]) {
  vls_buf card;
  vls_card_view view;
  vls_buf_init(&card, VLS_CARD_MAX);
  const uint8_t *dh = vls_link_peer(conn->link);
  const vls_device *device = NULL;
  if (dh != NULL && vls_contact_card(core->store, conn->peer->row.id, &card) &&
      vls_card_open_known(&view, vls_buf_slice(&card)) == VLS_OK)
    device = vls_card_by_dh(&view, dh);
  bool same = device != NULL && memcmp(device->sign, sign, 32) == 0;
  vls_buf_done(&card);
  return same;
}

static bool has_voice(vls_core *core, vls_peer *peer) {
  vls_peer_sessions(core, peer);
  for (size_t i = 0; i < peer->n_sessions; i++)
    if (peer->sessions[i].ratchet.can_send) return true;
  return false;
}

/* A new session for what one of us has lost. Not more often than their budget allows: two copies of
 * one node can take turns for ever. */
static void heal(vls_core *core, vls_conn *conn) {
  vls_peer *peer = conn->peer;
  if (peer->prefix.n > 0) { /* one begins in this batch already */
    conn->standing.heal_due = false;
    return;
  }
  if (!vls_budget_take(&peer->heals, core->now.mono_ms, 1, VLS_HEALS_MINUTE)) {
    conn->standing.heal_due = true;
    vls_conn_wake_at(core, conn, core->now.mono_ms + VLS_AGAIN_WAIT_MS);
    return;
  }
  conn->standing.heal_due = false;
  conn->standing.healed = true;
  void_sessions(core, peer);
  vls_outbound_flush_pending(core);
  if (peer->again_to != 0) vls_again_more(core, peer, true);
  vls_begin_with(core, conn);
}

void vls_state_again(vls_core *core, vls_conn *conn) {
  if (conn->standing.level && conn->standing.heal_due) heal(core, conn);
}

static void tell_theirs(vls_core *core, vls_conn *conn) {
  vls_peer *peer = conn->peer;
  bool again = is_recent(core, peer->old_at);
  vls_state_tell(core, peer, again ? VLS_TROUBLE_THEIR_TWICE : VLS_TROUBLE_THEIR_OLD);
  peer->old_at = this_moment(core);
}

static void weigh_cards(vls_core *core, vls_conn *conn, const vls_state *s) {
  vls_peer *peer = conn->peer;
  if (s->yours < core->self.card_seq) peer->card_due = true;
  if (s->card < peer->row.card_seq) vls_cards_give_back(core, conn);
}

/* They lack what was signed for their events: once more. */
static void tell_receipts(const vls_core *core, vls_peer *peer) {
  peer->receipt_due = true;
  if (core->no_read_receipts) return;
  peer->read_due = true;
  peer->talk.read_seq = 0;
  peer->talk_dirty = true;
}

void vls_state_take(vls_core *core, vls_conn *conn, vls_slice bytes) {
  vls_peer *peer = conn->peer;
  vls_state s;
  bool ours = peer != NULL && peer->conn == conn && conn->standing.as_contact;
  if (!ours || !vls_budget_take(&peer->states, core->now.mono_ms, 1, VLS_STATES_MINUTE)) return;
  if (vls_state_open(&s, bytes, vls_link_hash(conn->link)) != VLS_OK ||
      !is_their_device(core, conn, s.mine[0].device)) {
    vls_conn_close(core, conn, VLS_CLOSE_BYE, "their state is not that of the device that calls");
    return;
  }
  vls_chain_row present;
  vls_chain_get(core->store, peer->row.id, s.mine[0].device, &present);
  conn->standing.new_device = present.number == 0;
  bool was_old = conn->standing.their_old, was_behind = conn->standing.behind;
  weigh_mine(core, conn, &s);
  conn->standing.stated = true;
  weigh_theirs(core, conn, &s);
  weigh_cards(core, conn, &s);
  if (conn->standing.their_old && !was_old) {
    tell_theirs(core, conn);
    conn->standing.answer_due = true;
  }
  if (conn->standing.answer_due)
    send_state(core, conn, conn->standing.their_old ? VLS_STATE_OLD : 0);
  conn->standing.answer_due = false;
  bool told = (s.flags & VLS_STATE_OLD) != 0;
  bool knows = is_told(peer, VLS_TROUBLE_OWN_OLD) || is_told(peer, VLS_TROUBLE_OWN_TWICE);
  if (told && !conn->standing.told_old && !knows) vls_state_tell(core, peer, VLS_TROUBLE_OWN_LOST);
  conn->standing.told_old = conn->standing.told_old || told;
  if ((s.flags & VLS_STATE_ASKS) != 0 || conn->standing.their_old) tell_receipts(core, peer);
  /* Who has seen the other's data go back begins the new session; else who has none. */
  bool theirs_to_do = was_behind || told;
  if (conn->standing.level &&
      (conn->standing.heal_due || (!theirs_to_do && !has_voice(core, peer))))
    heal(core, conn);
  if (conn->standing.level && !conn->standing.their_old && !told) untell(core, peer);
  vls_peer_touch(core, peer);
}
