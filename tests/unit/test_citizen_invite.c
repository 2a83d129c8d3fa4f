#include "citizen/invite.h"

#include "base/text.h"
#include "crypto/kdf.h"
#include "crypto/keys.h"
#include "vec_hex.h"
#include "vec_rfc.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
static const char longest[] = "a234567890.b234567890.c234567890.d234567890.e234567890.f2345:123";

static vls_invite invite_of(size_t n_addresses) {
  vls_rng rng;
  uint8_t seed[32] = {7};
  vls_dh_pair pair;
  vls_rng_init(&rng, seed);
  vls_invite invite = {.version = 1, .opk_id = UINT32_MAX, .expires = UINT32_MAX};
  vls_rng_bytes(&rng, invite.identity, 32);
  vls_rng_bytes(&rng, invite.secret, 32);
  vls_dh_new(&pair, &rng);
  memcpy(invite.dh, pair.pub, 32);
  vls_dh_new(&pair, &rng);
  memcpy(invite.opk, pair.pub, 32);
  for (size_t i = 0; i < n_addresses; i++)
    invite.addresses[invite.n_addresses++] = vls_slice_str(longest);
  return invite;
}

static vls_err parse(vls_slice text) {
  vls_invite invite;
  uint8_t bytes[VLS_INVITE_BYTES];
  return vls_invite_parse(&invite, bytes, text);
}

static void assert_same(const vls_invite *a, const vls_invite *b) {
  assert_int_equal(a->version, b->version);
  assert_int_equal(a->opk_id, b->opk_id);
  assert_int_equal(a->expires, b->expires);
  assert_memory_equal(a->identity, b->identity, 32);
  assert_memory_equal(a->dh, b->dh, 32);
  assert_memory_equal(a->opk, b->opk, 32);
  assert_memory_equal(a->secret, b->secret, 32);
  assert_int_equal(a->n_addresses, b->n_addresses);
  for (size_t i = 0; i < a->n_addresses; i++)
    assert_true(vls_slice_eq(a->addresses[i], b->addresses[i]));
}

static void invite_comes_back_from_its_link(void **state) {
  (void)state;
  for (size_t n = 0; n <= 2; n++) {
    vls_invite invite = invite_of(n), back;
    uint8_t bytes[VLS_INVITE_BYTES];
    vls_buf link;
    vls_buf_init(&link, VLS_LINK_TEXT_MAX);
    assert_int_equal(vls_invite_text(&link, &invite), VLS_OK);
    assert_memory_equal(link.p, "valise:", 7);
    assert_int_equal(vls_invite_parse(&back, bytes, vls_buf_slice(&link)), VLS_OK);
    assert_same(&back, &invite);
    vls_buf_done(&link);
  }
}

static void invite_link_with_the_longest_addresses_fits_a_qr_code(void **state) {
  (void)state;
  assert_int_equal(strlen(longest), 64);
  vls_invite two = invite_of(2), three = invite_of(3);
  vls_buf link;
  vls_buf_init(&link, 4096);
  assert_int_equal(vls_invite_text(&link, &two), VLS_OK);
  assert_in_range(link.n, 400, VLS_LINK_TEXT_MAX);
  vls_buf_clear(&link);
  assert_int_equal(vls_invite_text(&link, &three), VLS_TOO_BIG);
  assert_int_equal(link.n, 0);
  vls_buf_done(&link);
}

/* As many bytes of addresses as go in: the link must still be readable. */
static void invite_link_of_every_size_up_to_the_largest_comes_back(void **state) {
  (void)state;
  char text[65];
  size_t most = 0;
  memset(text, 'x', sizeof text);
  for (size_t n = 0; n <= 3 * 64; n++) {
    vls_invite invite = invite_of(0);
    for (size_t left = n; left > 0;) {
      size_t k = left < 64 ? left : 64;
      invite.addresses[invite.n_addresses++] = vls_slice_of(text, k);
      left -= k;
    }
    vls_buf link;
    vls_buf_init(&link, VLS_LINK_TEXT_MAX);
    if (vls_invite_text(&link, &invite) == VLS_OK) {
      assert_int_equal(parse(vls_buf_slice(&link)), VLS_OK);
      assert_int_equal(most + (n > 0 ? 1 : 0), n); /* no size below was refused */
      most = n;
    }
    vls_buf_done(&link);
  }
  assert_in_range(most, 128, 192);
}

