/* What a group tells: to the store, to people, to links. */
#include <stdlib.h>

#include "base/assert.h"
#include "core/circle_door.h"
#include "core/circle_pass.h"
#include "core/circle_words.h"
#include "crypto/epoch.h"
#include "crypto/kdf.h"
#include "store/group_pass.h"

/* Verified: kept in full, and what it says is taken. */
static void on_event(vls_core *core, vls_circle *circle, const vls_group_told *t) {
  vls_group_where where = {.group = circle->row.gid};
  uint8_t lacks[1][32];
  vls_group_said *said = vls_calloc(1, sizeof *said);
  vls_err err = vls_group_read(said, vls_buf_slice(&t->bytes), &where);
  VLS_ASSERT(err == VLS_OK);
  bool mine = memcmp(t->device, core->self.device.pub, 32) == 0;
  vls_peer *author =
      memcmp(t->who, core->self.identity.pub, 32) == 0 ? NULL : vls_circle_member(core, t->who);
  uint64_t contact = author == NULL ? 0 : author->row.id;
  vls_gevent_row row = {.grp = circle->row.id,
                        .seq = said->header.seq,
                        .at = vls_core_wall(core),
                        .is_act = said->act.kind != VLS_GROUP_WORDS,
                        .bytes = vls_buf_slice(&t->bytes)};
  memcpy(row.id, t->id, 32);
  if (!mine) row.device = vls_gdevice(core->store, circle->row.id, t->device, contact);
  vls_group_kind kind = said->act.kind;
  circle->doors_moved |= said->act.kind == VLS_GROUP_INVITE;
  circle->asks_moved |= said->act.kind == VLS_GROUP_ADMIT;
  if (row.is_act) {
    circle->moved = true;
    vls_act_tell(core, circle, said);
  } else {
    vls_circle_judge_event(core, circle, said, author, &row);
    if (!mine) vls_circle_receipt_due(core, circle);
    /* What they said before may be part of the chain that their removal names only now. */
    if (!mine && vls_group_was_removed(circle->group, t->who)) circle->judge_due = true;
  }
  if (kind == VLS_GROUP_SET || kind == VLS_GROUP_REMOVE || kind == VLS_GROUP_RULES)
    circle->judge_due = true;
  vls_gevent_put(core->store, &row);
  if (circle->event == 0) circle->event = row.n;
  if (vls_group_missing(circle->group, lacks, 1) > 0) vls_circle_want_soon(core, circle);
  free(said);
}

/* Of mine: for all who can be reached, and for those who compare. */
static void on_record(vls_core *core, vls_circle *circle, const vls_group_told *t) {
  vls_gevent_row event;
  vls_grecord_row row = {
      .grp = circle->row.id, .at = vls_core_wall(core), .record = vls_buf_slice(&t->bytes)};
  vls_sha256(row.id, row.record);
  if (vls_gevent_by_id(core->store, circle->row.id, t->id, &event, NULL)) row.event = event.n;
  vls_grecord_put(core->store, &row);
  vls_circle_spread(core, circle, row.n, NULL);
}

/* They are kept for whoever asks, and while the group is small they go along (GROUP 5.5). */
static void on_wraps(vls_core *core, vls_circle *circle, const vls_group_told *t) {
  static const uint8_t none[VLS_WRAP];
  vls_gwrap_put(core->store, circle->row.id, t->id, vls_core_wall(core), vls_buf_slice(&t->bytes));
  if (t->bytes.n / VLS_WRAP > VLS_GROUP_EAGER) return;
  for (size_t i = 0; i < circle->n_links; i++)
    for (uint32_t leaf = 0; leaf < t->bytes.n / VLS_WRAP; leaf++)
      if (memcmp(t->bytes.p + leaf * VLS_WRAP, none, VLS_WRAP) != 0)
        vls_circle_send_wrap(core, circle, circle->links[i].conn, t->id, leaf);
}

