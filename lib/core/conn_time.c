/* The timers of connections: what ends one, and what keeps one alive. Each is looked at when it may
 * be time for something, never all of them. */
#include <stddef.h>

#include "core/state.h"

bool vls_conn_worn(const vls_core *core, const vls_conn *conn) {
  return conn->outgoing && conn->up && vls_link_worn(conn->link, core->now);
}

/* The moment this connection must be looked at; past: `why` it ends. */
static uint64_t conn_deadline(const vls_conn *conn, const char **why) {
  if (conn->link == NULL) return VLS_NEVER; /* the daemon times dials */
  if (!conn->up) {
    *why = "no answer to the knock";
    return conn->opened + (conn->outgoing ? VLS_HANDSHAKE_MS : VLS_STRANGER_MS);
  }
  /* Behind an invitation stands nobody yet: who brings no first record may not stay for good. */
  *why = "no first record";
  if (conn->peer == NULL || conn->asking != 0)
    return conn->opened + (conn->waits_in ? VLS_ASK_WAIT_MS : VLS_STRANGER_MS);
  *why = "their key is not known, and no card came";
  if (conn->unproven || conn->by_former) return conn->opened + VLS_STRANGER_MS;
  if (conn->paused) return VLS_NEVER; /* it is we who don't listen */
  *why = "they did not say how far they are";
  if (conn->standing.as_contact && !conn->standing.stated) return conn->opened + VLS_STRANGER_MS;
  *why = "they name events of mine and do not give them back";
  if (conn->standing.behind) return conn->standing.behind_since + VLS_STRANGER_MS;
  *why = "no sign of life";
  uint64_t silence = conn->last_in + VLS_SILENCE_MS;
  uint64_t since = conn->wait_since > conn->last_in ? conn->wait_since : conn->last_in;
  /* The oldest record needs its time on a slow line, and no word may come back meanwhile. */
  size_t bytes = conn->flight[conn->sent_acked % VLS_WINDOW_RECORDS].bytes;
  uint64_t patience = VLS_ACK_WAIT_MS + bytes * 1000 / VLS_SLOWEST_LINE;
  uint64_t wait = conn->wait_since == VLS_NEVER ? VLS_NEVER : since + patience;
  return wait < silence ? wait : silence;
}

static void keep_alive(vls_core *core, vls_conn *conn) {
  uint64_t due = conn->last_out + VLS_KEEPALIVE_MS;
  if (core->now.mono_ms >= due) {
    conn->last_out = core->now.mono_ms;
    vls_err err = vls_link_send_decoy(conn->link, (size_t)vls_rng_below(&core->rng, 32));
    if (err == VLS_OK) vls_conn_touch(core, conn);
    due = core->now.mono_ms + VLS_KEEPALIVE_MS;
  }
  vls_conn_wake_at(core, conn, due);
}

static void tick_one(vls_core *core, vls_conn *conn) {
  const char *why = "";
  uint64_t deadline = conn_deadline(conn, &why);
  if (core->now.mono_ms >= deadline) {
    if (conn->standing.behind) vls_state_stuck(core, conn);
    vls_conn_close(core, conn, VLS_CLOSE_BYE, why);
    return;
  }
  vls_conn_wake_at(core, conn, deadline);
  if (conn->paused && core->now.mono_ms >= conn->paused_until) {
    vls_conn_resume(core, conn);
    return;
  }
  if (conn->paused) vls_conn_wake_at(core, conn, conn->paused_until);
  if (!conn->up) return;
  if (conn->standing.heal_due) vls_state_again(core, conn);
  if (conn->peer != NULL && (conn->peer->again_to != 0 || conn->standing.heal_due)) {
    vls_peer_touch(core, conn->peer); /* a budget was used up */
    vls_conn_wake_at(core, conn, core->now.mono_ms + VLS_AGAIN_WAIT_MS);
  }
  if (core->now.mono_ms >= conn->ack_at)
    vls_conn_touch(core, conn); /* the end of the batch sends it */
  else
    vls_conn_wake_at(core, conn, conn->ack_at);
  keep_alive(core, conn);
  if (conn->outgoing && core->now.mono_ms < conn->opened + VLS_LINK_LIFE_MS)
    vls_conn_wake_at(core, conn, conn->opened + VLS_LINK_LIFE_MS);
  if (vls_conn_worn(core, conn) && conn->flight_bytes == 0) {
    vls_peer *peer = conn->peer;
    vls_conn_close(core, conn, VLS_CLOSE_REKEY, "time for new keys");
    if (peer != NULL) vls_dial_schedule(core, peer, 1);
  }
}

void vls_conn_tick(vls_core *core) {
  vls_due *due;
  while ((due = vls_due_take(&core->due_conns, core->now.mono_ms)) != NULL)
    tick_one(core, (vls_conn *)(void *)((char *)due - offsetof(vls_conn, due)));
}
