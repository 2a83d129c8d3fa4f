/* The event feed, as the commands see it. */
#ifndef VALISE_CORE_EVENTS_H
#define VALISE_CORE_EVENTS_H

#include "core/core_int.h"
#include "crypto/kdf.h"
#include "event/event.h"
#include "store/messages.h"

enum { VLS_CURSOR_SHIFT = 7 }; /* a cursor is row << 7 | texts of it that were told (RPC 5) */

/* Starts after this cursor. */
void vls_subscribe(vls_core *core, vls_client *client, uint64_t cursor);
/* The hash of the event looked at last: texts that follow one another are mostly of one event. Zero
 * it first, and keep it no longer than one call. */
typedef struct vls_event_memo {
  uint64_t contact, device, seq;
  uint8_t hash[32];
} vls_event_memo;
/* The item id of a signed text; false while it has none. */
bool vls_item_id_of(vls_core *core, const vls_message_row *row, vls_event_memo *memo,
                    uint8_t ret_id[32]);
bool vls_item_id_hex(vls_core *core, const vls_message_row *row, vls_event_memo *memo,
                     char ret_hex[65]);

#endif
