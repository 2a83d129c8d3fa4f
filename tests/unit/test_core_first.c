/* How a talk begins, and who must not begin one. */
#include "core_fake.h"

#include "crypto/kdf.h"

/* Every citizen may have up to 8 devices: one more brings its own chain of events. */
static void second_device_of_a_contact_has_its_own_events(void **state) {
  (void)state;
  fake f;
  world *w = node_and_fake(&f);
  fake_say(w, &f, "from my first device");
  /* A newer card with two devices, sent as an item. */
  citizen *c = &f.self;
  vls_sign_pair sign;
  vls_dh_pair dh;
  vls_buf cert, spk, card, body;
  vls_sign_new(&sign, &c->rng);
  vls_dh_new(&dh, &c->rng);
  vls_buf_init(&cert, VLS_CARD_MAX);
  vls_buf_init(&spk, VLS_CARD_MAX);
  vls_buf_init(&card, VLS_CARD_MAX);
  vls_buf_init(&body, 2 * VLS_CARD_MAX);
  assert_int_equal(vls_cert_make(&cert, &c->identity, sign.pub, dh.pub, MADE_AT), VLS_OK);
  assert_int_equal(vls_prekey_make(&spk, &sign, 1, dh.pub, MADE_AT), VLS_OK);
  vls_card facts = citizen_facts(c);
  facts.seq = 2;
  assert_int_equal(vls_signed_parse(&facts.devices[1].cert, vls_buf_slice(&cert)), VLS_OK);
  assert_int_equal(vls_signed_parse(&facts.devices[1].spk, vls_buf_slice(&spk)), VLS_OK);
  facts.n_devices = 2;
  assert_int_equal(vls_card_make(&card, &c->identity, &facts), VLS_OK);
  assert_int_equal(vls_body_card(&body, vls_buf_slice(&card)), VLS_OK);
  vls_item item = {VLS_ITEM_CARD, vls_buf_slice(&body)};
  fake_send(w, &f, &item, 1);
  /* And the second device dials, and begins its own session. */
  c->device = sign;
  f.seq = 0;
  memset(f.prev, 0, 32);
  fake_dial_with(w, &f, &dh, f.keys.knock, f.keys.link_psk);
  fake_run(w, &f);
  assert_true(f.up && f.stated);
  vls_card_view view;
  assert_int_equal(vls_card_open(&view, vls_buf_slice(&f.card)), VLS_OK);
  vls_first_conf conf = {.ik = &dh,
                         .card = vls_buf_slice(&card),
                         .device_index = 1,
                         .their_card = vls_buf_slice(&f.card),
                         .their_device = &view.devices[0]};
  vls_buf_clear(&f.prefix);
  assert_int_equal(vls_first_begin(&conf, &c->rng, &f.r, &f.keys, &f.prefix), VLS_OK);
  fake_say(w, &f, "from my second device");
  fake_say(w, &f, "and once more");
  assert_string_equal(received(w, BAO),
                      "from my first device|from my second device|and once more|");
  vls_slice part[8];
  vls_rpc_list p = {0};
  vls_rpc_message m[3];
  assert_true(call(w, BAO, "message.list", &vls_rpc_list_def, &p));
  assert_int_equal(answer_list(w, BAO, part, 8), 3);
  for (int i = 0; i < 3; i++)
    assert_int_equal(vls_wire_decode(&vls_rpc_message_def, VLS_WIRE_STRICT, part[i], &m[i], NULL),
                     VLS_OK);
  assert_true(m[0].has_item && m[1].has_item && m[2].has_item);
  assert_false(vls_slice_eq(m[0].item, m[1].item));
  assert_true(mark_read(w, BAO, "Ana", 100));
  vls_buf_done(&cert);
  vls_buf_done(&spk);
  vls_buf_done(&card);
  vls_buf_done(&body);
  finish(w, &f);
}

static void knock_with_a_key_that_is_not_the_contact_s_ends(void **state) {
  (void)state;
  fake f;
  vls_dh_pair other;
  world *w = node_and_fake(&f);
  vls_dh_new(&other, &f.self.rng);
  uint64_t records = f.records;
  fake_dial_with(w, &f, &other, f.keys.knock, f.keys.link_psk);
  fake_run(w, &f);
  assert_true(log_says(w, BAO, "a key that is not known"));
  say(w, BAO, "Ana", "for her alone");
  fake_say(w, &f, "not hers");
  pass(w, 59000);
  fake_run(w, &f);
  assert_false(w->fake_closed);
  assert_false(f.stated);
  pass(w, 2000);
  assert_true(w->fake_closed);
  assert_int_equal(f.records, records); /* it was told nothing, and not heard */
  assert_int_equal(f.acks, 0);
  assert_string_equal(received(w, BAO), "");
  finish(w, &f);
}

