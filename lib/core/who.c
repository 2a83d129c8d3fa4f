/* Finding the contact a person means (RPC 3.2). */
#include "base/text.h"
#include "citizen/id.h"
#include "core/command.h"
#include "core/members.h"

enum { PREFIX_MIN = 4, SHOWN_MAX = 100 };

static vls_slice folded(vls_slice name, vls_buf *buf) {
  vls_buf_clear(buf);
  return vls_name_fold(name, buf) == VLS_OK ? vls_buf_slice(buf) : (vls_slice){0};
}

static bool starts_with(vls_slice s, vls_slice prefix) {
  return prefix.n > 0 && s.n >= prefix.n && memcmp(s.p, prefix.p, prefix.n) == 0;
}

static vls_peer *exact(vls_core *core, vls_slice who) {
  uint8_t identity[32];
  for (size_t i = 0; i < core->n_peers; i++)
    if (vls_peer_visible(core->peers[i]) &&
        vls_slice_eq(vls_slice_str(core->peers[i]->row.name), who))
      return core->peers[i];
  if (vls_id_parse(identity, who) != VLS_OK) return NULL;
  vls_peer *peer = vls_peer_by_identity(core, identity);
  return peer != NULL && vls_peer_visible(peer) ? peer : NULL;
}

/* By folded name, else by a prefix of one name or id only. */
static vls_peer *near(vls_core *core, vls_slice who, bool *ret_ambiguous) {
  vls_buf wish_buf, name_buf;
  vls_peer *found = NULL, *whole = NULL;
  size_t hits = 0;
  vls_buf_init(&wish_buf, VLS_FOLD_MAX);
  vls_buf_init(&name_buf, VLS_FOLD_MAX);
  vls_slice wish = folded(who, &wish_buf);
  for (size_t i = 0; i < core->n_peers; i++) {
    vls_peer *peer = core->peers[i];
    char id[VLS_ID_TEXT + 1];
    if (!vls_peer_visible(peer)) continue;
    vls_slice name = folded(vls_slice_str(peer->row.name), &name_buf);
    if (wish.n > 0 && vls_slice_eq(name, wish)) whole = peer;
    vls_id_text(id, peer->row.identity);
    bool prefix =
        who.n >= PREFIX_MIN && (starts_with(name, wish) || starts_with(vls_slice_str(id), who));
    if (!prefix) continue;
    found = peer;
    hits++;
  }
  vls_buf_done(&wish_buf);
  vls_buf_done(&name_buf);
  *ret_ambiguous = hits > 1;
  if (whole != NULL) return whole;
  return hits == 1 ? found : NULL;
}

/* The contact whose name is nearest to what was typed; NULL when more than a third of it, or than
 * half of a short one, differs. A beginning is near. */
static const vls_peer *nearest(const vls_core *core, vls_slice who) {
  const vls_peer *best = NULL;
  vls_buf wish_buf, name_buf;
  vls_buf_init(&wish_buf, VLS_FOLD_MAX);
  vls_buf_init(&name_buf, VLS_FOLD_MAX);
  vls_slice wish = folded(who, &wish_buf);
  size_t least = wish.n < 6 ? wish.n / 2 + 1 : wish.n / 3 + 1;
  for (size_t i = 0; i < core->n_peers; i++) {
    if (!vls_peer_visible(core->peers[i])) continue;
    vls_slice name = folded(vls_slice_str(core->peers[i]->row.name), &name_buf);
    size_t far = vls_text_distance(name, wish);
    if (wish.n > 1 && starts_with(name, wish)) far = 1;
    if (far >= least) continue;
    least = far;
    best = core->peers[i];
  }
  vls_buf_done(&wish_buf);
  vls_buf_done(&name_buf);
  return best;
}

int vls_call_shown(vls_slice who) {
  return (int)vls_utf8_whole(who.p, who.n < SHOWN_MAX ? who.n : SHOWN_MAX);
}

vls_err vls_call_who(vls_call *call, vls_slice who, vls_peer **ret_peer) {
  bool ambiguous = false;
  vls_peer *peer = exact(call->core, who);
  if (peer == NULL) peer = near(call->core, who, &ambiguous);
  if (peer != NULL) {
    *ret_peer = peer;
    return VLS_OK;
  }
  int n = vls_call_shown(who);
  const char *typed = (const char *)who.p;
  if (ambiguous)
    return vls_call_fail(call, VLS_NOT_FOUND, "valise contact list",
                         "\"%.*s\" fits more than one contact: type more of it", n, typed);
  const vls_peer *close = nearest(call->core, who);
  if (close == NULL)
    return vls_call_fail(call, VLS_NOT_FOUND, "valise contact list",
                         "no contact is called \"%.*s\"", n, typed);
  return vls_call_fail(call, VLS_NOT_FOUND, "valise contact list",
                       "no contact is called \"%.*s\"; did you mean \"%s\"?", n, typed,
                       close->row.name);
}

/* Who is no contact, by the whole id, a beginning of it that is nobody else's, or the name that is
 * shown. */
static vls_peer *member(vls_core *core, vls_slice who, bool *ret_ambiguous) {
  vls_peer *found = NULL;
  *ret_ambiguous = false;
  for (size_t i = 0; i < core->n_peers && who.n >= PREFIX_MIN; i++) {
    vls_peer *peer = core->peers[i];
    char id[VLS_ID_TEXT + 1], name[VLS_MEMBER_NAME];
    if (peer->row.state != VLS_CONTACT_MEMBER) continue;
    vls_id_text(id, peer->row.identity);
    vls_member_name(peer, name);
    if (vls_slice_eq(vls_slice_str(name), who)) return peer;
    if (!starts_with(vls_slice_str(id), who)) continue;
    *ret_ambiguous = found != NULL;
    found = peer;
  }
  return *ret_ambiguous ? NULL : found;
}

vls_err vls_call_citizen(vls_call *call, vls_slice who, vls_peer **ret_peer) {
  bool ambiguous = false;
  vls_err err = vls_call_who(call, who, ret_peer);
  if (err == VLS_OK) return err;
  vls_peer *peer = member(call->core, who, &ambiguous);
  if (ambiguous)
    return vls_call_fail(call, VLS_NOT_FOUND, NULL,
                         "\"%.*s\" begins more than one id: type more of it", vls_call_shown(who),
                         (const char *)who.p);
  if (peer == NULL) return err;
  *ret_peer = peer;
  return VLS_OK;
}
