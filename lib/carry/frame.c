/* Frames (PEER 4.6, 4.7): length and payload, each with its own tag. */
#include "base/assert.h"
#include "carry/link_int.h"
#include "crypto/kdf.h"
#include "crypto/seal.h"

enum { LENGTH = 2 + VLS_TAG, PART_MAX = VLS_FRAME_MAX - 1, KEEP_IN = 4096 };

vls_err vls_link_frame(vls_link *link, vls_frame_type type, vls_slice body) {
  VLS_ASSERT(body.n <= PART_MAX);
  size_t n = 1 + body.n;
  uint8_t *at = vls_buf_grow(&link->out, LENGTH + n + VLS_TAG);
  if (at == NULL) return VLS_TOO_BIG;
  vls_be16_put(at, (uint16_t)n);
  vls_cipher_seal(&link->send, at, (vls_slice){0}, (vls_slice){at, 2});
  uint8_t *payload = at + LENGTH;
  payload[0] = (uint8_t)type;
  if (body.n > 0) memcpy(payload + 1, body.p, body.n);
  vls_cipher_seal(&link->send, payload, (vls_slice){0}, (vls_slice){payload, n});
  link->sent += LENGTH + n + VLS_TAG;
  return VLS_OK;
}

/* In parts when it is longer than a frame; the type of the last says what it is. */
static vls_err send_parts(vls_link *link, vls_frame_type last, vls_slice bytes) {
  vls_err err = VLS_OK;
  while (bytes.n > PART_MAX && err == VLS_OK) {
    err = vls_link_frame(link, VLS_FRAME_RECORD_PART, (vls_slice){bytes.p, PART_MAX});
    bytes = (vls_slice){bytes.p + PART_MAX, bytes.n - PART_MAX};
  }
  return err == VLS_OK ? vls_link_frame(link, last, bytes) : err;
}

vls_err vls_link_send_record(vls_link *link, vls_slice record) {
  VLS_ASSERT(link->sm.state == VLS_LINK_UP && record.n <= VLS_RECORD_MAX);
  return send_parts(link, VLS_FRAME_RECORD, record);
}

vls_err vls_link_send_return(vls_link *link, const vls_frame_return *event) {
  vls_buf body;
  VLS_ASSERT(link->sm.state == VLS_LINK_UP);
  vls_buf_init(&body, vls_frame_return_def.max_bytes);
  vls_err err = vls_wire_encode(&vls_frame_return_def, event, &body);
  if (err == VLS_OK) err = send_parts(link, VLS_FRAME_RETURN, vls_buf_slice(&body));
  vls_buf_done(&body);
  return err;
}

vls_err vls_link_send_group(vls_link *link, vls_slice frame) {
  VLS_ASSERT(link->sm.state == VLS_LINK_UP && frame.n <= VLS_LINK_GROUP_MAX);
  return send_parts(link, VLS_FRAME_GROUP, frame);
}

static vls_err send_message(vls_link *link, vls_frame_type type, const vls_wire_def *def,
                            const void *msg) {
  vls_buf body;
  vls_buf_init(&body, def->max_bytes);
  vls_err err = vls_wire_encode(def, msg, &body);
  if (err == VLS_OK) err = vls_link_frame(link, type, vls_buf_slice(&body));
  vls_buf_done(&body);
  return err;
}

vls_err vls_link_send_ack(vls_link *link, uint64_t count) {
  vls_frame_ack ack = {.count = count};
  return send_message(link, VLS_FRAME_ACK, &vls_frame_ack_def, &ack);
}

vls_err vls_link_send_card(vls_link *link, vls_slice card) {
  return vls_link_frame(link, VLS_FRAME_CARD, card);
}

vls_err vls_link_send_state(vls_link *link, const vls_frame_state *state) {
  VLS_ASSERT(link->sm.state == VLS_LINK_UP);
  return send_message(link, VLS_FRAME_STATE, &vls_frame_state_def, state);
}

vls_err vls_link_send_decoy(vls_link *link, size_t n) {
  static const uint8_t zeros[1024];
  VLS_ASSERT(n <= sizeof zeros);
  return vls_link_frame(link, VLS_FRAME_DECOY, (vls_slice){zeros, n});
}

void vls_link_close(vls_link *link, vls_close_reason reason) {
  if (link->sm.state == VLS_LINK_CLOSED) return;
  vls_frame_close close = {.reason = reason};
  if (link->sm.state == VLS_LINK_UP || link->sm.state == VLS_LINK_AUTH) {
    /* Best effort: when it does not fit any more, the peer sees the stream end. */
    vls_err err = send_message(link, VLS_FRAME_CLOSE, &vls_frame_close_def, &close);
    (void)err;
  }
  vls_sm_move(&link->sm, VLS_LINK_CLOSED);
}

