/* Who is invited to a group, and asks to be let in (GROUP 7.9). */
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/text.h"
#include "citizen/invite.h"
#include "core/circle_door.h"
#include "core/members.h"
#include "store/group_pass.h"

bool vls_circle_link_read(vls_core *core, const vls_circle *circle, vls_group_link *ret,
                          uint8_t bytes[VLS_INVITE_BYTES]) {
  vls_buf text;
  vls_buf_init(&text, VLS_LINK_TEXT_MAX);
  bool found = vls_grp_link(core->store, circle->row.id, &text) &&
               vls_group_link_parse(ret, bytes, vls_buf_slice(&text)) == VLS_OK;
  vls_buf_done(&text);
  return found;
}

bool vls_circle_inviter(vls_core *core, const vls_circle *circle, uint8_t identity[32],
                        uint8_t dh[32]) {
  vls_group_link link;
  uint8_t bytes[VLS_INVITE_BYTES];
  bool found =
      circle->row.state == VLS_GRP_ASKING && vls_circle_link_read(core, circle, &link, bytes);
  if (found) memcpy(identity, link.identity, 32);
  if (found) memcpy(dh, link.dh, 32);
  vls_wipe(&link, sizeof link);
  vls_wipe(bytes, sizeof bytes);
  return found;
}

static void tell(vls_core *core, const vls_circle *circle, const char *text) {
  vls_feed_add_talk(core, VLS_FEED_GROUP, circle->row.id, 0, 0, text);
}

void vls_circle_problem(vls_core *core, vls_circle *circle, const char *why) {
  if (strcmp(circle->row.problem, why) == 0) return;
  vls_text_copy(circle->row.problem, vls_slice_str(why), VLS_PROBLEM_MAX);
  circle->row_dirty = true;
  vls_circle_touch(core, circle);
}

/* Invited */

static bool has_room(const vls_core *core, const vls_peer *peer) {
  size_t all = 0, theirs = 0;
  for (size_t i = 0; i < core->n_circles; i++) {
    const vls_grp_row *row = &core->circles[i]->row;
    if (row->state != VLS_GRP_INVITED) continue;
    all++;
    theirs += row->via == peer->row.id ? 1 : 0;
  }
  return all < VLS_CIRCLE_INVITED && theirs < VLS_CIRCLE_INVITED_EACH &&
         core->n_circles < VLS_CIRCLES_MAX;
}

/* As a link that says only whom to ask. */
static void keep_link(vls_core *core, const vls_circle *circle, const vls_peer *peer,
                      const vls_item_group *invitation) {
  vls_group_link link = {.version = 2,
                         .name = invitation->name,
                         .until = invitation->until,
                         .approve = invitation->approve};
  vls_buf text;
  memcpy(link.group, invitation->group, 32);
  memcpy(link.seed, invitation->seed, 32);
  memcpy(link.identity, peer->row.identity, 32);
  vls_buf_init(&text, VLS_LINK_TEXT_MAX);
  if (vls_group_link_text(&text, &link) == VLS_OK)
    vls_grp_set_link(core->store, circle->row.id, vls_buf_slice(&text));
  vls_wipe(&link, sizeof link);
  vls_buf_done(&text);
}

void vls_circle_invited(vls_core *core, vls_peer *peer, const vls_item_group *invitation) {
  char text[2 * VLS_NAME_MAX + VLS_GROUP_NOTE_MAX + 160];
  vls_circle *circle = vls_circle_by_gid(core, invitation->group);
  if (circle != NULL && circle->row.state == VLS_GRP_MEMBER) return;
  if (invitation->until * 1000 < vls_core_wall(core)) return;
  bool asks_another = circle != NULL && circle->row.state == VLS_GRP_ASKING &&
                      circle->row.via != 0 && circle->row.via != peer->row.id;
  if (asks_another) return; /* who was asked stays the one: they lead nowhere else */
  if (circle == NULL && !has_room(core, peer)) {
    vls_core_log(core, VLS_NOTICE, "too many invitations to groups wait contact=%llu",
                 (unsigned long long)peer->row.id);
    return;
  }
  if (circle == NULL)
    circle = vls_circle_new(core, invitation->group, invitation->name, VLS_GRP_INVITED);
  keep_link(core, circle, peer, invitation);
  circle->row.via = peer->row.id;
  circle->row_dirty = true;
  vls_circle_problem(core, circle, "");
  vls_circle_touch(core, circle);
  vls_slice note = invitation->note;
  snprintf(text, sizeof text, "%s invites you to the group \"%s\"%s%.*s%s", peer->row.name,
           circle->row.name, note.n > 0 ? ": \"" : "", (int)note.n, (const char *)note.p,
           note.n > 0 ? "\"" : "");
  tell(core, circle, text);
}

