/* A member who holds all keys of the group and follows none of its rules. */
#include "group_craft.h"

#include "crypto/pad.h"

enum { ANA, BAO, MAL };

static void three(world *w, uint8_t seed) {
  world_make(w, 3, seed);
  world_fill(w);
}

/* Refused by everybody alike, and nobody is any different after it. */
static void refused_everywhere(world *w, craft *c, node *from, vls_err want) {
  vls_slice record = craft_seal(c, from);
  for (size_t i = 0; i < w->n; i++) {
    node *x = &w->nodes[i];
    if (x == from) continue;
    uint8_t root[2][32];
    size_t acts = x->group->n_acts, rows = x->group->n_rows;
    vls_group_root(x->group, root[0]);
    assert_int_equal(vls_group_hear(x->group, record, w->now), want);
    vls_group_root(x->group, root[1]);
    assert_memory_equal(root[0], root[1], 32);
    assert_int_equal(x->group->n_acts, acts);
    assert_int_equal(x->group->n_rows, rows);
  }
}

static void acts_above_ones_level_are_refused(void **state) {
  (void)state;
  world w;
  three(&w, 51);
  node *mal = &w.nodes[MAL];
  const uint8_t *bao = w.nodes[BAO].who.identity.pub, *ana = w.nodes[ANA].who.identity.pub;
  for (unsigned k = 0; k < 5; k++) {
    craft c;
    vls_act_set set = {.level = VLS_LEVEL_MEMBER};
    vls_act_remove remove = {0};
    vls_act_rules rules = {.rules = world_rules()};
    vls_act_invite invite = {.uses = 5};
    craft_begin(&c, mal);
    memcpy(set.who, k == 0 ? bao : mal->who.identity.pub, 32);
    memcpy(remove.who, k == 2 ? bao : ana, 32);
    if (k < 2) craft_item(&c, VLS_GROUP_SET, &vls_act_set_def, &set);
    if (k == 2) craft_item(&c, VLS_GROUP_REMOVE, &vls_act_remove_def, &remove);
    if (k == 3) craft_item(&c, VLS_GROUP_RULES, &vls_act_rules_def, &rules);
    if (k == 4) craft_item(&c, VLS_GROUP_INVITE, &vls_act_invite_def, &invite);
    refused_everywhere(&w, &c, mal, VLS_STATE);
    craft_done(&c);
  }
  world_end(&w);
}

static void another_genesis_is_refused(void **state) {
  (void)state;
  world w;
  craft c;
  three(&w, 52);
  node *mal = &w.nodes[MAL];
  vls_act_genesis genesis = {.version = 1, .n_founders = 1, .rules = world_rules()};
  vls_act_commit commit = {.fresh = true, .made = 1, .dh = {mal->leaf.pub, 32}};
  memcpy(genesis.founders[0], mal->who.identity.pub, 32);
  assert_int_equal(vls_signed_parse(&genesis.cert, mal->me.cert), VLS_OK);
  craft_begin(&c, mal);
  craft_item(&c, VLS_GROUP_GENESIS, &vls_act_genesis_def, &genesis);
  craft_item(&c, VLS_GROUP_COMMIT, &vls_act_commit_def, &commit);
  c.said.header.n_acts = 0;
  memset(c.said.header.group, 0, 32);
  refused_everywhere(&w, &c, mal, VLS_FORGED);
  craft_done(&c);
  world_end(&w);
}

/* Seals an event by the chain of another member, which every member could. */
static void seal_as(craft *c, node *mal, const node *victim) {
  uint8_t mk[32], n24[VLS_N24] = {1};
  gr_epoch *e = vls_gr_best(mal->group, true);
  uint32_t leaf = vls_gr_leaf_of(&e->roster, vls_gr_device(mal->group, victim->who.device.pub));
  gr_chain chain = e->chains[leaf];
  vls_group_where where = {vls_group_id(mal->group), victim->who.identity.pub,
                           victim->who.device.pub, e->roster.root};
  vls_buf plain;
  vls_buf_init(&plain, VLS_GROUP_RECORD_MAX);
  assert_int_equal(vls_group_write(&plain, &c->said, &where), VLS_OK);
  assert_int_equal(vls_pad(&plain, VLS_GROUP_EXTRA), VLS_OK);
  vls_chain_step(chain.ck, mk);
  vls_buf_clear(&c->record);
  uint8_t *out = vls_buf_grow(&c->record, plain.n + VLS_GROUP_EXTRA);
  vls_group_seal(out, &e->keys, mk, (vls_group_head){leaf, chain.next}, n24, vls_buf_slice(&plain));
  vls_buf_done(&plain);
}

