#include "person.h"

#include "proto/rpc.h"
#include "world.h"

enum { FULL_MS = 7000 /* before one asks a node again whose disk was full */ };

sim_person *sim_person_new(sim_world *w, const char *name) {
  sim_expect(w, w->n < SIM_CITIZENS_MAX, "the simulator itself: too many citizens");
  sim_person *person = vls_calloc(1, sizeof *person);
  person->who = w->n;
  person->name = name;
  person->conn[0].is_wanted = true;
  person->conn[0].consumer = "default";
  w->node[w->n] = sim_node_new(w, w->n);
  w->person[w->n++] = person;
  sim_person_ask(w, person, &(sim_errand){.deed = SIM_INIT});
  sim_node_start(w, w->node[person->who]);
  return person;
}

void sim_person_free(sim_person *person) {
  if (person == NULL) return;
  free(person->log.event);
  free(person);
}

static void wake_soon(sim_world *w, sim_person *person) {
  if (person->is_awake) return;
  person->is_awake = true;
  sim_after(w, sim_rng_below(&w->people_rng, 4), SIM_EV_WAKE, person->who, 0, 0);
}

uint64_t sim_person_ask(sim_world *w, sim_person *person, const sim_errand *errand) {
  bool is_small_talk = errand->deed <= SIM_SUBSCRIBE; /* one of each for each connection */
  if (person->n_errands >= SIM_ERRANDS_MAX && !is_small_talk) return 0;
  sim_errand *mine = &person->errand[person->n_errands++];
  *mine = *errand;
  mine->id = ++person->next_errand;
  if (errand->deed == SIM_BLOCK) person->friend[errand->other].changing++;
  wake_soon(w, person);
  return mine->id;
}

bool sim_person_is_idle(const sim_person *person) {
  return person->n_errands == 0;
}

static void drop_errand(sim_person *person, unsigned i) {
  person->n_errands--;
  memmove(&person->errand[i], &person->errand[i + 1],
          (person->n_errands - i) * sizeof person->errand[0]);
}

/* A connection is gone: which answers were lost, and who asks again? */
static void connection_lost(sim_world *w, sim_person *person, unsigned via) {
  sim_feed *conn = &person->conn[via];
  conn->client = 0;
  conn->is_greeted = conn->is_subscribed = conn->is_slow = false;
  for (unsigned i = person->n_errands; i-- > 0;) {
    sim_errand *errand = &person->errand[i];
    if (errand->via != via || !errand->is_asked) continue;
    sim_words *words = errand->deed == SIM_SEND ? &w->ledger.words[errand->item] : NULL;
    bool is_dropped = errand->deed <= SIM_ACK || (words != NULL && !words->has_cid);
    if (words != NULL && is_dropped) words->given_up = true;
    errand->is_asked = false;
    errand->is_repeated = true;
    if (is_dropped) drop_errand(person, i);
  }
}

void sim_person_node_down(sim_world *w, sim_person *person) {
  for (unsigned via = 0; via < SIM_FEEDS; via++)
    connection_lost(w, person, via);
}

void sim_person_node_up(sim_world *w, sim_person *person) {
  wake_soon(w, person);
}

void sim_person_vanish(sim_world *w, sim_person *person, unsigned via) {
  uint64_t client = person->conn[via].client;
  if (client == 0) return;
  sim_trace_line(w, person->who, "client %" PRIu64 " vanishes", client);
  connection_lost(w, person, via);
  sim_node_feed(w, w->node[person->who], &(vls_input){.type = VLS_IN_GONE, .client = client});
  wake_soon(w, person);
}

void sim_person_listen(sim_world *w, sim_person *person, unsigned via, const char *consumer) {
  person->conn[via].is_wanted = true;
  person->conn[via].consumer = consumer;
  wake_soon(w, person);
}

unsigned sim_person_by_id(const sim_world *w, vls_slice id) {
  for (unsigned i = 0; i < w->n; i++)
    if (w->person[i]->id[0] != '\0' && vls_slice_eq(id, vls_slice_str(w->person[i]->id))) return i;
  return SIM_STRANGER;
}