/* Asking */

/* What is shown to whoever can let this node in, kept for as long as it has to be asked. */
static vls_err put_ask(vls_core *core, const vls_circle *circle, const vls_group_link *link,
                       const vls_act_leaf *leaf) {
  vls_sign_pair pair;
  vls_buf bytes;
  vls_group_ask ask = {
      .cert = leaf->cert, .leaf = leaf->leaf, .card = vls_buf_slice(&core->self.card)};
  vls_gask_row row = {.at = vls_core_wall(core)};
  vls_sign_from_seed(&pair, link->seed);
  memcpy(ask.key, pair.pub, 32);
  vls_group_proof_make(ask.proof, &pair, link->group, core->self.identity.pub);
  memcpy(row.identity, core->self.identity.pub, 32);
  vls_buf_init(&bytes, vls_group_ask_def.max_bytes);
  vls_err err = vls_wire_encode(&vls_group_ask_def, &ask, &bytes);
  row.ask = vls_buf_slice(&bytes);
  if (err == VLS_OK) err = vls_gask_put(core->store, circle->row.id, &row);
  vls_wipe(&pair, sizeof pair);
  vls_buf_done(&bytes);
  return err;
}

static void ask_now(vls_core *core, const uint8_t inviter[32]) {
  vls_peer *peer = vls_circle_member(core, inviter);
  if (peer->dialing != NULL && peer->dialing->asking != 0)
    vls_conn_drop(core, peer->dialing, true, "another invitation is tried");
  peer->failures = 0;
  if (peer->conn != NULL && peer->conn->up)
    vls_circle_ask_over(core, peer->conn);
  else if (peer->dialing == NULL)
    vls_dial_schedule(core, peer, 0);
}

vls_err vls_circle_ask(vls_core *core, vls_circle *circle) {
  vls_group_link link;
  uint8_t bytes[VLS_INVITE_BYTES];
  vls_act_leaf leaf;
  vls_buf made;
  if (!vls_circle_link_read(core, circle, &link, bytes)) return VLS_NOT_FOUND;
  vls_buf_init(&made, 2048);
  vls_err err =
      vls_circle_join(core, link.group, link.name, circle->row.via, &made, &leaf, &circle);
  if (err == VLS_OK) err = put_ask(core, circle, &link, &leaf);
  if (err == VLS_OK) {
    circle->let_in = false;
    vls_circle_problem(core, circle, "");
    ask_now(core, link.identity);
  }
  vls_wipe(&link, sizeof link);
  vls_wipe(bytes, sizeof bytes);
  vls_buf_done(&made);
  return err;
}

/* With the card of today. */
static bool load_ask(vls_core *core, const vls_circle *circle, vls_buf *ret) {
  vls_gask_row row;
  vls_buf bytes;
  vls_group_ask *ask = vls_calloc(1, sizeof *ask);
  vls_buf_init(&bytes, vls_group_ask_def.max_bytes);
  bool found = vls_gask_get(core->store, circle->row.id, core->self.identity.pub, &row, &bytes) &&
               vls_wire_decode(&vls_group_ask_def, VLS_WIRE_STRICT, vls_buf_slice(&bytes), ask,
                               NULL) == VLS_OK;
  if (found) {
    ask->card = vls_buf_slice(&core->self.card);
    found = vls_wire_encode(&vls_group_ask_def, ask, ret) == VLS_OK;
  }
  vls_buf_done(&bytes);
  free(ask);
  return found;
}

bool vls_circle_asked_of(vls_core *core, const vls_circle *circle, const vls_conn *conn) {
  uint8_t identity[32], dh[32];
  if (conn->asking != 0 && conn->asking != circle->row.id) return false;
  return conn->peer != NULL && vls_circle_inviter(core, circle, identity, dh) &&
         memcmp(identity, conn->peer->row.identity, 32) == 0;
}

