/* The client socket's calls: the table of methods, the envelope, errors in words. */
#include "core/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"

enum {
  EARLY = 1,  /* works without an identity */
  WRITES = 2, /* changes something: not without room on the disk */
};

typedef struct method {
  const char *name;
  const vls_wire_def *params;
  vls_command_fn *run;
  unsigned is;
} method;

static const method methods[] = {
    {"hello", &vls_rpc_hello_def, vls_cmd_hello, EARLY},
    {"init", &vls_rpc_init_def, vls_cmd_init, EARLY | WRITES},
    {"status", &vls_rpc_none_def, vls_cmd_status, EARLY},
    {"doctor", &vls_rpc_none_def, vls_cmd_doctor, EARLY},
    {"id.show", &vls_rpc_none_def, vls_cmd_id_show, 0},
    {"id.safety", &vls_rpc_who_def, vls_cmd_id_safety, 0},
    {"invite.create", &vls_rpc_invite_def, vls_cmd_invite_create, WRITES},
    {"invite.accept", &vls_rpc_accept_def, vls_cmd_invite_accept, WRITES},
    {"contact.list", &vls_rpc_contacts_def, vls_cmd_contact_list, 0},
    {"contact.get", &vls_rpc_who_def, vls_cmd_contact_get, 0},
    {"contact.rename", &vls_rpc_rename_def, vls_cmd_contact_rename, WRITES},
    {"contact.verify", &vls_rpc_verify_def, vls_cmd_contact_verify, WRITES},
    {"contact.block", &vls_rpc_block_def, vls_cmd_contact_block, WRITES},
    {"contact.remove", &vls_rpc_who_def, vls_cmd_contact_remove, WRITES},
    {"peer.list", &vls_rpc_none_def, vls_cmd_peer_list, 0},
    {"send", &vls_rpc_send_def, vls_cmd_send, WRITES},
    {"message.list", &vls_rpc_list_def, vls_cmd_message_list, 0},
    {"message.get", &vls_rpc_n_def, vls_cmd_message_get, 0},
    {"message.mark_read", &vls_rpc_mark_read_def, vls_cmd_mark_read, WRITES},
    {"message.react", &vls_rpc_react_def, vls_cmd_react, WRITES},
    {"message.edit", &vls_rpc_edit_def, vls_cmd_edit, WRITES},
    {"message.delete", &vls_rpc_delete_def, vls_cmd_delete, WRITES},
    {"message.remarks", &vls_rpc_remarks_def, vls_cmd_remarks, 0},
    {"message.thread", &vls_rpc_remarks_def, vls_cmd_thread, 0},
    {"message.receipts", &vls_rpc_receipts_def, vls_cmd_receipts, 0},
    {"outbox.list", &vls_rpc_opt_who_def, vls_cmd_outbox_list, 0},
    {"outbox.retry", &vls_rpc_opt_who_def, vls_cmd_outbox_retry, WRITES},
    {"outbox.cancel", &vls_rpc_n_def, vls_cmd_outbox_cancel, WRITES},
    {"events.subscribe", &vls_rpc_subscribe_def, vls_cmd_subscribe, 0},
    {"events.ack", &vls_rpc_ack_def, vls_cmd_ack, WRITES},
    {"group.create", &vls_rpc_group_create_def, vls_cmd_group_create, WRITES},
    {"group.list", &vls_rpc_none_def, vls_cmd_group_list, 0},
    {"group.get", &vls_rpc_which_group_def, vls_cmd_group_get, 0},
    {"group.members", &vls_rpc_group_members_def, vls_cmd_group_members, 0},
    {"group.invite", &vls_rpc_group_invite_def, vls_cmd_group_invite, WRITES},
    {"group.join", &vls_rpc_group_join_def, vls_cmd_group_join, WRITES},
    {"group.asking", &vls_rpc_opt_group_def, vls_cmd_group_asking, 0},
    {"group.admit", &vls_rpc_group_admit_def, vls_cmd_group_admit, WRITES},
    {"group.report", &vls_rpc_group_report_def, vls_cmd_group_report, WRITES},
    {"group.rename", &vls_rpc_group_rename_def, vls_cmd_group_rename, WRITES},
    {"group.leave", &vls_rpc_group_leave_def, vls_cmd_group_leave, WRITES},
    {"group.forget", &vls_rpc_which_group_def, vls_cmd_group_forget, WRITES},
    {"group.role", &vls_rpc_group_role_def, vls_cmd_group_role, WRITES},
    {"group.remove", &vls_rpc_group_remove_def, vls_cmd_group_remove, WRITES},
    {"group.policy", &vls_rpc_group_policy_def, vls_cmd_group_policy, WRITES},
    {"group.log", &vls_rpc_group_log_def, vls_cmd_group_log, 0},
    {"backup.key", &vls_rpc_backup_key_def, vls_cmd_backup_key, WRITES},
    {"backup.show", &vls_rpc_none_def, vls_cmd_backup_show, 0},
    {"backup.begin", &vls_rpc_backup_begin_def, vls_cmd_backup_begin, 0},
    {"backup.next", &vls_rpc_none_def, vls_cmd_backup_next, 0},
    {"backup.end", &vls_rpc_none_def, vls_cmd_backup_end, WRITES},
    {"restore.begin", &vls_rpc_restore_begin_def, vls_cmd_restore_begin, EARLY | WRITES},
    {"restore.next", &vls_rpc_restore_next_def, vls_cmd_restore_next, EARLY | WRITES},
    {"restore.end", &vls_rpc_none_def, vls_cmd_restore_end, EARLY | WRITES},
};

