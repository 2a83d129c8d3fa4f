/* What a hostile peer, a hostile client, a network in between or the holder of an invitation may
 * try. */
#include "core_town.h"

#include "content/bodies.h"
#include "conv/direct.h"
#include "conv/first.h"
#include "store/sql.h"

/* What became of the one recipient of the last send. */
static vls_rpc_sent last_sent(town *t, unsigned i) {
  vls_slice one;
  size_t n = 0;
  vls_rpc_sent sent;
  assert_int_equal(vls_wire_split(town_part(t, i, 3), VLS_WIRE_LENIENT, &one, 1, &n), VLS_OK);
  assert_int_equal(vls_wire_decode(&vls_rpc_sent_def, VLS_WIRE_LENIENT, one, &sent, NULL), VLS_OK);
  return sent;
}

static void send_to_an_empty_name_is_refused_in_words(void **state) {
  town t;
  (void)state;
  town_make(&t);
  town_init(&t, 0, "ana");
  assert_true(town_say(&t, 0, "", "hello"));
  vls_rpc_sent sent = last_sent(&t, 0);
  assert_int_equal(sent.n, 0);
  assert_true(vls_slice_eq(sent.error, vls_slice_str("not_found")));
  town_end(&t);
}

/* The answer must be UTF-8 itself, or no client can read it. */
static void send_to_a_long_name_is_refused_in_whole_letters(void **state) {
  town t;
  char name[121] = "x";
  (void)state;
  for (size_t i = 1; i < 119; i += 2)
    memcpy(name + i, "\xc3\xa9", 3);
  town_make(&t);
  town_init(&t, 0, "ana");
  assert_true(town_say(&t, 0, name, "hello"));
  assert_int_equal(last_sent(&t, 0).n, 0);
  town_end(&t);
}

static void friends_talk(void **state) {
  town t;
  (void)state;
  town_make(&t);
  town_init(&t, 0, "ana");
  town_init(&t, 1, "bao");
  town_friends(&t, 0, 1);
  assert_true(town_linked(&t, 0, 1) && town_linked(&t, 1, 0));
  assert_true(town_say(&t, 0, "bao", "hello"));
  town_pass(&t, 5000, 500);
  assert_int_equal(town_peer(&t, 0, 1)->talk.delivered, town_peer(&t, 0, 1)->talk.out_seq);
  town_end(&t);
}

/* The attacker's end of a link: what came from the node goes in, what it says goes out. */
typedef struct knocker {
  town_wire *wire;
  vls_link *link;
  vls_rng rng;
  size_t used; /* of what was heard */
  bool up;
  uint64_t closed; /* reason of a CLOSE */
  vls_buf card;
} knocker;

static void knocker_pump(town *t, knocker *k) {
  for (int round = 0; round < 8; round++) {
    vls_buf *out = vls_link_out(k->link);
    town_say_bytes(t, k->wire, vls_buf_slice(out));
    vls_buf_clear(out);
    town_settle(t);
    vls_slice heard = vls_buf_slice(&k->wire->heard);
    if (heard.n > k->used)
      assert_int_equal(vls_link_feed(k->link, vls_slice_of(heard.p + k->used, heard.n - k->used)),
                       VLS_OK);
    k->used = heard.n;
    vls_link_event ev;
    while (vls_link_next(k->link, &k->rng, t->now, &ev) == VLS_OK) {
      if (ev.type == VLS_LINK_EV_UP) k->up = true;
      if (ev.type == VLS_LINK_EV_CLOSE) k->closed = ev.count;
      if (ev.type == VLS_LINK_EV_CARD)
        assert_int_equal(vls_buf_put_slice(&k->card, ev.bytes), VLS_OK);
    }
  }
}

static void knocker_begin(town *t, knocker *k, const vls_dh_pair *s, const uint8_t rs[32],
                          const uint8_t knock[32], const uint8_t psk[32]) {
  static uint8_t seed[32] = {99};
  seed[1]++;
  *k = (knocker){.wire = town_connect(t, TOWN_ATTACKER, 0, 0)};
  vls_rng_init(&k->rng, seed);
  vls_buf_init(&k->card, VLS_CARD_MAX);
  k->link = vls_link_dial(s, rs, knock, psk, &k->rng, t->now);
}

