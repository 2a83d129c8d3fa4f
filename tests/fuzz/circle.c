/* Three real nodes in one group, of which Chi's was taken over: frames of the group leave it over
 * its own links, with its own keys, and hold what no node would say. The input is the script: what
 * Chi sends, who speaks, what arrives, who crashes, how time goes. Nobody ever aborts; and when
 * there is peace again, Ana and Bao have all that the two of them said, in one order. */
#include "core_fake.h"
#include "reader.h"

#include "base/assert.h"
#include "conv/group_int.h"
#include "core/circle.h"
#include "store/sql.h"

enum { STEPS_MOST = 120, KEPT = 8, PEOPLE = 3, TEXTS_MOST = 60 };
#define GROUP "@Trio"

/* How the world stood when all three were members. */
typedef struct morning {
  unsigned char *image[PEOPLE];
  sqlite3_int64 n[PEOPLE];
  uint64_t mono;
} morning;

typedef struct play {
  world *w;
  unsigned said[PEOPLE];
  vls_buf kept[KEPT]; /* bodies that Chi sent before */
  vls_group_frame_kind kind[KEPT];
  size_t n_kept;
} play;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(world *w, int who, const char *method, const vls_wire_def *def, const void *msg) {
  bool ok = call(w, who, method, def, msg);
  if (!ok) print_error("%s: %s\n", method, w->node[who].error);
  VLS_ASSERT(ok);
}

static void let_in(world *w, const char *name, int who) {
  vls_rpc_group_invite invite = {
      .group = vls_slice_str(GROUP), .has_who = true, .who = vls_slice_str(name)};
  vls_rpc_group_join join = {.has_group = true, .group = vls_slice_str(GROUP)};
  must(w, ANA, "group.invite", &vls_rpc_group_invite_def, &invite);
  pass(w, 10000);
  must(w, who, "group.join", &vls_rpc_group_join_def, &join);
  pass(w, 60000);
}

static void make_morning(morning *m) {
  world *w = world_new(PEOPLE);
  vls_rpc_group_create create = {.name = vls_slice_str(&GROUP[1])};
  befriend(w, ANA, BAO);
  befriend(w, ANA, CHI);
  befriend(w, BAO, CHI);
  must(w, ANA, "group.create", &vls_rpc_group_create_def, &create);
  let_in(w, "Bao", BAO);
  let_in(w, "Chi", CHI);
  pass(w, 120000);
  for (int i = 0; i < PEOPLE; i++) {
    m->image[i] = sqlite3_serialize(w->node[i].store->db, "main", &m->n[i], 0);
    VLS_ASSERT(m->image[i] != NULL);
  }
  m->mono = w->mono;
  world_free(w);
}

static void begin(play *p, const morning *m) {
  world *w = vls_calloc(1, sizeof *w);
  *p = (play){.w = w};
  w->mono = m->mono;
  vls_buf_init(&w->fake_in, 64 << 20);
  for (int i = 0; i < PEOPLE; i++) {
    node *n = &w->node[i];
    n->who = i;
    vls_buf_init(&n->result, VLS_RPC_FRAME_MAX);
    vls_buf_init(&n->log, 64 << 20);
    VLS_ASSERT(vls_store_open(&n->store, ":memory:", (const uint8_t[32]){13}, 0, NULL) == VLS_OK);
    unsigned char *image = sqlite3_malloc64((sqlite3_uint64)m->n[i]);
    VLS_ASSERT(image != NULL);
    memcpy(image, m->image[i], (size_t)m->n[i]);
    VLS_ASSERT(sqlite3_deserialize(n->store->db, "main", image, m->n[i], m->n[i],
                                   SQLITE_DESERIALIZE_FREEONCLOSE |
                                       SQLITE_DESERIALIZE_RESIZEABLE) == SQLITE_OK);
    node_start(w, i);
    say_hello(w, i, CLIENT);
  }
  pass(w, 5000);
  w->held = true;
}

static void end(play *p) {
  for (size_t i = 0; i < KEPT; i++)
    vls_buf_done(&p->kept[i]);
  world_free(p->w);
}

/* --- what Chi sends --- */

static vls_circle *chis(const play *p) {
  vls_core *core = p->w->node[CHI].core;
  return core->n_circles > 0 ? core->circles[0] : NULL;
}

/* Over every link it has, or one of them. */
static void send_frame(play *p, vls_group_frame_kind kind, vls_slice body, size_t to) {
  vls_circle *c = chis(p);
  vls_core *core = p->w->node[CHI].core;
  if (c == NULL || body.n > VLS_RECORD_MAX) return;
  for (size_t i = 0; i < c->n_links; i++)
    if (to == 0 || i == to % c->n_links) vls_circle_send(core, c, c->links[i].conn, kind, body);
  size_t k = p->n_kept++ % KEPT;
  vls_buf_done(&p->kept[k]);
  vls_buf_init(&p->kept[k], VLS_RECORD_MAX);
  VLS_ASSERT(vls_buf_put_slice(&p->kept[k], body) == VLS_OK);
  p->kind[k] = kind;
  end_batch(p->w, &p->w->node[CHI]);
}

