/* group.invite, group.join, group.asking, group.admit. */
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "citizen/id.h"
#include "citizen/invite.h"
#include "content/bodies.h"
#include "core/circle_door.h"
#include "core/circle_who.h"
#include "core/cmd_group.h"
#include "store/group_due.h"
#include "store/group_pass.h"

enum { DEFAULT_EXPIRES_S = 7 * 86400, LINK_ADDRESSES = 4, LINK_ADDRESS = 64, ASKING_MAX = 500 };

/* group.invite */

/* The invitation in the making. */
typedef struct inviting {
  vls_circle *circle;
  vls_peer *peer; /* NULL: by a link */
  uint64_t uses, until_s;
  bool approve;
  vls_slice reason;
  vls_sign_pair pair;
  char title[VLS_NAME_MAX + 1]; /* of the group, by its rules */
} inviting;

static vls_err check_rules(vls_call *call, inviting *i) {
  vls_group_rules rules;
  vls_buf name;
  uint8_t mine = vls_group_level(i->circle->group, call->core->self.identity.pub);
  vls_buf_init(&name, VLS_NAME_MAX);
  vls_err err = vls_group_rules_now(i->circle->group, &rules, &name);
  if (err == VLS_OK) memcpy(i->title, rules.name.p, rules.name.n);
  vls_buf_done(&name);
  if (err != VLS_OK)
    return vls_call_fail(call, VLS_STATE, NULL, "what is known of the group is not complete yet");
  if (mine >= rules.admit) return VLS_OK;
  return vls_call_fail(call, VLS_STATE, "valise group show",
                       "the rules of the group let %s or higher invite, and you are %s",
                       vls_rank_noun((uint8_t)rules.admit), vls_rank_noun(mine));
}

static vls_err check_guest(vls_call *call, inviting *i, vls_slice who) {
  vls_err err = vls_call_who(call, who, &i->peer);
  if (err != VLS_OK) return err;
  const char *name = i->peer->row.name;
  if (i->peer->row.blocked)
    return vls_call_fail(call, VLS_STATE, "valise contact unblock", "you blocked %s", name);
  if (i->peer->row.state != VLS_CONTACT_READY && i->peer->row.state != VLS_CONTACT_PENDING)
    return vls_call_fail(call, VLS_STATE, "valise contact list", "%s is not your contact yet",
                         name);
  if (vls_group_level(i->circle->group, i->peer->row.identity) == 0) return VLS_OK;
  return vls_call_fail(call, VLS_STATE, NULL, "%s is in the group already", name);
}

/* The act: members know the invitation's key from it, and what it allows. */
static vls_err publish(vls_call *call, inviting *i) {
  vls_core *core = call->core;
  vls_act_invite act = {
      .uses = i->uses, .until = i->until_s * 1000, .approve = i->approve, .reason = i->reason};
  vls_sign_new(&i->pair, &core->rng);
  memcpy(act.key, i->pair.pub, 32);
  vls_err err = vls_group_invite(i->circle->group, &act, &core->rng, vls_core_wall(core));
  vls_circle_settle(core, i->circle);
  i->circle->doors_moved = true;
  if (err == VLS_LIMITED)
    return vls_call_fail(call, err, NULL, "the group's log is full: it takes no invitation more");
  if (err != VLS_OK)
    return vls_call_fail(call, VLS_STATE, NULL,
                         "this node has no key of the group yet: try again in a moment");
  return VLS_OK;
}

