#include "citizen_make.h"
#include "vec_rfc.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static vls_err open_bytes(vls_slice bytes) {
  vls_card_view view;
  return vls_card_open(&view, bytes);
}

/* Signs these facts as the citizen's card and reads it back. */
static vls_err open_facts(const citizen *c, const vls_card *facts) {
  vls_buf card;
  vls_buf_init(&card, VLS_CARD_MAX);
  vls_err err = vls_card_make(&card, &c->identity, facts);
  if (err == VLS_OK) err = open_bytes(vls_buf_slice(&card));
  vls_buf_done(&card);
  return err;
}

/* A card whose only device has this certificate and this prekey. */
static vls_err open_device(const citizen *c, const vls_buf *cert, const vls_buf *spk) {
  vls_card facts = citizen_facts(c);
  assert_int_equal(vls_signed_parse(&facts.devices[0].cert, vls_buf_slice(cert)), VLS_OK);
  assert_int_equal(vls_signed_parse(&facts.devices[0].spk, vls_buf_slice(spk)), VLS_OK);
  return open_facts(c, &facts);
}

static void card_comes_back_as_it_was_signed(void **state) {
  (void)state;
  citizen c;
  citizen_make(&c, 1);
  vls_card_view view;
  assert_int_equal(vls_card_open(&view, vls_buf_slice(&c.card)), VLS_OK);
  assert_memory_equal(view.card.identity, c.identity.pub, 32);
  assert_int_equal(view.card.seq, 1);
  assert_true(vls_slice_eq(view.card.name, vls_slice_str("Ana")));
  assert_true(vls_slice_eq(view.card.addresses[0], vls_slice_str("ana.example:7125")));
  assert_int_equal(view.n_devices, 1);
  assert_int_equal(view.devices[0].spk_id, SPK_ID);
  assert_memory_equal(view.devices[0].spk, c.spk.pub, 32);
  assert_ptr_equal(vls_card_by_dh(&view, c.dh.pub), &view.devices[0]);
  assert_ptr_equal(vls_card_by_sign(&view, c.device.pub), &view.devices[0]);
  assert_null(vls_card_by_dh(&view, c.device.pub));
  assert_null(vls_card_by_sign(&view, c.dh.pub));
  citizen_end(&c);
}

static void card_with_any_byte_changed_is_refused(void **state) {
  (void)state;
  citizen c;
  citizen_make(&c, 2);
  for (size_t i = 0; i < c.card.n; i++)
    for (int bit = 0; bit < 8; bit += 7) {
      c.card.p[i] ^= (uint8_t)(1u << bit);
      assert_int_not_equal(open_bytes(vls_buf_slice(&c.card)), VLS_OK);
      c.card.p[i] ^= (uint8_t)(1u << bit);
    }
  citizen_end(&c);
}

static void card_cut_short_or_with_more_behind_is_refused(void **state) {
  (void)state;
  citizen c;
  citizen_make(&c, 3);
  for (size_t n = 0; n < c.card.n; n++)
    assert_int_not_equal(open_bytes(vls_slice_of(c.card.p, n)), VLS_OK);
  assert_int_equal(vls_buf_put_u8(&c.card, 0), VLS_OK);
  assert_int_not_equal(open_bytes(vls_buf_slice(&c.card)), VLS_OK);
  citizen_end(&c);
}

static void card_with_another_identity_s_certificate_is_refused(void **state) {
  (void)state;
  citizen ana, bao;
  citizen_make(&ana, 4);
  citizen_make(&bao, 5);
  assert_int_equal(open_device(&ana, &bao.cert, &bao.signed_spk), VLS_FORGED);
  /* Signed by Ana, but it names Bao. */
  vls_buf cert;
  vls_buf_init(&cert, VLS_CARD_MAX);
  vls_sign_pair mixed = ana.identity;
  memcpy(mixed.pub, bao.identity.pub, 32);
  assert_int_equal(vls_cert_make(&cert, &mixed, ana.device.pub, ana.dh.pub, MADE_AT), VLS_OK);
  assert_int_equal(open_device(&ana, &cert, &ana.signed_spk), VLS_FORGED);
  vls_buf_done(&cert);
  citizen_end(&ana);
  citizen_end(&bao);
}

static void card_with_a_prekey_of_another_device_is_refused(void **state) {
  (void)state;
  citizen ana, bao;
  citizen_make(&ana, 6);
  citizen_make(&bao, 7);
  assert_int_equal(open_device(&ana, &ana.cert, &bao.signed_spk), VLS_FORGED);
  citizen_end(&ana);
  citizen_end(&bao);
}

