/* A crowd at the door: what strangers cost a node that knows a thousand people, and that those
 * people don't notice. */
#include "core_town.h"

#include <malloc.h>

#include "store/guard.h"

#ifdef __SANITIZE_ADDRESS__
size_t __sanitizer_get_current_allocated_bytes(void);
#endif

enum {
  CONTACTS = 1000,
  CROWD = VLS_STRANGERS_MAX,
  KEYS = CONTACTS + 1,
  KNOCK = 96,
  STRANGER_BYTES = 6144
};

static size_t heap(void) {
#ifdef __SANITIZE_ADDRESS__
  return __sanitizer_get_current_allocated_bytes();
#else
  struct mallinfo2 m = mallinfo2();
  return m.uordblks + m.hblkhd;
#endif
}

static uint64_t number(uint64_t i) {
  return VLS_LINK_ACCEPTED | (100000 + i);
}

static void comes(town *t, uint64_t i, const char *address) {
  vls_input in = {.type = VLS_IN_OPENED, .link = number(i), .text = vls_slice_str(address)};
  town_feed(t, 0, &in);
}

static void says(town *t, uint64_t i, vls_slice bytes) {
  vls_input in = {.type = VLS_IN_BYTES, .link = number(i), .bytes = bytes};
  town_feed(t, 0, &in);
}

static void noise(town *t, uint64_t i, size_t n) {
  uint8_t bytes[4096];
  vls_rng_bytes(&t->nodes[1].core->rng, bytes, n);
  says(t, i, vls_slice_of(bytes, n));
}

/* Ends the batch of node 0: how many bytes go out, and how many links are closed. */
static size_t ends_batch(town *t, size_t *ret_closed) {
  vls_core *core = t->nodes[0].core;
  vls_output out;
  size_t bytes = 0;
  *ret_closed = 0;
  if (vls_core_seal(core, t->now)) vls_core_committed(core, vls_store_commit(t->nodes[0].store));
  while (vls_core_poll(core, &out)) {
    if (out.type == VLS_OUT_SEND) bytes += out.bytes.n;
    if (out.type == VLS_OUT_CLOSE) ++*ret_closed;
  }
  return bytes;
}

static void lets_ms_pass(town *t, uint64_t ms) {
  t->now.mono_ms += ms;
  t->now.wall_ms += (int64_t)ms;
  assert_int_equal(vls_core_tick(t->nodes[0].core, t->now), VLS_OK);
}

/* Node 0 knows node 1, whose invitation is kept, and 999 others it never sees. */
static void make(town *t) {
  town_make(t);
  town_init(t, 0, "ana");
  town_init(t, 1, "bao");
  town_friends(t, 0, 1);
  vls_core *core = t->nodes[0].core;
  for (unsigned i = 1; i < CONTACTS; i++) {
    uint8_t identity[32], psk[32], knock[32];
    char name[16];
    vls_rng_bytes(&core->rng, identity, 32);
    vls_rng_bytes(&core->rng, psk, 32);
    vls_rng_bytes(&core->rng, knock, 32);
    snprintf(name, sizeof name, "c%u", i);
    vls_peer *peer =
        vls_peer_new(core, identity, vls_slice_str(name), vls_slice_str(name), VLS_CONTACT_READY);
    vls_peer_set_keys(core, peer, psk, knock);
  }
  lets_ms_pass(t, 60000);
  size_t closed;
  ends_batch(t, &closed);
}

static void half_a_knock_is_tried_with_no_key(void **state) {
  town t;
  (void)state;
  make(&t);
  const vls_costs *costs = &t.nodes[0].core->costs;
  uint64_t before = costs->trials;
  comes(&t, 1, "192.0.2.1:1");
  noise(&t, 1, KNOCK - 1);
  assert_int_equal(costs->trials, before);
  noise(&t, 1, 1);
  assert_int_equal(costs->trials, before + KEYS);
  noise(&t, 1, 2000); /* never again */
  lets_ms_pass(&t, 1000);
  assert_int_equal(costs->trials, before + KEYS);
  town_end(&t);
}

static void trials_of_a_crowd_stay_in_their_budget(void **state) {
  town t;
  size_t closed;
  (void)state;
  make(&t);
  vls_core *core = t.nodes[0].core;
  uint64_t before = core->costs.trials, began = t.now.mono_ms;
  for (uint64_t i = 0; i < CROWD; i++) {
    comes(&t, i, "192.0.2.1:1");
    noise(&t, i, KNOCK + 100);
    if (i % 10 == 9) lets_ms_pass(&t, 1); /* 10,000 in a second */
    uint64_t most = VLS_TRIALS_BURST + (t.now.mono_ms - began) * VLS_TRIALS_MS + KEYS;
    assert_true(core->costs.trials - before <= most);
  }
  assert_int_equal(ends_batch(&t, &closed), 0);
  assert_int_equal(closed, 0);
  /* Each gets its turn, and each key is tried once for it. */
  for (int i = 0; i < 5000 && !TAILQ_EMPTY(&core->knockers); i++)
    lets_ms_pass(&t, 1);
  assert_int_equal(core->costs.trials - before, (uint64_t)CROWD * KEYS);
  assert_int_equal(ends_batch(&t, &closed), 0);
  town_end(&t);
}

