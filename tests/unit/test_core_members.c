/* Members of groups who are no contacts: links of their own (PEER 4.11). */
#include "core_town.h"

#include "core/members.h"
#include "crypto/kdf.h"

enum { ANA, BAO, CHI };

static void three_strangers(town *t) {
  town_make(t);
  town_init(t, ANA, "Ana");
  town_init(t, BAO, "Bao");
  town_init(t, CHI, "Chi");
}

/* What a group tells node i of node k; and k's card, when it has come. */
static vls_peer *meets(town *t, unsigned i, unsigned k, bool with_card) {
  vls_core *core = t->nodes[i].core, *other = t->nodes[k].core;
  vls_peer *peer = vls_peer_meet(core, other->self.identity.pub);
  uint8_t devices[1][32];
  memcpy(devices[0], other->self.dh.pub, 32);
  vls_member_is(core, peer, (const uint8_t(*)[32])devices, 1);
  peer->member->wanted = true;
  peer->member->circles = 1;
  vls_card_view view;
  vls_slice card = vls_buf_slice(&other->self.card);
  assert_int_equal(vls_card_open(&view, card), VLS_OK);
  if (with_card) vls_member_card(core, peer, &view, card);
  return peer;
}

static bool linked_as_members(town *t, unsigned i, unsigned k) {
  const vls_peer *peer = town_peer(t, i, k);
  return town_linked(t, i, k) && peer->conn->as_member;
}

static size_t contacts(town *t, unsigned i) {
  vls_slice list;
  vls_rpc_contacts all = {0};
  assert_true(town_call(t, i, "contact.list", &vls_rpc_contacts_def, &all));
  list = town_part(t, i, 3);
  return list.n > 0 && (list.p[0] & 0xf0) == 0x90 ? list.p[0] & 0x0f : 99; /* a fixarray */
}

/* Each key is the same at both ends, and no two are alike. */
static void keys_of_members_are_those_of_both(void **state) {
  (void)state;
  uint8_t seed[32] = {7};
  vls_rng rng;
  vls_dh_pair a, b, c;
  vls_member_key ab, ba, ac;
  assert_int_equal(vls_crypto_init(), VLS_OK);
  vls_rng_init(&rng, seed);
  vls_dh_new(&a, &rng);
  vls_dh_new(&b, &rng);
  vls_dh_new(&c, &rng);
  assert_int_equal(vls_member_key_make(&ab, &a, b.pub), VLS_OK);
  assert_int_equal(vls_member_key_make(&ba, &b, a.pub), VLS_OK);
  assert_int_equal(vls_member_key_make(&ac, &a, c.pub), VLS_OK);
  assert_memory_equal(ab.knock, ba.knock, 32);
  assert_memory_equal(ab.psk, ba.psk, 32);
  assert_memory_not_equal(ab.knock, ab.psk, 32);
  assert_memory_not_equal(ab.knock, ac.knock, 32);
  static const uint8_t zeros[32];
  assert_int_equal(vls_member_key_make(&ab, &a, zeros), VLS_FORGED);
}

/* One of them knows where the other is: that is enough, and then both have a card. */
static void two_who_are_no_contacts_link(void **state) {
  (void)state;
  town t;
  three_strangers(&t);
  meets(&t, ANA, BAO, true);
  meets(&t, BAO, ANA, false);
  town_pass(&t, 5000, 500);
  assert_true(linked_as_members(&t, ANA, BAO));
  assert_true(linked_as_members(&t, BAO, ANA));
  assert_int_equal(town_peer(&t, BAO, ANA)->row.card_seq, t.nodes[ANA].core->self.card_seq);
  assert_string_equal(town_peer(&t, BAO, ANA)->row.claim, "Ana");
  assert_int_equal(contacts(&t, ANA), 0);
  assert_int_equal(contacts(&t, BAO), 0);
  /* it lives as any link does: past its two hours, and over a network that was gone */
  town_pass(&t, VLS_LINK_LIFE_MS + 60000, 10000);
  assert_true(linked_as_members(&t, ANA, BAO));
  vls_conn_close(t.nodes[ANA].core, town_peer(&t, ANA, BAO)->conn, VLS_CLOSE_BYE, "");
  town_pass(&t, 10000, 500);
  assert_true(linked_as_members(&t, BAO, ANA));
  town_end(&t);
}

