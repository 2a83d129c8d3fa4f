/* How texts and events look, in every mode. */
#ifndef VALISE_CLIENT_SHOW_H
#define VALISE_CLIENT_SHOW_H

#include "client/cmd.h"

/* A text of the history. */
void vls_show_message(vls_cli *cli, const vls_rpc_message *message);
/* Something that happened. */
void vls_show_event(vls_cli *cli, const vls_rpc_event *event);
/* The same as one line of JSON, gated, with its newline. */
void vls_show_event_json(vls_buf *out, const vls_rpc_event *event);

#endif
