#include "content/remarks.h"

#include "base/text.h"

enum { MODERATOR = 2 };

static vls_err check_text(vls_slice text, size_t min, size_t max) {
  if (text.n > max) return VLS_TOO_BIG;
  return text.n < min || !vls_utf8_ok(text) ? VLS_MALFORMED : VLS_OK;
}

static vls_err put_words(vls_buf *out, const vls_remark *r) {
  vls_err err = check_text(r->text, 1, VLS_REMARK_WORDS);
  if (err != VLS_OK) return err;
  if (r->kind == VLS_REMARK_EDIT) {
    vls_remark_edit edit = {.seq = r->seq, .text = r->text};
    memcpy(edit.to, r->to, 32);
    return vls_wire_encode(&vls_remark_edit_def, &edit, out);
  }
  vls_remark_reply reply = {.seq = r->seq, .text = r->text};
  memcpy(reply.to, r->to, 32);
  return vls_wire_encode(&vls_remark_reply_def, &reply, out);
}

static vls_err put_reaction(vls_buf *out, const vls_remark *r) {
  vls_remark_reaction body = {.seq = r->seq, .sign = r->text};
  memcpy(body.to, r->to, 32);
  vls_err err = check_text(r->text, 0, VLS_REMARK_SIGN);
  return err == VLS_OK ? vls_wire_encode(&vls_remark_reaction_def, &body, out) : err;
}

static vls_err put_delete(vls_buf *out, const vls_remark *r) {
  vls_remark_delete body = {.seq = r->seq, .reason = r->text};
  memcpy(body.to, r->to, 32);
  vls_err err = check_text(r->text, 0, VLS_GROUP_REASON);
  return err == VLS_OK ? vls_wire_encode(&vls_remark_delete_def, &body, out) : err;
}

static vls_err put_mention(vls_buf *out, const vls_remark *r) {
  vls_remark_mention body = {.at = r->at, .n = r->n};
  memcpy(body.who, r->to, 32);
  if (r->n == 0) return VLS_MALFORMED;
  if (r->at > UINT16_MAX || r->n > 256) return VLS_TOO_BIG;
  return vls_wire_encode(&vls_remark_mention_def, &body, out);
}

vls_err vls_remark_put(vls_buf *out, const vls_remark *r) {
  switch (r->kind) {
  case VLS_REMARK_REPLY:
  case VLS_REMARK_EDIT: return put_words(out, r);
  case VLS_REMARK_REACTION: return put_reaction(out, r);
  case VLS_REMARK_DELETE: return put_delete(out, r);
  case VLS_REMARK_MENTION: return put_mention(out, r);
  }
  return VLS_MALFORMED;
}

/* `to` is the first field of every remark: an array head of one byte, a binary head of two. */
enum { TO_AT = 3 };

vls_err vls_remark_read(vls_remark *ret, const vls_item *item) {
  union {
    vls_remark_reply reply;
    vls_remark_reaction reaction;
    vls_remark_edit edit;
    vls_remark_delete deletion;
    vls_remark_mention mention;
  } body;
  static const vls_wire_def *const defs[] = {&vls_remark_reply_def, &vls_remark_reaction_def,
                                             &vls_remark_edit_def, &vls_remark_delete_def,
                                             &vls_remark_mention_def};
  if (item->kind < VLS_REMARK_REPLY || item->kind > VLS_REMARK_MENTION) return VLS_NOT_FOUND;
  const vls_wire_def *def = defs[item->kind - VLS_REMARK_REPLY];
  vls_err err = vls_wire_decode(def, VLS_WIRE_STRICT, item->body, &body, NULL);
  if (err != VLS_OK) return err;
  *ret = (vls_remark){.kind = (vls_remark_kind)item->kind, .to = item->body.p + TO_AT};
  switch (ret->kind) {
  case VLS_REMARK_REPLY:
    ret->seq = body.reply.seq;
    ret->text = body.reply.text;
    break;
  case VLS_REMARK_REACTION:
    ret->seq = body.reaction.seq;
    ret->text = body.reaction.sign;
    break;
  case VLS_REMARK_EDIT:
    ret->seq = body.edit.seq;
    ret->text = body.edit.text;
    break;
  case VLS_REMARK_DELETE:
    ret->seq = body.deletion.seq;
    ret->text = body.deletion.reason;
    break;
  case VLS_REMARK_MENTION:
    ret->at = body.mention.at;
    ret->n = body.mention.n;
    break;
  }
  return VLS_OK;
}

bool vls_remark_counts(vls_remark_kind kind, const vls_remark_case *facts) {
  bool own = memcmp(facts->author, facts->of, 32) == 0;
  if (kind == VLS_REMARK_EDIT) return own;
  if (kind != VLS_REMARK_DELETE) return true;
  return own || (facts->level >= MODERATOR && facts->level > facts->level_of);
}
