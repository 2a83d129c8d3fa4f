/* What is said in a group spreads (GROUP 7.1). Up to VLS_GROUP_EAGER members its author sends it to
 * all who are linked, and they tell their links that they have it; above that it goes over the
 * overlay as carry/spread.h says. */
#include <stdlib.h>

#include "base/assert.h"
#include "core/circle_pass.h"
#include "store/group_pass.h"

enum { GRAFT_AGAIN_MS = 5000, STEPS = 64, RTT_MIN = 20, RTT_MAX = 2000 };

static vls_circle_link *link_by_number(const vls_circle *circle, uint32_t number) {
  for (size_t i = 0; i < circle->n_links; i++)
    if (circle->links[i].sync->number == number) return &circle->links[i];
  return NULL;
}

static void send_id(vls_core *core, vls_circle *circle, const vls_circle_link *link,
                    vls_group_frame_kind kind, const uint8_t id[32]) {
  vls_circle_send(core, circle, link->conn, kind, vls_slice_of(id, 32));
}

/* The announcements that were gathered for a link. */
static void tell_news(vls_core *core, vls_circle *circle, const vls_circle_link *link) {
  vls_buf *news = &link->sync->news;
  if (news->n == 0) return;
  vls_circle_send(core, circle, link->conn, VLS_GROUP_FRAME_IHAVE, vls_buf_slice(news));
  vls_buf_clear(news);
}

static void add_news(vls_core *core, vls_circle *circle, const vls_circle_link *link,
                     const uint8_t id[32]) {
  if (link->sync->news.n == (size_t)VLS_CIRCLE_ANNOUNCE * 32) tell_news(core, circle, link);
  vls_err err = vls_buf_put(&link->sync->news, id, 32);
  VLS_ASSERT(err == VLS_OK);
}

/* Small groups */

static bool knows(const vls_circle_news *news, uint32_t number) {
  for (size_t i = 0; i < news->n_known; i++)
    if (news->known[i] == number) return true;
  return false;
}

static void note_known(vls_circle_news *news, uint32_t number) {
  if (news->n_known < sizeof news->known / sizeof news->known[0] && !knows(news, number))
    news->known[news->n_known++] = number;
}

static void announce(vls_core *core, vls_circle *circle) {
  vls_circle_pass *pass = circle->pass;
  for (size_t i = 0; i < circle->n_links; i++) {
    vls_circle_link *link = &circle->links[i];
    for (size_t k = 0; k < pass->n_news; k++)
      if (!knows(&pass->news[k], link->sync->number))
        add_news(core, circle, link, pass->news[k].id);
    tell_news(core, circle, link);
  }
  pass->n_news = 0;
  pass->news_at = VLS_NEVER;
}

static void gather(vls_core *core, vls_circle *circle, const uint8_t id[32], uint32_t from) {
  vls_circle_pass *pass = circle->pass;
  if (pass->news == NULL) pass->news = vls_calloc(VLS_CIRCLE_ANNOUNCE, sizeof *pass->news);
  if (pass->n_news == VLS_CIRCLE_ANNOUNCE) announce(core, circle);
  vls_circle_news *news = &pass->news[pass->n_news++];
  *news = (vls_circle_news){.n_known = 1, .known = {from}};
  memcpy(news->id, id, 32);
  if (pass->news_at == VLS_NEVER)
    pass->news_at = core->now.mono_ms + VLS_CIRCLE_ANNOUNCE_MS +
                    vls_rng_below(&core->rng, VLS_CIRCLE_ANNOUNCE_MS);
  vls_circle_wake_at(core, circle, pass->news_at);
}

static bool was_asked(vls_circle_pass *pass, const uint8_t id[32], uint64_t now) {
  size_t n = pass->n_grafts < VLS_CIRCLE_ANNOUNCE ? pass->n_grafts : VLS_CIRCLE_ANNOUNCE;
  for (size_t i = 0; i < n; i++)
    if (memcmp(pass->grafts[i].id, id, 32) == 0 && now < pass->grafts[i].at + GRAFT_AGAIN_MS)
      return true;
  size_t at = pass->n_grafts++ % VLS_CIRCLE_ANNOUNCE;
  memcpy(pass->grafts[at].id, id, 32);
  pass->grafts[at].at = now;
  return false;
}

