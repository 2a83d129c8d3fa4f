/* group.create, group.list, group.get, group.members, group.rename, group.leave, group.forget. */
#include "core/cmd_group.h"

#include <stdlib.h>

#include "base/text.h"
#include "citizen/id.h"
#include "core/circle_pass.h"
#include "core/circle_who.h"
#include "store/messages.h"

/* Who is in it, by everything known now. */
typedef struct crowd {
  uint8_t (*who)[32];
  size_t n;
} crowd;

static crowd crowd_of(vls_circle *circle) {
  crowd c = {.who = vls_calloc(VLS_GROUP_CITIZENS, 32)};
  if (circle->group != NULL) c.n = vls_group_members(circle->group, c.who);
  return c;
}

static bool is_linked(const vls_circle *circle, const vls_peer *peer) {
  for (size_t i = 0; i < circle->n_links; i++)
    if (circle->links[i].conn->peer == peer) return true;
  return false;
}

/* Left, or thrown out: the newest act on me says which. */
static bool was_removed(vls_core *core, vls_circle *circle) {
  vls_group_where where = {.group = circle->row.gid};
  vls_group_said *said = vls_calloc(1, sizeof *said);
  const uint8_t *id;
  vls_slice event;
  bool removed = false;
  for (uint32_t i = 0; circle->group != NULL && vls_group_act_at(circle->group, i, &id, &event);
       i++) {
    if (vls_group_read(said, event, &where) != VLS_OK) continue;
    if (said->act.kind == VLS_GROUP_REMOVE && vls_is_me(core, said->act.remove.who))
      removed = !vls_is_me(core, said->header.author);
  }
  free(said);
  return removed;
}

static const char *state_name(vls_core *core, vls_circle *circle) {
  switch (circle->row.state) {
  case VLS_GRP_INVITED: return "invited";
  case VLS_GRP_ASKING:
    return circle->let_in || (circle->group != NULL &&
                              vls_group_level(circle->group, core->self.identity.pub) > 0)
               ? "joining"
               : "asking";
  case VLS_GRP_MEMBER: return "ready";
  case VLS_GRP_LEFT:
  case VLS_GRP_FORGOTTEN: break;
  }
  return was_removed(core, circle) ? "removed" : "left";
}

static void put_rules(vls_circle *circle, vls_rpc_group *r, vls_buf *title) {
  vls_group_rules rules = {.post = VLS_LEVEL_MEMBER, .admit = VLS_LEVEL_MODERATOR};
  if (circle->group != NULL && vls_group_rules_now(circle->group, &rules, title) == VLS_OK)
    r->title = rules.name;
  r->post = vls_slice_str(vls_rank_name((uint8_t)rules.post));
  r->admit = vls_slice_str(vls_rank_name((uint8_t)rules.admit));
  r->history = rules.history != 0;
  r->lifetime_s = rules.lifetime;
  r->slow_s = rules.slow;
}

vls_err vls_put_group(vls_call *call, vls_circle *circle) {
  vls_core *core = call->core;
  const vls_peer *via = circle->row.via == 0 ? NULL : vls_peer_get(core, circle->row.via);
  char id[65], name[VLS_GROUP_NAME], inviter[VLS_MEMBER_NAME] = "";
  crowd all = crowd_of(circle);
  uint8_t level =
      circle->group == NULL ? 0 : vls_group_level(circle->group, core->self.identity.pub);
  vls_buf title;
  vls_buf_init(&title, 64);
  vls_hex_put(id, vls_slice_of(circle->row.gid, 32));
  vls_group_name(circle, name);
  bool waits = circle->row.state == VLS_GRP_INVITED || circle->row.state == VLS_GRP_ASKING;
  if (via != NULL && waits) vls_member_name(via, inviter);
  vls_rpc_group r = {.group = circle->row.id,
                     .name = vls_slice_str(name),
                     .id = vls_slice_str(id),
                     .state = vls_slice_str(state_name(core, circle)),
                     .level = vls_slice_str(vls_rank_name(level)),
                     .members = all.n,
                     .unread = vls_circle_unread(core, circle),
                     .queued = vls_message_count_queued(core->store, circle->row.id),
                     .has_inviter = inviter[0] != '\0',
                     .inviter = vls_slice_str(inviter),
                     .has_problem = circle->row.problem[0] != '\0',
                     .problem = vls_slice_str(circle->row.problem)};
  for (size_t i = 0; i < all.n; i++) {
    const vls_peer *peer = vls_peer_by_identity(core, all.who[i]);
    r.online += peer != NULL && is_linked(circle, peer) ? 1 : 0;
  }
  put_rules(circle, &r, &title);
  r.has_compared = circle->pass != NULL && circle->pass->compared != 0;
  if (r.has_compared) r.compared = circle->pass->compared;
  if (circle->group != NULL) {
    size_t bytes;
    r.missing = vls_circle_missing(circle);
    r.unopened = vls_group_pending(circle->group, &bytes);
  }
  vls_err err = vls_call_put(call, &vls_rpc_group_def, &r);
  vls_buf_done(&title);
  free(all.who);
  return err;
}

