/* Connections: from the daemon's bytes to what a link says, and the timers that end one. */
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "citizen/invite.h"
#include "core/circle_door.h"
#include "core/members.h"
#include "core/state.h"

static bool is_stranger(const vls_conn *conn) {
  return !conn->outgoing && conn->peer == NULL && conn->invite == 0 && conn->door == 0;
}

/* The last bytes, such as a CLOSE frame, still go out. */
static void stage_bytes(vls_core *core, vls_conn *conn) {
  if (conn->link == NULL || vls_link_out(conn->link)->n == 0) return;
  vls_buf *out = vls_link_out(conn->link);
  vls_out_entry *e = vls_out_stage(core, VLS_OUT_SEND);
  e->link = conn->id;
  e->bytes = *out; /* the buffer itself goes along */
  conn->n_sent += out->n;
  conn->last_out = core->now.mono_ms;
  vls_buf_init(out, VLS_LINK_OUT_MAX);
}

void vls_conn_drop(vls_core *core, vls_conn *conn, bool tell, const char *why) {
  vls_peer *peer = conn->peer;
  if (tell) {
    stage_bytes(core, conn);
    vls_out_stage(core, VLS_OUT_CLOSE)->link = conn->id;
  }
  if (is_stranger(conn)) core->n_strangers--;
  vls_turn_leave(core, conn);
  vls_circle_down(core, conn);
  if (conn->unproven && peer != NULL) peer->n_unproven--;
  if (peer != NULL && peer->dialing == conn) {
    peer->dialing = NULL;
    if (peer->conn == NULL) vls_dial_backoff(core, peer);
    snprintf(peer->last_failure, sizeof peer->last_failure, "%s", why);
  }
  if (peer != NULL && peer->conn == conn) {
    peer->conn = NULL;
    peer->row.last_seen = vls_core_wall(core);
    peer->row_dirty = true;
    snprintf(peer->last_failure, sizeof peer->last_failure, "%s", why);
    if (peer->dialing == NULL) vls_dial_backoff(core, peer);
    vls_peer_touch(core, peer); /* writes what changed, and unloads its sessions */
  }
  vls_conn_free(core, conn);
}

void vls_conn_close(vls_core *core, vls_conn *conn, vls_close_reason reason, const char *why) {
  if (conn->link != NULL && conn->up) vls_link_close(conn->link, reason);
  vls_conn_drop(core, conn, true, why);
}

static void begin_link(vls_core *core, vls_conn *conn) {
  vls_peer *peer = conn->peer;
  vls_buf bytes;
  vls_card_view view;
  vls_invite invite;
  uint8_t invite_bytes[VLS_INVITE_BYTES], knock[32], zeros[32] = {0};
  vls_buf_init(&bytes, VLS_CARD_MAX);
  const vls_circle *asked = conn->asking == 0 ? NULL : vls_circle_get(core, conn->asking);
  if (conn->asking != 0) {
    if (asked != NULL) conn->link = vls_circle_dial(core, asked);
  } else if (conn->by_invite) {
    if (vls_contact_link(core->store, peer->row.id, &bytes) &&
        vls_invite_parse(&invite, invite_bytes, vls_buf_slice(&bytes)) == VLS_OK) {
      vls_invite_knock_key(knock, invite.secret);
      conn->link = vls_link_dial(&core->self.dh, invite.dh, knock, zeros, &core->rng, core->now);
    }
  } else if (vls_contact_card(core->store, peer->row.id, &bytes) &&
             vls_card_open_known(&view, vls_buf_slice(&bytes)) == VLS_OK) {
    bool second = peer->failures % 3 == 2 && memcmp(peer->row.knock2, zeros, 32) != 0;
    if (conn->as_member)
      conn->link = vls_member_dial(core, peer, view.devices[0].dh);
    else
      conn->link = vls_link_dial(&core->self.dh, view.devices[0].dh,
                                 second ? peer->row.knock2 : peer->row.knock,
                                 second ? peer->row.psk2 : peer->row.psk, &core->rng, core->now);
  }
  if (conn->link != NULL && !core->random_first) vls_link_print(conn->link);
  vls_wipe(knock, sizeof knock);
  vls_wipe(&invite, sizeof invite);
  vls_wipe(invite_bytes, sizeof invite_bytes);
  vls_buf_done(&bytes);
}