static void invite_link_with_any_letter_changed_is_refused(void **state) {
  (void)state;
  vls_invite invite = invite_of(1);
  vls_buf link;
  vls_buf_init(&link, VLS_LINK_TEXT_MAX);
  assert_int_equal(vls_invite_text(&link, &invite), VLS_OK);
  for (size_t i = 0; i < link.n; i++) {
    uint8_t right = link.p[i];
    for (size_t l = 0; l < 32; l++) {
      if ((uint8_t)letters[l] == right) continue;
      link.p[i] = (uint8_t)letters[l];
      assert_int_equal(parse(vls_buf_slice(&link)), VLS_MALFORMED);
    }
    link.p[i] = right;
  }
  vls_buf_done(&link);
}

static void invite_link_in_capitals_and_with_space_around_is_read(void **state) {
  (void)state;
  vls_invite invite = invite_of(1);
  vls_buf link, wide;
  vls_buf_init(&link, VLS_LINK_TEXT_MAX);
  vls_buf_init(&wide, 2 * VLS_LINK_TEXT_MAX);
  assert_int_equal(vls_invite_text(&link, &invite), VLS_OK);
  for (size_t i = 0; i < link.n; i++)
    if (link.p[i] >= 'a' && link.p[i] <= 'z') link.p[i] = (uint8_t)(link.p[i] - 32);
  assert_int_equal(parse(vls_buf_slice(&link)), VLS_OK);
  assert_int_equal(vls_buf_put_slice(&wide, vls_slice_str(" \t\r\n ")), VLS_OK);
  assert_int_equal(vls_buf_put_slice(&wide, vls_buf_slice(&link)), VLS_OK);
  assert_int_equal(vls_buf_put_slice(&wide, vls_slice_str("\r\n \t")), VLS_OK);
  assert_int_equal(parse(vls_buf_slice(&wide)), VLS_OK);
  vls_buf_done(&link);
  vls_buf_done(&wide);
}

static void invite_link_cut_short_or_too_long_is_refused(void **state) {
  (void)state;
  vls_invite invite = invite_of(1);
  vls_buf link;
  vls_buf_init(&link, 2 * VLS_LINK_TEXT_MAX);
  assert_int_equal(vls_invite_text(&link, &invite), VLS_OK);
  for (size_t n = 0; n < link.n; n++)
    assert_int_equal(parse(vls_slice_of(link.p, n)), VLS_MALFORMED);
  assert_int_equal(parse(vls_slice_str("   ")), VLS_MALFORMED);
  while (link.n <= VLS_LINK_TEXT_MAX) {
    assert_int_equal(vls_buf_put_u8(&link, 'a'), VLS_OK);
    assert_int_equal(parse(vls_buf_slice(&link)), VLS_MALFORMED);
  }
  vls_buf_done(&link);
}

/* A node asserts that what it dials is a key. */
static void invite_link_with_a_key_that_is_none_is_refused(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(vec_x25519_refused); i++)
    for (int opk = 0; opk < 2; opk++) {
      vec_bytes bad = vec_hex(vec_x25519_refused[i]);
      vls_invite invite = invite_of(1);
      memcpy(opk ? invite.opk : invite.dh, bad.p, 32);
      vls_buf link;
      vls_buf_init(&link, VLS_LINK_TEXT_MAX);
      assert_int_equal(vls_invite_text(&link, &invite), VLS_OK);
      assert_int_equal(parse(vls_buf_slice(&link)), VLS_FORGED);
      vls_buf_done(&link);
    }
}

static void invite_whose_table_is_broken_is_refused(void **state) {
  (void)state;
  static const uint8_t not_an_invite[] = {0x91, 0x01};
  uint8_t hash[32], bytes[sizeof not_an_invite + 4];
  char text[64];
  vls_sha256(hash, vls_slice_of(not_an_invite, sizeof not_an_invite));
  memcpy(bytes, not_an_invite, sizeof not_an_invite);
  memcpy(bytes + sizeof not_an_invite, hash, 4);
  memcpy(text, "valise:", 7);
  vls_base32_put(text + 7, vls_slice_of(bytes, sizeof bytes));
  assert_int_equal(parse(vls_slice_str(text)), VLS_MALFORMED);
}

static void invite_knock_key_follows_the_clause(void **state) {
  (void)state;
  uint8_t secret[32] = {5}, got[32], want[32];
  vls_invite_knock_key(got, secret);
  vls_xwl(want, 32, secret, "invite knock", (vls_slice){0});
  assert_memory_equal(got, want, 32);
  assert_memory_not_equal(got, secret, 32);
}

/* Links to groups */

