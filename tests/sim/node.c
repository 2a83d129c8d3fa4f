#include "node.h"

#include <malloc.h>

#include "proto/wire.h"
#include "world.h"

#if defined(__SANITIZE_ADDRESS__)
#define SIM_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SIM_ASAN 1
#endif
#endif
#ifdef SIM_ASAN
size_t __sanitizer_get_current_allocated_bytes(void); /* clang alone has a header for it */
#endif

enum {
  DOWN_MS = 500,   /* until the supervisor starts it again */
  QUIET_MS = 3000, /* without a write: the daemon's VLS_QUIET_MS */
};

#define SIM_EPOCH_MS INT64_C(1750000000000) /* the wall clock of an honest node at time 0 */

size_t sim_heap_bytes(void) {
#ifdef SIM_ASAN
  return __sanitizer_get_current_allocated_bytes();
#else
  struct mallinfo2 m = mallinfo2();
  return m.uordblks + m.hblkhd;
#endif
}

vls_now sim_node_clock(const sim_world *w, const sim_node *node) {
  return (vls_now){.mono_ms = node->mono_start + w->now,
                   .wall_ms = SIM_EPOCH_MS + (int64_t)w->now + node->skew_ms};
}

sim_node *sim_node_new(sim_world *w, unsigned who) {
  sim_node *node = vls_calloc(1, sizeof *node);
  node->who = who;
  node->house = who + 1;
  node->entropy = sim_rng_new(w->seed, 100 + who);
  node->mono_start = sim_rng_below(&node->entropy, SIM_DAY);
  node->timer_set = VLS_NEVER;
  vls_buf_init(&node->probe_reply, SIM_PROBE_MAX);
  sim_store_init(w, node);
  return node;
}

void sim_node_free(sim_world *w, sim_node *node) {
  if (node == NULL) return;
  if (node->core != NULL) sim_node_crash(w, node, VLS_NEVER);
  vls_store_close(node->store);
  vls_buf_done(&node->probe_reply);
  free(node);
}

static void tell_addresses(sim_world *w, sim_node *node) {
  char text[SIM_ADDRESS];
  sim_net_address(node->house, text);
  vls_slice list[1] = {vls_slice_str(text)};
  sim_node_feed(
      w, node,
      &(vls_input){
          .type = VLS_IN_ADDRESSES, .list = list, .n_list = 1, .list2 = list, .n_list2 = 1});
}

static void die(sim_world *w, sim_node *node);

static void expect_silence(sim_world *w, sim_node *node, const char *when) {
  vls_output out = {0};
  sim_expect(w, !vls_core_poll(node->core, &out),
             "disk before wire: an output of %s (type %d) came out %s", w->person[node->who]->name,
             (int)out.type, when);
}

/* After a commit that failed: the calls of the batch may hear that it did, and nobody anything
 * else. Whoever asked takes it for an answer that was lost, and asks again. */
static void expect_errors_only(sim_world *w, sim_node *node) {
  vls_output out = {0};
  while (vls_core_poll(node->core, &out)) {
    vls_slice part[4];
    size_t n = 0;
    bool is_error = out.type == VLS_OUT_REPLY &&
                    vls_wire_split(out.bytes, VLS_WIRE_STRICT, part, 4, &n) == VLS_OK && n == 4 &&
                    !vls_wire_is_nil(part[2]);
    sim_expect(w, is_error || out.type == VLS_OUT_LOG,
               "disk before wire: an output of %s (type %d) came out after a commit that failed",
               w->person[node->who]->name, (int)out.type);
  }
}

/* The disk failed its store: what the daemon does then. False: the node is gone. Only a strike may
 * bring it about. */
static bool went_well(sim_world *w, sim_node *node, vls_err err) {
  if (sim_store_is_cut(w, node)) {
    die(w, node);
    return false;
  }
  if (err == VLS_OK) return true;
  sim_expect(w, w->strike.is_on && w->strike.who == node->who, "the store of %s fails: %s (%s)",
             w->person[node->who]->name, vls_err_name(err),
             node->store != NULL ? vls_store_problem(node->store) : "");
  sim_trace_line(w, node->who, "its store fails: %s", vls_err_name(err));
  bool is_full = w->strike.blow->fault == DISK_FULL;
  sim_expect(w, is_full == (err == VLS_FULL), "what %s's disk did is called '%s'",
             w->person[node->who]->name, vls_err_name(err));
  node->has_no_room = is_full;
  if (node->core != NULL) {
    vls_core_committed(node->core, err);
    sim_expect(w, vls_core_poisoned(node->core), "a failed commit does not poison the core of %s",
               w->person[node->who]->name);
    expect_errors_only(w, node);
  }
  /* The process ends by itself, or is killed when it would. */
  bool is_killed = w->strike.blow->leaving == SIM_LEAVE_KILLED;
  node->place.leaving = is_killed ? SIM_LEAVE_KILLED : SIM_LEAVE_CLOSED;
  die(w, node);
  return false;
}

