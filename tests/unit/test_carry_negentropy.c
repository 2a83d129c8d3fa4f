#include <stdio.h>
#include <stdlib.h>

#include "vec_hex.h"

#include "carry/negentropy.h"
#include "crypto/kdf.h"
#include "crypto/rng.h"

enum { ITEMS_MAX = 20000, LINE = 70000, ROUNDS = 64 };

/* One side: its set, and what it was told. */
typedef struct side {
  vls_neg_item *items;
  vls_neg_set set;
} side;

static void side_add(side *s, uint64_t stamp, const uint8_t *id) {
  if (s->items == NULL) s->items = calloc(ITEMS_MAX, sizeof *s->items);
  assert_non_null(s->items);
  assert_true(s->set.n < ITEMS_MAX);
  vls_neg_item *item = &s->items[s->set.n++];
  item->stamp = stamp;
  memcpy(item->id, id, VLS_NEG_ID);
  s->set.items = s->items;
}

static void found_init(vls_neg_found *found) {
  vls_buf_init(&found->have, ITEMS_MAX * VLS_NEG_ID);
  vls_buf_init(&found->need, ITEMS_MAX * VLS_NEG_ID);
}

static void found_done(vls_neg_found *found) {
  vls_buf_done(&found->have);
  vls_buf_done(&found->need);
}

static int compare(const void *a, const void *b) {
  return memcmp(a, b, VLS_NEG_ID);
}

static void same_ids(vls_buf *got, vls_buf *want) {
  assert_int_equal(got->n, want->n);
  if (got->n == 0) return;
  qsort(got->p, got->n / VLS_NEG_ID, VLS_NEG_ID, compare);
  qsort(want->p, want->n / VLS_NEG_ID, VLS_NEG_ID, compare);
  assert_memory_equal(got->p, want->p, want->n);
}

/* A case of proto/vectors/negentropy.txt. */
typedef struct transcript {
  side initiator, responder;
  vls_buf messages[ROUNDS];
  size_t n;
  vls_neg_found expected;
} transcript;

static void transcript_play(transcript *t) {
  vls_neg_found found;
  vls_buf message;
  found_init(&found);
  vls_buf_init(&message, VLS_NEG_MESSAGE_MAX);
  vls_neg_sort(t->initiator.items, t->initiator.set.n);
  vls_neg_sort(t->responder.items, t->responder.set.n);
  assert_int_equal(vls_neg_open(&t->initiator.set, &message), VLS_OK);
  for (size_t i = 0; i < t->n; i++) {
    vls_buf out;
    vls_buf_init(&out, VLS_NEG_MESSAGE_MAX);
    assert_int_equal(message.n, t->messages[i].n);
    assert_memory_equal(message.p, t->messages[i].p, message.n);
    vls_err err = i % 2 == 0
                      ? vls_neg_answer(&t->responder.set, vls_buf_slice(&message), &out)
                      : vls_neg_next(&t->initiator.set, vls_buf_slice(&message), &out, &found);
    assert_int_equal(err, VLS_OK);
    vls_buf_done(&message);
    message = out;
  }
  assert_int_equal(message.n, 0); /* the last answer leaves nothing to ask */
  same_ids(&found.have, &t->expected.have);
  same_ids(&found.need, &t->expected.need);
  vls_buf_done(&message);
  found_done(&found);
}

static void transcript_end(transcript *t) {
  free(t->initiator.items);
  free(t->responder.items);
  for (size_t i = 0; i < t->n; i++)
    vls_buf_done(&t->messages[i]);
  found_done(&t->expected);
}

static void transcript_begin(transcript *t) {
  *t = (transcript){0};
  found_init(&t->expected);
}

static void put_hex(vls_buf *out, const char *hex) {
  for (; hex[0] != 0 && hex[0] != '\n'; hex += 2)
    assert_int_equal(vls_buf_put_u8(out, (uint8_t)(vec_digit(hex[0]) << 4 | vec_digit(hex[1]))),
                     VLS_OK);
}