/* A name that a person can see and type: some letter of it shows. */
static bool is_name(vls_slice name) {
  vls_buf fold;
  vls_buf_init(&fold, VLS_FOLD_MAX);
  bool shows = vls_name_fold(name, &fold) == VLS_OK;
  bool letters = false;
  for (size_t i = 0; shows && i < fold.n; i++)
    letters = letters || (fold.p[i] > ' ' && fold.p[i] != 0x7f);
  for (size_t i = 0; i < name.n; i++)
    letters = letters && name.p[i] >= ' ' && name.p[i] != 0x7f;
  vls_buf_done(&fold);
  return letters;
}

vls_err vls_call_group_title(vls_call *call, vls_slice name, vls_slice *ret) {
  if (name.n > 0 && name.p[0] == '@') name = vls_slice_of(name.p + 1, name.n - 1);
  *ret = name;
  if (is_name(name)) return VLS_OK;
  return vls_call_fail(call, VLS_USAGE, NULL,
                       "a group's name is 1 to 64 bytes of text on one line, without @");
}

vls_err vls_call_group_level(vls_call *call, bool has, vls_slice word, uint64_t *ret) {
  if (!has || vls_rank_parse(word, ret)) return VLS_OK;
  return vls_call_fail(call, VLS_USAGE, NULL, "a level is one of: member, moderator, admin, owner");
}

vls_err vls_cmd_group_create(vls_call *call) {
  vls_core *core = call->core;
  const vls_rpc_group_create *p = call->params;
  vls_group_rules rules = {.admit = VLS_LEVEL_MODERATOR,
                           .post = VLS_LEVEL_MEMBER,
                           .history = p->has_history && p->history ? 1 : 0,
                           .lifetime = p->has_lifetime_s ? p->lifetime_s : 0,
                           .slow = p->has_slow_s ? p->slow_s : 0};
  vls_circle *circle;
  vls_err err = vls_call_group_title(call, p->name, &rules.name);
  if (err == VLS_OK) err = vls_call_group_level(call, p->has_post, p->post, &rules.post);
  if (err == VLS_OK) err = vls_call_group_level(call, p->has_admit, p->admit, &rules.admit);
  if (err != VLS_OK) return err;
  err = vls_circle_found(core, &rules, &circle);
  if (err == VLS_LIMITED)
    return vls_call_fail(call, err, "valise group forget GROUP",
                         "this node has %d groups already, with those you have left",
                         VLS_CIRCLES_MAX);
  return err == VLS_OK ? vls_put_group(call, circle) : err;
}

vls_err vls_cmd_group_list(vls_call *call) {
  vls_core *core = call->core;
  vls_circle_flush_words(core);
  vls_err err = vls_pack_array(call->result, core->n_circles);
  for (size_t i = 0; i < core->n_circles && err == VLS_OK; i++)
    err = vls_put_group(call, core->circles[i]);
  return err;
}

vls_err vls_cmd_group_get(vls_call *call) {
  const vls_rpc_which_group *p = call->params;
  vls_circle *circle;
  vls_circle_flush_words(call->core);
  vls_err err = vls_call_circle(call, p->group, &circle);
  return err == VLS_OK ? vls_put_group(call, circle) : err;
}

static size_t devices_of(vls_circle *circle, const uint8_t identity[32]) {
  vls_group_seat seat;
  size_t n = 0;
  for (uint32_t i = 0; vls_group_seat_at(circle->group, i, &seat); i++)
    n += memcmp(seat.identity, identity, 32) == 0 ? 1 : 0;
  return n;
}

vls_err vls_put_member(vls_call *call, vls_circle *circle, const uint8_t identity[32]) {
  vls_core *core = call->core;
  const vls_peer *peer = vls_peer_by_identity(core, identity);
  char id[VLS_ID_TEXT + 1], name[VLS_MEMBER_NAME];
  bool me = vls_is_me(core, identity);
  vls_id_text(id, identity);
  vls_citizen_name(core, identity, name);
  vls_rpc_member r = {
      .id = vls_slice_str(id),
      .name = vls_slice_str(name),
      .claim = vls_slice_str(me             ? core->self.name
                             : peer == NULL ? ""
                                            : peer->row.claim),
      .level = vls_slice_str(vls_rank_name(
          circle->group == NULL ? VLS_LEVEL_NONE : vls_group_level(circle->group, identity))),
      .me = me,
      .contact = peer != NULL && vls_peer_visible(peer),
      .blocked = peer != NULL && peer->row.blocked,
      .online = me || (peer != NULL && is_linked(circle, peer)),
      .devices = circle->group == NULL ? 0 : devices_of(circle, identity)};
  return vls_call_put(call, &vls_rpc_member_def, &r);
}

