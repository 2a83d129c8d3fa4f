/* Events sealed again for one member: newcomers get the acts so, and whoever missed something. */
#include "conv/group_int.h"
#include "crypto/kdf.h"
#include "crypto/pad.h"

enum { PLAIN_MAX = 68900 };

/* May who is a member now read it (GROUP 6.6)? */
static bool may_read(vls_group *g, uint32_t device, const gr_row *row) {
  vls_act_rules rules;
  if (row->act != NO_ACT) return true;
  vls_gr_rules(g, NULL, &rules);
  if (rules.rules.history == 1) return true;
  const vls_past *past = vls_gr_past(g, row->heads, row->n_heads);
  return vls_past_level(g->authority, past, g->devices[device].person) > VLS_LEVEL_NONE;
}

/* k = HKDF(0, DH, "valise 1 letter" | E | leaf | group, 32). */
static vls_err letter_key(uint8_t ret[32], const vls_group_mail *l, const uint8_t priv[32],
                          const uint8_t pub[32]) {
  static const char label[] = "valise 1 letter";
  uint8_t info[sizeof label - 1 + 96], shared[32];
  memcpy(info, label, sizeof label - 1);
  memcpy(info + sizeof label - 1, l->ephemeral, 32);
  memcpy(info + sizeof label - 1 + 32, l->leaf, 32);
  memcpy(info + sizeof label - 1 + 64, l->group, 32);
  vls_err err = vls_dh(shared, priv, pub);
  if (err == VLS_OK)
    vls_hkdf(ret, 32, (vls_slice){0}, vls_slice_of(shared, 32), vls_slice_of(info, sizeof info));
  vls_wipe(shared, sizeof shared);
  return err;
}

static vls_err seal_letter(vls_group_mail *l, vls_slice padded, vls_rng *rng, vls_buf *out) {
  vls_dh_pair ephemeral;
  vls_buf sealed;
  uint8_t key[32], *room;
  vls_dh_new(&ephemeral, rng);
  memcpy(l->ephemeral, ephemeral.pub, 32);
  vls_buf_init(&sealed, PLAIN_MAX + VLS_N24 + VLS_SEAL_EXTRA);
  vls_err err = letter_key(key, l, ephemeral.priv, l->leaf);
  room = vls_buf_grow(&sealed, VLS_N24 + VLS_SEAL_EXTRA + padded.n);
  if (err == VLS_OK && room == NULL) err = VLS_TOO_BIG;
  if (err == VLS_OK) {
    vls_rng_bytes(rng, room, VLS_N24);
    vls_seal(room + VLS_N24, key, room, vls_slice_of(l->group, 32), padded);
    l->sealed = vls_buf_slice(&sealed);
    err = vls_wire_encode(&vls_group_mail_def, l, out);
  }
  vls_wipe(key, sizeof key);
  vls_wipe(&ephemeral, sizeof ephemeral);
  vls_buf_done(&sealed);
  return err;
}

vls_err vls_group_letter(vls_group *g, vls_slice event, const uint8_t device[32], vls_rng *rng,
                         vls_buf *letter) {
  vls_group_where where = {.group = g->id};
  vls_group_mail l;
  vls_buf plain;
  vls_group_said *said = vls_calloc(1, sizeof *said);
  vls_buf_init(&plain, PLAIN_MAX);
  vls_err err = vls_group_read(said, event, &where);
  const gr_row *row = err == VLS_OK ? vls_gr_row(g, said->id) : NULL;
  uint32_t to = vls_gr_device(g, device);
  if (err == VLS_OK && (row == NULL || to == NOBODY)) err = VLS_NOT_FOUND;
  vls_gr_present(g);
  if (err == VLS_OK && (g->devices[to].now == NULL || !may_read(g, to, row))) err = VLS_STATE;
  if (err == VLS_OK) err = vls_buf_put_slice(&plain, event);
  if (err == VLS_OK) err = vls_pad(&plain, VLS_N24 + VLS_SEAL_EXTRA);
  if (err == VLS_OK) {
    memcpy(l.group, g->id, 32);
    memcpy(l.leaf, g->devices[to].now->dh, 32);
    err = seal_letter(&l, vls_buf_slice(&plain), rng, letter);
  }
  vls_buf_done(&plain);
  free(said);
  return err;
}

static const gr_key *key_of(const vls_group *g, const uint8_t pub[32]) {
  for (size_t i = 0; i < g->n_keys; i++)
    if (memcmp(g->keys[i].pair.pub, pub, 32) == 0) return &g->keys[i];
  return NULL;
}

vls_err vls_group_hear_letter(vls_group *g, vls_slice letter, uint64_t now) {
  vls_group_mail l;
  uint8_t key[32];
  vls_slice event;
  vls_err err = vls_wire_decode(&vls_group_mail_def, VLS_WIRE_STRICT, letter, &l, NULL);
  if (err != VLS_OK) return err;
  const gr_key *mine = key_of(g, l.leaf);
  if (mine == NULL || memcmp(l.group, g->id, 32) != 0) return VLS_NOT_FOUND;
  err = letter_key(key, &l, mine->pair.priv, l.ephemeral);
  if (err != VLS_OK) return err;
  vls_buf plain;
  vls_buf_init(&plain, PLAIN_MAX);
  uint8_t *room = vls_buf_grow(&plain, l.sealed.n - VLS_N24 - VLS_SEAL_EXTRA);
  err = room == NULL ? VLS_TOO_BIG
                     : vls_open(room, key, l.sealed.p, vls_slice_of(l.group, 32),
                                vls_slice_of(l.sealed.p + VLS_N24, l.sealed.n - VLS_N24));
  if (err == VLS_OK) err = vls_unpad(vls_buf_slice(&plain), &event);
  if (err == VLS_OK) err = vls_gr_hear_event(g, event, now);
  if (err == VLS_OK) vls_gr_retry(g, now);
  vls_wipe(key, sizeof key);
  vls_buf_done(&plain);
  return err;
}