static void take_line(transcript *t, const char *line) {
  unsigned long long stamp = 0;
  char hex[65] = "", word[8] = "";
  if (sscanf(line, "limit %llu", &stamp) == 1) {
    t->initiator.set.frame_limit = t->responder.set.frame_limit = (size_t)stamp;
  } else if (strncmp(line, "m ", 2) == 0) {
    assert_true(t->n < ROUNDS);
    vls_buf_init(&t->messages[t->n], VLS_NEG_MESSAGE_MAX);
    put_hex(&t->messages[t->n++], line + 2);
  } else if (sscanf(line, "%7s %64s", word, hex) == 2 && strcmp(word, "have") == 0) {
    put_hex(&t->expected.have, hex);
  } else if (strcmp(word, "need") == 0) {
    put_hex(&t->expected.need, hex);
  } else {
    assert_int_equal(sscanf(line, "%7s %llu %64s", word, &stamp, hex), 3);
    vec_bytes id = vec_hex(hex);
    if (word[0] != 'r') side_add(&t->initiator, stamp, id.p);
    if (word[0] != 'i') side_add(&t->responder, stamp, id.p);
  }
}

static void published_transcripts_are_met_byte_for_byte(void **state) {
  (void)state;
  static char line[LINE];
  unsigned cases = 0;
  transcript t;
  transcript_begin(&t);
  FILE *file = fopen(VALISE_SOURCE_DIR "/proto/vectors/negentropy.txt", "rb");
  assert_non_null(file);
  while (fgets(line, sizeof line, file) != NULL) {
    if (line[0] == '#') continue;
    if (strncmp(line, "case ", 5) == 0) {
      if (cases++ > 0) transcript_play(&t);
      transcript_end(&t);
      transcript_begin(&t);
    } else {
      take_line(&t, line);
    }
  }
  fclose(file);
  transcript_play(&t);
  transcript_end(&t);
  assert_int_equal(cases, 13);
}

/* Both sides until the initiator has nothing to ask. Gives the bytes of all messages. */
static size_t reconcile(const side *a, const side *b, vls_neg_found *found) {
  vls_buf ask, answer;
  size_t bytes = 0, rounds = 0;
  vls_buf_init(&ask, VLS_NEG_MESSAGE_MAX);
  vls_buf_init(&answer, VLS_NEG_MESSAGE_MAX);
  assert_int_equal(vls_neg_open(&a->set, &ask), VLS_OK);
  while (ask.n > 0) {
    assert_true(rounds++ < 10000);
    vls_buf_clear(&answer);
    assert_int_equal(vls_neg_answer(&b->set, vls_buf_slice(&ask), &answer), VLS_OK);
    bytes += ask.n + answer.n;
    if (a->set.frame_limit > 0) assert_true(ask.n <= a->set.frame_limit);
    if (b->set.frame_limit > 0) assert_true(answer.n <= b->set.frame_limit);
    vls_buf_clear(&ask);
    assert_int_equal(vls_neg_next(&a->set, vls_buf_slice(&answer), &ask, found), VLS_OK);
  }
  vls_buf_done(&ask);
  vls_buf_done(&answer);
  return bytes;
}

static void any_two_sets_end_up_knowing_every_difference(void **state) {
  (void)state;
  static const size_t limits[] = {0, VLS_NEG_FRAME_MIN, 9000};
  uint8_t seed[32] = {21};
  vls_rng rng;
  vls_rng_init(&rng, seed);
  for (unsigned round = 0; round < 60; round++) {
    side a = {0}, b = {0};
    vls_neg_found found, expected;
    found_init(&found);
    found_init(&expected);
    size_t n = (size_t)vls_rng_below(&rng, round % 3 == 0 ? 40 : 1500);
    uint64_t stamps = UINT64_C(1) << vls_rng_below(&rng, 41), apart = 1 + vls_rng_below(&rng, 50);
    for (size_t i = 0; i < n; i++) {
      uint8_t id[VLS_NEG_ID];
      vls_rng_bytes(&rng, id, sizeof id);
      uint64_t stamp = vls_rng_below(&rng, stamps), who = vls_rng_below(&rng, apart);
      if (who != 1) side_add(&a, stamp, id);
      if (who != 2) side_add(&b, stamp, id);
      if (who == 2) assert_int_equal(vls_buf_put(&expected.have, id, sizeof id), VLS_OK);
      if (who == 1) assert_int_equal(vls_buf_put(&expected.need, id, sizeof id), VLS_OK);
    }
    vls_neg_sort(a.items, a.set.n);
    vls_neg_sort(b.items, b.set.n);
    a.set.frame_limit = limits[vls_rng_below(&rng, 3)];
    b.set.frame_limit = limits[vls_rng_below(&rng, 3)];
    reconcile(&a, &b, &found);
    same_ids(&found.have, &expected.have);
    same_ids(&found.need, &expected.need);
    found_done(&found);
    found_done(&expected);
    free(a.items);
    free(b.items);
  }
}

