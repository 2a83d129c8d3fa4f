#include "daemon/dial.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "daemon/attempt.h"
#include "daemon/daemon.h"
#include "daemon/eyeballs.h"

enum { WHY_MAX = 240 };

typedef struct lookup {
  uv_getaddrinfo_t req;
  vls_dialer *dialer;
  unsigned target;
} lookup;

struct vls_dialer {
  vls_daemon *d;
  vls_dialled done; /* NULL when it is over */
  void *data;
  vls_hostport targets[VLS_DIAL_TARGETS];
  unsigned n_targets;
  vls_candidate list[VLS_DIAL_CANDIDATES];
  size_t n, next; /* list[next..n) is still to be tried */
  int last_family;
  lookup lookups[VLS_DIAL_TARGETS];
  unsigned looking, attempts, handles;
  LIST_HEAD(, vls_attempt) trying;
  uv_timer_t timer;
  uint64_t next_at, give_up; /* loop time in ms */
  char why[WHY_MAX];
};

static void step(vls_dialer *dialer);

/* libuv holds the timer until its close callback, and a lookup until it ends, cancelled or not. */
static void release(vls_dialer *dialer) {
  if (dialer->handles == 0 && dialer->looking == 0) free(dialer);
}

static void on_timer_closed(uv_handle_t *handle) {
  vls_dialer *dialer = handle->data;
  dialer->handles--;
  release(dialer);
}

static void end(vls_dialer *dialer) {
  dialer->done = NULL;
  while (!LIST_EMPTY(&dialer->trying)) {
    vls_attempt *a = LIST_FIRST(&dialer->trying);
    LIST_REMOVE(a, entry);
    vls_attempt_close(a);
  }
  for (unsigned i = 0; i < dialer->n_targets; i++)
    if (dialer->lookups[i].dialer != NULL) uv_cancel((uv_req_t *)&dialer->lookups[i].req);
  uv_close((uv_handle_t *)&dialer->timer, on_timer_closed);
}

void vls_dialer_cancel(vls_dialer *dialer) {
  end(dialer);
}

/* Adds a reason, as long as a person would go on reading. */
static void note(vls_dialer *dialer, const char *what, const char *why) {
  size_t n = strlen(dialer->why);
  if (n > WHY_MAX / 2) return;
  snprintf(dialer->why + n, sizeof dialer->why - n, "%s%.100s: %s", n > 0 ? "; " : "", what, why);
}

static void fail(vls_dialer *dialer) {
  vls_dialled done = dialer->done;
  void *data = dialer->data;
  char why[WHY_MAX];
  snprintf(why, sizeof why, "%s", dialer->why[0] != '\0' ? dialer->why : "no address to try");
  end(dialer);
  done(data, NULL, why, (vls_slice){0});
}

static void add(vls_dialer *dialer, const struct sockaddr *addr, unsigned target) {
  const char *unfit = vls_reach_unfit(dialer->d, addr);
  if (unfit != NULL) note(dialer, dialer->targets[target].host, unfit);
  if (unfit != NULL || dialer->n == VLS_DIAL_CANDIDATES) return;
  vls_candidate *c = &dialer->list[dialer->n++];
  *c = (vls_candidate){.target = target};
  size_t size =
      addr->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
  memcpy(&c->addr, addr, size);
  vls_address_set_port((struct sockaddr *)&c->addr, dialer->targets[target].port);
}

static const char *lookup_problem(int status) {
  switch (status) {
  case UV_EAI_NONAME:
  case UV_EAI_NODATA: return "there is no such name";
  case UV_EAI_AGAIN: return "the name server does not answer";
  default: return uv_strerror(status);
  }
}

static void on_lookup(uv_getaddrinfo_t *req, int status, struct addrinfo *found) {
  lookup *l = req->data;
  vls_dialer *dialer = l->dialer;
  l->dialer = NULL;
  dialer->looking--;
  if (dialer->done == NULL) {
    uv_freeaddrinfo(found);
    release(dialer);
    return;
  }
  if (status != 0) note(dialer, dialer->targets[l->target].host, lookup_problem(status));
  for (const struct addrinfo *ai = found; status == 0 && ai != NULL; ai = ai->ai_next)
    if (ai->ai_family == AF_INET || ai->ai_family == AF_INET6) add(dialer, ai->ai_addr, l->target);
  uv_freeaddrinfo(found);
  vls_eyeballs_order(dialer->list + dialer->next, dialer->n - dialer->next, dialer->last_family);
  step(dialer);
}

static void look_up(vls_dialer *dialer, unsigned target) {
  static const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
  lookup *l = &dialer->lookups[target];
  l->target = target;
  l->req.data = l;
  int error = uv_getaddrinfo(&dialer->d->loop, &l->req, on_lookup, dialer->targets[target].host,
                             NULL, &hints);
  if (error != 0) {
    note(dialer, dialer->targets[target].host, uv_strerror(error));
    return;
  }
  l->dialer = dialer;
  dialer->looking++;
}