static vls_err make_link(vls_call *call, const inviting *i, vls_buf *text) {
  vls_core *core = call->core;
  vls_group_link link = {
      .version = 2, .name = vls_slice_str(i->title), .until = i->until_s, .approve = i->approve};
  memcpy(link.group, i->circle->row.gid, 32);
  memcpy(link.seed, i->pair.priv, 32);
  memcpy(link.identity, core->self.identity.pub, 32);
  memcpy(link.dh, core->self.dh.pub, 32);
  for (size_t k = 0; k < core->n_addresses && link.n_addresses < LINK_ADDRESSES; k++)
    if (core->addresses[k].n <= LINK_ADDRESS)
      link.addresses[link.n_addresses++] = core->addresses[k];
  vls_err err = VLS_TOO_BIG;
  while ((err = vls_group_link_text(text, &link)) == VLS_TOO_BIG && link.n_addresses > 1)
    link.n_addresses--; /* the less preferred stay away so that the link fits a QR code */
  vls_wipe(&link, sizeof link);
  return err;
}

/* It waits for a link with them, and for being signed. */
static vls_err hand_over(vls_call *call, const inviting *i) {
  vls_core *core = call->core;
  vls_item_group item = {.name = vls_slice_str(i->title),
                         .until = i->until_s,
                         .approve = i->approve,
                         .note = i->reason};
  vls_buf body;
  memcpy(item.group, i->circle->row.gid, 32);
  memcpy(item.seed, i->pair.priv, 32);
  vls_buf_init(&body, vls_item_group_def.max_bytes);
  vls_err err = vls_body_group(&body, &item);
  VLS_ASSERT(err == VLS_OK);
  vls_gdue_row row = {.grp = i->circle->row.id,
                      .contact = i->peer->row.id,
                      .kind = VLS_GDUE_INVITE,
                      .at = vls_core_wall(core),
                      .body = vls_buf_slice(&body)};
  vls_gdue_drop_of(core->store, row.grp, row.contact, VLS_GDUE_INVITE);
  err = vls_gdue_put(core->store, &row);
  i->peer->invites_due = true;
  vls_peer_touch(core, i->peer);
  vls_wipe(&item, sizeof item);
  vls_buf_done(&body);
  return err;
}

static vls_err invite(vls_call *call, inviting *i) {
  vls_core *core = call->core;
  vls_buf text;
  vls_rpc_group_invited ok = {.uses = i->uses, .expires = i->until_s * 1000};
  bool by_link = i->peer == NULL;
  if (by_link && core->n_addresses == 0)
    return vls_call_fail(call, VLS_STATE, "valise config set listen.advertise HOST:PORT",
                         "this node knows no address at which others could reach it");
  vls_err err = publish(call, i);
  if (err != VLS_OK) return err;
  vls_buf_init(&text, VLS_LINK_TEXT_MAX);
  err = by_link ? make_link(call, i, &text) : hand_over(call, i);
  if (err == VLS_LIMITED)
    err = vls_call_fail(call, err, NULL, "%d things wait to be told to %s already", VLS_GDUE_MAX,
                        i->peer->row.name);
  ok.has_link = by_link;
  ok.link = vls_buf_slice(&text);
  ok.has_name = !by_link;
  if (!by_link) ok.name = vls_slice_str(i->peer->row.name);
  if (err == VLS_OK) err = vls_call_put(call, &vls_rpc_group_invited_def, &ok);
  vls_buf_done(&text);
  return err;
}

vls_err vls_cmd_group_invite(vls_call *call) {
  const vls_rpc_group_invite *p = call->params;
  inviting i = {.uses = p->has_uses && !p->has_who ? p->uses : 1,
                .approve = p->has_approve && p->approve,
                .reason = p->has_reason ? p->reason : (vls_slice){0}};
  uint64_t life = p->has_expires_s ? p->expires_s : DEFAULT_EXPIRES_S;
  i.until_s = vls_core_wall(call->core) / 1000 + life;
  vls_err err = vls_call_circle_in(call, p->group, &i.circle);
  if (err == VLS_OK && i.until_s > UINT32_MAX)
    err = vls_call_fail(call, VLS_STATE, "timedatectl",
                        "the clock of this machine is wrong: it is beyond the year 2105");
  if (err == VLS_OK) err = check_rules(call, &i);
  if (err == VLS_OK && p->has_who) err = check_guest(call, &i, p->who);
  if (err == VLS_OK) err = invite(call, &i);
  vls_wipe(&i, sizeof i);
  return err;
}

