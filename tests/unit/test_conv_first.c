#include "conv_pair.h"

/* Where the parts of a prefix end (5b.3). */
enum { SPK_AT = 32, OPK_AT = 36, N24_AT = 40, SIZE_AT = 64, SEALED_AT = 66 };

/* Ana's whole first record, as Bao gets it: hello, and the signature over th. */
static void first_record(pair *p, vls_buf *record) {
  vls_buf body;
  vls_direct_sealed sealed;
  vls_buf_init(&body, 100);
  vls_item_hello hello = {.version = 1};
  vls_item item = item_in(&body, VLS_ITEM_HELLO, &vls_item_hello_def, &hello);
  vls_direct_out out = out_of_ana(p, &item, 1);
  out.prefix = vls_buf_slice(&p->prefix);
  assert_int_equal(vls_direct_seal(&out, &p->a, &p->ana.rng, record, &sealed), VLS_OK);
  vls_direct_sealed_done(&sealed);
  vls_buf_done(&body);
}

/* What Bao does with a first record: the card, the session, the body, the signatures. */
static vls_err accept(pair *p, const vls_first_keys *keys, vls_slice record) {
  vls_first first;
  vls_buf card;
  vls_card_view view;
  vls_direct_in in;
  uint8_t hash[32];
  unsigned device = 99;
  vls_buf_init(&card, VLS_CARD_MAX);
  vls_err err = vls_first_parse(&first, record);
  if (err == VLS_OK) err = vls_first_card(&first, keys, &device, &card);
  if (err == VLS_OK) err = vls_card_open(&view, vls_buf_slice(&card));
  if (err == VLS_OK && device >= view.n_devices) err = VLS_MALFORMED;
  if (err == VLS_OK)
    err = vls_first_accept(&first, keys, vls_buf_slice(&card), &view.devices[device], &p->b,
                           &p->keys_b);
  if (err == VLS_OK) err = open_at_bao(p, first.record, &in);
  if (err == VLS_OK) {
    vls_direct_ends ends = {.author = view.card.identity,
                            .device = view.devices[device].sign,
                            .recipient = p->bao.identity.pub};
    err = verify_at_bao(&in, &ends, NULL, p->b.th, hash);
    vls_direct_in_done(&in);
  }
  vls_buf_done(&card);
  return err;
}

static void first_record_makes_the_same_session_on_both_sides(void **state) {
  (void)state;
  for (int with_opk = 0; with_opk < 2; with_opk++) {
    pair p;
    vls_buf record;
    vls_buf_init(&record, VLS_RECORD_MAX);
    pair_make(&p, with_opk);
    pair_begin(&p);
    first_record(&p, &record);
    vls_first_keys keys = keys_of_bao(&p);
    assert_int_equal(accept(&p, &keys, vls_buf_slice(&record)), VLS_OK);
    assert_memory_equal(&p.keys_a, &p.keys_b, sizeof p.keys_a);
    vls_buf_done(&record);
    pair_end(&p);
  }
}

/* Nobody in between sees who begins to talk: neither her keys nor her card stand in it. */
static void prefix_shows_nothing_of_its_sender(void **state) {
  (void)state;
  pair p;
  pair_make(&p, true);
  pair_begin(&p);
  const uint8_t *const keys[] = {p.ana.identity.pub, p.ana.device.pub, p.ana.dh.pub, p.ana.card.p};
  for (size_t k = 0; k < 4; k++)
    for (size_t at = 0; at + 16 <= p.prefix.n; at++)
      assert_memory_not_equal(p.prefix.p + at, keys[k], 16);
  pair_end(&p);
}

static void prefix_cut_anywhere_is_refused(void **state) {
  (void)state;
  pair p;
  vls_buf record;
  vls_first first;
  vls_buf_init(&record, VLS_RECORD_MAX);
  pair_make(&p, true);
  pair_begin(&p);
  first_record(&p, &record);
  vls_first_keys keys = keys_of_bao(&p);
  size_t least = p.prefix.n + VLS_RATCHET_EXTRA;
  for (size_t n = 0; n < record.n; n++) {
    vls_err err = vls_first_parse(&first, vls_slice_of(record.p, n));
    assert_int_equal(err, n < least ? VLS_MALFORMED : VLS_OK);
    assert_int_not_equal(accept(&p, &keys, vls_slice_of(record.p, n)), VLS_OK);
  }
  vls_buf_done(&record);
  pair_end(&p);
}

