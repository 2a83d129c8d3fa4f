/* Members of groups as this node deals with them outside of a group's events: links with them, and
 * their cards. */
#ifndef VALISE_CORE_CIRCLE_MEMBERS_H
#define VALISE_CORE_CIRCLE_MEMBERS_H

#include "core/core_int.h"

enum {
  VLS_RING_STEPS = 64,       /* members looked at on a cycle, in each direction */
  VLS_RING_FAILURES = 2,     /* dials in vain after which somebody is not in reach */
  VLS_RING_JITTER_MS = 1000, /* until a member is dialled who is wanted now */
  VLS_CARD_AT = 16,          /* bytes of an entry of group_cards */
  VLS_CARDS_ROUND = 1024,    /* cards given for one group_cards */
  VLS_NOTES_MINUTE = 8192,   /* cards a minute, given to one member or looked at from them */
};
#define VLS_RING_ODD_MS (UINT64_C(3600) * 1000) /* a neighbour at random stays so long */

struct vls_circle;

/* circle_members.c */
/* This node is in it, with a leaf. */
bool vls_circle_is_mine(const struct vls_circle *circle);
/* Members or devices of any group changed: whose keys are tried, whom a link is wanted with. Ends
 * links of members who are none any more: not in the middle of what one of them said. */
void vls_circle_members(vls_core *core);
/* Links came up or ended: whom a link is wanted with. */
void vls_circle_wire(vls_core *core);
void vls_circle_members_tick(vls_core *core);
void vls_circle_ring_free(struct vls_circle *circle);

/* circle_cards.c: cards of members (GROUP 7.12) */
/* This link leads to a member now: says which cards are here. */
void vls_circle_cards_begin(vls_core *core, struct vls_circle *circle, vls_conn *conn);
/* A group_cards came. */
void vls_circle_cards_heard(vls_core *core, struct vls_circle *circle, vls_conn *conn,
                            vls_slice body);
/* A card came as a note. True: it is newer than what was here. */
bool vls_circle_card_note(vls_core *core, struct vls_circle *circle, vls_conn *conn,
                          vls_slice card);
/* A newer card of theirs is here: others are told at the end of the batch. */
void vls_circle_card_came(vls_core *core, const vls_peer *peer);
/* Mine changed: members who are linked get it. */
void vls_circle_card_changed(vls_core *core);
void vls_circle_cards_tell(vls_core *core);

#endif
