/* Two real nodes, Ana and Bao, who talk, and a contact of Bao's who is hostile and holds the keys:
 * what she seals is sealed rightly, and says what no node would say. The input is the script: who
 * speaks, what arrives, is lost, doubled, damaged or overtaken, who crashes, how time goes. Nobody
 * ever aborts; no text is shown twice or out of order, or called delivered before it is there; and
 * when there is peace again, all that Ana and Bao said has arrived. */
#include "core_fake.h"
#include "reader.h"

#include "base/assert.h"
#include "crypto/pad.h"
#include "store/contacts.h"
#include "store/messages.h"
#include "store/sql.h"

enum { STEPS_MOST = 200, DIALS_MOST = 12, RECORDS_KEPT = 8, PEOPLE = 2 };
enum { FAKE_AT_BAO = 2 }; /* her number as a contact; Ana's and Bao's is 1 */

/* How the world stood when all three knew each other. */
typedef struct morning {
  unsigned char *image[PEOPLE];
  sqlite3_int64 n[PEOPLE];
  fake hostile;
  uint64_t mono;
} morning;

typedef struct play {
  world *w;
  fake f;
  unsigned said[PEOPLE], texts, dials;
  vls_buf record[RECORDS_KEPT]; /* what she sealed before */
  size_t n_records;
} play;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void clone_buf(vls_buf *to, const vls_buf *from) {
  vls_buf_init(to, from->max);
  VLS_ASSERT(vls_buf_put_slice(to, vls_buf_slice(from)) == VLS_OK);
}

static void make_morning(morning *m) {
  world *w = world_new(2);
  befriend(w, ANA, BAO);
  fake_befriend(w, &m->hostile, 9, BAO);
  say(w, ANA, "Bao", "good morning");
  pass(w, 60000);
  for (int i = 0; i < PEOPLE; i++) {
    m->image[i] = sqlite3_serialize(w->node[i].store->db, "main", &m->n[i], 0);
    VLS_ASSERT(m->image[i] != NULL);
  }
  m->mono = w->mono;
  vls_link_free(m->hostile.link);
  m->hostile.link = NULL;
  world_free(w);
}

