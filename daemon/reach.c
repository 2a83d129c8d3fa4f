#include "daemon/reach.h"

#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

#include "daemon/daemon.h"

enum { NOWHERE, MACHINE, SITE, WORLD };

static unsigned rank4(uint32_t ip) {
  if (ip == 0 || ip >> 16 == 0xa9fe || ip >> 28 >= 0xe) return NOWHERE; /* 169.254/16, multicast */
  if (ip >> 24 == 127) return MACHINE;
  bool site = ip >> 24 == 10 || ip >> 20 == 0xac1 || ip >> 16 == 0xc0a8 ||
              ip >> 22 == 0x191; /* RFC 1918, and 100.64/10 of RFC 6598 */
  return site ? SITE : WORLD;
}

static unsigned rank6(const struct in6_addr *ip) {
  if (IN6_IS_ADDR_LOOPBACK(ip)) return MACHINE;
  if (IN6_IS_ADDR_UNSPECIFIED(ip) || IN6_IS_ADDR_LINKLOCAL(ip) || IN6_IS_ADDR_MULTICAST(ip) ||
      IN6_IS_ADDR_V4MAPPED(ip))
    return NOWHERE;
  return (ip->s6_addr[0] & 0xfe) == 0xfc ? SITE : WORLD; /* fc00::/7 */
}

unsigned vls_reach_rank(const struct sockaddr *addr) {
  if (addr->sa_family == AF_INET6)
    return rank6(&((const struct sockaddr_in6 *)(const void *)addr)->sin6_addr);
  if (addr->sa_family == AF_INET)
    return rank4(ntohl(((const struct sockaddr_in *)(const void *)addr)->sin_addr.s_addr));
  return NOWHERE;
}

static bool is_of_this_machine(vls_slice text) {
  vls_hostport at = {0};
  return vls_hostport_parse(text, &at) == VLS_OK && at.literal &&
         vls_reach_rank((const struct sockaddr *)&at.addr) == MACHINE;
}

const char *vls_reach_unfit(const vls_daemon *d, const struct sockaddr *addr) {
  unsigned rank = vls_reach_rank(addr);
  if (rank == NOWHERE) return "no address of a network";
  if (rank != MACHINE) return NULL;
  for (size_t i = 0; i < d->listeners.n; i++)
    if (vls_reach_rank((const struct sockaddr *)&d->listeners.list[i]->bound) == MACHINE)
      return NULL;
  for (size_t i = 0; i < d->reach.told.n; i++)
    if (is_of_this_machine(vls_slice_str(d->reach.told.text[i]))) return NULL;
  return "that is this machine";
}

static void add(vls_reach_list *list, const char *text) {
  for (size_t i = 0; i < list->n; i++)
    if (strcmp(list->text[i], text) == 0) return;
  if (list->n < VLS_ADDRESSES_MAX) snprintf(list->text[list->n++], VLS_REACH_TEXT, "%s", text);
}

static void add_address(vls_reach_list *list, const struct sockaddr *addr, unsigned rank) {
  char text[VLS_ADDRESS_TEXT];
  vls_address_text(addr, text);
  if (vls_reach_rank(addr) == rank) add(list, text);
}

/* The next one from here on, itself included, that is in use and has an address. libuv's own list
 * of them does not survive that there is no memory. */
static const struct ifaddrs *in_use(const struct ifaddrs *at) {
  const unsigned both = IFF_UP | IFF_RUNNING;
  for (; at != NULL; at = at->ifa_next) {
    if (at->ifa_addr == NULL || (at->ifa_flags & both) != both) continue;
    if (at->ifa_addr->sa_family == AF_INET || at->ifa_addr->sa_family == AF_INET6) break;
  }
  return at;
}

