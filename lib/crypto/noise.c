#include "crypto/noise.h"

#include <sodium.h>

#include "base/assert.h"
#include "crypto/kdf.h"
#include "crypto/seal.h"

enum {
  MESSAGE_MAX = 65535,
  PATTERN_MESSAGES = 3,
  FAILED = 99, /* a step no pattern reaches: neither finished nor to be used again */
};

typedef enum token { END, E, S, EE, ES, SE, PSK } token;

/* Both begin after the pre-message "<- s". */
static const struct pattern {
  const char *name;
  unsigned n_messages;
  token messages[PATTERN_MESSAGES][4];
} patterns[] = {
    [VLS_NOISE_XKPSK3] = {"Noise_XKpsk3_25519_ChaChaPoly_SHA256",
                          3,
                          {{E, ES}, {E, EE}, {S, SE, PSK}}},
    [VLS_NOISE_NK] = {"Noise_NK_25519_ChaChaPoly_SHA256", 2, {{E, ES}, {E, EE}}},
};

static vls_slice key_slice(const uint8_t key[32]) {
  return vls_slice_of(key, 32);
}

static void mix_hash(vls_noise *noise, vls_slice data) {
  const vls_slice parts[] = {key_slice(noise->h), data};
  vls_sha256_parts(noise->h, parts, 2);
}

static void set_key(vls_noise *noise, const uint8_t k[32]) {
  memcpy(noise->k, k, sizeof noise->k);
  noise->n = 0;
  noise->has_key = true;
}

static void mix_key(vls_noise *noise, const uint8_t ikm[32]) {
  uint8_t out[2][32];
  vls_hkdf(out[0], sizeof out, key_slice(noise->ck), key_slice(ikm), (vls_slice){NULL, 0});
  memcpy(noise->ck, out[0], sizeof noise->ck);
  set_key(noise, out[1]);
  vls_wipe(out, sizeof out);
}

static void mix_psk(vls_noise *noise) {
  uint8_t out[3][32];
  vls_hkdf(out[0], sizeof out, key_slice(noise->ck), key_slice(noise->psk), (vls_slice){NULL, 0});
  memcpy(noise->ck, out[0], sizeof noise->ck);
  mix_hash(noise, key_slice(out[1]));
  set_key(noise, out[2]);
  vls_wipe(out, sizeof out);
}

/* In a psk pattern every ephemeral goes into the key too, so that no two share one (9.2). */
static void mix_ephemeral(vls_noise *noise, const uint8_t pub[32]) {
  mix_hash(noise, key_slice(pub));
  if (noise->pattern == VLS_NOISE_XKPSK3) mix_key(noise, pub);
}

/* The first letter is the initiator's key, the second the responder's. */
static vls_err mix_dh(vls_noise *noise, token t) {
  bool own_e = t == EE || (t == ES) == noise->initiator;
  bool peer_e = t == EE || (t == SE) == noise->initiator;
  uint8_t shared[32];
  vls_err err =
      vls_dh(shared, own_e ? noise->e.priv : noise->s.priv, peer_e ? noise->re : noise->rs);
  if (err == VLS_OK) mix_key(noise, shared);
  vls_wipe(shared, sizeof shared);
  return err;
}

/* Four zero bytes, then the counter little-endian (Noise 12.3). */
static void nonce_put(uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES], uint64_t n) {
  memset(nonce, 0, 4);
  for (int i = 0; i < 8; i++)
    nonce[4 + i] = (uint8_t)(n >> (8 * i));
}

static void aead_seal(uint8_t *out, const uint8_t k[32], uint64_t n, vls_slice ad, vls_slice pt) {
  uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
  nonce_put(nonce, n);
  crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, pt.p, pt.n, ad.p, ad.n, NULL, nonce, k);
}

static vls_err aead_open(uint8_t *out, const uint8_t k[32], uint64_t n, vls_slice ad,
                         vls_slice ct) {
  uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
  nonce_put(nonce, n);
  int bad =
      crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, ct.p, ct.n, ad.p, ad.n, nonce, k);
  return bad ? VLS_FORGED : VLS_OK;
}

static void seal_and_hash(vls_noise *noise, uint8_t *out, vls_slice pt) {
  VLS_ASSERT(noise->has_key); /* both patterns have a key before the first payload */
  aead_seal(out, noise->k, noise->n++, key_slice(noise->h), pt);
  mix_hash(noise, vls_slice_of(out, pt.n + VLS_TAG));
}

