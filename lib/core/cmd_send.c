/* send: each recipient's text is queued on disk, or says why not. */
#include <stdio.h>

#include "base/text.h"
#include "core/circle_who.h"
#include "core/mentions.h"
#include "crypto/kdf.h"

const char *vls_peer_obstacle(const vls_peer *peer) {
  if (peer->row.blocked) return "you have blocked them";
  if (peer->row.state == VLS_CONTACT_FAILED)
    return "the invitation you took failed: ask for a new one";
  return NULL;
}

/* The text of this number is answered. */
static vls_err send_reply(vls_call *call, const vls_rpc_send *p) {
  char name[VLS_GROUP_NAME];
  vls_rpc_sent r = {.has_name = true};
  if (p->n_to > 0)
    return vls_call_fail(call, VLS_USAGE, NULL,
                         "a reply goes where the text it answers is: \"to\" must be empty");
  vls_err err = vls_call_reply(call, p->reply, p->text, name, sizeof name, &r.n);
  if (err != VLS_OK) return err;
  r.to = r.name = vls_slice_str(name);
  err = vls_pack_array(call->result, 1);
  return err == VLS_OK ? vls_call_put(call, &vls_rpc_sent_def, &r) : err;
}

/* To one recipient: gives the text's number and the name of whom it goes to. */
static vls_err say_to(vls_call *call, vls_slice to, vls_slice text, char name[VLS_GROUP_NAME],
                      uint64_t *ret_n) {
  vls_core *core = call->core;
  vls_peer *peer;
  vls_circle *circle;
  vls_err err = vls_call_talk(call, to, &peer, &circle);
  if (err == VLS_OK && circle != NULL) err = vls_call_may_say(call, circle);
  if (err != VLS_OK) return err;
  if (circle != NULL) {
    vls_group_name(circle, name);
    *ret_n = ++core->newest_n;
    vls_circle_text(core, circle, text, *ret_n);
    vls_mentions_say(core, circle, text);
    return VLS_OK;
  }
  if (vls_peer_obstacle(peer) != NULL)
    return vls_call_fail(call, VLS_STATE, NULL, "%s: %s", peer->row.name, vls_peer_obstacle(peer));
  if (peer->n_pending >= VLS_PENDING_MAX)
    return vls_call_fail(call, VLS_BUSY, NULL, "too much at once");
  (void)snprintf(name, VLS_GROUP_NAME, "%s", peer->row.name);
  *ret_n = ++core->newest_n;
  vls_outbound_text(core, peer, text, *ret_n);
  return VLS_OK;
}

static vls_err send_one(vls_call *call, vls_slice to, vls_slice text) {
  char name[VLS_GROUP_NAME];
  uint64_t n = 0;
  vls_rpc_sent r = {.to = to};
  vls_err err = say_to(call, to, text, name, &n);
  if (err == VLS_OK) {
    r.n = n;
    r.has_name = true;
    r.name = vls_slice_str(name);
  } else {
    r.has_error = r.has_problem = true;
    r.error = vls_slice_str(vls_err_name(err));
    r.problem = vls_slice_str(call->problem);
  }
  return vls_call_put(call, &vls_rpc_sent_def, &r);
}

/* What a client message id stands for: the text and its recipients. */
static void digest(uint8_t ret[VLS_HASH], const vls_rpc_send *p) {
  vls_slice parts[2 + 2 * sizeof p->to / sizeof p->to[0]];
  uint8_t reply[8];
  size_t n = 0;
  parts[n++] = p->text;
  vls_be64_put(reply, p->reply);
  if (p->has_reply) parts[n++] = vls_slice_of(reply, sizeof reply); /* text holds no NUL either */
  for (size_t i = 0; i < p->n_to; i++) {
    parts[n++] = (vls_slice){(const uint8_t *)"", 1}; /* no name holds a NUL */
    parts[n++] = p->to[i];
  }
  vls_sha256_parts(ret, parts, n);
}

/* True: this id was here, and the call is answered: as before when it stands for the same. */
static bool sent_before(vls_call *call, const vls_rpc_send *p, vls_err *ret_err) {
  vls_buf kept;
  uint8_t is[VLS_HASH];
  vls_buf_init(&kept, VLS_RPC_FRAME_MAX);
  bool found = vls_sent_get(call->core->store, p->cid, &kept) && kept.n > VLS_HASH;
  digest(is, p);
  if (found && memcmp(kept.p, is, VLS_HASH) == 0)
    *ret_err = vls_buf_put(call->result, kept.p + VLS_HASH, kept.n - VLS_HASH);
  else if (found)
    *ret_err = vls_call_fail(call, VLS_EXISTS, NULL,
                             "this cid was used for another text: nothing was sent");
  vls_buf_done(&kept);
  return found;
}

static vls_err remember(vls_call *call, const vls_rpc_send *p) {
  vls_buf kept;
  uint8_t is[VLS_HASH];
  vls_buf_init(&kept, VLS_RPC_FRAME_MAX);
  digest(is, p);
  vls_err err = vls_buf_put(&kept, is, VLS_HASH);
  if (err == VLS_OK) err = vls_buf_put_slice(&kept, vls_buf_slice(call->result));
  if (err == VLS_OK)
    vls_sent_put(call->core->store, p->cid, vls_buf_slice(&kept), vls_core_wall(call->core));
  vls_buf_done(&kept);
  return err;
}

vls_err vls_cmd_send(vls_call *call) {
  vls_core *core = call->core;
  const vls_rpc_send *p = call->params;
  vls_err err = VLS_OK;
  if (p->has_cid && sent_before(call, p, &err)) return err;
  uint64_t newest = core->newest_n;
  if (p->has_reply)
    err = send_reply(call, p);
  else if (p->n_to == 0)
    err = vls_call_fail(call, VLS_USAGE, "valise contact list", "there is nobody to send to");
  else
    err = vls_pack_array(call->result, p->n_to);
  for (size_t i = 0; i < p->n_to && err == VLS_OK; i++)
    err = send_one(call, p->to[i], p->text);
  if (err == VLS_OK && p->has_cid && core->newest_n > newest) err = remember(call, p);
  return err;
}
