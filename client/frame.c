#include "client/frame.h"

/* The head of an array (`fix` 0x90, `wide` 0xdc) or a map (0x80, 0xde). A list in a reply may be
 * longer than what vls_wire_scan takes as one value, so the envelope and the list are opened here,
 * and only what is in them goes to the scan. */
static vls_err head_of(vls_slice in, uint8_t fix, uint8_t wide, size_t *ret_head,
                       size_t *ret_count) {
  if (in.n == 0) return VLS_AGAIN;
  uint8_t t = in.p[0];
  if ((t & 0xf0) == fix) {
    *ret_head = 1;
    *ret_count = t & 15;
    return VLS_OK;
  }
  if (t != wide && t != wide + 1) return VLS_MALFORMED;
  *ret_head = t == wide ? 3 : 5;
  if (in.n < *ret_head) return VLS_AGAIN;
  *ret_count = t == wide ? vls_be16_get(in.p + 1) : vls_be32_get(in.p + 1);
  return *ret_count > VLS_FRAME_LIST_MAX ? VLS_TOO_BIG : VLS_OK;
}

static vls_err array_head(vls_slice in, size_t *ret_head, size_t *ret_count) {
  return head_of(in, 0x90, 0xdc, ret_head, ret_count);
}

static vls_err take(vls_slice *in, vls_slice *ret) {
  size_t used;
  vls_err err = vls_wire_scan(*in, VLS_WIRE_LENIENT, &used);
  if (err != VLS_OK) return err;
  *ret = (vls_slice){in->p, used};
  *in = (vls_slice){in->p + used, in->n - used};
  return VLS_OK;
}

/* A value, or a list of values. */
static vls_err take_result(vls_slice *in, vls_slice *ret) {
  size_t head, count;
  vls_err err = array_head(*in, &head, &count);
  if (err == VLS_MALFORMED) return take(in, ret);
  if (err != VLS_OK) return err;
  vls_slice rest = {in->p + head, in->n - head}, item;
  for (size_t i = 0; i < count; i++) {
    err = take(&rest, &item);
    if (err != VLS_OK) return err;
  }
  *ret = (vls_slice){in->p, in->n - rest.n};
  *in = rest;
  return VLS_OK;
}

static vls_err cut_response(vls_slice *in, vls_frame *ret) {
  vls_slice msgid, error;
  vls_err err = take(in, &msgid);
  if (err == VLS_OK) err = vls_wire_get_uint(msgid, &ret->msgid);
  if (err == VLS_OK) err = take(in, &error);
  if (err != VLS_OK) return err;
  if (!vls_wire_is_nil(error)) {
    err = vls_wire_get_str(error, &ret->error);
    if (err != VLS_OK) return err;
    if (ret->error.n == 0) return VLS_MALFORMED;
  }
  return take_result(in, &ret->body);
}

static vls_err cut_event(vls_slice *in, vls_frame *ret) {
  vls_slice method;
  size_t head, count;
  vls_err err = take(in, &method);
  if (err == VLS_OK) err = vls_wire_get_str(method, &ret->method);
  if (err == VLS_OK) err = array_head(*in, &head, &count);
  if (err != VLS_OK) return err;
  if (count != 1) return VLS_MALFORMED;
  *in = (vls_slice){in->p + head, in->n - head};
  return take(in, &ret->body);
}

vls_err vls_frame_cut(vls_slice in, vls_frame *ret_frame) {
  size_t head, count;
  vls_slice rest = in, type;
  uint64_t number;
  *ret_frame = (vls_frame){0};
  vls_err err = array_head(rest, &head, &count);
  if (err == VLS_OK) {
    rest = (vls_slice){rest.p + head, rest.n - head};
    err = take(&rest, &type);
  }
  if (err == VLS_OK) err = vls_wire_get_uint(type, &number);
  if (err == VLS_OK) {
    if (number == VLS_FRAME_RESPONSE && count == 4)
      err = cut_response(&rest, ret_frame);
    else if (number == VLS_FRAME_EVENT && count == 3)
      err = cut_event(&rest, ret_frame);
    else
      err = VLS_MALFORMED;
    ret_frame->type = (vls_frame_type)number;
  }
  if (err == VLS_AGAIN && in.n >= VLS_RPC_FRAME_MAX) return VLS_TOO_BIG;
  ret_frame->used = in.n - rest.n;
  return err;
}

vls_err vls_items_init(vls_items *items, vls_slice list) {
  size_t head, count;
  vls_err err = array_head(list, &head, &count);
  if (err != VLS_OK) return VLS_MALFORMED;
  *items = (vls_items){{list.p + head, list.n - head}, count};
  return VLS_OK;
}

vls_err vls_items_init_map(vls_items *items, vls_slice map) {
  size_t head, count;
  vls_err err = head_of(map, 0x80, 0xde, &head, &count);
  if (err != VLS_OK) return VLS_MALFORMED;
  *items = (vls_items){{map.p + head, map.n - head}, 2 * count};
  return VLS_OK;
}

bool vls_items_next(vls_items *items, vls_slice *ret_item) {
  if (items->left == 0) return false;
  items->left--;
  return take(&items->rest, ret_item) == VLS_OK;
}

vls_err vls_frame_request(vls_buf *out, uint64_t msgid, const char *method, vls_slice params) {
  size_t before = out->n;
  vls_err err = vls_pack_array(out, 4);
  if (err == VLS_OK) err = vls_pack_uint(out, 0);
  if (err == VLS_OK) err = vls_pack_uint(out, msgid);
  if (err == VLS_OK) err = vls_pack_str(out, vls_slice_str(method));
  if (err == VLS_OK) err = vls_pack_array(out, params.n > 0 ? 1 : 0);
  if (err == VLS_OK) err = vls_buf_put_slice(out, params);
  if (err == VLS_OK && out->n - before > VLS_RPC_FRAME_MAX) err = VLS_TOO_BIG;
  if (err != VLS_OK) out->n = before;
  return err;
}
