/* What is missing is asked for, and who asks is answered (GROUP 7.6). */
#include <stdlib.h>

#include "base/assert.h"
#include "core/circle_pass.h"
#include "crypto/epoch.h"
#include "store/group_pass.h"

enum { MORE_MS = 100 }; /* until what did not fit into one frame is asked for */

/* Of a record by its id: who asks cannot open it. */
static bool event_of(vls_core *core, const vls_circle *circle, const uint8_t id[32],
                     vls_gevent_row *ret) {
  vls_grecord_row record;
  return vls_grecord_by_id(core->store, circle->row.id, id, &record, NULL) && record.event != 0 &&
         vls_gevent_get(core->store, record.event, ret, NULL);
}

void vls_circle_wanted(vls_core *core, vls_circle *circle, vls_circle_link *link, vls_slice body) {
  vls_group_want *want = vls_calloc(1, sizeof *want);
  vls_gevent_row event;
  uint8_t device[32];
  memcpy(device, link->device, 32);
  vls_conn *conn = link->conn;
  if (vls_wire_decode(&vls_group_want_def, VLS_WIRE_STRICT, body, want, NULL) == VLS_OK) {
    for (size_t i = 0; i < want->n_events; i++) {
      if (memcmp(want->events[i], circle->row.gid, 32) == 0)
        vls_circle_send_all(core, circle, conn, device);
      else if (vls_group_has(circle->group, want->events[i]))
        vls_circle_send_letter(core, circle, conn, want->events[i], device);
      else if (event_of(core, circle, want->events[i], &event))
        vls_circle_send_letter(core, circle, conn, event.id, device);
    }
    vls_circle_sync_serve(core, circle, link, (const uint8_t(*)[32])want->records, want->n_records);
    for (size_t i = 0; i < want->n_wraps; i++)
      vls_circle_send_wrap(core, circle, conn, want->wraps[i].commit,
                           (uint32_t)want->wraps[i].leaf);
  }
  free(want);
}

/* Each thing that is missing is asked for by itself, less and less often: of what was said before
 * this member came, nobody gives anything, and nobody says so. */
static vls_circle_asked *asked_for(const vls_circle *circle, const uint8_t id[32]) {
  for (size_t i = 0; i < circle->n_asked; i++)
    if (memcmp(circle->asked[i].id, id, 32) == 0) return &circle->asked[i];
  return NULL;
}

size_t vls_circle_missing(const vls_circle *circle) {
  uint8_t(*missing)[32] = vls_calloc(VLS_GROUP_WANTED, 32);
  size_t n = vls_group_missing(circle->group, missing, VLS_GROUP_WANTED), left = n;
  for (size_t i = 0; i < n; i++) {
    const vls_circle_asked *a = asked_for(circle, missing[i]);
    if (a != NULL && a->times >= VLS_CIRCLE_TRIES) left--;
  }
  free(missing);
  return left;
}

/* True: it is time to ask for it, and counted as asked. */
static bool is_due(vls_core *core, vls_circle *circle, const uint8_t id[32]) {
  vls_circle_asked *a = asked_for(circle, id);
  if (a == NULL && circle->n_asked == VLS_CIRCLE_ASKED) return false;
  if (a == NULL) {
    if (circle->asked == NULL) circle->asked = vls_calloc(VLS_CIRCLE_ASKED, sizeof *circle->asked);
    a = &circle->asked[circle->n_asked++];
    *a = (vls_circle_asked){.next = core->now.mono_ms};
    memcpy(a->id, id, 32);
  }
  a->missing = true;
  if (a->next > core->now.mono_ms) return false;
  a->next = core->now.mono_ms + (VLS_CIRCLE_WANT_MS << 2 * a->times);
  if (a->times < VLS_CIRCLE_TIMES) a->times++;
  return true;
}

/* What came meanwhile is forgotten; gives when the next has its turn. */
static uint64_t tidy(vls_circle *circle) {
  uint64_t next = VLS_NEVER;
  size_t n = 0;
  for (size_t i = 0; i < circle->n_asked; i++) {
    vls_circle_asked a = circle->asked[i];
    if (!a.missing) continue;
    a.missing = false;
    circle->asked[n++] = a;
    if (a.next < next) next = a.next;
  }
  circle->n_asked = n;
  return next;
}

