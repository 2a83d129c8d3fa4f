/* What must hold of a group: whatever befell its members, those who are in it end with the same
 * members, levels and history, and nobody reads what was not said to them. */
#include "check.h"
#include "club.h"
#include "world.h"

enum { EACH_MS = 10 * 60 * 1000 /* between two looks */ };

void sim_club_heard(sim_world *w, unsigned who, vls_slice text, vls_slice author, bool is_mine) {
  if (sim_actor_said(w, text)) return;
  size_t number = sim_club_recognise(w, text);
  const sim_saying *said = &w->club->said[number];
  const char *name = w->person[who]->name;
  sim_expect(w, !said->is_refused, "g%zu was refused and is at %s's", number, name);
  sim_expect(w, author.n == 0 ? is_mine : sim_person_by_id(w, author) == said->from,
             "g%zu is %s's, and at %s's it is somebody else's", number, w->person[said->from]->name,
             name);
  sim_expect(w, is_mine == (said->from == who), "g%zu: %s's node is wrong about whose it is",
             number, name);
  bool may_read =
      said->is_open || said->from == who || w->club->has_history || sim_club_has(said->to, who);
  sim_expect(w, may_read, "%s reads g%zu, which was not said to them", name, number);
}

/* One member's history, in its order. */
typedef struct lines {
  size_t n;
  size_t number[SIM_CLUB_TEXTS];
  uint64_t hash[SIM_CLUB_TEXTS]; /* of what must be the same everywhere */
  uint64_t hour[SIM_CLUB_TEXTS];
} lines;

static void take_line(sim_world *w, unsigned who, const vls_rpc_message *m, lines *ret) {
  bool is_waiting = sim_club_is(m->state, "queued") || sim_club_is(m->state, "failed");
  if (sim_actor_said(w, m->text)) return;
  sim_club_heard(w, who, m->text, m->author_id, m->mine);
  if (is_waiting) return;
  size_t number = sim_club_recognise(w, m->text);
  for (size_t k = 0; k < ret->n; k++)
    sim_expect(w, ret->number[k] != number, "g%zu is twice in %s's history", number,
               w->person[who]->name);
  sim_expect(w, ret->n < SIM_CLUB_TEXTS, "more texts in the group than were ever said");
  uint64_t hash = sim_hash(SIM_HASH_START, m->text);
  hash = sim_hash(sim_hash(hash, m->item), m->author_id);
  ret->number[ret->n] = number;
  ret->hour[ret->n] = m->hour;
  ret->hash[ret->n++] = sim_hash(hash, vls_slice_of(&m->stamp, sizeof m->stamp));
}

/* Page by page, the newest first; each page from its last line up: ret is the newest first. */
static bool read_all(sim_world *w, unsigned who, lines *ret) {
  static vls_slice part[SIM_PAGE];
  vls_rpc_list params = {.has_who = true, .has_limit = true, .limit = SIM_PAGE};
  params.who = vls_slice_str(w->club->name);
  ret->n = 0;
  for (size_t n = SIM_PAGE; n == SIM_PAGE; params.has_before = true) {
    sim_answer a;
    if (!sim_club_call(w, who, "message.list", &vls_rpc_list_def, &params, &a)) return false;
    if (a.error[0] != '\0') return false;
    vls_err err = vls_wire_split(a.result, VLS_WIRE_STRICT, part, SIM_PAGE, &n);
    sim_expect(w, err == VLS_OK, "message.list is not an array, or longer than asked for");
    for (size_t i = n; i-- > 0;) {
      vls_rpc_message m;
      sim_club_decode(w, &vls_rpc_message_def, part[i], &m);
      take_line(w, who, &m, ret);
      params.before = m.n;
    }
  }
  return true;
}

/* --- who is excused --- */

/* A removal judges what its target said meanwhile, and an act that is undone what rests on it: then
 * words may be shown to nobody, as long as they are shown to nobody alike. */
