/* The parts of a dial that are pure: addresses, their order, what they are worth, and SOCKS5. */
#include "daemon/eyeballs.h"
#include "daemon/hostport.h"
#include "daemon/reach.h"
#include "daemon/socks5.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void hostport_reads_what_people_write(void **state) {
  (void)state;
  static const char *const texts[] = {"192.0.2.1:4647", "[2001:db8::1]:1", "0.0.0.0:0",
                                      "[::]:65535"};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    vls_hostport at;
    char back[VLS_ADDRESS_TEXT];
    assert_int_equal(vls_hostport_parse(vls_slice_str(texts[i]), &at), VLS_OK);
    assert_true(at.literal);
    vls_address_text((struct sockaddr *)&at.addr, back);
    assert_string_equal(back, texts[i]);
  }
  vls_hostport at;
  assert_int_equal(vls_hostport_parse(vls_slice_str("node.example:80"), &at), VLS_OK);
  assert_false(at.literal);
  assert_string_equal(at.host, "node.example");
  assert_int_equal(at.port, 80);
}

static void hostport_refuses_what_is_none(void **state) {
  (void)state;
  static const char *const texts[] = {"",
                                      "4647",
                                      ":4647",
                                      "host",
                                      "host:",
                                      "host:x",
                                      "host:65536",
                                      "host:123456",
                                      "2001:db8::1:5",
                                      "[2001:db8::1]",
                                      "[]:1",
                                      "[192.0.2.1]:1",
                                      "[node.example]:1",
                                      "1.2.3:4",
                                      "a b:1",
                                      "a/b:1",
                                      "-a:1",
                                      "a:b:1",
                                      "h\xc3\xb6st:1",
                                      "999.1.1.1:1"};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    vls_hostport at;
    assert_int_equal(vls_hostport_parse(vls_slice_str(texts[i]), &at), VLS_MALFORMED);
  }
  char name[400];
  memset(name, 'a', sizeof name);
  memcpy(name + 300, ":1", 3);
  vls_hostport at;
  assert_int_equal(vls_hostport_parse(vls_slice_str(name), &at), VLS_MALFORMED);
}

static unsigned rank(const char *text) {
  vls_hostport at;
  assert_int_equal(vls_hostport_parse(vls_slice_str(text), &at), VLS_OK);
  return vls_reach_rank((struct sockaddr *)&at.addr);
}

static void addresses_are_worth_what_they_reach(void **state) {
  (void)state;
  assert_int_equal(rank("198.51.100.1:1"), 3);
  assert_int_equal(rank("[2001:db8::1]:1"), 3);
  static const char *const site[] = {"10.1.2.3:1",    "172.16.0.1:1", "172.31.9.9:1",
                                     "192.168.1.1:1", "100.64.0.1:1", "[fd00::1]:1"};
  for (size_t i = 0; i < sizeof site / sizeof site[0]; i++)
    assert_int_equal(rank(site[i]), 2);
  assert_int_equal(rank("172.32.0.1:1"), 3);
  assert_int_equal(rank("100.128.0.1:1"), 3);
  assert_int_equal(rank("127.0.0.1:1"), 1);
  assert_int_equal(rank("[::1]:1"), 1);
  static const char *const none[] = {
      "0.0.0.0:1",   "169.254.7.7:1", "224.0.0.1:1",         "[::]:1",
      "[fe80::1]:1", "[ff02::1]:1",   "[::ffff:192.0.2.1]:1"};
  for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
    assert_int_equal(rank(none[i]), 0);
}

/* "664" means: IPv6, IPv6, IPv4; the targets count up. */
static void order(const char *families, int after, const char *expected) {
  vls_candidate list[16] = {0};
  size_t n = strlen(families);
  unsigned last[2] = {0, 0};
  for (size_t i = 0; i < n; i++) {
    list[i].addr.ss_family = families[i] == '6' ? AF_INET6 : AF_INET;
    list[i].target = (unsigned)i + 1;
  }
  vls_eyeballs_order(list, n, after);
  for (size_t i = 0; i < n; i++) {
    bool six = list[i].addr.ss_family == AF_INET6;
    assert_int_equal(six ? '6' : '4', expected[i]);
    assert_true(list[i].target > last[six]); /* within a family the order stays */
    last[six] = list[i].target;
  }
}

static void eyeballs_families_take_turns(void **state) {
  (void)state;
  order("", AF_UNSPEC, "");
  order("6", AF_UNSPEC, "6");
  order("666444", AF_UNSPEC, "646464");
  order("444666", AF_UNSPEC, "464646");
  order("66664", AF_UNSPEC, "64666");
  order("6644", AF_INET6, "4646");
  order("66", AF_INET6, "66");
}

static const vls_slice none = {0};

static vls_err feed(vls_socks5 *s, vls_buf *out, const char *bytes, size_t n, size_t *ret_used,
                    const char **ret_why) {
  vls_buf_clear(out);
  return vls_socks5_feed(s, vls_slice_of(bytes, n), out, ret_used, ret_why);
}
#define FEED(s, out, bytes) feed(s, out, bytes, sizeof bytes - 1, &used, &why)
#define SAID(out, bytes)                                                                           \
  assert_true(                                                                                     \
      vls_slice_eq(vls_buf_slice(out), (vls_slice){(const uint8_t *)bytes, sizeof bytes - 1}))

