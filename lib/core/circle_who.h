/* Groups and their members, as people name them (RPC 8.1). */
#ifndef VALISE_CORE_CIRCLE_WHO_H
#define VALISE_CORE_CIRCLE_WHO_H

#include "core/circle.h"
#include "core/command.h"
#include "core/members.h"

enum { VLS_GROUP_NAME = VLS_NAME_MAX + 2 }; /* bytes of "@" and what a group is called here */

/* The group that is meant, with or without @; fails the call otherwise. */
VLS_MUST vls_err vls_call_circle(vls_call *call, vls_slice name, vls_circle **ret);
/* The same, and this node is a member of it with all that it takes to act. */
VLS_MUST vls_err vls_call_circle_in(vls_call *call, vls_slice name, vls_circle **ret);
/* That this node may write there now; fails the call otherwise. */
VLS_MUST vls_err vls_call_may_say(vls_call *call, vls_circle *circle);
/* "@" is a group, all else a contact: one of the two is NULL. */
VLS_MUST vls_err vls_call_talk(vls_call *call, vls_slice who, vls_peer **ret_peer,
                               vls_circle **ret_circle);
/* A member of the group: a contact as in vls_call_who, else by what is shown of them, their id, a
 * beginning of it, or what they call themselves when only one of them does. */
VLS_MUST vls_err vls_call_member(vls_call *call, vls_circle *circle, vls_slice who,
                                 uint8_t ret_identity[32]);

void vls_group_name(const vls_circle *circle, char ret[VLS_GROUP_NAME]);
/* What people are shown of a citizen: vls_member_name, or my own name. */
void vls_citizen_name(vls_core *core, const uint8_t identity[32], char ret[VLS_MEMBER_NAME]);
bool vls_is_me(const vls_core *core, const uint8_t identity[32]);

const char *vls_rank_name(uint8_t level); /* "none", "member" ... "founder" */
const char *vls_rank_noun(uint8_t level); /* "a member", "an admin" */
/* member, moderator, admin, owner; false: another word. */
bool vls_rank_parse(vls_slice word, uint64_t *ret);

#endif