unsigned sim_person_by_contact(const sim_person *person, uint64_t number) {
  for (unsigned i = 0; i < SIM_CITIZENS_MAX; i++)
    if (person->friend[i].known && person->friend[i].number == number) return i;
  return SIM_STRANGER;
}

void sim_person_forget_friend(sim_person *person, unsigned other) {
  person->friend[other] = (sim_friend){.is_removed = true};
}

void sim_person_letter(sim_world *w, size_t invitation) {
  const sim_invitation *inv = &w->ledger.invitations[invitation];
  sim_errand errand = {.deed = SIM_ACCEPT, .item = invitation, .other = inv->from};
  if (sim_person_ask(w, w->person[inv->to], &errand) == 0)
    sim_after(w, SIM_MINUTE, SIM_EV_LETTER, invitation, 0, 0);
}

/* One encoded command: what may be in the params of any deed. */
typedef union sim_params {
  vls_rpc_hello hello;
  vls_rpc_subscribe subscribe;
  vls_rpc_ack ack;
  vls_rpc_init init;
  vls_rpc_invite invite;
  vls_rpc_accept accept;
  vls_rpc_send send;
  vls_rpc_mark_read mark;
  vls_rpc_block block;
  vls_rpc_rename rename;
  vls_rpc_who who;
  vls_rpc_n n;
  vls_rpc_opt_who opt_who;
  vls_rpc_none none;
} sim_params;

static vls_slice petname_of(const sim_world *w, const sim_person *person, unsigned other) {
  const char *petname = person->friend[other].petname;
  return vls_slice_str(petname[0] != '\0' ? petname : w->person[other]->name);
}

/* What may be said again must be the same call to the letter: names change, ids do not. */
static const vls_wire_def *fill_send(const sim_world *w, const sim_person *person,
                                     const sim_errand *errand, vls_rpc_send *send, char *cid,
                                     vls_buf *text) {
  const sim_words *words = &w->ledger.words[errand->item];
  for (unsigned i = 0; i < words->n_copies; i++)
    send->to[send->n_to++] = words->has_cid ? vls_slice_str(w->person[words->copy[i].to]->id)
                                            : petname_of(w, person, words->copy[i].to);
  sim_ledger_text(w, errand->item, text);
  send->text = vls_buf_slice(text);
  send->has_cid = words->has_cid;
  snprintf(cid, 24, "cid-%zu", errand->item);
  send->cid = vls_slice_str(cid);
  return &vls_rpc_send_def;
}

static const vls_wire_def *fill_accept(const sim_world *w, const sim_errand *errand,
                                       vls_rpc_accept *accept) {
  const sim_invitation *inv = &w->ledger.invitations[errand->item];
  accept->link = vls_slice_str(inv->link);
  accept->has_as = true;
  accept->as = vls_slice_str(errand->name[0] != '\0' ? errand->name : w->person[inv->from]->name);
  return &vls_rpc_accept_def;
}

static const vls_wire_def *fill_subscribe(const sim_feed *conn, vls_rpc_subscribe *subscribe) {
  subscribe->has_live = subscribe->live = conn->consumer == NULL;
  subscribe->has_consumer = conn->consumer != NULL;
  if (conn->consumer != NULL) subscribe->consumer = vls_slice_str(conn->consumer);
  return &vls_rpc_subscribe_def;
}