/* group.join */

static vls_err bad_link(vls_call *call, vls_slice text) {
  vls_invite person;
  uint8_t bytes[VLS_INVITE_BYTES];
  bool other = vls_invite_parse(&person, bytes, text) == VLS_OK;
  vls_wipe(&person, sizeof person);
  vls_wipe(bytes, sizeof bytes);
  if (other)
    return vls_call_fail(call, VLS_MALFORMED, "valise contact accept LINK",
                         "this link is an invitation of a person, not to a group");
  return vls_call_fail(call, VLS_MALFORMED, NULL,
                       "this is not a link to a group, or a letter of it is wrong: "
                       "copy it whole, from valise: to its end");
}

static vls_err check_link(vls_call *call, const vls_group_link *link, const vls_circle *circle) {
  vls_core *core = call->core;
  const vls_peer *peer = vls_peer_by_identity(core, link->identity);
  if (link->until * 1000 < vls_core_wall(core))
    return vls_call_fail(call, VLS_EXPIRED, NULL, "the invitation has expired: ask for a new one");
  if (memcmp(link->identity, core->self.identity.pub, 32) == 0)
    return vls_call_fail(call, VLS_USAGE, NULL,
                         "this is your own invitation: give it to somebody else");
  if (circle != NULL && circle->row.state == VLS_GRP_MEMBER)
    return vls_call_fail(call, VLS_EXISTS, "valise group list", "you are in this group already");
  if (peer != NULL && peer->row.blocked)
    return vls_call_fail(call, VLS_STATE, "valise contact unblock",
                         "the invitation is of somebody you blocked");
  if (circle == NULL && core->n_circles >= VLS_CIRCLES_MAX)
    return vls_call_fail(call, VLS_LIMITED, NULL, "there are %d groups already", VLS_CIRCLES_MAX);
  return VLS_OK;
}

/* The group of a link stands here as if a contact had told of it. */
static vls_err from_link(vls_call *call, vls_slice text, vls_circle **ret) {
  vls_core *core = call->core;
  vls_group_link link;
  uint8_t bytes[VLS_INVITE_BYTES];
  vls_err err = vls_group_link_parse(&link, bytes, text) == VLS_OK ? VLS_OK : bad_link(call, text);
  if (err == VLS_OK) {
    *ret = vls_circle_by_gid(core, link.group);
    err = check_link(call, &link, *ret);
  }
  if (err == VLS_OK) {
    const vls_peer *peer = vls_peer_by_identity(core, link.identity);
    vls_buf whole;
    vls_buf_init(&whole, VLS_LINK_TEXT_MAX);
    if (*ret == NULL) *ret = vls_circle_new(core, link.group, link.name, VLS_GRP_INVITED);
    (*ret)->row.via = peer != NULL && vls_peer_visible(peer) ? peer->row.id : 0;
    err = vls_group_link_text(&whole, &link);
    VLS_ASSERT(err == VLS_OK);
    vls_grp_set_link(core->store, (*ret)->row.id, vls_buf_slice(&whole));
    vls_buf_done(&whole);
  }
  vls_wipe(&link, sizeof link);
  vls_wipe(bytes, sizeof bytes);
  return err;
}

static vls_err from_invited(vls_call *call, vls_slice name, vls_circle **ret) {
  vls_group_link link;
  uint8_t bytes[VLS_INVITE_BYTES];
  vls_err err = vls_call_circle(call, name, ret);
  if (err != VLS_OK) return err;
  bool is_member = (*ret)->row.state == VLS_GRP_MEMBER;
  if (!is_member && !vls_circle_link_read(call->core, *ret, &link, bytes))
    return vls_call_fail(call, VLS_STATE, NULL,
                         "nobody invited you to it any more: ask a member for an invitation");
  err = is_member
            ? vls_call_fail(call, VLS_EXISTS, "valise group list", "you are in this group already")
            : check_link(call, &link, *ret);
  vls_wipe(&link, sizeof link);
  vls_wipe(bytes, sizeof bytes);
  return err;
}

