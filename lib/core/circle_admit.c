/* Who asks to be let into a group, and who of the members does it (GROUP 4.7, 7.9). */
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "citizen/id.h"
#include "core/circle_door.h"
#include "core/members.h"
#include "store/group_pass.h"

/* Somebody at the door, as far as what they show is proved. */
typedef struct caller {
  vls_group_ask ask;
  vls_device_cert cert;
  vls_group_leaf leaf;
  vls_group_invitation invitation;
  vls_slice bytes; /* the ask, encoded */
} caller;

static vls_slice words(const char *text) {
  return vls_slice_str(text);
}

static void answer(vls_core *core, vls_circle *circle, vls_conn *conn, const uint8_t who[32],
                   vls_group_answer_state state, vls_slice reason) {
  vls_buf body;
  vls_group_answer a = {.state = state, .reason = reason};
  memcpy(a.who, who, 32);
  vls_buf_init(&body, vls_group_answer_def.max_bytes);
  vls_err err = vls_wire_encode(&vls_group_answer_def, &a, &body);
  VLS_ASSERT(err == VLS_OK);
  if (conn->door != 0)
    vls_circle_door_send(core, conn, circle->row.gid, VLS_GROUP_FRAME_ANSWER, vls_buf_slice(&body));
  else
    vls_circle_send(core, circle, conn, VLS_GROUP_FRAME_ANSWER, vls_buf_slice(&body));
  vls_buf_done(&body);
}

/* Reads and proves what is shown; false: it is to be ignored. */
static bool examine(const vls_core *core, const vls_circle *circle, vls_slice body, caller *ret) {
  ret->bytes = body;
  if (vls_wire_decode(&vls_group_ask_def, VLS_WIRE_STRICT, body, &ret->ask, NULL) != VLS_OK)
    return false;
  return vls_group_ask_check(&ret->ask, circle->row.gid, &ret->cert) == VLS_OK &&
         vls_group_leaf_check(&ret->leaf, &ret->ask.cert, &ret->ask.leaf, circle->row.gid) ==
             VLS_OK &&
         vls_group_invitation_by(circle->group, ret->ask.key, &ret->invitation) &&
         memcmp(ret->cert.identity, core->self.identity.pub, 32) != 0;
}

/* Where they can be reached from now on. */
static void learn(vls_core *core, const caller *c) {
  vls_card_view view;
  vls_peer *peer = vls_circle_member(core, c->cert.identity);
  if (vls_peer_visible(peer) || vls_card_open(&view, c->ask.card) != VLS_OK) return;
  if (view.card.seq > peer->row.card_seq) vls_member_card(core, peer, &view, c->ask.card);
}

static vls_err admit(vls_core *core, vls_circle *circle, const caller *c, vls_slice reason) {
  vls_act_admit act = {.cert = c->ask.cert,
                       .leaf = c->ask.leaf,
                       .invite = vls_slice_of(c->invitation.id, 32),
                       .proof = vls_slice_of(c->ask.proof, VLS_SIG),
                       .reason = reason};
  memcpy(act.who, c->cert.identity, 32);
  vls_err err = vls_circle_admit(core, circle, &act);
  if (err == VLS_OK) learn(core, c);
  return err;
}

/* Waiting for a moderator */

static bool is_moderator(vls_circle *circle, const uint8_t identity[32]) {
  return vls_group_level(circle->group, identity) >= VLS_LEVEL_MODERATOR;
}

static void to_moderators(vls_core *core, vls_circle *circle, const vls_conn *but, vls_slice ask) {
  for (size_t i = 0; i < circle->n_links; i++) {
    vls_conn *conn = circle->links[i].conn;
    if (conn != but && is_moderator(circle, conn->peer->row.identity))
      vls_circle_send(core, circle, conn, VLS_GROUP_FRAME_ASK, ask);
  }
}

static void tell_moderator(vls_core *core, const vls_circle *circle, const caller *c) {
  char id[VLS_ID_TEXT + 1], text[2 * VLS_NAME_MAX + VLS_ID_TEXT + 120];
  vls_card_view view;
  if (vls_card_open_known(&view, c->ask.card) != VLS_OK) return;
  vls_id_text(id, c->cert.identity);
  snprintf(text, sizeof text, "~%.*s %.*s asks to be let into \"%s\": valise group admit",
           (int)view.card.name.n, (const char *)view.card.name.p, VLS_SHORT_ID, id,
           circle->row.name);
  vls_feed_add_talk(core, VLS_FEED_GROUP, circle->row.id, 0, 0, text);
}

