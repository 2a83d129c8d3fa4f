#include "carry/link.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/sm.h"
#include "carry/link_int.h"
#include "carry/shape.h"
#include "crypto/kdf.h"

static const vls_sm_row link_rows[] = {
    [VLS_LINK_KNOCK] = {"knock", VLS_BIT(VLS_LINK_HANDSHAKE) | VLS_BIT(VLS_LINK_AUTH) |
                                     VLS_BIT(VLS_LINK_SILENT) | VLS_BIT(VLS_LINK_CLOSED)},
    [VLS_LINK_HANDSHAKE] = {"handshake", VLS_BIT(VLS_LINK_AUTH) | VLS_BIT(VLS_LINK_SILENT) |
                                             VLS_BIT(VLS_LINK_CLOSED)},
    [VLS_LINK_AUTH] = {"auth", VLS_BIT(VLS_LINK_UP) | VLS_BIT(VLS_LINK_CLOSED)},
    [VLS_LINK_UP] = {"up", VLS_BIT(VLS_LINK_CLOSED)},
    [VLS_LINK_SILENT] = {"silent", VLS_BIT(VLS_LINK_CLOSED)},
    [VLS_LINK_CLOSED] = {"closed", 0},
};

static const char prologue_text[] = "valise/link/1|XKpsk3|1|contact";

static vls_link *new_link(bool initiator, vls_now now) {
  vls_link *link = vls_calloc(1, sizeof *link);
  vls_sm_init(&link->sm, link_rows, sizeof link_rows / sizeof link_rows[0], VLS_LINK_KNOCK);
  link->initiator = initiator;
  link->started = now.mono_ms;
  vls_buf_init(&link->in, VLS_LINK_HELLO_MAX);
  vls_buf_init(&link->out, VLS_LINK_OUT_MAX);
  vls_buf_init(&link->transcript, VLS_LINK_HELLO_MAX);
  vls_buf_init(&link->assembly, VLS_LINK_GROUP_MAX);
  return link;
}

static uint32_t seconds(vls_now now) {
  return (uint32_t)(now.wall_ms / 1000);
}

/* The associated data of message 2 is the hash of message 1 as sent, padding included (PEER 4.2).
 */
static vls_err put_knock(vls_link *link, vls_slice message, vls_slice ad, vls_rng *rng,
                         vls_now now) {
  size_t at = link->out.n;
  vls_err err = vls_knock_put(&link->out, link->knock, message, seconds(now), ad, rng);
  if (err != VLS_OK) return err;
  return vls_buf_put(&link->transcript, link->out.p + at, link->out.n - at);
}

vls_link *vls_link_dial(const vls_dh_pair *s, const uint8_t rs[32], const uint8_t knock[32],
                        const uint8_t psk[32], vls_rng *rng, vls_now now) {
  vls_link *link = new_link(true, now);
  memcpy(link->knock, knock, 32);
  vls_noise_conf conf = {.pattern = VLS_NOISE_XKPSK3,
                         .initiator = true,
                         .s = s,
                         .rs = rs,
                         .psk = psk,
                         .prologue = vls_slice_str(prologue_text)};
  vls_noise_init(&link->noise, &conf, rng);
  vls_buf message;
  vls_buf_init(&message, VLS_LINK_HELLO_MAX);
  vls_err err = vls_noise_write(&link->noise, (vls_slice){0}, &message);
  /* A key that is not one was refused when the card or the invitation was read. */
  if (err == VLS_OK) err = put_knock(link, vls_buf_slice(&message), (vls_slice){0}, rng, now);
  vls_buf_done(&message);
  VLS_ASSERT(err == VLS_OK);
  return link;
}

void vls_link_print(vls_link *link) {
  VLS_ASSERT(link->initiator && link->sm.state == VLS_LINK_KNOCK && link->sent == 0);
  vls_slice clear = vls_buf_slice(&link->transcript);
  vls_buf_clear(&link->out);
  uint8_t *text = vls_buf_grow(&link->out, vls_shape_len(clear.n));
  VLS_ASSERT(text != NULL);
  vls_shape_put(text, clear);
}

vls_link *vls_link_accept(const vls_dh_pair *s, vls_now now) {
  vls_link *link = new_link(false, now);
  link->s = *s;
  return link;
}

void vls_link_free(vls_link *link) {
  if (link == NULL) return;
  vls_noise_done(&link->noise);
  vls_buf_done(&link->in);
  vls_buf_done(&link->out);
  vls_buf_done(&link->transcript);
  vls_buf_done(&link->assembly);
  vls_wipe(link, sizeof *link);
  free(link);
}