/* After a new start the keys are made again from what the groups say, and the card is on disk. */
static void member_is_dialled_after_a_new_start(void **state) {
  (void)state;
  town t;
  three_strangers(&t);
  meets(&t, ANA, BAO, true);
  meets(&t, BAO, ANA, false);
  town_pass(&t, 5000, 500);
  vls_core_free(t.nodes[BAO].core);
  town_start(&t, BAO, 9);
  town_hello(&t, BAO);
  const vls_peer *peer = town_peer(&t, BAO, ANA);
  assert_non_null(peer);
  assert_int_equal(peer->row.state, VLS_CONTACT_MEMBER);
  assert_null(peer->member);
  assert_true(peer->row.card_seq > 0);
  assert_string_equal(peer->row.claim, "Ana");
  vls_dial_schedule(t.nodes[BAO].core, meets(&t, BAO, ANA, false), 0);
  town_pass(&t, 30000, 500);
  assert_true(linked_as_members(&t, BAO, ANA));
  town_end(&t);
}

static void nobody_else_opens_the_door_of_a_member(void **state) {
  (void)state;
  town t;
  three_strangers(&t);
  meets(&t, ANA, BAO, true); /* Bao knows of no group with Ana */
  meets(&t, CHI, BAO, true); /* nor with Chi, who is in one with Ana */
  meets(&t, BAO, CHI, false);
  town_peer(&t, BAO, CHI)->row.blocked = true;
  town_pass(&t, 60000, 1000);
  assert_false(town_linked(&t, ANA, BAO));
  assert_false(town_linked(&t, CHI, BAO));
  town_end(&t);
}

/* A block is by the id, or by what is shown of them, since there is no petname. */
static void member_is_blocked_and_let_in_again(void **state) {
  (void)state;
  town t;
  char name[VLS_MEMBER_NAME];
  three_strangers(&t);
  meets(&t, ANA, BAO, true);
  meets(&t, BAO, ANA, false);
  town_pass(&t, 5000, 500);
  vls_member_name(town_peer(&t, BAO, ANA), name);
  assert_int_equal(strncmp(name, "~Ana v1", 7), 0);
  vls_rpc_block block = {.who = vls_slice_str(name), .blocked = true};
  assert_true(town_call(&t, BAO, "contact.block", &vls_rpc_block_def, &block));
  town_pass(&t, 120000, 5000);
  assert_false(town_linked(&t, BAO, ANA));
  assert_int_equal(contacts(&t, BAO), 0);
  block = (vls_rpc_block){.who = vls_slice_of(name + 5, 6)}; /* the beginning of the id */
  assert_true(town_call(&t, BAO, "contact.block", &vls_rpc_block_def, &block));
  town_pass(&t, 20000, 500);
  assert_true(linked_as_members(&t, BAO, ANA));
  assert_false(town_say(&t, BAO, name, "hello") &&
               town_peer(&t, BAO, ANA)->n_pending > 0); /* there is no talk with them */
  town_end(&t);
}

