/* Finding the group, and the member of it, that a person means (RPC 8.1). */
#include "core/circle_who.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "citizen/id.h"
#include "core/circle_door.h"

enum { PREFIX_MIN = 4 };

static const char *const levels[] = {"none", "member", "moderator", "admin", "owner", "founder"};

const char *vls_rank_name(uint8_t level) {
  return levels[level <= VLS_LEVEL_FOUNDER ? level : VLS_LEVEL_NONE];
}

const char *vls_rank_noun(uint8_t level) {
  static const char *const nouns[] = {"no member", "a member", "a moderator",
                                      "an admin",  "an owner", "a founder"};
  return nouns[level <= VLS_LEVEL_FOUNDER ? level : VLS_LEVEL_NONE];
}

bool vls_rank_parse(vls_slice word, uint64_t *ret) {
  for (uint64_t i = VLS_LEVEL_MEMBER; i <= VLS_LEVEL_OWNER; i++)
    if (vls_slice_eq(word, vls_slice_str(levels[i]))) {
      *ret = i;
      return true;
    }
  return false;
}

void vls_group_name(const vls_circle *circle, char ret[VLS_GROUP_NAME]) {
  snprintf(ret, VLS_GROUP_NAME, "@%s", circle->row.name);
}

bool vls_is_me(const vls_core *core, const uint8_t identity[32]) {
  return memcmp(core->self.identity.pub, identity, 32) == 0;
}

void vls_citizen_name(vls_core *core, const uint8_t identity[32], char ret[VLS_MEMBER_NAME]) {
  const vls_peer *peer = vls_peer_by_identity(core, identity);
  vls_peer stranger = {.row = {.state = VLS_CONTACT_MEMBER}};
  if (vls_is_me(core, identity)) {
    snprintf(ret, VLS_MEMBER_NAME, "%s", core->self.name);
    return;
  }
  memcpy(stranger.row.identity, identity, 32);
  vls_member_name(peer != NULL ? peer : &stranger, ret);
}

static vls_slice folded(vls_slice name, vls_buf *buf) {
  vls_buf_clear(buf);
  return vls_name_fold(name, buf) == VLS_OK ? vls_buf_slice(buf) : (vls_slice){0};
}

static bool starts_with(vls_slice s, vls_slice prefix) {
  return prefix.n > 0 && s.n >= prefix.n && memcmp(s.p, prefix.p, prefix.n) == 0;
}

/* Of what somebody typed: how well the candidates fit so far. */
typedef struct search {
  vls_slice typed, wish; /* as it is, and folded */
  vls_buf wish_buf, name_buf;
  size_t exact, whole, begun, near; /* 1 + the candidate's number; 0: none */
  size_t n_whole, n_begun, least;
} search;

static void search_begin(search *s, vls_slice typed) {
  *s = (search){.typed = typed};
  vls_buf_init(&s->wish_buf, VLS_FOLD_MAX);
  vls_buf_init(&s->name_buf, VLS_FOLD_MAX);
  s->wish = folded(typed, &s->wish_buf);
  s->least = s->wish.n < 6 ? s->wish.n / 2 + 1 : s->wish.n / 3 + 1;
}

static void search_done(search *s) {
  vls_buf_done(&s->wish_buf);
  vls_buf_done(&s->name_buf);
}

/* A candidate's name. One that is not given by its owner's judgement (a claim) never fits exactly,
 * so that a petname comes before it. */
static void search_name(search *s, size_t candidate, vls_slice name, bool is_claim) {
  if (!is_claim && vls_slice_eq(name, s->typed)) s->exact = candidate + 1;
  vls_slice fold = folded(name, &s->name_buf);
  if (s->wish.n == 0) return;
  if (vls_slice_eq(fold, s->wish) && s->whole != candidate + 1) {
    s->whole = candidate + 1;
    s->n_whole++;
  }
  bool begins = starts_with(fold, s->wish);
  if (begins && s->typed.n >= PREFIX_MIN && s->begun != candidate + 1) {
    s->begun = candidate + 1;
    s->n_begun++;
  }
  size_t far = begins && s->wish.n > 1 ? 1 : vls_text_distance(fold, s->wish);
  if (far >= s->least) return;
  s->least = far;
  s->near = candidate + 1;
}

