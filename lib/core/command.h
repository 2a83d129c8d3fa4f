/* Client commands: how each sees its call. A command reads its parameters by table, does its work,
 * writes one result, or fails with a name, a sentence and a command that helps. */
#ifndef VALISE_CORE_COMMAND_H
#define VALISE_CORE_COMMAND_H

#include "core/core_int.h"

typedef struct vls_call {
  vls_core *core;
  vls_client *client;
  const void *params; /* the struct of the method's table */
  vls_buf *result;    /* one msgpack value */
  char problem[512];  /* set by vls_call_fail */
  char hint[128];
} vls_call;

typedef vls_err vls_command_fn(vls_call *call);

/* Sets the words a person reads; gives err back. hint may be NULL. */
vls_err vls_call_fail(vls_call *call, vls_err err, const char *hint, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
VLS_MUST vls_err vls_call_ok(vls_call *call); /* {ok: true} */
/* Appends to the result, by table. A store that failed told nothing more, and what was to be said
 * then is not what the table asks for: its error instead. */
VLS_MUST vls_err vls_call_put(vls_call *call, const vls_wire_def *def, const void *result);
/* How many bytes of what somebody typed fit a sentence; no character is cut. */
int vls_call_shown(vls_slice who);
/* Finds a contact (RPC 3.2); fails the call otherwise. */
VLS_MUST vls_err vls_call_who(vls_call *call, vls_slice who, vls_peer **ret_peer);
/* Likewise, or somebody who is in a group with me and no contact. */
VLS_MUST vls_err vls_call_citizen(vls_call *call, vls_slice who, vls_peer **ret_peer);

vls_command_fn vls_cmd_hello, vls_cmd_init, vls_cmd_status, vls_cmd_doctor;
vls_command_fn vls_cmd_id_show, vls_cmd_id_safety, vls_cmd_invite_create, vls_cmd_invite_accept;
vls_command_fn vls_cmd_contact_list, vls_cmd_contact_get, vls_cmd_contact_rename;
vls_command_fn vls_cmd_contact_verify, vls_cmd_contact_block, vls_cmd_contact_remove;
vls_command_fn vls_cmd_peer_list, vls_cmd_send, vls_cmd_message_list, vls_cmd_message_get;
vls_command_fn vls_cmd_receipts;
vls_command_fn vls_cmd_mark_read, vls_cmd_outbox_list, vls_cmd_outbox_retry, vls_cmd_outbox_cancel;
vls_command_fn vls_cmd_group_create, vls_cmd_group_list, vls_cmd_group_get, vls_cmd_group_members;
vls_command_fn vls_cmd_group_rename, vls_cmd_group_leave, vls_cmd_group_forget, vls_cmd_group_role;
vls_command_fn vls_cmd_group_invite, vls_cmd_group_join, vls_cmd_group_asking, vls_cmd_group_admit;
vls_command_fn vls_cmd_group_report;
vls_command_fn vls_cmd_group_remove, vls_cmd_group_policy, vls_cmd_group_log;
vls_command_fn vls_cmd_react, vls_cmd_edit, vls_cmd_delete, vls_cmd_remarks, vls_cmd_thread;
vls_command_fn vls_cmd_subscribe, vls_cmd_ack;
vls_command_fn vls_cmd_backup_key, vls_cmd_backup_show, vls_cmd_backup_begin, vls_cmd_backup_next;
vls_command_fn vls_cmd_backup_end;
vls_command_fn vls_cmd_restore_begin, vls_cmd_restore_next, vls_cmd_restore_end;

enum { VLS_CONTACTS_PAGE = 1000 }; /* contacts in one answer: a frame holds no more */

/* Shared by several: appends a contact, a message. */
VLS_MUST vls_err vls_put_contact(vls_call *call, vls_peer *peer);
struct vls_message_row;
struct vls_event_memo;
VLS_MUST vls_err vls_put_message(vls_call *call, const struct vls_message_row *row,
                                 struct vls_event_memo *memo);
/* Finds a text (RPC 4.3) and fills row; its body is put into the buffer. Fails the call otherwise.
 */
VLS_MUST vls_err vls_call_text(vls_call *call, uint64_t n, struct vls_message_row *row,
                               vls_buf *body);
/* Why this contact can't be written to; NULL when it can. */
const char *vls_peer_obstacle(const vls_peer *peer);
/* A reply to the text of this number: says it under the number that it gives. */
VLS_MUST vls_err vls_call_reply(vls_call *call, uint64_t about, vls_slice text, char *ret_name,
                                size_t size, uint64_t *ret_n);

#endif