void vls_conn_opened(vls_core *core, const vls_input *in) {
  bool accepted = (in->link & VLS_LINK_ACCEPTED) != 0;
  vls_conn *conn = vls_conn_get(core, in->link);
  if (accepted && conn == NULL) {
    bool full = core->n_conns >= VLS_LINKS_MAX || core->n_strangers >= VLS_STRANGERS_MAX;
    if (full || core->draining) {
      vls_out_stage(core, VLS_OUT_CLOSE)->link = in->link;
      return;
    }
    conn = vls_conn_new(core, in->link);
    conn->link = vls_link_accept(&core->self.dh, core->now);
    vls_link_formers(conn->link, core->self.former, core->self.n_former);
    /* Nobody is at home: like any stranger. */
    if (!core->has_self || core->no_room) vls_link_silence(conn->link);
    core->n_strangers++;
  } else if (!accepted && conn != NULL && conn->link == NULL) {
    conn->opened = core->now.mono_ms;
    begin_link(core, conn);
    if (conn->link == NULL) {
      vls_conn_drop(core, conn, true, "their card is not here yet");
      return;
    }
  } else {
    return; /* closed on our side meanwhile */
  }
  vls_core_escape(conn->address, sizeof conn->address, in->text);
  vls_conn_wake_at(core, conn, core->now.mono_ms + VLS_HANDSHAKE_MS);
  vls_conn_touch(core, conn);
}

static void superseded_by(vls_core *core, vls_peer *peer, vls_conn *conn) {
  vls_conn *old = peer->conn;
  peer->conn = conn; /* so that dropping the old one schedules no dial */
  if (old != NULL) vls_conn_close(core, old, VLS_CLOSE_SUPERSEDED, "a newer link took over");
}

/* Two dials that met: both sides keep the one whose dialler has the lower identity. Otherwise the
 * newer link wins, since its maker may know that the older is dead. */
static bool loses_to_present(vls_core *core, const vls_conn *conn, const vls_peer *peer) {
  const vls_conn *present = peer->conn;
  if (present == NULL || present->outgoing == conn->outgoing) return false;
  if (present->as_member != conn->as_member) return conn->as_member;
  if (core->now.mono_ms - present->opened > 5000) return false;
  bool we_are_lower = memcmp(core->self.identity.pub, peer->row.identity, 32) < 0;
  return present->outgoing == we_are_lower;
}

void vls_conn_adopt(vls_core *core, vls_conn *conn, vls_peer *peer) {
  conn->peer = peer;
  if (conn->flight == NULL) conn->flight = vls_calloc(VLS_WINDOW_RECORDS, sizeof *conn->flight);
  if (peer->dialing == conn) peer->dialing = NULL;
  if (peer->conn != conn) superseded_by(core, peer, conn);
  bool as_contact = !conn->by_invite && conn->invite == 0 && !conn->as_member;
  if (conn->as_member && vls_peer_visible(peer))
    vls_dial_backoff(core, peer); /* a link as contacts is still missing */
  else
    peer->next_dial = VLS_NEVER;
  peer->last_failure[0] = '\0';
  if (as_contact || !vls_peer_visible(peer)) peer->failures = 0;
  conn->backlog = true;
  vls_knock_remember(peer, conn);
  peer->row.last_seen = vls_core_wall(core);
  peer->row_dirty = true;
  /* Their door opened to the keys of a contact: whatever invitation was under way, they know us. */
  if (as_contact && peer->row.state == VLS_CONTACT_PENDING && vls_peer_settle(core, peer))
    vls_feed_add(core, VLS_FEED_CONTACT, peer, 0, 0, "");
  vls_conn_wake_at(core, conn, core->now.mono_ms + VLS_KEEPALIVE_MS);
  vls_core_log(core, VLS_INFO, "link up contact=%llu %s address=%s",
               (unsigned long long)peer->row.id, conn->outgoing ? "dialled" : "accepted",
               conn->address);
  vls_circle_up(core, conn);
  vls_peer_touch(core, peer);
}