static void on_attempt(vls_attempt *a, const char *why, vls_slice early) {
  vls_dialer *dialer = a->data;
  LIST_REMOVE(a, entry);
  dialer->attempts--;
  if (why != NULL) {
    note(dialer, a->text, why);
    vls_attempt_close(a);
    dialer->next_at = 0; /* no reason to wait for it any more */
    step(dialer);
    return;
  }
  char peer[sizeof a->text];
  snprintf(peer, sizeof peer, "%s", a->text);
  vls_dialled done = dialer->done;
  void *data = dialer->data;
  uv_tcp_t *tcp = vls_attempt_take(a);
  end(dialer);
  done(data, tcp, peer, early);
}

static void try_next(vls_dialer *dialer) {
  const vls_candidate *c = &dialer->list[dialer->next++];
  const char *why;
  const vls_hostport *target = &dialer->targets[c->target];
  vls_attempt *a = vls_attempt_start(dialer->d, (const struct sockaddr *)&c->addr, target,
                                     on_attempt, dialer, &why);
  if (a == NULL) {
    note(dialer, target->host, why);
    return;
  }
  bool proxy = dialer->d->proxy.on;
  dialer->last_family = c->addr.ss_family;
  dialer->next_at =
      uv_now(&dialer->d->loop) + (uint64_t)(proxy ? VLS_DIAL_PROXY_NEXT_MS : VLS_DIAL_NEXT_MS);
  dialer->attempts++;
  LIST_INSERT_HEAD(&dialer->trying, a, entry);
}

static void on_timer(uv_timer_t *timer) {
  step(timer->data);
}

static void step(vls_dialer *dialer) {
  uint64_t now = uv_now(&dialer->d->loop);
  if (now >= dialer->give_up) {
    vls_attempt *a;
    LIST_FOREACH(a, &dialer->trying, entry) note(dialer, a->text, "no answer");
    fail(dialer);
    return;
  }
  while (dialer->next < dialer->n && (dialer->attempts == 0 || now >= dialer->next_at))
    try_next(dialer);
  if (dialer->attempts == 0 && dialer->looking == 0) {
    fail(dialer);
    return;
  }
  uint64_t wake = dialer->give_up;
  if (dialer->next < dialer->n && dialer->next_at < wake) wake = dialer->next_at;
  uv_timer_start(&dialer->timer, on_timer, wake - now, 0);
}

/* With a proxy every target is one candidate as it stands; without, names are looked up. */
static void take_target(vls_dialer *dialer, vls_slice text) {
  unsigned target = dialer->n_targets;
  vls_hostport *at = &dialer->targets[target];
  char shown[VLS_ADDRESS_TEXT];
  snprintf(shown, sizeof shown, "%.*s", (int)text.n, (const char *)text.p);
  if (vls_hostport_parse(text, at) != VLS_OK || at->port == 0) {
    note(dialer, shown, "not an address");
    return;
  }
  const char *unfit = NULL;
  if (at->literal) unfit = vls_reach_unfit(dialer->d, (const struct sockaddr *)&at->addr);
  if (unfit != NULL) {
    note(dialer, shown, unfit);
    return;
  }
  dialer->n_targets++;
  if (dialer->d->proxy.on)
    dialer->list[dialer->n++] = (vls_candidate){.target = target};
  else if (at->literal)
    add(dialer, (const struct sockaddr *)&at->addr, target);
  else
    look_up(dialer, target);
}

vls_dialer *vls_dialer_start(vls_daemon *d, const vls_slice *list, size_t n, vls_dialled done,
                             void *data) {
  vls_dialer *dialer = vls_calloc(1, sizeof *dialer);
  dialer->d = d;
  dialer->done = done;
  dialer->data = data;
  dialer->last_family = AF_UNSPEC;
  LIST_INIT(&dialer->trying);
  uv_timer_init(&d->loop, &dialer->timer);
  dialer->timer.data = dialer;
  dialer->handles = 1;
  dialer->give_up = uv_now(&d->loop) + (uint64_t)(d->proxy.on ? VLS_DIAL_PROXY_MS : VLS_DIAL_MS);
  if (vls_config_yes(&d->config, VLS_KEY_DIAL_ENABLED)) {
    for (size_t i = 0; i < n && i < VLS_DIAL_TARGETS; i++)
      take_target(dialer, list[i]);
  } else {
    snprintf(dialer->why, sizeof dialer->why, "this node does not dial (dial.enabled = no)");
  }
  vls_eyeballs_order(dialer->list, dialer->n, AF_UNSPEC);
  uv_timer_start(&dialer->timer, on_timer, 0, 0);
  return dialer;
}
