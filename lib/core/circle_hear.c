/* Frames of groups that come in. */
#include "base/assert.h"
#include "core/circle_door.h"
#include "core/circle_pass.h"
#include "core/circle_members.h"
#include "crypto/kdf.h"
#include "store/group_pass.h"

/* Kept for others when it is, or may yet become, part of the group. One whose key was used may be
 * of an event that is not here, which nobody need ever name: the next comparison asks for it again,
 * and it comes as a letter. */
static bool is_kept(vls_err err) {
  return err == VLS_OK || err == VLS_AGAIN || err == VLS_DUPLICATE;
}

typedef struct gate_of {
  vls_core *core;
  vls_circle *circle;
  const vls_conn *conn;
} gate_of;

static bool may_take(void *arg, const vls_group_facts *facts) {
  const gate_of *g = arg;
  return vls_circle_hour_takes(g->core, g->circle, g->conn, facts);
}

static bool on_record(vls_core *core, vls_circle *circle, vls_conn *conn, vls_slice record) {
  vls_grecord_row row = {.grp = circle->row.id, .at = vls_core_wall(core), .record = record};
  vls_sha256(row.id, record);
  vls_circle_link *link = vls_circle_link_of(circle, conn);
  if (vls_grecord_has(core->store, circle->row.id, row.id)) {
    vls_circle_again(core, circle, link, row.id);
    vls_circle_sync_came(core, circle, link, row.id, true, false);
    return false;
  }
  gate_of g = {core, circle, conn};
  vls_group_gate gate = {may_take, &g};
  vls_err err = vls_group_hear_gated(circle->group, record, vls_core_wall(core), &gate);
  vls_circle_settle(core, circle);
  bool can_be_had = err != VLS_LIMITED && err != VLS_STALE;
  bool for_others = vls_circle_sync_came(core, circle, link, row.id, can_be_had, is_kept(err));
  if (!is_kept(err)) {
    vls_core_log(core, VLS_NOTICE, "record refused group=%llu contact=%llu error=%s",
                 (unsigned long long)circle->row.id, (unsigned long long)conn->peer->row.id,
                 vls_err_name(err));
    return false;
  }
  if (err == VLS_OK) row.event = circle->event;
  if (err == VLS_AGAIN) vls_circle_want_soon(core, circle);
  vls_grecord_put(core->store, &row);
  if (for_others) vls_circle_passed(core, circle, row.n, conn);
  return err == VLS_OK;
}

/* Also one of somebody else's, which may be asked for here. */
static bool on_wrap(vls_core *core, vls_circle *circle, vls_slice body) {
  vls_group_wrap wrap;
  vls_err err = vls_group_hear_wrap(circle->group, body, vls_core_wall(core));
  vls_circle_settle(core, circle);
  if (err == VLS_NOT_FOUND &&
      vls_wire_decode(&vls_group_wrap_def, VLS_WIRE_STRICT, body, &wrap, NULL) == VLS_OK)
    vls_circle_keep_wrap(core, circle, &wrap);
  return err == VLS_OK;
}

static bool on_letter(vls_core *core, vls_circle *circle, vls_slice body) {
  vls_err err = vls_group_hear_letter(circle->group, body, vls_core_wall(core));
  vls_circle_settle(core, circle);
  return err == VLS_OK || err == VLS_AGAIN;
}

static bool on_note(vls_core *core, vls_circle *circle, vls_conn *conn, vls_slice body) {
  vls_group_note note;
  if (vls_wire_decode(&vls_group_note_def, VLS_WIRE_STRICT, body, &note, NULL) != VLS_OK)
    return false;
  if (note.what == 1) return vls_circle_card_note(core, circle, conn, note.body);
  return vls_circle_receipt_take(core, circle, vls_circle_link_of(circle, conn), note.body);
}

/* While its acts are not all here, nobody can be known to be a member: letters are for a leaf of
 * mine alone, and what they bring proves itself down to the genesis. */
bool vls_circle_frame(vls_core *core, vls_conn *conn, vls_slice bytes) {
  vls_group_frame frame;
  if (vls_wire_decode(&vls_group_frame_def, VLS_WIRE_STRICT, bytes, &frame, NULL) != VLS_OK)
    return false;
  vls_circle *circle = vls_circle_by_gid(core, frame.group);
  if (circle == NULL || circle->group == NULL || conn->peer == NULL) return false;
  vls_circle_link *link = vls_circle_link_of(circle, conn);
  if (link == NULL && circle->moved) { /* by what came before it in this batch */
    vls_circle_stand(core, circle);
    link = vls_circle_link_of(circle, conn);
  }
  bool young = link == NULL && circle->row.state == VLS_GRP_ASKING;
  switch (frame.kind) {
  case VLS_GROUP_FRAME_RECORD: return link != NULL && on_record(core, circle, conn, frame.body);
  case VLS_GROUP_FRAME_WRAP: return (link != NULL || young) && on_wrap(core, circle, frame.body);
  case VLS_GROUP_FRAME_LETTER:
    return (link != NULL || young) && on_letter(core, circle, frame.body);
  case VLS_GROUP_FRAME_WANT:
    if (link != NULL) vls_circle_wanted(core, circle, link, frame.body);
    return false;
  case VLS_GROUP_FRAME_NOTE: return link != NULL && on_note(core, circle, conn, frame.body);
  case VLS_GROUP_FRAME_CARDS:
    if (link != NULL) vls_circle_cards_heard(core, circle, conn, frame.body);
    return false;
  case VLS_GROUP_FRAME_SYNC:
    if (link != NULL) vls_circle_sync_frame(core, circle, link, frame.body);
    return false;
  case VLS_GROUP_FRAME_IHAVE:
  case VLS_GROUP_FRAME_GRAFT:
  case VLS_GROUP_FRAME_PRUNE:
    if (link != NULL)
      vls_circle_spread_frame(core, circle, link, (vls_group_frame_kind)frame.kind, frame.body);
    return false;
  case VLS_GROUP_FRAME_ASK:
    if (vls_circle_renewed(core, circle, conn, frame.body)) return true;
    vls_circle_ask_came(core, circle, conn, frame.body);
    return false;
  case VLS_GROUP_FRAME_ANSWER: vls_circle_answered(core, circle, conn, frame.body); return false;
  case VLS_GROUP_FRAME_REPORT:
    return link != NULL && vls_circle_reported(core, circle, conn, frame.body);
  case VLS_GROUP_FRAME_HEARD:
    if (link != NULL) vls_circle_report_heard(core, circle, conn, frame.body);
    return false;
  default: return false;
  }
}
