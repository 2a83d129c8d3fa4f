/* What the items of a verified event do here. The wings don't know each other: the core hands
 * things on. */
#include <stdio.h>

#include "base/text.h"
#include "content/bodies.h"
#include "conv/direct.h"
#include "core/circle_door.h"
#include "core/remarks.h"
#include "core/state.h"
#include "store/messages.h"

typedef struct taking {
  vls_core *core;
  vls_peer *peer;
  uint64_t device;
  const vls_direct_in *in;
  const uint8_t *hash;
  uint64_t first, last; /* texts */
} taking;

static vls_saying saying_of(const taking *t, size_t index) {
  return (vls_saying){.talk = t->peer->row.id,
                      .author = t->peer->row.id,
                      .state = VLS_MSG_RECEIVED,
                      .device = t->device,
                      .seq = t->in->event.seq,
                      .idx = index,
                      .stamp = t->in->event.stamp,
                      .hash = t->hash};
}

static void took(taking *t, uint64_t n) {
  if (t->first == 0) t->first = n;
  t->last = n;
  t->peer->receipt_due = true;
}

static void take_text(taking *t, vls_slice text, size_t index) {
  vls_message_row row = {.n = ++t->core->newest_n,
                         .contact = t->peer->row.id,
                         .state = VLS_MSG_RECEIVED,
                         .device = t->device,
                         .seq = t->in->event.seq,
                         .idx = index,
                         .stamp = t->in->event.stamp,
                         .at = vls_core_wall(t->core),
                         .body = text};
  vls_message_put(t->core->store, &row);
  vls_saying saying = saying_of(t, index);
  vls_remark_text_came(t->core, &saying, row.n);
  t->peer->unread++; /* of no account while it is not known */
  took(t, row.n);
}

static vls_err take_remark(taking *t, size_t index) {
  uint64_t n;
  vls_saying saying = saying_of(t, index);
  const vls_item *item = &t->in->event.items[index];
  vls_err err = vls_remark_take(t->core, &saying, item, &n);
  if (err != VLS_OK) return err;
  if (item->kind == VLS_REMARK_REPLY) t->peer->unread++;
  took(t, n);
  return VLS_OK;
}

/* The first receipt after my hello: they are there. */
static void confirmed(vls_core *core, vls_peer *peer) {
  if (peer->row.state != VLS_CONTACT_PENDING || !vls_peer_settle(core, peer)) return;
  vls_feed_add(core, VLS_FEED_CONTACT, peer, 0, 0, "");
}

/* A range that clients are told holds no text of mine but those it is about. */
static void tell_runs(vls_core *core, vls_peer *peer, vls_feed_type type, uint64_t from,
                      uint64_t to, uint64_t device) {
  bool is_former = device != 0; /* each text has its own state then */
  vls_message_part part = {peer->row.id, device, from, to, is_former && type == VLS_FEED_READ};
  uint64_t first, last = 0;
  while (vls_message_run(core->store, &part, last, &first, &last))
    vls_feed_add(core, type, peer, first, last, "");
}

static void delivered(vls_core *core, vls_peer *peer, uint64_t to) {
  uint64_t first, last;
  if (to <= peer->talk.delivered) return;
  if (core->mixed)
    tell_runs(core, peer, VLS_FEED_DELIVERED, peer->talk.delivered + 1, to, 0);
  else if (vls_message_range(core->store, peer->row.id, peer->talk.delivered + 1, to, &first,
                             &last))
    vls_feed_add(core, VLS_FEED_DELIVERED, peer, first, last, "");
  vls_outbox_delivered(core->store, peer->row.id, to);
  peer->talk.delivered = to;
  peer->talk_dirty = true;
  confirmed(core, peer);
}

/* Once, however often they do it. */
/* They have other words of ours than this node knows of: its state is older than theirs. */
static void on_stale(vls_core *core, vls_peer *peer) {
  vls_peer_alarm(core, peer,
                 "they have texts of yours that this node never wrote: it runs on an old "
                 "copy of its data. What you write now may not arrive; tell them over "
                 "another way");
}

