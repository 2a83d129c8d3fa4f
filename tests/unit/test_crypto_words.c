#include "valise/words.h"

#include <ctype.h>
#include <stdio.h>

#include "crypto/kdf.h"
#include "crypto/rng.h"
#include "crypto/words_list.h"
#include "vec_hex.h"
#include "vec_words.h"

enum { VECTORS = sizeof vec_words / sizeof vec_words[0] };

static vls_words_fault refused(const char *text) {
  vls_words_fault fault;
  uint8_t secret[32], zero[32] = {0};
  memset(secret, 0xaa, sizeof secret);
  assert_int_equal(vls_words_parse(secret, vls_slice_str(text), &fault), VLS_USAGE);
  assert_memory_equal(secret, zero, sizeof zero);
  return fault;
}

static void accepted(const char *text, const char *hex) {
  uint8_t secret[32];
  vls_words_fault fault;
  assert_int_equal(vls_words_parse(secret, vls_slice_str(text), &fault), VLS_OK);
  assert_int_equal(fault.what, VLS_WORDS_RIGHT);
  vec_equal(secret, hex);
}

static void words_list_is_the_published_one(void **state) {
  (void)state;
  char all[VLS_WORDS_LISTED * (VLS_WORD_MAX + 1)];
  size_t n = 0;
  uint8_t hash[32];
  for (size_t i = 0; i < VLS_WORDS_LISTED; i++) {
    size_t letters = strlen(vls_word_at(i));
    memcpy(all + n, vls_word_at(i), letters);
    all[n + letters] = '\n';
    n += letters + 1;
  }
  vls_sha256(hash, vls_slice_of(all, n));
  vec_equal(hash, "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda");
}

static void words_vectors_hold_both_ways(void **state) {
  (void)state;
  for (size_t i = 0; i < VECTORS; i++) {
    char text[VLS_WORDS_TEXT];
    vec_bytes secret = vec_hex(vec_words[i].secret);
    vls_words_text(text, secret.p);
    assert_string_equal(text, vec_words[i].words);
    accepted(vec_words[i].words, vec_words[i].secret);
  }
}

static void words_case_space_and_numbers_do_not_matter(void **state) {
  (void)state;
  char text[1024];
  size_t n = 0;
  const char *words = vec_words[4].words;
  unsigned number = 1;
  n += (size_t)snprintf(text, sizeof text, " \r\n 1. ");
  for (const char *c = words; *c != '\0'; c++) {
    text[n++] = (char)((c - words) % 3 == 0 ? toupper((unsigned char)*c) : *c);
    if (*c != ' ') continue;
    number++;
    n += (size_t)snprintf(text + n, sizeof text - n, "\t\n%u%s ", number,
                          number % 2 == 0 ? ")" : "");
  }
  snprintf(text + n, sizeof text - n, "\n\n");
  accepted(text, vec_words[4].secret);
}

static void words_four_letters_are_enough(void **state) {
  (void)state;
  char text[VLS_WORDS_TEXT];
  size_t n = 0, letters = 0;
  for (const char *c = vec_words[6].words; *c != '\0'; c++) {
    letters = *c == ' ' ? 0 : letters + 1;
    if (letters <= VLS_WORD_PREFIX) text[n++] = *c;
  }
  text[n] = '\0';
  accepted(text, vec_words[6].secret);
}

static void words_every_word_is_found_whole_and_by_its_beginning(void **state) {
  (void)state;
  for (size_t i = 0; i < VLS_WORDS_LISTED; i++) {
    const char *word = vls_word_at(i);
    size_t letters = strlen(word), first;
    for (size_t n = VLS_WORD_PREFIX; n <= letters; n++)
      assert_int_equal(vls_word_find(vls_slice_of(word, n)), i);
    assert_int_equal(vls_word_find(vls_slice_str(word)), i);
    for (size_t n = 1; n <= letters; n++) {
      size_t found = vls_word_begins(vls_slice_of(word, n), &first);
      assert_true(found >= 1 && i >= first && i < first + found);
    }
    assert_int_equal(vls_word_begins(vls_slice_str(word), &first) >= 1, true);
    assert_int_equal(first, i);
  }
}

static void words_not_in_the_list_are_not_found(void **state) {
  (void)state;
  static const char *const typed[] = {"",      "a",     "act\0",  "aba",       "abandone",
                                      "zooo",  "zzzz",  "-",      "abandon's", "abandonabandon",
                                      "\xffz", "ab an", "aband0n"};
  for (size_t i = 0; i < sizeof typed / sizeof typed[0]; i++)
    if (strcmp(typed[i], "act") != 0)
      assert_int_equal(vls_word_find(vls_slice_str(typed[i])), VLS_WORDS_LISTED);
  assert_int_equal(vls_word_find(vls_slice_of("act\0", 4)), VLS_WORDS_LISTED);
  assert_int_equal(vls_word_find(vls_slice_of("aban\0", 5)), VLS_WORDS_LISTED);
}

static void words_nearest_is_what_was_meant(void **state) {
  (void)state;
  static const struct {
    const char *typed, *meant;
  } pairs[] = {{"abandn", "abandon"}, {"Abandom", "abandon"},   {"zebrra", "zebra"},
               {"tomatoe", "tomato"}, {"qqqqqqq", NULL},        {"", NULL},
               {"x", NULL},           {"abandonabandon", NULL}, {"abandon", "abandon"}};
  for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
    const char *near = vls_word_nearest(vls_slice_str(pairs[i].typed));
    if (pairs[i].meant == NULL)
      assert_null(near);
    else
      assert_string_equal(near, pairs[i].meant);
  }
}