vls_err vls_link_feed(vls_link *link, vls_slice bytes) {
  if (link->sm.state == VLS_LINK_SILENT || link->sm.state == VLS_LINK_CLOSED) return VLS_OK;
  link->received += bytes.n;
  if (link->in_at > 0) {
    vls_buf_drop(&link->in, link->in_at);
    link->in_at = 0;
  }
  return vls_buf_put_slice(&link->in, bytes);
}

size_t vls_link_buffered(const vls_link *link) {
  return link->in.n - link->in_at;
}

/* The next n bytes of input, or NULL when they are not here yet. */
uint8_t *vls_link_take(vls_link *link, size_t n) {
  if (link->in.n - link->in_at < n) return NULL;
  uint8_t *p = link->in.p + link->in_at;
  link->in_at += n;
  return p;
}

static size_t knock_size(unsigned step) {
  return vls_knock_size(vls_noise_size(VLS_NOISE_XKPSK3, step));
}

/* Responder: true once the first n bytes of the first flight are here, and clear. */
static bool have_flight(vls_link *link, size_t n) {
  size_t have = link->in.n - link->in_at;
  if (have < VLS_SHAPE_TELL) return false; /* no flight is as short, and there may be no bytes */
  uint8_t *p = link->in.p + link->in_at;
  if (link->clear == 0) link->text = vls_shape_is_text(p);
  if (!link->text || n <= link->clear) return have >= n;
  size_t clear = link->clear, more = n - clear, chars = vls_shape_len(more);
  if (have - clear < chars) return false;
  VLS_ASSERT(clear % 3 == 0); /* whole groups of characters */
  vls_shape_get(p + clear, more, p + clear);
  memmove(p + n, p + clear + chars, have - clear - chars);
  link->in.n -= chars - more;
  link->clear = n;
  return true;
}

vls_err vls_link_try(vls_link *link, const uint8_t knock[32]) {
  VLS_ASSERT(!link->initiator && link->sm.state == VLS_LINK_KNOCK);
  vls_slice head = {link->in.p + link->in_at, knock_size(0)};
  vls_err err = vls_knock_try(&link->opened, knock, head, (vls_slice){0});
  if (err == VLS_OK) memcpy(link->knock, knock, 32);
  return err;
}

const uint8_t *vls_link_nonce(const vls_link *link) {
  return link->opened.nonce;
}

bool vls_link_fresh(const vls_link *link, vls_now now) {
  int64_t skew = (int64_t)link->opened.time_s - (int64_t)seconds(now);
  return skew <= VLS_LINK_SKEW_S && skew >= -VLS_LINK_SKEW_S;
}

void vls_link_admit(vls_link *link, const uint8_t psk[32]) {
  vls_sm_move(&link->sm, VLS_LINK_HANDSHAKE);
  memcpy(link->psk, psk, 32);
}

void vls_link_silence(vls_link *link) {
  vls_sm_move(&link->sm, VLS_LINK_SILENT);
  vls_buf_done(&link->in);
  vls_buf_done(&link->out);
  link->in_at = 0;
}

/* Both sides: the handshake is over, the first frame confirms every byte of it (PEER 4.5). */
static vls_err begin_frames(vls_link *link) {
  vls_noise_split(&link->noise, &link->send, &link->recv);
  vls_sha256(link->confirm, vls_buf_slice(&link->transcript));
  vls_buf_done(&link->transcript);
  link->in.max = VLS_LINK_IN_MAX;
  vls_sm_move(&link->sm, VLS_LINK_AUTH);
  return vls_link_frame(link, VLS_FRAME_AUTH, vls_slice_of(link->confirm, VLS_HASH));
}

/* Responder: message 1 opens only for who has the key that the caller calls. */
static vls_err read_first(vls_link *link, vls_rng *rng) {
  vls_noise_conf conf = {.pattern = VLS_NOISE_XKPSK3,
                         .s = &link->s,
                         .psk = link->psk,
                         .prologue = vls_slice_str(prologue_text)};
  vls_noise_done(&link->noise);
  vls_noise_init(&link->noise, &conf, rng);
  return vls_noise_read(&link->noise, vls_slice_of(link->opened.message, link->opened.n_message),
                        NULL);
}

void vls_link_formers(vls_link *link, const vls_dh_pair *keys, size_t n) {
  link->formers = keys;
  link->n_formers = n;
}

const uint8_t *vls_link_hash(const vls_link *link) {
  return link->confirm;
}

bool vls_link_by_former(const vls_link *link) {
  return link->by_former;
}

