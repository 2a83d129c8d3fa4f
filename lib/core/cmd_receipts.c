/* message.receipts: who has a text of mine, and who not yet (RPC 4.7). */
#include <stdlib.h>

#include "core/circle_pass.h"
#include "core/message_talk.h"

enum { RECEIPTS_PAGE = 1000 };

static vls_err put_receipt(vls_call *call, const uint8_t identity[32], bool delivered) {
  char id[VLS_ID_TEXT + 1], name[VLS_MEMBER_NAME];
  vls_id_text(id, identity);
  vls_citizen_name(call->core, identity, name);
  vls_rpc_receipt r = {
      .id = vls_slice_str(id), .name = vls_slice_str(name), .delivered = delivered};
  return vls_call_put(call, &vls_rpc_receipt_def, &r);
}

static vls_err of_contact(vls_call *call, const vls_message_row *row, size_t skip) {
  vls_talk_names names;
  vls_rpc_message m = {0};
  const vls_peer *peer = vls_peer_get(call->core, row->contact);
  if (peer == NULL || !vls_talk_fill(call->core, row, &names, &m)) return VLS_NOT_FOUND;
  bool delivered = vls_slice_eq(m.state, vls_slice_str("delivered")) ||
                   vls_slice_eq(m.state, vls_slice_str("read"));
  vls_err err = vls_pack_array(call->result, skip > 0 ? 0 : 1);
  return err != VLS_OK || skip > 0 ? err : put_receipt(call, peer->row.identity, delivered);
}

/* Those who were members when it was said, those without a receipt first. */
static vls_err of_group(vls_call *call, vls_circle *circle, const vls_message_row *row,
                        size_t skip) {
  uint64_t got, of;
  if (row->seq == 0)
    return vls_call_fail(call, VLS_STATE, "valise outbox list",
                         "text %llu has not left yet: nobody has it", (unsigned long long)row->n);
  if (circle->group == NULL || !vls_circle_delivery(call->core, circle, row->seq, &got, &of))
    return vls_call_fail(call, VLS_STATE, NULL,
                         "no receipts are given in @%s: it is too large, or you are not in it",
                         circle->row.name);
  uint8_t(*all)[32] = vls_calloc(VLS_GROUP_CITIZENS, 32);
  bool *has = vls_calloc(VLS_GROUP_CITIZENS, sizeof *has);
  uint8_t id[32];
  size_t n = 0, members = 0;
  if (vls_circle_event_of(call->core, circle, row, id))
    members = vls_group_members_then(circle->group, id, all);
  if (members == 0) members = vls_group_members(circle->group, all); /* of long ago */
  for (size_t i = 0; i < members; i++) {
    if (vls_is_me(call->core, all[i])) continue;
    if (n != i) memcpy(all[n], all[i], 32);
    has[n++] = vls_circle_delivered_to(call->core, circle, row->seq, all[i]);
  }
  size_t from = skip < n ? skip : n, count = n - from, at = 0;
  if (count > RECEIPTS_PAGE) count = RECEIPTS_PAGE;
  vls_err err = vls_pack_array(call->result, count);
  for (int turn = 0; turn < 2; turn++)
    for (size_t i = 0; i < n && err == VLS_OK; i++) {
      if (has[i] != (turn == 1)) continue;
      if (at >= from && at < from + count) err = put_receipt(call, all[i], has[i]);
      at++;
    }
  free(has);
  free(all);
  return err;
}

vls_err vls_cmd_receipts(vls_call *call) {
  const vls_rpc_receipts *p = call->params;
  vls_message_row row;
  vls_buf body;
  vls_buf_init(&body, VLS_TEXT_MAX);
  vls_err err = vls_call_text(call, p->n, &row, &body);
  vls_buf_done(&body);
  if (err != VLS_OK) return err;
  if (row.state == VLS_MSG_RECEIVED)
    return vls_call_fail(call, VLS_STATE, "valise read",
                         "text %llu is theirs: receipts are for texts of yours",
                         (unsigned long long)p->n);
  size_t skip = p->has_skip ? (size_t)p->skip : 0;
  vls_circle *circle = vls_circle_get(call->core, row.contact);
  return circle == NULL ? of_contact(call, &row, skip) : of_group(call, circle, &row, skip);
}