/* A signature made for one purpose verifies for no other. */
static void card_with_a_certificate_signed_for_another_purpose_is_refused(void **state) {
  (void)state;
  citizen c;
  citizen_make(&c, 8);
  vls_card facts = citizen_facts(&c);
  vls_sign(facts.devices[0].cert.sig, &c.identity, VLS_CTX_CARD, facts.devices[0].cert.body);
  assert_int_equal(open_facts(&c, &facts), VLS_FORGED);
  facts = citizen_facts(&c);
  vls_sign(facts.devices[0].spk.sig, &c.device, VLS_CTX_DEVICE, facts.devices[0].spk.body);
  assert_int_equal(open_facts(&c, &facts), VLS_FORGED);
  citizen_end(&c);
}

static void card_with_one_device_twice_is_refused(void **state) {
  (void)state;
  citizen c;
  citizen_make(&c, 9);
  vls_card facts = citizen_facts(&c);
  facts.devices[1] = facts.devices[0];
  facts.n_devices = 2;
  assert_int_equal(open_facts(&c, &facts), VLS_FORGED);
  citizen_end(&c);
}

/* Two devices that share one of their two keys are one device, or a mistake. */
static void card_whose_devices_share_a_key_is_refused(void **state) {
  (void)state;
  citizen c, other;
  citizen_make(&c, 10);
  citizen_make(&other, 11);
  for (int same_dh = 0; same_dh < 2; same_dh++) {
    const vls_sign_pair *device = same_dh ? &other.device : &c.device;
    vls_buf cert, spk;
    vls_buf_init(&cert, VLS_CARD_MAX);
    vls_buf_init(&spk, VLS_CARD_MAX);
    const uint8_t *dh = same_dh ? c.dh.pub : other.dh.pub;
    assert_int_equal(vls_cert_make(&cert, &c.identity, device->pub, dh, MADE_AT), VLS_OK);
    assert_int_equal(vls_prekey_make(&spk, device, SPK_ID, c.spk.pub, MADE_AT), VLS_OK);
    vls_card facts = citizen_facts(&c);
    assert_int_equal(vls_signed_parse(&facts.devices[1].cert, vls_buf_slice(&cert)), VLS_OK);
    assert_int_equal(vls_signed_parse(&facts.devices[1].spk, vls_buf_slice(&spk)), VLS_OK);
    facts.n_devices = 2;
    assert_int_equal(open_facts(&c, &facts), VLS_FORGED);
    vls_buf_done(&cert);
    vls_buf_done(&spk);
  }
  citizen_end(&c);
  citizen_end(&other);
}

/* A key of small order would give a secret everybody knows; nodes that dial it must never meet it.
 */
static void card_with_a_key_that_is_none_is_refused(void **state) {
  (void)state;
  citizen c;
  citizen_make(&c, 12);
  for (size_t i = 0; i < COUNT(vec_x25519_refused); i++) {
    vec_bytes bad = vec_hex(vec_x25519_refused[i]);
    vls_buf cert, spk;
    vls_buf_init(&cert, VLS_CARD_MAX);
    vls_buf_init(&spk, VLS_CARD_MAX);
    assert_int_equal(vls_cert_make(&cert, &c.identity, c.device.pub, bad.p, MADE_AT), VLS_OK);
    assert_int_equal(vls_prekey_make(&spk, &c.device, SPK_ID, bad.p, MADE_AT), VLS_OK);
    assert_int_equal(open_device(&c, &cert, &c.signed_spk), VLS_FORGED);
    assert_int_equal(open_device(&c, &c.cert, &spk), VLS_FORGED);
    vls_buf_done(&cert);
    vls_buf_done(&spk);
  }
  citizen_end(&c);
}