static void begin(play *p, const morning *m) {
  world *w = vls_calloc(1, sizeof *w);
  *p = (play){.w = w, .f = m->hostile};
  clone_buf(&p->f.prefix, &m->hostile.prefix);
  clone_buf(&p->f.card, &m->hostile.card);
  clone_buf(&p->f.self.card, &m->hostile.self.card);
  p->f.self.cert = p->f.self.signed_spk = (vls_buf){0};
  w->mono = m->mono;
  vls_buf_init(&w->fake_in, 64 << 20);
  for (int i = 0; i < NODES; i++) {
    node *n = &w->node[i];
    n->who = i;
    vls_buf_init(&n->result, VLS_RPC_FRAME_MAX);
    vls_buf_init(&n->log, 64 << 20);
    if (i >= PEOPLE) continue;
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
  pass(w, 2000);
  w->held = true;
}

static void end(play *p) {
  for (size_t i = 0; i < RECORDS_KEPT; i++)
    vls_buf_done(&p->record[i]);
  fake_end(&p->f);
  world_free(p->w);
}

/* --- what she says --- */

static void put_body(play *p, vls_buf *body, unsigned kind, reader *r) {
  vls_item_receipt receipt = {.level = 1 + next(r, 1) % 2, .n_ranges = 1};
  vls_err err = VLS_OK;
  switch (kind) {
  case VLS_ITEM_HELLO: err = vls_body_hello(body); break;
  case VLS_ITEM_TEXT: err = vls_body_text(body, vls_slice_str("from the hostile one")); break;
  case VLS_ITEM_RECEIPT:
    receipt.ranges[0].from = next(r, 1);
    receipt.ranges[0].to = next(r, 1);
    vls_be32_put(receipt.ranges[0].head, (uint32_t)next(r, 4));
    if (receipt.ranges[0].from > 0 && receipt.ranges[0].to > 0)
      err = vls_wire_encode(&vls_item_receipt_def, &receipt, body);
    break;
  case VLS_ITEM_CARD: err = vls_body_card(body, vls_buf_slice(&p->f.self.card)); break;
  default: err = vls_buf_put_slice(body, piece(r, next(r, 1)));
  }
  VLS_ASSERT(err == VLS_OK);
  for (size_t flips = next(r, 1) % 4; flips > 0 && body->n > 0; flips--)
    body->p[next(r, 1) % body->n] ^= (uint8_t)next(r, 1);
}

static void keep_record(play *p, vls_slice record) {
  vls_buf *kept = &p->record[p->n_records++ % RECORDS_KEPT];
  vls_buf_done(kept);
  vls_buf_init(kept, VLS_RECORD_MAX);
  VLS_ASSERT(vls_buf_put_slice(kept, record) == VLS_OK);
}

static void send_record(play *p, vls_slice record) {
  if (p->f.link == NULL || vls_link_state_of(p->f.link) != VLS_LINK_UP) return;
  VLS_ASSERT(vls_link_send_record(p->f.link, record) == VLS_OK);
  fake_run(p->w, &p->f);
}

/* An event that a node would not make: numbers, hashes and signature as she likes. */
static void event(play *p, reader *r) {
  vls_item items[4];
  vls_buf body[4], record;
  fake was = p->f;
  size_t lies = next(r, 1), n = 1 + next(r, 1) % 4;
  for (size_t i = 0; i < n; i++) {
    unsigned kind = (unsigned)(next(r, 1) % 6);
    vls_buf_init(&body[i], VLS_CARD_MAX);
    put_body(p, &body[i], kind, r);
    items[i] = (vls_item){kind == 0 ? 1 + next(r, 2) % 9 : kind, vls_buf_slice(&body[i])};
    p->texts += items[i].kind == VLS_ITEM_TEXT;
  }
  if (lies & 1) p->f.seq += next(r, 1) - 128;
  if (lies & 2) p->f.prev[0] ^= 1;
  if (lies & 4) p->f.stamp = UINT64_MAX - next(r, 1);
  if (lies & 8) p->f.self.device.priv[0] ^= 1;
  vls_buf_init(&record, VLS_RECORD_MAX);
  if (p->f.seq != UINT64_MAX) fake_seal(&p->f, items, n, &record);
  p->f.self.device = was.self.device;
  if (lies & 16) { /* she goes on as if she had never said it */
    p->f.seq = was.seq;
    memcpy(p->f.prev, was.prev, sizeof was.prev);
  }
  if (lies & 32 && record.n > 0) record.p[next(r, 2) % record.n] ^= (uint8_t)next(r, 1);
  keep_record(p, vls_buf_slice(&record));
  if (!(lies & 64) && record.n > 0) send_record(p, vls_buf_slice(&record));
  vls_buf_done(&record);
  for (size_t i = 0; i < n; i++)
    vls_buf_done(&body[i]);
}

/* Plaintext of hers, sealed rightly. */
static void plain(play *p, reader *r) {
  vls_buf padded, record;
  vls_buf_init(&padded, VLS_RECORD_MAX);
  vls_buf_init(&record, VLS_RECORD_MAX);
  VLS_ASSERT(vls_buf_put_slice(&padded, piece(r, next(r, 1))) == VLS_OK);
  if (vls_pad(&padded, VLS_RATCHET_EXTRA) == VLS_OK &&
      vls_ratchet_seal(&p->f.r, vls_buf_slice(&padded), &p->f.self.rng, &record) == VLS_OK)
    send_record(p, vls_buf_slice(&record));
  vls_buf_done(&padded);
  vls_buf_done(&record);
}

/* How far she says she is: true, or not, signed for this link by her device, or by nobody. */
static void lie_state(play *p, reader *r) {
  fake *f = &p->f;
  vls_state s = {
      .card = 1 + next(r, 1) % 4, .n_mine = 1 + next(r, 1) % 5, .n_held = next(r, 1) % 9};
  s.yours = next(r, 1) % 4;
  s.flags = next(r, 1) % 4;
  for (size_t i = 0; i < s.n_mine + s.n_held; i++) {
    vls_position *at = i < s.n_mine ? &s.mine[i] : &s.held[i - s.n_mine];
    uint64_t what = next(r, 1);
    *at = f->theirs;
    if (i < s.n_mine) memcpy(at->device, f->self.device.pub, 32);
    if (i < s.n_mine) memcpy(at->head, f->prev, 32);
    if (i < s.n_mine) at->seq = f->seq & INT64_MAX;
    if (what & 1) at->seq = (at->seq + next(r, 1) - 128) & INT64_MAX;
    if (what & 2) at->head[next(r, 1) % 32] ^= (uint8_t)next(r, 1);
    if (what & 4) at->device[next(r, 1) % 32] ^= (uint8_t)next(r, 1);
    if (what & 8) at->seq = UINT64_C(1) << next(r, 1) % 63;
  }
  vls_sign_pair was = f->self.device;
  if (next(r, 1) % 16 == 0) f->self.device.priv[0] ^= 1;
  fake_say_state(f, &s);
  f->self.device = was;
  fake_run(p->w, f);
}

/* An event of Bao's that he never signed, a place without one, or one of her own. */
static void lie_return(play *p, reader *r) {
  fake *f = &p->f;
  uint64_t what = next(r, 1);
  vls_slice bytes = piece(r, next(r, 1));
  vls_frame_return frame = {.seq = 1 + (f->theirs.seq + next(r, 1) % 8) % INT64_MAX,
                            .event = bytes};
  memcpy(frame.device, what & 1 ? f->self.device.pub : f->theirs.device, 32);
  memcpy(frame.head, f->theirs.head, 32);
  if (what & 2) frame.event.n = 0;
  if (what & 4) frame.head[0] ^= (uint8_t)next(r, 1);
  if (vls_link_send_return(f->link, &frame) == VLS_OK) fake_run(p->w, f);
}

static void hostile(play *p, unsigned how, reader *r) {
  fake *f = &p->f;
  bool up = f->link != NULL && vls_link_state_of(f->link) == VLS_LINK_UP;
  vls_slice bytes;
  switch (how) {
  case 0:
    if (p->dials++ < DIALS_MOST) fake_redial(p->w, f);
    return;
  case 1:
    if (f->link != NULL) fake_run(p->w, f);
    return;
  case 2: plain(p, r); return;
  case 3:
    bytes = piece(r, next(r, 1));
    if (up) fake_bytes(p->w, f, bytes);
    return;
  case 4:
    bytes = piece(r, 1 + next(r, 1));
    if (up && bytes.n > 0)
      VLS_ASSERT(vls_link_frame(f->link, (vls_frame_type)bytes.p[0],
                                vls_slice_of(bytes.p + 1, bytes.n - 1)) == VLS_OK);
    return;
  case 5:
    bytes = vls_buf_slice(&p->record[next(r, 1) % RECORDS_KEPT]);
    if (bytes.n > 0) send_record(p, bytes);
    return;
  case 7:
    if (up) lie_state(p, r);
    return;
  case 8:
    if (up) lie_return(p, r);
    return;
  default: event(p, r);
  }
}

/* --- the world --- */

static void speak(play *p, int who) {
  char text[32];
  snprintf(text, sizeof text, "%u", p->said[who] + 1);
  vls_rpc_send send = {.n_to = 1, .text = vls_slice_str(text)};
  send.to[0] = vls_slice_str(who == ANA ? "Bao" : "Ana");
  if (call(p->w, who, "send", &vls_rpc_send_def, &send)) p->said[who]++;
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

/* A network that does what it likes with the bytes of a stream. */
static void meddle(play *p, unsigned how, reader *r) {
  world *w = p->w;
  if (w->at == w->n) return;
  size_t i = w->at + next(r, 1) % (w->n - w->at);
  packet *one = &w->queue[i];
  if (one->type != VLS_IN_BYTES) return;
  switch (how) {
  case 0: one->bytes.n = next(r, 2) % (one->bytes.n + 1); return;
  case 1: put_packet(w, one->to, one->link, VLS_IN_BYTES, vls_buf_slice(&one->bytes)); return;
  case 2:
    if (one->bytes.n > 0)
      one->bytes.p[next(r, 2) % one->bytes.n] ^= (uint8_t)(1u << next(r, 1) % 8);
    return;
  default:
    if (i + 1 < w->n) {
      packet swap = *one;
      w->queue[i] = w->queue[i + 1];
      w->queue[i + 1] = swap;
    }
  }
}

/* What Bao does about her, and to read. */
static void bao_does(play *p, unsigned what) {
  vls_rpc_block stop = {.who = vls_slice_str("Ana 2"), .blocked = what == 1};
  vls_rpc_mark_read read = {.who = vls_slice_str("Ana"), .upto = 1000};
  vls_rpc_send send = {.n_to = 1, .text = vls_slice_str("to you")};
  send.to[0] = stop.who;
  if (what < 2)
    (void)call(p->w, BAO, "contact.block", &vls_rpc_block_def, &stop);
  else if (what == 2)
    (void)call(p->w, BAO, "message.mark_read", &vls_rpc_mark_read_def, &read);
  else
    (void)call(p->w, BAO, "send", &vls_rpc_send_def, &send);
}

static void step(play *p, reader *r) {
  unsigned op = (unsigned)next(r, 1), arg = op / 16;
  switch (op % 16) {
  case 0: speak(p, ANA); return;
  case 1: speak(p, BAO); return;
  case 2: arrive(p, 1 + arg); return;
  case 3: arrive(p, SIZE_MAX); return;
  case 4: meddle(p, arg % 4, r); return;
  case 5: node_restart(p->w, arg % PEOPLE); return;
  case 6: pass(p->w, UINT64_C(1) << (arg + 4)); return;
  case 7: cut_wires(p->w, arg % PEOPLE); return;
  case 8: bao_does(p, arg % 4); return;
  case 9: p->w->node[arg % PEOPLE].skew_ms = ((int64_t)next(r, 1) - 128) * 3600000; return;
  case 15: hostile(p, arg > 7 ? 7 + arg % 2 : 5 + arg % 2, r); return;
  default: hostile(p, op % 16 - 10 + (arg & 1), r);
  }
}

/* --- what must hold --- */

/* What `who` has of the contact's texts is 1, 2, 3 ...: no gap, nothing twice. Gives how many. */
static unsigned has_in_order(play *p, int who, uint64_t whose) {
  vls_message_query query = {
      .contact = whose, .oldest_first = true, .received = true, .limit = 1000};
  vls_message_row row;
  unsigned n = 0;
  char text[32];
  while (vls_message_next(p->w->node[who].store, &query, &row)) {
    if (vls_slice_eq(row.body, vls_slice_str("good morning"))) continue;
    snprintf(text, sizeof text, "%u", ++n);
    VLS_ASSERT(vls_slice_eq(row.body, vls_slice_str(text)));
  }
  return n;
}

/* How many of its own texts `who` calls delivered. */
static unsigned delivered(play *p, int who) {
  vls_message_query query = {.contact = 1, .limit = 1000};
  vls_message_row row;
  vls_talk_row talk;
  unsigned n = 0;
  VLS_ASSERT(vls_talk_get(p->w->node[who].store, 1, &talk));
  while (vls_message_next(p->w->node[who].store, &query, &row))
    n += row.state == VLS_MSG_SENT && row.seq <= talk.delivered &&
         !vls_slice_eq(row.body, vls_slice_str("good morning"));
  return n;
}

static void check(play *p) {
  vls_message_query query = {.contact = FAKE_AT_BAO, .received = true, .limit = 1000};
  vls_message_row row;
  unsigned hers = 0;
  for (int who = 0; who < PEOPLE; who++) {
    unsigned there = has_in_order(p, 1 - who, 1), got = delivered(p, who);
    VLS_ASSERT(got <= there && there <= p->said[who]);
  }
  while (vls_message_next(p->w->node[BAO].store, &query, &row))
    hers++;
  VLS_ASSERT(hers <= p->texts);
}

static void peace(play *p) {
  vls_input network = {.type = VLS_IN_NETWORK};
  p->w->held = false;
  p->w->node[ANA].skew_ms = p->w->node[BAO].skew_ms = 0;
  cut_wires(p->w, ANA);
  for (int i = 0; i < 3; i++) {
    run(p->w);
    for (int who = 0; who < PEOPLE; who++) {
      feed(p->w, &p->w->node[who], &network);
      end_batch(p->w, &p->w->node[who]);
    }
    pass(p->w, 400000);
  }
  check(p);
  for (int who = 0; who < PEOPLE; who++)
    VLS_ASSERT(delivered(p, who) == p->said[who]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  static morning m;
  play p;
  reader r = {data, n};
  if (m.mono == 0) make_morning(&m);
  begin(&p, &m);
  for (unsigned i = 0; i < STEPS_MOST && r.n > 0; i++)
    step(&p, &r);
  check(&p);
  peace(&p);
  end(&p);
  return 0;
}
