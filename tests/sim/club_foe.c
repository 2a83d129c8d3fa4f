/* A member whose node was taken over: it is a real node with real keys, and says over its own links
 * what no node would say. The others must bear it: they end alike, and within their bounds. */
#include "club.h"
#include "content/bodies.h"
#include "conv/group_int.h"
#include "core/circle.h"
#include "world.h"

enum { BODY = 4096, FLOOD = 40, WANTED = 256 };

typedef struct foe {
  sim_world *w;
  unsigned who;
  vls_core *core;
  vls_circle *circle;
  sim_rng *rng;
} foe;

/* To everybody it has a link to. */
static void send_all(const foe *f, vls_group_frame_kind kind, vls_slice body) {
  for (size_t i = 0; i < f->circle->n_links; i++)
    vls_circle_send(f->core, f->circle, f->circle->links[i].conn, kind, body);
}

static void send_noise(const foe *f) {
  uint8_t noise[BODY];
  size_t n = (size_t)sim_rng_below(f->rng, sizeof noise);
  sim_rng_fill(f->rng, noise, n);
  send_all(f, (vls_group_frame_kind)sim_rng_between(f->rng, 1, 13), vls_slice_of(noise, n));
}

/* Wants everything: so that others work. */
static void want_all(const foe *f) {
  vls_group_want want = {0};
  vls_buf body;
  vls_group *g = f->circle->group;
  for (size_t i = 0; i < g->n_rows && want.n_events < WANTED; i++)
    memcpy(want.events[want.n_events++], g->rows[i].id, 32);
  for (size_t i = 0; i < WANTED; i++)
    sim_rng_fill(f->rng, want.records[want.n_records++], 32);
  vls_buf_init(&body, VLS_RECORD_MAX);
  if (vls_wire_encode(&vls_group_want_def, &want, &body) == VLS_OK)
    for (int i = 0; i < 4; i++)
      send_all(f, VLS_GROUP_FRAME_WANT, vls_buf_slice(&body));
  vls_buf_done(&body);
}

static int by_bytes(const void *a, const void *b) {
  return memcmp(a, b, 32);
}

/* An event in the making, with the facts that an honest one would have. */
typedef struct craft {
  vls_group_said said;
  vls_buf bodies, record;
} craft;

static bool begin(const foe *f, craft *c) {
  vls_group *g = f->circle->group;
  uint32_t heads[VLS_GROUP_PARENTS];
  vls_group_header *h = &c->said.header;
  *c = (craft){0};
  gr_epoch *best = vls_gr_best(g, false);
  if (best == NULL || g->seq > UINT64_MAX - FLOOD) return false;
  vls_buf_init(&c->bodies, 1 << 16);
  vls_buf_init(&c->record, VLS_GROUP_RECORD_MAX);
  if (vls_buf_grow(&c->bodies, 1 << 16) == NULL) return false; /* its bytes stay where they are */
  c->bodies.n = 0;
  *h = (vls_group_header){.suite = 1, .seq = g->seq + 1, .stamp = 1};
  memcpy(h->group, g->id, 32);
  memcpy(h->author, f->core->self.identity.pub, 32);
  memcpy(h->device, f->core->self.device.pub, 32);
  memcpy(h->prev, g->prev, 32);
  h->n_acts = vls_gr_newest_acts(g, heads, VLS_GROUP_PARENTS);
  for (size_t i = 0; i < h->n_acts; i++)
    memcpy(h->acts[i], g->rows[g->acts[heads[i]].row].id, 32);
  qsort(h->acts, h->n_acts, 32, by_bytes);
  memcpy(h->roster, best->roster.root, 32);
  return true;
}

static void item(craft *c, uint64_t kind, const vls_wire_def *def, const void *body) {
  size_t at = c->bodies.n;
  if (vls_wire_encode(def, body, &c->bodies) != VLS_OK) return;
  c->said.items[c->said.n_items++] =
      (vls_item){kind, vls_slice_of(c->bodies.p + at, c->bodies.n - at)};
}

/* Signed by its device and sealed by its chain: then everybody but its own node hears it. */
static void end(const foe *f, craft *c) {
  vls_group *g = f->circle->group;
  gr_epoch *best = vls_gr_best(g, false);
  if (c->said.n_items > 0 && vls_group_sign(&c->said, &f->core->self.device) == VLS_OK &&
      vls_gr_seal(g, best, &c->said, &f->core->rng, &c->record) == VLS_OK) {
    for (size_t i = 0; i < f->circle->n_links; i++) {
      /* Some get it and others must get it from those. */
      if (f->circle->n_links > 1 && sim_rng_chance(f->rng, 300)) continue;
      vls_circle_send(f->core, f->circle, f->circle->links[i].conn, VLS_GROUP_FRAME_RECORD,
                      vls_buf_slice(&c->record));
    }
  }
  vls_buf_done(&c->bodies);
  vls_buf_done(&c->record);
}