static bool go_live(vls_core *core, vls_conn *conn) {
  vls_peer *peer = conn->peer;
  if (conn->outgoing && conn->by_invite && peer->row.state == VLS_CONTACT_READY) {
    /* They took ours meanwhile, and know us as a contact; to this invitation we are a stranger. */
    vls_conn_close(core, conn, VLS_CLOSE_SUPERSEDED, "two invitations crossed");
    return false;
  }
  if (loses_to_present(core, conn, peer)) {
    if (peer->dialing == conn) peer->dialing = NULL;
    vls_conn_close(core, conn, VLS_CLOSE_SUPERSEDED, "two links met");
    return false;
  }
  conn->standing.as_contact = !conn->by_invite && conn->invite == 0 && !conn->as_member;
  vls_conn_adopt(core, conn, peer);
  if (conn->standing.as_contact) vls_state_send(core, conn);
  return true;
}

bool vls_conn_proven(vls_core *core, vls_conn *conn) {
  conn->unproven = false;
  conn->peer->n_unproven--;
  return go_live(core, conn);
}

static bool on_up(vls_core *core, vls_conn *conn) {
  vls_peer *peer = conn->peer;
  conn->up = true;
  conn->up_at = core->now.mono_ms;
  if (conn->refuse_used || conn->refuse_expired) {
    vls_conn_close(core, conn, conn->refuse_used ? VLS_CLOSE_USED : VLS_CLOSE_EXPIRED,
                   "the invitation is void");
    return false;
  }
  if (conn->door != 0 || conn->asking != 0) {
    vls_conn_touch(core, conn);
    return vls_circle_door_up(core, conn);
  }
  conn->by_former = !conn->outgoing && vls_link_by_former(conn->link);
  /* Who may not know this device of mine hears of it before anything else (PEER 6.8). */
  bool by_contact = !conn->by_invite && conn->invite == 0;
  bool due = by_contact
                 ? conn->by_former || conn->as_member || peer->talk.card_sent < core->self.card_seq
                 : !conn->outgoing && conn->invite != 0;
  if (due && vls_link_send_card(conn->link, vls_buf_slice(&core->self.card)) != VLS_OK)
    return false;
  if (conn->unproven) vls_cards_give_back(core, conn);
  vls_conn_touch(core, conn);
  return peer == NULL || conn->unproven || (conn->by_former && by_contact) || go_live(core, conn);
}

/* Once is a link that met another. Again and again, and not for a link of this node, it is another
 * copy of it (PEER 6.1): the two would take it from each other without rest. */
static void taken_over(vls_core *core, vls_peer *peer) {
  uint64_t last = peer->taken_at, now = core->now.mono_ms;
  if (peer->conn != NULL || peer->dialing != NULL) return;
  peer->taken_at = now == 0 ? 1 : now;
  if (last == 0 || now - last > VLS_TAKEN_AGAIN_MS) return;
  vls_dial_schedule(core, peer, VLS_TAKEN_OVER_MS + vls_rng_below(&core->rng, VLS_TAKEN_OVER_MS));
}

static void on_close(vls_core *core, vls_conn *conn, uint64_t reason) {
  vls_peer *peer = conn->peer;
  bool refused = reason == VLS_CLOSE_USED || reason == VLS_CLOSE_EXPIRED;
  if (refused && peer != NULL && conn->by_invite && peer->row.state == VLS_CONTACT_PENDING) {
    const char *why = reason == VLS_CLOSE_USED
                          ? "the invitation was already used by somebody else; ask for a new one"
                          : "the invitation has expired; ask for a new one";
    vls_peer_fail(core, peer, VLS_FEED_FAILED, why);
  }
  static const char *const names[] = {"closed",
                                      "they stopped",
                                      "time for new keys",
                                      "invitation used",
                                      "invitation expired",
                                      "another link took over",
                                      "they take nothing more for now"};
  const char *why = reason < sizeof names / sizeof names[0] ? names[reason] : "closed";
  if (reason == VLS_CLOSE_BUDGET && peer != NULL) vls_peer_refused(peer);
  vls_conn_drop(core, conn, true, why);
  if (peer != NULL && reason == VLS_CLOSE_REKEY)
    vls_dial_schedule(core, peer, vls_rng_below(&core->rng, 500));
  if (peer != NULL && reason == VLS_CLOSE_SUPERSEDED) taken_over(core, peer);
}