/* Two at a time of one contact are waited for; whoever comes while they are there is not. */
static void links_with_an_unknown_key_are_few(void **state) {
  (void)state;
  fake f;
  vls_dh_pair other;
  vls_link *open[3] = {0};
  world *w = node_and_fake(&f);
  vls_dh_new(&other, &f.self.rng);
  for (int i = 0; i < 3; i++) {
    if (i > 0) f.link = NULL; /* it stays */
    fake_dial_with(w, &f, &other, f.keys.knock, f.keys.link_psk);
    fake_run(w, &f);
    assert_int_equal(w->fake_closed, i == 2);
    open[i] = f.link;
  }
  pass(w, 61000); /* their time is over: there is room again */
  f.link = NULL;
  fake_dial_with(w, &f, &other, f.keys.knock, f.keys.link_psk);
  fake_run(w, &f);
  assert_false(w->fake_closed);
  for (int i = 0; i < 3; i++)
    vls_link_free(open[i]);
  finish(w, &f);
}

/* More than 600,000 records a minute can't be tried here; bytes are counted by the same bucket. */
static void first_record_of_a_stranger_without_an_invitation_is_nothing(void **state) {
  (void)state;
  fake f, g;
  char link[520];
  vls_invite invited;
  uint8_t bytes[VLS_INVITE_BYTES];
  world *w = node_and_fake(&f);
  /* g holds an invitation, but its first record names none: opk id 0. */
  fake_make(&g, 2);
  fake_take_link(w, &g, BAO, invite(w, BAO, link), &invited, bytes);
  fake_begin(&g, 0, NULL);
  fake_hello(w, &g);
  vls_slice part[8];
  assert_true(call(w, BAO, "contact.list", NULL, NULL));
  assert_int_equal(answer_list(w, BAO, part, 8), 1);
  /* Nor one that names another invitation than the one it knocked with. */
  fake_take_link(w, &g, BAO, vls_slice_str(link), &invited, bytes);
  if (g.up) {
    uint8_t wrong[32] = {9};
    g.seq = 0;
    memset(g.prev, 0, 32);
    fake_begin(&g, (uint32_t)invited.opk_id + 1, wrong);
    fake_hello(w, &g);
  }
  assert_true(call(w, BAO, "contact.list", NULL, NULL));
  assert_int_equal(answer_list(w, BAO, part, 8), 1);
  /* The invitation itself is still good. */
  fake_take_link(w, &g, BAO, vls_slice_str(link), &invited, bytes);
  assert_true(g.up);
  g.seq = 0;
  memset(g.prev, 0, 32);
  fake_begin(&g, (uint32_t)invited.opk_id, invited.opk);
  fake_hello(w, &g);
  assert_true(call(w, BAO, "contact.list", NULL, NULL));
  assert_int_equal(answer_list(w, BAO, part, 8), 2);
  fake_end(&g);
  finish(w, &f);
}

/* A thief of Bao's store has all his keys: no first record of his makes Bao see Ana. */
static void first_record_without_ana_s_signature_makes_no_contact(void **state) {
  (void)state;
  for (int what = 0; what < 3; what++) {
    fake f;
    char link[520];
    vls_invite invited;
    uint8_t bytes[VLS_INVITE_BYTES];
    world *w = world_new(0);
    node_start(w, BAO);
    say_hello(w, BAO, CLIENT);
    vls_rpc_init init = {.name = vls_slice_str("Bao")};
    assert_true(call(w, BAO, "init", &vls_rpc_init_def, &init));
    fake_make(&f, 1);
    fake_take_link(w, &f, BAO, invite(w, BAO, link), &invited, bytes);
    fake_begin(&f, (uint32_t)invited.opk_id, invited.opk);
    citizen other;
    citizen_make(&other, 50);
    if (what == 0) memcpy(f.self.device.priv, other.device.priv, 64); /* not her device's key */
    if (what == 1) { /* no signature over th at all: sealed as if it were not the first */
      vls_buf record, prefix = f.prefix;
      vls_buf_init(&record, VLS_RECORD_MAX);
      f.prefix = (vls_buf){0};
      vls_item item = {VLS_ITEM_HELLO, vls_slice_str("\x91\x01")};
      vls_buf inner;
      vls_buf_init(&inner, VLS_RECORD_MAX);
      fake_seal(&f, &item, 1, &inner);
      assert_int_equal(vls_buf_put_slice(&record, vls_buf_slice(&prefix)), VLS_OK);
      assert_int_equal(vls_buf_put_slice(&record, vls_buf_slice(&inner)), VLS_OK);
      fake_send_record(w, &f, vls_buf_slice(&record));
      vls_buf_done(&record);
      vls_buf_done(&inner);
      vls_buf_done(&prefix);
      vls_buf_init(&f.prefix, VLS_RECORD_MAX);
    }
    if (what == 2) { /* a card that is not the one of the link's key */
      vls_buf card = f.self.card;
      f.self.card = other.card;
      fake_begin(&f, (uint32_t)invited.opk_id, invited.opk);
      f.self.card = card;
    }
    if (what != 1) fake_hello(w, &f);
    vls_slice part[8];
    assert_true(call(w, BAO, "contact.list", NULL, NULL));
    assert_int_equal(answer_list(w, BAO, part, 8), 0);
    citizen_end(&other);
    finish(w, &f);
  }
}