static void say_text(craft *c, uint64_t n) {
  char words[48];
  snprintf(words, sizeof words, "x; %" PRIu64, n);
  vls_item_text text = {.text = vls_slice_str(words)};
  item(c, VLS_ITEM_TEXT, &vls_item_text_def, &text);
}

/* Two texts with one seq. */
static void say_two(const foe *f) {
  uint64_t n = sim_rng_u64(f->rng);
  for (uint64_t i = 0; i < 2; i++) {
    craft c;
    if (!begin(f, &c)) return;
    say_text(&c, n + i);
    end(f, &c);
  }
}

/* A text with facts that are wrong, each rightly signed. */
static void say_wrong(const foe *f) {
  craft c;
  if (!begin(f, &c)) return;
  vls_group_header *h = &c.said.header;
  say_text(&c, sim_rng_u64(f->rng));
  switch (sim_rng_below(f->rng, 7)) {
  case 0: h->seq = UINT64_MAX; break;
  case 1: h->seq += sim_rng_below(f->rng, 100000); break;
  case 2: h->prev[0] ^= 1; break;
  case 3: h->roster[0] ^= 1; break;
  case 4: h->stamp = UINT64_MAX; break;
  case 5:
    sim_rng_fill(f->rng, h->acts[0], 32);
    qsort(h->acts, h->n_acts, 32, by_bytes);
    break;
  default:
    h->n_after = VLS_GROUP_PARENTS;
    for (size_t i = 0; i < h->n_after; i++)
      sim_rng_fill(f->rng, h->after[i], 32);
    qsort(h->after, h->n_after, 32, by_bytes);
  }
  end(f, &c);
}

/* What it may not do, as if it might: somebody is removed, or it makes itself an owner. */
static void seize(const foe *f) {
  craft c;
  vls_group *g = f->circle->group;
  if (g->n_people == 0 || !begin(f, &c)) return;
  const uint8_t *whom = g->people[sim_rng_below(f->rng, g->n_people)].identity;
  if (sim_rng_chance(f->rng, 500)) {
    vls_act_remove act = {.reason = vls_slice_str("because")};
    memcpy(act.who, whom, 32);
    item(&c, VLS_GROUP_REMOVE, &vls_act_remove_def, &act);
  } else {
    vls_act_set act = {.level = sim_rng_between(f->rng, 1, 4), .reason = vls_slice_str("because")};
    memcpy(act.who, sim_rng_chance(f->rng, 500) ? f->core->self.identity.pub : whom, 32);
    item(&c, VLS_GROUP_SET, &vls_act_set_def, &act);
  }
  end(f, &c);
}

/* As fast as it can: more than anybody has to take at once. */
static void flood(const foe *f) {
  for (unsigned i = 0; i < FLOOD; i++) {
    craft c;
    if (!begin(f, &c)) return;
    c.said.header.seq += i;
    say_text(&c, sim_rng_u64(f->rng));
    end(f, &c);
  }
}

void sim_club_turn(sim_world *w, unsigned who) {
  if (w->club->is_foe[who]) return;
  w->club->is_foe[who] = w->club->excused[who] = true;
  sim_trace_line(w, who, "has a node that somebody else has now");
  sim_after(w, SIM_SECOND, SIM_EV_FOE, who, 0, 0);
}

void sim_club_foe(sim_world *w, unsigned who) {
  sim_club *club = w->club;
  sim_node *node = w->node[who];
  if (club->is_over || w->weather.is_over) return;
  sim_after(w, sim_rng_between(&club->rng, 1, 2 * SIM_MINUTE), SIM_EV_FOE, who, 0, 0);
  if (node->core == NULL || node->is_performing) return;
  if (node->batch_open) sim_node_end_batch(w, node);
  if (node->core == NULL) return;
  sim_node_feed(w, node, &(vls_input){.type = VLS_IN_NETWORK}); /* a batch is open */
  foe f = {w, who, node->core, NULL, &club->rng};
  if (node->core != NULL) f.circle = vls_circle_by_gid(node->core, club->gid);
  if (f.circle == NULL || f.circle->n_links == 0) return;
  uint64_t what = sim_rng_below(f.rng, 12);
  sim_trace_line(w, who, "is hostile in the group: %" PRIu64, what);
  switch (what) {
  case 0:
  case 1: send_noise(&f); break;
  case 2: want_all(&f); break;
  case 3:
  case 4: say_two(&f); break;
  case 5:
  case 6:
  case 7: say_wrong(&f); break;
  case 8:
  case 9:
  case 10: seize(&f); break;
  default: flood(&f);
  }
  sim_node_end_batch(w, node);
}