static void heard_small(vls_core *core, vls_circle *circle, const vls_circle_link *link,
                        vls_group_frame_kind kind, const uint8_t id[32]) {
  vls_circle_pass *pass = circle->pass;
  vls_grecord_row row;
  if (kind == VLS_GROUP_FRAME_IHAVE) {
    for (size_t i = 0; i < pass->n_news; i++)
      if (memcmp(pass->news[i].id, id, 32) == 0) note_known(&pass->news[i], link->sync->number);
    if (!vls_grecord_has(core->store, circle->row.id, id) &&
        !was_asked(pass, id, core->now.mono_ms))
      send_id(core, circle, link, VLS_GROUP_FRAME_GRAFT, id);
  } else if (kind == VLS_GROUP_FRAME_GRAFT) {
    if (vls_grecord_by_id(core->store, circle->row.id, id, &row, NULL))
      vls_circle_send_record(core, circle, link->conn, row.n);
  }
}

/* Large groups */

static bool is_large(vls_circle *circle) {
  vls_group_seat seat;
  return vls_group_seat_at(circle->group, VLS_GROUP_EAGER, &seat);
}

/* What the way there and back takes, from how long the handshake took: good enough until the
 * spreading has learned how long records take. */
static uint32_t rtt_of(const vls_conn *conn) {
  uint64_t took = conn->up_at - conn->opened;
  return (uint32_t)(took < RTT_MIN ? RTT_MIN : took > RTT_MAX ? RTT_MAX : took);
}

static void neighbour(vls_circle *circle, const vls_circle_link *link) {
  vls_err err = vls_spread_up(circle->pass->spread, link->sync->number, rtt_of(link->conn));
  if (err != VLS_OK) return; /* there are enough */
}

/* Of those who are linked. */
static void find_neighbours(vls_circle *circle) {
  vls_circle_pass *pass = circle->pass;
  uint32_t near[VLS_OVERLAY_SLOTS], leaf;
  bool *reach = vls_calloc(pass->seats, sizeof *reach);
  for (size_t i = 0; i < circle->n_links; i++)
    if (vls_group_seat_of(circle->group, circle->links[i].device, &leaf)) reach[leaf] = true;
  size_t n = vls_overlay_neighbours(pass->overlay, reach, STEPS, near);
  for (size_t i = 0; i < circle->n_links; i++) {
    const vls_circle_link *link = &circle->links[i];
    bool is_near = false;
    for (size_t k = 0; k < n && vls_group_seat_of(circle->group, link->device, &leaf); k++)
      is_near = is_near || near[k] == leaf;
    if (is_near)
      neighbour(circle, link);
    else
      vls_spread_down(pass->spread, link->sync->number);
  }
  free(reach);
}

/* Everybody makes the same of one roster. */
static void make_overlay(vls_circle *circle, uint32_t self) {
  vls_circle_pass *pass = circle->pass;
  uint8_t root[32], (*keys)[32];
  vls_group_seat seat;
  vls_group_root(circle->group, root);
  if (pass->overlay != NULL && memcmp(root, pass->root, 32) == 0) return;
  keys = vls_calloc(VLS_GROUP_LEAVES, sizeof *keys);
  pass->seats = 0;
  while (vls_group_seat_at(circle->group, pass->seats, &seat))
    memcpy(keys[pass->seats++], seat.device, 32);
  const uint8_t(*list)[32] = (const uint8_t(*)[32])keys;
  vls_overlay_free(pass->overlay);
  pass->overlay = vls_overlay_new(circle->row.gid, list, pass->seats, self);
  memcpy(pass->root, root, 32);
  free(keys);
}

/* False: the group is small, or this node is not in it. */
static bool overlaid(vls_circle *circle) {
  vls_circle_pass *pass = vls_circle_pass_of(circle);
  uint32_t self;
  if (!is_large(circle)) {
    vls_spread_free(pass->spread);
    pass->spread = NULL;
    return false;
  }
  if (pass->relinked && vls_group_seat_of(circle->group, circle->me.device->pub, &self)) {
    make_overlay(circle, self);
    if (pass->spread == NULL) pass->spread = vls_spread_new();
    pass->relinked = false;
    find_neighbours(circle);
  }
  return pass->spread != NULL;
}

/* What the spreading has to say. */
static void drain(vls_core *core, vls_circle *circle) {
  vls_spread_out out;
  vls_grecord_row row;
  while (vls_spread_poll(circle->pass->spread, &out)) {
    vls_circle_link *link = link_by_number(circle, out.peer);
    if (link == NULL) continue;
    switch (out.kind) {
    case VLS_SPREAD_RECORD:
      if (vls_grecord_by_id(core->store, circle->row.id, out.id, &row, NULL))
        vls_circle_send_record(core, circle, link->conn, row.n);
      break;
    case VLS_SPREAD_IHAVE: add_news(core, circle, link, out.id); break;
    case VLS_SPREAD_GRAFT: send_id(core, circle, link, VLS_GROUP_FRAME_GRAFT, out.id); break;
    case VLS_SPREAD_PRUNE: send_id(core, circle, link, VLS_GROUP_FRAME_PRUNE, out.id); break;
    }
  }
}