/* Mal seals words of their own with Ana's next key: refused at once, or waiting for acts that never
 * come. What Ana then seals with that key is heard all the same. */
static void forged_seal_does_not_spend_a_key(void **state) {
  (void)state;
  for (unsigned waits = 0; waits < 2; waits++) {
    world w;
    craft c;
    uint8_t id[32];
    three(&w, (uint8_t)(53 + 20 * waits));
    node *ana = &w.nodes[ANA], *bao = &w.nodes[BAO], *mal = &w.nodes[MAL];
    craft_begin(&c, mal);
    craft_text(&c, "I am Ana");
    memcpy(c.said.header.author, ana->who.identity.pub, 32);
    memcpy(c.said.header.device, ana->who.device.pub, 32);
    if (waits == 1) memset(c.said.header.acts[0], 0x77, 32);
    assert_int_equal(vls_group_sign(&c.said, &mal->who.device), VLS_OK);
    seal_as(&c, mal, ana);
    assert_int_equal(vls_group_hear(bao->group, vls_buf_slice(&c.record), w.now),
                     waits == 1 ? VLS_AGAIN : VLS_FORGED);
    assert_int_equal(world_say(&w, ana, "I am", id), VLS_OK);
    assert_true(world_has(bao, id));
    craft_done(&c);
    world_end(&w);
  }
}

static void device_of_somebody_else_is_refused(void **state) {
  (void)state;
  world w;
  craft c;
  three(&w, 62);
  craft_begin(&c, &w.nodes[MAL]);
  craft_text(&c, "Ana, by the device of Mal");
  memcpy(c.said.header.author, w.nodes[ANA].who.identity.pub, 32);
  refused_everywhere(&w, &c, &w.nodes[MAL], VLS_FORGED);
  craft_done(&c);
  world_end(&w);
}

/* Bao's words, and words to another roster, under a seal that says nothing of it. */
static void words_of_and_to_others_are_not_passed_on(void **state) {
  (void)state;
  world w;
  uint8_t id[32];
  craft c;
  three(&w, 63);
  node *mal = &w.nodes[MAL];
  w.nodes[ANA].part = 1;
  assert_int_equal(world_say(&w, &w.nodes[BAO], "to you alone", id), VLS_OK);
  vls_group_where where = {.group = vls_group_id(mal->group)};
  craft_begin(&c, mal);
  assert_int_equal(
      vls_group_read(&c.said, vls_buf_slice(&blobs_find(&mal->events, id)->bytes), &where), VLS_OK);
  assert_int_equal(
      vls_gr_seal(mal->group, vls_gr_best(mal->group, true), &c.said, &mal->rng, &c.record),
      VLS_OK);
  assert_int_equal(vls_group_hear(w.nodes[ANA].group, vls_buf_slice(&c.record), w.now), VLS_FORGED);
  craft_done(&c);
  craft_begin(&c, mal);
  craft_text(&c, "to some other roster");
  c.said.header.roster[5] ^= 1;
  refused_everywhere(&w, &c, mal, VLS_FORGED);
  craft_done(&c);
  world_end(&w);
}

static void device_of_nobody_is_refused(void **state) {
  (void)state;
  world w;
  craft c;
  three(&w, 54);
  node *mal = &w.nodes[MAL];
  citizen stranger;
  citizen_make(&stranger, 99);
  craft_begin(&c, mal);
  craft_text(&c, "from nowhere");
  memcpy(c.said.header.author, mal->who.identity.pub, 32);
  memcpy(c.said.header.device, stranger.device.pub, 32);
  refused_everywhere(&w, &c, mal, VLS_FORGED);
  craft_done(&c);
  citizen_end(&stranger);
  world_end(&w);
}

