/* Every call of SEAL that the nodes make is watched: no message key seals twice when old data is
 * put back and noticed; and where nobody can notice it, no key comes twice with one nonce. */
#include "core_old.h"

#include "crypto/kdf.h"
#include "crypto/seal.h"

enum { SEALS_MAX = 20000 };

typedef struct sealed {
  uint8_t key[32], nonce[VLS_N24];
} sealed;

static sealed seen[SEALS_MAX];
static size_t n_seen;

/* The linker puts these in the way (CMakeLists.txt). */
void __wrap_vls_seal(uint8_t *out, const uint8_t key[32], const uint8_t n24[VLS_N24], vls_slice ad,
                     vls_slice pt);
void __real_vls_seal(uint8_t *out, const uint8_t key[32], const uint8_t n24[VLS_N24], vls_slice ad,
                     vls_slice pt);

void __wrap_vls_seal(uint8_t *out, const uint8_t key[32], const uint8_t n24[VLS_N24], vls_slice ad,
                     vls_slice pt) {
  assert_true(n_seen < SEALS_MAX);
  memcpy(seen[n_seen].key, key, 32);
  memcpy(seen[n_seen++].nonce, n24, VLS_N24);
  __real_vls_seal(out, key, n24, ad, pt);
}

static int by_key(const void *a, const void *b) {
  return memcmp(a, b, sizeof(sealed));
}

/* How many came twice: with the key alone, or key and nonce. */
static size_t twice(bool with_nonce) {
  size_t n = 0;
  qsort(seen, n_seen, sizeof *seen, by_key);
  for (size_t i = 1; i < n_seen; i++)
    n += memcmp(&seen[i - 1], &seen[i], with_nonce ? sizeof(sealed) : 32) == 0;
  return n;
}

static void talk(world *w, unsigned rounds) {
  for (unsigned i = 0; i < rounds; i++) {
    say(w, ANA, "Bao", "one way");
    if (i % 3 != 0) say(w, BAO, "Ana", "and the other");
    pass(w, i % 4 * 700);
  }
  pass(w, 60000);
}

static void no_message_key_seals_twice_after_an_old_copy(void **state) {
  (void)state;
  n_seen = 0;
  world *w = two_friends();
  talk(w, 5);
  for (unsigned round = 0; round < 4; round++) {
    image old = copy_of(w, ANA);
    talk(w, 1 + 3 * round);
    put_back(w, ANA, &old);
    say(w, ANA, "Bao", "at once");
    say(w, BAO, "Ana", "at once");
    talk(w, 5);
    image_end(&old);
  }
  assert_true(n_seen > 60);
  assert_int_equal(twice(false), 0);
  world_free(w);
}

/* What was sealed was lost on the line, or both went back to the same moment: nobody but a network
 * that recorded it can tell. */
static void key_that_nobody_has_seen_comes_with_another_nonce(void **state) {
  (void)state;
  n_seen = 0;
  world *w = two_friends();
  talk(w, 5);
  for (int round = 0; round < 3; round++) {
    image old = copy_of(w, ANA);
    w->held = true;
    say(w, ANA, "Bao", "lost on the line");
    lose_all(w);
    w->held = false;
    put_back(w, ANA, &old);
    say(w, ANA, "Bao", "in its place");
    pass(w, 60000);
    image_end(&old);
  }
  image hers = copy_of(w, ANA), his = copy_of(w, BAO);
  talk(w, 5);
  put_back(w, ANA, &hers);
  put_back(w, BAO, &his);
  talk(w, 5);
  image_end(&hers);
  image_end(&his);
  assert_int_equal(twice(true), 0);
  assert_true(twice(false) > 0); /* else this test shows nothing */
  world_free(w);
}

int main(void) {
  if (vls_crypto_init() != VLS_OK) return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(no_message_key_seals_twice_after_an_old_copy),
      cmocka_unit_test(key_that_nobody_has_seen_comes_with_another_nonce),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