static const char empty_map[] = {(char)0x80};

vls_err vls_call_fail(vls_call *call, vls_err err, const char *hint, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(call->problem, sizeof call->problem, format, args);
  va_end(args);
  snprintf(call->hint, sizeof call->hint, "%s", hint == NULL ? "" : hint);
  return err;
}

vls_err vls_call_ok(vls_call *call) {
  vls_rpc_ok ok = {.ok = true};
  return vls_call_put(call, &vls_rpc_ok_def, &ok);
}

vls_err vls_call_put(vls_call *call, const vls_wire_def *def, const void *result) {
  vls_err err = vls_store_error(call->core->store);
  return err == VLS_OK ? vls_wire_encode(def, result, call->result) : err;
}

vls_client *vls_client_get(vls_core *core, uint64_t id, bool make) {
  vls_client *free_one = NULL;
  for (size_t i = 0; i < VLS_CLIENTS_MAX; i++) {
    if (core->clients[i].id == id) return &core->clients[i];
    if (core->clients[i].id == 0 && free_one == NULL) free_one = &core->clients[i];
  }
  if (!make || free_one == NULL) return NULL;
  *free_one = (vls_client){.id = id};
  return free_one;
}

void vls_client_gone(vls_core *core, uint64_t id) {
  vls_client *client = vls_client_get(core, id, false);
  if (client != NULL) *client = (vls_client){0};
  vls_backing_end(core, id);
}

static const method *find_method(vls_slice name) {
  for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
    if (vls_slice_eq(name, vls_slice_str(methods[i].name))) return &methods[i];
  return NULL;
}

/* params: [] or [{...}]. */
static vls_err read_params(vls_call *call, const method *m, vls_slice params, void *out) {
  vls_slice parts[1] = {vls_slice_of(empty_map, 1)};
  size_t n = 0;
  vls_wire_fault fault = {0};
  vls_err err = vls_wire_split(params, VLS_WIRE_LENIENT, parts, 1, &n);
  if (err != VLS_OK)
    return vls_call_fail(call, VLS_USAGE, NULL, "%s takes one map of named values", m->name);
  err = vls_wire_decode(m->params, VLS_WIRE_LENIENT, parts[0], out, &fault);
  if (err == VLS_OK) return VLS_OK;
  char key[64];
  vls_core_escape(key, sizeof key, fault.key);
  if (err == VLS_TOO_BIG)
    return vls_call_fail(call, VLS_TOO_BIG, NULL, "%s: the call is too large", m->name);
  return vls_call_fail(call, VLS_USAGE, "valise help rpc", "%s: %s %s", m->name,
                       fault.field != NULL ? fault.field
                       : fault.key.n > 0   ? key
                                           : "the parameter",
                       fault.what != NULL ? fault.what : "must be a map of named values");
}

