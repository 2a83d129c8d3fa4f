#include "club.h"

#include "base/assert.h"
#include "world.h"

enum { PAGE = 200 /* members of one answer */ };

static const char *const levels[] = {"none", "member", "moderator", "admin", "owner", "founder"};

bool sim_club_is(vls_slice state, const char *word) {
  return vls_slice_eq(state, vls_slice_str(word));
}

bool sim_club_has(const uint64_t set[SIM_CLUB_BITS], unsigned who) {
  return who < SIM_CITIZENS_MAX && (set[who / 64] >> (who % 64) & 1) != 0;
}

void sim_club_decode(sim_world *w, const vls_wire_def *def, vls_slice in, void *ret) {
  vls_wire_fault fault = {0};
  vls_err err = vls_wire_decode(def, VLS_WIRE_STRICT, in, ret, &fault);
  sim_expect(w, err == VLS_OK, "a result is not as rpc.def has it: %s.%s %s", def->name,
             fault.field != NULL ? fault.field : "?", fault.what != NULL ? fault.what : "");
}

bool sim_club_call(sim_world *w, unsigned who, const char *method, const vls_wire_def *def,
                   const void *params, sim_answer *ret) {
  sim_node *node = w->node[who];
  vls_buf out;
  vls_slice error = {0};
  *ret = (sim_answer){0};
  if (node->core == NULL || node->is_performing) return false;
  if (node->batch_open) sim_node_end_batch(w, node);
  if (node->core == NULL) return false;
  vls_buf_init(&out, VLS_RPC_FRAME_MAX);
  vls_err err = vls_pack_array(&out, 1);
  if (err == VLS_OK) err = vls_wire_encode(def, params, &out);
  sim_expect(w, err == VLS_OK, "the simulator itself: %s does not encode", method);
  w->club->asked++;
  bool ok = sim_node_call(w, node, method, vls_buf_slice(&out), &error, &ret->result);
  vls_buf_done(&out);
  for (size_t i = 0; ok && i < error.n && i + 1 < sizeof ret->error && error.p[i] != ':'; i++)
    ret->error[i] = (char)error.p[i];
  if (!ok) w->club->unanswered++;
  if (error.n != 0) w->club->refused++;
  sim_trace_line(w, who, "calls %s: %s", method,
                 !ok            ? "no answer"
                 : error.n == 0 ? "ok"
                                : ret->error);
  bool is_ours = strcmp(ret->error, "storage") == 0 || strcmp(ret->error, "forged") == 0 ||
                 strcmp(ret->error, "system") == 0;
  sim_expect(w, !is_ours, "%s's node refuses %s: %.*s", w->person[who]->name, method, (int)error.n,
             (const char *)error.p);
  return ok;
}

bool sim_club_get(sim_world *w, unsigned who, vls_rpc_group *ret) {
  vls_rpc_which_group which = {vls_slice_str(w->club->name)};
  sim_answer a;
  if (!w->club->is_founded) return false;
  if (!sim_club_call(w, who, "group.get", &vls_rpc_which_group_def, &which, &a)) return false;
  if (a.error[0] == '\0') sim_club_decode(w, &vls_rpc_group_def, a.result, ret);
  sim_expect(w, a.error[0] == '\0' || strcmp(a.error, "not_found") == 0,
             "%s's node does not tell of the group: %s", w->person[who]->name, a.error);
  return a.error[0] == '\0';
}

bool sim_club_is_in(sim_world *w, unsigned who) {
  vls_rpc_group group;
  return sim_club_get(w, who, &group) && sim_club_is(group.state, "ready");
}