static void parents_in_each_others_past_are_refused(void **state) {
  (void)state;
  world w;
  craft c;
  three(&w, 55);
  node *mal = &w.nodes[MAL];
  craft_begin(&c, mal);
  craft_text(&c, "too many parents");
  memcpy(c.said.header.acts[1], vls_group_id(mal->group), 32);
  c.said.header.n_acts = 2;
  qsort(c.said.header.acts, 2, 32, craft_by_bytes);
  refused_everywhere(&w, &c, mal, VLS_MALFORMED);
  craft_done(&c);
  world_end(&w);
}

/* Commits */

typedef struct lie {
  bool wrong_root, stale_base, no_base, bad_ephemeral, bad_leaf;
  vls_err want;
} lie;

static void commits_that_lie_are_refused(void **state) {
  (void)state;
  static const lie lies[] = {{.wrong_root = true, .want = VLS_MALFORMED},
                             {.no_base = true, .want = VLS_STATE},
                             {.bad_ephemeral = true, .want = VLS_FORGED},
                             {.bad_leaf = true, .want = VLS_FORGED}};
  static const uint8_t small[32] = {1};
  world w;
  three(&w, 56);
  node *mal = &w.nodes[MAL];
  for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
    craft c;
    vls_dh_pair leaf, ephemeral;
    vls_dh_new(&leaf, &mal->rng);
    vls_dh_new(&ephemeral, &mal->rng);
    gr_epoch *base = vls_gr_best(mal->group, true);
    vls_act_commit commit = {.fresh = true, .made = w.now + 5};
    commit.dh = vls_slice_of(lies[i].bad_leaf ? small : leaf.pub, 32);
    memcpy(commit.ephemeral, lies[i].bad_ephemeral ? small : ephemeral.pub, 32);
    if (!lies[i].no_base) memcpy(commit.base, base->id, 32);
    craft_begin(&c, mal);
    craft_item(&c, VLS_GROUP_COMMIT, &vls_act_commit_def, &commit);
    gr_change change = {.person = NOBODY,
                        .device = NOBODY,
                        .device2 = vls_gr_device(mal->group, mal->who.device.pub),
                        .ann2 = {.made = commit.made}};
    memcpy(change.ann2.dh, commit.dh.p, 32);
    gr_roster roster;
    vls_gr_roster(mal->group, NULL, &change, &roster);
    if (!lies[i].wrong_root) memcpy(c.said.header.roster, roster.root, 32);
    refused_everywhere(&w, &c, mal, lies[i].want);
    free(roster.leaves);
    craft_done(&c);
  }
  world_end(&w);
}

/* With a secret of zeros whoever is removed could follow. */
static void removal_without_a_fresh_secret_is_refused(void **state) {
  (void)state;
  world w;
  craft c;
  vls_dh_pair ephemeral;
  three(&w, 57);
  assert_int_equal(world_set(&w, ANA, MAL, VLS_LEVEL_ADMIN), VLS_OK);
  node *mal = &w.nodes[MAL];
  uint32_t bao = vls_gr_person(mal->group, w.nodes[BAO].who.identity.pub);
  vls_act_remove remove = {0};
  vls_act_commit commit = {.made = w.now};
  vls_dh_new(&ephemeral, &mal->rng);
  memcpy(remove.who, w.nodes[BAO].who.identity.pub, 32);
  memcpy(commit.base, vls_gr_best(mal->group, true)->id, 32);
  memcpy(commit.ephemeral, ephemeral.pub, 32);
  craft_begin(&c, mal);
  craft_item(&c, VLS_GROUP_REMOVE, &vls_act_remove_def, &remove);
  craft_item(&c, VLS_GROUP_COMMIT, &vls_act_commit_def, &commit);
  gr_change change = {.person = bao, .device = NOBODY, .device2 = NOBODY};
  gr_roster roster;
  vls_gr_roster(mal->group, NULL, &change, &roster);
  memcpy(c.said.header.roster, roster.root, 32);
  free(roster.leaves);
  refused_everywhere(&w, &c, mal, VLS_STATE);
  craft_done(&c);
  world_end(&w);
}

/* Bao is given another secret than Ana: Bao notices, names the author, and goes on with a new leaf.
 */