static void knocker_end(knocker *k) {
  vls_link_free(k->link);
  vls_buf_done(&k->card);
}

/* Node 0 is knocked at with an invitation of its, by a key nobody knows. */
static void knock_by_invitation(town *t, knocker *k, const char *text) {
  static const uint8_t zeros[32];
  vls_invite invite;
  uint8_t bytes[VLS_INVITE_BYTES], knock[32], seed[32] = {77};
  vls_rng rng;
  vls_dh_pair own;
  vls_rng_init(&rng, seed);
  vls_dh_new(&own, &rng);
  assert_int_equal(vls_invite_parse(&invite, bytes, vls_slice_str(text)), VLS_OK);
  vls_invite_knock_key(knock, invite.secret);
  knocker_begin(t, k, &own, invite.dh, knock, zeros);
}

static void knock_replayed_spends_nothing(void **state) {
  town t;
  knocker k;
  vls_buf first;
  (void)state;
  town_make(&t);
  town_init(&t, 0, "ana");
  town_init(&t, 1, "bao");
  town_friends(&t, 0, 1);
  const vls_peer *ana = town_peer(&t, 1, 0);
  const vls_self *bao = &t.nodes[1].core->self, *her = &t.nodes[0].core->self;
  knocker_begin(&t, &k, &bao->dh, her->dh.pub, ana->row.knock, ana->row.psk);
  vls_buf_init(&first, VLS_LINK_HELLO_MAX);
  assert_int_equal(vls_buf_put_slice(&first, vls_buf_slice(vls_link_out(k.link))), VLS_OK);
  knocker_pump(&t, &k);
  assert_true(k.up);
  knocker_end(&k);
  town_pass(&t, 120000, 1000);
  for (int i = 0; i < 2 * VLS_KNOCKS_MINUTE; i++) {
    town_wire *wire = town_connect(&t, TOWN_ATTACKER, 0, 0);
    town_say_bytes(&t, wire, vls_buf_slice(&first));
    town_settle(&t);
    assert_int_equal(wire->heard.n, 0);
  }
  knocker_begin(&t, &k, &bao->dh, her->dh.pub, ana->row.knock, ana->row.psk);
  knocker_pump(&t, &k);
  assert_true(k.up);
  knocker_end(&k);
  vls_buf_done(&first);
  town_end(&t);
}

static void invitation_link_without_a_record_ends(void **state) {
  town t;
  knocker k;
  char link[VLS_LINK_TEXT_MAX + 1];
  (void)state;
  town_make(&t);
  town_init(&t, 0, "ana");
  town_invite(&t, 0, link);
  knock_by_invitation(&t, &k, link);
  knocker_pump(&t, &k);
  assert_true(k.up);
  for (int i = 0; i < 6 && k.wire->open; i++) {
    assert_int_equal(vls_link_send_decoy(k.link, 8), VLS_OK);
    knocker_pump(&t, &k);
    town_pass(&t, 20000, 1000);
  }
  assert_false(k.wire->open);
  assert_int_equal(t.nodes[0].core->n_conns, 0);
  knocker_end(&k);
  town_end(&t);
}

/* 0: blocked, 1: removed, 2: neither. */
static bool is_answered_after(int what) {
  town t;
  knocker k;
  char link[VLS_LINK_TEXT_MAX + 1];
  town_make(&t);
  town_init(&t, 0, "ana");
  town_init(&t, 1, "bao");
  town_invite(&t, 0, link);
  assert_true(town_accept(&t, 1, link));
  town_pass(&t, 5000, 500);
  vls_rpc_block block = {.who = vls_slice_str("bao"), .blocked = true};
  vls_rpc_who who = {.who = vls_slice_str("bao")};
  if (what == 0) assert_true(town_call(&t, 0, "contact.block", &vls_rpc_block_def, &block));
  if (what == 1) assert_true(town_call(&t, 0, "contact.remove", &vls_rpc_who_def, &who));
  knock_by_invitation(&t, &k, link);
  knocker_pump(&t, &k);
  bool answered = k.wire->heard.n > 0;
  assert_true(answered || k.wire->open);
  knocker_end(&k);
  town_end(&t);
  return answered;
}

