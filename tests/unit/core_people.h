/* What people do with their nodes, in one line each. */
#ifndef VALISE_TESTS_CORE_PEOPLE_H
#define VALISE_TESTS_CORE_PEOPLE_H

#include "core_pair.h"

static inline world *world_new(int n_nodes) {
  world *w = vls_calloc(1, sizeof *w);
  world_make(w, n_nodes);
  return w;
}

static inline void world_free(world *w) {
  world_end(w);
  free(w);
}

/* The link, in a place of the caller's. */
static inline vls_slice invite(world *w, int who, char link[520]) {
  vls_rpc_invite p = {0};
  vls_rpc_invite_ok ok;
  assert_true(call(w, who, "invite.create", &vls_rpc_invite_def, &p));
  answer(w, who, &vls_rpc_invite_ok_def, &ok);
  copy_slice(link, 520, ok.link);
  return vls_slice_str(link);
}

static inline bool accept_link(world *w, int who, vls_slice link, const char *as) {
  vls_rpc_accept p = {.link = link, .has_as = as != NULL};
  if (as != NULL) p.as = vls_slice_str(as);
  return call(w, who, "invite.accept", &vls_rpc_accept_def, &p);
}

/* `a` takes b's invitation, and both know each other. */
static inline void befriend(world *w, int a, int b) {
  char link[520];
  assert_true(accept_link(w, a, invite(w, b, link), NULL));
  pass(w, 5000);
}

/* Two who talk: Ana took Bao's invitation. */
static inline world *two_friends(void) {
  world *w = world_new(2);
  befriend(w, ANA, BAO);
  return w;
}

/* The contact; its state is "none" when there is none of this name. */
typedef struct contact {
  vls_rpc_contact row;
  char state[17], problem[300], id[70], name[140], claim[70];
} contact;

static inline contact look_up(world *w, int who, const char *whom) {
  contact c = {.state = "none"};
  vls_rpc_who p = {.who = vls_slice_str(whom)};
  if (!call(w, who, "contact.get", &vls_rpc_who_def, &p)) return c;
  answer(w, who, &vls_rpc_contact_def, &c.row);
  copy_slice(c.state, sizeof c.state, c.row.state);
  copy_slice(c.problem, sizeof c.problem, c.row.problem);
  copy_slice(c.id, sizeof c.id, c.row.id);
  copy_slice(c.name, sizeof c.name, c.row.name);
  copy_slice(c.claim, sizeof c.claim, c.row.claim);
  return c;
}

static inline bool contact_is(world *w, int who, const char *whom, const char *state) {
  contact c = look_up(w, who, whom);
  if (strcmp(c.state, state) != 0) print_error("%s is %s (%s)\n", whom, c.state, c.problem);
  return strcmp(c.state, state) == 0;
}

/* One text to one contact; its number, or 0. */
static inline uint64_t say(world *w, int who, const char *to, const char *text) {
  vls_rpc_send p = {.to = {vls_slice_str(to)}, .n_to = 1, .text = vls_slice_str(text)};
  vls_rpc_sent sent;
  vls_slice part[1];
  assert_true(call(w, who, "send", &vls_rpc_send_def, &p));
  assert_int_equal(answer_list(w, who, part, 1), 1);
  assert_int_equal(vls_wire_decode(&vls_rpc_sent_def, VLS_WIRE_STRICT, part[0], &sent, NULL),
                   VLS_OK);
  return sent.n;
}

/* The state of a text, in a place that is good until the next call. */
static inline const char *state_of(world *w, int who, uint64_t n) {
  static char state[17];
  static vls_rpc_message m;
  vls_rpc_n p = {n};
  if (!call(w, who, "message.get", &vls_rpc_n_def, &p)) return "none";
  answer(w, who, &vls_rpc_message_def, &m);
  copy_slice(state, sizeof state, m.state);
  return state;
}

/* What a node has of the texts of others, oldest first, as "one|two|". */
static inline const char *received(world *w, int who) {
  static char all[16384];
  static vls_rpc_message m;
  vls_rpc_list p = {.has_limit = true, .limit = 500};
  static vls_slice part[500];
  size_t at = 0;
  all[0] = '\0';
  assert_true(call(w, who, "message.list", &vls_rpc_list_def, &p));
  size_t n = answer_list(w, who, part, 500);
  for (size_t i = 0; i < n; i++) {
    assert_int_equal(vls_wire_decode(&vls_rpc_message_def, VLS_WIRE_STRICT, part[i], &m, NULL),
                     VLS_OK);
    if (m.mine || at > sizeof all - 600) continue;
    at += (size_t)snprintf(all + at, sizeof all - at, "%.*s|", m.text.n < 500 ? (int)m.text.n : 500,
                           (const char *)m.text.p);
  }
  return all;
}