static void one_difference_in_ten_thousand_costs_few_bytes(void **state) {
  (void)state;
  side a = {0}, b = {0};
  vls_neg_found found;
  uint8_t seed[32] = {22}, id[VLS_NEG_ID];
  vls_rng rng;
  vls_rng_init(&rng, seed);
  found_init(&found);
  for (unsigned i = 0; i < 10000; i++) {
    vls_rng_bytes(&rng, id, sizeof id);
    side_add(&a, 1000 * i, id);
    if (i != 7777) side_add(&b, 1000 * i, id);
  }
  assert_true(reconcile(&a, &b, &found) < 3000);
  assert_int_equal(found.have.n, VLS_NEG_ID);
  assert_int_equal(found.need.n, 0);
  found_done(&found);
  free(a.items);
  free(b.items);
}

static vls_err answer(const char *hex) {
  static const vls_neg_set empty = {0};
  vec_bytes message = vec_hex(hex);
  vls_buf out;
  vls_buf_init(&out, 4096);
  vls_err err = vls_neg_answer(&empty, vec_slice(&message), &out);
  vls_buf_done(&out);
  return err;
}

static void broken_messages_are_refused(void **state) {
  (void)state;
  static const char *const broken[] = {
      "",                           /* no version */
      "5f",                         /* of another protocol */
      "70",                         /* likewise */
      "61ff",                       /* a number cut off */
      "61000003",                   /* a mode there is not */
      "610021",                     /* a bound longer than an id */
      "61000001",                   /* no fingerprint */
      "6100000201",                 /* a list of one, without it */
      "61000002ffffffffffffffff7f", /* a list of 2^63 */
      "61818181818181818181818100", /* a number of 12 bytes */
      "61ffffffffffffffffff7f0000", /* 2^70 - 1 */
  };
  for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
    assert_int_equal(answer(broken[i]), VLS_MALFORMED);
  assert_int_equal(answer("61"), VLS_OK);
  assert_int_equal(answer("62aabbcc"), VLS_OK); /* a later version: only told which is ours */
}

static void later_version_is_told_to_the_initiator(void **state) {
  (void)state;
  static const vls_neg_set empty = {0};
  vls_neg_found found;
  vls_buf out;
  found_init(&found);
  vls_buf_init(&out, 4096);
  assert_int_equal(vls_neg_next(&empty, vls_slice_str("\x62"), &out, &found), VLS_NEWER);
  vls_buf_done(&out);
  found_done(&found);
}

static void message_at_the_bound_is_read_and_one_byte_more_is_not(void **state) {
  (void)state;
  static const vls_neg_set empty = {0};
  static uint8_t message[VLS_NEG_MESSAGE_MAX + 1];
  vls_buf out;
  vls_buf_init(&out, 4096);
  message[0] = VLS_NEG_VERSION; /* then: skip to the end of time, over and over */
  size_t n = VLS_NEG_MESSAGE_MAX - (VLS_NEG_MESSAGE_MAX - 1) % 3;
  assert_int_equal(vls_neg_answer(&empty, vls_slice_of(message, n), &out), VLS_OK);
  assert_int_equal(vls_neg_answer(&empty, vls_slice_of(message, sizeof message), &out),
                   VLS_TOO_BIG);
  vls_buf_done(&out);
}

static void id_said_twice_is_needed_once(void **state) {
  (void)state;
  static const vls_neg_set empty = {0};
  uint8_t message[6 + 2 * VLS_NEG_ID] = {VLS_NEG_VERSION, 0, 0, 2, 2};
  vls_neg_found found;
  vls_buf out;
  found_init(&found);
  vls_buf_init(&out, 4096);
  assert_int_equal(vls_neg_next(&empty, vls_slice_of(message, 5 + 2 * VLS_NEG_ID), &out, &found),
                   VLS_OK);
  assert_int_equal(found.need.n, VLS_NEG_ID);
  vls_buf_done(&out);
  found_done(&found);
}

int main(void) {
  if (vls_crypto_init() != VLS_OK) return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(published_transcripts_are_met_byte_for_byte),
      cmocka_unit_test(any_two_sets_end_up_knowing_every_difference),
      cmocka_unit_test(one_difference_in_ten_thousand_costs_few_bytes),
      cmocka_unit_test(broken_messages_are_refused),
      cmocka_unit_test(later_version_is_told_to_the_initiator),
      cmocka_unit_test(message_at_the_bound_is_read_and_one_byte_more_is_not),
      cmocka_unit_test(id_said_twice_is_needed_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
