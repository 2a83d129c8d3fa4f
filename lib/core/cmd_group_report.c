/* group.report. */
#include "core/circle_door.h"
#include "core/circle_who.h"
#include "store/group_due.h"
#include "store/messages.h"

static vls_err report(vls_call *call, const vls_rpc_group_report *p, const vls_message_row *row,
                      vls_circle *circle) {
  vls_core *core = call->core;
  vls_gevent_row event;
  vls_buf bytes;
  size_t n = 0;
  vls_buf_init(&bytes, VLS_GROUP_EVENT_MAX);
  vls_err err =
      vls_gevent_of_text(core->store, circle->row.id, row->device, row->seq, row->n, &event, &bytes)
          ? VLS_OK
          : VLS_NOT_FOUND;
  if (err == VLS_OK) err = vls_circle_report(core, circle, &event, row->idx, p->reason, &n);
  vls_buf_done(&bytes);
  if (err == VLS_NOT_FOUND)
    return vls_call_fail(call, err, NULL, "what they signed is not here any more");
  if (err == VLS_LIMITED)
    return vls_call_fail(call, err, NULL, "%d reports wait for a moderator already", VLS_GDUE_MAX);
  if (err != VLS_OK) return vls_call_fail(call, err, NULL, "this cannot be reported");
  if (n == 0)
    return vls_call_fail(call, VLS_STATE, "valise group remove",
                         "there is no moderator besides you: it is yours to decide");
  return vls_call_ok(call);
}

vls_err vls_cmd_group_report(vls_call *call) {
  const vls_rpc_group_report *p = call->params;
  vls_core *core = call->core;
  vls_message_row row;
  vls_buf body;
  vls_outbound_flush_pending(core);
  vls_circle_flush_words(core);
  vls_buf_init(&body, VLS_TEXT_MAX);
  bool found = vls_message_get(core->store, p->n, &row, &body);
  vls_buf_done(&body);
  vls_circle *circle = found ? vls_circle_get(core, row.contact) : NULL;
  if (!found)
    return vls_call_fail(call, VLS_NOT_FOUND, "valise read", "there is no text %llu",
                         (unsigned long long)p->n);
  if (circle == NULL)
    return vls_call_fail(call, VLS_STATE, "valise contact block",
                         "this text was said to you alone: no moderator can judge it");
  if (circle->row.state != VLS_GRP_MEMBER || circle->group == NULL)
    return vls_call_fail(call, VLS_STATE, NULL, "you are not in this group any more");
  if (row.author == 0) return vls_call_fail(call, VLS_USAGE, NULL, "this text is yours");
  return report(call, p, &row, circle);
}
