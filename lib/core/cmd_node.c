/* hello, init, status, peer.list. */
#include "citizen/backup.h"
#include "citizen/id.h"
#include "core/circle.h"
#include "core/command.h"
#include "core/members.h"
#include "store/guard.h"
#include "store/messages.h"
#include "store/salvage.h"

static const char *state_of(const vls_core *core) {
  if (!core->has_self) return "empty";
  return core->no_room ? "full" : "ready";
}

vls_err vls_cmd_hello(vls_call *call) {
  const vls_rpc_hello *p = call->params;
  if (p->api != VLS_RPC_API)
    return vls_call_fail(call, VLS_USAGE, NULL,
                         "this node speaks version %d of the client socket, not %llu", VLS_RPC_API,
                         (unsigned long long)p->api);
  call->client->hello = true;
  vls_rpc_hello_ok ok = {.api = VLS_RPC_API,
                         .version = vls_slice_str(call->core->version),
                         .state = vls_slice_str(state_of(call->core))};
  return vls_call_put(call, &vls_rpc_hello_ok_def, &ok);
}

static vls_err put_identity(vls_call *call) {
  vls_core *core = call->core;
  char id[VLS_ID_TEXT + 1];
  vls_id_text(id, core->self.identity.pub);
  vls_rpc_identity r = {.id = vls_slice_str(id),
                        .name = vls_slice_str(core->self.name),
                        .card_seq = core->self.card_seq,
                        .devices = 1,
                        .n_addresses = core->n_addresses};
  for (size_t i = 0; i < core->n_addresses; i++)
    r.addresses[i] = core->addresses[i];
  return vls_call_put(call, &vls_rpc_identity_def, &r);
}

vls_err vls_cmd_init(vls_call *call) {
  vls_core *core = call->core;
  const vls_rpc_init *p = call->params;
  if (core->has_self)
    return vls_call_fail(call, VLS_EXISTS, "valise id show",
                         "this node has an identity already: %s", core->self.name);
  if (core->backing != NULL)
    return vls_call_fail(call, VLS_BUSY, NULL, "a backup is being brought back into this node");
  if (vls_restore_is_open(core->store)) { /* what a backup left that never came to its end */
    vls_restore_forget(core->store);
    core->newest_n = core->newest_c = 0;
  }
  vls_err err = vls_self_create(&core->self, core->store, p->name, &core->rng, core->addresses,
                                core->n_addresses, vls_core_wall(core));
  if (err != VLS_OK) return err;
  if (p->has_words_key) vls_backup_key_put(core->store, p->words_key.p, vls_core_wall(core));
  vls_core_identified(core);
  return put_identity(call);
}

vls_err vls_cmd_id_show(vls_call *call) {
  return put_identity(call);
}

static uint64_t unread(vls_core *core) {
  uint64_t n = 0;
  for (size_t i = 0; i < core->n_peers; i++)
    if (vls_peer_visible(core->peers[i])) n += vls_peer_unread(core, core->peers[i]);
  for (size_t i = 0; i < core->n_circles; i++)
    n += vls_circle_unread(core, core->circles[i]);
  return n;
}

vls_err vls_cmd_status(vls_call *call) {
  vls_core *core = call->core;
  char id[VLS_ID_TEXT + 1] = "";
  vls_outbound_flush_pending(core);
  if (core->has_self) vls_id_text(id, core->self.identity.pub);
  vls_rpc_status s = {.state = vls_slice_str(state_of(core)),
                      .version = vls_slice_str(core->version),
                      .id = vls_slice_str(id),
                      .name = vls_slice_str(core->has_self ? core->self.name : ""),
                      .uptime_s = (core->now.mono_ms - core->started) / 1000,
                      .queued = vls_outbox_count(core->store, 0) +
                                vls_message_count_queued(core->store, 0),
                      .unread = unread(core),
                      .set_aside = vls_aside_count(core->store, 0),
                      .store_bytes = vls_store_bytes(core->store),
                      .sealed = vls_store_is_sealed(core->store)};
  vls_salvage_report salvaged;
  if (!vls_salvage_last(core->store, &salvaged, &s.salvaged)) s.salvaged = 0;
  for (size_t i = 0; i < core->n_peers; i++) {
    s.contacts += vls_peer_visible(core->peers[i]) ? 1 : 0;
    bool online = core->peers[i]->conn != NULL && core->peers[i]->conn->up;
    s.online += online && vls_peer_visible(core->peers[i]) ? 1 : 0;
  }
  for (size_t i = 0; i < core->n_circles; i++)
    s.groups += core->circles[i]->row.state == VLS_GRP_MEMBER ? 1 : 0;
  for (size_t i = 0; i < core->n_listens; i++)
    s.listening[s.n_listening++] = core->listens[i];
  for (size_t i = 0; i < core->n_addresses; i++)
    s.advertised[s.n_advertised++] = core->addresses[i];
  return vls_call_put(call, &vls_rpc_status_def, &s);
}

vls_err vls_cmd_peer_list(vls_call *call) {
  vls_core *core = call->core;
  size_t n = core->n_conns < 1000 ? core->n_conns : 1000;
  vls_err err = vls_pack_array(call->result, n);
  for (size_t i = 0; i < n && err == VLS_OK; i++) {
    const vls_conn *c = core->conns[i];
    const char *state = c->link == NULL ? "dialling"
                        : c->up         ? "up"
                        : vls_link_state_of(c->link) == VLS_LINK_KNOCK ||
                                vls_link_state_of(c->link) == VLS_LINK_SILENT
                            ? "knock"
                            : "auth";
    char name[VLS_MEMBER_NAME] = "";
    if (c->peer != NULL) vls_member_name(c->peer, name);
    vls_rpc_peer r = {.name = vls_slice_str(name),
                      .address = vls_slice_str(c->address),
                      .state = vls_slice_str(state),
                      .outgoing = c->outgoing,
                      .up_s = (core->now.mono_ms - c->opened) / 1000,
                      .sent = c->n_sent,
                      .received = c->n_received,
                      .in_flight = c->sent - c->sent_acked};
    err = vls_call_put(call, &vls_rpc_peer_def, &r);
  }
  return err;
}
