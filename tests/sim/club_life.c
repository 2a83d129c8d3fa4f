/* What befalls a group: people's ideas, sessions of their nodes, and a world that falls apart. */
#include "club.h"
#include "world.h"

static uint64_t gap_of(sim_rng *rng, uint64_t mean_s) {
  return sim_rng_between(rng, 1, 2 * mean_s * SIM_SECOND);
}

/* -ln(u) of a u from the dice, in 1/65536: from the place of its first one and what follows it,
 * which is linear between two powers of two. */
static uint64_t minus_ln(sim_rng *rng) {
  uint64_t u = sim_rng_u64(rng) >> 32 | 1;
  unsigned top = 63u - (unsigned)__builtin_clzll(u);
  uint64_t rest = ((u << 16) >> top) - 65536;
  uint64_t log2 = (uint64_t)(31 - top) * 65536 + 65536 - rest;
  return log2 * 45426 / 65536;
}

/* Weibull with shape 1/2, as sessions in measured networks of peers nearly are: most are short, a
 * few very long. Its mean is twice its scale. */
static uint64_t weibull_ms(sim_rng *rng, uint64_t mean_s) {
  uint64_t x = minus_ln(rng);
  uint64_t ms = mean_s * SIM_SECOND / 2 * (x * x >> 16) >> 16;
  return ms < 1 ? 1 : ms > SIM_DAY ? SIM_DAY : ms;
}

void sim_club_session(sim_world *w, unsigned who) {
  sim_club *club = w->club;
  sim_node *node = w->node[who];
  if (w->weather.is_over) return;
  bool is_on = node->core != NULL;
  if (!is_on)
    sim_node_start(w, node);
  else if (sim_rng_chance(&club->rng, 500))
    sim_node_stop(w, node, VLS_NEVER);
  else
    sim_node_crash(w, node, VLS_NEVER);
  uint64_t mean = is_on ? club->off_mean_s : club->on_mean_s;
  sim_after(w, weibull_ms(&club->rng, mean), SIM_EV_SESSION, who, 0, 0);
}

/* Two worlds for some hours, each with about half of the people. */
void sim_club_split(sim_world *w) {
  sim_club *club = w->club;
  if (w->weather.is_over || club->is_over) return;
  unsigned odds = (unsigned)sim_rng_between(&club->rng, 100, 900);
  for (unsigned i = 0; i < w->n; i++)
    if (sim_rng_chance(&club->rng, odds)) sim_net_part(w, i, 1);
  uint64_t lasts = gap_of(&club->rng, club->split_mean_s / 2 + 1);
  sim_after(w, lasts, SIM_EV_HEAL, 0, 0, 0);
  sim_after(w, lasts + gap_of(&club->rng, club->split_mean_s), SIM_EV_SPLIT, 0, 0, 0);
}

void sim_club_begin(sim_world *w) {
  sim_club *club = w->club;
  for (unsigned i = 0; i < w->n; i++) {
    sim_after(w, gap_of(&club->rng, club->act_mean_s), SIM_EV_CLUB, i, 0, 0);
    if (club->on_mean_s != 0)
      sim_after(w, weibull_ms(&club->rng, club->on_mean_s), SIM_EV_SESSION, i, 0, 0);
  }
  if (club->split_mean_s != 0)
    sim_after(w, gap_of(&club->rng, club->split_mean_s), SIM_EV_SPLIT, 0, 0, 0);
}

void sim_club_went_back(sim_world *w, unsigned who) {
  sim_club *club = w->club;
  for (size_t i = 0; i < club->n_said; i++) {
    sim_saying *said = &club->said[i];
    if (said->from != who || said->said_at < club->copied_at || !said->is_acked) continue;
    said->is_acked = false; /* what has arrived anywhere comes back, and the rest is lost */
    said->is_unsure = true;
  }
}

/* --- ideas --- */

/* What a person may try and be refused: their node knows more, or another was faster. */
static void expect_refusal(sim_world *w, unsigned who, const char *method, const sim_answer *a) {
  static const char *const fine[] = {"",        "state",   "not_found", "exists",  "ambiguous",
                                     "expired", "blocked", "pending",   "limited", "rate_limited"};
  for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++)
    if (strcmp(a->error, fine[i]) == 0) return;
  sim_fail(w, "%s's node refuses %s with '%s'", w->person[who]->name, method, a->error);
}

void sim_club_invite(sim_world *w, unsigned who, unsigned other) {
  vls_rpc_group_invite invite = {.group = vls_slice_str(w->club->name), .has_who = true};
  sim_answer a;
  invite.who = vls_slice_str(w->person[other]->id);
  if (sim_club_call(w, who, "group.invite", &vls_rpc_group_invite_def, &invite, &a))
    expect_refusal(w, who, "group.invite", &a);
}

void sim_club_join(sim_world *w, unsigned who) {
  vls_rpc_group_join join = {.has_group = true, .group = vls_slice_str(w->club->name)};
  vls_rpc_group group;
  sim_answer a;
  bool knows = sim_club_get(w, who, &group);
  if (knows && !sim_club_is(group.state, "invited")) return;
  if (!knows && w->club->link[0] == '\0') return;
  if (!knows) {
    join = (vls_rpc_group_join){.has_link = true, .link = vls_slice_str(w->club->link)};
    if (!sim_rng_chance(&w->club->rng, 200)) return; /* most wait for a friend */
  }
  if (sim_club_call(w, who, "group.join", &vls_rpc_group_join_def, &join, &a))
    expect_refusal(w, who, "group.join", &a);
}