void sim_node_start(sim_world *w, sim_node *node) {
  if (node->core != NULL) return;
  uint8_t seed[32];
  sim_rng_fill(&node->entropy, seed, sizeof seed);
  node->life++;
  node->batch_open = false;
  node->timer_set = VLS_NEVER;
  node->is_stopping = node->is_quiet_set = false;
  node->busy_count = 0;
  node->probe_client = 0;
  sim_trace_line(w, node->who, "starts, life %u", node->life);
  if (node->has_no_room) disk_mend(w->disk.d); /* what was kept in reserve makes way */
  vls_core_conf conf = {.seed = seed,
                        .version = "sim",
                        .items_per_event = node->items_per_event,
                        .no_room = node->has_no_room,
                        .history_max = node->history_max};
  vls_err err = sim_store_open(w, node);
  conf.store = node->store;
  if (err == VLS_OK) err = vls_core_new(&node->core, &conf, sim_node_clock(w, node));
  if (!went_well(w, node, err)) return;
  if (node->has_no_room) sim_after(w, 5 * SIM_SECOND, SIM_EV_ROOM, node->who, node->life, 0);
  node->has_no_room = false;
  tell_addresses(w, node);
  if (node->core != NULL) sim_person_node_up(w, w->person[node->who]);
}

/* The core, and what knows of it. */
static void end_life(sim_world *w, sim_node *node) {
  node->crashes++;
  node->batch_open = false;
  node->crash_point = SIM_CRASH_NONE;
  sim_net_node_died(w, node->who);
  sim_person_node_down(w, w->person[node->who]);
}

void sim_node_crash(sim_world *w, sim_node *node, uint64_t down_ms) {
  if (node->core == NULL) return;
  sim_trace_line(w, node->who, "crashes%s", node->batch_open ? " in the middle of a batch" : "");
  size_t before = sim_heap_bytes();
  vls_core_free(node->core);
  node->is_performing = false;
  size_t after = sim_heap_bytes();
  node->last_core_bytes = before > after ? before - after : 0;
  if (node->last_core_bytes > node->core_bytes) node->core_bytes = node->last_core_bytes;
  node->core = NULL;
  sim_store_leave(w, node);
  end_life(w, node);
  if (down_ms != VLS_NEVER) sim_after(w, down_ms, SIM_EV_RESTART, node->who, 0, 0);
}

/* With or without a core. */
static void die(sim_world *w, sim_node *node) {
  if (node->core != NULL) {
    sim_node_crash(w, node, DOWN_MS);
    return;
  }
  sim_trace_line(w, node->who, "is gone before it was there");
  sim_store_leave(w, node);
  end_life(w, node);
  sim_after(w, DOWN_MS, SIM_EV_RESTART, node->who, 0, 0);
}

void sim_node_stop(sim_world *w, sim_node *node, uint64_t down_ms) {
  if (node->core == NULL) return;
  sim_trace_line(w, node->who, "is stopped in good order");
  node->is_stopping = true;
  vls_core_drain(node->core, sim_node_clock(w, node));
  sim_node_end_batch(w, node);
  if (node->core == NULL) return; /* a planned crash came first */
  node->place.leaving = SIM_LEAVE_CLOSED;
  sim_node_crash(w, node, down_ms);
}

void sim_node_plan_crash(sim_node *node, sim_crash_point point, uint64_t nth, uint64_t down_ms) {
  node->crash_point = point;
  node->crash_commit = node->commits + nth;
  node->crash_down_ms = down_ms;
}

void sim_node_lose_everything(sim_world *w, sim_node *node) {
  sim_store_lose(w, node);
}

void sim_node_move(sim_world *w, sim_node *node, unsigned house) {
  node->house = house;
  sim_trace_line(w, node->who, "moves to house %u", house);
  tell_addresses(w, node);
  sim_node_feed(w, node, &(vls_input){.type = VLS_IN_NETWORK});
}

void sim_node_feed(sim_world *w, sim_node *node, const vls_input *in) {
  if (node->core == NULL) return;
  if (!node->batch_open) {
    node->batch_open = true;
    node->batch_inputs = 0;
    uint64_t delay = sim_rng_below(&w->net_rng, VLS_BATCH_MS + 1);
    sim_after(w, delay, SIM_EV_BATCH, node->who, node->life, ++node->batch);
  }
  sim_meter meter = sim_meter_begin(w);
  vls_err err = vls_core_feed(node->core, in, sim_node_clock(w, node));
  sim_meter_end(w, node, &meter);
  if (!went_well(w, node, err)) return;
  expect_silence(w, node, "before its batch was sealed");
  if (++node->batch_inputs >= VLS_BATCH_INPUTS) sim_node_end_batch(w, node);
}