/* False: there is nothing to ask for now. */
static bool fill(vls_core *core, vls_circle *circle, vls_group_want *want) {
  const uint8_t *id;
  vls_slice event;
  uint8_t(*missing)[32] = vls_calloc(VLS_GROUP_WANTED, 32);
  vls_group_place places[VLS_GROUP_EPOCHS];
  bool young = !vls_group_act_at(circle->group, 0, &id, &event);
  bool moves = vls_circle_sync_moves(circle); /* a comparison may just bring them */
  /* Who was let in again has acts, and cannot know which are new. */
  if ((young || circle->row.state == VLS_GRP_ASKING) && is_due(core, circle, circle->row.gid))
    memcpy(want->events[want->n_events++], circle->row.gid, 32);
  size_t n = vls_group_missing(circle->group, missing, VLS_GROUP_WANTED);
  for (size_t i = 0; i < n; i++) {
    vls_circle_asked *a = asked_for(circle, missing[i]);
    if (moves && a != NULL) a->missing = true;
    if (!moves && want->n_events < VLS_CIRCLE_WANTS && is_due(core, circle, missing[i]))
      memcpy(want->events[want->n_events++], missing[i], 32);
  }
  n = vls_group_unopened(circle->group, missing, VLS_CIRCLE_WANTS);
  for (size_t i = 0; i < n; i++)
    if (want->n_events < 2 * VLS_CIRCLE_WANTS && is_due(core, circle, missing[i]))
      memcpy(want->events[want->n_events++], missing[i], 32);
  n = vls_group_wants(circle->group, places, VLS_GROUP_EPOCHS);
  for (size_t i = 0; i < n; i++)
    if (want->n_wraps < 8 && is_due(core, circle, places[i].commit))
      want->wraps[want->n_wraps++] = places[i];
  free(missing);
  return want->n_events > 0 || want->n_wraps > 0;
}

static void ask(vls_core *core, vls_circle *circle, vls_conn *conn, const vls_group_want *want) {
  vls_buf body;
  vls_buf_init(&body, vls_group_want_def.max_bytes);
  vls_err err = vls_wire_encode(&vls_group_want_def, want, &body);
  VLS_ASSERT(err == VLS_OK);
  vls_circle_send(core, circle, conn, VLS_GROUP_FRAME_WANT, vls_buf_slice(&body));
  vls_buf_done(&body);
}

/* Nobody is known to be a member yet: whoever invited me is. */
static vls_conn *inviter(vls_core *core, const vls_circle *circle) {
  vls_peer *peer = vls_peer_get(core, circle->row.via);
  return peer != NULL && peer->conn != NULL && peer->conn->up ? peer->conn : NULL;
}

/* Members in turn. */
static vls_conn *next_asked(vls_core *core, vls_circle *circle) {
  if (circle->n_links == 0) return inviter(core, circle);
  return circle->links[circle->next_asked++ % circle->n_links].conn;
}

void vls_circle_want_tick(vls_core *core, vls_circle *circle) {
  vls_conn *conn = next_asked(core, circle);
  circle->want_at = VLS_NEVER;
  if (conn == NULL) return; /* the next link that comes up asks */
  vls_group_want *want = vls_calloc(1, sizeof *want);
  if (fill(core, circle, want)) ask(core, circle, conn, want);
  free(want);
  circle->want_at = tidy(circle);
  if (circle->want_at != VLS_NEVER && vls_circle_sync_moves(circle))
    circle->want_at = core->now.mono_ms + VLS_CIRCLE_WANT_MS;
  if (circle->want_at <= core->now.mono_ms) circle->want_at = core->now.mono_ms + MORE_MS;
  if (circle->want_at != VLS_NEVER) vls_circle_wake_at(core, circle, circle->want_at);
}

void vls_circle_want_anew(vls_core *core, vls_circle *circle) {
  for (size_t i = 0; i < circle->n_asked; i++)
    circle->asked[i].next = core->now.mono_ms;
  vls_circle_want_soon(core, circle);
}

void vls_circle_want_soon(vls_core *core, vls_circle *circle) {
  if (circle->want_at <= core->now.mono_ms) return;
  circle->want_at = core->now.mono_ms;
  vls_circle_touch(core, circle);
}

void vls_circle_keep_wrap(vls_core *core, vls_circle *circle, const vls_group_wrap *wrap) {
  uint8_t sheet[VLS_GROUP_EAGER * VLS_WRAP] = {0}, *mine;
  if (wrap->leaf >= VLS_GROUP_EAGER || !vls_group_has(circle->group, wrap->commit)) return;
  for (uint32_t i = 0; i < VLS_GROUP_EAGER; i++) {
    mine = sheet + i * VLS_WRAP;
    if (!vls_gwrap_get(core->store, circle->row.id, wrap->commit, i, mine))
      memset(mine, 0, VLS_WRAP);
  }
  mine = sheet + wrap->leaf * VLS_WRAP;
  static const uint8_t none[VLS_WRAP];
  if (memcmp(mine, none, VLS_WRAP) != 0) return; /* the first that came stays */
  memcpy(mine, wrap->wrap, VLS_WRAP);
  vls_gwrap_put(core->store, circle->row.id, wrap->commit, vls_core_wall(core),
                vls_slice_of(sheet, sizeof sheet));
}