/* Somebody at the address of an invitation shows a card of their own. */
static void another_s_card_at_the_invitation_s_address_is_an_alarm(void **state) {
  (void)state;
  world *w = world_new(1);
  fake f;
  vls_invite invite = {.version = 1, .opk_id = 1, .expires = UINT32_MAX, .n_addresses = 1};
  vls_buf link;
  vls_dh_pair opk;
  citizen bao;
  citizen_make(&bao, 60);
  fake_make(&f, 61);
  vls_dh_new(&opk, &bao.rng);
  vls_buf_init(&link, 512);
  memcpy(invite.identity, bao.identity.pub, 32);
  memcpy(invite.dh, f.self.dh.pub, 32); /* as if they had the key of his device */
  memcpy(invite.opk, opk.pub, 32);
  memset(invite.secret, 7, 32);
  invite.addresses[0] = vls_slice_str(node_addresses[FAKE]);
  assert_int_equal(vls_invite_text(&link, &invite), VLS_OK);
  subscribe(w, ANA, CLIENT, NULL);
  assert_true(accept_link(w, ANA, vls_buf_slice(&link), "Bao"));
  pass(w, 0);
  /* Answer Ana's dial: the accepting side of a link, by hand. */
  uint8_t knock[32];
  static const uint8_t zeros[32];
  vls_link_event ev;
  vls_invite_knock_key(knock, invite.secret);
  vls_link *server = vls_link_accept(&f.self.dh, fake_now(w));
  wire *line = NULL;
  for (size_t i = 0; i < w->n_wires; i++)
    if (w->wires[i].alive && w->wires[i].who[1] == FAKE) line = &w->wires[i];
  assert_non_null(line);
  for (int i = 0; i < 10; i++) {
    assert_int_equal(vls_link_feed(server, vls_buf_slice(&w->fake_in)), VLS_OK);
    vls_buf_clear(&w->fake_in);
    while (vls_link_next(server, &f.self.rng, fake_now(w), &ev) == VLS_OK) {
      if (ev.type == VLS_LINK_EV_KNOCK) {
        assert_int_equal(vls_link_try(server, knock), VLS_OK);
        vls_link_admit(server, zeros);
      }
      if (ev.type == VLS_LINK_EV_PEER) vls_link_approve(server);
      if (ev.type == VLS_LINK_EV_UP)
        assert_int_equal(vls_link_send_card(server, vls_buf_slice(&f.self.card)), VLS_OK);
      if (ev.type == VLS_LINK_EV_CLOSE) break;
    }
    put_packet(w, ANA, line->id[0], VLS_IN_BYTES, vls_buf_slice(vls_link_out(server)));
    vls_buf_drop(vls_link_out(server), vls_link_out(server)->n);
    run(w);
  }
  contact c = look_up(w, ANA, "Bao");
  assert_string_equal(c.state, "failed");
  assert_non_null(strstr(c.problem, "not who invited you"));
  assert_false(c.row.online);
  assert_int_equal(count_told(w, ANA, CLIENT, "alarm"), 1);
  assert_true(w->fake_closed);
  vls_link_free(server);
  vls_buf_done(&link);
  citizen_end(&bao);
  fake_end(&f);
  world_free(w);
}

int main(void) {
  if (vls_crypto_init() != VLS_OK) return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(second_device_of_a_contact_has_its_own_events),
      cmocka_unit_test(knock_with_a_key_that_is_not_the_contact_s_ends),
      cmocka_unit_test(links_with_an_unknown_key_are_few),
      cmocka_unit_test(first_record_of_a_stranger_without_an_invitation_is_nothing),
      cmocka_unit_test(first_record_without_ana_s_signature_makes_no_contact),
      cmocka_unit_test(another_s_card_at_the_invitation_s_address_is_an_alarm),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
