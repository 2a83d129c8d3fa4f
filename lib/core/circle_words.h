/* Acts of a group in plain words, for its log and for who watches. */
#ifndef VALISE_CORE_CIRCLE_WORDS_H
#define VALISE_CORE_CIRCLE_WORDS_H

#include "core/circle.h"

enum { VLS_ACT_TEXT = 1024 }; /* bytes of a sentence, with its NUL */

typedef struct vls_act_words {
  const char *kind; /* as in RPC 8.12 */
  uint8_t who[32];  /* whom it is about */
  bool has_who;
  uint8_t level;           /* the new one; 0: it gives none */
  vls_slice reason;        /* borrows from the event */
  char text[VLS_ACT_TEXT]; /* "Ana removed Bao: spam. Bao can still read what ..." */
} vls_act_words;

/* said: an act that the group has. */
void vls_act_say(vls_core *core, vls_circle *circle, const vls_group_said *said,
                 vls_act_words *ret);
/* Tells people of an act that just came, unless it changes nothing for them. */
void vls_act_tell(vls_core *core, vls_circle *circle, const vls_group_said *said);

#endif
