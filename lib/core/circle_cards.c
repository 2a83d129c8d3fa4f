/* Cards of members, which say where they can be reached: who holds what, and passing them on
 * (GROUP 7.12). The cards themselves are where those of contacts are. */
#include <stdlib.h>

#include "base/assert.h"
#include "citizen/card.h"
#include "core/circle.h"
#include "core/circle_members.h"
#include "core/members.h"
#include "core/state.h"

/* Each citizen of the group once, ascending. */
typedef struct walk {
  uint32_t leaf;
  uint8_t last[32];
  const uint8_t *identity;
  const vls_peer *peer; /* NULL: me */
  uint64_t seq;         /* of the card that is here; 0 */
} walk;

static bool next_person(vls_core *core, vls_circle *circle, walk *w) {
  vls_group_seat seat;
  while (vls_group_seat_at(circle->group, w->leaf++, &seat)) {
    if (w->leaf > 1 && memcmp(w->last, seat.identity, 32) == 0) continue;
    memcpy(w->last, seat.identity, 32);
    w->identity = w->last;
    bool me = memcmp(w->last, core->self.identity.pub, 32) == 0;
    w->peer = me ? NULL : vls_peer_by_identity(core, w->last);
    w->seq = me ? core->self.card_seq : w->peer == NULL ? 0 : w->peer->row.card_seq;
    return true;
  }
  return false;
}

static void put_at(vls_buf *list, const uint8_t identity[32], uint64_t seq) {
  uint8_t at[VLS_CARD_AT];
  memcpy(at, identity, 8);
  vls_be64_put(at + 8, seq);
  vls_err err = vls_buf_put(list, at, sizeof at);
  VLS_ASSERT(err == VLS_OK); /* there are no more citizens in a group than it has room for */
}

static void list_init(vls_buf *list) {
  vls_buf_init(list, VLS_GROUP_CITIZENS * VLS_CARD_AT);
}

static void say(vls_core *core, vls_circle *circle, vls_conn *conn, uint64_t turn, vls_slice list) {
  vls_group_cards cards = {.turn = turn, .cards = list};
  vls_buf body;
  vls_buf_init(&body, vls_group_cards_def.max_bytes);
  vls_err err = vls_wire_encode(&vls_group_cards_def, &cards, &body);
  VLS_ASSERT(err == VLS_OK);
  vls_circle_send(core, circle, conn, VLS_GROUP_FRAME_CARDS, vls_buf_slice(&body));
  vls_buf_done(&body);
}

void vls_circle_cards_begin(vls_core *core, vls_circle *circle, vls_conn *conn) {
  walk w = {0};
  vls_buf list;
  list_init(&list);
  while (next_person(core, circle, &w))
    if (w.seq > 0) put_at(&list, w.identity, w.seq);
  say(core, circle, conn, 1, vls_buf_slice(&list));
  vls_buf_done(&list);
}

static int by_prefix(const void *identity, const void *at) {
  return memcmp(identity, at, 8);
}

/* They are ascending, or what is out of order is not found. */
static const uint8_t *find(vls_slice list, const uint8_t identity[32]) {
  if (list.n == 0) return NULL;
  return bsearch(identity, list.p, list.n / VLS_CARD_AT, VLS_CARD_AT, by_prefix);
}

static bool may_give(vls_core *core, vls_conn *conn) {
  return vls_budget_take(&conn->peer->notes, core->now.mono_ms, 1, VLS_NOTES_MINUTE);
}

void vls_circle_cards_heard(vls_core *core, vls_circle *circle, vls_conn *conn, vls_slice body) {
  vls_group_cards cards;
  walk w = {0};
  vls_buf wanted;
  unsigned given = 0;
  if (vls_wire_decode(&vls_group_cards_def, VLS_WIRE_STRICT, body, &cards, NULL) != VLS_OK) return;
  list_init(&wanted);
  while (next_person(core, circle, &w)) {
    const uint8_t *at = find(cards.cards, w.identity);
    uint64_t theirs = at == NULL ? 0 : vls_be64_get(at + 8);
    bool asked = at != NULL ? cards.turn != 3 : cards.turn == 1;
    bool owner = w.peer == conn->peer;
    if (asked && !owner && w.seq > theirs && given < VLS_CARDS_ROUND && may_give(core, conn)) {
      vls_circle_send_card(core, circle, conn, w.peer == NULL ? 0 : w.peer->row.id);
      given++;
    }
    if (cards.turn != 2 && w.peer != NULL && theirs > w.seq) put_at(&wanted, w.identity, w.seq);
  }
  if (wanted.n > 0) say(core, circle, conn, 2, vls_buf_slice(&wanted));
  vls_buf_done(&wanted);
}

bool vls_circle_card_note(vls_core *core, vls_circle *circle, vls_conn *conn, vls_slice bytes) {
  vls_signed s;
  vls_card card;
  vls_card_view view;
  if (!vls_budget_take(&conn->peer->notes, core->now.mono_ms, 1, VLS_NOTES_MINUTE)) return false;
  if (vls_signed_parse(&s, bytes) != VLS_OK ||
      vls_wire_decode(&vls_card_def, VLS_WIRE_STRICT, s.body, &card, NULL) != VLS_OK)
    return false;
  /* Looked at before three signatures are checked. */
  vls_peer *peer = vls_peer_by_identity(core, card.identity);
  if (peer == NULL || peer->member == NULL || card.seq <= peer->row.card_seq) return false;
  if (vls_group_level(circle->group, card.identity) == VLS_LEVEL_NONE) return false;
  if (vls_card_open(&view, bytes) != VLS_OK) return false;
  return vls_cards_take(core, peer, &view, bytes);
}

void vls_circle_card_came(vls_core *core, const vls_peer *peer) {
  if (peer->member == NULL) return;
  peer->member->card_news = core->cards_moved = true;
}

static void tell_one(vls_core *core, vls_circle *circle) {
  walk w = {0};
  vls_buf list;
  list_init(&list);
  while (next_person(core, circle, &w))
    if (w.peer != NULL && w.peer->member != NULL && w.peer->member->card_news)
      put_at(&list, w.identity, w.seq);
  for (size_t i = 0; i < circle->n_links && list.n > 0; i++)
    say(core, circle, circle->links[i].conn, 3, vls_buf_slice(&list));
  vls_buf_done(&list);
}

void vls_circle_cards_tell(vls_core *core) {
  if (!core->cards_moved) return;
  core->cards_moved = false;
  for (size_t i = 0; i < core->n_circles; i++)
    if (vls_circle_is_mine(core->circles[i])) tell_one(core, core->circles[i]);
  for (size_t i = 0; i < core->n_peers; i++)
    if (core->peers[i]->member != NULL) core->peers[i]->member->card_news = false;
}

void vls_circle_card_changed(vls_core *core) {
  for (size_t i = 0; i < core->n_conns; i++) {
    vls_conn *conn = core->conns[i];
    bool live = conn->as_member && conn->up && conn->peer != NULL && conn->peer->conn == conn;
    if (live && vls_link_send_card(conn->link, vls_buf_slice(&core->self.card)) == VLS_OK)
      vls_conn_touch(core, conn);
  }
}
