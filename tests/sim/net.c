#include "net.h"

#include "world.h"

static bool is_stalled(const sim_world *w, const sim_link *link) {
  unsigned a = link->end[0].who, b = link->end[1].who;
  if (a >= SIM_ACTOR || b >= SIM_ACTOR) return false;
  return w->net.island[a] != w->net.island[b];
}

sim_link *sim_net_link(const sim_world *w, size_t id) {
  return id < w->net.next_id ? w->net.by_id[id] : NULL;
}

/* Where it is found again by its owner's number. */
static void note_end(sim_world *w, sim_link *link, unsigned side) {
  unsigned who = link->end[side].who;
  if (who >= SIM_CITIZENS_MAX) return;
  sim_ends *of = &w->net.of[who];
  if (of->n == of->cap) {
    of->cap = of->cap == 0 ? 8 : of->cap * 2;
    of->links = vls_realloc(of->links, of->cap * sizeof(sim_link *));
  }
  of->links[of->n++] = link;
}

static void forget_end(sim_world *w, const sim_link *link, unsigned side) {
  unsigned who = link->end[side].who;
  sim_ends *of = who < SIM_CITIZENS_MAX ? &w->net.of[who] : NULL;
  for (size_t i = 0; of != NULL && i < of->n; i++)
    if (of->links[i] == link) of->links[i--] = of->links[--of->n];
}

/* The end that citizen's present core calls `number`, or NULL when it is over. */
static sim_link *find(const sim_world *w, unsigned who, uint64_t number, unsigned *ret_side) {
  const sim_ends *of = &w->net.of[who];
  for (size_t i = 0; i < of->n; i++) {
    sim_link *link = of->links[i];
    for (unsigned side = 0; side < 2; side++) {
      const sim_end *end = &link->end[side];
      if (end->who != who || end->number != number || end->state == SIM_END_CLOSED) continue;
      if (end->life != w->node[who]->life) continue;
      *ret_side = side;
      return link;
    }
  }
  return NULL;
}

static sim_link *new_link(sim_world *w) {
  sim_net *net = &w->net;
  if (net->n == net->cap) {
    net->cap = net->cap == 0 ? 64 : net->cap * 2;
    net->links = vls_realloc(net->links, net->cap * sizeof *net->links);
  }
  if (net->next_id == net->cap_id) {
    net->cap_id = net->cap_id == 0 ? 64 : net->cap_id * 2;
    net->by_id = vls_realloc(net->by_id, net->cap_id * sizeof *net->by_id);
  }
  sim_link *link = vls_calloc(1, sizeof *link);
  link->id = net->next_id++;
  link->latency = sim_rng_between(&w->net_rng, net->latency_min, net->latency_max);
  link->jitter = sim_rng_below(&w->net_rng, net->jitter_max + 1);
  link->bytes_per_ms = net->bytes_per_ms;
  for (unsigned side = 0; side < 2; side++) {
    vls_buf_init(&link->end[side].inbox, SIM_INBOX_MAX);
    link->end[side].who = SIM_STRANGER;
    link->end[side].state = SIM_END_CLOSED;
  }
  net->by_id[link->id] = link;
  net->links[net->n++] = link;
  return link;
}

static void free_link(sim_link *link) {
  for (unsigned side = 0; side < 2; side++)
    vls_buf_done(&link->end[side].inbox);
  free(link);
}

static void free_when_over(sim_world *w, sim_link *link) {
  sim_net *net = &w->net;
  if (link->end[0].state != SIM_END_CLOSED || link->end[1].state != SIM_END_CLOSED) return;
  size_t i = 0;
  while (net->links[i] != link)
    i++;
  net->links[i] = net->links[--net->n];
  net->by_id[link->id] = NULL;
  for (unsigned side = 0; side < 2; side++)
    forget_end(w, link, side);
  free_link(link);
}

void sim_net_init(sim_world *w) {
  w->net.latency_min = 1;
  w->net.latency_max = 60;
  w->net.jitter_max = 10;
}

void sim_net_done(sim_world *w) {
  for (size_t i = 0; i < w->net.n; i++)
    free_link(w->net.links[i]);
  for (unsigned i = 0; i < SIM_CITIZENS_MAX; i++)
    free(w->net.of[i].links);
  free(w->net.by_id);
  free(w->net.links);
}