/* What was a contact goes on as a member; an invitation makes a contact of it again. */
static void contact_becomes_a_member_and_a_contact_again(void **state) {
  (void)state;
  town t;
  char link[VLS_LINK_TEXT_MAX + 1];
  three_strangers(&t);
  town_friends(&t, ANA, BAO);
  assert_true(town_say(&t, BAO, "Ana", "before"));
  town_pass(&t, 2000, 500);
  meets(&t, ANA, BAO, false);
  meets(&t, BAO, ANA, false);
  assert_false(town_peer(&t, BAO, ANA)->conn->as_member);
  vls_rpc_who who = {.who = vls_slice_str("Bao")};
  assert_true(town_call(&t, ANA, "contact.remove", &vls_rpc_who_def, &who));
  assert_int_equal(town_peer(&t, ANA, BAO)->row.state, VLS_CONTACT_MEMBER);
  assert_int_equal(contacts(&t, ANA), 0);
  /* Bao has her as a contact still: in vain, and then he comes as a member */
  town_pass(&t, 300000, 1000);
  assert_true(linked_as_members(&t, ANA, BAO));
  assert_int_equal(town_peer(&t, BAO, ANA)->row.state, VLS_CONTACT_READY);
  assert_int_equal(contacts(&t, BAO), 1);
  assert_true(town_say(&t, BAO, "Ana", "does it go?"));
  town_pass(&t, 5000, 500);
  assert_true(town_peer(&t, BAO, ANA)->has_queued || town_peer(&t, BAO, ANA)->n_pending > 0);
  town_invite(&t, ANA, link);
  vls_rpc_accept accept = {.link = vls_slice_str(link)};
  assert_true(town_call(&t, BAO, "invite.accept", &vls_rpc_accept_def, &accept));
  town_pass(&t, 60000, 500);
  assert_int_equal(town_peer(&t, ANA, BAO)->row.state, VLS_CONTACT_READY);
  assert_int_equal(town_peer(&t, BAO, ANA)->row.state, VLS_CONTACT_READY);
  assert_true(town_linked(&t, ANA, BAO) && !linked_as_members(&t, ANA, BAO));
  assert_false(town_peer(&t, BAO, ANA)->has_queued);
  assert_true(town_say(&t, ANA, "Bao", "again"));
  town_end(&t);
}

/* In no group together any more: only the memory of them stays, and the door is shut. */
static void who_left_the_last_group_is_nobody_again(void **state) {
  (void)state;
  town t;
  three_strangers(&t);
  meets(&t, ANA, BAO, true);
  meets(&t, BAO, ANA, false);
  town_pass(&t, 5000, 500);
  vls_member_left(t.nodes[BAO].core, town_peer(&t, BAO, ANA));
  town_pass(&t, 120000, 5000);
  assert_false(town_linked(&t, ANA, BAO));
  assert_false(town_linked(&t, BAO, ANA));
  const vls_peer *peer = town_peer(&t, BAO, ANA);
  assert_int_equal(peer->row.state, VLS_CONTACT_REMOVED);
  assert_int_equal(peer->row.card_seq, 0);
  assert_string_equal(peer->row.claim, "Ana"); /* what she said is still here */
  assert_int_equal(t.nodes[BAO].core->n_members, 0);
  town_end(&t);
}

/* A card with another address, by whoever passes it on: the next dial goes there. */
static void newer_card_of_a_member_is_taken(void **state) {
  (void)state;
  town t;
  three_strangers(&t);
  meets(&t, ANA, BAO, true);
  meets(&t, BAO, ANA, false);
  town_pass(&t, 5000, 500);
  uint64_t before = town_peer(&t, BAO, ANA)->row.card_seq;
  vls_slice address = vls_slice_str("a:2");
  vls_input in = {
      .type = VLS_IN_ADDRESSES, .list = &address, .n_list = 1, .list2 = &address, .n_list2 = 1};
  town_feed(&t, ANA, &in);
  vls_conn_close(t.nodes[ANA].core, town_peer(&t, ANA, BAO)->conn, VLS_CLOSE_BYE, "");
  town_pass(&t, 10000, 500);
  assert_true(linked_as_members(&t, BAO, ANA));
  assert_true(town_peer(&t, BAO, ANA)->row.card_seq > before);
  town_end(&t);
}

