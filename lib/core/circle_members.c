/* With whom this node is in groups, and whom of them it wants to be linked with (PEER 4.11, GROUP
 * 7.1): everybody in a small group; in a large one those who stand beside it on three cycles, and
 * one more. */
#include "core/circle_members.h"

#include <stdlib.h>

#include "carry/overlay.h"
#include "core/circle_door.h"
#include "core/members.h"

/* Neighbours of one group that is too large for links with all. */
typedef struct vls_circle_ring {
  vls_overlay *overlay; /* NULL: nobody to stand beside */
  uint8_t root[32];     /* of the roster it was made of */
  uint32_t n;           /* leaves of it */
  uint32_t odd;         /* the one more: at or after this leaf */
  uint64_t odd_until;   /* mono_ms */
} vls_circle_ring;

void vls_circle_ring_free(vls_circle *circle) {
  if (circle->ring == NULL) return;
  vls_overlay_free(circle->ring->overlay);
  free(circle->ring);
  circle->ring = NULL;
}

bool vls_circle_is_mine(const vls_circle *circle) {
  return circle->group != NULL && vls_group_is_member(circle->group);
}

/* Calls for each device of the roster that is another citizen's. */
static bool next_seat(const vls_core *core, vls_circle *circle, uint32_t *leaf,
                      vls_group_seat *ret) {
  while (vls_group_seat_at(circle->group, (*leaf)++, ret))
    if (memcmp(ret->identity, core->self.identity.pub, 32) != 0) return true;
  return false;
}

static void take_seats(vls_core *core, vls_circle *circle) {
  vls_group_seat seat;
  uint8_t last[32] = {0};
  for (uint32_t leaf = 0; next_seat(core, circle, &leaf, &seat);) {
    bool same = memcmp(last, seat.identity, 32) == 0; /* they stand together (GROUP 3.4) */
    memcpy(last, seat.identity, 32);
    vls_member_seat(core, vls_circle_member(core, seat.identity), seat.link, !same);
  }
}

/* Whoever let this node in, while the acts that say so are not here. */
static vls_peer *inviter(vls_core *core, const vls_circle *circle, uint8_t dh[32]) {
  static const uint8_t none[32];
  uint8_t identity[32];
  if (!vls_circle_inviter(core, circle, identity, dh) || memcmp(dh, none, 32) == 0) return NULL;
  return vls_circle_member(core, identity);
}

static void take_inviter(vls_core *core, const vls_circle *circle) {
  uint8_t dh[32];
  vls_peer *peer = inviter(core, circle, dh);
  if (peer != NULL) vls_member_seat(core, peer, dh, true);
}

static bool is_small(const vls_core *core, vls_circle *circle) {
  vls_group_seat seat;
  uint8_t last[32] = {0};
  unsigned people = 1; /* me */
  for (uint32_t leaf = 0; people <= VLS_GROUP_EAGER && next_seat(core, circle, &leaf, &seat);) {
    people += memcmp(last, seat.identity, 32) != 0 ? 1 : 0;
    memcpy(last, seat.identity, 32);
  }
  return people <= VLS_GROUP_EAGER;
}

/* The person of a leaf, if a link with them can be wanted; NULL: me, or somebody without keys. */
static vls_peer *person_at(vls_core *core, vls_circle *circle, uint32_t leaf) {
  vls_group_seat seat;
  if (!vls_group_seat_at(circle->group, leaf, &seat)) return NULL;
  vls_peer *peer = vls_peer_by_identity(core, seat.identity);
  return peer == NULL || peer->member == NULL || peer->row.blocked ? NULL : peer;
}

/* Linked, or worth waiting for. */
static bool is_in_reach(const vls_peer *peer) {
  if (peer->conn != NULL && peer->conn->up) return true;
  return peer->row.card_seq > 0 && peer->failures < VLS_RING_FAILURES;
}

static void make_ring(vls_core *core, vls_circle *circle) {
  uint8_t root[32], (*keys)[32];
  uint32_t n = 0, self = 0;
  vls_group_seat seat;
  vls_circle_ring *ring = circle->ring;
  vls_group_root(circle->group, root);
  if (ring != NULL && memcmp(ring->root, root, 32) == 0) return;
  if (ring == NULL) ring = circle->ring = vls_calloc(1, sizeof *ring);
  memcpy(ring->root, root, 32);
  vls_overlay_free(ring->overlay);
  keys = vls_calloc(VLS_GROUP_LEAVES, sizeof *keys);
  for (; n < VLS_GROUP_LEAVES && vls_group_seat_at(circle->group, n, &seat); n++)
    memcpy(keys[n], seat.device, 32);
  bool mine = vls_group_seat_of(circle->group, core->self.device.pub, &self);
  const uint8_t(*list)[32] = (const uint8_t(*)[32])keys;
  ring->overlay = mine ? vls_overlay_new(circle->row.gid, list, n, self) : NULL;
  ring->n = n;
  free(keys);
}

