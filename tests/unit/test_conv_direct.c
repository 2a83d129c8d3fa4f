#include "conv_pair.h"

/* Seals, opens, verifies; gives the size of the record. */
static size_t say_and_hear(pair *p, const vls_item *items, size_t n) {
  vls_direct_out out = out_of_ana(p, items, n);
  vls_direct_sealed sealed;
  vls_direct_in in;
  vls_buf record;
  uint8_t hash[32];
  vls_buf_init(&record, VLS_RECORD_MAX);
  assert_int_equal(vls_direct_seal(&out, &p->a, &p->ana.rng, &record, &sealed), VLS_OK);
  assert_int_equal(open_at_bao(p, vls_buf_slice(&record), &in), VLS_OK);
  assert_int_equal(in.event.seq, out.seq);
  assert_int_equal(in.event.stamp, out.stamp);
  assert_int_equal(in.event.n_items, n);
  for (size_t i = 0; i < n; i++) {
    assert_int_equal(in.event.items[i].kind, items[i].kind);
    assert_true(vls_slice_eq(in.event.items[i].body, items[i].body));
  }
  assert_int_equal(verify_at_bao(&in, &out.ends, out.prev, NULL, hash), VLS_OK);
  assert_memory_equal(hash, sealed.hash, 32);
  vls_direct_in_done(&in);
  vls_direct_sealed_done(&sealed);
  size_t size = record.n;
  vls_buf_done(&record);
  return size;
}

static void event_of_any_number_of_items_comes_through(void **state) {
  (void)state;
  pair p;
  vls_item items[VLS_EVENT_ITEMS];
  vls_buf bodies;
  pair_meet(&p);
  vls_buf_init(&bodies, 4096);
  for (size_t n = 1; n <= VLS_EVENT_ITEMS; n++) {
    char text[16];
    snprintf(text, sizeof text, "text %u", (unsigned)n);
    items[n - 1] = text_item(&bodies, vls_slice_str(text));
    say_and_hear(&p, items, n);
  }
  vls_buf_done(&bodies);
  pair_end(&p);
}

static void event_of_the_largest_text_fits_a_record(void **state) {
  (void)state;
  pair p;
  vls_buf body;
  static uint8_t text[VLS_TEXT_MAX];
  memset(text, 'x', sizeof text);
  pair_meet(&p);
  vls_buf_init(&body, VLS_TEXT_MAX + 100);
  vls_item item = text_item(&body, vls_slice_of(text, sizeof text));
  size_t size = say_and_hear(&p, &item, 1);
  assert_in_range(size, VLS_TEXT_MAX, VLS_RECORD_MAX);
  assert_int_equal(size, vls_pad_bucket(size));
  vls_buf_done(&body);
  pair_end(&p);
}

/* The very most: the first event of a session with the largest card before it. */
static void first_event_of_the_largest_text_and_card_fits_a_record(void **state) {
  (void)state;
  pair p;
  vls_buf body, record;
  vls_direct_sealed sealed;
  vls_card_view bao;
  static uint8_t text[VLS_TEXT_MAX], card[VLS_CARD_MAX];
  memset(text, 'x', sizeof text);
  pair_make(&p, true);
  assert_int_equal(vls_card_open(&bao, vls_buf_slice(&p.bao.card)), VLS_OK);
  vls_first_conf conf = conf_of_ana(&p, &bao);
  conf.card = vls_slice_of(card, sizeof card);
  assert_int_equal(vls_first_begin(&conf, &p.ana.rng, &p.a, &p.keys_a, &p.prefix), VLS_OK);
  vls_buf_init(&body, VLS_TEXT_MAX + 200);
  vls_buf_init(&record, VLS_RECORD_MAX);
  vls_item items[4] = {text_item(&body, vls_slice_of(text, sizeof text))};
  for (int i = 1; i < 4; i++)
    items[i] = receipt_item(&body, UINT64_MAX);
  vls_direct_out out = out_of_ana(&p, items, 4);
  out.seq = out.stamp = UINT64_MAX;
  out.prefix = vls_buf_slice(&p.prefix);
  assert_int_equal(vls_direct_seal(&out, &p.a, &p.ana.rng, &record, &sealed), VLS_OK);
  assert_true(record.n <= VLS_RECORD_MAX);
  vls_direct_sealed_done(&sealed);
  vls_buf_done(&body);
  vls_buf_done(&record);
  pair_end(&p);
}