static struct sockaddr_storage address_of(const struct ifaddrs *at) {
  struct sockaddr_storage addr = {0};
  bool six = at->ifa_addr->sa_family == AF_INET6;
  memcpy(&addr, at->ifa_addr, six ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
  return addr;
}

/* The addresses of one rank that the listener answers at. */
static void add_listener(vls_reach_list *list, const vls_listener *l,
                         const struct ifaddrs *interfaces, unsigned rank) {
  const struct sockaddr *bound = (const struct sockaddr *)&l->bound;
  if (!vls_address_is_any(bound)) {
    add_address(list, bound, rank);
    return;
  }
  for (const struct ifaddrs *at = in_use(interfaces); at != NULL; at = in_use(at->ifa_next)) {
    struct sockaddr_storage addr = address_of(at);
    if (addr.ss_family != bound->sa_family) continue;
    vls_address_set_port((struct sockaddr *)&addr, vls_address_port(bound));
    add_address(list, (struct sockaddr *)&addr, rank);
  }
}

/* What the configuration says; else what this machine has, the farthest reaching first; else, so
 * that two nodes of one machine can talk, the machine itself. Behind a proxy a node does not say
 * where it is. False: the system does not tell now. */
static bool find(vls_daemon *d, vls_reach_list *ret) {
  vls_slice list[VLS_ADDRESSES_MAX];
  size_t n = vls_config_list(&d->config, VLS_KEY_LISTEN_ADVERTISE, list, VLS_ADDRESSES_MAX);
  *ret = (vls_reach_list){.n = 0};
  for (size_t i = 0; i < n; i++) {
    char text[VLS_REACH_TEXT];
    snprintf(text, sizeof text, "%.*s", (int)list[i].n, (const char *)list[i].p);
    add(ret, text);
  }
  if (n > 0 || d->proxy.on) return true;
  struct ifaddrs *interfaces = NULL;
  bool told = getifaddrs(&interfaces) == 0;
  for (unsigned rank = WORLD; rank >= MACHINE; rank--) {
    if (rank == MACHINE && ret->n > 0) break;
    for (size_t i = 0; i < d->listeners.n; i++)
      add_listener(ret, d->listeners.list[i], interfaces, rank);
  }
  if (told) freeifaddrs(interfaces);
  return told;
}

static bool same(const vls_reach_list *a, const vls_reach_list *b) {
  if (a->n != b->n) return false;
  for (size_t i = 0; i < a->n; i++)
    if (strcmp(a->text[i], b->text[i]) != 0) return false;
  return true;
}

static void on_settled(uv_timer_t *timer);

void vls_reach_tell(vls_daemon *d, bool anyway) {
  vls_reach_list now;
  if (!find(d, &now)) { /* what was true until now is a better guess than nowhere */
    if (d->reach.telling) now = d->reach.told;
    d->reach.digest = 0;
    uv_timer_start(&d->reach.settle, on_settled, VLS_REACH_AGAIN_MS, 0);
  }
  bool changed = !d->reach.telling || !same(&now, &d->reach.told);
  if (!changed && !anyway) return;
  d->reach.told = now;
  d->reach.telling = true;
  vls_slice list[VLS_ADDRESSES_MAX], listening[VLS_LISTENERS_MAX];
  for (size_t i = 0; i < now.n; i++) {
    list[i] = vls_slice_str(now.text[i]);
    if (changed) VLS_LOG(&d->log, VLS_INFO, "reach", vls_log_b("address", list[i]));
  }
  for (size_t i = 0; i < d->listeners.n; i++)
    listening[i] = vls_slice_str(d->listeners.list[i]->text);
  vls_input in = {.type = VLS_IN_ADDRESSES,
                  .list = list,
                  .n_list = now.n,
                  .list2 = listening,
                  .n_list2 = d->listeners.n};
  vls_batch_feed(d, &in);
}

/* FNV-1a over the addresses of this machine, in the system's order. */
static uint64_t digest(void) {
  struct ifaddrs *interfaces = NULL;
  uint64_t hash = UINT64_C(14695981039346656037);
  if (getifaddrs(&interfaces) != 0) return 0;
  for (const struct ifaddrs *at = in_use(interfaces); at != NULL; at = in_use(at->ifa_next)) {
    struct sockaddr_storage addr = address_of(at);
    char text[VLS_ADDRESS_TEXT];
    vls_address_text((const struct sockaddr *)&addr, text);
    for (const char *p = text; *p != '\0'; p++)
      hash = (hash ^ (uint8_t)*p) * UINT64_C(1099511628211);
  }
  freeifaddrs(interfaces);
  return hash;
}

/* A router that renews what it gave changes nothing, and nobody need be dialled for it; an address
 * that went and came back broke connections. */
static void on_settled(uv_timer_t *timer) {
  vls_daemon *d = timer->data;
  uint64_t now = digest();
  bool changed = now != d->reach.digest || d->reach.lost;
  d->reach.digest = now;
  d->reach.lost = false;
  if (!changed) return;
  VLS_LOG(&d->log, VLS_INFO, "network.changed", vls_log_u("links", d->streams.count));
  vls_reach_tell(d, false);
  vls_input in = {.type = VLS_IN_NETWORK};
  vls_batch_feed(d, &in);
}

static bool says_lost(void *bytes, ssize_t n) {
  unsigned left = (unsigned)n;
  for (struct nlmsghdr *m = bytes; NLMSG_OK(m, left); m = NLMSG_NEXT(m, left))
    if (m->nlmsg_type == RTM_DELADDR) return true;
  return false;
}

static void on_netlink(uv_poll_t *poll, int status, int events) {
  vls_daemon *d = poll->data;
  _Alignas(struct nlmsghdr) char bytes[4096];
  ssize_t n;
  (void)events;
  if (status < 0) {
    uv_poll_stop(poll);
    return;
  }
  while ((n = recv(d->reach.fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
    if (says_lost(bytes, n)) d->reach.lost = true;
  if (!uv_is_active((uv_handle_t *)&d->reach.settle))
    uv_timer_start(&d->reach.settle, on_settled, VLS_REACH_SETTLE_MS, 0);
}

static int open_netlink(void) {
  struct sockaddr_nl nl = {.nl_family = AF_NETLINK,
                           .nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR};
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  if (fd < 0) return -1;
  if (bind(fd, (struct sockaddr *)&nl, sizeof nl) == 0) return fd;
  close(fd);
  return -1;
}

void vls_reach_start(vls_daemon *d) {
  vls_reach *r = &d->reach;
  r->fd = open_netlink();
  uv_timer_init(&d->loop, &r->settle);
  r->settle.data = d;
  if (r->fd >= 0 && uv_poll_init(&d->loop, &r->poll, r->fd) == 0) {
    r->poll.data = d;
    uv_poll_start(&r->poll, UV_READABLE, on_netlink);
  } else {
    VLS_LOG(&d->log, VLS_NOTICE, "reach.unwatched",
            vls_log_s("why", "no netlink; SIGHUP makes the node look at its addresses again"));
    if (r->fd >= 0) close(r->fd);
    r->fd = -1;
  }
  r->digest = digest();
  vls_reach_tell(d, true);
}