/* The owner is told when a reason not to read comes up, and when the last is gone. */
static void set_reading(vls_core *core, vls_conn *conn) {
  bool stop = conn->paused || conn->behind;
  if (stop == conn->stopped) return;
  conn->stopped = stop;
  vls_out_stage(core, stop ? VLS_OUT_PAUSE : VLS_OUT_RESUME)->link = conn->id;
}

bool vls_core_has_enough(const vls_core *core, uint64_t link) {
  const vls_conn *conn = vls_conn_get(core, link);
  return conn != NULL && conn->stopped;
}

void vls_conn_pause(vls_core *core, vls_conn *conn, uint64_t until) {
  if (conn->paused && conn->paused_until >= until) return;
  conn->paused = true;
  conn->paused_until = until;
  set_reading(core, conn);
  vls_conn_wake_at(core, conn, until);
}

void vls_conn_resume(vls_core *core, vls_conn *conn) {
  conn->paused = false;
  conn->last_in = core->now.mono_ms; /* what they said meanwhile is still to be read */
  vls_conn_wake_at(core, conn, core->now.mono_ms + 1);
  set_reading(core, conn);
  vls_conn_pump(core, conn);
}

/* Budgets (PEER 4.8): of a contact, whatever links it comes by; of a stranger, for its stream. */
static void spend(vls_core *core, vls_conn *conn, vls_budget *budget, uint64_t amount,
                  uint64_t most) {
  if (!vls_budget_take(budget, core->now.mono_ms, amount, most))
    vls_conn_pause(core, conn, budget->since + 60000);
}

static void spend_bytes(vls_core *core, vls_conn *conn, size_t bytes) {
  if (conn->up && conn->peer != NULL)
    spend(core, conn, &conn->peer->bytes, bytes, VLS_BYTES_MINUTE);
  else if (conn->n_received > VLS_STRANGER_BYTES)
    vls_conn_pause(core, conn, VLS_NEVER);
}

/* What grows when a record brings something: news for people, or receipts. */
static uint64_t progress(const vls_core *core, const vls_peer *peer) {
  return core->newest_c + peer->talk.delivered;
}

static void spend_record(vls_core *core, vls_conn *conn, uint64_t before) {
  vls_peer *peer = conn->peer;
  spend(core, conn, &peer->records, 1, VLS_RECORDS_MINUTE);
  if (progress(core, peer) == before) spend(core, conn, &peer->waste, 1, VLS_WASTE_MINUTE);
}

/* What is not a record and asks for work all the same. */
static void spend_frame(vls_core *core, vls_conn *conn, bool waste) {
  vls_peer *peer = conn->peer;
  core->costs.records++;
  if (peer == NULL) return;
  spend(core, conn, &peer->records, 1, VLS_RECORDS_MINUTE);
  if (waste) spend(core, conn, &peer->waste, 1, VLS_WASTE_MINUTE);
}

/* False: the connection is gone. */
static bool on_record(vls_core *core, vls_conn *conn, vls_slice record) {
  uint64_t before = conn->peer != NULL ? progress(core, conn->peer) : 0;
  core->costs.records++;
  vls_fate fate = vls_inbound_record(core, conn, record);
  if (conn->peer != NULL) spend_record(core, conn, before);
  switch (fate) {
  case VLS_FATE_DONE:
    conn->got += conn->held + 1;
    conn->held = 0;
    break;
  case VLS_FATE_KEPT:
    if (conn->held == 0)
      conn->got++;
    else
      conn->held++;
    break;
  case VLS_FATE_HELD: conn->held++; return true;
  case VLS_FATE_REFUSED:
    if (conn->peer != NULL) vls_peer_refused(conn->peer);
    vls_conn_close(core, conn,
                   conn->refuse_used      ? VLS_CLOSE_USED
                   : conn->refuse_expired ? VLS_CLOSE_EXPIRED
                                          : VLS_CLOSE_BUDGET,
                   "they sent what cannot be taken now");
    return false;
  }
  vls_conn_touch(core, conn);
  return true;
}

