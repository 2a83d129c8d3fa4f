/* group.role, group.remove, group.policy, group.log. */
#include <stdlib.h>

#include "base/text.h"
#include "citizen/id.h"
#include "core/circle_who.h"
#include "core/circle_words.h"
#include "core/cmd_group.h"

/* Levels flow downward (GROUP 4.2): the reason in words why this cannot be done to somebody. */
static vls_err check_above(vls_call *call, vls_circle *circle, const uint8_t who[32],
                           uint8_t needed, const char *what) {
  char name[VLS_MEMBER_NAME];
  uint8_t mine = vls_group_level(circle->group, call->core->self.identity.pub);
  uint8_t theirs = vls_group_level(circle->group, who);
  vls_citizen_name(call->core, who, name);
  if (mine < needed)
    return vls_call_fail(call, VLS_STATE, "valise group members GROUP",
                         "you are %s of @%s, and it takes %s to %s", vls_rank_noun(mine),
                         circle->row.name, vls_rank_noun(needed), what);
  if (theirs >= mine)
    return vls_call_fail(call, VLS_STATE, "valise group members GROUP",
                         "%s is %s of @%s, and you are %s: only somebody above them can do that",
                         name, vls_rank_noun(theirs), circle->row.name, vls_rank_noun(mine));
  return VLS_OK;
}

/* The group did not take it, or cannot just now. */
static vls_err refused(vls_call *call, const vls_circle *circle, vls_err err) {
  if (err == VLS_LIMITED)
    return vls_call_fail(call, err, "valise group create NAME",
                         "the log of @%s is full: it goes on talking, and begins anew as another "
                         "group",
                         circle->row.name);
  if (err == VLS_STATE)
    return vls_call_fail(call, err, "valise group show GROUP",
                         "the rules of @%s do not allow it, as far as this node knows",
                         circle->row.name);
  return err;
}

vls_err vls_cmd_group_role(vls_call *call) {
  const vls_rpc_group_role *p = call->params;
  vls_core *core = call->core;
  vls_circle *circle;
  uint8_t who[32];
  uint64_t level = 0;
  vls_err err = vls_call_circle_in(call, p->group, &circle);
  if (err == VLS_OK) err = vls_call_group_level(call, true, p->level, &level);
  if (err == VLS_OK) err = vls_call_member(call, circle, p->who, who);
  if (err != VLS_OK) return err;
  if (vls_is_me(core, who))
    return vls_call_fail(call, VLS_STATE, NULL, "nobody changes their own level");
  err = check_above(call, circle, who, VLS_LEVEL_ADMIN, "give levels");
  if (err != VLS_OK) return err;
  uint8_t mine = vls_group_level(circle->group, core->self.identity.pub);
  if (level >= mine)
    return vls_call_fail(call, VLS_STATE, NULL, "you are %s of @%s: you can give levels below that",
                         vls_rank_noun(mine), circle->row.name);
  if (vls_group_level(circle->group, who) == level) return vls_put_member(call, circle, who);
  err = vls_group_set(circle->group, who, (uint8_t)level,
                      p->has_reason ? p->reason : (vls_slice){0}, &core->rng, vls_core_wall(core));
  vls_circle_settle(core, circle);
  if (err != VLS_OK) return refused(call, circle, err);
  return vls_put_member(call, circle, who);
}

vls_err vls_cmd_group_remove(vls_call *call) {
  const vls_rpc_group_remove *p = call->params;
  vls_core *core = call->core;
  vls_circle *circle;
  uint8_t who[32];
  vls_err err = vls_call_circle_in(call, p->group, &circle);
  if (err == VLS_OK) err = vls_call_member(call, circle, p->who, who);
  if (err != VLS_OK) return err;
  if (vls_is_me(core, who))
    return vls_call_fail(call, VLS_USAGE, "valise group leave GROUP", "that is you");
  err = check_above(call, circle, who, VLS_LEVEL_MODERATOR, "remove members");
  if (err != VLS_OK) return err;
  vls_circle_flush_words(core); /* what was written before is said before */
  err = vls_group_remove(circle->group, who, p->has_reason ? p->reason : (vls_slice){0}, &core->rng,
                         vls_core_wall(core));
  vls_circle_settle(core, circle);
  if (err != VLS_OK) return refused(call, circle, err);
  return vls_put_member(call, circle, who);
}

static bool same_rules(const vls_group_rules *a, const vls_group_rules *b) {
  return vls_slice_eq(a->name, b->name) && a->admit == b->admit && a->post == b->post &&
         a->history == b->history && a->lifetime == b->lifetime && a->slow == b->slow;
}

static vls_err change_rules(vls_call *call, const vls_rpc_group_policy *p, vls_group_rules *is) {
  vls_err err = VLS_OK;
  if (p->has_name) err = vls_call_group_title(call, p->name, &is->name);
  if (err == VLS_OK) err = vls_call_group_level(call, p->has_post, p->post, &is->post);
  if (err == VLS_OK) err = vls_call_group_level(call, p->has_admit, p->admit, &is->admit);
  if (p->has_history) is->history = p->history ? 1 : 0;
  if (p->has_lifetime_s) is->lifetime = p->lifetime_s;
  if (p->has_slow_s) is->slow = p->slow_s;
  return err;
}

