#include "content/bodies.h"

#include "base/text.h"

vls_err vls_body_hello(vls_buf *out) {
  vls_item_hello hello = {.version = 1};
  return vls_wire_encode(&vls_item_hello_def, &hello, out);
}

vls_err vls_body_text(vls_buf *out, vls_slice text) {
  if (text.n > VLS_TEXT_MAX) return VLS_TOO_BIG;
  if (text.n == 0 || !vls_utf8_ok(text)) return VLS_MALFORMED;
  vls_item_text body = {.text = text};
  return vls_wire_encode(&vls_item_text_def, &body, out);
}

vls_err vls_body_receipt(vls_buf *out, unsigned level, const uint8_t head[4], uint64_t from,
                         uint64_t to) {
  vls_item_receipt body = {.level = level, .n_ranges = 1};
  body.ranges[0] = (vls_receipt_range){.from = from, .to = to};
  memcpy(body.ranges[0].head, head, 4);
  return vls_wire_encode(&vls_item_receipt_def, &body, out);
}

vls_err vls_body_card(vls_buf *out, vls_slice card) {
  vls_item_card body = {.card = card};
  return vls_wire_encode(&vls_item_card_def, &body, out);
}

vls_err vls_body_held(vls_buf *out, const vls_item_held *held) {
  return vls_wire_encode(&vls_item_held_def, held, out);
}

vls_err vls_body_group(vls_buf *out, const vls_item_group *invitation) {
  vls_slice name = invitation->name, note = invitation->note;
  if (name.n > VLS_NAME_MAX || note.n > VLS_GROUP_NOTE_MAX) return VLS_TOO_BIG;
  if (name.n == 0 || !vls_utf8_ok(name) || !vls_utf8_ok(note)) return VLS_MALFORMED;
  return vls_wire_encode(&vls_item_group_def, invitation, out);
}

static vls_err read_text(vls_content *ret, vls_slice body) {
  vls_item_text text;
  vls_err err = vls_wire_decode(&vls_item_text_def, VLS_WIRE_STRICT, body, &text, NULL);
  if (err == VLS_OK) ret->text = text.text;
  return err;
}

static vls_err read_receipt(vls_content *ret, vls_slice body) {
  vls_err err = vls_wire_decode(&vls_item_receipt_def, VLS_WIRE_STRICT, body, &ret->receipt, NULL);
  for (size_t i = 0; err == VLS_OK && i < ret->receipt.n_ranges; i++)
    if (ret->receipt.ranges[i].from > ret->receipt.ranges[i].to) err = VLS_MALFORMED;
  return err;
}

vls_err vls_content_read(vls_content *ret, const vls_item *item) {
  *ret = (vls_content){.kind = (vls_item_kind)item->kind};
  vls_item_hello hello;
  vls_item_card card;
  vls_err err;
  switch (item->kind) {
  case VLS_ITEM_HELLO:
    return vls_wire_decode(&vls_item_hello_def, VLS_WIRE_STRICT, item->body, &hello, NULL);
  case VLS_ITEM_TEXT: return read_text(ret, item->body);
  case VLS_ITEM_RECEIPT: return read_receipt(ret, item->body);
  case VLS_ITEM_CARD:
    err = vls_wire_decode(&vls_item_card_def, VLS_WIRE_STRICT, item->body, &card, NULL);
    if (err == VLS_OK) ret->card = card.card;
    return err;
  case VLS_ITEM_HELD:
    return vls_wire_decode(&vls_item_held_def, VLS_WIRE_STRICT, item->body, &ret->held, NULL);
  case VLS_ITEM_GROUP:
    return vls_wire_decode(&vls_item_group_def, VLS_WIRE_STRICT, item->body, &ret->group, NULL);
  case VLS_ITEM_GONE: return item->body.n == 32 ? VLS_OK : VLS_MALFORMED;
  default: return VLS_NOT_FOUND;
  }
}