vls_err vls_cmd_group_join(vls_call *call) {
  const vls_rpc_group_join *p = call->params;
  vls_core *core = call->core;
  vls_circle *circle = NULL;
  if (p->has_group == p->has_link)
    return vls_call_fail(call, VLS_USAGE, NULL, "give the group's name, or a link");
  vls_err err =
      p->has_link ? from_link(call, p->link, &circle) : from_invited(call, p->group, &circle);
  if (err == VLS_OK && p->has_as) {
    err = vls_circle_rename(core, circle, p->as);
    if (err == VLS_EXISTS)
      err = vls_call_fail(call, err, "valise group list",
                          "another group's name looks the same: choose another");
    else if (err != VLS_OK)
      err = vls_call_fail(call, VLS_USAGE, NULL, "a name is 1 to %d bytes of text", VLS_NAME_MAX);
  }
  if (err != VLS_OK) return err;
  err = vls_circle_ask(core, circle);
  if (err != VLS_OK)
    return vls_call_fail(call, VLS_STATE, NULL, "this node cannot ask to be let in now: %s",
                         vls_err_name(err));
  return vls_put_group(call, circle);
}

/* group.asking, group.admit */

typedef struct asking {
  vls_gask_row row;
  vls_group_ask ask;
  vls_card_view view;
  vls_buf bytes;
} asking;

/* The next who waits after a.row.identity (NULL: the first); not me. */
static bool next_asking(vls_core *core, const vls_circle *circle, bool first, asking *a) {
  for (;; first = false) {
    vls_buf_clear(&a->bytes);
    if (!vls_gask_next(core->store, circle->row.id, first ? NULL : a->row.identity, &a->row,
                       &a->bytes))
      return false;
    if (vls_is_me(core, a->row.identity)) continue;
    if (vls_wire_decode(&vls_group_ask_def, VLS_WIRE_STRICT, a->row.ask, &a->ask, NULL) == VLS_OK &&
        vls_card_open_known(&a->view, a->ask.card) == VLS_OK)
      return true;
  }
}

/* As members are shown, before they are. */
static void name_of(vls_core *core, const asking *a, char ret[VLS_MEMBER_NAME]) {
  char id[VLS_ID_TEXT + 1];
  const vls_peer *peer = vls_peer_by_identity(core, a->row.identity);
  if (peer != NULL && vls_peer_visible(peer)) {
    vls_member_name(peer, ret);
    return;
  }
  vls_slice claim = a->view.card.name;
  vls_id_text(id, a->row.identity);
  snprintf(ret, VLS_MEMBER_NAME, "~%.*s%s%.*s", (int)claim.n, (const char *)claim.p,
           claim.n > 0 ? " " : "", VLS_SHORT_ID, id);
}

static vls_err put_asking(vls_call *call, vls_circle *circle, const asking *a) {
  vls_core *core = call->core;
  char id[VLS_ID_TEXT + 1], name[VLS_MEMBER_NAME], inviter[VLS_MEMBER_NAME];
  char group[VLS_GROUP_NAME];
  vls_group_invitation invitation;
  vls_id_text(id, a->row.identity);
  name_of(core, a, name);
  vls_group_name(circle, group);
  vls_rpc_asking r = {.group = circle->row.id,
                      .group_name = vls_slice_str(group),
                      .id = vls_slice_str(id),
                      .name = vls_slice_str(name),
                      .claim = a->view.card.name,
                      .at = a->row.at};
  r.has_inviter = vls_group_invitation_by(circle->group, a->ask.key, &invitation);
  if (r.has_inviter) vls_citizen_name(core, invitation.author, inviter);
  if (r.has_inviter) r.inviter = vls_slice_str(inviter);
  return vls_call_put(call, &vls_rpc_asking_def, &r);
}

