/* The talk that a text is in, a contact's or a group's, as clients are told of it. */
#ifndef VALISE_CORE_MESSAGE_TALK_H
#define VALISE_CORE_MESSAGE_TALK_H

#include "citizen/id.h"
#include "core/circle_who.h"
#include "store/messages.h"

/* What a vls_rpc_message borrows from. */
typedef struct vls_talk_names {
  char name[VLS_GROUP_NAME], id[65];
  char author[VLS_MEMBER_NAME], author_id[VLS_ID_TEXT + 1];
} vls_talk_names;

/* Whose it is, who wrote it, its state, and why it waits. False: its talk is not here any more. */
bool vls_talk_fill(vls_core *core, const vls_message_row *row, vls_talk_names *names,
                   vls_rpc_message *ret);
/* The signed event of a text in a group. False: it has none. */
bool vls_circle_event_of(vls_core *core, const vls_circle *circle, const vls_message_row *row,
                         uint8_t ret_id[32]);
/* Texts up to this number are marked read in the talk. */
uint64_t vls_talk_read_n(vls_core *core, uint64_t talk);
/* Numbers of the newest texts of a group before this one (0: of all) in the order that is the same
 * for everybody, the newest last; what could not be signed yet stands at the end. */
size_t vls_circle_newest(vls_core *core, vls_circle *circle, uint64_t before, uint64_t *ret,
                         size_t max);
/* What was written in this batch is in the store. */
void vls_talk_flush(vls_core *core);

#endif