void sim_node_command(sim_world *w, sim_node *node, uint64_t client, uint64_t msgid,
                      const char *method, vls_slice params) {
  sim_node_feed(w, node,
                &(vls_input){.type = VLS_IN_COMMAND,
                             .client = client,
                             .msgid = msgid,
                             .text = vls_slice_str(method),
                             .bytes = params});
}

/* What the daemon would do with one output. */
static void perform(sim_world *w, sim_node *node, const vls_output *out) {
  switch (out->type) {
  case VLS_OUT_DIAL:
    sim_trace_line(w, node->who, "dials %.*s", (int)out->list[0].n, (const char *)out->list[0].p);
    sim_net_dial(w, node->who, out->link, out->list, out->n_list);
    return;
  case VLS_OUT_SEND:
    sim_trace_line(w, node->who, "link %" PRIx64 " sends %zu bytes %016" PRIx64, out->link,
                   out->bytes.n, sim_hash(SIM_HASH_START, out->bytes));
    sim_net_send(w, node->who, out->link, out->bytes);
    return;
  case VLS_OUT_CLOSE:
    sim_trace_line(w, node->who, "link %" PRIx64 " closes", out->link);
    sim_net_close(w, node->who, out->link);
    return;
  case VLS_OUT_PAUSE: sim_net_pause(w, node->who, out->link, true); return;
  case VLS_OUT_RESUME: sim_net_pause(w, node->who, out->link, false); return;
  case VLS_OUT_REPLY:
  case VLS_OUT_NOTIFY:
    if (out->client != node->probe_client) {
      sim_person_hear(w, w->person[node->who], out);
    } else {
      vls_buf_clear(&node->probe_reply);
      vls_err err = vls_buf_put_slice(&node->probe_reply, out->bytes);
      sim_expect(w, err == VLS_OK, "a reply is larger than a frame may be");
    }
    return;
  case VLS_OUT_LOG:
    sim_trace_line(w, node->who, "log %d: %.*s", (int)out->level, (int)out->text.n,
                   (const char *)out->text.p);
    return;
  }
  sim_fail(w, "an output of an unknown type %d", (int)out->type);
}

static bool crash_here(sim_world *w, sim_node *node, sim_crash_point point) {
  if (node->crash_point != point || node->commits != node->crash_commit) return false;
  sim_node_crash(w, node, node->crash_down_ms);
  return true;
}

static void expect_quiet(sim_world *w, sim_node *node) {
  if (node->place.kind == SIM_STORE_MEMORY || node->is_quiet_set) return;
  node->is_quiet_set = true;
  sim_after(w, QUIET_MS, SIM_EV_QUIET, node->who, node->life, 0);
}

void sim_node_quiet(sim_world *w, sim_node *node) {
  node->is_quiet_set = false;
  if (w->now - node->written_at < QUIET_MS) {
    expect_quiet(w, node);
    return;
  }
  sim_trace_line(w, node->who, "moves its log");
  vls_store_checkpoint(node->store);
  went_well(w, node, VLS_OK);
}

/* False: the node is gone. */
static bool commit(sim_world *w, sim_node *node) {
  expect_silence(w, node, "after the seal and before the commit");
  node->commits++;
  if (crash_here(w, node, SIM_CRASH_SEALED)) return false;
  if (node->crash_point == SIM_CRASH_DISK && node->commits == node->crash_commit) {
    vls_core_committed(node->core, VLS_FULL);
    sim_expect(w, vls_core_poisoned(node->core), "a failed commit does not poison the core of %s",
               w->person[node->who]->name);
    expect_errors_only(w, node);
    sim_node_crash(w, node, node->crash_down_ms);
    return false;
  }
  if (!went_well(w, node, vls_store_commit(node->store))) return false;
  vls_core_committed(node->core, VLS_OK);
  node->written_at = w->now;
  expect_quiet(w, node);
  return !crash_here(w, node, SIM_CRASH_COMMITTED);
}

/* False: the node is gone. */
static bool tick(sim_world *w, sim_node *node, vls_now now) {
  if (!went_well(w, node, vls_core_tick(node->core, now))) return false;
  expect_silence(w, node, "of a tick before its batch was sealed");
  node->ticks++;
  return true;
}

/* A timer that is due again at the instant it fired, and nothing came of it, would keep a real node
 * awake for ever. */
static void check_progress(sim_world *w, sim_node *node, vls_now now, bool did_something) {
  if (node->busy_at != now.mono_ms || did_something) node->busy_count = 0;
  node->busy_at = now.mono_ms;
  if (vls_core_deadline(node->core) > now.mono_ms) return;
  sim_expect(w, ++node->busy_count <= SIM_BUSY_TICKS,
             "a busy timer: %s's deadline does not move on after a tick",
             w->person[node->who]->name);
}

