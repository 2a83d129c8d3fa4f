#include "client/feed.h"

#include <poll.h>

#include "client/when.h"

enum {
  PAUSE_MS = 100, /* before the first try to connect again; doubled each time */
  PAUSE_MAX_MS = 2000,
  ACK_MS = 10 * 1000, /* the longest an acknowledgement waits for a node that comes back */
};

static vls_slice consumer_of(const vls_feed *feed) {
  return vls_slice_str(feed->consumer != NULL ? feed->consumer : "default");
}

vls_err vls_feed_open(vls_feed *feed) {
  vls_rpc_subscribe ask = {0};
  vls_rpc_subscribed answer;
  if (feed->live) {
    ask.has_live = ask.live = true;
  } else {
    ask.has_consumer = true;
    ask.consumer = consumer_of(feed);
  }
  if (feed->open) { /* again: after what was seen */
    ask.has_live = ask.live = false;
    ask.has_cursor = true;
    ask.cursor = feed->last;
  }
  vls_err err = vls_call_for(feed->cli, "events.subscribe", &vls_rpc_subscribe_def, &ask,
                             &vls_rpc_subscribed_def, &answer);
  if (err != VLS_OK) return err;
  if (!feed->open) feed->last = answer.cursor;
  feed->open = true;
  feed->newest = answer.newest;
  return VLS_OK;
}

vls_err vls_feed_resume(vls_feed *feed, uint64_t deadline) {
  uint64_t pause = PAUSE_MS;
  for (;;) {
    uint64_t now = vls_when_mono();
    if (now >= deadline) return VLS_NO_DAEMON;
    (void)poll(NULL, 0, (int)(pause < deadline - now ? pause : deadline - now));
    pause = pause * 2 < PAUSE_MAX_MS ? pause * 2 : PAUSE_MAX_MS;
    vls_cli_disconnect(feed->cli);
    vls_err err = vls_feed_open(feed);
    if (err != VLS_NO_DAEMON) return err;
  }
}

vls_err vls_feed_next(vls_feed *feed, uint64_t deadline, vls_rpc_event *ret_event) {
  for (;;) {
    uint64_t now = vls_when_mono(), left = deadline == VLS_NEVER ? VLS_NEVER : 0;
    if (deadline != VLS_NEVER && deadline > now) left = deadline - now;
    vls_slice map;
    vls_err err = vls_conn_event(feed->cli->conn, left, &map, &feed->cli->problem);
    if (err == VLS_OK) {
      err = vls_cli_decode(feed->cli, &vls_rpc_event_def, map, ret_event);
      if (err == VLS_OK) feed->last = ret_event->cursor;
      return err;
    }
    if (err != VLS_NO_DAEMON) return err;
    if (feed->cli->tty_err)
      vls_cli_note(feed->cli, "The connection to valised is lost; waiting for it.");
    err = vls_feed_resume(feed, deadline);
    if (err != VLS_OK) return err;
  }
}

vls_err vls_feed_ack(vls_feed *feed, uint64_t cursor) {
  vls_rpc_ack ask = {.has_consumer = true, .consumer = consumer_of(feed), .cursor = cursor};
  vls_rpc_ok answer;
  for (unsigned tries = 0;; tries++) {
    vls_err err =
        vls_call_for(feed->cli, "events.ack", &vls_rpc_ack_def, &ask, &vls_rpc_ok_def, &answer);
    if (err != VLS_NO_DAEMON || tries > 0) return err;
    err = vls_feed_resume(feed, vls_when_mono() + ACK_MS);
    if (err != VLS_OK) return err;
  }
}