/* One payload from the stream, in place. */
static vls_err take_payload(vls_link *link, vls_slice *ret) {
  if (link->frame_size == 0) {
    uint8_t *head = vls_link_take(link, LENGTH);
    uint8_t length[2];
    if (head == NULL) return VLS_AGAIN;
    vls_err err = vls_cipher_open(&link->recv, length, (vls_slice){0}, vls_slice_of(head, LENGTH));
    if (err != VLS_OK) return err;
    link->frame_size = vls_be16_get(length);
    if (link->frame_size == 0 || link->frame_size > VLS_FRAME_MAX) return VLS_MALFORMED;
  }
  uint8_t *body = vls_link_take(link, link->frame_size + VLS_TAG);
  if (body == NULL) return VLS_AGAIN;
  vls_slice sealed = {body, link->frame_size + VLS_TAG};
  vls_err err = vls_cipher_open(&link->recv, body, (vls_slice){0}, sealed);
  *ret = (vls_slice){body, link->frame_size};
  link->frame_size = 0;
  return err;
}

static vls_err on_part(vls_link *link, vls_slice body) {
  vls_err err = vls_buf_put_slice(&link->assembly, body);
  return err == VLS_OK ? VLS_AGAIN : err;
}

static vls_err on_last(vls_link *link, vls_link_event_type type, vls_slice body,
                       vls_link_event *ret) {
  size_t most = type == VLS_LINK_EV_GROUP ? VLS_LINK_GROUP_MAX : VLS_RECORD_MAX;
  *ret = (vls_link_event){.type = type, .bytes = body};
  if (link->assembly.n + body.n > most) return VLS_TOO_BIG;
  if (link->assembly.n == 0) return VLS_OK;
  vls_err err = vls_buf_put_slice(&link->assembly, body);
  link->assembled = err == VLS_OK;
  ret->bytes = vls_buf_slice(&link->assembly);
  return err;
}

/* VLS_AGAIN: the frame held nothing for the caller. */
static vls_err on_frame(vls_link *link, uint8_t type, vls_slice body, vls_link_event *ret) {
  vls_frame_ack ack;
  vls_frame_close close;
  vls_err err;
  switch (type) {
  case VLS_FRAME_CLOSE:
    err = vls_wire_decode(&vls_frame_close_def, VLS_WIRE_STRICT, body, &close, NULL);
    *ret = (vls_link_event){.type = VLS_LINK_EV_CLOSE, .count = err == VLS_OK ? close.reason : 255};
    return VLS_OK;
  case VLS_FRAME_RECORD: return on_last(link, VLS_LINK_EV_RECORD, body, ret);
  case VLS_FRAME_RETURN: return on_last(link, VLS_LINK_EV_RETURN, body, ret);
  case VLS_FRAME_GROUP: return on_last(link, VLS_LINK_EV_GROUP, body, ret);
  case VLS_FRAME_RECORD_PART: return on_part(link, body);
  case VLS_FRAME_ACK:
    err = vls_wire_decode(&vls_frame_ack_def, VLS_WIRE_STRICT, body, &ack, NULL);
    *ret = (vls_link_event){.type = VLS_LINK_EV_ACK, .count = ack.count};
    return err;
  case VLS_FRAME_DECOY: return VLS_AGAIN;
  case VLS_FRAME_CARD:
    *ret = (vls_link_event){.type = VLS_LINK_EV_CARD, .bytes = body};
    return body.n > VLS_CARD_MAX ? VLS_TOO_BIG : VLS_OK;
  case VLS_FRAME_STATE:
    *ret = (vls_link_event){.type = VLS_LINK_EV_STATE, .bytes = body};
    return body.n > vls_frame_state_def.max_bytes ? VLS_TOO_BIG : VLS_OK;
  default: return VLS_MALFORMED; /* AUTH again, or a type of no version we speak */
  }
}

/* The first frame must confirm the handshake, byte for byte, and no other is acted on before
 * (PEER 4.5). A refusal comes after it, too. */
static vls_err on_auth(vls_link *link, vls_slice payload, vls_link_event *ret) {
  if (payload.p[0] != VLS_FRAME_AUTH) return VLS_MALFORMED;
  if (payload.n != 1 + VLS_HASH || !vls_secret_eq(payload.p + 1, link->confirm, VLS_HASH))
    return VLS_FORGED;
  vls_sm_move(&link->sm, VLS_LINK_UP);
  *ret = (vls_link_event){.type = VLS_LINK_EV_UP};
  return VLS_OK;
}

vls_err vls_link_read_frame(vls_link *link, vls_link_event *ret) {
  if (link->assembled) { /* the record was dealt with: an idle link holds no large buffer */
    vls_buf_done(&link->assembly);
    link->assembled = false;
  }
  for (;;) {
    vls_slice payload;
    vls_err err = take_payload(link, &payload);
    if (err == VLS_AGAIN && link->in_at == link->in.n && link->in.cap > KEEP_IN) {
      vls_buf_done(&link->in); /* nor this one */
      link->in_at = 0;
    }
    if (err != VLS_OK) return err;
    if (link->sm.state == VLS_LINK_AUTH) return on_auth(link, payload, ret);
    err = on_frame(link, payload.p[0], (vls_slice){payload.p + 1, payload.n - 1}, ret);
    if (err != VLS_AGAIN) return err;
  }
}
