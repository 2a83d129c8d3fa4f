/* Links that begin with an invitation to a group: whoever holds it may knock, and ask (GROUP 7.9).
 */
#include "core/circle_door.h"

#include <stdlib.h>

#include "base/assert.h"
#include "citizen/invite.h"
#include "core/members.h"
#include "store/guard.h"

static int newest_first(const void *a, const void *b) {
  const vls_group_invitation *x = a, *y = b;
  return x->until == y->until ? 0 : x->until < y->until ? 1 : -1;
}

/* Dead ones stay for a while, and say why they are dead (PEER 3.6). */
void vls_circle_doors_load(vls_core *core, vls_circle *circle) {
  vls_group_invitation *all = NULL;
  uint64_t now = vls_core_wall(core);
  circle->doors_moved = false;
  vls_circle_key *old = circle->doors;
  size_t n_old = circle->n_doors, n = 0;
  if (circle->row.state == VLS_GRP_MEMBER) n = vls_group_invitations(circle->group, &all);
  if (n > 1) qsort(all, n, sizeof *all, newest_first);
  circle->doors = n == 0 ? NULL : vls_calloc(VLS_CIRCLE_DOORS, sizeof *circle->doors);
  circle->n_doors = 0;
  for (size_t i = 0; i < n && circle->n_doors < VLS_CIRCLE_DOORS; i++) {
    if (all[i].is_void || (now > VLS_CIRCLE_DOOR_MS && all[i].until < now - VLS_CIRCLE_DOOR_MS))
      continue;
    vls_circle_key *key = &circle->doors[circle->n_doors++];
    memcpy(key->key, all[i].key, 32);
    vls_group_knock_key(key->knock, key->key, circle->row.gid);
    for (size_t k = 0; k < n_old; k++)
      if (memcmp(old[k].key, key->key, 32) == 0) key->knocks = old[k].knocks;
  }
  free(old);
  free(all);
}

static bool try_key(vls_core *core, vls_conn *conn, vls_circle *circle, vls_circle_key *key,
                    bool *ret_stranger) {
  static const uint8_t zeros[32];
  core->costs.trials++;
  core->trials--;
  if (vls_link_try(conn->link, key->knock) != VLS_OK) return false;
  *ret_stranger = !vls_knock_acceptable(core, conn, &key->knocks);
  if (*ret_stranger) return false;
  conn->door = circle->row.id;
  vls_link_admit(conn->link, zeros);
  return true;
}

bool vls_circle_try(vls_core *core, vls_conn *conn) {
  bool stranger = false;
  for (size_t i = 0; i < core->n_circles && !stranger; i++) {
    vls_circle *circle = core->circles[i];
    if (circle->group == NULL) continue;
    if (circle->doors_moved) vls_circle_doors_load(core, circle);
    for (size_t k = 0; k < circle->n_doors && !stranger; k++)
      if (try_key(core, conn, circle, &circle->doors[k], &stranger)) return true;
  }
  return false;
}

/* The other side */

vls_link *vls_circle_dial(vls_core *core, const vls_circle *circle) {
  static const uint8_t zeros[32];
  uint8_t bytes[VLS_INVITE_BYTES], knock[32];
  vls_group_link link;
  vls_sign_pair pair;
  vls_link *ret = NULL;
  if (vls_circle_link_read(core, circle, &link, bytes) && vls_key_check(link.dh) == VLS_OK) {
    vls_sign_from_seed(&pair, link.seed);
    vls_group_knock_key(knock, pair.pub, link.group);
    ret = vls_link_dial(&core->self.dh, link.dh, knock, zeros, &core->rng, core->now);
  }
  vls_wipe(&pair, sizeof pair);
  vls_wipe(&link, sizeof link);
  vls_wipe(bytes, sizeof bytes);
  vls_wipe(knock, sizeof knock);
  return ret;
}

void vls_circle_door_send(vls_core *core, vls_conn *conn, const uint8_t group[32],
                          vls_group_frame_kind kind, vls_slice body) {
  vls_buf bytes;
  vls_group_frame frame = {.kind = kind, .body = body};
  memcpy(frame.group, group, 32);
  vls_buf_init(&bytes, vls_group_frame_def.max_bytes);
  vls_err err = vls_wire_encode(&vls_group_frame_def, &frame, &bytes);
  if (conn->sent - conn->sent_acked == VLS_WINDOW_RECORDS) err = VLS_LIMITED;
  if (err == VLS_OK) err = vls_link_send_group(conn->link, vls_buf_slice(&bytes));
  if (err == VLS_OK) vls_outbound_left(core, conn, 0, bytes.n);
  vls_buf_done(&bytes);
}

bool vls_circle_door_up(vls_core *core, vls_conn *conn) {
  uint64_t id = conn->id;
  conn->flight = vls_calloc(VLS_WINDOW_RECORDS, sizeof *conn->flight);
  if (conn->door != 0)
    return vls_link_send_card(conn->link, vls_buf_slice(&core->self.card)) == VLS_OK;
  vls_circle_ask_over(core, conn);
  return vls_conn_get(core, id) != NULL;
}

void vls_circle_door_frame(vls_core *core, vls_conn *conn, vls_slice bytes) {
  vls_group_frame frame;
  vls_circle *circle = vls_circle_get(core, conn->door != 0 ? conn->door : conn->asking);
  if (vls_wire_decode(&vls_group_frame_def, VLS_WIRE_STRICT, bytes, &frame, NULL) != VLS_OK) return;
  if (circle == NULL || memcmp(circle->row.gid, frame.group, 32) != 0) return;
  if (conn->door != 0 && frame.kind == VLS_GROUP_FRAME_ASK)
    vls_circle_ask_came(core, circle, conn, frame.body);
  if (conn->asking != 0 && frame.kind == VLS_GROUP_FRAME_ANSWER)
    vls_circle_answered(core, circle, conn, frame.body);
}

/* The inviter's: where they can be reached as a member. */
void vls_circle_door_card(vls_core *core, vls_conn *conn, vls_slice card) {
  vls_card_view view;
  if (conn->asking == 0 || vls_card_open(&view, card) != VLS_OK) return;
  if (memcmp(view.card.identity, conn->peer->row.identity, 32) != 0) return;
  if (vls_card_by_dh(&view, vls_link_peer(conn->link)) == NULL) return;
  if (!vls_peer_visible(conn->peer) && view.card.seq > conn->peer->row.card_seq)
    vls_member_card(core, conn->peer, &view, card);
}