static vls_err keep(vls_core *core, vls_circle *circle, const caller *c, const vls_conn *from) {
  vls_gask_row row = {.at = vls_core_wall(core), .ask = c->bytes}, old;
  vls_buf bytes;
  vls_buf_init(&bytes, vls_group_ask_def.max_bytes);
  memcpy(row.identity, c->cert.identity, 32);
  bool known = vls_gask_get(core->store, circle->row.id, row.identity, &old, &bytes);
  if (known) row.at = old.at;
  vls_buf_done(&bytes);
  vls_err err = vls_gask_put(core->store, circle->row.id, &row);
  if (err != VLS_OK || known) return err;
  if (is_moderator(circle, core->self.identity.pub)) tell_moderator(core, circle, c);
  to_moderators(core, circle, from, c->bytes);
  return VLS_OK;
}

void vls_circle_relay(vls_core *core, vls_circle *circle, vls_conn *conn) {
  vls_gask_row row = {0};
  vls_buf ask;
  bool first = true;
  if (circle->row.state != VLS_GRP_MEMBER || !is_moderator(circle, conn->peer->row.identity))
    return;
  vls_buf_init(&ask, vls_group_ask_def.max_bytes);
  while (vls_gask_next(core->store, circle->row.id, first ? NULL : row.identity, &row, &ask)) {
    first = false;
    if (memcmp(row.identity, conn->peer->row.identity, 32) != 0)
      vls_circle_send(core, circle, conn, VLS_GROUP_FRAME_ASK, row.ask);
    vls_buf_clear(&ask);
  }
  vls_buf_done(&ask);
}

/* At the door */

/* Why not at once; NULL: nothing speaks against it. */
static const char *obstacle(vls_core *core, const caller *c, char *buf, size_t max) {
  const vls_group_invitation *i = &c->invitation;
  if (i->is_void) return "who made the invitation may not invite any more: ask for another one";
  if (i->until < vls_core_wall(core)) return "the invitation has expired: ask for a new one";
  if (i->used < i->uses) return NULL;
  snprintf(buf, max, "the invitation was for %llu, and so many are in: ask for a new one",
           (unsigned long long)i->uses);
  return buf;
}

static const char *refusal(vls_err err) {
  return err == VLS_LIMITED ? "the group is full"
                            : "you were removed from this group: who did that, or somebody above "
                              "them, has to let you in";
}

/* Is in already: all they need to go on, and a leaf that they have the key of. */
static void welcome_back(vls_core *core, vls_circle *circle, vls_conn *conn, const caller *c) {
  vls_act_leaf act = {c->ask.cert, c->ask.leaf};
  if (!vls_group_leaf_is(circle->group, c->cert.sign, c->leaf.made, c->leaf.dh.p)) {
    if (!vls_circle_may_renew(core, circle, conn->peer)) return;
    vls_err err = vls_group_announce(circle->group, &act, &core->rng, vls_core_wall(core));
    vls_circle_settle(core, circle);
    if (err != VLS_OK) return; /* they ask again */
  }
  learn(core, c);
  answer(core, circle, conn, c->cert.identity, VLS_GROUP_LET_IN, (vls_slice){0});
  if (vls_circle_link_of(circle, conn) != NULL)
    vls_circle_send_all(core, circle, conn, c->cert.sign);
}

static void consider(vls_core *core, vls_circle *circle, vls_conn *conn, const caller *c) {
  char buf[128];
  const uint8_t *who = c->cert.identity;
  if (vls_group_level(circle->group, who) > 0) {
    welcome_back(core, circle, conn, c);
    return;
  }
  const char *why = obstacle(core, c, buf, sizeof buf);
  bool waits = why == NULL && c->invitation.approve;
  if (waits && keep(core, circle, c, conn) != VLS_OK) {
    why = "too many people wait for a moderator: try again later";
    waits = false;
  }
  if (waits && conn->door != 0) memcpy(conn->waiter, who, 32);
  conn->waits_in = waits && conn->door != 0;
  if (waits) {
    answer(core, circle, conn, who, VLS_GROUP_WAITS, (vls_slice){0});
    return;
  }
  if (why == NULL && !vls_circle_speaks(circle)) return; /* they ask again */
  vls_err err = why == NULL ? admit(core, circle, c, (vls_slice){0}) : VLS_OK;
  if (err != VLS_OK) why = refusal(err);
  answer(core, circle, conn, who, why == NULL ? VLS_GROUP_LET_IN : VLS_GROUP_REFUSED,
         words(why == NULL ? "" : why));
  if (why == NULL && vls_circle_link_of(circle, conn) != NULL)
    vls_circle_send_all(core, circle, conn, c->cert.sign);
}

