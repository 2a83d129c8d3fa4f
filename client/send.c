#include "client/send.h"

#include <inttypes.h>
#include <stdlib.h>

#include "client/feed.h"
#include "client/list.h"

enum {
  LOOK_MS = 2000,       /* asks again after so long without an event */
  SPEAK_MS = 1000,      /* silence before a person is told what it waits for */
  AGAIN_MS = 10 * 1000, /* the longest a send waits for a node that was lost in the middle of it */
};

static void keep(char *ret, size_t size, vls_slice s) {
  size_t n = s.n < size - 1 ? s.n : size - 1;
  if (n > 0) memcpy(ret, s.p, n);
  ret[n] = '\0';
}

static void keep_problem(vls_delivery *d, vls_slice s) {
  free(d->problem);
  d->problem = vls_calloc(s.n + 1, 1);
  memcpy(d->problem, s.p, s.n);
}

static vls_err keep_answers(vls_sending *s, vls_slice result) {
  vls_items items;
  vls_slice item;
  vls_rpc_sent sent;
  vls_err err = vls_list_open(s->cli, result, &items);
  while (err == VLS_OK && s->n < VLS_RECIPIENTS_MAX && vls_items_next(&items, &item)) {
    err = vls_cli_decode(s->cli, &vls_rpc_sent_def, item, &sent);
    if (err != VLS_OK) return err;
    vls_delivery *d = &s->list[s->n++];
    keep(d->to, sizeof d->to, sent.to);
    if (sent.has_name) keep(d->name, sizeof d->name, sent.name);
    d->n = sent.n;
    if (sent.has_problem) keep_problem(d, sent.problem);
    if (sent.n > 0) {
      keep(d->state, sizeof d->state, vls_slice_str("queued"));
      continue;
    }
    char name[65] = "";
    if (sent.has_error) keep(name, sizeof name, sent.error);
    d->err = vls_err_from_name(name);
    if (d->err == VLS_OK) d->err = VLS_SYSTEM;
  }
  if (err == VLS_OK && s->n != s->ask->n_to)
    return vls_fail(s->cli, VLS_MALFORMED, "valise outbox list",
                    "valised answered for another number of recipients");
  return err;
}

/* A connection lost before the answer leaves open whether the text is queued. The same cid again
 * settles it. */
static vls_err send_surely(vls_sending *s, vls_feed *feed, uint64_t deadline) {
  vls_slice result;
  uint64_t limit = vls_when_mono() + AGAIN_MS;
  if (limit > deadline) limit = deadline;
  for (;;) {
    vls_err err = vls_call(s->cli, "send", &vls_rpc_send_def, s->ask, &result);
    if (err == VLS_OK) return keep_answers(s, result);
    if (err != VLS_NO_DAEMON || s->cli->conn == NULL) return err; /* never connected: not sent */
    err = vls_feed_resume(feed, limit);
    if (err == VLS_NO_DAEMON)
      return vls_fail(s->cli, err, "valise outbox list",
                      "valised went away before it answered; the text may have been queued");
    if (err != VLS_OK) return err;
  }
}

static bool is(const char *state, const char *other) {
  return strcmp(state, other) == 0;
}

/* Only what the node says counts, never what an event seems to mean. */
static vls_err look(vls_sending *s, size_t *ret_pending) {
  vls_rpc_message message;
  *ret_pending = 0;
  for (size_t i = 0; i < s->n; i++) {
    vls_delivery *d = &s->list[i];
    if (d->n == 0 || is(d->state, "delivered") || is(d->state, "read") || d->err != VLS_OK)
      continue;
    vls_rpc_n ask = {.n = d->n};
    vls_err err =
        vls_call_for(s->cli, "message.get", &vls_rpc_n_def, &ask, &vls_rpc_message_def, &message);
    if (err != VLS_OK) return err;
    keep(d->state, sizeof d->state, message.state);
    if (message.has_problem) keep_problem(d, message.problem);
    if (message.has_receipts && message.has_of) {
      d->receipts = message.receipts;
      d->of = message.of;
    }
    if (is(d->state, "failed") || is(d->state, "cancelled"))
      d->err = VLS_STATE;
    else if (!is(d->state, "delivered") && !is(d->state, "read"))
      ++*ret_pending;
  }
  return VLS_OK;
}

