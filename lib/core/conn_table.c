/* Connections by number: an open hash table beside the plain list, so that a crowd of strangers
 * costs those who talk nothing. */
#include <stdlib.h>

#include "base/assert.h"
#include "core/circle.h"

static size_t home(const vls_core *core, uint64_t id) {
  uint64_t mixed = id * UINT64_C(0x9e3779b97f4a7c15);
  return (size_t)(mixed >> 32) & (core->n_slots - 1);
}

/* The slot it is in, or the free one where it belongs. */
static size_t slot_of(const vls_core *core, uint64_t id) {
  size_t i = home(core, id);
  while (core->slots[i] != NULL && core->slots[i]->id != id)
    i = (i + 1) & (core->n_slots - 1);
  return i;
}

static void resize(vls_core *core, size_t n_slots) {
  free(core->slots);
  core->n_slots = n_slots;
  core->slots = vls_calloc(n_slots, sizeof(vls_conn *));
  for (size_t i = 0; i < core->n_conns; i++)
    core->slots[slot_of(core, core->conns[i]->id)] = core->conns[i];
}

vls_conn *vls_conn_get(const vls_core *core, uint64_t id) {
  return core->n_slots == 0 ? NULL : core->slots[slot_of(core, id)];
}

vls_conn *vls_conn_new(vls_core *core, uint64_t id) {
  VLS_ASSERT(vls_conn_get(core, id) == NULL);
  if (core->n_conns == core->cap_conns) {
    core->cap_conns = core->cap_conns == 0 ? 16 : core->cap_conns * 2;
    core->conns = vls_realloc(core->conns, core->cap_conns * sizeof(vls_conn *));
    resize(core, core->cap_conns * 2);
  }
  vls_conn *conn = vls_calloc(1, sizeof *conn);
  conn->id = id;
  conn->opened = conn->last_in = conn->last_out = core->now.mono_ms;
  conn->wait_since = conn->ack_at = VLS_NEVER;
  conn->place = core->n_conns;
  core->conns[core->n_conns++] = conn;
  core->slots[slot_of(core, id)] = conn;
  return conn;
}

/* Those behind it in its run move up, or nobody would find them any more. */
static void leave_slots(vls_core *core, const vls_conn *conn) {
  size_t mask = core->n_slots - 1, hole = slot_of(core, conn->id);
  core->slots[hole] = NULL;
  for (size_t i = (hole + 1) & mask; core->slots[i] != NULL; i = (i + 1) & mask) {
    size_t wish = home(core, core->slots[i]->id);
    if (((i - wish) & mask) < ((i - hole) & mask)) continue;
    core->slots[hole] = core->slots[i];
    core->slots[i] = NULL;
    hole = i;
  }
}

void vls_conn_free(vls_core *core, vls_conn *conn) {
  if (conn->active_place != 0) {
    vls_conn *last = core->active[--core->n_active];
    core->active[conn->active_place - 1] = last;
    last->active_place = conn->active_place;
  }
  vls_due_set(&core->due_conns, &conn->due, VLS_NEVER);
  vls_knock_leave(core, conn);
  leave_slots(core, conn);
  vls_conn *last = core->conns[--core->n_conns];
  core->conns[conn->place] = last;
  last->place = conn->place;
  vls_link_free(conn->link);
  free(conn->flight);
  vls_circle_queue_free(conn);
  vls_wipe(conn, sizeof *conn);
  free(conn);
}

void vls_conn_touch(vls_core *core, vls_conn *conn) {
  if (conn->active_place != 0) return;
  if (core->n_active == core->cap_active) {
    core->cap_active = core->cap_active == 0 ? 16 : core->cap_active * 2;
    core->active = vls_realloc(core->active, core->cap_active * sizeof(vls_conn *));
  }
  core->active[core->n_active++] = conn;
  conn->active_place = core->n_active;
}

void vls_conn_wake_at(vls_core *core, vls_conn *conn, uint64_t mono_ms) {
  vls_due_by(&core->due_conns, &conn->due, mono_ms);
}