static void learn_excuses(sim_world *w) {
  sim_club *club = w->club;
  static vls_slice part[SIM_PAGE];
  vls_rpc_group_log params = {
      .group = vls_slice_str(club->name), .has_limit = true, .limit = SIM_PAGE, .has_skip = true};
  for (size_t n = SIM_PAGE; n == SIM_PAGE; params.skip += n) {
    sim_answer a;
    bool ok = sim_club_call(w, club->founder, "group.log", &vls_rpc_group_log_def, &params, &a);
    sim_expect(w, ok && a.error[0] == '\0', "the founder cannot read the log of the group");
    vls_err err = vls_wire_split(a.result, VLS_WIRE_STRICT, part, SIM_PAGE, &n);
    sim_expect(w, err == VLS_OK, "group.log is not an array");
    for (size_t i = 0; i < n; i++) {
      vls_rpc_act act;
      sim_club_decode(w, &vls_rpc_act_def, part[i], &act);
      bool goes = sim_club_is(act.kind, "remove") || sim_club_is(act.kind, "leave");
      unsigned by = sim_person_by_id(w, act.by_id), whom = sim_person_by_id(w, act.who_id);
      if (!goes && !act.undone) continue;
      if (by < w->n && act.undone) club->excused[by] = true;
      if (whom < w->n) club->excused[whom] = true;
      if (by < w->n && sim_club_is(act.kind, "leave")) club->excused[by] = true;
    }
  }
}

static bool must_be_there(const sim_club *club, const sim_saying *said) {
  return said->is_acked && !club->was_strict && !club->excused[said->from];
}

/* --- all alike --- */

typedef struct view {
  sim_members members;
  lines lines;
  vls_rpc_group group;
  uint64_t missing, unopened;
  char state[64];
} view;

/* False: this node cannot be asked now. */
static bool look(sim_world *w, unsigned who, view *ret) {
  if (!sim_club_get(w, who, &ret->group)) return false;
  snprintf(ret->state, sizeof ret->state, "%.*s (%" PRIu64 " missing, %" PRIu64 " online)",
           (int)ret->group.state.n, (const char *)ret->group.state.p, ret->group.missing,
           ret->group.online);
  ret->missing = ret->group.missing;
  ret->unopened = ret->group.unopened;
  bool is_in = sim_club_is(ret->group.state, "ready");
  return is_in && sim_club_members(w, who, &ret->members) && read_all(w, who, &ret->lines);
}

static size_t find(const lines *l, size_t number) {
  size_t k = 0;
  while (k < l->n && l->number[k] != number)
    k++;
  return k;
}

/* Whether one who reads what was said to them has it all. Who has all that the founder has, has it
 * in the same order and with the same hours; who came later cannot know the hours of what was said
 * before (GROUP 2.7). Why not goes into ret_why. */
static bool is_same_history(sim_world *w, const view *all, unsigned who, const view *mine,
                            char *ret_why, size_t room) {
  const sim_club *club = w->club;
  bool is_whole = mine->lines.n == all->lines.n;
  size_t found = 0;
  for (size_t i = 0; i < all->lines.n; i++) {
    size_t number = all->lines.number[i], k = find(&mine->lines, number);
    const sim_saying *said = &club->said[number];
    bool has = k < mine->lines.n;
    bool may = said->from == who || sim_club_has(said->to, who) || club->has_history;
    if (!has && (!may || said->is_open)) continue; /* nobody knows whether it was said to them */
    snprintf(ret_why, room, "g%zu is not there", number);
    if (!has) return false;
    snprintf(ret_why, room, "g%zu is another text there", number);
    if (mine->lines.hash[k] != all->lines.hash[i]) return false;
    snprintf(ret_why, room, "g%zu stands elsewhere there, or at another hour", number);
    if (is_whole && (k != i || mine->lines.hour[k] != all->lines.hour[i])) return false;
    found++;
  }
  snprintf(ret_why, room, "%zu texts are there that the founder does not have",
           mine->lines.n - found);
  return found == mine->lines.n;
}