static void make_link(sim_world *w, unsigned who) {
  vls_rpc_group_invite invite = {.group = vls_slice_str(w->club->name),
                                 .has_uses = true,
                                 .uses = sim_rng_between(&w->club->rng, 1, 5)};
  vls_rpc_group_invited ok;
  sim_answer a;
  if (!sim_club_call(w, who, "group.invite", &vls_rpc_group_invite_def, &invite, &a)) return;
  expect_refusal(w, who, "group.invite", &a);
  if (a.error[0] != '\0') return;
  sim_club_decode(w, &vls_rpc_group_invited_def, a.result, &ok);
  sim_expect(w, ok.has_link && ok.link.n < sizeof w->club->link, "an invitation without a link");
  snprintf(w->club->link, sizeof w->club->link, "%.*s", (int)ok.link.n, (const char *)ok.link.p);
}

static void invite_somebody(sim_world *w, unsigned who) {
  sim_person *person = w->person[who];
  unsigned start = (unsigned)sim_rng_below(&w->club->rng, w->n);
  static sim_members members;
  if (!sim_club_members(w, who, &members)) return;
  for (unsigned i = 0; i < w->n; i++) {
    unsigned other = (start + i) % w->n;
    bool is_in = other == who || !person->friend[other].ready;
    for (size_t k = 0; k < members.n && !is_in; k++)
      is_in = members.who[k] == other;
    if (is_in) continue;
    if (w->club->by_hand)
      sim_club_bring(w, who, other);
    else
      sim_club_invite(w, who, other);
    return;
  }
  if (!w->club->by_hand && sim_rng_chance(&w->club->rng, 300)) make_link(w, who);
}

static void change_somebody(sim_world *w, unsigned who) {
  static const char *const words[] = {"member", "moderator", "admin", "owner"};
  sim_club *club = w->club;
  static sim_members members;
  sim_answer a;
  if (!sim_club_members(w, who, &members) || members.n == 0) return;
  unsigned other = members.who[sim_rng_below(&club->rng, members.n)];
  if (other >= w->n || other == who) return;
  vls_slice id = vls_slice_str(w->person[other]->id), group = vls_slice_str(club->name);
  if (sim_rng_chance(&club->rng, 300)) {
    vls_rpc_group_remove remove = {.group = group, .who = id, .has_reason = true};
    remove.reason = vls_slice_str("spam");
    if (sim_club_call(w, who, "group.remove", &vls_rpc_group_remove_def, &remove, &a))
      expect_refusal(w, who, "group.remove", &a);
    return;
  }
  vls_rpc_group_role role = {.group = group, .who = id};
  role.level = vls_slice_str(words[sim_rng_below(&club->rng, 4)]);
  if (sim_club_call(w, who, "group.role", &vls_rpc_group_role_def, &role, &a))
    expect_refusal(w, who, "group.role", &a);
}

static void change_rules(sim_world *w, unsigned who) {
  sim_club *club = w->club;
  sim_answer a;
  bool is_strict = sim_rng_chance(&club->rng, 300);
  vls_rpc_group_policy policy = {.group = vls_slice_str(club->name), .has_post = true};
  policy.post = vls_slice_str(is_strict ? "moderator" : "member");
  if (is_strict) club->was_strict = true;
  if (sim_club_call(w, who, "group.policy", &vls_rpc_group_policy_def, &policy, &a))
    expect_refusal(w, who, "group.policy", &a);
}

static void leave(sim_world *w, unsigned who) {
  vls_rpc_group_leave params = {.group = vls_slice_str(w->club->name)};
  sim_answer a;
  if (sim_club_call(w, who, "group.leave", &vls_rpc_group_leave_def, &params, &a))
    expect_refusal(w, who, "group.leave", &a);
}

static void act(sim_world *w, unsigned who) {
  sim_club *club = w->club;
  unsigned idea = (unsigned)sim_rng_below(&club->rng, 100);
  if (club->n_foes != 0 && who != club->founder && sim_rng_chance(&club->rng, 100)) {
    club->n_foes--;
    sim_club_turn(w, who);
    return;
  }
  if (sim_rng_chance(&club->rng, club->trouble_per_mille)) {
    if (idea < 70)
      change_somebody(w, who);
    else if (idea < 90)
      change_rules(w, who);
    else
      leave(w, who);
  } else if (idea < 30) {
    invite_somebody(w, who);
  } else {
    uint64_t n = sim_rng_chance(&club->rng, 100) ? sim_rng_between(&club->rng, 2, 8) : 1;
    size_t most = sim_rng_chance(&club->rng, 950) ? 300 : 30000;
    while (n-- > 0)
      sim_club_say(w, who, (size_t)sim_rng_between(&club->rng, 8, most));
  }
}

void sim_club_idea(sim_world *w, unsigned who) {
  sim_club *club = w->club;
  if (club->is_over || w->weather.is_over || club->acts_left == 0) return;
  sim_after(w, gap_of(&club->rng, club->act_mean_s), SIM_EV_CLUB, who, 0, 0);
  if (w->node[who]->core == NULL || w->person[who]->id[0] == '\0') return;
  if (sim_club_is_in(w, who)) {
    club->acts_left--;
    act(w, who);
  } else {
    sim_club_join(w, who);
  }
}