/* On each cycle and in each direction as far as the first who is in reach; those before may come
 * back, and are dialled now and then. */
static void want_neighbours(vls_core *core, vls_circle *circle) {
  make_ring(core, circle);
  vls_circle_ring *ring = circle->ring;
  if (ring->overlay == NULL) return;
  for (unsigned slot = 0; slot < VLS_OVERLAY_SLOTS; slot++)
    for (uint32_t step = 0; step < VLS_RING_STEPS; step++) {
      uint32_t leaf = vls_overlay_at(ring->overlay, slot, step);
      if (leaf == VLS_OVERLAY_NOBODY) break;
      vls_peer *peer = person_at(core, circle, leaf);
      if (peer == NULL) continue;
      peer->member->wanted = true;
      if (is_in_reach(peer)) break;
    }
  if (core->now.mono_ms >= ring->odd_until) {
    ring->odd = (uint32_t)vls_rng_below(&core->rng, ring->n);
    ring->odd_until = core->now.mono_ms + VLS_RING_ODD_MS;
  }
  for (uint32_t step = 0; step < VLS_RING_STEPS; step++) {
    vls_peer *peer = person_at(core, circle, (ring->odd + step) % ring->n);
    if (peer == NULL) continue;
    peer->member->wanted = true;
    if (is_in_reach(peer)) break;
  }
}

static void want_all(vls_core *core, vls_circle *circle) {
  vls_group_seat seat;
  for (uint32_t leaf = 0; next_seat(core, circle, &leaf, &seat);) {
    vls_peer *peer = vls_peer_by_identity(core, seat.identity);
    if (peer != NULL && peer->member != NULL) peer->member->wanted = true;
  }
}

static bool rests(const vls_peer *peer) {
  return peer->conn == NULL && peer->dialing == NULL && peer->next_dial == VLS_NEVER;
}

void vls_circle_wire(vls_core *core) {
  core->wiring_moved = false;
  if (core->n_circles == 0) return;
  for (size_t i = 0; i < core->n_peers; i++)
    if (core->peers[i]->member != NULL) core->peers[i]->member->wanted = false;
  for (size_t i = 0; i < core->n_circles; i++) {
    vls_circle *circle = core->circles[i];
    uint8_t dh[32];
    vls_peer *peer = circle->let_in ? inviter(core, circle, dh) : NULL;
    if (peer != NULL && peer->member != NULL) peer->member->wanted = true;
    if (!vls_circle_is_mine(circle)) continue;
    if (is_small(core, circle)) {
      vls_circle_ring_free(circle);
      want_all(core, circle);
    } else {
      want_neighbours(core, circle);
    }
  }
  for (size_t i = 0; i < core->n_peers; i++) {
    vls_peer *peer = core->peers[i];
    bool wanted = peer->member != NULL && peer->member->wanted && !vls_peer_visible(peer);
    if (wanted && rests(peer) && peer->row.card_seq > 0)
      vls_dial_schedule(core, peer, vls_rng_below(&core->rng, VLS_RING_JITTER_MS));
  }
}

void vls_circle_members(vls_core *core) {
  core->members_moved = false;
  for (size_t i = 0; i < core->n_peers; i++)
    vls_member_count(core->peers[i]);
  for (size_t i = 0; i < core->n_circles; i++)
    if (vls_circle_is_mine(core->circles[i]))
      take_seats(core, core->circles[i]);
    else
      take_inviter(core, core->circles[i]);
  for (size_t i = 0; i < core->n_peers; i++)
    vls_member_counted(core, core->peers[i]);
  vls_circle_wire(core);
}

void vls_circle_members_tick(vls_core *core) {
  for (size_t i = 0; i < core->n_circles && !core->wiring_moved; i++) {
    const vls_circle_ring *ring = core->circles[i]->ring;
    if (ring == NULL) continue;
    core->wiring_moved = core->now.mono_ms >= ring->odd_until;
    vls_core_wake_at(core, ring->odd_until);
  }
}