static void heard_large(vls_core *core, vls_circle *circle, const vls_circle_link *link,
                        vls_group_frame_kind kind, const uint8_t id[32]) {
  vls_spread *spread = circle->pass->spread;
  vls_spread_kind said = kind == VLS_GROUP_FRAME_IHAVE   ? VLS_SPREAD_IHAVE
                         : kind == VLS_GROUP_FRAME_GRAFT ? VLS_SPREAD_GRAFT
                                                         : VLS_SPREAD_PRUNE;
  bool has = vls_grecord_has(core->store, circle->row.id, id);
  uint32_t number = link->sync->number;
  if (vls_spread_heard(spread, said, id, number, has, core->now.mono_ms) == VLS_OK) return;
  neighbour(circle, link); /* to them I am one: they skip whom they cannot reach */
  vls_err err = vls_spread_heard(spread, said, id, number, has, core->now.mono_ms);
  if (err != VLS_OK) return; /* there are enough */
}

/* Both */

/* VLS_DUPLICATE is news to nobody. */
static void got(vls_core *core, vls_circle *circle, const uint8_t id[32], uint32_t from) {
  if (vls_spread_got(circle->pass->spread, id, from, core->now.mono_ms) == VLS_OK ||
      from != VLS_SPREAD_SELF)
    drain(core, circle);
  vls_circle_touch(core, circle);
}

void vls_circle_spread(vls_core *core, vls_circle *circle, uint64_t record, const vls_conn *but) {
  vls_grecord_row row;
  if (!overlaid(circle)) {
    for (size_t i = 0; i < circle->n_links; i++)
      if (circle->links[i].conn != but)
        vls_circle_send_record(core, circle, circle->links[i].conn, record);
    return;
  }
  if (vls_grecord_get(core->store, record, &row, NULL)) got(core, circle, row.id, VLS_SPREAD_SELF);
}

void vls_circle_passed(vls_core *core, vls_circle *circle, uint64_t record, const vls_conn *from) {
  const vls_circle_link *link = vls_circle_link_of(circle, from);
  vls_grecord_row row;
  uint32_t number = link == NULL ? 0 : link->sync->number;
  if (!vls_grecord_get(core->store, record, &row, NULL)) return;
  if (overlaid(circle))
    got(core, circle, row.id, number);
  else
    gather(core, circle, row.id, number);
}

void vls_circle_again(vls_core *core, vls_circle *circle, vls_circle_link *link,
                      const uint8_t id[32]) {
  if (!overlaid(circle)) return;
  vls_spread_again(circle->pass->spread, id, link->sync->number);
  drain(core, circle);
}

void vls_circle_spread_frame(vls_core *core, vls_circle *circle, vls_circle_link *link,
                             vls_group_frame_kind kind, vls_slice body) {
  size_t most = kind == VLS_GROUP_FRAME_IHAVE ? VLS_CIRCLE_ANNOUNCE : 1;
  if (body.n == 0 || body.n % 32 != 0 || body.n / 32 > most) return;
  bool large = overlaid(circle);
  for (size_t i = 0; i < body.n; i += 32) {
    if (large)
      heard_large(core, circle, link, kind, body.p + i);
    else
      heard_small(core, circle, link, kind, body.p + i);
  }
  if (large) drain(core, circle);
  vls_circle_touch(core, circle);
}

void vls_circle_spread_down(vls_circle *circle, const vls_circle_link *link) {
  vls_circle_pass *pass = vls_circle_pass_of(circle);
  pass->relinked = true;
  if (pass->spread != NULL) vls_spread_down(pass->spread, link->sync->number);
}

void vls_circle_spread_plan(vls_core *core, vls_circle *circle) {
  vls_circle_pass *pass = vls_circle_pass_of(circle);
  uint64_t now = core->now.mono_ms;
  if (overlaid(circle)) {
    vls_spread_tick(pass->spread, now);
    drain(core, circle);
    uint64_t next = vls_spread_deadline(pass->spread);
    if (next != VLS_NEVER) vls_circle_wake_at(core, circle, next > now ? next : now + 1);
  } else if (pass->news_at <= now) {
    announce(core, circle);
  } else if (pass->news_at != VLS_NEVER) {
    vls_circle_wake_at(core, circle, pass->news_at);
  }
  for (size_t i = 0; i < circle->n_links; i++)
    tell_news(core, circle, &circle->links[i]);
}