static void records_have_the_size_of_a_bucket(void **state) {
  (void)state;
  pair p;
  static uint8_t text[5000];
  memset(text, 'x', sizeof text);
  pair_meet(&p);
  for (size_t n = 1; n < sizeof text; n += 331) {
    vls_buf body;
    vls_buf_init(&body, 8000);
    vls_item item = text_item(&body, vls_slice_of(text, n));
    size_t size = say_and_hear(&p, &item, 1);
    assert_int_equal(size, vls_pad_bucket(size));
    vls_buf_done(&body);
  }
  pair_end(&p);
}

/* PEER 5.5. The numbers are of a talk that has gone on for years. */
static void short_message_takes_512_bytes_and_a_receipt_256(void **state) {
  (void)state;
  pair p;
  vls_buf body;
  vls_buf_init(&body, 500);
  static uint8_t text[200];
  memset(text, 'x', sizeof text);
  pair_meet(&p);
  vls_item item = text_item(&body, vls_slice_of(text, sizeof text));
  assert_int_equal(say_and_hear(&p, &item, 1), 512);
  vls_buf_clear(&body);
  item = receipt_item(&body, UINT32_MAX);
  vls_direct_out out = out_of_ana(&p, &item, 1);
  vls_direct_sealed sealed;
  vls_buf record;
  vls_buf_init(&record, VLS_RECORD_MAX);
  out.seq = UINT32_MAX;
  assert_int_equal(vls_direct_seal(&out, &p.a, &p.ana.rng, &record, &sealed), VLS_OK);
  assert_int_equal(record.n, 256);
  vls_direct_sealed_done(&sealed);
  vls_buf_done(&record);
  vls_buf_done(&body);
  pair_end(&p);
}

/* One sealed record, opened and ready to be held against other facts. */
typedef struct heard {
  pair p;
  vls_direct_out out;
  vls_direct_in in;
} heard;

static void hear_one(heard *h) {
  vls_buf body, record;
  vls_direct_sealed sealed;
  vls_buf_init(&body, 100);
  vls_buf_init(&record, VLS_RECORD_MAX);
  pair_meet(&h->p);
  vls_item item = text_item(&body, vls_slice_str("meet me at noon"));
  h->out = out_of_ana(&h->p, &item, 1);
  assert_int_equal(vls_direct_seal(&h->out, &h->p.a, &h->p.ana.rng, &record, &sealed), VLS_OK);
  assert_int_equal(open_at_bao(&h->p, vls_buf_slice(&record), &h->in), VLS_OK);
  vls_direct_sealed_done(&sealed);
  vls_buf_done(&body);
  vls_buf_done(&record);
}

static void hear_end(heard *h) {
  vls_direct_in_done(&h->in);
  pair_end(&h->p);
}

static void event_passed_on_to_somebody_else_is_refused(void **state) {
  (void)state;
  heard h;
  citizen chi;
  uint8_t hash[32];
  citizen_make(&chi, 3);
  hear_one(&h);
  vls_direct_ends ends = h.out.ends;
  assert_int_equal(verify_at_bao(&h.in, &ends, NULL, NULL, hash), VLS_OK);
  ends.recipient = chi.identity.pub; /* Bao hands it to Chi as if it were meant for her */
  assert_int_equal(verify_at_bao(&h.in, &ends, NULL, NULL, hash), VLS_FORGED);
  ends = h.out.ends;
  ends.author = chi.identity.pub;
  assert_int_equal(verify_at_bao(&h.in, &ends, NULL, NULL, hash), VLS_FORGED);
  ends = h.out.ends; /* and sent back to its author */
  ends.author = h.out.ends.recipient;
  ends.recipient = h.out.ends.author;
  assert_int_equal(verify_at_bao(&h.in, &ends, NULL, NULL, hash), VLS_FORGED);
  citizen_end(&chi);
  hear_end(&h);
}

