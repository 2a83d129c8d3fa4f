/* What is missing is asked for, and who asks is answered (GROUP 7.6). */
#include <stdlib.h>

#include "base/assert.h"
#include "core/circle.h"
#include "crypto/epoch.h"
#include "store/group_pass.h"

void vls_circle_wanted(vls_core *core, vls_circle *circle, vls_circle_link *link, vls_slice body) {
  vls_group_want *want = vls_calloc(1, sizeof *want);
  uint8_t device[32];
  memcpy(device, link->device, 32);
  vls_conn *conn = link->conn;
  if (vls_wire_decode(&vls_group_want_def, VLS_WIRE_STRICT, body, want, NULL) == VLS_OK) {
    for (size_t i = 0; i < want->n_events; i++) {
      if (memcmp(want->events[i], circle->row.gid, 32) == 0)
        vls_circle_send_all(core, circle, conn, device);
      else if (vls_group_has(circle->group, want->events[i]))
        vls_circle_send_letter(core, circle, conn, want->events[i], device);
    }
    for (size_t i = 0; i < want->n_wraps; i++)
      vls_circle_send_wrap(core, circle, conn, want->wraps[i].commit,
                           (uint32_t)want->wraps[i].leaf);
  }
  free(want);
}

/* False: nothing is missing. */
static bool fill(vls_circle *circle, vls_group_want *want) {
  const uint8_t *id;
  vls_slice event;
  if (!vls_group_act_at(circle->group, 0, &id, &event))
    memcpy(want->events[want->n_events++], circle->row.gid, 32);
  else
    want->n_events = vls_group_missing(circle->group, want->events, VLS_CIRCLE_WANTS);
  want->n_wraps = vls_group_wants(circle->group, want->wraps, 8);
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

void vls_circle_want_tick(vls_core *core, vls_circle *circle) {
  vls_conn *conn = inviter(core, circle);
  circle->want_at = VLS_NEVER;
  if (circle->n_links > 0)
    conn = circle->links[circle->next_asked++ % circle->n_links].conn; /* each in turn */
  if (conn == NULL) return; /* the next link that comes up asks */
  vls_group_want *want = vls_calloc(1, sizeof *want);
  if (fill(circle, want)) {
    ask(core, circle, conn, want);
    circle->want_at = core->now.mono_ms + VLS_CIRCLE_WANT_MS;
    vls_circle_wake_at(core, circle, circle->want_at);
  }
  free(want);
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
