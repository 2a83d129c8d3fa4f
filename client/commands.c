#include "client/cmd.h"

/* In the order a newcomer meets them. */
const vls_cmd *const vls_commands[] = {
    &vls_cmd_init,       &vls_cmd_invite,     &vls_cmd_accept, &vls_cmd_contact,  &vls_cmd_id,
    &vls_cmd_send,       &vls_cmd_read,       &vls_cmd_recv,   &vls_cmd_watch,    &vls_cmd_reply,
    &vls_cmd_thread,     &vls_cmd_react,      &vls_cmd_edit,   &vls_cmd_delete,   &vls_cmd_remarks,
    &vls_cmd_group,      &vls_cmd_outbox,     &vls_cmd_status, &vls_cmd_doctor,   &vls_cmd_lock,
    &vls_cmd_unlock,     &vls_cmd_passphrase, &vls_cmd_backup, &vls_cmd_peer,     &vls_cmd_config,
    &vls_cmd_completion, &vls_cmd_rpc,        &vls_cmd_help,   &vls_cmd_complete, NULL,
};