static void on_newcomer(vls_core *core, vls_circle *circle, const vls_group_told *t) {
  const vls_circle_link *link = vls_circle_link_to(circle, t->device);
  if (link == NULL) return; /* it asks whoever it reaches */
  /* Who had a link before has a new leaf alone. */
  if (link->fresh) vls_circle_send_all(core, circle, link->conn, t->device);
  vls_circle_send_wrap(core, circle, link->conn, t->id, t->leaf);
}

static void alarm_of(vls_core *core, vls_circle *circle, const vls_group_told *t,
                     const char *what) {
  const vls_peer *who = vls_peer_by_identity(core, t->who);
  bool cares = t->kind != VLS_TOLD_FORK || /* GROUP 2.6 */
               vls_group_level(circle->group, core->self.identity.pub) >= VLS_LEVEL_MODERATOR;
  if (cares) vls_feed_add_talk(core, VLS_FEED_ALARM, circle->row.id, 0, 0, what);
  vls_core_log(core, VLS_WARNING, "group=%llu member=%llu %s", (unsigned long long)circle->row.id,
               (unsigned long long)(who == NULL ? 0 : who->row.id), what);
}

static void take(vls_core *core, vls_circle *circle, const vls_group_told *t) {
  switch (t->kind) {
  case VLS_TOLD_EVENT: on_event(core, circle, t); break;
  case VLS_TOLD_RECORD: on_record(core, circle, t); break;
  case VLS_TOLD_WRAPS: on_wraps(core, circle, t); break;
  case VLS_TOLD_NEWCOMER: on_newcomer(core, circle, t); break;
  case VLS_TOLD_WANT_WRAP: vls_circle_want_soon(core, circle); break;
  case VLS_TOLD_EPOCH: break;
  case VLS_TOLD_SPLIT:
    alarm_of(core, circle, t, "a member gave this node other keys than the others: not used");
    break;
  case VLS_TOLD_FORK:
    alarm_of(core, circle, t,
             "a member's device said two different things with one number: it was copied, or lies");
    break;
  case VLS_TOLD_JUDGED: circle->moved = true; break;
  }
}

static void stand(vls_core *core, vls_circle *circle) {
  vls_grp_state was = circle->row.state, now = was;
  if (vls_group_is_member(circle->group))
    now = VLS_GRP_MEMBER;
  else if (was == VLS_GRP_MEMBER && /* a new device of a member is still to be let in */
           vls_group_level(circle->group, core->self.identity.pub) == VLS_LEVEL_NONE)
    now = VLS_GRP_LEFT;
  if (now == was) return;
  circle->row.state = now;
  circle->doors_moved = true;
  if (now == VLS_GRP_MEMBER) vls_circle_joined(core, circle);
  circle->row_dirty = true;
  if (now == VLS_GRP_MEMBER) /* who was removed is told so by the act itself */
    vls_feed_add_talk(core, VLS_FEED_GROUP, circle->row.id, 0, 0, "You are in the group now");
}

void vls_circle_stand(vls_core *core, vls_circle *circle) {
  if (circle->group == NULL || !circle->moved) return;
  vls_circle_relink(core, circle);
  stand(core, circle);
  if (circle->asks_moved && circle->row.state == VLS_GRP_MEMBER) vls_circle_let_in(core, circle);
  circle->asks_moved = false;
}

void vls_circle_settle(vls_core *core, vls_circle *circle) {
  vls_group_told t;
  circle->event = 0;
  while (vls_group_poll(circle->group, &t)) {
    /* Who is removed hears of it by the last record under keys they have. */
    bool for_all = t.kind == VLS_TOLD_WRAPS || t.kind == VLS_TOLD_NEWCOMER;
    if (for_all) vls_circle_stand(core, circle);
    take(core, circle, &t);
    vls_buf_done(&t.bytes);
  }
  circle->state_dirty = true;
  vls_circle_touch(core, circle);
}