static vls_err open_and_hash(vls_noise *noise, uint8_t *out, vls_slice ct) {
  VLS_ASSERT(noise->has_key);
  vls_err err = aead_open(out, noise->k, noise->n++, key_slice(noise->h), ct);
  mix_hash(noise, ct);
  return err;
}

void vls_noise_init(vls_noise *noise, const vls_noise_conf *conf, vls_rng *rng) {
  VLS_ASSERT(conf->s != NULL || (conf->pattern == VLS_NOISE_NK && conf->initiator));
  VLS_ASSERT(conf->initiator == (conf->rs != NULL));
  *noise = (vls_noise){.pattern = conf->pattern, .initiator = conf->initiator};
  if (conf->s != NULL) noise->s = *conf->s;
  if (conf->fixed_e != NULL)
    noise->e = *conf->fixed_e;
  else
    vls_dh_new(&noise->e, rng);
  if (conf->rs != NULL) {
    memcpy(noise->rs, conf->rs, sizeof noise->rs);
    noise->has_rs = true;
  }
  if (conf->psk != NULL) vls_noise_set_psk(noise, conf->psk);

  const char *name = patterns[conf->pattern].name;
  size_t n_name = strlen(name);
  if (n_name <= sizeof noise->h)
    memcpy(noise->h, name, n_name);
  else
    vls_sha256(noise->h, vls_slice_of(name, n_name));
  memcpy(noise->ck, noise->h, sizeof noise->ck);
  mix_hash(noise, conf->prologue);
  mix_hash(noise, key_slice(conf->initiator ? noise->rs : noise->s.pub));
}

void vls_noise_done(vls_noise *noise) {
  vls_wipe(noise, sizeof *noise);
}

void vls_noise_set_psk(vls_noise *noise, const uint8_t psk[32]) {
  memcpy(noise->psk, psk, sizeof noise->psk);
}

size_t vls_noise_size(vls_noise_pattern pattern, unsigned step) {
  if (step >= patterns[pattern].n_messages) return 0;
  size_t n = VLS_TAG; /* of the empty payload */
  for (const token *t = patterns[pattern].messages[step]; *t != END; t++)
    n += *t == E ? VLS_PUB : *t == S ? VLS_PUB + VLS_TAG : 0;
  return n;
}

bool vls_noise_finished(const vls_noise *noise) {
  return noise->step == patterns[noise->pattern].n_messages;
}

/* The initiator writes the messages of even number. */
static bool may_write(const vls_noise *noise) {
  return noise->step < patterns[noise->pattern].n_messages &&
         (noise->step % 2 == 0) == noise->initiator;
}
static bool may_read(const vls_noise *noise) {
  return noise->step < patterns[noise->pattern].n_messages &&
         (noise->step % 2 == 0) != noise->initiator;
}

static vls_err write_token(vls_noise *noise, token t, uint8_t **at) {
  switch (t) {
  case E:
    memcpy(*at, noise->e.pub, VLS_PUB);
    *at += VLS_PUB;
    mix_ephemeral(noise, noise->e.pub);
    return VLS_OK;
  case S:
    seal_and_hash(noise, *at, key_slice(noise->s.pub));
    *at += VLS_PUB + VLS_TAG;
    return VLS_OK;
  case EE:
  case ES:
  case SE: return mix_dh(noise, t);
  case PSK: mix_psk(noise); return VLS_OK;
  case END: break;
  }
  return VLS_OK;
}

vls_err vls_noise_write(vls_noise *noise, vls_slice payload, vls_buf *out) {
  VLS_ASSERT(may_write(noise));
  size_t n = vls_noise_size(noise->pattern, noise->step);
  if (payload.n > MESSAGE_MAX - n) return VLS_TOO_BIG;
  n += payload.n;
  uint8_t *at = vls_buf_grow(out, n);
  if (at == NULL) return VLS_TOO_BIG;
  vls_err err = VLS_OK;
  for (const token *t = patterns[noise->pattern].messages[noise->step]; *t != END && err == VLS_OK;
       t++)
    err = write_token(noise, *t, &at);
  if (err != VLS_OK) {
    out->n -= n;
    noise->step = FAILED;
    return err;
  }
  seal_and_hash(noise, at, payload);
  noise->step++;
  return VLS_OK;
}