static bool has_foes(const sim_world *w) {
  for (unsigned i = 0; i < w->n; i++)
    if (w->club->is_foe[i]) return true;
  return false;
}

static bool is_alike(sim_world *w, const view *all, unsigned who, char *ret_why, size_t room) {
  static view mine;
  snprintf(mine.state, sizeof mine.state, "silent");
  bool ok = look(w, who, &mine);
  snprintf(ret_why, room, "their node says it is %s", mine.state);
  if (!ok) return false;
  snprintf(ret_why, room, "%zu members in the place of %zu, or other levels", mine.members.n,
           all->members.n);
  if (mine.members.hash != all->members.hash) return false;
  snprintf(ret_why, room, "%" PRIu64 " events are missing, %" PRIu64 " records unopened",
           mine.missing, mine.unopened);
  /* Foes name what never was, and newcomers hear of what nobody may give them. */
  bool has_all = who == w->club->founder || w->club->has_history;
  if (mine.missing != 0 && has_all && !has_foes(w)) return false;
  return is_same_history(w, all, who, &mine, ret_why, room);
}

static bool is_settled(sim_world *w, char *ret_why, size_t room) {
  static view all;
  char why[200];
  snprintf(ret_why, room, "the founder gives no answer");
  if (!look(w, w->club->founder, &all)) return false;
  for (size_t i = 0; i < all.members.n; i++) {
    unsigned who = all.members.who[i];
    if (who >= w->n || w->club->is_foe[who] || is_alike(w, &all, who, why, sizeof why)) continue;
    snprintf(ret_why, room, "%s is not where the founder is: %s", w->person[who]->name, why);
    return false;
  }
  for (size_t i = 0; i < w->club->n_said; i++) {
    bool found = !must_be_there(w->club, &w->club->said[i]);
    for (size_t k = 0; k < all.lines.n && !found; k++)
      found = all.lines.number[k] == i;
    if (found) continue;
    snprintf(ret_why, room, "g%zu of %s was acknowledged and is not in the group", i,
             w->person[w->club->said[i].from]->name);
    return false;
  }
  return true;
}

/* What an author's node acknowledged stays in its own list, whatever became of the author. */
static void check_own(sim_world *w) {
  static lines mine;
  for (unsigned who = 0; who < w->n; who++) {
    bool has_said = false;
    for (size_t i = 0; i < w->club->n_said && !has_said; i++)
      has_said = w->club->said[i].from == who && w->club->said[i].is_acked;
    if (!has_said || w->club->is_foe[who] || w->club->was_strict || w->club->excused[who] ||
        !read_all(w, who, &mine))
      continue;
    for (size_t i = 0; i < w->club->n_said; i++) {
      const sim_saying *said = &w->club->said[i];
      bool found = said->from != who || !said->is_acked;
      for (size_t k = 0; k < mine.n && !found; k++)
        found = mine.number[k] == i;
      sim_expect(w, found, "g%zu was acknowledged to %s and is not in their list", i,
                 w->person[who]->name);
    }
  }
}

static void check_heap(sim_world *w) {
  size_t allowed = SIM_CLUB_CORE_BYTES + w->n * (size_t)SIM_CLUB_MEMBER_BYTES;
  for (unsigned i = 0; i < w->n; i++)
    sim_expect(w, w->node[i]->core_bytes <= allowed, "the core of %s held %zu KiB of heap",
               w->person[i]->name, w->node[i]->core_bytes >> 10);
}

void sim_club_check(sim_world *w) {
  char why[300] = "";
  bool ok = false;
  if (!w->club->is_founded) return;
  for (uint64_t passed = 0; !ok && passed < SIM_CLUB_LATE_S * SIM_SECOND; passed += EACH_MS) {
    sim_run(w, EACH_MS);
    learn_excuses(w);
    ok = is_settled(w, why, sizeof why);
  }
  sim_expect(w, ok, "after %d hours of peace: %s", SIM_CLUB_HOURS, why);
  check_own(w);
  check_heap(w);
}
