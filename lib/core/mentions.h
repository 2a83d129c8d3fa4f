/* Who is named in a text to a group (GROUP 8.6): "@name", when only one member is called so. */
#ifndef VALISE_CORE_MENTIONS_H
#define VALISE_CORE_MENTIONS_H

#include "core/circle_who.h"
#include "store/messages.h"

enum { VLS_MENTIONS_MAX = 8 /* in one text */ };

typedef struct vls_mention {
  uint8_t who[32]; /* identity */
  uint64_t at, n;  /* bytes of the text */
} vls_mention;

/* The members that a text of mine names. */
size_t vls_mentions_find(vls_core *core, vls_circle *circle, vls_slice text,
                         vls_mention ret[VLS_MENTIONS_MAX]);
/* Says after the text, in its event, whom it names. */
void vls_mentions_say(vls_core *core, vls_circle *circle, vls_slice text);
/* The members that a text in a group names, as its author signed it. */
size_t vls_mentions_of(vls_core *core, const vls_message_row *row,
                       vls_mention ret[VLS_MENTIONS_MAX]);
/* I am one of them. */
bool vls_mentions_me(vls_core *core, const vls_message_row *row);

#endif