static void set_timer(sim_world *w, sim_node *node) {
  uint64_t deadline = vls_core_deadline(node->core);
  if (deadline == VLS_NEVER || deadline == node->timer_set) return;
  uint64_t now = sim_node_clock(w, node).mono_ms;
  node->timer_set = deadline;
  sim_after(w, deadline > now ? deadline - now : 0, SIM_EV_TIMER, node->who, node->life, deadline);
}

static bool poll(sim_world *w, sim_node *node, vls_output *ret_out) {
  sim_meter meter = sim_meter_begin(w);
  node->is_performing = vls_core_poll(node->core, ret_out);
  sim_meter_end(w, node, &meter);
  return node->is_performing;
}

void sim_node_end_batch(sim_world *w, sim_node *node) {
  vls_now now = sim_node_clock(w, node);
  uint8_t fresh[32];
  sim_rng_fill(&node->entropy, fresh, sizeof fresh);
  node->batch_open = true; /* no second event for this batch */
  node->batch_inputs = 0;
  sim_node_feed(w, node, &(vls_input){.type = VLS_IN_ENTROPY, .bytes = {fresh, sizeof fresh}});
  if (node->core == NULL) return;
  sim_meter meter = sim_meter_begin(w);
  bool ticked = vls_core_deadline(node->core) <= now.mono_ms;
  if (ticked && !tick(w, node, now)) return;
  bool is_dirty = vls_core_seal(node->core, now);
  if (!went_well(w, node, VLS_OK)) return;
  node->batch_open = false;
  node->batch++;
  if (is_dirty && !commit(w, node)) return;
  sim_meter_end(w, node, &meter);
  if (is_dirty) sim_trace_line(w, node->who, "commit %" PRIu64, node->commits);
  vls_output out;
  unsigned n = 0;
  for (; node->core != NULL && poll(w, node, &out); n++) {
    if (n > 0 && is_dirty && crash_here(w, node, SIM_CRASH_HALFWAY)) return;
    perform(w, node, &out);
  }
  node->is_performing = false;
  if (node->core == NULL || (is_dirty && crash_here(w, node, SIM_CRASH_HALFWAY))) return;
  if (ticked) check_progress(w, node, now, n != 0);
  set_timer(w, node);
}

void sim_node_timer(sim_world *w, sim_node *node, uint64_t deadline) {
  if (node->timer_set != deadline) return;
  node->timer_set = VLS_NEVER;
  if (vls_core_deadline(node->core) <= sim_node_clock(w, node).mono_ms)
    sim_node_end_batch(w, node);
  else
    set_timer(w, node);
}

/* What the examiner wants to know costs nobody anything. */
static void probe_call(sim_world *w, sim_node *node, const char *method, vls_slice params) {
  bool is_metered = w->is_metered;
  w->is_metered = false;
  vls_buf_clear(&node->probe_reply);
  sim_node_command(w, node, node->probe_client, ++node->probe_msgid, method, params);
  if (node->batch_open) sim_node_end_batch(w, node);
  w->is_metered = is_metered;
}

bool sim_node_call(sim_world *w, sim_node *node, const char *method, vls_slice params,
                   vls_slice *ret_error, vls_slice *ret_result) {
  if (node->core == NULL || node->batch_open || node->is_performing) return false;
  if (node->probe_client == 0) {
    uint8_t hello[] = {0x91, 0x81, 0xa3, 'a', 'p', 'i', 1}; /* [{"api": 1}] */
    node->probe_client = ++node->next_client;
    probe_call(w, node, "hello", vls_slice_of(hello, sizeof hello));
    if (node->core == NULL) return false;
  }
  probe_call(w, node, method, params);
  if (node->core == NULL) return false; /* a crash was due at just this commit */
  vls_slice part[4];
  size_t n = 0;
  vls_slice reply = vls_buf_slice(&node->probe_reply);
  vls_err err = vls_wire_split(reply, VLS_WIRE_STRICT, part, 4, &n);
  sim_expect(w, err == VLS_OK && n == 4, "no reply to %s came from %s in its batch", method,
             w->person[node->who]->name);
  *ret_error = vls_slice_of(NULL, 0);
  if (!vls_wire_is_nil(part[2])) err = vls_wire_get_str(part[2], ret_error);
  sim_expect(w, err == VLS_OK, "the error of %s is no text", method);
  *ret_result = part[3];
  return true;
}

bool sim_node_probe(sim_world *w, sim_node *node, const char *method, vls_slice params,
                    vls_slice *ret_result) {
  vls_slice error;
  if (!sim_node_call(w, node, method, params, &error, ret_result)) return false;
  sim_expect(w, error.n == 0, "%s refuses %s: %.*s", w->person[node->who]->name, method,
             (int)error.n, (const char *)error.p);
  return true;
}