static void event_signed_by_another_device_is_refused(void **state) {
  (void)state;
  heard h;
  citizen other;
  uint8_t hash[32];
  citizen_make(&other, 3);
  hear_one(&h);
  vls_direct_ends ends = h.out.ends;
  ends.device = other.device.pub;
  assert_int_equal(verify_at_bao(&h.in, &ends, NULL, NULL, hash), VLS_FORGED);
  citizen_end(&other);
  hear_end(&h);
}

static void event_out_of_its_place_is_refused(void **state) {
  (void)state;
  heard h;
  uint8_t hash[32], prev[32] = {1};
  hear_one(&h);
  assert_int_equal(verify_at_bao(&h.in, &h.out.ends, prev, NULL, hash), VLS_FORGED);
  h.in.event.seq++;
  assert_int_equal(verify_at_bao(&h.in, &h.out.ends, NULL, NULL, hash), VLS_FORGED);
  h.in.event.seq--;
  h.in.event.stamp++;
  assert_int_equal(verify_at_bao(&h.in, &h.out.ends, NULL, NULL, hash), VLS_FORGED);
  h.in.event.stamp--;
  h.in.hashes.hash[0][31] ^= 1;
  assert_int_equal(verify_at_bao(&h.in, &h.out.ends, NULL, NULL, hash), VLS_FORGED);
  h.in.hashes.hash[0][31] ^= 1;
  h.in.event.sig[0] ^= 1;
  assert_int_equal(verify_at_bao(&h.in, &h.out.ends, NULL, NULL, hash), VLS_FORGED);
  h.in.event.sig[0] ^= 1;
  assert_int_equal(verify_at_bao(&h.in, &h.out.ends, NULL, NULL, hash), VLS_OK);
  hear_end(&h);
}

static void record_with_any_byte_changed_does_not_open(void **state) {
  (void)state;
  pair p;
  vls_buf body, record;
  vls_direct_sealed sealed;
  vls_direct_in in;
  vls_buf_init(&body, 100);
  vls_buf_init(&record, VLS_RECORD_MAX);
  pair_meet(&p);
  vls_item item = text_item(&body, vls_slice_str("meet me at noon"));
  vls_direct_out out = out_of_ana(&p, &item, 1);
  assert_int_equal(vls_direct_seal(&out, &p.a, &p.ana.rng, &record, &sealed), VLS_OK);
  for (size_t i = 0; i < record.n; i++) {
    record.p[i] ^= 0x10;
    assert_int_not_equal(open_at_bao(&p, vls_buf_slice(&record), &in), VLS_OK);
    record.p[i] ^= 0x10;
  }
  for (size_t n = 0; n < record.n; n++)
    assert_int_not_equal(open_at_bao(&p, vls_slice_of(record.p, n), &in), VLS_OK);
  assert_int_equal(open_at_bao(&p, vls_buf_slice(&record), &in), VLS_OK);
  vls_direct_in_done(&in);
  vls_direct_sealed_done(&sealed);
  vls_buf_done(&body);
  vls_buf_done(&record);
  pair_end(&p);
}

/* Seals these bytes as an event's, whatever they are. */
static vls_err hear_bytes(pair *p, vls_slice plain) {
  vls_buf padded, record;
  vls_direct_in in;
  vls_buf_init(&padded, VLS_RECORD_MAX);
  vls_buf_init(&record, VLS_RECORD_MAX);
  assert_int_equal(vls_buf_put_slice(&padded, plain), VLS_OK);
  assert_int_equal(vls_ratchet_seal(&p->a, vls_buf_slice(&padded), &p->ana.rng, &record), VLS_OK);
  vls_err err = open_at_bao(p, vls_buf_slice(&record), &in);
  if (err == VLS_OK) vls_direct_in_done(&in);
  vls_buf_done(&padded);
  vls_buf_done(&record);
  return err;
}

