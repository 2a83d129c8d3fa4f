/* A device that cannot get into the epoch of the others needs a new leaf, and a member who
 * announces it (GROUP 4.6, 5.10, 7.9). */
#include <stdlib.h>

#include "base/assert.h"
#include "core/circle.h"

/* A key of zeros: no invitation, but a member. */
static void ask(vls_core *core, vls_circle *circle, vls_conn *conn, const vls_act_leaf *leaf) {
  vls_buf body;
  vls_group_ask *msg = vls_calloc(1, sizeof *msg);
  msg->cert = leaf->cert;
  msg->leaf = leaf->leaf;
  msg->card = vls_buf_slice(&core->self.card);
  vls_buf_init(&body, vls_group_ask_def.max_bytes);
  vls_err err = vls_wire_encode(&vls_group_ask_def, msg, &body);
  VLS_ASSERT(err == VLS_OK);
  vls_circle_send(core, circle, conn, VLS_GROUP_FRAME_ASK, vls_buf_slice(&body));
  vls_buf_done(&body);
  free(msg);
}

bool vls_circle_renew(vls_core *core, vls_circle *circle) {
  vls_buf bytes;
  vls_act_leaf leaf;
  uint8_t epoch[32];
  bool speaks = vls_group_epoch(circle->group, epoch);
  if (circle->n_links == 0 && !speaks) return false;
  vls_buf_init(&bytes, vls_signed_def.max_bytes);
  vls_err err = vls_group_renew(circle->group, &core->rng, vls_core_wall(core), &bytes, &leaf);
  if (err == VLS_OK && circle->n_links > 0)
    ask(core, circle, circle->links[circle->next_asked++ % circle->n_links].conn, &leaf);
  else if (err == VLS_OK)
    err = vls_group_announce(circle->group, &leaf, &core->rng, vls_core_wall(core));
  vls_core_log(core, VLS_INFO, "a new leaf is due in group=%llu error=%s",
               (unsigned long long)circle->row.id, vls_err_name(err));
  vls_buf_done(&bytes);
  vls_circle_settle(core, circle);
  return err == VLS_OK;
}

bool vls_circle_may_renew(vls_core *core, vls_circle *circle, vls_peer *peer) {
  uint64_t now = core->now.mono_ms == 0 ? 1 : core->now.mono_ms;
  if (peer != NULL && peer->renewed_at != 0 && now - peer->renewed_at < VLS_CIRCLE_RENEW_MS)
    return false;
  if (!vls_budget_take(&circle->renewals, core->now.mono_ms, 1, VLS_CIRCLE_RENEWALS)) return false;
  if (peer != NULL) peer->renewed_at = now;
  return true;
}

bool vls_circle_renewed(vls_core *core, vls_circle *circle, const vls_conn *conn, vls_slice body) {
  static const uint8_t none[32];
  vls_group_leaf leaf;
  bool done = false;
  vls_group_ask *msg = vls_calloc(1, sizeof *msg);
  vls_err err = vls_wire_decode(&vls_group_ask_def, VLS_WIRE_STRICT, body, msg, NULL);
  if (err == VLS_OK && memcmp(msg->key, none, 32) != 0) err = VLS_NOT_FOUND;
  if (err == VLS_OK) err = vls_group_leaf_check(&leaf, &msg->cert, &msg->leaf, circle->row.gid);
  bool may =
      err == VLS_OK && conn->peer != NULL &&
      memcmp(conn->peer->row.identity, leaf.identity, 32) == 0 &&
      vls_group_level(circle->group, leaf.identity) > VLS_LEVEL_NONE &&
      !(leaf.dh.n == 32 && vls_group_leaf_is(circle->group, leaf.device, leaf.made, leaf.dh.p)) &&
      vls_circle_may_renew(core, circle, conn->peer);
  if (may) {
    vls_act_leaf act = {.cert = msg->cert, .leaf = msg->leaf};
    err = vls_group_announce(circle->group, &act, &core->rng, vls_core_wall(core));
    vls_circle_settle(core, circle);
    done = err == VLS_OK;
  }
  free(msg);
  return done;
}