/* Does it end with an event of mine, and the same as here? */
static bool is_for_mine(vls_core *core, vls_peer *peer, const vls_receipt_range *r) {
  uint8_t head[32];
  bool sent = r->to <= peer->talk.out_seq;
  if (r->to == peer->talk.out_seq)
    memcpy(head, peer->talk.out_prev, sizeof head);
  else if (sent && !vls_event_head(core->store, peer->row.id, 0, r->to, head))
    return false; /* it went with a contact that was removed and met again */
  bool same = sent && memcmp(r->head, head, sizeof r->head) == 0;
  /* While I take back what I lost, they may be ahead of me: I shall ask again (PEER 6.5). */
  bool behind = peer->conn != NULL && peer->conn->standing.behind;
  if (!same && !behind) on_stale(core, peer);
  return same;
}

static void take_receipt(vls_core *core, vls_peer *peer, const vls_item_receipt *receipt) {
  for (size_t i = 0; i < receipt->n_ranges; i++) {
    const vls_receipt_range *r = &receipt->ranges[i];
    if (r->to <= peer->talk.delivered && (receipt->level < 2 || r->to <= peer->talk.seen)) continue;
    if (!is_for_mine(core, peer, r)) continue;
    /* Events are taken in order, so a receipt for `to` covers what came before it. */
    delivered(core, peer, r->to);
    if (receipt->level < 2 || r->to <= peer->talk.seen) continue;
    uint64_t first, last;
    if (core->mixed)
      tell_runs(core, peer, VLS_FEED_READ, peer->talk.seen + 1, r->to, 0);
    else if (vls_message_span(core->store, peer->row.id, peer->talk.seen + 1, r->to, &first, &last))
      vls_feed_add(core, VLS_FEED_READ, peer, first, last, "");
    peer->talk.seen = r->to;
    peer->talk_dirty = true;
  }
}

/* They hold events of a device of mine that is no more, up to this one. */
static void take_held(vls_core *core, vls_peer *peer, const vls_item_held *held) {
  vls_former_chain chain;
  uint8_t head[32];
  if (!vls_former_chain_get(core->store, peer->row.id, held->device, &chain)) return;
  bool same = held->to == chain.seq;
  if (same)
    memcpy(head, chain.head, sizeof head);
  else if (held->to > 0)
    same = vls_event_head(core->store, peer->row.id, chain.number, held->to, head);
  if (held->to > 0 && (!same || memcmp(head, held->head, sizeof head) != 0)) return;
  tell_runs(core, peer, VLS_FEED_DELIVERED, 1, held->to, chain.number);
  vls_former_chain_prove(core->store, peer->row.id, chain.number, held->to,
                         held->to == 0 || held->to >= chain.seq);
  uint64_t read = held->read < held->to ? held->read : held->to;
  tell_runs(core, peer, VLS_FEED_READ, 1, read, chain.number);
  vls_former_chain_read(core->store, peer->row.id, chain.number, read);
}

void vls_items_take(vls_core *core, vls_peer *peer, uint64_t device, const vls_direct_in *in,
                    const uint8_t hash[32], vls_event_row *row) {
  taking t = {.core = core, .peer = peer, .device = device, .in = in, .hash = hash};
  for (size_t i = 0; i < in->event.n_items; i++) {
    vls_content c;
    vls_err err = vls_content_read(&c, &in->event.items[i]);
    if (err == VLS_NOT_FOUND) {
      err = take_remark(&t, i);
      if (err == VLS_OK) continue;
    }
    if (err != VLS_OK) { /* it was said and signed; we can't show it, and say so */
      vls_core_log(core, VLS_NOTICE, "item not shown contact=%llu kind=%llu why=%s",
                   (unsigned long long)peer->row.id, (unsigned long long)in->event.items[i].kind,
                   err == VLS_NOT_FOUND ? "unknown kind" : vls_err_name(err));
      peer->receipt_due = true;
      continue;
    }
    switch (c.kind) {
    case VLS_ITEM_HELLO: peer->receipt_due = true; break;
    case VLS_ITEM_TEXT: take_text(&t, c.text, i); break;
    case VLS_ITEM_RECEIPT: take_receipt(core, peer, &c.receipt); break;
    case VLS_ITEM_CARD: vls_cards_item(core, peer, c.card); break;
    case VLS_ITEM_HELD: take_held(core, peer, &c.held); break;
    case VLS_ITEM_GROUP:
      peer->receipt_due = true;
      vls_circle_invited(core, peer, &c.group);
      break;
    case VLS_ITEM_GONE: break;
    }
  }
  row->first = t.first;
  row->last = t.last;
  if (t.first != 0) vls_feed_add(core, VLS_FEED_MESSAGE, peer, t.first, t.last, "");
}