void vls_circle_ask_over(vls_core *core, vls_conn *conn) {
  vls_buf ask;
  vls_buf_init(&ask, vls_group_ask_def.max_bytes);
  for (size_t i = 0; i < core->n_circles; i++) {
    vls_circle *circle = core->circles[i];
    vls_buf_clear(&ask);
    if (!vls_circle_asked_of(core, circle, conn) || !load_ask(core, circle, &ask)) continue;
    if (conn->asking != 0)
      vls_circle_door_send(core, conn, circle->row.gid, VLS_GROUP_FRAME_ASK, vls_buf_slice(&ask));
    else
      vls_circle_send(core, circle, conn, VLS_GROUP_FRAME_ASK, vls_buf_slice(&ask));
  }
  vls_buf_done(&ask);
}

vls_circle *vls_circle_asks(vls_core *core, const vls_peer *peer) {
  uint8_t identity[32], dh[32];
  static const uint8_t none[32];
  if (peer->row.blocked) return NULL;
  for (size_t i = 0; i < core->n_circles; i++) {
    vls_circle *circle = core->circles[i];
    if (circle->row.state != VLS_GRP_ASKING || circle->let_in) continue;
    if (!vls_circle_inviter(core, circle, identity, dh)) continue;
    if (memcmp(identity, peer->row.identity, 32) == 0 && memcmp(dh, none, 32) != 0) return circle;
  }
  return NULL;
}

/* Answered */

/* What follows comes over another link. */
static void on_let_in(vls_core *core, vls_circle *circle, vls_conn *conn) {
  vls_peer *peer = conn->peer;
  circle->let_in = true;
  vls_circle_problem(core, circle, "");
  circle->moved = core->members_moved = true;
  vls_circle_settle(core, circle);
  if (conn->asking == 0) return;
  vls_conn_close(core, conn, VLS_CLOSE_BYE, "they let this node in");
  peer->failures = 0;
  if (peer->conn == NULL) vls_dial_schedule(core, peer, 1);
}

static void on_refused(vls_core *core, vls_circle *circle, vls_conn *conn, vls_slice reason) {
  char text[VLS_NAME_MAX + VLS_GROUP_REASON + 80], why[VLS_GROUP_REASON + 80];
  const uint8_t *id;
  vls_slice event;
  bool was_in = vls_group_act_at(circle->group, 0, &id, &event);
  snprintf(why, sizeof why, "you were not let in%s%.*s", reason.n > 0 ? ": " : "", (int)reason.n,
           (const char *)reason.p);
  snprintf(text, sizeof text, "You were not let into \"%s\"%s%.*s", circle->row.name,
           reason.n > 0 ? ": " : "", (int)reason.n, (const char *)reason.p);
  circle->row.state = was_in ? VLS_GRP_LEFT : VLS_GRP_INVITED;
  vls_gask_drop(core->store, circle->row.id, core->self.identity.pub);
  circle->row_dirty = true;
  vls_circle_problem(core, circle, why);
  tell(core, circle, text);
  if (conn->asking != 0) vls_conn_close(core, conn, VLS_CLOSE_BYE, "they do not let this node in");
}

void vls_circle_answered(vls_core *core, vls_circle *circle, vls_conn *conn, vls_slice body) {
  static const char wait[] = "a moderator has to let you in";
  vls_group_answer answer;
  if (vls_wire_decode(&vls_group_answer_def, VLS_WIRE_STRICT, body, &answer, NULL) != VLS_OK)
    return;
  if (memcmp(answer.who, core->self.identity.pub, 32) != 0) {
    vls_circle_refused(core, circle, conn, &answer);
    return;
  }
  if (!vls_circle_asked_of(core, circle, conn) || circle->let_in) return;
  if (answer.state == VLS_GROUP_LET_IN)
    on_let_in(core, circle, conn);
  else if (answer.state == VLS_GROUP_REFUSED)
    on_refused(core, circle, conn, answer.reason);
  else if (strcmp(circle->row.problem, wait) != 0) {
    conn->waits_in = conn->asking != 0;
    vls_circle_problem(core, circle, wait);
    tell(core, circle, "A moderator of the group has to let you in: wait for that");
  }
}

void vls_circle_joined(vls_core *core, vls_circle *circle) {
  circle->let_in = false;
  vls_gask_drop(core->store, circle->row.id, core->self.identity.pub);
  vls_grp_set_link(core->store, circle->row.id, (vls_slice){0});
  vls_circle_problem(core, circle, "");
}
