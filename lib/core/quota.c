/* The room that one contact's words may take on this disk. What goes beyond is refused without an
 * ACK and stays with whoever says it, until there is room: nothing is lost, and nobody else waits.
 */
#include <stdio.h>

#include "conv/direct.h"
#include "core/core_int.h"
#include "proto/peer.h"
#include "store/remarks.h"

static void say(char *out, size_t size, const vls_core *core) {
  snprintf(out, size,
           "their texts fill the room that a contact has here (%llu MiB): new ones wait with them. "
           "valise config set limits.contact_mib N gives more, contact remove takes it back",
           (unsigned long long)(core->history_max >> 20));
}

uint64_t vls_quota_held(const vls_core *core, const vls_peer *peer) {
  return peer->weighed ? peer->bytes_held : vls_chain_bytes(core->store, peer->row.id);
}

static uint64_t cost_of(const vls_direct_in *in, size_t header, size_t *ret_texts) {
  size_t bytes = 0;
  *ret_texts = 0;
  for (size_t i = 0; i < in->event.n_items; i++) {
    const vls_item *item = &in->event.items[i];
    bool remark = item->kind >= VLS_REMARK_REPLY && item->kind < VLS_REMARK_MENTION;
    if (item->kind != VLS_ITEM_TEXT && !remark) continue;
    ++*ret_texts;
    bytes += item->body.n + (remark ? VLS_REMARK_COST : 0);
  }
  return vls_chain_cost(header, *ret_texts, bytes);
}

static void tell(vls_core *core, vls_peer *peer) {
  char why[VLS_PROBLEM_MAX + 1];
  say(why, sizeof why, core);
  vls_peer_alarm(core, peer, why);
}

bool vls_quota_fits(vls_core *core, vls_peer *peer, const vls_direct_in *in, size_t header,
                    uint64_t *ret_cost) {
  size_t texts;
  *ret_cost = cost_of(in, header, &texts);
  /* Receipts and cards still come through, or what was said to them would never be delivered. */
  uint64_t most = core->history_max + (texts > 0 ? 0 : core->history_max / VLS_HISTORY_SPARE);
  peer->bytes_held = vls_quota_held(core, peer);
  peer->weighed = true;
  bool fits = peer->bytes_held + *ret_cost <= most;
  if (!fits) tell(core, peer);
  return fits;
}

void vls_quota_set(vls_core *core, uint64_t bytes) {
  char was[VLS_PROBLEM_MAX + 1];
  if (bytes == 0) bytes = VLS_HISTORY_MAX;
  if (bytes == core->history_max) return;
  say(was, sizeof was, core);
  core->history_max = bytes;
  for (size_t i = 0; i < core->n_peers; i++) {
    vls_peer *peer = core->peers[i];
    if (strcmp(peer->row.problem, was) == 0) vls_peer_problem(core, peer, "");
    if (peer->refused == 0) continue;
    peer->refused = 0;
    if (peer->conn == NULL && peer->dialing == NULL)
      vls_dial_schedule(core, peer, vls_rng_below(&core->rng, 1000));
  }
}
