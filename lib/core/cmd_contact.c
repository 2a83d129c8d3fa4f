/* contact.*, id.safety. */
#include "citizen/id.h"
#include "core/command.h"
#include "core/members.h"
#include "store/messages.h"

static const char *state_name(const vls_peer *peer) {
  switch (peer->row.state) {
  case VLS_CONTACT_MEMBER: return "member";
  case VLS_CONTACT_PENDING: return "pending";
  case VLS_CONTACT_READY: return "ready";
  case VLS_CONTACT_FAILED:
  case VLS_CONTACT_REMOVED: break;
  }
  return "failed";
}

vls_err vls_put_contact(vls_call *call, vls_peer *peer) {
  vls_core *core = call->core;
  char id[VLS_ID_TEXT + 1];
  vls_buf card;
  vls_card_view view;
  char name[VLS_MEMBER_NAME];
  bool online = peer->conn != NULL && peer->conn->up;
  vls_id_text(id, peer->row.identity);
  vls_member_name(peer, name);
  const char *problem = peer->row.problem[0] != '\0' ? peer->row.problem
                        : online                     ? ""
                                                     : peer->last_failure;
  vls_rpc_contact r = {.contact = peer->row.id,
                       .name = vls_slice_str(name),
                       .claim = vls_slice_str(peer->row.claim),
                       .id = vls_slice_str(id),
                       .state = vls_slice_str(state_name(peer)),
                       .verified = peer->row.verified,
                       .blocked = peer->row.blocked,
                       .online = online,
                       .queued = vls_message_count_queued(core->store, peer->row.id) +
                                 vls_outbox_count(core->store, peer->row.id),
                       .unread = vls_peer_unread(core, peer),
                       .has_last_seen = peer->row.last_seen != 0,
                       .last_seen = peer->row.last_seen,
                       .has_next_try_ms = peer->next_dial != VLS_NEVER && !online,
                       .has_problem = problem[0] != '\0',
                       .problem = vls_slice_str(problem)};
  if (r.has_next_try_ms)
    r.next_try_ms = peer->next_dial > core->now.mono_ms ? peer->next_dial - core->now.mono_ms : 0;
  vls_buf_init(&card, VLS_CARD_MAX);
  if (vls_contact_card(core->store, peer->row.id, &card) &&
      vls_card_open_known(&view, vls_buf_slice(&card)) == VLS_OK)
    for (size_t i = 0; i < view.card.n_addresses; i++)
      r.addresses[r.n_addresses++] = view.card.addresses[i];
  vls_err err = vls_call_put(call, &vls_rpc_contact_def, &r);
  vls_buf_done(&card);
  return err;
}

static bool is_listed(const vls_peer *peer, const vls_rpc_contacts *p) {
  return vls_peer_visible(peer) && (!p->has_after || peer->row.id > p->after);
}

vls_err vls_cmd_contact_list(vls_call *call) {
  const vls_rpc_contacts *p = call->params;
  vls_core *core = call->core;
  size_t n = 0, limit = p->has_limit ? (size_t)p->limit : VLS_CONTACTS_PAGE;
  vls_outbound_flush_pending(core);
  for (size_t i = 0; i < core->n_peers && n < limit; i++)
    n += is_listed(core->peers[i], p) ? 1 : 0;
  vls_err err = vls_pack_array(call->result, n);
  for (size_t i = 0; i < core->n_peers && n > 0 && err == VLS_OK; i++) {
    if (!is_listed(core->peers[i], p)) continue;
    err = vls_put_contact(call, core->peers[i]);
    n--;
  }
  return err;
}

vls_err vls_cmd_contact_get(vls_call *call) {
  const vls_rpc_who *p = call->params;
  vls_peer *peer;
  vls_outbound_flush_pending(call->core);
  vls_err err = vls_call_who(call, p->who, &peer);
  return err == VLS_OK ? vls_put_contact(call, peer) : err;
}