static void prefix_with_an_impossible_size_is_refused(void **state) {
  (void)state;
  pair p;
  vls_buf record;
  vls_first first;
  vls_buf_init(&record, VLS_RECORD_MAX);
  pair_make(&p, true);
  pair_begin(&p);
  first_record(&p, &record);
  uint8_t *huge = vls_buf_grow(&record, 20000);
  memset(huge, 0, 20000);
  static const uint16_t bad[] = {0, 1, 49, VLS_CARD_MAX + 1 + VLS_SEAL_EXTRA + 1, UINT16_MAX};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    vls_be16_put(record.p + SIZE_AT, bad[i]);
    assert_int_equal(vls_first_parse(&first, vls_buf_slice(&record)), VLS_MALFORMED);
  }
  vls_be16_put(record.p + SIZE_AT, 50);
  assert_int_equal(vls_first_parse(&first, vls_buf_slice(&record)), VLS_OK);
  vls_be16_put(record.p + SIZE_AT, VLS_CARD_MAX + 1 + VLS_SEAL_EXTRA);
  assert_int_equal(vls_first_parse(&first, vls_buf_slice(&record)), VLS_OK);
  vls_buf_done(&record);
  pair_end(&p);
}

static void first_record_with_any_byte_changed_is_refused(void **state) {
  (void)state;
  pair p;
  vls_buf record;
  vls_buf_init(&record, VLS_RECORD_MAX);
  pair_make(&p, true);
  pair_begin(&p);
  first_record(&p, &record);
  vls_first_keys keys = keys_of_bao(&p);
  for (size_t i = 0; i < record.n; i++) {
    record.p[i] ^= 1;
    assert_int_not_equal(accept(&p, &keys, vls_buf_slice(&record)), VLS_OK);
    record.p[i] ^= 1;
  }
  assert_int_equal(accept(&p, &keys, vls_buf_slice(&record)), VLS_OK);
  vls_buf_done(&record);
  pair_end(&p);
}

static void first_record_for_other_keys_or_another_card_is_refused(void **state) {
  (void)state;
  pair p;
  vls_buf record;
  vls_dh_pair other;
  vls_buf_init(&record, VLS_RECORD_MAX);
  pair_make(&p, true);
  pair_begin(&p);
  first_record(&p, &record);
  vls_dh_new(&other, &p.bao.rng);
  for (int change = 0; change < 5; change++) {
    vls_first_keys keys = keys_of_bao(&p);
    switch (change) {
    case 0: keys.ik = &other; break;
    case 1: keys.spk = &other; break;
    case 2: keys.opk = &other; break;
    case 3: keys.opk = NULL; break;
    default: keys.card = vls_buf_slice(&p.ana.card); break;
    }
    assert_int_equal(accept(&p, &keys, vls_buf_slice(&record)), VLS_FORGED);
  }
  vls_buf_done(&record);
  pair_end(&p);
}

static void prefix_with_a_key_that_is_none_is_refused(void **state) {
  (void)state;
  pair p;
  vls_buf record;
  vls_buf_init(&record, VLS_RECORD_MAX);
  pair_make(&p, true);
  pair_begin(&p);
  first_record(&p, &record);
  vls_first_keys keys = keys_of_bao(&p);
  memset(record.p, 0, 32);
  assert_int_equal(accept(&p, &keys, vls_buf_slice(&record)), VLS_FORGED);
  memset(record.p, 0xff, 32);
  assert_int_equal(accept(&p, &keys, vls_buf_slice(&record)), VLS_FORGED);
  vls_buf_done(&record);
  pair_end(&p);
}

static void begin_with_a_key_that_is_none_is_refused(void **state) {
  (void)state;
  pair p;
  vls_card_view bao;
  static const uint8_t zeros[32];
  pair_make(&p, true);
  assert_int_equal(vls_card_open(&bao, vls_buf_slice(&p.bao.card)), VLS_OK);
  vls_first_conf conf = conf_of_ana(&p, &bao);
  conf.opk = zeros;
  assert_int_equal(vls_first_begin(&conf, &p.ana.rng, &p.a, &p.keys_a, &p.prefix), VLS_FORGED);
  pair_end(&p);
}

