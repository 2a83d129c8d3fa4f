/* Which links lead to members of a group. */
#include <stdlib.h>

#include "core/circle_door.h"
#include "core/circle_members.h"
#include "core/circle_pass.h"

vls_peer *vls_circle_member(vls_core *core, const uint8_t identity[32]) {
  vls_peer *peer = vls_peer_by_identity(core, identity);
  return peer != NULL ? peer : vls_peer_meet(core, identity);
}

vls_circle_link *vls_circle_link_of(const vls_circle *circle, const vls_conn *conn) {
  for (size_t i = 0; i < circle->n_links; i++)
    if (circle->links[i].conn == conn) return &circle->links[i];
  return NULL;
}

vls_circle_link *vls_circle_link_to(const vls_circle *circle, const uint8_t device[32]) {
  for (size_t i = 0; i < circle->n_links; i++)
    if (memcmp(circle->links[i].device, device, 32) == 0) return &circle->links[i];
  return NULL;
}

static vls_circle_link *add(vls_circle *circle) {
  if (circle->n_links == circle->cap_links) {
    circle->cap_links = circle->cap_links == 0 ? 8 : circle->cap_links * 2;
    circle->links = vls_realloc(circle->links, circle->cap_links * sizeof *circle->links);
  }
  return &circle->links[circle->n_links++];
}

/* The device behind a link, if it is in the roster. */
static bool seat_behind(vls_circle *circle, const vls_conn *conn, vls_group_seat *ret) {
  const uint8_t *dh = vls_link_peer(conn->link);
  for (uint32_t i = 0; vls_group_seat_at(circle->group, i, ret); i++)
    if (memcmp(ret->link, dh, 32) == 0 && memcmp(ret->identity, conn->peer->row.identity, 32) == 0)
      return true;
  return false;
}

static bool carries(const vls_conn *conn) {
  return conn->up && conn->link != NULL && conn->peer != NULL && conn->peer->conn == conn;
}

/* fresh: the link came up just now, and its other end begins to speak of cards if that is the
 * dialler; else it may be that only this end knows yet that it leads to a member. */
static void join(vls_core *core, vls_circle *circle, vls_conn *conn, bool fresh) {
  vls_group_seat seat;
  if (!carries(conn) || vls_circle_link_of(circle, conn) != NULL) return;
  if (!seat_behind(circle, conn, &seat)) return;
  vls_circle_link *link = add(circle);
  *link = (vls_circle_link){.conn = conn, .fresh = true};
  memcpy(link->device, seat.device, 32);
  vls_circle_sync_up(core, circle, link);
  vls_circle_want_anew(core, circle);
  vls_circle_relay(core, circle, conn);
  vls_circle_report_over(core, circle, conn);
  if (!fresh || conn->outgoing) vls_circle_cards_begin(core, circle, conn);
}

static void leave(vls_circle *circle, size_t i) {
  vls_circle_sync_down(circle, &circle->links[i]);
  circle->links[i] = circle->links[--circle->n_links];
}

void vls_circle_up(vls_core *core, vls_conn *conn) {
  core->wiring_moved = true;
  for (size_t i = 0; i < core->n_circles; i++) {
    vls_circle *circle = core->circles[i];
    if (circle->group == NULL) continue;
    join(core, circle, conn, true);
    if (circle->row.state == VLS_GRP_ASKING) vls_circle_want_anew(core, circle);
  }
  vls_circle_ask_over(core, conn);
}

void vls_circle_down(vls_core *core, vls_conn *conn) {
  if (conn->peer != NULL && conn->peer->member != NULL) core->wiring_moved = true;
  for (size_t i = 0; i < core->n_circles; i++) {
    vls_circle *circle = core->circles[i];
    vls_circle_link *link = vls_circle_link_of(circle, conn);
    if (link != NULL) leave(circle, (size_t)(link - circle->links));
  }
}

void vls_circle_relink(vls_core *core, vls_circle *circle) {
  uint32_t leaf;
  circle->moved = false;
  vls_circle_pass_of(circle)->relinked = true;
  core->members_moved = true;
  for (size_t i = circle->n_links; i-- > 0;)
    if (!vls_group_seat_of(circle->group, circle->links[i].device, &leaf)) leave(circle, i);
  for (uint32_t i = 0;; i++) {
    vls_group_seat seat;
    if (!vls_group_seat_at(circle->group, i, &seat)) return;
    if (vls_circle_link_to(circle, seat.device) != NULL) continue;
    vls_peer *peer = vls_peer_by_identity(core, seat.identity);
    if (peer != NULL && peer->conn != NULL) join(core, circle, peer->conn, false);
  }
}