/* The method and the table of the params, which it fills. */
static const char *fill(const sim_world *w, const sim_person *person, const sim_errand *errand,
                        sim_params *p, char *cid, vls_buf *text, const vls_wire_def **ret_def) {
  const sim_feed *conn = &person->conn[errand->via];
  vls_slice other = petname_of(w, person, errand->other);
  *ret_def = &vls_rpc_none_def;
  switch (errand->deed) {
  case SIM_HELLO:
    p->hello = (vls_rpc_hello){.api = 1, .has_client = true, .client = vls_slice_str("sim")};
    *ret_def = &vls_rpc_hello_def;
    return "hello";
  case SIM_SUBSCRIBE: *ret_def = fill_subscribe(conn, &p->subscribe); return "events.subscribe";
  case SIM_ACK:
    p->ack = (vls_rpc_ack){
        .has_consumer = true, .consumer = vls_slice_str(conn->consumer), .cursor = errand->value};
    *ret_def = &vls_rpc_ack_def;
    return "events.ack";
  case SIM_INIT:
    p->init = (vls_rpc_init){.name = vls_slice_str(person->name)};
    *ret_def = &vls_rpc_init_def;
    return "init";
  case SIM_SHOW: return "id.show";
  case SIM_INVITE:
    p->invite = (vls_rpc_invite){.has_expires_s = errand->value != 0,
                                 .expires_s = errand->value,
                                 .has_as = true,
                                 .as = other};
    *ret_def = &vls_rpc_invite_def;
    return "invite.create";
  case SIM_ACCEPT: *ret_def = fill_accept(w, errand, &p->accept); return "invite.accept";
  case SIM_CONTACTS: return "contact.list";
  case SIM_SEND: *ret_def = fill_send(w, person, errand, &p->send, cid, text); return "send";
  case SIM_MARK:
    p->mark = (vls_rpc_mark_read){.who = other, .upto = errand->value};
    *ret_def = &vls_rpc_mark_read_def;
    return "message.mark_read";
  case SIM_BLOCK:
    p->block = (vls_rpc_block){.who = other, .blocked = errand->value != 0};
    *ret_def = &vls_rpc_block_def;
    return "contact.block";
  case SIM_RENAME:
    p->rename = (vls_rpc_rename){.who = other, .name = vls_slice_str(errand->name)};
    *ret_def = &vls_rpc_rename_def;
    return "contact.rename";
  case SIM_REMOVE:
    p->who.who = other;
    *ret_def = &vls_rpc_who_def;
    return "contact.remove";
  case SIM_CANCEL:
    p->n.n = errand->value;
    *ret_def = &vls_rpc_n_def;
    return "outbox.cancel";
  case SIM_RETRY: *ret_def = &vls_rpc_opt_who_def; return "outbox.retry";
  }
  return "";
}

static void give_command(sim_world *w, sim_person *person, sim_errand *errand) {
  sim_params params;
  memset(&params, 0, sizeof params);
  char cid[24];
  vls_buf text, out;
  vls_buf_init(&text, SIM_TEXT_MAX);
  vls_buf_init(&out, VLS_RPC_FRAME_MAX);
  const vls_wire_def *def;
  const char *method = fill(w, person, errand, &params, cid, &text, &def);
  vls_err err = vls_pack_array(&out, 1);
  if (err == VLS_OK) err = vls_wire_encode(def, &params, &out);
  sim_expect(w, err == VLS_OK, "the simulator itself: %s does not encode", method);
  errand->is_asked = true;
  errand->msgid = ++person->next_msgid;
  sim_trace_line(w, person->who, "asks %s (%" PRIu64 ")", method, errand->msgid);
  if (errand->deed == SIM_ACCEPT) person->friend[errand->other].renewing = true;
  if (errand->deed == SIM_REMOVE) {
    /* From here on its texts may be gone, whether we hear the answer or not. */
    sim_ledger_remove(w, person->who, errand->other);
    sim_ledger_excuse(w, errand->other, person->who);
    sim_feed_forget(person, person->friend[errand->other].number);
    person->friend[errand->other].is_removed = true;
  }
  uint64_t client = person->conn[errand->via].client, msgid = errand->msgid;
  sim_node_command(w, w->node[person->who], client, msgid, method, vls_buf_slice(&out));
  vls_buf_done(&text);
  vls_buf_done(&out);
}

