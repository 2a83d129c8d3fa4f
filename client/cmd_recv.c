#include <inttypes.h>

#include "client/feed.h"
#include "client/show.h"
#include "client/when.h"

enum { COUNT_MOST = 1000000 };

typedef struct receiving {
  vls_feed feed;
  uint64_t wanted, left; /* texts: all, and those still to come */
  uint64_t deadline;     /* vls_when_mono, or VLS_NEVER */
  bool ack;
} receiving;

/* Printed first, acknowledged after: a text may come twice, never not at all. */
static vls_err deal_with(vls_cli *cli, receiving *r, const vls_rpc_event *event) {
  if (vls_slice_eq(event->type, vls_slice_str(VLS_EV_GAP)))
    vls_cli_note(cli, "Older events were dropped unread; the texts themselves are in valise read.");
  if (!vls_slice_eq(event->type, vls_slice_str(VLS_EV_MESSAGE))) return VLS_OK;
  uint64_t cursor = event->cursor;
  vls_show_event(cli, event);
  r->left--;
  if (vls_out_flush(&cli->out) != VLS_OK)
    return vls_fail(cli, VLS_SYSTEM, NULL,
                    "the output could not be written; nothing was acknowledged");
  return r->ack ? vls_feed_ack(&r->feed, cursor) : VLS_OK;
}

static vls_err receive(vls_cli *cli, receiving *r) {
  vls_err err = vls_feed_open(&r->feed);
  while (err == VLS_OK && r->left > 0) {
    vls_rpc_event event;
    err = vls_feed_next(&r->feed, r->deadline, &event);
    if (err == VLS_AGAIN)
      return vls_fail(cli, VLS_TIMEOUT, NULL, "%" PRIu64 " of %" PRIu64 " texts came in time",
                      r->wanted - r->left, r->wanted);
    if (err == VLS_OK) err = deal_with(cli, r, &event);
  }
  return err;
}

static vls_err run(vls_cli *cli, const vls_args *args) {
  receiving r = {.feed = {.cli = cli, .consumer = vls_args_opt(args, "consumer")},
                 .left = 1,
                 .deadline = VLS_NEVER,
                 .ack = vls_args_flag(args, "ack")};
  uint64_t timeout = VLS_NEVER;
  vls_slice checked;
  vls_err err = vls_args_number(cli, args, "count", 1, COUNT_MOST, &r.left);
  r.wanted = r.left;
  if (err == VLS_OK) err = vls_args_span(cli, args, "timeout", &timeout);
  if (err == VLS_OK && r.feed.consumer != NULL)
    err = vls_cli_word(cli, &vls_rpc_subscribe_def, "consumer", r.feed.consumer, &checked);
  if (timeout != VLS_NEVER) r.deadline = vls_when_mono() + timeout;
  return err == VLS_OK ? receive(cli, &r) : err;
}

static const vls_opt opts[] = {
    {"count", 'n', VLS_KIND_TEXT, "N", "texts to wait for; 1 when not given", NULL},
    {"timeout", 't', VLS_KIND_SPAN, "SPAN", "for how long; for ever when not given", NULL},
    {"ack", 'a', VLS_KIND_FLAG, NULL, "each text, once printed, does not come again", NULL},
    {"consumer", 0, VLS_KIND_TEXT, "NAME", "whose place in the queue; default when not given",
     NULL},
    VLS_OPTS_END,
};

const vls_cmd vls_cmd_recv = {
    .name = "recv",
    .operands = "",
    .summary = "Wait for texts, for scripts",
    .about = "Prints texts in the order they arrived, beginning with the first one this\n"
             "consumer has not acknowledged. Without --ack nothing is acknowledged and the\n"
             "same texts come again: deal with a text first, then acknowledge its cursor (it\n"
             "is in the --json output):\n"
             "\n"
             "  valise recv --json --timeout 1m\n"
             "  valise rpc events.ack '{\"cursor\": 17}'\n"
             "\n"
             "Exit code 6: the timeout passed before all the texts had come. With --plain\n"
             "the columns are: cursor, type, time, name, first and last number, text, author\n"
             "(in a group). recv marks nothing as read.\n",
    .opts = opts,
    .run = run,
};
