/* Whom to dial, and when: one link with every contact, backing off with jitter while there is no
 * answer. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "citizen/invite.h"
#include "core/circle_door.h"
#include "core/members.h"

enum { REFUSED_TRIES = 5 }; /* the first wait after a refusal: about a minute */

void vls_dial_schedule(vls_core *core, vls_peer *peer, uint64_t in_ms) {
  peer->next_dial = core->now.mono_ms + in_ms;
  vls_due_by(&core->due_peers, &peer->due, peer->next_dial);
}

void vls_dial_backoff(vls_core *core, vls_peer *peer) {
  uint64_t most = peer->has_queued || peer->n_pending > 0 ||
                          peer->row.state == VLS_CONTACT_PENDING ||
                          vls_circle_asks(core, peer) != NULL
                      ? VLS_BACKOFF_QUEUED_MS
                      : VLS_BACKOFF_MAX_MS;
  unsigned tries = peer->failures;
  if (peer->refused > 0) { /* who took no more a moment ago takes no more now */
    most = VLS_BACKOFF_MAX_MS;
    if (tries < REFUSED_TRIES + peer->refused) tries = REFUSED_TRIES + peer->refused;
  }
  uint64_t wait = VLS_BACKOFF_MIN_MS << (tries < 12 ? tries : 12);
  if (wait > most) wait = most;
  peer->failures++;
  vls_dial_schedule(core, peer, wait / 2 + vls_rng_below(&core->rng, wait)); /* 0.5 to 1.5 of it */
}

static bool wants_link(vls_core *core, const vls_peer *peer) {
  bool state = peer->row.state == VLS_CONTACT_READY || peer->row.state == VLS_CONTACT_PENDING;
  bool as_member = vls_member_dials(peer);
  /* A contact who knows us as a member only may have forgotten us, or we their keys: we go on. */
  bool linked = peer->conn != NULL && (as_member || !state || !peer->conn->as_member);
  bool asks = !state && vls_circle_asks(core, peer) != NULL;
  return !core->draining && (state || as_member || asks) && !peer->row.blocked && !linked &&
         peer->dialing == NULL;
}

/* Appends an output with its addresses; false when there is none. */
static bool stage_dial(vls_core *core, uint64_t id, const vls_slice *addresses, size_t n) {
  if (n == 0) return false;
  vls_out_entry *e = vls_out_stage(core, VLS_OUT_DIAL);
  e->link = id;
  e->list = vls_calloc(n, sizeof *e->list);
  e->n_list = n;
  for (size_t i = 0; i < n; i++)
    if (vls_buf_put_slice(&e->bytes, addresses[i]) != VLS_OK) return false;
  size_t at = 0;
  for (size_t i = 0; i < n; i++) {
    e->list[i] = (vls_slice){e->bytes.p + at, addresses[i].n};
    at += addresses[i].n;
  }
  return true;
}

static const char *const no_address = "no address is known for them: they must reach us";

static void dial(vls_core *core, vls_peer *peer) {
  vls_buf card, link;
  vls_card_view view;
  vls_invite invite;
  uint8_t invite_bytes[VLS_INVITE_BYTES];
  const vls_slice *addresses = NULL;
  size_t n = 0;
  uint64_t id = core->next_dial_id++;
  vls_buf_init(&card, VLS_CARD_MAX);
  vls_buf_init(&link, VLS_LINK_TEXT_MAX);
  bool has_card = vls_contact_card(core->store, peer->row.id, &card) &&
                  vls_card_open_known(&view, vls_buf_slice(&card)) == VLS_OK;
  bool has_link = peer->row.state == VLS_CONTACT_PENDING &&
                  vls_contact_link(core->store, peer->row.id, &link) &&
                  vls_invite_parse(&invite, invite_bytes, vls_buf_slice(&link)) == VLS_OK;
  /* Until they have confirmed, it may be that only the invitation opens their door, or only what
   * we had before it: turn about. */
  vls_group_link door;
  uint8_t door_bytes[VLS_INVITE_BYTES];
  bool is_contact = peer->row.state == VLS_CONTACT_READY || peer->row.state == VLS_CONTACT_PENDING;
  const vls_circle *asks = is_contact ? NULL : vls_circle_asks(core, peer);
  if (asks != NULL && !vls_circle_link_read(core, asks, &door, door_bytes)) asks = NULL;
  bool by_invite = has_link && (!has_card || peer->failures % 2 == 0);
  if (asks != NULL) {
    addresses = door.addresses;
    n = door.n_addresses;
  } else if (by_invite) {
    addresses = invite.addresses;
    n = invite.n_addresses;
  } else if (has_card) {
    addresses = view.card.addresses;
    n = view.card.n_addresses;
  }
  if (stage_dial(core, id, addresses, n)) {
    vls_conn *conn = vls_conn_new(core, id);
    conn->outgoing = true;
    conn->by_invite = by_invite;
    conn->asking = asks != NULL ? asks->row.id : 0;
    conn->as_member = asks == NULL && !by_invite && vls_member_dials(peer);
    conn->peer = peer;
    peer->dialing = conn;
  } else {
    snprintf(peer->last_failure, sizeof peer->last_failure, "%s", no_address);
    vls_dial_backoff(core, peer);
  }
  vls_wipe(&door, sizeof door);
  vls_wipe(door_bytes, sizeof door_bytes);
  vls_wipe(&invite, sizeof invite);
  vls_wipe(invite_bytes, sizeof invite_bytes);
  vls_buf_done(&card);
  vls_buf_done(&link);
}

void vls_dial_tick(vls_core *core) {
  vls_due *due;
  if (core->draining || core->no_room) return;
  while ((due = vls_due_take(&core->due_peers, core->now.mono_ms)) != NULL) {
    vls_peer *peer = (vls_peer *)(void *)((char *)due - offsetof(vls_peer, due));
    if (peer->next_dial > core->now.mono_ms) { /* put off meanwhile, or not wanted any more */
      vls_due_set(&core->due_peers, due, peer->next_dial);
      continue;
    }
    peer->next_dial = VLS_NEVER;
    if (!wants_link(core, peer)) continue;
    if (core->n_conns < VLS_LINKS_MAX)
      dial(core, peer);
    else
      vls_dial_backoff(core, peer);
  }
}
