/* events.subscribe, events.ack. */
#include <stdio.h>

#include "core/command.h"
#include "core/events.h"

static vls_slice consumer_of(bool has, vls_slice name) {
  return has ? name : vls_slice_str("default");
}

vls_err vls_cmd_subscribe(vls_call *call) {
  vls_core *core = call->core;
  const vls_rpc_subscribe *p = call->params;
  uint64_t newest = core->newest_c << VLS_CURSOR_SHIFT | ((1u << VLS_CURSOR_SHIFT) - 1);
  uint64_t cursor = vls_consumer_get(core->store, consumer_of(p->has_consumer, p->consumer));
  if (p->has_cursor) cursor = p->cursor;
  if (p->has_live && p->live) cursor = newest;
  if (cursor > newest) cursor = newest;
  vls_subscribe(core, call->client, cursor);
  vls_rpc_subscribed r = {.cursor = cursor, .newest = newest};
  return vls_call_put(call, &vls_rpc_subscribed_def, &r);
}

vls_err vls_cmd_ack(vls_call *call) {
  vls_core *core = call->core;
  const vls_rpc_ack *p = call->params;
  uint64_t newest = core->newest_c << VLS_CURSOR_SHIFT | ((1u << VLS_CURSOR_SHIFT) - 1);
  if (p->cursor > newest)
    return vls_call_fail(call, VLS_USAGE, NULL, "there is no event %llu yet",
                         (unsigned long long)p->cursor);
  if (vls_consumer_put(core->store, consumer_of(p->has_consumer, p->consumer), p->cursor) != VLS_OK)
    return vls_call_fail(call, VLS_LIMITED, NULL, "there are %d consumers already",
                         VLS_CONSUMERS_MAX);
  return vls_call_ok(call);
}