static uint64_t travel(sim_world *w, const sim_link *link) {
  return link->latency + sim_rng_below(&w->net_rng, link->jitter + 1);
}

void sim_net_address(unsigned house, char ret[SIM_ADDRESS]) {
  snprintf(ret, SIM_ADDRESS, "10.0.%u.%u:4647", house >> 8 & 255, house & 255);
}

/* NULL: nobody lives there. */
static sim_node *who_lives_at(const sim_world *w, vls_slice address) {
  char text[SIM_ADDRESS];
  unsigned a = 0, b = 0;
  snprintf(text, sizeof text, "%.*s", (int)address.n, (const char *)address.p);
  if (sscanf(text, "10.0.%u.%u:4647", &a, &b) != 2) return NULL;
  for (unsigned i = 0; i < w->n; i++)
    if (w->node[i]->house == a * 256 + b) return w->node[i];
  return NULL;
}

static void refuse(sim_world *w, sim_link *link, bool silently) {
  uint64_t delay = silently ? 10 * SIM_SECOND : 2 * travel(w, link);
  sim_end_of how = silently ? SIM_END_TIMEOUT : SIM_END_REFUSED;
  sim_after(w, delay, SIM_EV_SHUT, link->id, 0, how);
}

static sim_end new_end(unsigned who, uint32_t life, uint64_t number, const vls_buf *inbox) {
  return (sim_end){.who = who, .life = life, .number = number, .inbox = *inbox};
}

void sim_net_dial(sim_world *w, unsigned who, uint64_t number, const vls_slice *list, size_t n) {
  unsigned side;
  sim_expect(w, (number & VLS_LINK_ACCEPTED) == 0, "a dial has a number of an accepted link");
  sim_expect(w, find(w, who, number, &side) == NULL, "a dial has the number of a live link");
  sim_expect(w, n > 0 && n <= VLS_ADDRESSES_MAX, "a dial has no address, or too many");
  w->net.dials++;
  sim_link *link = new_link(w);
  link->end[0] = new_end(who, w->node[who]->life, number, &link->end[0].inbox);
  link->end[0].state = SIM_END_DIALLING;
  note_end(w, link, 0);
  sim_node *found = NULL;
  bool silently = true;
  for (size_t i = 0; i < n && found == NULL; i++) {
    sim_node *node = who_lives_at(w, list[i]);
    if (node == NULL || node->who == who) continue;
    if (w->net.is_hidden[node->who] || w->net.island[who] != w->net.island[node->who]) continue;
    silently = false;
    if (node->core != NULL) found = node;
  }
  if (found != NULL && w->middle != NULL) found = w->node[sim_middle_divert(w, who, found->who)];
  if (found == NULL || sim_rng_chance(&w->net_rng, w->net.refuse_per_mille)) {
    refuse(w, link, silently);
    return;
  }
  uint64_t there = found->next_accepted++ | VLS_LINK_ACCEPTED;
  link->end[1] = new_end(found->who, found->life, there, &link->end[1].inbox);
  link->end[1].state = SIM_END_DIALLING;
  note_end(w, link, 1);
  uint64_t delay = travel(w, link);
  link->end[1].last_at = w->now + delay; /* nothing arrives before the link is open */
  link->end[0].last_at = w->now + 2 * delay;
  sim_after(w, delay, SIM_EV_OPENED, link->id, 1, 0);
  sim_after(w, 2 * delay, SIM_EV_OPENED, link->id, 0, 0);
}

void sim_net_opened(sim_world *w, size_t id, unsigned side) {
  sim_link *link = sim_net_link(w, id);
  if (link == NULL || link->end[side].state != SIM_END_DIALLING) return;
  sim_end *end = &link->end[side];
  end->state = SIM_END_OPEN;
  link->opened_at = w->now;
  unsigned other = link->end[1 - side].who;
  char address[SIM_ADDRESS] = "10.66.66.66:6666";
  if (other < SIM_ACTOR) sim_net_address(w->node[other]->house, address);
  sim_node_feed(
      w, w->node[end->who],
      &(vls_input){.type = VLS_IN_OPENED, .link = end->number, .text = vls_slice_str(address)});
}

