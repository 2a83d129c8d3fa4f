/* The verbs of `valise group`, in three files: how groups are, how one comes to them, how they are
 * kept in order. */
#ifndef VALISE_CLIENT_GROUP_H
#define VALISE_CLIENT_GROUP_H

#include "client/cmd.h"
#include "client/list.h"

enum { VLS_GROUP_LINK_MAX = 1200 }; /* bytes of an invitation to a group (RPC 8.5) */

extern const vls_cmd vls_group_list, vls_group_show, vls_group_members; /* cmd_group.c */
extern const vls_cmd vls_group_create, vls_group_invite, vls_group_join, vls_group_asking,
    vls_group_admit, vls_group_leave, vls_group_forget; /* group_join.c */
extern const vls_cmd vls_group_role, vls_group_remove, vls_group_policy, vls_group_rename,
    vls_group_log, vls_group_report; /* group_rule.c */

/* The words of --post and --admit, from the lowest. */
#define VLS_GROUP_LEVELS "member moderator admin owner"

/* "everybody", "moderators and above", "admins and above", "owners", for a level by name. */
const char *vls_group_whom(vls_slice level);
/* A group after a change: the sentence for people, whose one value is its name; for scripts all of
 * it. */
void vls_group_changed(vls_cli *cli, const vls_rpc_group *group, const char *sentence);
/* Everything about one group. */
void vls_group_print(vls_cli *cli, const vls_rpc_group *group);
/* A member after a change, in the same way: the sentence has the member's name and the group. */
void vls_member_changed(vls_cli *cli, const vls_rpc_member *member, const char *sentence,
                        const char *group);
/* --reason, as a field of the request; absent when it was not given. */
VLS_MUST vls_err vls_group_reason(vls_cli *cli, const vls_args *args, const vls_wire_def *def,
                                  bool *ret_has, vls_slice *ret);
/* Calls a method that takes a group alone. */
VLS_MUST vls_err vls_group_get(vls_cli *cli, const char *word, vls_rpc_group *ret);

#endif