static void event_of_a_hostile_form_is_refused(void **state) {
  (void)state;
  pair p;
  uint8_t plain[256] = {0};
  pair_meet(&p);
  assert_int_equal(hear_bytes(&p, vls_slice_of(plain, 256)), VLS_MALFORMED); /* no end of padding */
  plain[0] = 0x80;
  assert_int_equal(hear_bytes(&p, vls_slice_of(plain, 256)), VLS_MALFORMED); /* nothing inside */
  memcpy(plain, "\xdd\xff\xff\xff\xff\x80", 6);
  assert_int_not_equal(hear_bytes(&p, vls_slice_of(plain, 256)), VLS_OK);
  memcpy(plain, "\x95\x01\x01\xc4\x01x\x80", 7);
  assert_int_not_equal(hear_bytes(&p, vls_slice_of(plain, 256)), VLS_OK);
  pair_end(&p);
}

/* A signature of X3DH is 64 bytes or none. */
static void event_with_a_x3dh_signature_of_another_size_is_refused(void **state) {
  (void)state;
  pair p;
  vls_buf body, plain;
  static const uint8_t bytes[64];
  vls_buf_init(&body, 100);
  pair_meet(&p);
  vls_direct_event event = {.seq = 1, .n_items = 1};
  event.items[0] = text_item(&body, vls_slice_str("text"));
  for (size_t n = 0; n <= 64; n++) {
    vls_buf_init(&plain, VLS_RECORD_MAX);
    event.x3dh_sig = vls_slice_of(bytes, n);
    assert_int_equal(vls_wire_encode(&vls_direct_event_def, &event, &plain), VLS_OK);
    assert_int_equal(vls_buf_put_u8(&plain, 0x80), VLS_OK);
    vls_err want = n == 0 || n == 64 ? VLS_OK : VLS_MALFORMED;
    assert_int_equal(hear_bytes(&p, vls_buf_slice(&plain)), want);
    vls_buf_done(&plain);
  }
  vls_buf_done(&body);
  pair_end(&p);
}

static void x3dh_signature_missing_extra_or_another_s_is_refused(void **state) {
  (void)state;
  heard h;
  uint8_t hash[32], sig[64], other_th[32] = {1};
  hear_one(&h);
  const uint8_t *th = h.p.b.th;
  assert_int_equal(verify_at_bao(&h.in, &h.out.ends, NULL, th, hash), VLS_FORGED); /* missing */
  vls_sign(sig, &h.p.ana.device, VLS_CTX_X3DH, vls_slice_of(th, 32));
  h.in.event.x3dh_sig = vls_slice_of(sig, sizeof sig);
  assert_int_equal(verify_at_bao(&h.in, &h.out.ends, NULL, th, hash), VLS_OK);
  assert_int_equal(verify_at_bao(&h.in, &h.out.ends, NULL, NULL, hash), VLS_FORGED); /* extra */
  assert_int_equal(verify_at_bao(&h.in, &h.out.ends, NULL, other_th, hash), VLS_FORGED);
  vls_sign(sig, &h.p.ana.identity, VLS_CTX_X3DH, vls_slice_of(th, 32));
  assert_int_equal(verify_at_bao(&h.in, &h.out.ends, NULL, th, hash), VLS_FORGED);
  vls_sign(sig, &h.p.ana.device, VLS_CTX_DIRECT, vls_slice_of(th, 32));
  assert_int_equal(verify_at_bao(&h.in, &h.out.ends, NULL, th, hash), VLS_FORGED);
  hear_end(&h);
}