/* "Waiting for Bao and 2 others (3 s)", on one line of the terminal; one sentence where lines that
 * change cannot be followed. */
static void speak(const vls_sending *s, uint64_t waited_ms, bool *spoken) {
  vls_cli *cli = s->cli;
  const char *who = "";
  char part[64] = "";
  size_t others = 0;
  if (!cli->tty_err || cli->quiet || cli->mode != VLS_HUMAN || (cli->accessible && *spoken)) return;
  for (size_t i = 0; i < s->n; i++) {
    const vls_delivery *d = &s->list[i];
    if (d->n == 0 || d->err != VLS_OK || is(d->state, "delivered") || is(d->state, "read"))
      continue;
    if (who[0] != '\0') {
      others++;
      continue;
    }
    who = d->name[0] != '\0' ? d->name : d->to;
    if (d->of > 0)
      (void)snprintf(part, sizeof part, ": %" PRIu64 " of %" PRIu64 " have it", d->receipts, d->of);
  }
  char more[32] = "";
  if (others > 0) (void)snprintf(more, sizeof more, " and %zu more", others);
  if (cli->accessible) {
    vls_out_line(&cli->err, "Still waiting for %s%s%s.", who, more, part);
  } else {
    vls_out_raw(&cli->err, "\r", 1);
    vls_out_put(&cli->err, "Waiting for %s%s%s (%u s) ", who, more, part,
                (unsigned)(waited_ms / 1000));
  }
  *spoken = true;
  (void)fflush(cli->err.file);
}

static void hush(const vls_sending *s, bool spoken) {
  if (spoken && !s->cli->accessible) vls_out_raw(&s->cli->err, "\r\033[K", 4);
}

static vls_err wait_for_all(vls_sending *s, vls_feed *feed, uint64_t deadline) {
  uint64_t started = vls_when_mono();
  bool spoken = false;
  size_t pending;
  vls_err err;
  for (;;) {
    err = look(s, &pending);
    if (err == VLS_NO_DAEMON) err = vls_feed_resume(feed, deadline);
    if (err == VLS_NO_DAEMON) break; /* it may be back later: the texts are on its disk */
    if (err != VLS_OK || pending == 0) break;
    uint64_t now = vls_when_mono();
    if (now >= deadline) break;
    if (now - started >= SPEAK_MS) speak(s, now - started, &spoken);
    uint64_t until = now + (now - started < SPEAK_MS ? SPEAK_MS : LOOK_MS);
    vls_rpc_event event;
    err = vls_feed_next(feed, until < deadline ? until : deadline, &event);
    if (err != VLS_OK && err != VLS_AGAIN && err != VLS_NO_DAEMON) break;
  }
  hush(s, spoken);
  if (err != VLS_OK && err != VLS_AGAIN && err != VLS_NO_DAEMON) return err;
  for (size_t i = 0; i < s->n; i++) {
    vls_delivery *d = &s->list[i];
    bool there = is(d->state, "delivered") || is(d->state, "read");
    if (d->n > 0 && d->err == VLS_OK && !there) d->err = VLS_TIMEOUT;
  }
  return VLS_OK;
}

vls_err vls_send(vls_sending *s, uint64_t deadline) {
  vls_feed feed = {.cli = s->cli, .live = true};
  vls_err err = VLS_OK;
  if (s->wait == VLS_WAIT_DELIVERED) err = vls_feed_open(&feed);
  if (err == VLS_OK) err = send_surely(s, &feed, deadline);
  if (err == VLS_OK && s->wait == VLS_WAIT_DELIVERED) err = wait_for_all(s, &feed, deadline);
  return err;
}

void vls_sending_done(vls_sending *s) {
  for (size_t i = 0; i < s->n; i++)
    free(s->list[i].problem);
  s->n = 0;
}
