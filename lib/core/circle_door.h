/* How people come into a group (GROUP 4.7, 7.9, 7.10): invitations, asking, and being let in.
 *
 * A newcomer asks over a link that it has with the inviter, or knocks with the invitation. Such a
 * link (conn->asking here, conn->door there) carries the inviter's card, an ask and an answer and
 * nothing else; what comes then goes over a link as contacts or members. */
#ifndef VALISE_CORE_CIRCLE_DOOR_H
#define VALISE_CORE_CIRCLE_DOOR_H

#include "citizen/invite.h"
#include "core/circle.h"

enum {
  VLS_CIRCLE_DOORS = 64,       /* invitations of one group whose knocks are tried: the newest */
  VLS_CIRCLE_INVITED = 64,     /* groups that others invited me to, and I did not answer */
  VLS_CIRCLE_INVITED_EACH = 8, /* of one contact */
  VLS_CIRCLE_ASKS_MINUTE = 6,  /* looked at, of one link */
  VLS_CIRCLE_WAITERS = 32,     /* links of people who wait for a moderator */
};
#define VLS_CIRCLE_ASK_MS (UINT64_C(5) * 60 * 1000)   /* asked again over a link that stays up */
#define VLS_CIRCLE_WAIT_MS (UINT64_C(10) * 60 * 1000) /* a link of somebody who waits ends */
#define VLS_CIRCLE_DOOR_MS                                                                         \
  (UINT64_C(30) * 86400 * 1000) /* a dead invitation says why it is dead                           \
                                 */

/* A knock that opens to whoever has an invitation. */
typedef struct vls_circle_key {
  uint8_t key[32], knock[32]; /* the invitation's public key */
  vls_budget knocks;
} vls_circle_key;

/* circle_ask.c: who is invited, and asks */
/* A contact's item. */
void vls_circle_invited(vls_core *core, vls_peer *peer, const vls_item_group *invitation);
/* The invitation that a group came from. False: it has none. Slices of ret borrow from bytes. */
bool vls_circle_link_read(vls_core *core, const vls_circle *circle, vls_group_link *ret,
                          uint8_t bytes[VLS_INVITE_BYTES]);
/* Whom this node asked to be let in, while it waits for that; dh zeros: not known. */
bool vls_circle_inviter(vls_core *core, const vls_circle *circle, uint8_t identity[32],
                        uint8_t dh[32]);
/* Is this a link with them? */
bool vls_circle_asked_of(vls_core *core, const vls_circle *circle, const vls_conn *conn);
/* I want to be in, by the invitation that is stored with it. */
VLS_MUST vls_err vls_circle_ask(vls_core *core, vls_circle *circle);
/* A link with somebody came up: what is to be asked, told or handed over to them is. */
void vls_circle_ask_over(vls_core *core, vls_conn *conn);
void vls_circle_answered(vls_core *core, vls_circle *circle, vls_conn *conn, vls_slice body);
/* This node is a member now. */
void vls_circle_joined(vls_core *core, vls_circle *circle);
/* Why it does not get on; empty: it does. */
void vls_circle_problem(vls_core *core, vls_circle *circle, const char *why);
/* The group that this peer is to be dialled for with an invitation; NULL: none. */
vls_circle *vls_circle_asks(vls_core *core, const vls_peer *peer);

/* circle_admit.c: who lets in */
void vls_circle_ask_came(vls_core *core, vls_circle *circle, vls_conn *conn, vls_slice body);
/* Acts came: people who wait may be members now. */
void vls_circle_let_in(vls_core *core, vls_circle *circle);
/* One of those who wait is let in, or not. VLS_NOT_FOUND: does not wait. Else as vls_group_admit.
 */
VLS_MUST vls_err vls_circle_decide(vls_core *core, vls_circle *circle, const uint8_t who[32],
                                   bool refuse, vls_slice reason);
/* A moderator does not let one of those in who wait here. */
void vls_circle_refused(vls_core *core, vls_circle *circle, const vls_conn *conn,
                        const vls_group_answer *answer);
/* Somebody whom this node cannot let in waits; a moderator came up and hears of it. */
void vls_circle_relay(vls_core *core, vls_circle *circle, vls_conn *conn);

/* circle_door.c: links that begin with an invitation */
void vls_circle_doors_load(vls_core *core, vls_circle *circle);
/* Does a knock open with one of the invitations of my groups? */
bool vls_circle_try(vls_core *core, vls_conn *conn);
vls_link *vls_circle_dial(vls_core *core, const vls_circle *circle);
/* It is up: the first frame. False: it is over. */
bool vls_circle_door_up(vls_core *core, vls_conn *conn);
void vls_circle_door_frame(vls_core *core, vls_conn *conn, vls_slice frame);
void vls_circle_door_card(vls_core *core, vls_conn *conn, vls_slice card);
/* A frame over such a link. */
void vls_circle_door_send(vls_core *core, vls_conn *conn, const uint8_t group[32],
                          vls_group_frame_kind kind, vls_slice body);

/* circle_report.c */
/* Words of a member go to the moderators, as they were signed. row: their event. */
VLS_MUST vls_err vls_circle_report(vls_core *core, vls_circle *circle, const vls_gevent_row *event,
                                   uint64_t item, vls_slice reason, size_t *ret_n);
bool vls_circle_reported(vls_core *core, vls_circle *circle, vls_conn *conn, vls_slice body);
void vls_circle_report_heard(vls_core *core, vls_circle *circle, vls_conn *conn, vls_slice body);
/* Those that wait for whoever is behind this link. */
void vls_circle_report_over(vls_core *core, vls_circle *circle, vls_conn *conn);

/* circle_policy.c */
/* How long until this node may write there again, in ms (slow mode). */
uint64_t vls_circle_wait(vls_core *core, vls_circle *circle);
/* Words that are older than the rules let them be go. True: there are more. */
bool vls_circle_forget_words(vls_core *core, vls_circle *circle);

#endif