/* Never refused, as a record may be: what cannot be taken now is found by the next comparison. */
static bool on_group(vls_core *core, vls_conn *conn, vls_slice frame) {
  uint64_t id = conn->id;
  bool brings = false;
  if (conn->door != 0 || conn->asking != 0)
    vls_circle_door_frame(core, conn, frame);
  else
    brings = vls_circle_frame(core, conn, frame);
  if (vls_conn_get(core, id) == NULL) return false;
  spend_frame(core, conn, !brings);
  if (conn->held == 0)
    conn->got++;
  else
    conn->held++;
  vls_conn_touch(core, conn);
  return true;
}

/* What is said on links of contacts, and not on those of members (PEER 4.11). */
static bool is_of_contacts(vls_link_event_type type) {
  return type == VLS_LINK_EV_RECORD || type == VLS_LINK_EV_STATE || type == VLS_LINK_EV_RETURN;
}

/* False: the connection is gone. */
static bool on_event(vls_core *core, vls_conn *conn, const vls_link_event *ev) {
  uint64_t id = conn->id; /* of a connection that may be gone after each step */
  bool hears = !conn->unproven && !conn->by_former;
  if (!hears && conn->up && ev->type != VLS_LINK_EV_CARD && ev->type != VLS_LINK_EV_CLOSE)
    return true; /* not a link to talk on */
  bool at_door = conn->door != 0 || conn->asking != 0;
  if ((conn->as_member || at_door) && is_of_contacts(ev->type)) {
    vls_conn_close(core, conn, VLS_CLOSE_BYE, "they said to a member what is for contacts");
    return false;
  }
  switch (ev->type) {
  case VLS_LINK_EV_KNOCK: vls_knock_begin(core, conn); return true;
  case VLS_LINK_EV_PEER: vls_knock_peer(core, conn); return vls_conn_get(core, id) != NULL;
  case VLS_LINK_EV_UP: return on_up(core, conn);
  case VLS_LINK_EV_RECORD: return on_record(core, conn, ev->bytes);
  case VLS_LINK_EV_ACK:
    if (vls_outbound_ack(core, conn, ev->count)) return true;
    vls_conn_close(core, conn, VLS_CLOSE_BYE, "they acknowledged what was never sent");
    return false;
  case VLS_LINK_EV_CARD:
    spend_frame(core, conn, true);
    if (!at_door) return vls_cards_frame(core, conn, ev->bytes);
    vls_circle_door_card(core, conn, ev->bytes);
    return vls_conn_get(core, id) != NULL;
  case VLS_LINK_EV_STATE:
    spend_frame(core, conn, true);
    vls_state_take(core, conn, ev->bytes);
    return vls_conn_get(core, id) != NULL;
  case VLS_LINK_EV_RETURN:
    spend_frame(core, conn, !vls_returns_take(core, conn, ev->bytes));
    return true;
  case VLS_LINK_EV_GROUP: return on_group(core, conn, ev->bytes);
  case VLS_LINK_EV_CLOSE: on_close(core, conn, ev->count); return false;
  }
  return true;
}

/* An accepted link that fails before its caller is known may be a replay, even of our own knock:
 * its key opened, and still it must see nothing but a stranger's silence (PEER 4.2). */
static bool hush(vls_core *core, vls_conn *conn) {
  vls_link_state state = vls_link_state_of(conn->link);
  if (conn->outgoing || (state != VLS_LINK_KNOCK && state != VLS_LINK_HANDSHAKE)) return false;
  vls_knock_leave(core, conn);
  if (!is_stranger(conn)) core->n_strangers++;
  conn->peer = NULL;
  conn->invite = 0;
  conn->door = 0;
  vls_link_silence(conn->link);
  return true;
}

