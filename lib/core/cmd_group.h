/* What the commands on groups share. */
#ifndef VALISE_CORE_CMD_GROUP_H
#define VALISE_CORE_CMD_GROUP_H

#include "core/circle.h"
#include "core/command.h"

enum {
  VLS_MEMBERS_PAGE = 1000, /* members in one answer */
  VLS_LOG_PAGE = 50,       /* acts, unless asked for more */
};

/* Append a group, a member. */
VLS_MUST vls_err vls_put_group(vls_call *call, vls_circle *circle);
VLS_MUST vls_err vls_put_member(vls_call *call, vls_circle *circle, const uint8_t identity[32]);
/* A name for a group, without the @ before it; fails the call when it is none. */
VLS_MUST vls_err vls_call_group_title(vls_call *call, vls_slice name, vls_slice *ret);
/* A level that is given by its name; absent: *ret stays. */
VLS_MUST vls_err vls_call_group_level(vls_call *call, bool has, vls_slice word, uint64_t *ret);

#endif
