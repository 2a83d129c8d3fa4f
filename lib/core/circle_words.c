#include "core/circle_words.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "core/circle_who.h"

/* A sentence that grows; what does not fit is left out, no letter is cut. */
typedef struct sentence {
  char *p;
  size_t n, max;
} sentence;

static void add(sentence *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(sentence *s, const char *format, ...) {
  va_list args;
  va_start(args, format);
  int n = vsnprintf(s->p + s->n, s->max - s->n, format, args);
  va_end(args);
  if (n < 0) return;
  size_t end = s->n + (size_t)n;
  if (end >= s->max) end = vls_utf8_whole(s->p, s->max - 1);
  s->n = end;
  s->p[end] = '\0';
}

/* A name within a sentence. */
typedef struct person {
  char name[VLS_MEMBER_NAME];
  bool me;
} person;

static person person_of(vls_core *core, const uint8_t identity[32], const char *me) {
  person p = {.me = vls_is_me(core, identity)};
  if (p.me)
    snprintf(p.name, sizeof p.name, "%s", me);
  else
    vls_citizen_name(core, identity, p.name);
  return p;
}

static const char *whom(uint64_t level) {
  switch (level) {
  case VLS_LEVEL_MEMBER: return "all members";
  case VLS_LEVEL_MODERATOR: return "moderators and above";
  case VLS_LEVEL_ADMIN: return "admins and above";
  default: return "owners and founders";
  }
}

/* "2 days", "90 s": the largest unit that says it exactly. */
static void add_span(sentence *s, uint64_t seconds) {
  static const struct {
    uint64_t in;
    const char *one, *many;
  } units[] = {{86400, "day", "days"}, {3600, "hour", "hours"}, {60, "minute", "minutes"}};
  for (size_t i = 0; i < 3; i++)
    if (seconds % units[i].in == 0) {
      uint64_t n = seconds / units[i].in;
      add(s, "%" PRIu64 " %s", n, n == 1 ? units[i].one : units[i].many);
      return;
    }
  add(s, "%" PRIu64 " s", seconds);
}

/* What is different in these rules: a clause for each. */
static void add_rules(sentence *s, const vls_group_rules *was, const vls_group_rules *is) {
  size_t before = s->n;
  if (!vls_slice_eq(was->name, is->name))
    add(s, ": it is called \"%.*s\"", (int)is->name.n, (const char *)is->name.p);
  if (was->post != is->post) add(s, "%s %s may write", s->n > before ? "," : ":", whom(is->post));
  if (was->admit != is->admit)
    add(s, "%s %s may invite", s->n > before ? "," : ":", whom(is->admit));
  if (was->history != is->history)
    add(s, "%s newcomers %s", s->n > before ? "," : ":",
        is->history != 0 ? "are given what was said before"
                         : "read only what is said after they came");
  if (was->lifetime != is->lifetime) {
    add(s, "%s texts are %s", s->n > before ? "," : ":",
        is->lifetime == 0 ? "not forgotten any more" : "forgotten after ");
    if (is->lifetime != 0) add_span(s, is->lifetime);
  }
  if (was->slow != is->slow) {
    add(s, "%s %s", s->n > before ? "," : ":",
        is->slow == 0 ? "no waiting between texts" : "one text of each member in ");
    if (is->slow != 0) add_span(s, is->slow);
  }
}

static void say_rules(vls_circle *circle, const vls_group_said *said, sentence *s, const char *by) {
  vls_group_rules was = {0};
  vls_buf name;
  vls_buf_init(&name, 64);
  add(s, "%s changed the rules", by);
  if (vls_group_rules_then(circle->group, said->id, &was, &name) == VLS_OK)
    add_rules(s, &was, &said->act.rules.rules);
  vls_buf_done(&name);
}

static void say_remove(const vls_group_said *said, sentence *s, const person *by, const person *who,
                       vls_slice reason) {
  bool leaves = memcmp(said->header.author, said->act.remove.who, 32) == 0;
  if (leaves)
    add(s, "%s left", by->name);
  else
    add(s, "%s removed %s", by->name, who->name);
  if (reason.n > 0) add(s, ": %.*s", (int)reason.n, (const char *)reason.p);
  if (leaves || who->me) return;
  add(s, ". %s can still read what was sent before", who->name);
}

static void say_admit(vls_core *core, vls_circle *circle, const vls_group_said *said, sentence *s,
                      const person *by, const person *who) {
  const vls_act_admit *admit = &said->act.admit;
  vls_group_where where = {.group = circle->row.gid};
  add(s, "%s let %s in", by->name, who->name);
  if (admit->invite.n != 32) return;
  const uint8_t *id;
  vls_slice event;
  for (uint32_t i = 0; vls_group_act_at(circle->group, i, &id, &event); i++) {
    if (memcmp(id, admit->invite.p, 32) != 0) continue;
    vls_group_said *invite = vls_calloc(1, sizeof *invite);
    if (vls_group_read(invite, event, &where) == VLS_OK &&
        memcmp(invite->header.author, said->header.author, 32) != 0) {
      person inviter = person_of(core, invite->header.author, "you");
      add(s, ", invited by %s", inviter.name);
    }
    free(invite);
    return;
  }
}

static void say_leaf(vls_core *core, const vls_group_said *said, sentence *s, const person *by,
                     vls_act_words *ret) {
  vls_device_cert cert = {0};
  vls_group_leaf leaf = {0};
  const vls_act_leaf *act = &said->act.leaf;
  if (vls_group_leaf_check(&leaf, &act->cert, &act->leaf, said->header.group) != VLS_OK ||
      vls_group_cert_check(&cert, &act->cert) != VLS_OK)
    return;
  memcpy(ret->who, cert.identity, 32);
  ret->has_who = true;
  bool own = memcmp(cert.identity, said->header.author, 32) == 0;
  person who = person_of(core, cert.identity, "you");
  const char *what = leaf.dh.n == 0 ? "took away" : "gave new keys to";
  if (own)
    add(s, "%s %s a device of %s own", by->name, what, by->me ? "your" : "their");
  else
    add(s, "%s %s a device of %s", by->name, what, who.name);
}

static void say_invite(const vls_act_invite *invite, sentence *s, const person *by) {
  if (invite->uses == 1)
    add(s, "%s made an invitation for one person", by->name);
  else
    add(s, "%s made an invitation for %" PRIu64 " people", by->name, (uint64_t)invite->uses);
  if (invite->approve) add(s, ", whom a moderator has to let in");
}

static void about(vls_act_words *ret, const uint8_t who[32], vls_slice reason) {
  memcpy(ret->who, who, 32);
  ret->has_who = true;
  ret->reason = reason;
}

/* The rest of the sentence; kinds of acts beside those of 4.1 to 4.7. */
static void say_other(const vls_group_said *said, sentence *s, const person *by,
                      vls_act_words *ret) {
  uint64_t kind = said->n_items > 0 ? said->items[0].kind : 0;
  if (kind == VLS_GROUP_SEEN) {
    ret->kind = "seen";
    add(s, "%s joined what several did at once", by->name);
  } else if (kind == VLS_GROUP_COMMIT) {
    ret->kind = "rekey";
    add(s, "%s renewed the keys", by->name);
  } else {
    ret->kind = "unknown";
    add(s, "%s did something that this version does not know", by->name);
  }
}

void vls_act_say(vls_core *core, vls_circle *circle, const vls_group_said *said,
                 vls_act_words *ret) {
  const vls_group_act *act = &said->act;
  person by = person_of(core, said->header.author, "You"), who = {0};
  *ret = (vls_act_words){.kind = "unknown"};
  sentence s = {ret->text, 0, sizeof ret->text};
  if (act->kind == VLS_GROUP_SET) about(ret, act->set.who, act->set.reason);
  if (act->kind == VLS_GROUP_REMOVE) about(ret, act->remove.who, act->remove.reason);
  if (act->kind == VLS_GROUP_ADMIT) about(ret, act->admit.who, act->admit.reason);
  if (ret->has_who) who = person_of(core, ret->who, "you");
  switch (act->kind) {
  case VLS_GROUP_GENESIS:
    ret->kind = "create";
    add(&s, "%s began the group \"%.*s\"", by.name, (int)act->genesis.rules.name.n,
        (const char *)act->genesis.rules.name.p);
    break;
  case VLS_GROUP_SET:
    ret->kind = "level";
    ret->level = (uint8_t)act->set.level;
    add(&s, "%s made %s %s", by.name, who.name, vls_rank_noun(ret->level));
    break;
  case VLS_GROUP_REMOVE:
    ret->kind = memcmp(ret->who, said->header.author, 32) == 0 ? "leave" : "remove";
    say_remove(said, &s, &by, &who, ret->reason);
    return;
  case VLS_GROUP_ADMIT:
    ret->kind = "admit";
    say_admit(core, circle, said, &s, &by, &who);
    break;
  case VLS_GROUP_LEAF:
    ret->kind = "device";
    say_leaf(core, said, &s, &by, ret);
    break;
  case VLS_GROUP_RULES:
    ret->kind = "policy";
    ret->reason = act->rules.reason;
    say_rules(circle, said, &s, by.name);
    break;
  case VLS_GROUP_INVITE:
    ret->kind = "invite";
    ret->reason = act->invite.reason;
    say_invite(&act->invite, &s, &by);
    break;
  case VLS_GROUP_SEEN:
  case VLS_GROUP_COMMIT:
  case VLS_GROUP_WORDS: say_other(said, &s, &by, ret); break;
  }
  if (ret->reason.n > 0)
    add(&s, "%s%.*s", act->kind == VLS_GROUP_RULES ? ". Reason: " : ": ", (int)ret->reason.n,
        (const char *)ret->reason.p);
}

/* What is done for the machine's sake, and what is over, is in the log alone. */
void vls_act_tell(vls_core *core, vls_circle *circle, const vls_group_said *said) {
  vls_act_words words;
  switch (said->act.kind) {
  case VLS_GROUP_SET:
  case VLS_GROUP_REMOVE:
  case VLS_GROUP_ADMIT:
  case VLS_GROUP_RULES:
  case VLS_GROUP_INVITE: break;
  case VLS_GROUP_WORDS:
  case VLS_GROUP_GENESIS:
  case VLS_GROUP_LEAF:
  case VLS_GROUP_SEEN:
  case VLS_GROUP_COMMIT: return;
  }
  if (circle->row.state != VLS_GRP_MEMBER) return; /* a newcomer is told what it was before */
  if (vls_is_me(core, said->header.author)) return;
  if (vls_group_judge(circle->group, said->id) != VLS_GROUP_COUNTS) return;
  vls_act_say(core, circle, said, &words);
  vls_feed_add_talk(core, VLS_FEED_GROUP, circle->row.id, 0, 0, words.text);
}
