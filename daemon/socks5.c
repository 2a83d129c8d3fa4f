#include "daemon/socks5.h"

#include <netinet/in.h>

#include "base/assert.h"

enum { GREETED, AUTHENTICATING, ASKED, OPEN };
enum { VERSION = 5, NO_AUTH = 0, USER_PASSWORD = 2, NONE_FITS = 0xff };
enum { CONNECT = 1, IPV4 = 1, DOMAIN = 3, IPV6 = 4 };

static void put(vls_buf *out, const void *p, size_t n) {
  vls_err err = vls_buf_put(out, p, n);
  VLS_ASSERT(err == VLS_OK); /* out has room for VLS_SOCKS5_OUT_MAX */
}

static void put_u8(vls_buf *out, size_t v) {
  VLS_ASSERT(v <= UINT8_MAX);
  uint8_t byte = (uint8_t)v;
  put(out, &byte, 1);
}

void vls_socks5_init(vls_socks5 *s, const vls_hostport *target, vls_slice user, vls_slice password,
                     vls_buf *out) {
  *s = (vls_socks5){GREETED, target, user, password, {0}};
  vls_buf_init(&s->in, VLS_SOCKS5_IN_MAX);
  put_u8(out, VERSION);
  put_u8(out, user.n > 0 ? 2 : 1); /* methods */
  put_u8(out, NO_AUTH);
  if (user.n > 0) put_u8(out, USER_PASSWORD);
}

void vls_socks5_done(vls_socks5 *s) {
  vls_buf_done(&s->in);
}

/* RFC 1929 section 2. */
static void authenticate(vls_socks5 *s, vls_buf *out) {
  put_u8(out, 1);
  put_u8(out, s->user.n);
  put(out, s->user.p, s->user.n);
  put_u8(out, s->password.n);
  put(out, s->password.p, s->password.n);
  s->state = AUTHENTICATING;
}

/* RFC 1928 section 4. */
static void ask(vls_socks5 *s, vls_buf *out) {
  const struct sockaddr_in *v4 = (const void *)&s->target->addr;
  const struct sockaddr_in6 *v6 = (const void *)&s->target->addr;
  put_u8(out, VERSION);
  put_u8(out, CONNECT);
  put_u8(out, 0);
  if (s->target->literal && s->target->addr.ss_family == AF_INET) {
    put_u8(out, IPV4);
    put(out, &v4->sin_addr, 4);
  } else if (s->target->literal) {
    put_u8(out, IPV6);
    put(out, &v6->sin6_addr, 16);
  } else {
    put_u8(out, DOMAIN);
    put_u8(out, strlen(s->target->host));
    put(out, s->target->host, strlen(s->target->host));
  }
  uint8_t port[2];
  vls_be16_put(port, s->target->port);
  put(out, port, sizeof port);
  s->state = ASKED;
}

/* RFC 1928 section 6; 0xf0 and up are Tor's, for onion services. */
static const char *refusal(uint8_t code) {
  switch (code) {
  case 1: return "the proxy could not connect";
  case 2: return "the proxy's rules do not allow it";
  case 3: return "the proxy says: network is unreachable";
  case 4: return "the proxy says: host is unreachable";
  case 5: return "the proxy says: connection refused";
  case 6: return "the proxy says: no answer in time";
  case 8: return "the proxy does not know this kind of address";
  case 0xf0:
  case 0xf1:
  case 0xf2:
  case 0xf3:
  case 0xf6:
  case 0xf7: return "the proxy cannot reach this onion service";
  default: return "the proxy refused";
  }
}

/* How long the answer is that `in` begins; 0 while that cannot be told. */
static size_t answer_size(const vls_socks5 *s) {
  const uint8_t *p = s->in.p;
  if (s->state != ASKED) return 2;
  if (s->in.n >= 2 && p[1] != 0) return 2; /* a refusal says nothing more */
  if (s->in.n < 5) return 0;
  switch (p[3]) {
  case IPV4: return 10;
  case IPV6: return 22;
  case DOMAIN: return 7 + (size_t)p[4];
  default: return 5; /* refused by on_answer */
  }
}

static vls_err on_answer(vls_socks5 *s, vls_buf *out, const char **ret_why) {
  const uint8_t *p = s->in.p;
  *ret_why = "the proxy does not speak SOCKS5";
  if (p[0] != (s->state == AUTHENTICATING ? 1 : VERSION)) return VLS_MALFORMED;
  if (s->state == GREETED && p[1] == NO_AUTH) {
    ask(s, out);
  } else if (s->state == GREETED && p[1] == USER_PASSWORD && s->user.n > 0) {
    authenticate(s, out);
  } else if (s->state == GREETED) {
    *ret_why = s->user.n > 0 ? "the proxy takes neither a password nor none"
                             : "the proxy wants a user name and a password";
    return p[1] == NONE_FITS ? VLS_SYSTEM : VLS_MALFORMED;
  } else if (s->state == AUTHENTICATING) {
    *ret_why = "the proxy does not accept the user name and password";
    if (p[1] != 0) return VLS_SYSTEM;
    ask(s, out);
  } else {
    if (p[1] != 0) *ret_why = refusal(p[1]);
    if (p[1] != 0) return VLS_SYSTEM;
    if (p[3] != IPV4 && p[3] != IPV6 && p[3] != DOMAIN) return VLS_MALFORMED;
    s->state = OPEN;
  }
  return s->state == OPEN ? VLS_OK : VLS_AGAIN;
}

vls_err vls_socks5_feed(vls_socks5 *s, vls_slice bytes, vls_buf *out, size_t *ret_used,
                        const char **ret_why) {
  for (size_t used = 0; used < bytes.n;) {
    /* A byte at a time: answers are short, and what follows the last one is not ours. */
    vls_err err = vls_buf_put(&s->in, bytes.p + used++, 1);
    VLS_ASSERT(err == VLS_OK);
    size_t size = answer_size(s);
    if (size == 0 || s->in.n < size) continue;
    err = on_answer(s, out, ret_why);
    *ret_used = used;
    if (err != VLS_AGAIN) return err;
    vls_buf_clear(&s->in);
  }
  return VLS_AGAIN;
}
