#include "daemon/hostport.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

static vls_err parse_port(const char *text, size_t n, uint16_t *ret) {
  uint32_t port = 0;
  if (n == 0 || n > 5) return VLS_MALFORMED;
  for (size_t i = 0; i < n; i++) {
    if (text[i] < '0' || text[i] > '9') return VLS_MALFORMED;
    port = port * 10 + (uint32_t)(text[i] - '0');
  }
  if (port > UINT16_MAX) return VLS_MALFORMED;
  *ret = (uint16_t)port;
  return VLS_OK;
}

static bool name_ok(const char *host) {
  for (const char *p = host; *p != '\0'; p++) {
    bool word = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9');
    if (!word && *p != '-' && *p != '.' && *p != '_') return false;
  }
  return host[0] != '\0' && host[0] != '-' && host[0] != '.';
}

/* A name of digits and dots alone is a mistyped address, not a name to look up. */
static bool looks_numeric(const char *host) {
  return strspn(host, "0123456789.") == strlen(host);
}

vls_err vls_hostport_parse(vls_slice text, vls_hostport *ret) {
  *ret = (vls_hostport){.port = 0};
  const char *p = (const char *)text.p;
  const char *colon = text.n == 0 ? NULL : memrchr(p, ':', text.n);
  if (colon == NULL) return VLS_MALFORMED;
  size_t host_n = (size_t)(colon - p);
  vls_err err = parse_port(colon + 1, text.n - host_n - 1, &ret->port);
  if (err != VLS_OK) return err;
  bool brackets = host_n >= 2 && p[0] == '[' && p[host_n - 1] == ']';
  if (brackets) {
    p++;
    host_n -= 2;
  }
  if (host_n > VLS_HOST_MAX || memchr(p, '\0', host_n) != NULL) return VLS_MALFORMED;
  memcpy(ret->host, p, host_n);
  struct sockaddr_in6 v6;
  struct sockaddr_in v4;
  if (brackets) {
    if (uv_ip6_addr(ret->host, ret->port, &v6) != 0) return VLS_MALFORMED;
    memcpy(&ret->addr, &v6, sizeof v6);
    ret->literal = true;
  } else if (uv_ip4_addr(ret->host, ret->port, &v4) == 0) {
    memcpy(&ret->addr, &v4, sizeof v4);
    ret->literal = true;
  } else if (!name_ok(ret->host) || looks_numeric(ret->host)) {
    return VLS_MALFORMED;
  }
  return VLS_OK;
}

void vls_address_text(const struct sockaddr *addr, char *ret) {
  char ip[INET6_ADDRSTRLEN] = "?";
  if (addr->sa_family == AF_INET6) {
    const struct sockaddr_in6 *v6 = (const void *)addr;
    uv_ip6_name(v6, ip, sizeof ip);
    snprintf(ret, VLS_ADDRESS_TEXT, "[%s]:%u", ip, ntohs(v6->sin6_port));
  } else if (addr->sa_family == AF_INET) {
    const struct sockaddr_in *v4 = (const void *)addr;
    uv_ip4_name(v4, ip, sizeof ip);
    snprintf(ret, VLS_ADDRESS_TEXT, "%s:%u", ip, ntohs(v4->sin_port));
  } else {
    snprintf(ret, VLS_ADDRESS_TEXT, "?");
  }
}

uint16_t vls_address_port(const struct sockaddr *addr) {
  if (addr->sa_family == AF_INET6)
    return ntohs(((const struct sockaddr_in6 *)(const void *)addr)->sin6_port);
  if (addr->sa_family == AF_INET)
    return ntohs(((const struct sockaddr_in *)(const void *)addr)->sin_port);
  return 0;
}

void vls_address_set_port(struct sockaddr *addr, uint16_t port) {
  if (addr->sa_family == AF_INET6) ((struct sockaddr_in6 *)(void *)addr)->sin6_port = htons(port);
  if (addr->sa_family == AF_INET) ((struct sockaddr_in *)(void *)addr)->sin_port = htons(port);
}

bool vls_address_is_any(const struct sockaddr *addr) {
  if (addr->sa_family == AF_INET6)
    return IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)(const void *)addr)->sin6_addr);
  return addr->sa_family == AF_INET &&
         ((const struct sockaddr_in *)(const void *)addr)->sin_addr.s_addr == INADDR_ANY;
}
