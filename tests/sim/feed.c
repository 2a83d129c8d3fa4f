#include "feed.h"

#include "check.h"
#include "proto/rpc.h"
#include "world.h"

static bool is(vls_slice s, const char *text) {
  return vls_slice_eq(s, vls_slice_str(text));
}

void sim_feed_subscribed(sim_world *w, sim_person *person, sim_feed *feed, vls_slice result) {
  vls_rpc_subscribed ok;
  vls_err err = vls_wire_decode(&vls_rpc_subscribed_def, VLS_WIRE_STRICT, result, &ok, NULL);
  sim_expect(w, err == VLS_OK, "the answer to events.subscribe is not as rpc.def has it");
  feed->is_subscribed = true;
  feed->at = ok.cursor;
  if (feed->consumer == NULL) {
    sim_expect(w, ok.cursor == ok.newest, "a live subscription begins in the past");
    return;
  }
  sim_expect(w, ok.cursor >= feed->acked && ok.cursor <= feed->asked,
             "%s's consumer %s acknowledged up to %" PRIu64 ", perhaps %" PRIu64
             ", but its cursor is %" PRIu64,
             person->name, feed->consumer, feed->acked, feed->asked, ok.cursor);
  feed->acked = ok.cursor;
}

/* Where in the log the first event after `cursor` is. */
static size_t log_after(const sim_event_log *log, uint64_t cursor) {
  size_t lo = 0, hi = log->n;
  while (lo < hi) {
    size_t mid = lo + (hi - lo) / 2;
    if (log->event[mid].cursor <= cursor)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo;
}

static void log_insert(sim_world *w, sim_event_log *log, size_t i, sim_logged event) {
  sim_expect(w, log->n < SIM_LOG_MAX, "the simulator itself: too many events");
  if (log->n == log->cap) {
    log->cap = log->cap == 0 ? 64 : log->cap * 2;
    log->event = vls_realloc(log->event, log->cap * sizeof *log->event);
  }
  memmove(&log->event[i + 1], &log->event[i], (log->n - i) * sizeof *log->event);
  log->event[i] = event;
  log->n++;
}

/* What of an event stays the same for ever: not the petname, which is today's. */
static uint64_t hash_event(const vls_rpc_event *event) {
  uint64_t numbers[] = {event->cursor, event->at,   event->contact, event->n,
                        event->first,  event->last, event->stamp};
  uint64_t hash = sim_hash(SIM_HASH_START, event->type);
  hash = sim_hash(hash, vls_slice_of(numbers, sizeof numbers));
  hash = sim_hash(hash, event->text);
  return sim_hash(hash, event->item);
}

/* True when nobody heard of it before. */
static bool check_order(sim_world *w, sim_person *person, sim_feed *feed,
                        const vls_rpc_event *event) {
  sim_event_log *log = &person->log;
  sim_expect(w, event->cursor > feed->at,
             "%s's consumer %s hears of event %" PRIu64 " after %" PRIu64
             ": twice, or out of order",
             person->name, feed->consumer, event->cursor, feed->at);
  size_t i = log_after(log, feed->at);
  const char *name = feed->consumer != NULL ? feed->consumer : "(live)";
  sim_logged told = {event->cursor, feed->at, hash_event(event), event->contact, false};
  feed->at = event->cursor;
  for (; i < log->n && log->event[i].cursor < told.cursor; i++)
    sim_expect(w, log->event[i].is_gone || (w->club != NULL && log->event[i].contact != 0),
               "%s's consumer %s is not told of event %" PRIu64 " but of %" PRIu64, person->name,
               name, log->event[i].cursor, told.cursor);
  sim_logged *next = i < log->n ? &log->event[i] : NULL;
  if (next == NULL || next->cursor != told.cursor) {
    sim_expect(w, next == NULL || told.cursor <= next->after,
               "%s's consumer %s is told of event %" PRIu64 ", which another was not", person->name,
               name, told.cursor);
    log_insert(w, log, i, told);
    return true;
  }
  sim_expect(w, next->hash == told.hash, "event %" PRIu64 " of %s was another one before",
             told.cursor, person->name);
  if (told.after < next->after) next->after = told.after;
  return false;
}

static void on_message(sim_world *w, sim_person *person, const vls_rpc_event *event) {
  if (sim_actor_said(w, event->text)) return;
  if (event->has_author || (w->club != NULL && event->text.n > 0 && event->text.p[0] == 'g')) {
    if (event->has_author) sim_club_heard(w, person->who, event->text, event->author_id, false);
    return;
  }
  size_t number = sim_ledger_recognise(w, event->text);
  unsigned from = w->ledger.words[number].from;
  sim_copy *copy = sim_ledger_copy(w, number, person->who);
  sim_friend *friend = &person->friend[from];
  sim_expect(w, copy != NULL, "%s got w%zu, which is not for them", person->name, number);
  sim_expect(w, !copy->announced, "w%zu is shown to %s twice", number, person->name);
  sim_expect(w, !friend->known || friend->number == event->contact,
             "w%zu is shown to %s as from somebody else", number, person->name);
  sim_expect(w, event->has_n, "w%zu is announced to %s without its number", number, person->name);
  copy->announced = true;
  if (event->n > friend->newest) friend->newest = event->n;
  sim_check_arrival(w, number, copy, event->n);
}

/* My texts first..last to this contact: what the other side's store must then hold. */
static void on_receipt(sim_world *w, sim_person *person, const vls_rpc_event *event, bool is_read) {
  unsigned other = sim_person_by_contact(person, event->contact);
  sim_expect(w, event->has_first && event->has_last && event->first <= event->last,
             "a %.*s event without a range", (int)event->type.n, (const char *)event->type.p);
  if (other == SIM_STRANGER) return; /* removed meanwhile, or not listed yet */
  for (size_t i = 0; i < w->ledger.n_words; i++) {
    sim_copy *copy = sim_ledger_copy(w, i, other);
    if (w->ledger.words[i].from != person->who || copy == NULL || copy->n == 0) continue;
    if (copy->n < event->first || copy->n > event->last || copy->cancelling || copy->cancelled)
      continue;
    if (is_read)
      sim_check_read(w, i, copy);
    else
      sim_check_delivered(w, i, copy);
  }
}

static void on_failed(sim_world *w, sim_person *person, const vls_rpc_event *event) {
  size_t number;
  sim_copy *copy = event->has_n ? sim_ledger_sent(w, person->who, event->n, &number) : NULL;
  if (copy == NULL) return;
  copy->failed = true;
  sim_expect(w, !copy->delivered, "w%zu failed after it was delivered", number);
}

void sim_feed_notified(sim_world *w, sim_person *person, sim_feed *feed, vls_slice bytes) {
  vls_slice part[3], params[1], method = {0};
  size_t n = 0, n_params = 0;
  vls_rpc_event event;
  vls_wire_fault fault = {0};
  vls_err err = vls_wire_split(bytes, VLS_WIRE_STRICT, part, 3, &n);
  if (err == VLS_OK && n == 3) err = vls_wire_get_str(part[1], &method);
  if (err == VLS_OK && n == 3) err = vls_wire_split(part[2], VLS_WIRE_STRICT, params, 1, &n_params);
  sim_expect(w, err == VLS_OK && n == 3 && n_params == 1 && is(method, "event"),
             "a notification is not MessagePack-RPC");
  err = vls_wire_decode(&vls_rpc_event_def, VLS_WIRE_STRICT, params[0], &event, &fault);
  sim_expect(w, err == VLS_OK, "an event is not as rpc.def has it: %s %s",
             fault.field != NULL ? fault.field : "?", fault.what != NULL ? fault.what : "");
  sim_trace_line(w, person->who,
                 "event %" PRIu64 " %.*s, contact %" PRIu64 " n %" PRIu64 " first %" PRIu64
                 " last %" PRIu64,
                 event.cursor, (int)event.type.n, (const char *)event.type.p, event.contact,
                 event.n, event.first, event.last);
  sim_expect(w, feed->is_subscribed, "%s hears of events and did not subscribe", person->name);
  bool was_told = w->node[person->who]->batch > feed->slow_batch + 1;
  sim_expect(w, !feed->is_slow || !was_told, "a client that reads slowly is told of more events");
  sim_expect(w, !is(event.type, VLS_EV_GAP), "events were dropped in a world this young");
  sim_expect(w, w->weather.may_alarm || !is(event.type, VLS_EV_ALARM),
             "%s is alarmed for nothing: %.*s", person->name, (int)event.text.n,
             (const char *)event.text.p);
  if (!check_order(w, person, feed, &event)) return;
  if (is(event.type, VLS_EV_MESSAGE))
    on_message(w, person, &event);
  else if (is(event.type, VLS_EV_DELIVERED))
    on_receipt(w, person, &event, false);
  else if (is(event.type, VLS_EV_READ))
    on_receipt(w, person, &event, true);
  else if (is(event.type, VLS_EV_FAILED))
    on_failed(w, person, &event);
  else if (is(event.type, VLS_EV_ALARM))
    person->alarms++;
  else
    sim_expect(w, is(event.type, VLS_EV_CONTACT) || is(event.type, "group"),
               "an event of an unknown type");
  if (!is(event.type, VLS_EV_MESSAGE) && !is(event.type, VLS_EV_DELIVERED))
    sim_person_ask(w, person, &(sim_errand){.deed = SIM_CONTACTS});
}

void sim_feed_forget(sim_person *person, uint64_t contact) {
  for (size_t i = 0; i < person->log.n; i++)
    if (person->log.event[i].contact == contact) person->log.event[i].is_gone = true;
}

void sim_feed_slow(sim_world *w, sim_person *person, unsigned via, bool is_slow) {
  sim_feed *feed = &person->conn[via];
  if (feed->client == 0 || feed->is_slow == is_slow) return;
  feed->is_slow = is_slow;
  feed->slow_batch = w->node[person->who]->batch + (w->node[person->who]->batch_open ? 0 : 1);
  vls_input in = {.type = is_slow ? VLS_IN_FULL : VLS_IN_DRAINED, .client = feed->client};
  sim_node_feed(w, w->node[person->who], &in);
}