/* Puts bytes on their way to one end, cut anywhere; on a slow line they trickle. */
static void carry(sim_world *w, sim_link *link, unsigned to, vls_slice bytes) {
  sim_end *end = &link->end[to];
  vls_err err = vls_buf_put_slice(&end->inbox, bytes);
  sim_expect(w, err == VLS_OK, "a core wrote %d MiB into one link that nobody reads",
             SIM_INBOX_MAX >> 20);
  size_t most = link->bytes_per_ms != 0 ? SIM_TRICKLE : bytes.n;
  for (size_t left = bytes.n; left > 0;) {
    size_t n = left < most ? left : most;
    if (sim_rng_chance(&w->net_rng, 300)) n = (size_t)sim_rng_between(&w->net_rng, 1, n);
    uint64_t at = w->now + travel(w, link);
    if (at < end->last_at) at = end->last_at;
    if (link->bytes_per_ms != 0) at += n / link->bytes_per_ms;
    end->last_at = at;
    sim_after(w, at - w->now, SIM_EV_ARRIVE, link->id, to, n);
    left -= n;
  }
}

void sim_net_send(sim_world *w, unsigned who, uint64_t number, vls_slice bytes) {
  unsigned side;
  sim_link *link = find(w, who, number, &side);
  if (link == NULL || bytes.n == 0) return; /* its end crossed with these bytes */
  sim_end *other = &link->end[1 - side];
  sim_expect(w, other->who != SIM_STRANGER,
             "a stranger got %zu bytes from %s: strangers get silence", bytes.n,
             w->person[who]->name);
  sim_stranger_overhear(w, link, side, bytes);
  link->end[side].sent += bytes.n;
  w->net.bytes += bytes.n;
  if (w->middle != NULL && sim_middle_takes(w, link, side, bytes)) return;
  if (link->lost) return;
  if (other->state == SIM_END_CLOSED) {
    /* Nobody there: a reset comes back, unless the end is one that never learns. */
    if (!sim_rng_chance(&w->net_rng, w->net.deaf_per_mille))
      sim_after(w, 2 * travel(w, link), SIM_EV_SHUT, link->id, side, SIM_END_RESET);
    return;
  }
  carry(w, link, 1 - side, bytes);
}

void sim_net_put(sim_world *w, sim_link *link, unsigned to, vls_slice bytes) {
  bool hears = !link->lost && link->end[to].state != SIM_END_CLOSED;
  if (hears && bytes.n > 0) carry(w, link, to, bytes);
}

static void hand_over(sim_world *w, sim_end *end, size_t n) {
  uint8_t *copy = vls_calloc(1, n); /* exactly as long, so that a sanitizer sees one byte more */
  memcpy(copy, end->inbox.p, n);
  vls_buf_drop(&end->inbox, n);
  end->arrived -= n;
  vls_input in = {.type = VLS_IN_BYTES, .link = end->number, .bytes = {copy, n}};
  if (end->who == SIM_ACTOR)
    sim_actor_hear(w, w->actor[end->number], in.bytes);
  else
    sim_node_feed(w, w->node[end->who], &in);
  free(copy);
}

/* A node at work on something else: once for all that comes meanwhile. */
static bool read_later(sim_world *w, size_t id, unsigned side, sim_end *end) {
  uint64_t until = end->who < w->n ? sim_busy_until(w, w->node[end->who]) : 0;
  if (until == 0) return false;
  if (!end->read_due) sim_after(w, until - w->now, SIM_EV_READ, id, side, 0);
  end->read_due = true;
  return true;
}

/* The node has told that it will pause, and reads no more until it goes on. */
static bool has_enough(const sim_world *w, const sim_end *end) {
  const vls_core *core = end->who < w->n ? w->node[end->who]->core : NULL;
  return core != NULL && vls_core_has_enough(core, end->number);
}

static void read_all(sim_world *w, size_t id, unsigned side) {
  for (;;) {
    sim_link *link = sim_net_link(w, id);
    if (link == NULL || link->end[side].state != SIM_END_OPEN) return;
    sim_end *end = &link->end[side];
    if (read_later(w, id, side, end)) return;
    if (end->paused || has_enough(w, end) || is_stalled(w, link)) return;
    if (end->arrived == 0) {
      if (end->is_shut) sim_net_shut(w, id, side, end->shut_how);
      return;
    }
    size_t n = end->arrived > SIM_READ_MAX ? SIM_READ_MAX : (size_t)end->arrived;
    if (n > 1 && sim_rng_chance(&w->net_rng, 100)) n = (size_t)sim_rng_between(&w->net_rng, 1, n);
    hand_over(w, end, n);
  }
}