static vls_err read_token(vls_noise *noise, token t, const uint8_t **at) {
  vls_err err;
  switch (t) {
  case E:
    memcpy(noise->re, *at, VLS_PUB);
    *at += VLS_PUB;
    mix_ephemeral(noise, noise->re);
    return VLS_OK; /* judged by the DH that follows in this message */
  case S:
    err = open_and_hash(noise, noise->rs, vls_slice_of(*at, VLS_PUB + VLS_TAG));
    *at += VLS_PUB + VLS_TAG;
    return err;
  case EE:
  case ES:
  case SE: return mix_dh(noise, t);
  case PSK: mix_psk(noise); return VLS_OK;
  case END: break;
  }
  return VLS_OK;
}

static vls_err read_message(vls_noise *noise, vls_slice message, vls_buf *payload) {
  size_t fixed = vls_noise_size(noise->pattern, noise->step);
  if (message.n < fixed || message.n > MESSAGE_MAX) return VLS_MALFORMED;
  size_t n = message.n - fixed;
  if (payload == NULL && n > 0) return VLS_MALFORMED;
  const uint8_t *at = message.p;
  for (const token *t = patterns[noise->pattern].messages[noise->step]; *t != END; t++) {
    vls_err err = read_token(noise, *t, &at);
    if (err != VLS_OK) return err;
  }
  uint8_t nothing[1];
  uint8_t *out = payload == NULL ? nothing : vls_buf_grow(payload, n);
  if (out == NULL) return VLS_TOO_BIG;
  vls_err err = open_and_hash(noise, out, vls_slice_of(at, n + VLS_TAG));
  if (err != VLS_OK && payload != NULL) payload->n -= n;
  return err;
}

vls_err vls_noise_read(vls_noise *noise, vls_slice message, vls_buf *payload) {
  VLS_ASSERT(may_read(noise));
  vls_err err = read_message(noise, message, payload);
  if (err != VLS_OK) {
    noise->step = FAILED;
    return err;
  }
  noise->step++;
  /* Only a key that came through a whole verified message is one to be named. */
  if (noise->pattern == VLS_NOISE_XKPSK3 && vls_noise_finished(noise)) noise->has_rs = true;
  return VLS_OK;
}

const uint8_t *vls_noise_peer(const vls_noise *noise) {
  return noise->has_rs ? noise->rs : NULL;
}

const uint8_t *vls_noise_hash(const vls_noise *noise) {
  VLS_ASSERT(vls_noise_finished(noise));
  return noise->h;
}

void vls_noise_split(const vls_noise *noise, vls_cipher *ret_send, vls_cipher *ret_recv) {
  VLS_ASSERT(vls_noise_finished(noise));
  uint8_t out[2][32];
  vls_hkdf(out[0], sizeof out, key_slice(noise->ck), (vls_slice){NULL, 0}, (vls_slice){NULL, 0});
  *ret_send = *ret_recv = (vls_cipher){0};
  memcpy(ret_send->k, out[noise->initiator ? 0 : 1], sizeof ret_send->k);
  memcpy(ret_recv->k, out[noise->initiator ? 1 : 0], sizeof ret_recv->k);
  memcpy(ret_send->ck, noise->ck, sizeof ret_send->ck);
  memcpy(ret_recv->ck, noise->ck, sizeof ret_recv->ck);
  vls_wipe(out, sizeof out);
}

/* Counts one operation, and replaces the key after the last one it may do. */
static void count(vls_cipher *c) {
  if (++c->n < VLS_CIPHER_ROTATE) return;
  uint8_t out[2][32];
  vls_hkdf(out[0], sizeof out, key_slice(c->ck), key_slice(c->k), (vls_slice){NULL, 0});
  memcpy(c->ck, out[0], sizeof c->ck);
  memcpy(c->k, out[1], sizeof c->k);
  c->n = 0;
  vls_wipe(out, sizeof out);
}

void vls_cipher_seal(vls_cipher *c, uint8_t *out, vls_slice ad, vls_slice pt) {
  aead_seal(out, c->k, c->n, ad, pt);
  count(c);
}

vls_err vls_cipher_open(vls_cipher *c, uint8_t *out, vls_slice ad, vls_slice ct) {
  if (ct.n < VLS_TAG) return VLS_MALFORMED;
  vls_err err = aead_open(out, c->k, c->n, ad, ct);
  if (err == VLS_OK) count(c);
  return err;
}