vls_err vls_cmd_contact_rename(vls_call *call) {
  const vls_rpc_rename *p = call->params;
  vls_peer *peer;
  vls_err err = vls_call_who(call, p->who, &peer);
  if (err != VLS_OK) return err;
  err = vls_peer_rename(call->core, peer, p->name);
  if (err == VLS_EXISTS)
    return vls_call_fail(call, err, "valise contact list", "another contact's name looks the same");
  if (err != VLS_OK)
    return vls_call_fail(call, VLS_USAGE, NULL,
                         "a name is 1 to %d bytes of text, and does not begin with %c or %c",
                         VLS_NAME_MAX, VLS_MEMBER_MARK, VLS_GROUP_MARK);
  return vls_put_contact(call, peer);
}

static bool same_digits(vls_slice typed, const char *digits) {
  size_t at = 0;
  for (size_t i = 0; i < typed.n; i++) {
    if (typed.p[i] == ' ' || typed.p[i] == '-' || typed.p[i] == '\n') continue;
    if (at == VLS_SAFETY_DIGITS || typed.p[i] != (uint8_t)digits[at]) return false;
    at++;
  }
  return at == VLS_SAFETY_DIGITS;
}

vls_err vls_cmd_contact_verify(vls_call *call) {
  vls_core *core = call->core;
  const vls_rpc_verify *p = call->params;
  vls_peer *peer;
  char digits[VLS_SAFETY_DIGITS + 1];
  vls_err err = vls_call_who(call, p->who, &peer);
  if (err != VLS_OK) return err;
  vls_safety_number(digits, core->self.identity.pub, peer->row.identity);
  if (p->has_number && !same_digits(p->number, digits))
    return vls_call_fail(call, VLS_IDENTITY_CHANGED, "valise id verify",
                         "the number is not the one of you and "
                         "%s. Compare it again; if it still differs, somebody stands between you",
                         peer->row.name);
  peer->row.verified = p->has_verified ? p->verified : true;
  peer->row_dirty = true;
  vls_peer_touch(core, peer);
  return vls_put_contact(call, peer);
}

vls_err vls_cmd_id_safety(vls_call *call) {
  const vls_rpc_who *p = call->params;
  vls_peer *peer;
  char digits[VLS_SAFETY_DIGITS + 1];
  vls_err err = vls_call_who(call, p->who, &peer);
  if (err != VLS_OK) return err;
  vls_safety_number(digits, call->core->self.identity.pub, peer->row.identity);
  vls_rpc_safety r = {.number = vls_slice_str(digits),
                      .name = vls_slice_str(peer->row.name),
                      .verified = peer->row.verified};
  return vls_call_put(call, &vls_rpc_safety_def, &r);
}

/* Every connection with them ends. */
static void hang_up(vls_core *core, vls_peer *peer, const char *why) {
  for (size_t i = core->n_conns; i > 0; i--)
    if (core->conns[i - 1]->peer == peer)
      vls_conn_close(core, core->conns[i - 1], VLS_CLOSE_BYE, why);
}

vls_err vls_cmd_contact_block(vls_call *call) {
  const vls_rpc_block *p = call->params;
  vls_peer *peer;
  vls_err err = vls_call_citizen(call, p->who, &peer);
  if (err != VLS_OK) return err;
  peer->row.blocked = p->blocked;
  peer->row_dirty = true;
  vls_peer_touch(call->core, peer);
  if (p->blocked)
    hang_up(call->core, peer, "blocked");
  else
    vls_dial_schedule(call->core, peer, 0);
  return vls_put_contact(call, peer);
}

vls_err vls_cmd_contact_remove(vls_call *call) {
  vls_core *core = call->core;
  const vls_rpc_who *p = call->params;
  vls_peer *peer;
  vls_err err = vls_call_who(call, p->who, &peer);
  if (err != VLS_OK) return err;
  vls_outbound_flush_pending(core);
  hang_up(core, peer, "removed");
  vls_peer_unload(core, peer);
  vls_outbound_put_by(core, peer);
  vls_rpc_count count = {.count = vls_contact_forget(core->store, peer->row.id)};
  vls_peer_forget(core, peer);
  core->wiring_moved = true;
  return vls_call_put(call, &vls_rpc_count_def, &count);
}