static vls_err walk_asking(vls_call *call, vls_circle *circle, asking *a, size_t *n, bool put) {
  vls_err err = VLS_OK;
  if (circle->row.state != VLS_GRP_MEMBER || circle->group == NULL) return VLS_OK;
  for (bool first = true; err == VLS_OK && *n < ASKING_MAX; first = false) {
    if (!next_asking(call->core, circle, first, a)) break;
    if (put) err = put_asking(call, circle, a);
    ++*n;
  }
  return err;
}

vls_err vls_cmd_group_asking(vls_call *call) {
  const vls_rpc_opt_group *p = call->params;
  vls_core *core = call->core;
  vls_circle *only = NULL;
  size_t n[2] = {0};
  vls_err err = p->has_group ? vls_call_circle(call, p->group, &only) : VLS_OK;
  asking *a = vls_calloc(1, sizeof *a);
  vls_buf_init(&a->bytes, vls_group_ask_def.max_bytes);
  for (int put = 0; put < 2 && err == VLS_OK; put++) {
    if (put) err = vls_pack_array(call->result, n[0]);
    for (size_t i = 0; i < core->n_circles && err == VLS_OK; i++)
      if (only == NULL || only == core->circles[i])
        err = walk_asking(call, core->circles[i], a, &n[put], put != 0);
  }
  vls_buf_done(&a->bytes);
  free(a);
  return err;
}

static bool is_meant(vls_core *core, const asking *a, vls_slice who) {
  char id[VLS_ID_TEXT + 1], name[VLS_MEMBER_NAME];
  enum { PREFIX_MIN = 4 };
  vls_id_text(id, a->row.identity);
  name_of(core, a, name);
  bool prefix = who.n >= PREFIX_MIN && who.n <= strlen(id) && memcmp(id, who.p, who.n) == 0;
  return prefix || vls_slice_eq(vls_slice_str(name), who) || vls_slice_eq(a->view.card.name, who);
}

/* The one who is meant of those who wait. */
static vls_err find_asking(vls_call *call, vls_circle *circle, vls_slice who, uint8_t ret[32]) {
  size_t hits = 0;
  asking *a = vls_calloc(1, sizeof *a);
  vls_buf_init(&a->bytes, vls_group_ask_def.max_bytes);
  for (bool first = true; next_asking(call->core, circle, first, a); first = false) {
    if (!is_meant(call->core, a, who)) continue;
    memcpy(ret, a->row.identity, 32);
    hits++;
  }
  vls_buf_done(&a->bytes);
  free(a);
  if (hits == 1) return VLS_OK;
  return vls_call_fail(call, VLS_NOT_FOUND, "valise group asking",
                       hits == 0 ? "nobody like that asks to be let in"
                                 : "more than one of those who ask is called that: give the id");
}

vls_err vls_cmd_group_admit(vls_call *call) {
  const vls_rpc_group_admit *p = call->params;
  vls_circle *circle;
  uint8_t who[32];
  vls_err err = vls_call_circle_in(call, p->group, &circle);
  if (err == VLS_OK) err = find_asking(call, circle, p->who, who);
  if (err != VLS_OK) return err;
  if (vls_group_level(circle->group, call->core->self.identity.pub) < VLS_LEVEL_MODERATOR)
    return vls_call_fail(call, VLS_STATE, NULL, "only moderators and higher can do that");
  err = vls_circle_decide(call->core, circle, who, p->has_refuse && p->refuse,
                          p->has_reason ? p->reason : (vls_slice){0});
  if (err == VLS_OK) return vls_put_member(call, circle, who);
  return vls_call_fail(call, err == VLS_LIMITED ? VLS_LIMITED : VLS_STATE, NULL,
                       err == VLS_LIMITED ? "the group is full"
                                          : "the rules do not let you: they were removed by "
                                            "somebody above you, or the invitation is used up");
}