static void again(play *p, reader *r) {
  size_t k = next(r, 1) % KEPT;
  vls_buf copy;
  vls_buf_init(&copy, VLS_RECORD_MAX);
  VLS_ASSERT(vls_buf_put_slice(&copy, vls_buf_slice(&p->kept[k])) == VLS_OK);
  for (size_t flips = next(r, 1) % 4; flips > 0 && copy.n > 0; flips--)
    copy.p[next(r, 2) % copy.n] ^= (uint8_t)next(r, 1);
  if (p->kind[k] != 0) send_frame(p, p->kind[k], vls_buf_slice(&copy), next(r, 1));
  vls_buf_done(&copy);
}

static const uint8_t *some_id(const vls_group *g, reader *r) {
  static uint8_t none[32];
  memset(none, (int)next(r, 1), sizeof none);
  return g->n_rows == 0 || next(r, 1) % 4 == 0 ? none : g->rows[next(r, 1) % g->n_rows].id;
}

static void want(play *p, reader *r) {
  static vls_group_want w;
  const vls_group *g = chis(p)->group;
  vls_buf body;
  w = (vls_group_want){0};
  w.n_records = next(r, 1) % 8;
  w.n_events = next(r, 1) % 8;
  w.n_wraps = next(r, 1) % 8;
  for (size_t i = 0; i < w.n_records; i++)
    memcpy(w.records[i], some_id(g, r), 32);
  for (size_t i = 0; i < w.n_events; i++)
    memcpy(w.events[i], some_id(g, r), 32);
  for (size_t i = 0; i < w.n_wraps; i++) {
    memcpy(w.wraps[i].commit, some_id(g, r), 32);
    w.wraps[i].leaf = next(r, 1);
  }
  vls_buf_init(&body, VLS_RECORD_MAX);
  VLS_ASSERT(vls_wire_encode(&vls_group_want_def, &w, &body) == VLS_OK);
  send_frame(p, VLS_GROUP_FRAME_WANT, vls_buf_slice(&body), next(r, 1));
  vls_buf_done(&body);
}

static void sync(play *p, reader *r) {
  uint8_t mark[16] = {(uint8_t)next(r, 1)};
  vls_group_sync s = {.turn = 1 + next(r, 1) % 4};
  vls_buf body;
  if (next(r, 1) % 2 != 0) s.mark = vls_slice_of(mark, sizeof mark);
  s.message = piece(r, next(r, 1));
  vls_buf_init(&body, VLS_RECORD_MAX);
  VLS_ASSERT(vls_wire_encode(&vls_group_sync_def, &s, &body) == VLS_OK);
  send_frame(p, VLS_GROUP_FRAME_SYNC, vls_buf_slice(&body), next(r, 1));
  vls_buf_done(&body);
}

static int by_bytes(const void *a, const void *b) {
  return memcmp(a, b, 32);
}

/* The facts that an honest event would have, then lies, then its signature and its seal. */
static void event(play *p, reader *r) {
  vls_core *core = p->w->node[CHI].core;
  vls_group *g = chis(p)->group;
  vls_group_said *said = vls_calloc(1, sizeof *said);
  vls_group_header *h = &said->header;
  uint32_t heads[VLS_GROUP_PARENTS];
  size_t lies = next(r, 1), n = 1 + next(r, 1) % 3;
  gr_epoch *best = vls_gr_best(g, false);
  vls_buf record;
  *h = (vls_group_header){.suite = 1, .seq = g->seq + 1, .stamp = 1700000000000};
  memcpy(h->group, g->id, 32);
  memcpy(h->author, core->self.identity.pub, 32);
  memcpy(h->device, core->self.device.pub, 32);
  memcpy(h->prev, g->prev, 32);
  h->n_acts = vls_gr_newest_acts(g, heads, VLS_GROUP_PARENTS);
  for (size_t i = 0; i < h->n_acts; i++)
    memcpy(h->acts[i], g->rows[g->acts[heads[i]].row].id, 32);
  if (best != NULL) memcpy(h->roster, best->roster.root, 32);
  if (lies & 1) h->seq += next(r, 2);
  if (lies & 2) h->prev[0] ^= 1;
  if (lies & 4) h->roster[0] ^= 1;
  if (lies & 8) h->stamp = UINT64_MAX >> next(r, 1) % 64;
  if (lies & 16) memcpy(h->acts[0], some_id(g, r), 32);
  if (lies & 32)
    for (size_t end = next(r, 1) % VLS_GROUP_PARENTS; h->n_after < end; h->n_after++)
      memcpy(h->after[h->n_after], some_id(g, r), 32);
  qsort(h->acts, h->n_acts, 32, by_bytes);
  while (said->n_items < n) {
    size_t kind = next(r, 1);
    said->items[said->n_items++] = (vls_item){kind == 0 ? 1 : kind, piece(r, next(r, 1))};
  }
  vls_buf_init(&record, VLS_GROUP_RECORD_MAX);
  if (best != NULL && vls_group_sign(said, &core->self.device) == VLS_OK &&
      vls_gr_seal(g, best, said, &core->rng, &record) == VLS_OK)
    send_frame(p, VLS_GROUP_FRAME_RECORD, vls_buf_slice(&record), next(r, 1));
  vls_buf_done(&record);
  free(said);
}