/* Responder: message 1 with its padding is here; answer with message 2. */
static vls_err answer_knock(vls_link *link, vls_rng *rng, vls_now now) {
  size_t n = knock_size(0) + link->opened.pad;
  if (!have_flight(link, n)) return VLS_AGAIN;
  vls_slice first = {vls_link_take(link, n), n};
  uint8_t ad[VLS_HASH];
  vls_buf message;
  vls_sha256(ad, first);
  vls_buf_init(&message, VLS_LINK_HELLO_MAX);
  vls_err err = vls_buf_put_slice(&link->transcript, first);
  if (err == VLS_OK) err = read_first(link, rng);
  for (size_t i = 0; i < link->n_formers && err != VLS_OK; i++) {
    link->s = link->formers[i];
    link->by_former = true;
    err = read_first(link, rng);
  }
  if (err == VLS_OK) err = vls_noise_write(&link->noise, (vls_slice){0}, &message);
  if (err == VLS_OK)
    err = put_knock(link, vls_buf_slice(&message), vls_slice_of(ad, sizeof ad), rng, now);
  vls_buf_done(&message);
  link->answered = true;
  return err;
}

/* Responder: message 3 tells who calls. */
static vls_err read_third(vls_link *link, vls_link_event *ret) {
  size_t n = vls_noise_size(VLS_NOISE_XKPSK3, 2);
  uint8_t *bytes = vls_link_take(link, n);
  if (bytes == NULL) return VLS_AGAIN;
  vls_err err = vls_buf_put(&link->transcript, bytes, n);
  if (err == VLS_OK) err = vls_noise_read(&link->noise, vls_slice_of(bytes, n), NULL);
  if (err != VLS_OK) return err;
  link->awaits_approval = true;
  *ret = (vls_link_event){.type = VLS_LINK_EV_PEER};
  return VLS_OK;
}

const uint8_t *vls_link_peer(const vls_link *link) {
  return vls_noise_peer(&link->noise);
}

void vls_link_approve(vls_link *link) {
  VLS_ASSERT(link->awaits_approval);
  link->awaits_approval = false;
  vls_err err = begin_frames(link);
  VLS_ASSERT(err == VLS_OK);
}

/* Initiator: message 2 is here; send message 3 and the first frame. */
static vls_err finish_dial(vls_link *link) {
  size_t have = link->in.n - link->in_at, need = knock_size(1);
  if (have < need) return VLS_AGAIN;
  uint8_t ad[VLS_HASH];
  vls_sha256(ad, vls_buf_slice(&link->transcript));
  vls_slice head = {link->in.p + link->in_at, need};
  vls_err err = vls_knock_try(&link->opened, link->knock, head, vls_slice_of(ad, sizeof ad));
  if (err != VLS_OK) return VLS_FORGED;
  uint8_t *bytes = vls_link_take(link, need + link->opened.pad);
  if (bytes == NULL) return VLS_AGAIN;
  err = vls_buf_put(&link->transcript, bytes, need + link->opened.pad);
  if (err == VLS_OK)
    err = vls_noise_read(&link->noise, vls_slice_of(link->opened.message, link->opened.n_message),
                         NULL);
  size_t at = link->out.n;
  if (err == VLS_OK) err = vls_noise_write(&link->noise, (vls_slice){0}, &link->out);
  if (err == VLS_OK) err = vls_buf_put(&link->transcript, link->out.p + at, link->out.n - at);
  return err == VLS_OK ? begin_frames(link) : err;
}

vls_err vls_link_next(vls_link *link, vls_rng *rng, vls_now now, vls_link_event *ret) {
  vls_err err = VLS_OK;
  switch ((vls_link_state)link->sm.state) {
  case VLS_LINK_KNOCK:
    if (!link->initiator) {
      if (!have_flight(link, knock_size(0))) return VLS_AGAIN;
      *ret = (vls_link_event){.type = VLS_LINK_EV_KNOCK};
      return VLS_OK;
    }
    err = finish_dial(link);
    return err == VLS_OK ? vls_link_read_frame(link, ret) : err;
  case VLS_LINK_HANDSHAKE:
    if (link->awaits_approval) return VLS_AGAIN;
    if (!link->answered) err = answer_knock(link, rng, now);
    return err == VLS_OK ? read_third(link, ret) : err;
  case VLS_LINK_AUTH:
  case VLS_LINK_UP: return vls_link_read_frame(link, ret);
  case VLS_LINK_SILENT:
  case VLS_LINK_CLOSED: break;
  }
  return VLS_AGAIN;
}

vls_buf *vls_link_out(vls_link *link) {
  return &link->out;
}
vls_link_state vls_link_state_of(const vls_link *link) {
  return (vls_link_state)link->sm.state;
}
const char *vls_link_state_name(const vls_link *link) {
  return vls_sm_name(&link->sm);
}

bool vls_link_worn(const vls_link *link, vls_now now) {
  return link->sm.state == VLS_LINK_UP && (now.mono_ms - link->started >= VLS_LINK_LIFE_MS ||
                                           link->sent + link->received >= VLS_LINK_LIFE_BYTES);
}