static void invitation_of_the_blocked_is_silent(void **state) {
  (void)state;
  assert_false(is_answered_after(0));
  assert_false(is_answered_after(1));
  assert_true(is_answered_after(2));
}

/* Invitations are not signed: anybody who knows an id can write one that names it. */
static void forged_invitation_leaves_the_old_way_open(void **state) {
  town t;
  char text[VLS_LINK_TEXT_MAX + 1];
  uint8_t seed[32] = {55};
  vls_rng rng;
  vls_dh_pair theirs;
  vls_buf link;
  (void)state;
  town_make(&t);
  town_init(&t, 0, "ana");
  town_init(&t, 1, "bao");
  town_friends(&t, 0, 1);
  vls_rng_init(&rng, seed);
  vls_dh_new(&theirs, &rng);
  vls_invite forged = {.version = 1, .opk_id = 1, .expires = UINT32_MAX, .n_addresses = 1};
  memcpy(forged.identity, t.nodes[0].core->self.identity.pub, 32);
  memcpy(forged.dh, theirs.pub, 32);
  memcpy(forged.opk, theirs.pub, 32);
  forged.addresses[0] = vls_slice_str("z:1");
  vls_buf_init(&link, VLS_LINK_TEXT_MAX);
  assert_int_equal(vls_invite_text(&link, &forged), VLS_OK);
  memcpy(text, link.p, link.n);
  text[link.n] = '\0';
  t.nodes[0].off = t.nodes[1].off = true;
  vls_conn_close(t.nodes[1].core, town_peer(&t, 1, 0)->conn, VLS_CLOSE_BYE, "test");
  town_settle(&t);
  assert_true(town_accept(&t, 1, text));
  assert_true(town_say(&t, 1, "ana", "are you there?"));
  t.nodes[0].off = false; /* bao can reach her, and nobody reaches bao */
  town_pass(&t, 600000, 5000);
  assert_true(town_linked(&t, 1, 0));
  assert_int_equal(town_peer(&t, 1, 0)->row.state, VLS_CONTACT_READY);
  assert_int_equal(town_peer(&t, 1, 0)->talk.delivered, town_peer(&t, 1, 0)->talk.out_seq);
  vls_buf_done(&link);
  town_end(&t);
}

/* The clock may stand still, or have been ahead: the newest session is the one begun last. */
static void session_begun_last_stands_first_after_a_restart(void **state) {
  town t;
  (void)state;
  town_make(&t);
  town_init(&t, 0, "ana");
  town_init(&t, 1, "bao");
  town_friends(&t, 0, 1);
  vls_core *core = t.nodes[0].core;
  vls_peer *peer = town_peer(&t, 0, 1);
  vls_peer_sessions(core, peer);
  static const uint64_t ahead[] = {UINT64_C(4000000000000), UINT64_C(1800000000000),
                                   UINT64_C(1800000000000)};
  for (uint8_t i = 0; i < sizeof ahead / sizeof ahead[0]; i++) {
    vls_session_row row = peer->sessions[0];
    row.created = ahead[i];
    memset(row.ratchet.th, 9 - i, sizeof row.ratchet.th);
    vls_peer_add_session(core, peer, &row);
    vls_peer_unload(core, peer);
    vls_peer_sessions(core, peer);
    assert_int_equal(peer->sessions[0].ratchet.th[0], 9 - i);
  }
  town_end(&t);
}

static void node_stopped_while_it_takes_an_invitation_goes_on(void **state) {
  town t;
  char link[VLS_LINK_TEXT_MAX + 1];
  (void)state;
  town_make(&t);
  town_init(&t, 0, "ana");
  town_init(&t, 1, "bao");
  town_invite(&t, 0, link);
  vls_rpc_accept accept = {.link = vls_slice_str(link)};
  t.nodes[0].off = true;
  assert_true(town_call(&t, 1, "invite.accept", &vls_rpc_accept_def, &accept));
  t.nodes[0].off = false;
  const vls_peer *ana = town_peer(&t, 1, 0);
  for (int i = 0; i < 1000 && ana->prefix.n == 0; i++) {
    t.now.mono_ms += 100;
    town_batch(&t, 0);
    if (ana->prefix.n == 0) town_batch(&t, 1);
  }
  assert_true(ana->prefix.n > 0); /* the card has just come: the session begins in this batch */
  vls_core_drain(t.nodes[1].core, t.now);
  town_settle(&t);
  vls_core_free(t.nodes[1].core);
  town_start(&t, 1, 42);
  town_pass(&t, 60000, 1000);
  assert_int_equal(town_peer(&t, 1, 0)->row.state, VLS_CONTACT_READY);
  town_end(&t);
}

