#include "daemon/calls.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "daemon/daemon.h"

typedef vls_err ask_fn(vls_ask *ask);

static vls_err put_ok(vls_buf *out) {
  vls_rpc_ok ok = {.ok = true};
  return vls_wire_encode(&vls_rpc_ok_def, &ok, out);
}

static vls_err reload(vls_ask *ask) {
  vls_err err = vls_daemon_reload(ask->d, &ask->why);
  return err == VLS_OK ? put_ok(ask->result) : err;
}

static vls_err hello(vls_ask *ask) {
  const vls_rpc_hello *p = ask->params;
  if (p->api != VLS_RPC_API)
    return vls_trouble_set(&ask->why, VLS_USAGE,
                           "this node speaks version %d of the client socket, not %llu",
                           VLS_RPC_API, (unsigned long long)p->api);
  vls_rpc_hello_ok ok = {.api = VLS_RPC_API,
                         .version = vls_slice_str(VALISE_VERSION),
                         .state = vls_slice_str(vls_lock_state_name(ask->d))};
  return vls_wire_encode(&vls_rpc_hello_ok_def, &ok, ask->result);
}

static vls_err status(vls_ask *ask) {
  vls_daemon *d = ask->d;
  vls_rpc_status s = {.state = vls_slice_str(vls_lock_state_name(d)),
                      .version = vls_slice_str(VALISE_VERSION),
                      .uptime_s = (uv_hrtime() / 1000000 - d->started_ms) / 1000,
                      .sealed = vls_lock_is_sealed(d)};
  return vls_wire_encode(&vls_rpc_status_def, &s, ask->result);
}

static vls_err doctor(vls_ask *ask) {
  vls_trouble why;
  vls_err refusal = vls_lock_refuse(ask->d, &why);
  bool is_locked = refusal == VLS_NODE_LOCKED && ask->d->lock.broken.what[0] == '\0';
  const char *text = is_locked ? "locked: encrypted on the disk, and not open" : why.what;
  const char *hint = why.hint;
  vls_rpc_finding f = {.level = vls_slice_str("problem"),
                       .topic = vls_slice_str("store"),
                       .text = vls_slice_str(text),
                       .has_hint = hint[0] != '\0',
                       .hint = vls_slice_str(hint)};
  f.text.n = f.text.n > 512 ? 512 : f.text.n;
  f.hint.n = f.hint.n > 256 ? 256 : f.hint.n;
  vls_err err = vls_pack_array(ask->result, 1);
  return err == VLS_OK ? vls_wire_encode(&vls_rpc_finding_def, &f, ask->result) : err;
}

/* For every other method, while there is no core to ask. */
static vls_err refuse(vls_ask *ask) {
  return vls_lock_refuse(ask->d, &ask->why);
}

typedef struct method {
  const char *name;
  const vls_wire_def *params;
  ask_fn *run;
  bool always; /* else only while there is no core */
} method;

static const method methods[] = {
    {"node.reload", &vls_rpc_none_def, reload, true},
    {"node.lock", &vls_rpc_none_def, vls_lock_lock, true},
    {"node.unlock", &vls_rpc_unlock_def, vls_lock_unlock, true},
    {"node.passphrase", &vls_rpc_passphrase_def, vls_lock_passphrase, true},
    {"node.keys", &vls_rpc_none_def, vls_lock_keys, true},
    {"node.credential", &vls_rpc_credential_def, vls_lock_credential, true},
    {"hello", &vls_rpc_hello_def, hello, false},
    {"status", &vls_rpc_none_def, status, false},
    {"doctor", &vls_rpc_none_def, doctor, false},
};
static const method other = {"", NULL, refuse, false};

static const method *find(const vls_daemon *d, vls_slice name) {
  for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
    const method *m = &methods[i];
    if (!vls_slice_eq(name, vls_slice_str(m->name))) continue;
    return m->always || !vls_lock_is_open(d) ? m : NULL;
  }
  return vls_lock_is_open(d) ? NULL : &other;
}

/* params: [] or [{...}]. */
static vls_err run(vls_ask *ask, const method *m, vls_slice params) {
  static const uint8_t empty_map[] = {0x80};
  vls_slice part[1] = {vls_slice_of(empty_map, 1)};
  size_t n = 0;
  if (m->params == NULL) return m->run(ask);
  vls_wire_fault fault = {0};
  void *room = vls_calloc(1, m->params->size);
  vls_err err = vls_wire_split(params, VLS_WIRE_LENIENT, part, 1, &n);
  if (err == VLS_OK) err = vls_wire_decode(m->params, VLS_WIRE_LENIENT, part[0], room, &fault);
  ask->params = room;
  if (err == VLS_OK)
    err = m->run(ask);
  else
    err = vls_trouble_set(&ask->why, VLS_USAGE, "%s: %s %s", m->name,
                          fault.field != NULL ? fault.field : "the parameter",
                          fault.what != NULL ? fault.what : "must be a map of named values");
  free(room); /* slices, no secret */
  return err;
}

static void put_answer(vls_caller *c, uint64_t msgid, vls_err err, const vls_trouble *why,
                       vls_slice result) {
  char text[sizeof why->what + sizeof why->hint + 64];
  vls_buf frame;
  vls_buf_init(&frame, VLS_RPC_FRAME_MAX);
  vls_err packed = vls_pack_array(&frame, 4);
  if (packed == VLS_OK) packed = vls_pack_uint(&frame, 1);
  if (packed == VLS_OK) packed = vls_pack_uint(&frame, msgid);
  if (packed == VLS_OK && err != VLS_OK) {
    snprintf(text, sizeof text, "%s: %s%s%s", vls_err_name(err), why->what,
             why->hint[0] != '\0' ? "\n" : "", why->hint);
    packed = vls_pack_str(&frame, vls_slice_str(text));
  }
  if (packed == VLS_OK) packed = vls_pack_nil(&frame);
  if (packed == VLS_OK && err == VLS_OK) packed = vls_buf_put_slice(&frame, result);
  VLS_ASSERT(packed == VLS_OK);
  vls_caller_send(c, vls_buf_slice(&frame));
  vls_outq_flush(&c->out);
  vls_buf_done(&frame);
}

bool vls_calls_take(vls_caller *c, uint64_t msgid, vls_slice name, vls_slice params) {
  const method *m = find(c->d, name);
  if (m == NULL) return false;
  vls_buf result;
  vls_buf_init(&result, VLS_RPC_FRAME_MAX);
  vls_ask ask = {.d = c->d, .client = c->id, .msgid = msgid, .result = &result};
  vls_err err = vls_trouble_set(&ask.why, VLS_STATE, "the first call must be hello");
  if (c->greeted) err = run(&ask, m, params);
  if (ask.later)
    c->in_flight++;
  else
    put_answer(c, msgid, err, &ask.why, vls_buf_slice(&result));
  vls_buf_done(&result);
  return true;
}

void vls_calls_answer(vls_daemon *d, uint64_t client, uint64_t msgid, vls_err err,
                      const vls_trouble *why) {
  vls_caller *c = vls_rpcd_find(d, client);
  if (c == NULL) return;
  vls_buf result;
  vls_buf_init(&result, VLS_RPC_FRAME_MAX);
  vls_err put = put_ok(&result);
  VLS_ASSERT(put == VLS_OK);
  if (c->in_flight > 0) c->in_flight--;
  put_answer(c, msgid, err, why, vls_buf_slice(&result));
  vls_buf_done(&result);
}
