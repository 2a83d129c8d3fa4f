#include "check.h"

#include "proto/rpc.h"
#include "world.h"

static bool is(vls_slice s, const char *text) {
  return vls_slice_eq(s, vls_slice_str(text));
}

static const char *name_of(const sim_world *w, unsigned who) {
  return w->person[who]->name;
}

/* False when the node can't be asked right now. */
static bool list(sim_world *w, unsigned who, const vls_rpc_list *params, vls_slice *ret_result) {
  vls_buf out;
  vls_buf_init(&out, 2048);
  vls_err err = vls_pack_array(&out, 1);
  if (err == VLS_OK) err = vls_wire_encode(&vls_rpc_list_def, params, &out);
  sim_expect(w, err == VLS_OK, "the simulator itself: message.list does not encode");
  bool ok = sim_node_probe(w, w->node[who], "message.list", vls_buf_slice(&out), ret_result);
  vls_buf_done(&out);
  return ok;
}

static size_t split(sim_world *w, vls_slice result, vls_slice *part) {
  size_t n = 0;
  vls_err err = vls_wire_split(result, VLS_WIRE_STRICT, part, SIM_PAGE, &n);
  sim_expect(w, err == VLS_OK, "message.list is not an array, or longer than asked for");
  return n;
}

static void decode(sim_world *w, vls_slice in, vls_rpc_message *ret) {
  vls_wire_fault fault = {0};
  vls_err err = vls_wire_decode(&vls_rpc_message_def, VLS_WIRE_STRICT, in, ret, &fault);
  sim_expect(w, err == VLS_OK, "a message is not as rpc.def has it: %s %s",
             fault.field != NULL ? fault.field : "?", fault.what != NULL ? fault.what : "");
}

void sim_check_arrival(sim_world *w, size_t number, sim_copy *copy, uint64_t n) {
  unsigned from = w->ledger.words[number].from;
  const sim_friend *friend = &w->person[copy->to]->friend[from];
  sim_expect(w, copy->arrived_n == 0 || copy->arrived_n == n,
             "w%zu is at %s's node twice: %" PRIu64 " and %" PRIu64, number, name_of(w, copy->to),
             copy->arrived_n, n);
  if (copy->arrived_n != 0) return;
  copy->missing = false;
  sim_ledger_number(w, copy->to, copy, n);
  sim_expect(w, !copy->refused, "w%zu was refused and arrived at %s's", number,
             name_of(w, copy->to));
  sim_expect(w, !copy->cancelled, "w%zu was cancelled and arrived at %s's", number,
             name_of(w, copy->to));
  sim_expect(w, !friend->is_blocked || friend->changing != 0 || n <= friend->block_line,
             "w%zu is shown to %s, who blocked %s", number, name_of(w, copy->to), name_of(w, from));
  if (copy->n == 0 || copy->returns) return;
  for (size_t i = 0; i < w->ledger.n_words; i++) {
    const sim_copy *other = sim_ledger_copy(w, i, copy->to);
    if (w->ledger.words[i].from != from || other == NULL || other == copy) continue;
    if (other->returns || other->n == 0 || other->arrived_n == 0 || other->gone_to ||
        other->gone_from)
      continue;
    sim_expect(w, (other->n < copy->n) == (other->arrived_n < copy->arrived_n),
               "%s said w%zu and w%zu in one order, %s has them in the other", name_of(w, from), i,
               number, name_of(w, copy->to));
  }
}

/* The text as the recipient's node has it on disk, now. */
static void check_durable(sim_world *w, size_t number, sim_copy *copy) {
  char token[24];
  vls_slice result, part[SIM_PAGE];
  sim_ledger_token(number, token);
  vls_rpc_list params = {.has_search = true, .search = vls_slice_str(token)};
  if (copy->gone_to || copy->missing || !list(w, copy->to, &params, &result)) return;
  size_t n = split(w, result, part), found = 0;
  for (size_t i = 0; i < n; i++) {
    vls_rpc_message message;
    decode(w, part[i], &message);
    if (message.mine || sim_ledger_recognise(w, message.text) != number) continue;
    found++;
    sim_check_arrival(w, number, copy, message.n);
  }
  sim_expect(w, found != 0, "%s was told that w%zu is delivered, but %s's store does not have it",
             name_of(w, w->ledger.words[number].from), number, name_of(w, copy->to));
}

void sim_check_delivered(sim_world *w, size_t number, sim_copy *copy) {
  if (copy->delivered) return;
  copy->delivered = true;
  copy->delivered_at = w->now;
  sim_expect(w, !copy->cancelled, "w%zu was cancelled and is delivered", number);
  check_durable(w, number, copy);
}

void sim_check_read(sim_world *w, size_t number, sim_copy *copy) {
  const sim_friend *friend = &w->person[copy->to]->friend[w->ledger.words[number].from];
  sim_check_delivered(w, number, copy);
  copy->read = true;
  if (copy->gone_to || copy->may_be_read || copy->arrived_n == 0) return;
  sim_expect(w, copy->arrived_n <= friend->marked, "w%zu is read, but %s never said so", number,
             name_of(w, copy->to));
}