static void socks5_proxy_that_is_ahead_of_us_is_answered(void **state) {
  char user[VLS_SOCKS5_TEXT_MAX + 1], host[VLS_HOST_MAX + 6];
  (void)state;
  memset(user, 'u', VLS_SOCKS5_TEXT_MAX);
  memset(host, 'h', sizeof host);
  host[60] = host[120] = host[180] = '.';
  memcpy(host + 200, ":4647", 6);
  vls_hostport target = {0};
  assert_int_equal(vls_hostport_parse(vls_slice_str(host), &target), VLS_OK);
  vls_buf out;
  vls_socks5 s;
  size_t used;
  const char *why;
  vls_buf_init(&out, VLS_SOCKS5_OUT_MAX);
  vls_slice secret = vls_slice_of(user, VLS_SOCKS5_TEXT_MAX);
  vls_socks5_init(&s, &target, secret, secret, &out);
  vls_buf_clear(&out);
  assert_int_equal(feed(&s, &out, "\5\2\1\0", 4, &used, &why), VLS_AGAIN);
  vls_socks5_done(&s);
  vls_buf_done(&out);
}

static void socks5_asks_by_name_and_leaves_the_peers_bytes(void **state) {
  (void)state;
  vls_hostport target;
  assert_int_equal(vls_hostport_parse(vls_slice_str("abc.onion:4647"), &target), VLS_OK);
  vls_socks5 s;
  vls_buf out;
  size_t used = 0;
  const char *why = NULL;
  vls_buf_init(&out, VLS_SOCKS5_OUT_MAX);
  vls_socks5_init(&s, &target, none, none, &out);
  SAID(&out, "\x05\x01\x00");
  assert_int_equal(FEED(&s, &out, "\x05"), VLS_AGAIN);
  assert_int_equal(FEED(&s, &out, "\x00"), VLS_AGAIN);
  SAID(&out, "\x05\x01\x00\x03\x09"
             "abc.onion\x12\x27");
  assert_int_equal(FEED(&s, &out, "\x05\x00\x00\x01\x7f\x00\x00\x01\x00"), VLS_AGAIN);
  assert_int_equal(FEED(&s, &out, "\x50hello"), VLS_OK);
  assert_int_equal(used, 1);
  vls_socks5_done(&s);
  vls_buf_done(&out);
}

static void socks5_logs_in_and_asks_by_address(void **state) {
  (void)state;
  vls_hostport target;
  assert_int_equal(vls_hostport_parse(vls_slice_str("[2001:db8::1]:1"), &target), VLS_OK);
  vls_socks5 s;
  vls_buf out;
  size_t used = 0;
  const char *why = NULL;
  vls_buf_init(&out, VLS_SOCKS5_OUT_MAX);
  vls_socks5_init(&s, &target, vls_slice_str("ana"), vls_slice_str("pw"), &out);
  SAID(&out, "\x05\x02\x00\x02");
  assert_int_equal(FEED(&s, &out, "\x05\x02"), VLS_AGAIN);
  SAID(&out, "\x01\x03"
             "ana\x02pw");
  assert_int_equal(FEED(&s, &out, "\x01\x00"), VLS_AGAIN);
  SAID(&out,
       "\x05\x01\x00\x04\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x01");
  assert_int_equal(FEED(&s, &out, "\x05\x05\x00\x01\x00"), VLS_SYSTEM);
  assert_string_equal(why, "the proxy says: connection refused");
  vls_socks5_done(&s);
  vls_buf_done(&out);
}

static void socks5_refuses(const char *greeting, size_t n, const char *reason) {
  vls_hostport target;
  assert_int_equal(vls_hostport_parse(vls_slice_str("a.example:1"), &target), VLS_OK);
  vls_socks5 s;
  vls_buf out;
  size_t used = 0;
  const char *why = NULL;
  vls_buf_init(&out, VLS_SOCKS5_OUT_MAX);
  vls_socks5_init(&s, &target, none, none, &out);
  assert_true(feed(&s, &out, greeting, n, &used, &why) < 0);
  assert_string_equal(why, reason);
  vls_socks5_done(&s);
  vls_buf_done(&out);
}

static void socks5_says_why_the_proxy_does_not_do(void **state) {
  (void)state;
  socks5_refuses("HTTP/1.1 400", 12, "the proxy does not speak SOCKS5");
  socks5_refuses("\x05\xff", 2, "the proxy wants a user name and a password");
  socks5_refuses("\x05\x02", 2, "the proxy wants a user name and a password");
  socks5_refuses("\x05\x00\x05\x04\x00\x03\x00", 7, "the proxy says: host is unreachable");
  socks5_refuses("\x05\x00\x05\x00\x00\x09\x00", 7, "the proxy does not speak SOCKS5");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(hostport_reads_what_people_write),
      cmocka_unit_test(hostport_refuses_what_is_none),
      cmocka_unit_test(addresses_are_worth_what_they_reach),
      cmocka_unit_test(eyeballs_families_take_turns),
      cmocka_unit_test(socks5_asks_by_name_and_leaves_the_peers_bytes),
      cmocka_unit_test(socks5_proxy_that_is_ahead_of_us_is_answered),
      cmocka_unit_test(socks5_logs_in_and_asks_by_address),
      cmocka_unit_test(socks5_says_why_the_proxy_does_not_do),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