static void search_id(search *s, size_t candidate, vls_slice id) {
  if (vls_slice_eq(id, s->typed)) s->exact = candidate + 1;
  if (s->typed.n < PREFIX_MIN || !starts_with(id, s->typed) || s->begun == candidate + 1) return;
  s->begun = candidate + 1;
  s->n_begun++;
}

/* 1 + the number of the one that is meant; 0: none, or several. */
static size_t search_found(const search *s, bool *ret_ambiguous) {
  *ret_ambiguous = false;
  if (s->exact != 0) return s->exact;
  if (s->n_whole == 1) return s->whole;
  if (s->n_whole == 0 && s->n_begun == 1) return s->begun;
  *ret_ambiguous = s->n_whole + s->n_begun > 1;
  return 0;
}

vls_err vls_call_circle(vls_call *call, vls_slice name, vls_circle **ret) {
  vls_core *core = call->core;
  search s;
  bool ambiguous;
  if (name.n > 0 && name.p[0] == '@') name = vls_slice_of(name.p + 1, name.n - 1);
  search_begin(&s, name);
  for (size_t i = 0; i < core->n_circles; i++) {
    char id[65];
    vls_hex_put(id, vls_slice_of(core->circles[i]->row.gid, 32));
    search_name(&s, i, vls_slice_str(core->circles[i]->row.name), false);
    search_id(&s, i, vls_slice_str(id));
  }
  size_t found = search_found(&s, &ambiguous), near = s.near;
  search_done(&s);
  if (found != 0) {
    *ret = core->circles[found - 1];
    return VLS_OK;
  }
  if (ambiguous)
    return vls_call_fail(call, VLS_NOT_FOUND, "valise group list",
                         "\"@%.*s\" fits more than one group: type more of it",
                         vls_call_shown(name), (const char *)name.p);
  if (near == 0)
    return vls_call_fail(call, VLS_NOT_FOUND, "valise group list", "no group is called \"@%.*s\"",
                         vls_call_shown(name), (const char *)name.p);
  return vls_call_fail(call, VLS_NOT_FOUND, "valise group list",
                       "no group is called \"@%.*s\"; did you mean \"@%s\"?", vls_call_shown(name),
                       (const char *)name.p, core->circles[near - 1]->row.name);
}

/* This node is a member with all that it takes to act. */
static vls_err is_in(vls_call *call, const vls_circle *circle) {
  const char *here = circle->row.name;
  switch (circle->row.state) {
  case VLS_GRP_INVITED:
    return vls_call_fail(call, VLS_STATE, "valise group join NAME",
                         "you are invited to @%s, but have not joined it", here);
  case VLS_GRP_ASKING:
    return vls_call_fail(call, VLS_STATE, "valise group show NAME",
                         "you are not in @%s yet: your node waits for its members", here);
  case VLS_GRP_MEMBER:
    if (circle->group != NULL) return VLS_OK;
    return vls_call_fail(call, VLS_STATE, "valise doctor", "what is here of @%s cannot be read",
                         here);
  case VLS_GRP_LEFT:
  case VLS_GRP_FORGOTTEN: break;
  }
  return vls_call_fail(call, VLS_STATE, NULL, "you are not in @%s any more", here);
}

vls_err vls_call_circle_in(vls_call *call, vls_slice name, vls_circle **ret) {
  vls_err err = vls_call_circle(call, name, ret);
  return err == VLS_OK ? is_in(call, *ret) : err;
}