void sim_net_read(sim_world *w, size_t id, unsigned side) {
  sim_link *link = sim_net_link(w, id);
  if (link == NULL) return;
  link->end[side].read_due = false;
  read_all(w, id, side);
}

void sim_net_arrive(sim_world *w, size_t id, unsigned side, uint64_t count) {
  sim_link *link = sim_net_link(w, id);
  if (link == NULL || link->lost || link->end[side].state == SIM_END_CLOSED) return;
  link->end[side].arrived += count;
  if (link->end[side].read_due) return;
  /* Now and then a slow reader: several writes then come as one read. */
  if (sim_rng_chance(&w->net_rng, 200)) {
    sim_after(w, sim_rng_between(&w->net_rng, 1, 5), SIM_EV_READ, id, side, 0);
  } else {
    read_all(w, id, side);
  }
}

static const char *end_words(sim_end_of how) {
  switch (how) {
  case SIM_END_EOF: return "closed by the other side";
  case SIM_END_RESET: return "connection reset";
  case SIM_END_REFUSED: return "connection refused";
  case SIM_END_TIMEOUT: return "timed out";
  }
  return "";
}

void sim_net_shut(sim_world *w, size_t id, unsigned side, sim_end_of how) {
  sim_link *link = sim_net_link(w, id);
  if (link == NULL || link->end[side].state == SIM_END_CLOSED) return;
  sim_end *end = &link->end[side];
  bool is_dial = how == SIM_END_REFUSED || how == SIM_END_TIMEOUT;
  bool waits = how == SIM_END_EOF && end->arrived != 0;
  if (!is_dial && !link->lost && (end->paused || waits || is_stalled(w, link))) {
    end->is_shut = true;
    end->shut_how = how;
    return;
  }
  end->state = SIM_END_CLOSED;
  unsigned who = end->who;
  uint64_t number = end->number;
  free_when_over(w, link);
  if (who == SIM_ACTOR) sim_actor_shut(w, w->actor[number]);
  if (who >= SIM_ACTOR) return;
  sim_node_feed(
      w, w->node[who],
      &(vls_input){.type = VLS_IN_CLOSED, .link = number, .text = vls_slice_str(end_words(how))});
}

void sim_net_abandon(sim_world *w, sim_link *link, unsigned side) {
  sim_end *other = &link->end[1 - side];
  link->end[side].state = SIM_END_CLOSED;
  if (other->state == SIM_END_CLOSED) {
    free_when_over(w, link);
  } else if (!link->lost) {
    uint64_t at = w->now + travel(w, link);
    if (at <= other->last_at) at = other->last_at + 1;
    sim_after(w, at - w->now, SIM_EV_SHUT, link->id, 1 - side, SIM_END_EOF);
  }
}

void sim_net_close(sim_world *w, unsigned who, uint64_t number) {
  unsigned side;
  sim_link *link = find(w, who, number, &side);
  if (link == NULL) return;
  if (side == 1 && link->end[0].who == SIM_STRANGER && !w->node[who]->is_stopping)
    sim_stranger_closed(w, link);
  sim_net_abandon(w, link, side);
}

void sim_net_pause(sim_world *w, unsigned who, uint64_t number, bool paused) {
  unsigned side;
  sim_link *link = find(w, who, number, &side);
  if (link == NULL) return;
  link->end[side].paused = paused;
  if (!paused) sim_after(w, 0, SIM_EV_READ, link->id, side, 0);
}

sim_link *sim_net_intrude(sim_world *w, unsigned whom) {
  sim_node *node = w->node[whom];
  if (node->core == NULL) return NULL;
  sim_link *link = new_link(w);
  uint64_t number = node->next_accepted++ | VLS_LINK_ACCEPTED;
  link->end[0] = new_end(SIM_STRANGER, 0, 0, &link->end[0].inbox);
  link->end[0].state = SIM_END_OPEN;
  link->end[1] = new_end(whom, node->life, number, &link->end[1].inbox);
  link->end[1].state = SIM_END_DIALLING;
  link->end[1].last_at = w->now + link->latency;
  note_end(w, link, 1);
  sim_after(w, link->latency, SIM_EV_OPENED, link->id, 1, 0);
  return link;
}

void sim_net_intrude_send(sim_world *w, sim_link *link, vls_slice bytes) {
  carry(w, link, 1, bytes);
}