static void contact_comes_in_while_a_crowd_waits(void **state) {
  town t;
  size_t closed;
  (void)state;
  make(&t);
  vls_core *core = t.nodes[0].core;
  const vls_peer *ana = town_peer(&t, 1, 0);
  vls_peer *bao = town_peer(&t, 0, 1);
  for (uint64_t i = 0; i < CROWD / 2; i++) {
    comes(&t, i, "192.0.2.1:1");
    noise(&t, i, KNOCK + 100);
  }
  assert_false(TAILQ_EMPTY(&core->knockers));
  static const char *const from[] = {"198.51.100.7:900", "203.0.113.9:1000"};
  for (unsigned i = 0; i < 2; i++) { /* from where she was before, and from elsewhere */
    vls_conn was = {.address = "198.51.100.7:500"};
    vls_knock_remember(bao, &was);
    vls_link *link = vls_link_dial(&t.nodes[1].core->self.dh, core->self.dh.pub, ana->row.knock,
                                   ana->row.psk, &t.nodes[1].core->rng, t.now);
    comes(&t, CROWD + i, from[i]);
    says(&t, CROWD + i, vls_buf_slice(vls_link_out(link)));
    size_t answer = ends_batch(&t, &closed);
    assert_true(i == 0 ? answer > 0 : answer == 0);
    for (int ms = 0; ms < 3000 && answer == 0; ms++) {
      lets_ms_pass(&t, 1);
      answer = ends_batch(&t, &closed);
    }
    assert_true(answer > 0);
    vls_link_free(link);
  }
  town_end(&t);
}

static void stranger_costs_less_than_its_memory_budget(void **state) {
  town t;
  size_t closed;
  (void)state;
  make(&t);
  uint64_t at = 1;
  static const size_t sizes[] = {1, KNOCK - 1, KNOCK + 1023, 4096};
  for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
    vls_core *core = t.nodes[0].core;
    comes(&t, at++, "192.0.2.1:1"); /* tables that double, double now */
    size_t before = heap();
    for (unsigned i = 0; i < 100; i++) {
      comes(&t, at, "192.0.2.1:1");
      noise(&t, at++, sizes[k]);
    }
    ends_batch(&t, &closed);
    size_t each = (heap() - before) / 100;
    print_message("          a stranger who says %zu bytes costs %zu\n", sizes[k], each);
    assert_true(each < STRANGER_BYTES);
    for (int i = 0; i < 5000 && !TAILQ_EMPTY(&core->knockers); i++)
      lets_ms_pass(&t, 1);
  }
  town_end(&t);
}

static void stranger_who_pours_is_not_read_any_more(void **state) {
  town t;
  vls_output out;
  unsigned paused = 0;
  (void)state;
  make(&t);
  comes(&t, 1, "192.0.2.1:1");
  for (unsigned i = 0; i < 2 * VLS_STRANGER_BYTES / 4096; i++)
    noise(&t, 1, 4096);
  vls_core_seal(t.nodes[0].core, t.now);
  while (vls_core_poll(t.nodes[0].core, &out)) {
    assert_true(out.type == VLS_OUT_PAUSE || out.type == VLS_OUT_LOG);
    paused += out.type == VLS_OUT_PAUSE;
  }
  assert_int_equal(paused, 1);
  town_end(&t);
}

static void node_of_nobody_is_silent_too(void **state) {
  town t;
  size_t closed;
  (void)state;
  town_make(&t);
  comes(&t, 1, "192.0.2.1:1");
  noise(&t, 1, 2000);
  for (int s = 0; s < 59; s++) {
    lets_ms_pass(&t, 1000);
    assert_int_equal(ends_batch(&t, &closed), 0);
    assert_int_equal(closed, 0);
  }
  lets_ms_pass(&t, 1000);
  assert_int_equal(ends_batch(&t, &closed), 0);
  assert_int_equal(closed, 1);
  town_end(&t);
}

/* Nonces are written for knocks that opened alone, and found again after a restart. */
static void noise_leaves_nothing_on_the_disk(void **state) {
  town t;
  size_t closed;
  (void)state;
  make(&t);
  for (uint64_t i = 0; i < 100; i++) {
    comes(&t, i, "192.0.2.1:1");
    noise(&t, i, 1000);
    lets_ms_pass(&t, 10);
  }
  assert_false(vls_store_dirty(t.nodes[0].store));
  assert_int_equal(ends_batch(&t, &closed), 0);
  town_end(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(half_a_knock_is_tried_with_no_key),
      cmocka_unit_test(trials_of_a_crowd_stay_in_their_budget),
      cmocka_unit_test(contact_comes_in_while_a_crowd_waits),
      cmocka_unit_test(stranger_costs_less_than_its_memory_budget),
      cmocka_unit_test(stranger_who_pours_is_not_read_any_more),
      cmocka_unit_test(node_of_nobody_is_silent_too),
      cmocka_unit_test(noise_leaves_nothing_on_the_disk),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