void vls_circle_ask_came(vls_core *core, vls_circle *circle, vls_conn *conn, vls_slice body) {
  if (circle->row.state != VLS_GRP_MEMBER || circle->group == NULL) return;
  if (!vls_budget_take(&conn->asks, core->now.mono_ms, 1, VLS_CIRCLE_ASKS_MINUTE)) return;
  caller *c = vls_calloc(1, sizeof *c);
  if (examine(core, circle, body, c)) {
    const vls_peer *known = vls_peer_by_identity(core, c->cert.identity);
    bool direct = memcmp(c->cert.dh, vls_link_peer(conn->link), 32) == 0;
    bool passed = conn->door == 0 && !direct && vls_circle_link_of(circle, conn) != NULL;
    if (known != NULL && known->row.blocked)
      direct = passed = false; /* whoever else is there may let them in */
    if (direct) consider(core, circle, conn, c);
    if (passed && c->invitation.approve && is_moderator(circle, core->self.identity.pub) &&
        vls_group_level(circle->group, c->cert.identity) == 0) {
      vls_err err = keep(core, circle, c, conn);
      if (err != VLS_OK) vls_core_log(core, VLS_NOTICE, "too many ask to be let in");
    }
  }
  free(c);
}

/* Decided */

/* Their link here, if there is one. */
static vls_conn *link_of(vls_core *core, const vls_circle *circle, const uint8_t who[32]) {
  for (size_t i = 0; i < core->n_conns; i++) {
    vls_conn *conn = core->conns[i];
    if (conn->door == circle->row.id && conn->waits_in && memcmp(conn->waiter, who, 32) == 0)
      return conn;
  }
  const vls_peer *peer = vls_peer_by_identity(core, who);
  return peer != NULL && peer->conn != NULL && peer->conn->up ? peer->conn : NULL;
}

static void decided(vls_core *core, vls_circle *circle, const uint8_t who[32],
                    vls_group_answer_state state, vls_slice reason) {
  vls_conn *conn = link_of(core, circle, who);
  vls_gask_drop(core->store, circle->row.id, who);
  if (conn == NULL) return;
  answer(core, circle, conn, who, state, reason);
  const vls_circle_link *link = vls_circle_link_of(circle, conn);
  if (state == VLS_GROUP_LET_IN && link != NULL)
    vls_circle_send_all(core, circle, conn, link->device);
}

void vls_circle_let_in(vls_core *core, vls_circle *circle) {
  vls_gask_row row = {0};
  vls_buf bytes;
  bool first = true;
  vls_buf_init(&bytes, vls_group_ask_def.max_bytes);
  while (vls_gask_next(core->store, circle->row.id, first ? NULL : row.identity, &row, &bytes)) {
    caller *c = vls_calloc(1, sizeof *c);
    first = false;
    bool mine = memcmp(row.identity, core->self.identity.pub, 32) == 0;
    if (!mine && vls_group_level(circle->group, row.identity) > 0) {
      if (examine(core, circle, row.ask, c)) learn(core, c);
      decided(core, circle, row.identity, VLS_GROUP_LET_IN, (vls_slice){0});
    }
    free(c);
    vls_buf_clear(&bytes);
  }
  vls_buf_done(&bytes);
}

void vls_circle_refused(vls_core *core, vls_circle *circle, const vls_conn *conn,
                        const vls_group_answer *a) {
  if (circle->group == NULL || vls_circle_link_of(circle, conn) == NULL) return;
  if (a->state == VLS_GROUP_REFUSED && is_moderator(circle, conn->peer->row.identity))
    decided(core, circle, a->who, VLS_GROUP_REFUSED, a->reason);
}

/* Whoever has the newcomer behind a link passes it on. */
static void refuse(vls_core *core, vls_circle *circle, const uint8_t who[32], vls_slice reason) {
  decided(core, circle, who, VLS_GROUP_REFUSED, reason);
  for (size_t i = 0; i < circle->n_links; i++)
    answer(core, circle, circle->links[i].conn, who, VLS_GROUP_REFUSED, reason);
}

vls_err vls_circle_decide(vls_core *core, vls_circle *circle, const uint8_t who[32], bool no,
                          vls_slice reason) {
  vls_gask_row row;
  vls_buf bytes;
  vls_buf_init(&bytes, vls_group_ask_def.max_bytes);
  caller *c = vls_calloc(1, sizeof *c);
  vls_err err = VLS_NOT_FOUND;
  if (vls_gask_get(core->store, circle->row.id, who, &row, &bytes) &&
      examine(core, circle, row.ask, c))
    err = VLS_OK;
  if (err == VLS_OK && no)
    refuse(core, circle, who, reason);
  else if (err == VLS_OK)
    err = admit(core, circle, c, reason); /* and vls_circle_let_in tells them */
  free(c);
  vls_buf_done(&bytes);
  return err;
}