vls_err vls_cmd_group_policy(vls_call *call) {
  const vls_rpc_group_policy *p = call->params;
  vls_core *core = call->core;
  vls_circle *circle;
  vls_group_rules was;
  vls_buf name;
  vls_buf_init(&name, 64);
  vls_err err = vls_call_circle_in(call, p->group, &circle);
  if (err == VLS_OK) err = vls_group_rules_now(circle->group, &was, &name);
  vls_act_rules act = {.reason = p->has_reason ? p->reason : (vls_slice){0}};
  if (err == VLS_OK) {
    act.rules = was;
    err = change_rules(call, p, &act.rules);
  }
  if (err == VLS_OK && !same_rules(&was, &act.rules)) {
    uint8_t mine = vls_group_level(circle->group, core->self.identity.pub);
    if (mine < VLS_LEVEL_OWNER)
      err = vls_call_fail(call, VLS_STATE, "valise group members GROUP",
                          "you are %s of @%s, and it takes an owner to change its rules",
                          vls_rank_noun(mine), circle->row.name);
    if (err == VLS_OK) {
      err = vls_group_rule(circle->group, &act, &core->rng, vls_core_wall(core));
      vls_circle_settle(core, circle);
      if (err != VLS_OK) err = refused(call, circle, err);
    }
  }
  vls_buf_done(&name);
  return err == VLS_OK ? vls_put_group(call, circle) : err;
}

static bool find_act(vls_circle *circle, const uint8_t id[32], vls_slice *ret_event) {
  const uint8_t *at;
  for (uint32_t i = 0; vls_group_act_at(circle->group, i, &at, ret_event); i++)
    if (memcmp(at, id, 32) == 0) return true;
  return false;
}

static vls_err put_act(vls_call *call, vls_circle *circle, const vls_group_line *line,
                       vls_group_said *said, vls_act_words *words) {
  vls_core *core = call->core;
  vls_group_where where = {.group = circle->row.gid};
  char id[65], by[VLS_MEMBER_NAME], by_id[VLS_ID_TEXT + 1];
  char who[VLS_MEMBER_NAME] = "", who_id[VLS_ID_TEXT + 1] = "";
  vls_slice event;
  if (!find_act(circle, line->id, &event)) return VLS_NOT_FOUND;
  vls_err err = vls_group_read(said, event, &where);
  if (err != VLS_OK) return err;
  vls_act_say(core, circle, said, words);
  vls_hex_put(id, vls_slice_of(line->id, 32));
  vls_citizen_name(core, said->header.author, by);
  vls_id_text(by_id, said->header.author);
  if (words->has_who) {
    vls_citizen_name(core, words->who, who);
    vls_id_text(who_id, words->who);
  }
  vls_rpc_act r = {.id = vls_slice_str(id),
                   .at = line->hour,
                   .kind = vls_slice_str(words->kind),
                   .by = vls_slice_str(by),
                   .by_id = vls_slice_str(by_id),
                   .has_who = words->has_who,
                   .who = vls_slice_str(who),
                   .has_who_id = words->has_who,
                   .who_id = vls_slice_str(who_id),
                   .has_level = words->level != 0,
                   .level = vls_slice_str(vls_rank_name(words->level)),
                   .has_reason = words->reason.n > 0,
                   .reason = words->reason,
                   .undone = vls_group_judge(circle->group, line->id) != VLS_GROUP_COUNTS,
                   .text = vls_slice_str(words->text)};
  return vls_call_put(call, &vls_rpc_act_def, &r);
}

vls_err vls_cmd_group_log(vls_call *call) {
  const vls_rpc_group_log *p = call->params;
  vls_circle *circle;
  vls_group_line *lines = NULL;
  size_t n = 0, skip = p->has_skip ? (size_t)p->skip : 0;
  size_t limit = p->has_limit ? (size_t)p->limit : VLS_LOG_PAGE;
  vls_err err = vls_call_circle(call, p->group, &circle);
  if (err != VLS_OK) return err;
  size_t all = circle->group == NULL ? 0 : vls_group_history(circle->group, &lines);
  for (size_t i = 0; i < all; i++)
    if (lines[i].is_act) lines[n++] = lines[i];
  size_t end = skip < n ? n - skip : 0, from = end > limit ? end - limit : 0;
  vls_group_said *said = vls_calloc(1, sizeof *said);
  vls_act_words *words = vls_calloc(1, sizeof *words);
  err = vls_pack_array(call->result, end - from);
  for (size_t i = from; i < end && err == VLS_OK; i++)
    err = put_act(call, circle, &lines[i], said, words);
  free(words);
  free(said);
  free(lines);
  return err;
}