static void broke(vls_core *core, vls_conn *conn, vls_err err) {
  if (hush(core, conn)) return;
  vls_core_log(core, VLS_NOTICE, "link broke the protocol address=%s state=%s error=%s",
               conn->address, vls_link_state_name(conn->link), vls_err_name(err));
  vls_conn_drop(core, conn, true, "the other side broke the protocol");
}

static void fall_behind(vls_core *core, vls_conn *conn) {
  if (conn->behind || vls_link_buffered(conn->link) == 0) return;
  vls_turn_wait(core, conn);
  set_reading(core, conn);
}

void vls_conn_pump(vls_core *core, vls_conn *conn) {
  uint64_t id = conn->id;
  vls_costs began = core->costs;
  vls_err err = VLS_OK;
  while (err == VLS_OK && !conn->waits) {
    bool over = vls_turn_is_over(core, conn, &began);
    if (vls_link_buffered(conn->link) <= VLS_TURN_BYTES && (conn->paused || over)) {
      if (!conn->paused) fall_behind(core, conn);
      break;
    }
    vls_link_event ev;
    err = vls_link_next(conn->link, &core->rng, core->now, &ev);
    if (err != VLS_OK) break;
    if (!on_event(core, conn, &ev) || vls_conn_get(core, id) == NULL) return;
  }
  vls_conn_touch(core, conn);
  if (err != VLS_OK && err != VLS_AGAIN) broke(core, conn, err);
}

void vls_conn_go_on(vls_core *core, vls_conn *conn) {
  uint64_t id = conn->id;
  vls_conn_pump(core, conn);
  conn = vls_conn_get(core, id);
  if (conn != NULL) set_reading(core, conn);
}

void vls_conn_bytes(vls_core *core, const vls_input *in) {
  vls_conn *conn = vls_conn_get(core, in->link);
  if (conn == NULL || conn->link == NULL) return;
  conn->last_in = core->now.mono_ms;
  conn->n_received += in->bytes.n;
  spend_bytes(core, conn, in->bytes.n);
  if (conn->up && conn->peer != NULL) vls_turn_heard(core, conn->id);
  vls_err err = vls_link_feed(conn->link, in->bytes);
  if (err != VLS_OK)
    broke(core, conn, err);
  else if (!conn->behind || vls_link_buffered(conn->link) > VLS_TURN_BYTES)
    vls_conn_pump(core, conn);
}

void vls_conn_gone(vls_core *core, const vls_input *in) {
  vls_conn *conn = vls_conn_get(core, in->link);
  if (conn == NULL) return;
  char why[96];
  vls_core_escape(why, sizeof why, in->text);
  vls_conn_drop(core, conn, false, why[0] != '\0' ? why : "the connection ended");
}

void vls_conn_flush(vls_core *core) {
  while (core->n_active > 0) {
    vls_conn *conn = core->active[--core->n_active];
    conn->active_place = 0;
    if (conn->link == NULL) continue;
    bool late = core->now.mono_ms >= conn->ack_at;
    bool company = vls_link_out(conn->link)->n > 0;
    /* Whoever streams, as groups do, must not come to the end of the window. */
    bool many = conn->got - conn->got_acked >= VLS_WINDOW_RECORDS / 4;
    if (conn->up && conn->got > conn->got_acked && (late || company || many)) {
      if (vls_link_send_ack(conn->link, conn->got) == VLS_OK) conn->got_acked = conn->got;
      conn->ack_at = VLS_NEVER;
    } else if (conn->up && conn->got > conn->got_acked && conn->ack_at == VLS_NEVER) {
      conn->ack_at = core->now.mono_ms + VLS_ACK_DELAY_MS;
      vls_conn_wake_at(core, conn, conn->ack_at);
    }
    if (vls_conn_worn(core, conn) && conn->flight_bytes == 0)
      vls_conn_wake_at(core, conn, core->now.mono_ms);
    stage_bytes(core, conn);
  }
}