static uint8_t level_of(sim_world *w, vls_slice word) {
  for (uint8_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
    if (sim_club_is(word, levels[i])) return i;
  sim_fail(w, "there is no level '%.*s'", (int)word.n, (const char *)word.p);
}

bool sim_club_members(sim_world *w, unsigned who, sim_members *ret) {
  vls_rpc_group_members params = {
      .group = vls_slice_str(w->club->name), .has_limit = true, .limit = PAGE, .has_skip = true};
  ret->n = 0;
  ret->hash = SIM_HASH_START;
  for (size_t n = PAGE; n == PAGE; params.skip += n) {
    sim_answer a;
    static vls_slice part[PAGE]; /* not on the stack: there is one thread */
    if (!sim_club_call(w, who, "group.members", &vls_rpc_group_members_def, &params, &a))
      return false;
    if (a.error[0] != '\0') return false;
    vls_err err = vls_wire_split(a.result, VLS_WIRE_STRICT, part, PAGE, &n);
    sim_expect(w, err == VLS_OK && ret->n + n <= SIM_CITIZENS_MAX,
               "group.members is no such array");
    for (size_t i = 0; i < n; i++) {
      vls_rpc_member member;
      sim_club_decode(w, &vls_rpc_member_def, part[i], &member);
      ret->who[ret->n] = sim_person_by_id(w, member.id);
      ret->level[ret->n] = level_of(w, member.level);
      ret->hash = sim_hash(sim_hash(ret->hash, member.id), member.level);
      sim_expect(w, member.me == (ret->who[ret->n] == who), "%s's node takes %.*s for %s",
                 w->person[who]->name, (int)member.id.n, (const char *)member.id.p,
                 w->person[who]->name);
      ret->n++;
    }
  }
  return true;
}

static void read_hex(sim_world *w, vls_slice hex, uint8_t ret[32]) {
  char text[65];
  snprintf(text, sizeof text, "%.*s", (int)hex.n, (const char *)hex.p);
  for (size_t i = 0; i < 32; i++) {
    unsigned byte = 0;
    bool ok = hex.n == 64 && sscanf(text + 2 * i, "%2x", &byte) == 1;
    sim_expect(w, ok, "the id of a group is not 64 digits");
    ret[i] = (uint8_t)byte;
  }
}

void sim_club_found(sim_world *w, unsigned founder, const char *name, bool has_history) {
  sim_club *club = w->club;
  vls_rpc_group_create create = {.name = vls_slice_str(name),
                                 .has_admit = true,
                                 .admit = vls_slice_str("member"),
                                 .has_history = true,
                                 .history = has_history};
  sim_answer a;
  club->founder = founder;
  club->has_history = has_history;
  snprintf(club->name, sizeof club->name, "@%s", name);
  bool ok = sim_club_call(w, founder, "group.create", &vls_rpc_group_create_def, &create, &a);
  sim_expect(w, ok && a.error[0] == '\0', "%s cannot begin a group: %s", w->person[founder]->name,
             ok ? a.error : "no answer");
  vls_rpc_group group;
  sim_club_decode(w, &vls_rpc_group_def, a.result, &group);
  read_hex(w, group.id, club->gid);
  club->is_founded = true;
}

void sim_club_text(const sim_club *club, size_t number, vls_buf *out) {
  char head[24];
  int n = snprintf(head, sizeof head, "g%zu;", number);
  vls_err err = vls_buf_put(out, head, (size_t)n);
  for (size_t i = (size_t)n; err == VLS_OK && i < club->said[number].size; i++)
    err = vls_buf_put(out, &"abcdefghijklmnopqrstuvwxyz "[(number * 11 + i * 7) % 27], 1);
  VLS_ASSERT(err == VLS_OK);
}

size_t sim_club_recognise(sim_world *w, vls_slice text) {
  sim_club *club = w->club;
  size_t number = 0, i = 1;
  for (; i < text.n && i < 8 && text.p[i] >= '0' && text.p[i] <= '9'; i++)
    number = number * 10 + (size_t)(text.p[i] - '0');
  bool ok = text.n > 2 && text.p[0] == 'g' && text.p[i] == ';' && number < club->n_said;
  if (ok) {
    vls_buf exact;
    vls_buf_init(&exact, SIM_TEXT_MAX);
    sim_club_text(club, number, &exact);
    ok = vls_slice_eq(text, vls_buf_slice(&exact));
    vls_buf_done(&exact);
  }
  sim_expect(w, ok, "a text in the group that nobody ever wrote: %.*s",
             (int)(text.n < 40 ? text.n : 40), (const char *)text.p);
  return number;
}

void sim_club_say(sim_world *w, unsigned who, size_t size) {
  sim_club *club = w->club;
  static sim_members members;
  vls_slice to[1] = {vls_slice_str(club->name)}, part[1];
  vls_buf text;
  sim_answer a;
  size_t n = 0;
  if (club->n_said == SIM_CLUB_TEXTS) return;
  size_t number = club->n_said++;
  sim_saying *said = &club->said[number];
  *said = (sim_saying){.from = who, .size = size, .said_at = w->now};
  vls_buf_init(&text, SIM_TEXT_MAX);
  sim_club_text(club, number, &text);
  vls_rpc_send send = {.n_to = 1, .text = vls_buf_slice(&text)};
  send.to[0] = to[0];
  bool ok = sim_club_call(w, who, "send", &vls_rpc_send_def, &send, &a);
  vls_buf_done(&text);
  said->is_unsure = said->is_open = !ok;
  if (!ok) return;
  said->is_refused = a.error[0] != '\0';
  if (said->is_refused) return;
  vls_rpc_sent sent;
  vls_err err = vls_wire_split(a.result, VLS_WIRE_STRICT, part, 1, &n);
  sim_expect(w, err == VLS_OK && n == 1, "send did not answer once for the group");
  sim_club_decode(w, &vls_rpc_sent_def, part[0], &sent);
  said->n = sent.n;
  said->is_acked = sent.n != 0;
  said->is_refused = sent.n == 0;
  if (said->is_refused) {
    sim_trace_line(w, who, "g%zu is refused: %.*s", number, (int)sent.error.n,
                   (const char *)sent.error.p);
    return;
  }
  sim_trace_line(w, who, "says g%zu as %" PRIu64, number, said->n);
  vls_rpc_group group;
  /* It waits for keys, and will be said to whoever is a member then; or a crash came between. */
  said->is_open =
      !sim_club_get(w, who, &group) || group.queued != 0 || !sim_club_members(w, who, &members);
  if (said->is_open) return;
  for (size_t i = 0; i < members.n; i++)
    if (members.who[i] < SIM_CITIZENS_MAX)
      said->to[members.who[i] / 64] |= UINT64_C(1) << (members.who[i] % 64);
}