static void begin_without_room_is_too_big(void **state) {
  (void)state;
  pair p;
  vls_card_view bao;
  vls_buf small;
  pair_make(&p, true);
  assert_int_equal(vls_card_open(&bao, vls_buf_slice(&p.bao.card)), VLS_OK);
  vls_first_conf conf = conf_of_ana(&p, &bao);
  for (size_t max = 1; max < 200; max += 13) {
    vls_buf_init(&small, max);
    assert_int_equal(vls_first_begin(&conf, &p.ana.rng, &p.a, &p.keys_a, &small), VLS_TOO_BIG);
    vls_buf_done(&small);
  }
  pair_end(&p);
}

/* Key-compromise impersonation. A thief has every private key of Bao's, and Ana's card, which is no
 * secret. With them he knows all that Ana would: he can compute DH(IKa, SPKb) from Bao's side. What
 * he lacks is her device's signature over th. */
typedef struct theft {
  pair p;
  vls_dh_pair ek;
  vls_x3dh_keys keys;
  vls_ratchet ratchet;
  vls_buf record;
} theft;

/* SK and the rest by hand, each DH with the private key of the other side. */
static void thief_begins(theft *t) {
  pair_make(&t->p, true);
  vls_dh_new(&t->ek, &t->p.bao.rng);
  vls_x3dh_transcript transcript = {.suite = VLS_SUITE_1,
                                    .card_a = vls_buf_slice(&t->p.ana.card),
                                    .card_b = vls_buf_slice(&t->p.bao.card),
                                    .spk_id = SPK_ID,
                                    .opk = vls_slice_of(t->p.opk.pub, 32),
                                    .ek = t->ek.pub};
  assert_int_equal(vls_x3dh_b(&t->keys, &transcript, t->p.ana.dh.pub, t->ek.pub, &t->p.bao.dh,
                              &t->p.bao.spk, &t->p.opk),
                   VLS_OK);
  assert_int_equal(vls_ratchet_init_a(&t->ratchet, t->keys.th, t->keys.rk, t->keys.hk, t->keys.nhk,
                                      t->p.bao.spk.pub, &t->p.bao.rng),
                   VLS_OK);
}

/* His record: a prefix made with Ana's card, and an event with these signatures. */
static void thief_writes(theft *t, const uint8_t sig[64], vls_slice x3dh_sig) {
  uint8_t id_key[32], n24[24] = {7}, plain[1 + VLS_CARD_MAX];
  vls_buf body, event;
  vls_buf_init(&t->record, VLS_RECORD_MAX);
  assert_int_equal(vls_x3dh_id_key_b(id_key, t->ek.pub, &t->p.bao.dh, &t->p.bao.spk, &t->p.opk,
                                     vls_buf_slice(&t->p.bao.card)),
                   VLS_OK);
  assert_int_equal(vls_buf_put(&t->record, t->ek.pub, 32), VLS_OK);
  assert_int_equal(vls_buf_put_be32(&t->record, SPK_ID), VLS_OK);
  assert_int_equal(vls_buf_put_be32(&t->record, OPK_ID), VLS_OK);
  assert_int_equal(vls_buf_put(&t->record, n24, 24), VLS_OK);
  plain[0] = 0;
  memcpy(plain + 1, t->p.ana.card.p, t->p.ana.card.n);
  size_t n = 1 + t->p.ana.card.n;
  assert_int_equal(vls_buf_put_be16(&t->record, (uint16_t)(n + VLS_SEAL_EXTRA)), VLS_OK);
  uint8_t *sealed = vls_buf_grow(&t->record, n + VLS_SEAL_EXTRA);
  vls_seal(sealed, id_key, n24, vls_slice_of(t->record.p, N24_AT), vls_slice_of(plain, n));
  vls_buf_init(&body, 100);
  vls_buf_init(&event, VLS_RECORD_MAX);
  vls_direct_event e = {.seq = 1, .stamp = 1700000000000, .x3dh_sig = x3dh_sig, .n_items = 1};
  memcpy(e.sig, sig, 64);
  e.items[0] = text_item(&body, vls_slice_str("it is I, Ana"));
  assert_int_equal(vls_wire_encode(&vls_direct_event_def, &e, &event), VLS_OK);
  assert_int_equal(vls_pad(&event, VLS_RATCHET_EXTRA + t->record.n), VLS_OK);
  assert_int_equal(vls_ratchet_seal(&t->ratchet, vls_buf_slice(&event), &t->p.bao.rng, &t->record),
                   VLS_OK);
  vls_buf_done(&body);
  vls_buf_done(&event);
}