/* Brought back from a backup onto new keys: the others know only the device before it. */
static void new_device_is_let_in_by_the_keys_of_the_one_before(void **state) {
  (void)state;
  town t;
  three_strangers(&t);
  meets(&t, ANA, BAO, true);
  meets(&t, BAO, ANA, false);
  town_pass(&t, 5000, 500);
  uint64_t link = town_peer(&t, ANA, BAO)->conn->id;
  vls_core_free(t.nodes[BAO].core);
  town_gone(&t, ANA, link);
  vls_self renewed;
  vls_rng rng;
  uint8_t seed[32] = {77};
  vls_slice address = vls_slice_str("b:1");
  vls_rng_init(&rng, seed);
  assert_int_equal(
      vls_self_renew(&renewed, t.nodes[BAO].store, &rng, &address, 1, (uint64_t)t.now.wall_ms),
      VLS_OK);
  vls_self_close(&renewed);
  assert_int_equal(vls_store_commit(t.nodes[BAO].store), VLS_OK);
  t.nodes[ANA].off = true; /* first nobody answers */
  town_start(&t, BAO, 9);
  town_hello(&t, BAO);
  assert_int_equal(t.nodes[BAO].core->self.n_former, 1);
  vls_dial_schedule(t.nodes[BAO].core, meets(&t, BAO, ANA, false), 0);
  town_pass(&t, 5000, 500);
  t.nodes[ANA].off = false;
  town_pass(&t, 120000, 1000);
  assert_true(linked_as_members(&t, BAO, ANA));
  assert_int_equal(town_peer(&t, ANA, BAO)->row.card_seq, t.nodes[BAO].core->self.card_seq);
  /* and Ana's own dial finds it, with the card */
  vls_conn_close(t.nodes[ANA].core, town_peer(&t, ANA, BAO)->conn, VLS_CLOSE_BYE, "");
  town_peer(&t, BAO, ANA)->member->wanted = false;
  town_pass(&t, 60000, 1000);
  assert_true(linked_as_members(&t, BAO, ANA));
  town_end(&t);
}

static void petname_never_looks_like_what_is_shown_of_members(void **state) {
  (void)state;
  town t;
  town_make(&t);
  town_init(&t, ANA, "@~Bao v1abcdefgh");
  town_init(&t, BAO, "Bao");
  town_friends(&t, ANA, BAO);
  assert_string_equal(town_peer(&t, BAO, ANA)->row.name, "Bao v1abcdefgh");
  vls_rpc_rename rename = {.who = vls_slice_str("Bao v1abcdefgh"), .name = vls_slice_str("~x")};
  assert_false(town_call(&t, BAO, "contact.rename", &vls_rpc_rename_def, &rename));
  rename.name = vls_slice_str("@x"); /* nor like a group */
  assert_false(town_call(&t, BAO, "contact.rename", &vls_rpc_rename_def, &rename));
  rename.name = vls_slice_str("x@y");
  assert_true(town_call(&t, BAO, "contact.rename", &vls_rpc_rename_def, &rename));
  town_end(&t);
}

/* Records and STATE are for contacts: a member who says them loses the link, and nothing happens.
 */
static void what_is_for_contacts_ends_the_link_of_a_member(void **state) {
  (void)state;
  town t;
  static const uint8_t record[VLS_RECORD_MIN];
  three_strangers(&t);
  for (int i = 0; i < 2; i++) {
    vls_peer *bao = meets(&t, ANA, BAO, true), *ana = meets(&t, BAO, ANA, false);
    town_pass(&t, 120000, 1000);
    assert_true(linked_as_members(&t, ANA, BAO));
    uint64_t link = bao->conn->id;
    vls_frame_state s = {.state = vls_slice_of(record, sizeof record)};
    vls_err err = i == 0
                      ? vls_link_send_record(ana->conn->link, vls_slice_of(record, sizeof record))
                      : vls_link_send_state(ana->conn->link, &s);
    assert_int_equal(err, VLS_OK);
    vls_conn_touch(t.nodes[BAO].core, ana->conn);
    town_settle(&t);
    assert_null(vls_conn_get(t.nodes[ANA].core, link));
  }
  town_end(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keys_of_members_are_those_of_both),
      cmocka_unit_test(two_who_are_no_contacts_link),
      cmocka_unit_test(member_is_dialled_after_a_new_start),
      cmocka_unit_test(nobody_else_opens_the_door_of_a_member),
      cmocka_unit_test(member_is_blocked_and_let_in_again),
      cmocka_unit_test(contact_becomes_a_member_and_a_contact_again),
      cmocka_unit_test(who_left_the_last_group_is_nobody_again),
      cmocka_unit_test(newer_card_of_a_member_is_taken),
      cmocka_unit_test(new_device_is_let_in_by_the_keys_of_the_one_before),
      cmocka_unit_test(petname_never_looks_like_what_is_shown_of_members),
      cmocka_unit_test(what_is_for_contacts_ends_the_link_of_a_member),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