static void commit_that_splits_is_noticed_and_got_over(void **state) {
  (void)state;
  world w;
  vls_group_told t;
  uint8_t id[32], secret[32] = {9};
  three(&w, 58);
  node *ana = &w.nodes[ANA], *bao = &w.nodes[BAO], *mal = &w.nodes[MAL];
  mal->part = 1;
  assert_int_equal(vls_group_rekey(mal->group, &mal->rng, ++w.now), VLS_OK);
  bao->n_wraps = 0;
  while (vls_group_poll(mal->group, &t)) {
    if (t.kind == VLS_TOLD_WRAPS) blobs_add(&mal->sheets, t.id, vls_buf_slice(&t.bytes));
    if (t.kind == VLS_TOLD_RECORD) {
      world_hear(&w, bao, vls_buf_slice(&t.bytes));
      world_hear(&w, ana, vls_buf_slice(&t.bytes));
    }
    vls_buf_done(&t.bytes);
  }
  world_polled(&w, bao);
  world_polled(&w, ana);
  assert_int_equal(bao->n_wraps, 1);
  gr_epoch *e = vls_gr_epoch(bao->group, bao->wraps[0].commit);
  vls_dh_pair ephemeral;
  vls_dh_new(&ephemeral, &mal->rng);
  /* Mal wraps something else for Bao under the E of the commit: here, by Bao's own hand. */
  vls_group_wrap forged = {.leaf = bao->wraps[0].leaf};
  memcpy(forged.commit, e->id, 32);
  memcpy(e->ephemeral, ephemeral.pub, 32);
  assert_int_equal(
      vls_wrap(forged.wrap, &ephemeral, e->roster.leaves[forged.leaf].dh, e->core, secret), VLS_OK);
  vls_buf bytes;
  vls_buf_init(&bytes, 128);
  assert_int_equal(vls_wire_encode(&vls_group_wrap_def, &forged, &bytes), VLS_OK);
  assert_int_equal(vls_group_hear_wrap(bao->group, vls_buf_slice(&bytes), w.now), VLS_OK);
  vls_buf_done(&bytes);
  bool named = false;
  while (vls_group_poll(bao->group, &t)) {
    if (t.kind == VLS_TOLD_SPLIT) named = memcmp(t.who, mal->who.identity.pub, 32) == 0;
    vls_buf_done(&t.bytes);
  }
  assert_true(named);
  world_wraps_from(&w, ana, mal);
  mal->part = 0;
  vls_act_leaf leaf;
  vls_buf_init(&bytes, 1024);
  assert_int_equal(vls_group_renew(bao->group, &bao->rng, w.now, &bytes, &leaf), VLS_OK);
  assert_int_equal(vls_group_announce(ana->group, &leaf, &ana->rng, w.now), VLS_OK);
  vls_buf_done(&bytes);
  world_settle(&w);
  world_exchange(&w, bao, ana);
  assert_int_equal(world_say(&w, bao, "what was that?", id), VLS_OK);
  assert_true(world_has(ana, id) && world_has(mal, id));
  world_all_alike(&w, false);
  world_end(&w);
}

static void leaf_of_who_is_no_member_is_refused(void **state) {
  (void)state;
  world w;
  craft c;
  vls_act_leaf leaf;
  vls_buf bytes;
  citizen stranger;
  three(&w, 64);
  node *mal = &w.nodes[MAL];
  citizen_make(&stranger, 98);
  vls_buf_init(&bytes, 1024);
  assert_int_equal(vls_group_leaf_make(&bytes, &stranger.device, vls_group_id(mal->group),
                                       stranger.identity.pub, 5, stranger.dh.pub),
                   VLS_OK);
  assert_int_equal(vls_signed_parse(&leaf.leaf, vls_buf_slice(&bytes)), VLS_OK);
  assert_int_equal(vls_signed_parse(&leaf.cert, vls_buf_slice(&stranger.cert)), VLS_OK);
  craft_begin(&c, mal);
  craft_item(&c, VLS_GROUP_LEAF, &vls_act_leaf_def, &leaf);
  refused_everywhere(&w, &c, mal, VLS_STATE);
  craft_done(&c);
  vls_buf_done(&bytes);
  citizen_end(&stranger);
  world_end(&w);
}