static vls_err run(vls_call *call, const vls_input *in) {
  const method *m = find_method(in->text);
  char name[64];
  vls_core_escape(name, sizeof name, in->text);
  if (m == NULL) return vls_call_fail(call, VLS_USAGE, NULL, "there is no method \"%s\"", name);
  if (!call->client->hello && m->run != vls_cmd_hello)
    return vls_call_fail(call, VLS_STATE, NULL, "the first call must be hello");
  if (!call->core->has_self && (m->is & EARLY) == 0)
    return vls_call_fail(call, VLS_STATE, "valise init --name NAME",
                         "this node has no identity yet");
  if (call->core->no_room && (m->is & WRITES) != 0)
    return vls_call_fail(call, VLS_FULL, "df -h",
                         "the disk is full: nothing new is taken until there is room, reading "
                         "goes on");
  void *params = vls_calloc(1, m->params->size);
  vls_err err = read_params(call, m, in->bytes, params);
  call->params = params;
  if (err == VLS_OK) err = m->run(call);
  vls_wipe(params, m->params->size);
  free(params);
  return err;
}

static vls_err put_error(vls_buf *out, const vls_call *call, vls_err err) {
  char text[768];
  const char *words = call->problem[0] != '\0' ? call->problem : vls_err_text(err);
  snprintf(text, sizeof text, "%s: %s%s%s", vls_err_name(err), words,
           call->hint[0] != '\0' ? "\n" : "", call->hint);
  return vls_pack_str(out, vls_slice_str(text));
}

static void put_reply(vls_out_entry *e, const vls_call *call, vls_err err) {
  vls_err put = vls_pack_array(&e->bytes, 4);
  if (put == VLS_OK) put = vls_pack_uint(&e->bytes, 1);
  if (put == VLS_OK) put = vls_pack_uint(&e->bytes, e->msgid);
  if (put == VLS_OK)
    put = err == VLS_OK ? vls_pack_nil(&e->bytes) : put_error(&e->bytes, call, err);
  if (put == VLS_OK)
    put = err == VLS_OK ? vls_buf_put_slice(&e->bytes, vls_buf_slice(call->result))
                        : vls_pack_nil(&e->bytes);
  VLS_ASSERT(put == VLS_OK);
}

void vls_command(vls_core *core, const vls_input *in) {
  vls_buf result;
  vls_buf_init(&result, VLS_RPC_FRAME_MAX - 64);
  vls_call call = {
      .core = core, .client = vls_client_get(core, in->client, true), .result = &result};
  vls_err err = call.client == NULL
                    ? vls_call_fail(&call, VLS_BUSY, NULL, "%d clients are connected already",
                                    VLS_CLIENTS_MAX)
                    : run(&call, in);
  if (err == VLS_OK && vls_store_error(core->store) != VLS_OK) err = vls_store_error(core->store);
  vls_out_entry *e = vls_out_stage(core, VLS_OUT_REPLY);
  e->client = in->client;
  e->msgid = in->msgid;
  put_reply(e, &call, err);
  vls_buf_done(&result);
}

void vls_command_revoke(vls_out_entry *reply, vls_err why) {
  vls_call call = {0};
  /* A write that found no room left no mark; after any other failure the log may yet be found
   * whole. */
  why = vls_call_fail(&call, why, why == VLS_FULL ? "df -h" : "valise doctor", "%s; %s",
                      vls_err_text(why),
                      why == VLS_FULL ? "nothing of this call was kept"
                                      : "the next start shows whether this call was kept");
  vls_buf_clear(&reply->bytes);
  put_reply(reply, &call, why);
}
