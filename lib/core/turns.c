/* Links have turns: whoever has much to say waits for those who have little. */
#include "core/core_int.h"

void vls_turn_heard(vls_core *core, uint64_t id) {
  if (core->heard[0].id != id) core->heard[1] = core->heard[0];
  core->heard[0].id = id;
  core->heard[0].at = core->now.mono_ms;
}

/* Whether no other link spoke a moment ago. Clients don't count: a talk of two is their calls and
 * one link, and short turns would make its batches small. */
static bool is_alone(const vls_core *core, const vls_conn *conn) {
  for (size_t i = 0; i < 2; i++) {
    bool lately = core->heard[i].id != 0 && core->now.mono_ms - core->heard[i].at < VLS_OTHERS_MS;
    if (lately && core->heard[i].id != conn->id) return false;
  }
  return true;
}

/* Records count, and so do the keys they skip: one that skips 2,000 costs as much as 30 others. */
static uint64_t work_since(const vls_core *core, const vls_costs *began) {
  return core->costs.records - began->records + (core->costs.skips - began->skips) / VLS_TURN_SKIPS;
}

bool vls_turn_is_over(const vls_core *core, const vls_conn *conn, const vls_costs *began) {
  uint64_t most = is_alone(core, conn) ? VLS_TURN_WORK : VLS_TURN_SHORT;
  return work_since(core, began) >= most;
}

void vls_turn_wait(vls_core *core, vls_conn *conn) {
  conn->behind = true;
  TAILQ_INSERT_TAIL(&core->crowded, conn, line);
  core->n_crowded++;
  vls_core_wake_at(core, core->now.mono_ms + 1);
}

void vls_turn_leave(vls_core *core, vls_conn *conn) {
  if (!conn->behind) return;
  conn->behind = false;
  TAILQ_REMOVE(&core->crowded, conn, line);
  core->n_crowded--;
}

void vls_turn_tick(vls_core *core) {
  vls_costs began = core->costs;
  /* However many wait, together they get what one would get alone: the rest in a ms. */
  for (size_t n = core->n_crowded; n > 0 && !TAILQ_EMPTY(&core->crowded); n--) {
    if (work_since(core, &began) >= VLS_TURN_WORK) break;
    vls_conn *conn = TAILQ_FIRST(&core->crowded);
    vls_turn_leave(core, conn);
    vls_conn_go_on(core, conn);
  }
  if (core->n_crowded > 0) vls_core_wake_at(core, core->now.mono_ms + 1);
}