static void event_sealed_again_under_another_session_is_the_same_event(void **state) {
  (void)state;
  pair p, later;
  vls_buf body, record;
  vls_direct_sealed sealed;
  vls_direct_in in;
  uint8_t hash[32];
  vls_buf_init(&body, 100);
  vls_buf_init(&record, VLS_RECORD_MAX);
  pair_meet(&p);
  pair_meet(&later); /* the same citizens, another session */
  later.b.th[0] ^= 1;
  later.a.th[0] ^= 1;
  vls_item item = text_item(&body, vls_slice_str("meet me at noon"));
  vls_direct_out out = out_of_ana(&p, &item, 1);
  assert_int_equal(vls_direct_seal(&out, &p.a, &p.ana.rng, &record, &sealed), VLS_OK);
  vls_direct_again again = {.device = &p.ana.device,
                            .seq = out.seq,
                            .stamp = out.stamp,
                            .sig = sealed.sig,
                            .items = &item,
                            .n_items = 1,
                            .prefix = vls_slice_str("prefix")};
  vls_buf_clear(&record);
  assert_int_equal(vls_direct_reseal(&again, &later.a, &p.ana.rng, &record), VLS_OK);
  assert_int_equal(record.n, vls_pad_bucket(record.n));
  assert_memory_equal(record.p, "prefix", 6);
  assert_int_equal(open_at_bao(&later, vls_slice_of(record.p + 6, record.n - 6), &in), VLS_OK);
  assert_int_equal(verify_at_bao(&in, &out.ends, NULL, later.b.th, hash), VLS_OK);
  assert_memory_equal(hash, sealed.hash, 32);
  vls_direct_in_done(&in);
  vls_direct_sealed_done(&sealed);
  vls_buf_done(&body);
  vls_buf_done(&record);
  pair_end(&p);
  pair_end(&later);
}

static void event_that_does_not_fit_changes_nothing(void **state) {
  (void)state;
  pair p;
  vls_buf body, record;
  vls_direct_sealed sealed;
  vls_buf_init(&body, 100);
  vls_buf_init(&record, 300);
  pair_meet(&p);
  assert_int_equal(vls_buf_put(&record, "before", 6), VLS_OK);
  vls_ratchet before = p.a;
  vls_item item =
      text_item(&body, vls_slice_str("a text of some length, longer than a receipt is"));
  vls_direct_out out = out_of_ana(&p, &item, 1);
  assert_int_equal(vls_direct_seal(&out, &p.a, &p.ana.rng, &record, &sealed), VLS_TOO_BIG);
  assert_int_equal(record.n, 6);
  assert_memory_equal(&p.a, &before, sizeof before);
  assert_null(sealed.header.p);
  vls_buf_done(&body);
  vls_buf_done(&record);
  pair_end(&p);
}

static void conversation_is_the_same_from_both_sides(void **state) {
  (void)state;
  uint8_t a[32] = {1}, b[32] = {2}, x[32], y[32], z[32];
  vls_direct_conversation(x, a, b);
  vls_direct_conversation(y, b, a);
  vls_direct_conversation(z, a, a);
  assert_memory_equal(x, y, 32);
  assert_memory_not_equal(x, z, 32);
}

int main(void) {
  if (vls_crypto_init() != VLS_OK) return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(event_of_any_number_of_items_comes_through),
      cmocka_unit_test(event_of_the_largest_text_fits_a_record),
      cmocka_unit_test(first_event_of_the_largest_text_and_card_fits_a_record),
      cmocka_unit_test(records_have_the_size_of_a_bucket),
      cmocka_unit_test(short_message_takes_512_bytes_and_a_receipt_256),
      cmocka_unit_test(event_passed_on_to_somebody_else_is_refused),
      cmocka_unit_test(event_signed_by_another_device_is_refused),
      cmocka_unit_test(event_out_of_its_place_is_refused),
      cmocka_unit_test(record_with_any_byte_changed_does_not_open),
      cmocka_unit_test(event_of_a_hostile_form_is_refused),
      cmocka_unit_test(event_with_a_x3dh_signature_of_another_size_is_refused),
      cmocka_unit_test(x3dh_signature_missing_extra_or_another_s_is_refused),
      cmocka_unit_test(event_sealed_again_under_another_session_is_the_same_event),
      cmocka_unit_test(event_that_does_not_fit_changes_nothing),
      cmocka_unit_test(conversation_is_the_same_from_both_sides),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
