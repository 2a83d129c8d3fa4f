/* The ratchet's main property: whatever the network does, each record opens once, or is refused for
 * the one reason allowed: six chains of its sender began before it came. One seed, one history. */
#include <stdio.h>

#include "ratchet_pair.h"

enum { SEEDS = 300, STEPS = 300, SENT_MAX = STEPS };

typedef struct sent {
  record rec;
  bool from_a, lost, heard;
  uint64_t chain; /* the sender's n-th sending chain */
  char text[16];
} sent;

static sent wire[SENT_MAX];

/* A's first sending chain is there from the start; each receiving chain begins another. */
static uint64_t sending_chain(const talk *t, bool from_a) {
  return from_a ? t->a.r.chain_count + 1 : t->b.r.chain_count;
}

static void say(talk *t, sent *s, bool from_a, int number) {
  side *from = from_a ? &t->a : &t->b;
  *s = (sent){.from_a = from_a, .chain = sending_chain(t, from_a)};
  snprintf(s->text, sizeof s->text, "%d", number);
  s->rec = side_say(from, s->text);
}

static void deliver(talk *t, sent *s) {
  side *to = s->from_a ? &t->b : &t->a;
  char heard[RECORD_MAX];
  vls_ratchet before = to->r;
  vls_err err = side_hear(to, &s->rec, heard);
  if (err == VLS_UNKNOWN) {
    assert_true(to->r.chain_count >= s->chain + VLS_RATCHET_CHAINS);
  } else if (s->heard) {
    assert_int_equal(err, VLS_DUPLICATE);
  } else {
    assert_int_equal(err, VLS_OK);
    assert_string_equal(heard, s->text);
    s->heard = true;
    return;
  }
  assert_memory_equal(&before, &to->r, sizeof before);
}

static void history(uint32_t seed) {
  talk t;
  vls_rng dice = {{0}};
  vls_be32_put(dice.key, seed);
  talk_start(&t, seed);
  size_t n = 0;
  uint64_t loss = vls_rng_below(&dice, 50); /* per cent: each history has its own network */
  for (int step = 0; step < STEPS; step++) {
    bool from_a = vls_rng_below(&dice, 2) == 0;
    if (vls_rng_below(&dice, 2) == 0) {
      if (!from_a && !t.b.r.can_send) continue;
      say(&t, &wire[n], from_a, step);
      wire[n++].lost = vls_rng_below(&dice, 100) < loss;
    } else if (n > 0) {
      sent *s = &wire[vls_rng_below(&dice, n)]; /* any order, and any number of times */
      if (!s->lost) deliver(&t, s);
    }
  }
  for (size_t i = n; i-- > 0;) /* what is still under way arrives, last first */
    if (!wire[i].lost) deliver(&t, &wire[i]);
  if (t.b.r.can_send) talk_round(&t); /* and they can still talk */
  talk_end(&t);
}

static void ratchet_any_order_any_loss_opens_each_record_once(void **state) {
  (void)state;
  for (uint32_t seed = 0; seed < SEEDS; seed++)
    history(seed);
}

int main(void) {
  if (vls_crypto_init() != VLS_OK) return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ratchet_any_order_any_loss_opens_each_record_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