static void words_unknown_says_which_and_what_was_meant(void **state) {
  (void)state;
  char text[VLS_WORDS_TEXT + 16], said[160];
  snprintf(text, sizeof text, "absent gorila %s", strstr(vec_words[4].words, "van "));
  vls_words_fault fault = refused(text);
  assert_int_equal(fault.what, VLS_WORDS_UNKNOWN);
  assert_int_equal(fault.n, 2);
  assert_string_equal(fault.nearest, "gorilla");
  vls_words_problem(&fault, said, sizeof said);
  assert_string_equal(said, "word 2, \"gorila\", is not in the list; did you mean gorilla?");
}

static void words_too_few_or_too_many_say_how_many(void **state) {
  (void)state;
  char text[VLS_WORDS_TEXT + 16], said[160];
  assert_int_equal(refused("").what, VLS_WORDS_COUNT);
  assert_int_equal(refused("1. 2. 3.").n, 0);
  vls_words_fault fault = refused("zoo zoo");
  assert_int_equal(fault.what, VLS_WORDS_COUNT);
  vls_words_problem(&fault, said, sizeof said);
  assert_string_equal(said, "these are 2 words; recovery words are 24");
  snprintf(text, sizeof text, "%s zoo", vec_words[0].words);
  assert_int_equal(refused(text).n, VLS_WORDS + 1);
  snprintf(text, sizeof text, "%s nonsense", vec_words[0].words);
  fault = refused(text); /* the count says more than the word */
  assert_int_equal(fault.what, VLS_WORDS_COUNT);
  assert_int_equal(fault.n, VLS_WORDS + 1);
}

static void words_right_or_wrong_only_together_are_told_apart(void **state) {
  (void)state;
  char text[VLS_WORDS_TEXT + 16], said[160];
  const char *last = strrchr(vec_words[0].words, ' ');
  snprintf(text, sizeof text, "%.*s zoo", (int)(last - vec_words[0].words), vec_words[0].words);
  vls_words_fault fault = refused(text);
  assert_int_equal(fault.what, VLS_WORDS_CHECKSUM);
  vls_words_problem(&fault, said, sizeof said);
  assert_non_null(strstr(said, "together they are not right"));
  vls_words_problem(&(vls_words_fault){.what = VLS_WORDS_RIGHT}, said, sizeof said);
  assert_string_equal(said, "the words are right");
}

static void words_any_wrong_word_or_swap_is_noticed_or_one_in_256(void **state) {
  (void)state;
  enum { TRIES = 2000 };
  uint8_t seed[32] = "words", secret[32], other[32];
  char text[VLS_WORDS_TEXT];
  unsigned passed = 0;
  vls_rng rng;
  vls_rng_init(&rng, seed);
  for (int i = 0; i < TRIES; i++) {
    vls_rng_bytes(&rng, secret, sizeof secret);
    vls_words_text(text, secret);
    assert_int_equal(vls_words_parse(other, vls_slice_str(text), NULL), VLS_OK);
    assert_memory_equal(other, secret, sizeof secret);
    char changed[VLS_WORDS_TEXT + VLS_WORD_MAX];
    char *rest = strchr(text, ' ');
    const char *word = vls_word_at(vls_rng_below(&rng, VLS_WORDS_LISTED));
    if (strncmp(text, word, (size_t)(rest - text)) == 0) continue;
    snprintf(changed, sizeof changed, "%s%s", word, rest);
    vls_words_fault fault;
    if (vls_words_parse(other, vls_slice_str(changed), &fault) == VLS_OK)
      passed++;
    else
      assert_int_equal(fault.what, VLS_WORDS_CHECKSUM);
  }
  assert_in_range(passed, 0, TRIES / 64); /* 8 bits: 8 of 2000 are to be expected */
}

static void words_hostile_text_never_reads_or_writes_outside(void **state) {
  (void)state;
  uint8_t seed[32] = "hostile", text[400], secret[32];
  vls_rng rng;
  vls_rng_init(&rng, seed);
  for (int i = 0; i < 2000; i++) {
    size_t n = (size_t)vls_rng_below(&rng, sizeof text);
    vls_rng_bytes(&rng, text, n);
    for (size_t k = 0; k < n; k++)
      if (i % 2 == 0) text[k] = (uint8_t)("abczo 19.\n"[text[k] % 10]);
    vls_words_fault fault;
    char said[64];
    if (vls_words_parse(secret, vls_slice_of(text, n), &fault) != VLS_OK)
      vls_words_problem(&fault, said, sizeof said);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(words_list_is_the_published_one),
      cmocka_unit_test(words_vectors_hold_both_ways),
      cmocka_unit_test(words_case_space_and_numbers_do_not_matter),
      cmocka_unit_test(words_four_letters_are_enough),
      cmocka_unit_test(words_every_word_is_found_whole_and_by_its_beginning),
      cmocka_unit_test(words_not_in_the_list_are_not_found),
      cmocka_unit_test(words_nearest_is_what_was_meant),
      cmocka_unit_test(words_unknown_says_which_and_what_was_meant),
      cmocka_unit_test(words_too_few_or_too_many_say_how_many),
      cmocka_unit_test(words_right_or_wrong_only_together_are_told_apart),
      cmocka_unit_test(words_any_wrong_word_or_swap_is_noticed_or_one_in_256),
      cmocka_unit_test(words_hostile_text_never_reads_or_writes_outside),
  };
  return vls_crypto_init() == VLS_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