/* A device that speaks as if before it was announced. */
static void words_from_before_the_device_are_refused(void **state) {
  (void)state;
  world w;
  craft c;
  three(&w, 65);
  node *mal = &w.nodes[MAL];
  assert_int_equal(world_set(&w, ANA, MAL, VLS_LEVEL_MODERATOR), VLS_OK);
  craft_begin(&c, mal);
  craft_text(&c, "I was here from the beginning");
  memcpy(c.said.header.acts[0], vls_group_id(mal->group), 32);
  c.said.header.n_acts = 1;
  refused_everywhere(&w, &c, mal, VLS_STATE);
  craft_done(&c);
  world_end(&w);
}

static vls_err genesis_with(uint8_t which) {
  world w;
  vls_group *g = NULL;
  vls_group_told t;
  vls_err err = VLS_OK;
  world_make(&w, 2, 66);
  node *mal = &w.nodes[0];
  vls_group_rules rules = world_rules();
  vls_group_me me = mal->me;
  if (which == 1) rules.name.n = 0;
  if (which == 2) me.cert = w.nodes[1].me.cert; /* of another device */
  if (which == 3) me.cert.n--;
  err = vls_group_found(&g, &me, &rules, &mal->rng, w.now);
  if (which == 0) {
    assert_true(vls_group_poll(g, &t)); /* the event itself */
    vls_group *other = vls_group_join(&w.nodes[1].me, vls_group_id(g), &w.nodes[1].leaf);
    vls_group_said *said = vls_calloc(1, sizeof *said);
    vls_group_where where = {.group = vls_group_id(g)};
    assert_int_equal(vls_group_read(said, vls_buf_slice(&t.bytes), &where), VLS_OK);
    assert_int_equal(vls_gr_take(other, said, w.now), VLS_OK);
    assert_int_equal(vls_group_level(other, mal->who.identity.pub), VLS_LEVEL_FOUNDER);
    assert_false(vls_group_is_member(other));
    vls_group_free(other);
    other = vls_group_join(&w.nodes[1].me, vls_group_id(g), &w.nodes[1].leaf);
    said->sig[0] ^= 1;
    assert_int_equal(vls_gr_take(other, said, w.now), VLS_FORGED);
    said->sig[0] ^= 1;
    said->act.genesis.founders[0][0] ^= 1; /* a founder that the signature does not hold */
    assert_int_equal(vls_gr_take(other, said, w.now), VLS_FORGED);
    said->act.genesis.founders[0][0] ^= 1;
    said->header.roster[0] ^= 1;
    assert_int_equal(vls_gr_take(other, said, w.now), VLS_MALFORMED);
    said->act.commit.fresh = false;
    assert_int_equal(vls_gr_take(other, said, w.now), VLS_FORGED);
    vls_group_free(other);
    vls_buf_done(&t.bytes);
    free(said);
  }
  vls_group_free(g);
  world_end(&w);
  return err;
}

static void genesis_holds_its_author_or_is_none(void **state) {
  (void)state;
  assert_int_equal(genesis_with(0), VLS_OK);
  for (uint8_t which = 1; which < 4; which++)
    assert_int_equal(genesis_with(which), VLS_MALFORMED);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(acts_above_ones_level_are_refused),
      cmocka_unit_test(another_genesis_is_refused),
      cmocka_unit_test(forged_seal_does_not_spend_a_key),
      cmocka_unit_test(device_of_somebody_else_is_refused),
      cmocka_unit_test(words_of_and_to_others_are_not_passed_on),
      cmocka_unit_test(device_of_nobody_is_refused),
      cmocka_unit_test(parents_in_each_others_past_are_refused),
      cmocka_unit_test(commits_that_lie_are_refused),
      cmocka_unit_test(removal_without_a_fresh_secret_is_refused),
      cmocka_unit_test(commit_that_splits_is_noticed_and_got_over),
      cmocka_unit_test(leaf_of_who_is_no_member_is_refused),
      cmocka_unit_test(words_from_before_the_device_are_refused),
      cmocka_unit_test(genesis_holds_its_author_or_is_none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
