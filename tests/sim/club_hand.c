/* Somebody is let in by hand: what the newcomer shows goes to a member as it would over a link made
 * with an invitation. */
#include "club.h"
#include "core/circle.h"
#include "world.h"

/* A batch is open at a node that is on. */
static bool open_batch(sim_world *w, unsigned who) {
  sim_node *node = w->node[who];
  if (node->core == NULL || node->is_performing) return false;
  if (node->batch_open) sim_node_end_batch(w, node);
  sim_node_feed(w, node, &(vls_input){.type = VLS_IN_NETWORK});
  return node->core != NULL && node->batch_open;
}

void sim_club_bring(sim_world *w, unsigned host, unsigned guest) {
  vls_buf bytes;
  vls_act_leaf leaf;
  vls_circle *circle = NULL;
  if (!open_batch(w, guest)) return;
  vls_core *core = w->node[guest]->core;
  const vls_peer *via = vls_peer_by_identity(core, w->node[host]->core == NULL
                                                       ? core->self.identity.pub
                                                       : w->node[host]->core->self.identity.pub);
  vls_buf_init(&bytes, 1024);
  vls_err err = vls_circle_join(core, w->club->gid, vls_slice_str(w->club->name + 1),
                                via == NULL ? 0 : via->row.id, &bytes, &leaf, &circle);
  sim_expect(w, err == VLS_OK, "%s cannot ask to be let in: %s", w->person[guest]->name,
             vls_err_name(err));
  vls_act_admit admit = {.cert = leaf.cert, .leaf = leaf.leaf};
  memcpy(admit.who, core->self.identity.pub, 32);
  if (open_batch(w, host)) {
    vls_circle *mine = vls_circle_by_gid(w->node[host]->core, w->club->gid);
    err = mine == NULL ? VLS_STATE : vls_circle_admit(w->node[host]->core, mine, &admit);
    sim_trace_line(w, host, "lets %s in: %s", w->person[guest]->name, vls_err_name(err));
    sim_node_end_batch(w, w->node[host]);
  }
  vls_buf_done(&bytes);
  if (w->node[guest]->core != NULL && w->node[guest]->batch_open)
    sim_node_end_batch(w, w->node[guest]);
}
