/* What a client writes to the socket: frames cut as the daemon cuts them, given to a whole node on
 * a store in memory. The first byte says how far the node has come: hello, an identity, a contact.
 * Every answer is one well-formed frame, and nothing a client says poisons the core. */
#include <stdlib.h>

#include "base/assert.h"
#include "citizen/invite.h"
#include "crypto/keys.h"
#include "crypto/kdf.h"
#include "proto/rpc.h"
#include "valise/core.h"

enum { GREETED = 1, SOMEBODY = 2, WITH_CONTACT = 4, CLIENT = 1, OUTPUTS_MAX = 100000 };

typedef struct node {
  vls_store *store;
  vls_core *core;
  vls_now now;
} node;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void settle(node *home) {
  vls_output out;
  size_t outputs = 0, used;
  if (vls_core_seal(home->core, home->now))
    vls_core_committed(home->core, vls_store_commit(home->store));
  VLS_ASSERT(!vls_core_poisoned(home->core));
  while (vls_core_poll(home->core, &out)) {
    VLS_ASSERT(++outputs < OUTPUTS_MAX);
    if (out.type != VLS_OUT_REPLY && out.type != VLS_OUT_NOTIFY) continue;
    VLS_ASSERT(out.client == CLIENT && out.bytes.n <= VLS_RPC_FRAME_MAX);
    VLS_ASSERT(vls_wire_scan(out.bytes, VLS_WIRE_STRICT, &used) == VLS_OK && used == out.bytes.n);
  }
}

static void feed(node *home, const vls_input *in) {
  VLS_ASSERT(vls_core_feed(home->core, in, home->now) == VLS_OK);
  settle(home);
  home->now.mono_ms += 10;
  home->now.wall_ms += 10;
}

static void call(node *home, vls_slice method, vls_slice params, uint64_t msgid) {
  feed(home, &(vls_input){.type = VLS_IN_COMMAND,
                          .client = CLIENT,
                          .msgid = msgid,
                          .text = method,
                          .bytes = params});
}

/* A call with one map. */
static void say(node *home, const char *method, const vls_wire_def *def, const void *msg) {
  vls_buf params;
  vls_buf_init(&params, VLS_RPC_FRAME_MAX);
  VLS_ASSERT(vls_pack_array(&params, 1) == VLS_OK);
  VLS_ASSERT(vls_wire_encode(def, msg, &params) == VLS_OK);
  call(home, vls_slice_str(method), vls_buf_slice(&params), 0);
  vls_buf_done(&params);
}

static void accept_somebody(node *home) {
  static const uint8_t seed[32] = {9};
  vls_invite invite = {.version = 1, .opk_id = 1, .expires = 2000000000, .n_addresses = 1};
  vls_sign_pair identity;
  vls_dh_pair dh;
  vls_rng rng;
  vls_buf link;
  vls_rng_init(&rng, seed);
  vls_sign_new(&identity, &rng);
  vls_dh_new(&dh, &rng);
  memcpy(invite.identity, identity.pub, 32);
  memcpy(invite.dh, dh.pub, 32);
  memcpy(invite.opk, dh.pub, 32);
  invite.addresses[0] = vls_slice_str("192.0.2.1:4647");
  vls_buf_init(&link, VLS_LINK_TEXT_MAX);
  VLS_ASSERT(vls_invite_text(&link, &invite) == VLS_OK);
  vls_rpc_accept accept = {
      .link = vls_buf_slice(&link), .has_as = true, .as = vls_slice_str("Bao")};
  say(home, "invite.accept", &vls_rpc_accept_def, &accept);
  vls_buf_done(&link);
}

static void begin(node *home, unsigned how_far) {
  static const uint8_t seed[32] = {8};
  const char *why = NULL;
  *home = (node){.now = {.mono_ms = 1000, .wall_ms = INT64_C(1750000000000)}};
  VLS_ASSERT(vls_crypto_init() == VLS_OK);
  VLS_ASSERT(vls_store_open(&home->store, ":memory:", seed, 0, &why) == VLS_OK);
  vls_core_conf conf = {.store = home->store, .seed = seed, .version = "0"};
  VLS_ASSERT(vls_core_new(&home->core, &conf, home->now) == VLS_OK);
  vls_rpc_hello hello = {.api = VLS_RPC_API};
  vls_rpc_init init = {.name = vls_slice_str("Ana")};
  if (how_far & GREETED) say(home, "hello", &vls_rpc_hello_def, &hello);
  if (how_far & SOMEBODY) say(home, "init", &vls_rpc_init_def, &init);
  if (how_far & WITH_CONTACT) accept_somebody(home);
}

/* As the daemon does it (RPC 1.3); false when the client would be disconnected. */
static bool take_frame(node *home, vls_slice frame) {
  vls_slice part[4], method;
  uint64_t type, msgid;
  size_t n;
  if (vls_wire_split(frame, VLS_WIRE_LENIENT, part, 4, &n) != VLS_OK || n != 4) return false;
  if (vls_wire_get_uint(part[0], &type) != VLS_OK || type != 0) return false;
  if (vls_wire_get_uint(part[1], &msgid) != VLS_OK || msgid > UINT32_MAX) return false;
  if (vls_wire_get_str(part[2], &method) != VLS_OK) return false;
  call(home, method, part[3], msgid);
  return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  node home;
  if (n == 0) return 0;
  begin(&home, data[0]);
  for (size_t at = 1, used; at < n; at += used) {
    vls_slice rest = vls_slice_of(data + at, n - at);
    if (vls_wire_scan(rest, VLS_WIRE_LENIENT, &used) != VLS_OK) break;
    if (!take_frame(&home, vls_slice_of(rest.p, used))) break;
  }
  feed(&home, &(vls_input){.type = VLS_IN_GONE, .client = CLIENT});
  vls_core_free(home.core);
  vls_store_close(home.store);
  return 0;
}