static void hostile(play *p, unsigned how, reader *r) {
  if (chis(p) == NULL) return;
  switch (how) {
  case 0:
    send_frame(p, (vls_group_frame_kind)(1 + next(r, 1) % 20), piece(r, next(r, 1)), 0);
    return;
  case 1: again(p, r); return;
  case 2: want(p, r); return;
  case 3: sync(p, r); return;
  default: event(p, r);
  }
}

/* --- the world --- */

static void speak(play *p, int who) {
  char text[32];
  snprintf(text, sizeof text, "%s %u", node_names[who], p->said[who] + 1);
  vls_rpc_send send = {.n_to = 1, .text = vls_slice_str(text)};
  send.to[0] = vls_slice_str(GROUP);
  if (p->said[who] == TEXTS_MOST) return;
  if (!call(p->w, who, "send", &vls_rpc_send_def, &send)) return;
  vls_slice part[1];
  vls_rpc_sent sent;
  VLS_ASSERT(answer_list(p->w, who, part, 1) == 1);
  VLS_ASSERT(vls_wire_decode(&vls_rpc_sent_def, VLS_WIRE_STRICT, part[0], &sent, NULL) == VLS_OK);
  if (sent.n != 0) p->said[who]++;
}

static void arrive(play *p, size_t n) {
  world *w = p->w;
  while (n-- > 0 && w->at < w->n) {
    packet one = w->queue[w->at++];
    node *to = &w->node[one.to];
    vls_input in = {.type = one.type, .link = one.link, .bytes = vls_buf_slice(&one.bytes)};
    if (one.type != VLS_IN_BYTES) in.text = vls_buf_slice(&one.bytes);
    if (w->at == w->n) w->at = w->n = 0;
    feed(w, to, &in);
    end_batch(w, to);
    vls_buf_done(&one.bytes);
  }
}

static void step(play *p, reader *r) {
  unsigned op = (unsigned)next(r, 1), arg = op / 16;
  switch (op % 16) {
  case 0: speak(p, ANA); return;
  case 1: speak(p, BAO); return;
  case 2: arrive(p, 1 + arg); return;
  case 3:
  case 4: arrive(p, SIZE_MAX); return;
  case 5:
    node_restart(p->w, (int)(arg % PEOPLE));
    say_hello(p->w, (int)(arg % PEOPLE), CLIENT);
    return;
  case 6: pass(p->w, UINT64_C(1) << (arg + 4)); return;
  case 7: cut_wires(p->w, (int)(arg % PEOPLE)); return;
  default: hostile(p, op % 16 - 8, r);
  }
}

/* --- what must hold --- */

/* What Ana and Bao said, as this one lists it, one after another. */
static size_t history(play *p, int who, vls_buf *out) {
  static vls_slice part[500];
  vls_rpc_list list = {
      .has_who = true, .who = vls_slice_str(GROUP), .has_limit = true, .limit = 500};
  must(p->w, who, "message.list", &vls_rpc_list_def, &list);
  size_t n = answer_list(p->w, who, part, 500), honest = 0;
  for (size_t i = 0; i < n; i++) {
    vls_rpc_message m;
    VLS_ASSERT(vls_wire_decode(&vls_rpc_message_def, VLS_WIRE_STRICT, part[i], &m, NULL) == VLS_OK);
    if (m.text.n < 4 || (memcmp(m.text.p, "Ana ", 4) != 0 && memcmp(m.text.p, "Bao ", 4) != 0))
      continue;
    honest++;
    VLS_ASSERT(vls_buf_put_slice(out, m.text) == VLS_OK && vls_buf_put_u8(out, '\n') == VLS_OK);
  }
  return honest;
}

static void peace(play *p) {
  vls_input network = {.type = VLS_IN_NETWORK};
  vls_buf a, b;
  p->w->held = false;
  for (int i = 0; i < 3; i++) {
    run(p->w);
    for (int who = 0; who < PEOPLE; who++) {
      feed(p->w, &p->w->node[who], &network);
      end_batch(p->w, &p->w->node[who]);
    }
    pass(p->w, 700000);
  }
  vls_buf_init(&a, 1 << 20);
  vls_buf_init(&b, 1 << 20);
  size_t n = history(p, ANA, &a);
  VLS_ASSERT(n == history(p, BAO, &b) && vls_slice_eq(vls_buf_slice(&a), vls_buf_slice(&b)));
  VLS_ASSERT(n == p->said[ANA] + p->said[BAO]);
  vls_buf_done(&a);
  vls_buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  static morning m;
  play p;
  reader r = {data, n};
  if (m.mono == 0) make_morning(&m);
  begin(&p, &m);
  for (unsigned i = 0; i < STEPS_MOST && r.n > 0; i++)
    step(&p, &r);
  peace(&p);
  end(&p);
  return 0;
}