vls_err vls_call_may_say(vls_call *call, vls_circle *circle) {
  vls_core *core = call->core;
  vls_group_rules rules;
  vls_buf title;
  vls_err err = is_in(call, circle);
  if (err != VLS_OK) return err;
  if (circle->n_words >= VLS_PENDING_MAX)
    return vls_call_fail(call, VLS_BUSY, NULL, "too much at once");
  vls_buf_init(&title, 64);
  bool known = vls_group_rules_now(circle->group, &rules, &title) == VLS_OK;
  vls_buf_done(&title);
  uint8_t mine = vls_group_level(circle->group, core->self.identity.pub);
  uint64_t wait = known && mine >= rules.post ? vls_circle_wait(core, circle) : 0;
  if (wait > 0)
    return vls_call_fail(call, VLS_LIMITED, NULL,
                         "@%s is in slow mode: one text in %llu s; your next in %llu s",
                         circle->row.name, (unsigned long long)rules.slow,
                         (unsigned long long)((wait + 999) / 1000));
  if (!known || mine >= rules.post) return VLS_OK;
  return vls_call_fail(call, VLS_STATE, "valise group policy GROUP",
                       "you are %s of @%s, and it takes %s to write there", vls_rank_noun(mine),
                       circle->row.name, vls_rank_noun((uint8_t)rules.post));
}

vls_err vls_call_talk(vls_call *call, vls_slice who, vls_peer **ret_peer, vls_circle **ret_circle) {
  vls_circle *circle;
  *ret_peer = NULL;
  *ret_circle = NULL;
  if (who.n > 0 && who.p[0] == '@') return vls_call_circle(call, who, ret_circle);
  vls_err err = vls_call_who(call, who, ret_peer);
  if (err != VLS_NOT_FOUND) return err;
  for (size_t i = 0; i < call->core->n_circles; i++) {
    circle = call->core->circles[i];
    if (!vls_slice_eq(vls_slice_str(circle->row.name), who)) continue;
    return vls_call_fail(
        call, VLS_NOT_FOUND, NULL, "no contact is called \"%.*s\", but a group is: write \"@%.*s\"",
        vls_call_shown(who), (const char *)who.p, vls_call_shown(who), (const char *)who.p);
  }
  return err;
}

/* All that may be typed for a member. */
static void search_member(vls_core *core, search *s, size_t candidate, const uint8_t identity[32]) {
  char id[VLS_ID_TEXT + 1], name[VLS_MEMBER_NAME];
  const vls_peer *peer = vls_peer_by_identity(core, identity);
  vls_citizen_name(core, identity, name);
  vls_id_text(id, identity);
  search_name(s, candidate, vls_slice_str(name), false);
  search_id(s, candidate, vls_slice_str(id));
  if (peer != NULL && !vls_peer_visible(peer) && peer->row.claim[0] != '\0')
    search_name(s, candidate, vls_slice_str(peer->row.claim), true);
}

vls_err vls_call_member(vls_call *call, vls_circle *circle, vls_slice who,
                        uint8_t ret_identity[32]) {
  vls_core *core = call->core;
  uint8_t(*all)[32] = vls_calloc(VLS_GROUP_CITIZENS, sizeof *all);
  size_t n = vls_group_members(circle->group, all);
  search s;
  bool ambiguous;
  char near[VLS_MEMBER_NAME] = "";
  vls_peer *contact = NULL;
  search_begin(&s, who);
  for (size_t i = 0; i < n; i++)
    search_member(core, &s, i, all[i]);
  size_t found = search_found(&s, &ambiguous);
  if (found != 0) memcpy(ret_identity, all[found - 1], 32);
  if (s.near != 0) vls_citizen_name(core, all[s.near - 1], near);
  search_done(&s);
  free(all);
  if (found != 0) return VLS_OK;
  if (ambiguous)
    return vls_call_fail(call, VLS_NOT_FOUND, "valise group members GROUP",
                         "\"%.*s\" fits more than one member of @%s: type more of it, or their id",
                         vls_call_shown(who), (const char *)who.p, circle->row.name);
  if (vls_call_who(call, who, &contact) == VLS_OK)
    return vls_call_fail(call, VLS_NOT_FOUND, "valise group members GROUP", "%s is not in @%s",
                         contact->row.name, circle->row.name);
  return vls_call_fail(call, VLS_NOT_FOUND, "valise group members GROUP",
                       "no member of @%s is called \"%.*s\"%s%s%s", circle->row.name,
                       vls_call_shown(who), (const char *)who.p,
                       near[0] != '\0' ? "; did you mean \"" : "", near,
                       near[0] != '\0' ? "\"?" : "");
}