/* Node i goes on from what its store was at `bytes`. */
static void town_restore(town *t, unsigned i, unsigned char *bytes, sqlite3_int64 n) {
  vls_core_free(t->nodes[i].core);
  store_end(t->nodes[i].store);
  t->nodes[i].store = store_in_memory();
  assert_int_equal(
      sqlite3_deserialize(t->nodes[i].store->db, "main", bytes, n, n,
                          SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE),
      SQLITE_OK);
  town_start(t, i, 42);
  town_hello(t, i);
}

/* On a copy of an older state the same numbers would be given to other words: it learns first what
 * it had said. */
static void old_copy_learns_what_it_had_said_before_it_speaks(void **state) {
  town t;
  sqlite3_int64 n = 0;
  (void)state;
  town_make(&t);
  town_init(&t, 0, "ana");
  town_init(&t, 1, "bao");
  town_friends(&t, 0, 1);
  unsigned char *copy = sqlite3_serialize(t.nodes[0].store->db, "main", &n, 0);
  assert_non_null(copy);
  t.deaf = true; /* the receipts do not come before the older state does */
  for (int i = 0; i < 4; i++) {
    assert_true(town_say(&t, 0, "bao", "before"));
    town_pass(&t, 2000, 500);
  }
  uint64_t bao_has = t.nodes[1].core->newest_n;
  assert_int_equal(bao_has, 4);
  town_restore(&t, 0, copy, n);
  t.deaf = false;
  town_pass(&t, 5000, 500);
  for (int i = 0; i < 8; i++) {
    assert_true(town_say(&t, 0, "bao", "after"));
    town_pass(&t, 2000, 500);
  }
  vls_rpc_mark_read shown = {.who = vls_slice_str("ana"), .upto = bao_has};
  town_hello(&t, 1);
  assert_true(town_call(&t, 1, "message.mark_read", &vls_rpc_mark_read_def, &shown));
  town_pass(&t, 5000, 500);
  assert_int_equal(t.nodes[1].core->newest_n, bao_has + 8);
  vls_message_query query = {.limit = 100};
  vls_message_row row;
  const vls_peer *bao = town_peer(&t, 0, 1);
  unsigned texts = 0;
  while (vls_message_next(t.nodes[0].store, &query, &row)) {
    texts++;
    assert_int_equal(row.state, VLS_MSG_SENT);
    assert_true(row.seq <= bao->talk.delivered);
  }
  assert_int_equal(texts, bao_has + 8); /* what was lost is back, once */
  assert_non_null(strstr(bao->row.problem, "old copy of its data"));
  assert_non_null(strstr(town_peer(&t, 1, 0)->row.problem, "an old copy of its data"));
  town_end(&t);
}

static void cid_of_another_text_is_refused(void **state) {
  town t;
  (void)state;
  town_make(&t);
  town_init(&t, 0, "ana");
  town_init(&t, 1, "bao");
  town_friends(&t, 0, 1);
  vls_rpc_send send = {
      .n_to = 1, .text = vls_slice_str("one"), .has_cid = true, .cid = vls_slice_str("1")};
  send.to[0] = vls_slice_str("nobody");
  assert_true(town_call(&t, 0, "send", &vls_rpc_send_def, &send));
  assert_int_equal(last_sent(&t, 0).n, 0);
  send.to[0] = vls_slice_str("bao");
  assert_true(town_call(&t, 0, "send", &vls_rpc_send_def, &send));
  assert_int_equal(last_sent(&t, 0).n, 1);
  assert_true(town_call(&t, 0, "send", &vls_rpc_send_def, &send));
  assert_int_equal(last_sent(&t, 0).n, 1);
  send.text = vls_slice_str("two");
  assert_false(town_call(&t, 0, "send", &vls_rpc_send_def, &send));
  assert_int_equal(t.nodes[0].core->newest_n, 1);
  town_end(&t);
}