static void card_of_eight_devices_opens_and_of_nine_does_not(void **state) {
  (void)state;
  citizen c;
  citizen_make(&c, 13);
  vls_buf pieces[2 * VLS_DEVICES_MAX];
  vls_card facts = citizen_facts(&c);
  for (size_t i = 0; i < VLS_DEVICES_MAX; i++) {
    vls_sign_pair sign;
    vls_dh_pair dh;
    vls_sign_new(&sign, &c.rng);
    vls_dh_new(&dh, &c.rng);
    vls_buf *cert = &pieces[2 * i], *spk = &pieces[2 * i + 1];
    vls_buf_init(cert, VLS_CARD_MAX);
    vls_buf_init(spk, VLS_CARD_MAX);
    assert_int_equal(vls_cert_make(cert, &c.identity, sign.pub, dh.pub, MADE_AT), VLS_OK);
    assert_int_equal(vls_prekey_make(spk, &sign, SPK_ID, dh.pub, MADE_AT), VLS_OK);
    assert_int_equal(vls_signed_parse(&facts.devices[i].cert, vls_buf_slice(cert)), VLS_OK);
    assert_int_equal(vls_signed_parse(&facts.devices[i].spk, vls_buf_slice(spk)), VLS_OK);
  }
  facts.n_devices = VLS_DEVICES_MAX;
  vls_buf body, card;
  vls_buf_init(&body, VLS_CARD_MAX);
  vls_buf_init(&card, VLS_CARD_MAX);
  assert_int_equal(open_facts(&c, &facts), VLS_OK);
  /* A ninth can't be encoded by us: put it in by hand, its count and its bytes. */
  assert_int_equal(vls_wire_encode(&vls_card_def, &facts, &body), VLS_OK);
  vls_slice fields[8], devices[8];
  size_t n;
  assert_int_equal(vls_wire_split(vls_buf_slice(&body), VLS_WIRE_STRICT, fields, 8, &n), VLS_OK);
  assert_int_equal(vls_wire_split(fields[5], VLS_WIRE_STRICT, devices, 8, &n), VLS_OK);
  vls_buf nine;
  vls_buf_init(&nine, 2 * VLS_CARD_MAX);
  assert_int_equal(vls_buf_put(&nine, body.p, (size_t)(fields[5].p - body.p)), VLS_OK);
  assert_int_equal(vls_buf_put_u8(&nine, 0x99), VLS_OK);
  assert_int_equal(vls_buf_put(&nine, fields[5].p + 1, fields[5].n - 1), VLS_OK);
  assert_int_equal(vls_buf_put_slice(&nine, devices[0]), VLS_OK);
  assert_int_equal(vls_buf_put(&nine, fields[6].p, fields[6].n + fields[7].n), VLS_OK);
  vls_signed s = {.body = vls_buf_slice(&nine)};
  vls_sign(s.sig, &c.identity, VLS_CTX_CARD, s.body);
  assert_int_equal(vls_wire_encode(&vls_signed_def, &s, &card), VLS_OK);
  assert_int_equal(open_bytes(vls_buf_slice(&card)), VLS_MALFORMED);
  for (size_t i = 0; i < COUNT(pieces); i++)
    vls_buf_done(&pieces[i]);
  vls_buf_done(&body);
  vls_buf_done(&card);
  vls_buf_done(&nine);
  citizen_end(&c);
}

static void card_beyond_8_kib_is_too_big(void **state) {
  (void)state;
  static const uint8_t zeros[VLS_CARD_MAX + 1];
  assert_int_equal(open_bytes(vls_slice_of(zeros, sizeof zeros)), VLS_TOO_BIG);
  assert_int_equal(open_bytes(vls_slice_of(zeros, VLS_CARD_MAX)), VLS_MALFORMED);
}

static void card_by_another_identity_is_refused(void **state) {
  (void)state;
  citizen ana, bao;
  citizen_make(&ana, 14);
  citizen_make(&bao, 15);
  vls_card facts = citizen_facts(&ana);
  assert_int_equal(open_facts(&bao, &facts), VLS_FORGED);
  citizen_end(&ana);
  citizen_end(&bao);
}

int main(void) {
  if (vls_crypto_init() != VLS_OK) return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(card_comes_back_as_it_was_signed),
      cmocka_unit_test(card_with_any_byte_changed_is_refused),
      cmocka_unit_test(card_cut_short_or_with_more_behind_is_refused),
      cmocka_unit_test(card_with_another_identity_s_certificate_is_refused),
      cmocka_unit_test(card_with_a_prekey_of_another_device_is_refused),
      cmocka_unit_test(card_with_a_certificate_signed_for_another_purpose_is_refused),
      cmocka_unit_test(card_with_one_device_twice_is_refused),
      cmocka_unit_test(card_whose_devices_share_a_key_is_refused),
      cmocka_unit_test(card_with_a_key_that_is_none_is_refused),
      cmocka_unit_test(card_of_eight_devices_opens_and_of_nine_does_not),
      cmocka_unit_test(card_beyond_8_kib_is_too_big),
      cmocka_unit_test(card_by_another_identity_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