static vls_group_link group_link_of(size_t n_addresses, size_t name) {
  static const char title[] = "Die Freundschaftsgruppe der Partnerstaedte Ludwigshafen und Dessau";
  vls_invite invite = invite_of(n_addresses);
  vls_group_link link = {.version = 2,
                         .name = vls_slice_of(title, name),
                         .until = UINT32_MAX,
                         .approve = true,
                         .n_addresses = n_addresses};
  memcpy(link.group, invite.secret, 32);
  memcpy(link.seed, invite.opk, 32);
  memcpy(link.identity, invite.identity, 32);
  memcpy(link.dh, invite.dh, 32);
  memcpy(link.addresses, invite.addresses, sizeof link.addresses);
  return link;
}

static vls_err parse_group(vls_slice text, vls_group_link *ret) {
  static uint8_t bytes[VLS_INVITE_BYTES];
  return vls_group_link_parse(ret, bytes, text);
}

static void group_link_comes_back_from_its_text(void **state) {
  (void)state;
  static const struct {
    size_t addresses, name;
  } sizes[] = {{0, 0}, {0, 64}, {1, 1}, {1, 64}, {2, 0}};
  for (size_t i = 0; i < COUNT(sizes); i++) {
    vls_group_link link = group_link_of(sizes[i].addresses, sizes[i].name), back;
    vls_buf text;
    vls_buf_init(&text, VLS_LINK_TEXT_MAX);
    assert_int_equal(vls_group_link_text(&text, &link), VLS_OK);
    assert_int_equal(parse_group(vls_buf_slice(&text), &back), VLS_OK);
    assert_memory_equal(back.group, link.group, 32);
    assert_memory_equal(back.seed, link.seed, 32);
    assert_memory_equal(back.identity, link.identity, 32);
    assert_memory_equal(back.dh, link.dh, 32);
    assert_true(vls_slice_eq(back.name, link.name));
    assert_true(back.approve && back.until == UINT32_MAX);
    assert_int_equal(back.n_addresses, sizes[i].addresses);
    vls_buf_done(&text);
  }
  vls_group_link most = group_link_of(2, 64);
  vls_buf text;
  vls_buf_init(&text, 4096);
  assert_int_equal(vls_group_link_text(&text, &most), VLS_TOO_BIG);
  assert_int_equal(text.n, 0);
  vls_buf_done(&text);
}

static void group_link_and_invitation_are_not_taken_for_each_other(void **state) {
  (void)state;
  vls_group_link link = group_link_of(1, 9), back;
  vls_invite invite = invite_of(1);
  vls_buf text;
  vls_buf_init(&text, VLS_LINK_TEXT_MAX);
  assert_int_equal(vls_group_link_text(&text, &link), VLS_OK);
  assert_int_equal(parse(vls_buf_slice(&text)), VLS_MALFORMED);
  text.p[text.n / 2] ^= 1; /* one letter wrong */
  assert_int_equal(parse_group(vls_buf_slice(&text), &back), VLS_MALFORMED);
  vls_buf_clear(&text);
  assert_int_equal(vls_invite_text(&text, &invite), VLS_OK);
  assert_int_equal(parse_group(vls_buf_slice(&text), &back), VLS_MALFORMED);
  vls_buf_done(&text);
}

static void group_link_has_a_key_or_none(void **state) {
  (void)state;
  vls_group_link link = group_link_of(1, 9), back;
  vls_buf text;
  vls_buf_init(&text, VLS_LINK_TEXT_MAX);
  memset(link.dh, 0, 32);
  assert_int_equal(vls_group_link_text(&text, &link), VLS_OK);
  assert_int_equal(parse_group(vls_buf_slice(&text), &back), VLS_OK);
  link.dh[0] = 1; /* a point of small order */
  vls_buf_clear(&text);
  assert_int_equal(vls_group_link_text(&text, &link), VLS_OK);
  assert_int_equal(parse_group(vls_buf_slice(&text), &back), VLS_FORGED);
  vls_buf_done(&text);
}

int main(void) {
  if (vls_crypto_init() != VLS_OK) return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(invite_comes_back_from_its_link),
      cmocka_unit_test(invite_link_with_the_longest_addresses_fits_a_qr_code),
      cmocka_unit_test(invite_link_of_every_size_up_to_the_largest_comes_back),
      cmocka_unit_test(invite_link_with_any_letter_changed_is_refused),
      cmocka_unit_test(invite_link_in_capitals_and_with_space_around_is_read),
      cmocka_unit_test(invite_link_cut_short_or_too_long_is_refused),
      cmocka_unit_test(invite_link_with_a_key_that_is_none_is_refused),
      cmocka_unit_test(invite_whose_table_is_broken_is_refused),
      cmocka_unit_test(invite_knock_key_follows_the_clause),
      cmocka_unit_test(group_link_comes_back_from_its_text),
      cmocka_unit_test(group_link_and_invitation_are_not_taken_for_each_other),
      cmocka_unit_test(group_link_has_a_key_or_none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