static inline bool remove_contact(world *w, int who, const char *whom) {
  vls_rpc_who p = {vls_slice_str(whom)};
  return call(w, who, "contact.remove", &vls_rpc_who_def, &p);
}

static inline bool block(world *w, int who, const char *whom, bool blocked) {
  vls_rpc_block p = {vls_slice_str(whom), blocked};
  return call(w, who, "contact.block", &vls_rpc_block_def, &p);
}

static inline bool mark_read(world *w, int who, const char *whom, uint64_t upto) {
  vls_rpc_mark_read p = {vls_slice_str(whom), upto};
  return call(w, who, "message.mark_read", &vls_rpc_mark_read_def, &p);
}

/* cursor 0: from the stored one. */
static inline void subscribe(world *w, int who, uint64_t client, const char *consumer) {
  vls_rpc_subscribe p = {.has_consumer = consumer != NULL};
  if (consumer != NULL) p.consumer = vls_slice_str(consumer);
  assert_true(call_as(w, who, client, "events.subscribe", &vls_rpc_subscribe_def, &p));
}

static inline bool ack(world *w, int who, uint64_t client, const char *consumer, uint64_t cursor) {
  vls_rpc_ack p = {.has_consumer = consumer != NULL, .cursor = cursor};
  if (consumer != NULL) p.consumer = vls_slice_str(consumer);
  return call_as(w, who, client, "events.ack", &vls_rpc_ack_def, &p);
}

/* How many notifications of this type a client got. */
static inline size_t count_told(const world *w, int who, uint64_t client, const char *type) {
  const node *n = &w->node[who];
  size_t count = 0;
  for (size_t i = 0; i < n->n_told; i++)
    count += n->told[i].client == client && strcmp(n->told[i].type, type) == 0 ? 1 : 0;
  return count;
}

static inline const told *last_told(const world *w, int who, const char *type) {
  const node *n = &w->node[who];
  for (size_t i = n->n_told; i > 0; i--)
    if (strcmp(n->told[i - 1].type, type) == 0) return &n->told[i - 1];
  fail_msg("nothing of type %s was told", type);
  return NULL;
}

static inline bool log_says(const world *w, int who, const char *words) {
  const vls_buf *log = &w->node[who].log;
  return log->n > 0 && memmem(log->p, log->n, words, strlen(words)) != NULL;
}

/* How many of a level doctor finds; with words, only those that hold them in topic or text. */
static inline size_t findings(world *w, int who, const char *level, const char *words) {
  static vls_slice part[256];
  size_t count = 0;
  assert_true(call(w, who, "doctor", NULL, NULL));
  size_t n = answer_list(w, who, part, 256);
  for (size_t i = 0; i < n; i++) {
    vls_rpc_finding f;
    assert_int_equal(vls_wire_decode(&vls_rpc_finding_def, VLS_WIRE_STRICT, part[i], &f, NULL),
                     VLS_OK);
    bool has = words == NULL || memmem(f.text.p, f.text.n, words, strlen(words)) != NULL ||
               memmem(f.topic.p, f.topic.n, words, strlen(words)) != NULL;
    count += has && vls_slice_eq(f.level, vls_slice_str(level)) ? 1 : 0;
  }
  return count;
}

/* What is under way is lost on the line. */
static inline void lose_all(world *w) {
  for (; w->at < w->n; w->at++)
    vls_buf_done(&w->queue[w->at].bytes);
  w->at = w->n = 0;
}

/* What is under way to one of them arrives; what is for others, and what they answer, waits. */
static inline void deliver_alone(world *w, int who) {
  size_t n = w->n;
  for (; w->at < n; w->at++) {
    packet p = w->queue[w->at];
    vls_input in = {.type = p.type, .link = p.link, .bytes = vls_buf_slice(&p.bytes)};
    if (p.to == who) {
      feed(w, &w->node[who], &in);
      end_batch(w, &w->node[who]);
    }
    vls_buf_done(&w->queue[w->at].bytes);
  }
}

static inline bool error_says(const world *w, int who, const char *words) {
  bool says = strstr(w->node[who].error, words) != NULL;
  if (!says) print_error("the answer was \"%s\"\n", w->node[who].error);
  return says;
}

#endif