static void check_mine(sim_world *w, unsigned who, unsigned other, size_t number,
                       const vls_rpc_message *m) {
  sim_copy *copy = sim_ledger_copy(w, number, other);
  sim_expect(w, copy != NULL && w->ledger.words[number].from == who,
             "%s's node has w%zu as said by %s to %s", name_of(w, who), number, name_of(w, who),
             name_of(w, other));
  sim_expect(w, !copy->refused, "w%zu was refused and is queued", number);
  sim_expect(w, copy->n == 0 || copy->n == m->n, "w%zu is queued twice: %" PRIu64 " and %" PRIu64,
             number, copy->n, m->n);
  sim_ledger_number(w, who, copy, m->n);
  copy->listed_from = w->ledger.examinations;
  bool is_read = is(m->state, "read"), is_delivered = is_read || is(m->state, "delivered");
  sim_expect(w, is_delivered || !copy->delivered, "w%zu was delivered and is %.*s now", number,
             (int)m->state.n, (const char *)m->state.p);
  sim_expect(w, !copy->cancelled || is(m->state, "cancelled"), "w%zu was cancelled and is %.*s",
             number, (int)m->state.n, (const char *)m->state.p);
  if (copy->cancelling && is(m->state, "cancelled")) copy->cancelled = true;
  if (copy->cancel_refused) copy->cancelling = copy->cancel_refused = false;
  if (is_delivered) sim_check_delivered(w, number, copy);
  if (is_read) sim_check_read(w, number, copy);
  if (is(m->state, "failed")) copy->failed = true;
}

static void check_theirs(sim_world *w, unsigned who, unsigned other, size_t number,
                         const vls_rpc_message *m) {
  sim_copy *copy = sim_ledger_copy(w, number, who);
  sim_expect(w, copy != NULL && w->ledger.words[number].from == other,
             "%s's node has w%zu as said by %s to %s", name_of(w, who), number, name_of(w, other),
             name_of(w, who));
  sim_expect(w, is(m->state, "received") || is(m->state, "seen"), "w%zu is received and %.*s",
             number, (int)m->state.n, (const char *)m->state.p);
  copy->listed_to = w->ledger.examinations;
  sim_check_arrival(w, number, copy, m->n);
}

/* The numbers a node gave are in its list, and what was in it stays there. */
static void check_nothing_lost(sim_world *w, unsigned who) {
  for (size_t i = 0; i < w->ledger.n_words; i++) {
    const sim_words *words = &w->ledger.words[i];
    for (unsigned k = 0; k < words->n_copies; k++) {
      const sim_copy *copy = &words->copy[k];
      bool sent = words->from == who && copy->n != 0 && !copy->gone_from;
      bool got = copy->to == who && (copy->delivered || copy->arrived_n != 0) && !copy->gone_to &&
                 !copy->missing;
      sim_expect(w, !sent || copy->listed_from == w->ledger.examinations,
                 "w%zu was acknowledged to %s as %" PRIu64 " and is not in the list", i,
                 name_of(w, who), copy->n);
      sim_expect(w, !got || copy->listed_to == w->ledger.examinations,
                 "w%zu is %s and is not in %s's list", i, copy->delivered ? "delivered" : "shown",
                 name_of(w, who));
    }
  }
}

void sim_examine(sim_world *w, unsigned who) {
  vls_rpc_list params = {.has_limit = true, .limit = SIM_PAGE, .has_after = true};
  vls_slice result, part[SIM_PAGE];
  if (w->node[who]->core == NULL || w->person[who]->id[0] == '\0') return;
  if (w->node[who]->batch_open || w->node[who]->is_performing) {
    sim_after(w, 1, SIM_EV_LOOK, who, SIM_STRANGER, 0);
    return;
  }
  w->ledger.examinations++;
  for (size_t n = 1; n != 0;) {
    if (!list(w, who, &params, &result)) return; /* a crash was due: after the restart then */
    n = split(w, result, part);
    for (size_t i = 0; i < n; i++) {
      vls_rpc_message m;
      decode(w, part[i], &m);
      sim_expect(w, m.n > params.after, "message.list is out of order");
      params.after = m.n;
      if (sim_actor_said(w, m.text) || (w->club != NULL && m.text.n > 0 && m.text.p[0] == 'g'))
        continue; /* club_check.c */
      unsigned other = sim_person_by_id(w, m.id);
      size_t number = sim_ledger_recognise(w, m.text);
      if (other == SIM_STRANGER) continue; /* whose node was lost, and identity with it */
      if (m.mine)
        check_mine(w, who, other, number, &m);
      else
        check_theirs(w, who, other, number, &m);
    }
  }
  check_nothing_lost(w, who);
}

void sim_check_block(sim_world *w, unsigned who, unsigned other) {
  sim_friend *friend = &w->person[who]->friend[other];
  vls_rpc_list params = {.has_limit = true, .limit = 1};
  vls_slice result, part[SIM_PAGE];
  if (!list(w, who, &params, &result)) {
    sim_after(w, 1, SIM_EV_LOOK, who, other, 0);
    return;
  }
  vls_rpc_message newest = {0};
  if (split(w, result, part) != 0) decode(w, part[0], &newest);
  friend->is_blocked = true;
  friend->block_line = newest.n;
  if (friend->changing != 0) friend->changing--; /* not removed meanwhile */
}
