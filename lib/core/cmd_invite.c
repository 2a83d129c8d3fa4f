/* invite.create, invite.accept. */
#include "base/text.h"
#include "citizen/id.h"
#include "citizen/invite.h"
#include "core/command.h"

enum { DEFAULT_EXPIRES_S = 7 * 86400 };

vls_err vls_cmd_invite_create(vls_call *call) {
  vls_core *core = call->core;
  const vls_rpc_invite *p = call->params;
  uint64_t now = vls_core_wall(core);
  uint64_t life = p->has_expires_s ? p->expires_s : DEFAULT_EXPIRES_S;
  if (vls_invite_open(core->store, now) >= VLS_INVITES_MAX || core->n_invites >= VLS_INVITES_KEPT)
    return vls_call_fail(call, VLS_LIMITED, NULL,
                         "%d invitations are open: wait until some are used or "
                         "expire",
                         VLS_INVITES_MAX);
  if ((now + life * 1000) / 1000 > UINT32_MAX)
    return vls_call_fail(call, VLS_STATE, "timedatectl",
                         "the clock of this machine is wrong: it is beyond the year 2105, and no "
                         "invitation can expire so late");
  vls_invite invite = {.version = 1};
  for (size_t i = 0; i < core->n_addresses && invite.n_addresses < 4; i++)
    if (core->addresses[i].n <= 64) invite.addresses[invite.n_addresses++] = core->addresses[i];
  if (invite.n_addresses == 0)
    return vls_call_fail(call, VLS_STATE, "valise config set listen.advertise HOST:PORT",
                         "this node knows no address at which others could reach it");
  vls_dh_pair opk;
  vls_invite_row row = {.expires = now + life * 1000};
  vls_dh_new(&opk, &core->rng);
  memcpy(row.opk, opk.priv, 32);
  vls_rng_bytes(&core->rng, row.secret, sizeof row.secret);
  if (p->has_as) memcpy(row.name, p->as.p, p->as.n);
  vls_invite_put(core->store, &row);
  invite.opk_id = row.id;
  invite.expires = row.expires / 1000;
  memcpy(invite.identity, core->self.identity.pub, 32);
  memcpy(invite.dh, core->self.dh.pub, 32);
  memcpy(invite.opk, opk.pub, 32);
  memcpy(invite.secret, row.secret, 32);
  vls_buf link;
  vls_buf_init(&link, VLS_LINK_TEXT_MAX);
  vls_err err = VLS_TOO_BIG;
  while ((err = vls_invite_text(&link, &invite)) == VLS_TOO_BIG && invite.n_addresses > 1)
    invite.n_addresses--; /* the less preferred stay away so that the link fits a QR code */
  if (err == VLS_OK) {
    vls_invites_load(core);
    vls_rpc_invite_ok ok = {.link = vls_buf_slice(&link), .expires = row.expires};
    err = vls_call_put(call, &vls_rpc_invite_ok_def, &ok);
  }
  vls_wipe(&opk, sizeof opk);
  vls_wipe(&row, sizeof row);
  vls_wipe(&invite, sizeof invite);
  vls_buf_done(&link);
  return err;
}

/* The contact whose name looks the same; NULL when there is none. */
static const vls_peer *named_like(vls_core *core, vls_slice name) {
  vls_buf fold;
  vls_buf_init(&fold, VLS_FOLD_MAX);
  vls_err err = vls_name_fold(name, &fold);
  uint64_t id = err == VLS_OK ? vls_contact_by_fold(core->store, vls_buf_slice(&fold)) : 0;
  vls_buf_done(&fold);
  return id == 0 ? NULL : vls_peer_get(core, id);
}

/* A contact that is already there: only worth a new session when the present way is dead. */
static vls_err check_known(vls_call *call, const vls_peer *peer, const vls_rpc_accept *p,
                           const vls_invite *invite) {
  vls_core *core = call->core;
  if (memcmp(invite->identity, core->self.identity.pub, 32) == 0)
    return vls_call_fail(call, VLS_USAGE, NULL,
                         "this is your own invitation: give it to somebody else");
  bool linked = peer != NULL && peer->conn != NULL && peer->conn->up && !peer->conn->as_member;
  if (linked && vls_peer_visible(peer))
    return vls_call_fail(call, VLS_EXISTS, "valise contact list",
                         "%s is your contact already, and linked", peer->row.name);
  if (!p->has_as) return VLS_OK;
  const vls_peer *other = named_like(core, p->as);
  if (other == NULL || other == peer) return VLS_OK;
  return vls_call_fail(
      call, VLS_IDENTITY_CHANGED, "valise id verify",
      "you know %s under another identity. Somebody may pretend to be them, or they "
      "began anew: ask over another way, then accept under another name",
      other->row.name);
}

static bool is_of_group(vls_slice text) {
  vls_group_link link;
  uint8_t bytes[VLS_INVITE_BYTES];
  bool is = vls_group_link_parse(&link, bytes, text) == VLS_OK;
  vls_wipe(bytes, sizeof bytes);
  vls_wipe(&link, sizeof link);
  return is;
}

vls_err vls_cmd_invite_accept(vls_call *call) {
  vls_core *core = call->core;
  const vls_rpc_accept *p = call->params;
  vls_invite invite;
  uint8_t bytes[VLS_INVITE_BYTES];
  if (vls_invite_parse(&invite, bytes, p->link) != VLS_OK && is_of_group(p->link))
    return vls_call_fail(call, VLS_MALFORMED, "valise group join LINK",
                         "this link is an invitation to a group, not to be a contact");
  if (vls_invite_parse(&invite, bytes, p->link) != VLS_OK)
    return vls_call_fail(call, VLS_MALFORMED, NULL,
                         "this is not an invitation, or a letter of it is wrong: "
                         "copy it whole, from valise: to its end");
  vls_err err = VLS_OK;
  if (invite.expires * 1000 < vls_core_wall(core))
    err = vls_call_fail(call, VLS_EXPIRED, NULL, "the invitation has expired: ask for a new one");
  vls_peer *peer = vls_peer_by_identity(core, invite.identity);
  if (err == VLS_OK) err = check_known(call, peer, p, &invite);
  if (err == VLS_OK && invite.n_addresses == 0)
    err = vls_call_fail(call, VLS_MALFORMED, NULL, "the invitation names no address");
  if (err == VLS_OK && vls_peers_full(core))
    err = vls_call_fail(call, VLS_LIMITED, NULL, "there are %d contacts already", VLS_CONTACTS_MAX);
  if (err == VLS_OK) {
    char id[VLS_ID_TEXT + 1];
    vls_id_text(id, invite.identity);
    vls_slice name = p->has_as ? p->as : vls_slice_of(id, VLS_SHORT_ID);
    if (peer == NULL || !vls_peer_visible(peer))
      peer = vls_peer_new(core, invite.identity, name, (vls_slice){0}, VLS_CONTACT_PENDING);
    else
      vls_peer_renew(core, peer);
    vls_contact_set_link(core->store, peer->row.id, p->link);
    /* A dial under way goes the old way, which may be a silent door. */
    if (peer->dialing != NULL) vls_conn_drop(core, peer->dialing, true, "an invitation is tried");
    peer->failures = 0;
    vls_dial_schedule(core, peer, 0);
    err = vls_put_contact(call, peer);
  }
  vls_wipe(bytes, sizeof bytes);
  return err;
}