static vls_err bao_hears(theft *t) {
  vls_first_keys keys = keys_of_bao(&t->p);
  vls_err err = accept(&t->p, &keys, vls_buf_slice(&t->record));
  vls_buf_done(&t->record);
  return err;
}

/* The header of the thief's event, signed by whom the test likes. */
static void sign_event(const theft *t, const vls_sign_pair *by, uint8_t sig[64]) {
  static const uint8_t zeros[32];
  uint8_t conversation[32], hash[32];
  vls_buf body, item, header;
  vls_item_hashes hashes = {.n = 1};
  vls_buf_init(&body, 100);
  vls_buf_init(&item, 200);
  vls_buf_init(&header, 4096);
  vls_item text = text_item(&body, vls_slice_str("it is I, Ana"));
  assert_int_equal(vls_wire_encode(&vls_item_def, &text, &item), VLS_OK);
  vls_item_hash(hashes.hash[0], vls_buf_slice(&item));
  vls_direct_conversation(conversation, t->p.ana.identity.pub, t->p.bao.identity.pub);
  vls_event_facts facts = {
      conversation, t->p.bao.identity.pub, t->p.ana.identity.pub, t->p.ana.device.pub, zeros,
      .seq = 1,     .stamp = 1700000000000};
  assert_int_equal(vls_event_header_make(&header, &facts, &hashes, hash), VLS_OK);
  vls_sign_hash(sig, by, VLS_CTX_DIRECT, hash);
  vls_buf_done(&body);
  vls_buf_done(&item);
  vls_buf_done(&header);
}

static void thief_of_all_of_bao_s_keys_cannot_be_ana_to_bao(void **state) {
  (void)state;
  theft t;
  uint8_t direct[64], x3dh[64];
  thief_begins(&t);
  const vls_slice th = vls_slice_of(t.keys.th, 32);
  /* Were her device's key his as well, he would be her: the forgery is right but for that. */
  sign_event(&t, &t.p.ana.device, direct);
  vls_sign(x3dh, &t.p.ana.device, VLS_CTX_X3DH, th);
  thief_writes(&t, direct, vls_slice_of(x3dh, 64));
  assert_int_equal(bao_hears(&t), VLS_OK);
  pair_end(&t.p);

  /* Signed with Bao's keys, and with a signature of hers from another session, and with none. */
  for (int with = 0; with < 4; with++) {
    thief_begins(&t);
    sign_event(&t, with == 3 ? &t.p.ana.device : &t.p.bao.device, direct);
    const vls_sign_pair *by = with == 2 ? &t.p.bao.identity : &t.p.bao.device;
    vls_sign(x3dh, by, VLS_CTX_X3DH, vls_slice_of(t.keys.th, 32));
    if (with == 3) { /* an event she signed, replayed into the forged session */
      uint8_t old_th[32] = {5};
      vls_sign(x3dh, &t.p.ana.device, VLS_CTX_X3DH, vls_slice_of(old_th, 32));
    }
    thief_writes(&t, direct, with == 0 ? (vls_slice){NULL, 0} : vls_slice_of(x3dh, 64));
    assert_int_equal(bao_hears(&t), VLS_FORGED);
    pair_end(&t.p);
  }
}

int main(void) {
  if (vls_crypto_init() != VLS_OK) return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(first_record_makes_the_same_session_on_both_sides),
      cmocka_unit_test(prefix_shows_nothing_of_its_sender),
      cmocka_unit_test(prefix_cut_anywhere_is_refused),
      cmocka_unit_test(prefix_with_an_impossible_size_is_refused),
      cmocka_unit_test(first_record_with_any_byte_changed_is_refused),
      cmocka_unit_test(first_record_for_other_keys_or_another_card_is_refused),
      cmocka_unit_test(prefix_with_a_key_that_is_none_is_refused),
      cmocka_unit_test(begin_with_a_key_that_is_none_is_refused),
      cmocka_unit_test(begin_without_room_is_too_big),
      cmocka_unit_test(thief_of_all_of_bao_s_keys_cannot_be_ana_to_bao),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