typedef struct ranked {
  uint8_t who[32], level;
} ranked;

static int by_rank(const void *a, const void *b) {
  const ranked *x = a, *y = b;
  if (x->level != y->level) return x->level > y->level ? -1 : 1;
  return memcmp(x->who, y->who, 32);
}

vls_err vls_cmd_group_members(vls_call *call) {
  const vls_rpc_group_members *p = call->params;
  vls_circle *circle;
  vls_err err = vls_call_circle(call, p->group, &circle);
  if (err != VLS_OK) return err;
  crowd all = crowd_of(circle);
  ranked *rows = vls_calloc(all.n + 1, sizeof *rows);
  for (size_t i = 0; i < all.n; i++) {
    memcpy(rows[i].who, all.who[i], 32);
    rows[i].level = vls_group_level(circle->group, all.who[i]);
  }
  if (all.n > 1) qsort(rows, all.n, sizeof *rows, by_rank);
  size_t from = p->has_skip && p->skip < all.n ? (size_t)p->skip : p->has_skip ? all.n : 0;
  size_t n = all.n - from, limit = p->has_limit ? (size_t)p->limit : VLS_MEMBERS_PAGE;
  if (n > limit) n = limit;
  err = vls_pack_array(call->result, n);
  for (size_t i = 0; i < n && err == VLS_OK; i++)
    err = vls_put_member(call, circle, rows[from + i].who);
  free(rows);
  free(all.who);
  return err;
}

vls_err vls_cmd_group_rename(vls_call *call) {
  const vls_rpc_group_rename *p = call->params;
  vls_circle *circle;
  vls_slice name;
  vls_err err = vls_call_circle(call, p->group, &circle);
  if (err == VLS_OK) err = vls_call_group_title(call, p->name, &name);
  if (err != VLS_OK) return err;
  err = vls_circle_rename(call->core, circle, name);
  if (err == VLS_EXISTS)
    return vls_call_fail(call, err, "valise group list", "another group's name looks the same");
  return err == VLS_OK ? vls_put_group(call, circle) : err;
}

static vls_err leave(vls_call *call, vls_circle *circle, vls_slice reason) {
  vls_core *core = call->core;
  const uint8_t *me = core->self.identity.pub;
  vls_err err = vls_group_remove(circle->group, me, reason, &core->rng, vls_core_wall(core));
  vls_circle_settle(core, circle);
  if (err != VLS_STATE) return err;
  return vls_call_fail(call, err, NULL,
                       vls_group_level(circle->group, me) == VLS_LEVEL_FOUNDER
                           ? "you began @%s, and a founder cannot leave: make another one an "
                             "owner, and say no more there"
                           : "@%s cannot be left now",
                       circle->row.name);
}

vls_err vls_cmd_group_leave(vls_call *call) {
  const vls_rpc_group_leave *p = call->params;
  vls_core *core = call->core;
  vls_circle *circle;
  vls_err err = vls_call_circle(call, p->group, &circle);
  if (err != VLS_OK) return err;
  if (circle->row.state == VLS_GRP_LEFT)
    return vls_call_fail(call, VLS_STATE, "valise group forget GROUP",
                         "you are not in @%s any more", circle->row.name);
  if (circle->row.state == VLS_GRP_MEMBER && circle->group != NULL) {
    vls_circle_flush_words(core);
    err = leave(call, circle, p->has_reason ? p->reason : (vls_slice){0});
  }
  if (err != VLS_OK) return err;
  circle->row.state = VLS_GRP_LEFT;
  circle->row.problem[0] = '\0';
  circle->row_dirty = circle->moved = true;
  if (circle->group != NULL) vls_circle_settle(core, circle);
  vls_circle_touch(core, circle);
  return vls_put_group(call, circle);
}

vls_err vls_cmd_group_forget(vls_call *call) {
  const vls_rpc_which_group *p = call->params;
  vls_core *core = call->core;
  vls_circle *circle;
  vls_err err = vls_call_circle(call, p->group, &circle);
  if (err != VLS_OK) return err;
  if (circle->row.state == VLS_GRP_MEMBER && circle->group != NULL)
    return vls_call_fail(call, VLS_STATE, "valise group leave GROUP",
                         "you are in @%s: leave it first", circle->row.name);
  vls_circle_flush_words(core);
  vls_rpc_count count = {.count = vls_circle_forget(core, circle)};
  return vls_call_put(call, &vls_rpc_count_def, &count);
}