static bool can_ask(const sim_person *person, const sim_errand *errand, uint64_t now) {
  const sim_feed *conn = &person->conn[errand->via];
  if (errand->is_asked || conn->client == 0 || errand->not_before > now) return false;
  if (errand->deed == SIM_HELLO) return true;
  if (!conn->is_greeted) return false;
  bool names_me = errand->deed == SIM_INIT || errand->deed == SIM_SHOW;
  return names_me || person->id[0] != '\0';
}

void sim_person_wake(sim_world *w, sim_person *person) {
  sim_node *node = w->node[person->who];
  person->is_awake = false;
  if (node->core == NULL) return;
  for (unsigned via = 0; via < SIM_FEEDS; via++) {
    sim_feed *conn = &person->conn[via];
    if (!conn->is_wanted || conn->client != 0) continue;
    conn->client = ++node->next_client;
    sim_person_ask(w, person, &(sim_errand){.deed = SIM_HELLO, .via = via});
  }
  /* Giving a command can end a batch, and answers then come while we are here: begin anew each
   * time. */
  for (unsigned i = 0; i < person->n_errands && node->core != NULL;) {
    uint64_t before = person->next_msgid;
    if (can_ask(person, &person->errand[i], w->now)) give_command(w, person, &person->errand[i]);
    i = person->next_msgid == before ? i + 1 : 0;
  }
}

/* Nothing of it was kept: later then. */
static void come_again(sim_world *w, sim_person *person, sim_errand *errand) {
  errand->is_asked = false;
  errand->not_before = w->now + FULL_MS;
  person->is_awake = true;
  sim_after(w, FULL_MS, SIM_EV_WAKE, person->who, 0, 0);
}

static void hear_reply(sim_world *w, sim_person *person, unsigned via, vls_slice bytes) {
  vls_slice part[4], error = {0};
  size_t n = 0;
  uint64_t type = 0, msgid = 0;
  vls_err err = vls_wire_split(bytes, VLS_WIRE_STRICT, part, 4, &n);
  bool is_good = err == VLS_OK && n == 4 && vls_wire_get_uint(part[0], &type) == VLS_OK &&
                 vls_wire_get_uint(part[1], &msgid) == VLS_OK && type == 1;
  if (is_good && !vls_wire_is_nil(part[2])) is_good = vls_wire_get_str(part[2], &error) == VLS_OK;
  sim_expect(w, is_good, "a response of %s's node is not MessagePack-RPC", person->name);
  unsigned i = 0;
  while (i < person->n_errands && (person->errand[i].via != via || !person->errand[i].is_asked ||
                                   person->errand[i].msgid != msgid))
    i++;
  sim_expect(w, i < person->n_errands,
             "%s got an answer to a call %" PRIu64 " never made, or twice", person->name, msgid);
  char name[64] = "";
  for (size_t k = 0; k < error.n && k < 63 && error.p[k] != ':'; k++)
    name[k] = (char)error.p[k];
  sim_trace_line(w, person->who, "hears (%" PRIu64 ") %s", msgid, error.n == 0 ? "ok" : name);
  if (w->strike.is_on && strcmp(name, "disk_full") == 0) {
    come_again(w, person, &person->errand[i]);
    return;
  }
  sim_errand errand = person->errand[i];
  drop_errand(person, i);
  if (person->awaited == errand.id) {
    snprintf(person->answer, sizeof person->answer, "%s", error.n == 0 ? "ok" : name);
    person->awaited = 0;
  }
  sim_person_answered(w, person, &errand, name, part[3]);
  if (person->n_errands != 0) wake_soon(w, person);
}

void sim_person_hear(sim_world *w, sim_person *person, const vls_output *out) {
  unsigned via = 0;
  while (via < SIM_FEEDS && person->conn[via].client != out->client)
    via++;
  if (via == SIM_FEEDS || out->client == 0) return; /* that client vanished meanwhile */
  if (out->type == VLS_OUT_REPLY)
    hear_reply(w, person, via, out->bytes);
  else
    sim_feed_notified(w, person, &person->conn[via], out->bytes);
}