/* Bao sends what looks like the first record of a session, up to where it must be opened. */
static void send_half_a_first_record(town *t) {
  vls_core *core = t->nodes[1].core;
  vls_peer *ana = town_peer(t, 1, 0);
  vls_buf card, record;
  vls_card_view view;
  vls_ratchet ratchet;
  vls_x3dh_keys keys;
  vls_buf_init(&card, VLS_CARD_MAX);
  vls_buf_init(&record, VLS_RECORD_MAX);
  assert_true(vls_contact_card(core->store, ana->row.id, &card));
  assert_int_equal(vls_card_open(&view, vls_buf_slice(&card)), VLS_OK);
  vls_first_conf conf = {.ik = &core->self.dh,
                         .card = vls_buf_slice(&core->self.card),
                         .their_card = vls_buf_slice(&card),
                         .their_device = &view.devices[0]};
  assert_int_equal(vls_first_begin(&conf, &core->rng, &ratchet, &keys, &record), VLS_OK);
  assert_non_null(vls_buf_grow(&record, 512));
  assert_int_equal(vls_link_send_record(ana->conn->link, vls_buf_slice(&record)), VLS_OK);
  ana->conn->flight[ana->conn->sent++ % VLS_WINDOW_RECORDS] = (vls_flight){0};
  vls_conn_touch(core, ana->conn);
  vls_buf_done(&card);
  vls_buf_done(&record);
}

static void first_records_have_a_budget(void **state) {
  town t;
  (void)state;
  town_make(&t);
  town_init(&t, 0, "ana");
  town_init(&t, 1, "bao");
  town_friends(&t, 0, 1);
  for (int i = 0; i < 2 * 30; i++) {
    assert_true(town_linked(&t, 1, 0) || i > 25);
    if (!town_linked(&t, 1, 0)) break;
    send_half_a_first_record(&t);
    town_settle(&t);
  }
  assert_false(town_linked(&t, 0, 1));
  town_pass(&t, 120000, 1000); /* and the next minute they talk */
  assert_true(town_say(&t, 0, "bao", "hello"));
  town_pass(&t, 30000, 1000);
  assert_int_equal(town_peer(&t, 0, 1)->talk.delivered, town_peer(&t, 0, 1)->talk.out_seq);
  town_end(&t);
}

static void alarm_about_cards_comes_once(void **state) {
  town t;
  (void)state;
  town_make(&t);
  town_init(&t, 0, "ana");
  town_init(&t, 1, "bao");
  town_friends(&t, 0, 1);
  vls_direct_in in = {.event.n_items = VLS_EVENT_ITEMS};
  vls_buf body;
  vls_buf_init(&body, VLS_CARD_MAX);
  assert_int_equal(vls_body_card(&body, vls_slice_str("no card")), VLS_OK);
  for (size_t i = 0; i < VLS_EVENT_ITEMS; i++)
    in.event.items[i] = (vls_item){VLS_ITEM_CARD, vls_buf_slice(&body)};
  uint64_t before = t.nodes[0].core->newest_c;
  for (int i = 0; i < 10; i++)
    vls_items_take(t.nodes[0].core, town_peer(&t, 0, 1), 1, &in, NULL, &(vls_event_row){0});
  assert_int_equal(t.nodes[0].core->newest_c, before + 1);
  town_settle(&t);
  vls_buf_done(&body);
  town_end(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(friends_talk),
      cmocka_unit_test(send_to_an_empty_name_is_refused_in_words),
      cmocka_unit_test(send_to_a_long_name_is_refused_in_whole_letters),
      cmocka_unit_test(knock_replayed_spends_nothing),
      cmocka_unit_test(invitation_link_without_a_record_ends),
      cmocka_unit_test(invitation_of_the_blocked_is_silent),
      cmocka_unit_test(forged_invitation_leaves_the_old_way_open),
      cmocka_unit_test(session_begun_last_stands_first_after_a_restart),
      cmocka_unit_test(node_stopped_while_it_takes_an_invitation_goes_on),
      cmocka_unit_test(old_copy_learns_what_it_had_said_before_it_speaks),
      cmocka_unit_test(cid_of_another_text_is_refused),
      cmocka_unit_test(first_records_have_a_budget),
      cmocka_unit_test(alarm_about_cards_comes_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
