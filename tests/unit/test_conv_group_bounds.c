/* Whatever others send, a group stays within its limits and goes on. */
#include "group_craft.h"

enum { ANA, BAO, CHI };

/* Chi lacks an act that Bao names from then on. */
static void make_behind(world *w, size_t n, uint8_t seed, vls_buf *act) {
  world_make(w, n, seed);
  world_fill(w);
  w->nodes[CHI].part = 1;
  assert_int_equal(world_set(w, ANA, BAO, VLS_LEVEL_MODERATOR), VLS_OK);
  const blobs *r = &w->nodes[ANA].records;
  vls_buf_init(act, VLS_GROUP_RECORD_MAX);
  assert_int_equal(vls_buf_put_slice(act, vls_buf_slice(&r->list[r->n - 1].bytes)), VLS_OK);
}

static vls_err word_of_bao(world *w, craft *c) {
  node *bao = &w->nodes[BAO];
  craft_begin(c, bao);
  craft_text(c, "early");
  c->said.header.seq = ++bao->group->seq;
  return craft_heard(c, bao, w, &w->nodes[CHI]);
}

static void events_of_one_sealer_wait_up_to_their_limit(void **state) {
  (void)state;
  world w;
  craft c;
  vls_buf act;
  size_t bytes;
  make_behind(&w, 3, 31, &act);
  vls_group *chi = w.nodes[CHI].group;
  for (size_t i = 0; i < VLS_GROUP_PENDING_EACH; i++) {
    assert_int_equal(word_of_bao(&w, &c), VLS_AGAIN);
    craft_done(&c);
  }
  assert_int_equal(word_of_bao(&w, &c), VLS_LIMITED);
  assert_int_equal(vls_group_pending(chi, &bytes), VLS_GROUP_PENDING_EACH);
  uint8_t id[32]; /* the others are heard all the same */
  w.nodes[CHI].part = 0;
  node *ana = &w.nodes[ANA];
  assert_int_equal(vls_group_hear(chi, vls_buf_slice(&act), w.now), VLS_OK);
  assert_int_equal(vls_group_pending(chi, &bytes), 0);
  assert_int_equal(bytes, 0);
  assert_int_equal(world_say(&w, ana, "and on", id), VLS_OK);
  assert_true(world_has(&w.nodes[CHI], id));
  /* What was refused can be heard again. */
  assert_int_equal(vls_group_hear(chi, vls_buf_slice(&c.record), w.now), VLS_OK);
  craft_done(&c);
  vls_buf_done(&act);
  world_end(&w);
}

static vls_err hear_noise(world *w, size_t size, uint32_t n) {
  uint8_t *noise = vls_calloc(1, size);
  vls_be32_put(noise, n);
  vls_err err = vls_group_hear(w->nodes[CHI].group, vls_slice_of(noise, size), w->now);
  free(noise);
  return err;
}

static void records_that_nothing_opens_wait_up_to_their_limit(void **state) {
  (void)state;
  world w;
  uint8_t id[32];
  size_t bytes;
  world_make(&w, 3, 32);
  world_fill(&w);
  for (uint32_t i = 0; i < VLS_GROUP_PENDING_BLIND; i++)
    assert_int_equal(hear_noise(&w, 256, i), VLS_AGAIN);
  assert_int_equal(hear_noise(&w, 256, 0), VLS_DUPLICATE);
  assert_int_equal(hear_noise(&w, 256, VLS_GROUP_PENDING_BLIND), VLS_LIMITED);
  assert_int_equal(vls_group_pending(w.nodes[CHI].group, &bytes), VLS_GROUP_PENDING_BLIND);
  assert_int_equal(world_say(&w, &w.nodes[BAO], "through the noise", id), VLS_OK);
  assert_true(world_has(&w.nodes[CHI], id));
  assert_int_equal(vls_group_hear(w.nodes[CHI].group, vls_slice_of(id, 32), w.now), VLS_MALFORMED);
  world_end(&w);
}

static void what_waits_has_a_limit_of_bytes(void **state) {
  (void)state;
  world w;
  size_t bytes;
  uint32_t n = 0;
  world_make(&w, 3, 33);
  world_fill(&w);
  while (hear_noise(&w, VLS_GROUP_RECORD_MAX, n) == VLS_AGAIN)
    n++;
  assert_int_equal(n, VLS_GROUP_PENDING_BYTES / VLS_GROUP_RECORD_MAX);
  assert_int_equal(vls_group_pending(w.nodes[CHI].group, &bytes), n);
  assert_true(bytes <= VLS_GROUP_PENDING_BYTES);
  assert_int_equal(hear_noise(&w, VLS_GROUP_RECORD_MAX + 1, n), VLS_TOO_BIG);
  world_end(&w);
}

static void letters_and_records_share_the_whole(void **state) {
  (void)state;
  world w;
  craft c;
  vls_buf act, full, letter;
  size_t bytes;
  make_behind(&w, 3, 34, &act);
  node *bao = &w.nodes[BAO], *chi = &w.nodes[CHI];
  vls_buf_init(&full, VLS_GROUP_EVENT_MAX);
  vls_buf_init(&letter, vls_group_mail_def.max_bytes);
  for (uint32_t i = 0; i < VLS_GROUP_PENDING_BLIND; i++)
    assert_int_equal(hear_noise(&w, 256, i), VLS_AGAIN);
  for (uint32_t i = 0; i <= VLS_GROUP_PENDING_BLIND; i++) {
    craft_begin(&c, bao);
    craft_text(&c, "by letter");
    c.said.header.seq = ++bao->group->seq;
    assert_int_equal(vls_group_hear(bao->group, craft_seal(&c, bao), w.now), VLS_STALE);
    assert_int_equal(vls_gr_take(bao->group, &c.said, w.now), VLS_OK);
    vls_buf_clear(&full);
    vls_buf_clear(&letter);
    assert_int_equal(vls_group_write(&full, &c.said, NULL), VLS_OK);
    assert_int_equal(
        vls_group_letter(bao->group, vls_buf_slice(&full), chi->who.device.pub, &bao->rng, &letter),
        VLS_OK);
    assert_int_equal(vls_group_hear_letter(chi->group, vls_buf_slice(&letter), w.now),
                     i < VLS_GROUP_PENDING_BLIND ? VLS_AGAIN : VLS_LIMITED);
    craft_done(&c);
  }
  assert_int_equal(vls_group_pending(chi->group, &bytes), VLS_GROUP_PENDING);
  assert_int_equal(word_of_bao(&w, &c), VLS_LIMITED); /* its sealer has none waiting */
  craft_done(&c);
  assert_int_equal(vls_group_hear(chi->group, vls_buf_slice(&act), w.now), VLS_OK);
  assert_int_equal(vls_group_pending(chi->group, &bytes), VLS_GROUP_PENDING_BLIND);
  vls_buf_done(&full);
  vls_buf_done(&letter);
  vls_buf_done(&act);
  world_end(&w);
}

/* Bao's n-th record from now on, heard by Chi alone. */
static vls_err hear_far(world *w, uint32_t steps) {
  craft c;
  vls_err err = VLS_OK;
  node *bao = &w->nodes[BAO];
  craft_begin(&c, bao);
  craft_text(&c, "far ahead");
  c.said.header.seq = ++bao->group->seq;
  gr_epoch *e = vls_gr_best(bao->group, true);
  uint32_t leaf = vls_gr_leaf_of(&e->roster, vls_gr_device(bao->group, bao->who.device.pub));
  uint8_t mk[32];
  for (uint32_t i = 0; i < steps; i++, e->chains[leaf].next++)
    vls_chain_step(e->chains[leaf].ck, mk);
  err = craft_heard(&c, bao, w, &w->nodes[CHI]);
  craft_done(&c);
  return err;
}

static void keys_are_skipped_up_to_their_limit(void **state) {
  (void)state;
  world w;
  world_make(&w, 3, 35);
  world_fill(&w);
  assert_int_equal(hear_far(&w, VLS_GROUP_SKIP), VLS_OK);
  assert_int_equal(hear_far(&w, VLS_GROUP_SKIP + 1), VLS_LIMITED);
  world_end(&w);
}

static void kept_keys_end_at_their_limit_and_the_oldest_go(void **state) {
  (void)state;
  world w;
  vls_buf first, last;
  craft c;
  world_make(&w, 3, 36);
  world_fill(&w);
  node *bao = &w.nodes[BAO], *chi = &w.nodes[CHI];
  vls_buf_init(&first, VLS_GROUP_RECORD_MAX);
  vls_buf_init(&last, VLS_GROUP_RECORD_MAX);
  vls_buf *kept[] = {&first, &last};
  for (unsigned i = 0; i < 2; i++) {
    craft_begin(&c, bao);
    craft_text(&c, "held back");
    c.said.header.seq = ++bao->group->seq;
    assert_int_equal(vls_buf_put_slice(kept[i], craft_seal(&c, bao)), VLS_OK);
    craft_done(&c);
  }
  assert_int_equal(hear_far(&w, VLS_GROUP_SKIP - 2), VLS_OK);
  assert_int_equal(hear_far(&w, VLS_GROUP_SKIP), VLS_OK);
  const gr_epoch *e = vls_gr_best(chi->group, true);
  assert_int_equal(e->n_skipped, VLS_GROUP_KEEP);
  assert_int_equal(hear_far(&w, 1), VLS_OK); /* one more: the oldest goes */
  assert_int_equal(e->n_skipped, VLS_GROUP_KEEP);
  assert_int_equal(vls_group_hear(chi->group, vls_buf_slice(&first), w.now), VLS_STALE);
  assert_int_equal(vls_group_hear(chi->group, vls_buf_slice(&last), w.now), VLS_OK);
  assert_int_equal(vls_group_hear(chi->group, vls_buf_slice(&last), w.now), VLS_STALE);
  vls_buf_done(&first);
  vls_buf_done(&last);
  world_end(&w);
}

static void epochs_end_at_their_limit(void **state) {
  (void)state;
  world w;
  uint8_t id[32];
  world_make(&w, 3, 37);
  world_fill(&w);
  for (unsigned i = 0; i < 2 * VLS_GROUP_EPOCHS; i++) {
    assert_int_equal(vls_group_rekey(w.nodes[i % 3].group, &w.nodes[i % 3].rng, ++w.now), VLS_OK);
    world_settle(&w);
    for (size_t k = 0; k < 3; k++)
      assert_true(w.nodes[k].group->n_epochs <= VLS_GROUP_EPOCHS);
  }
  assert_int_equal(w.nodes[BAO].group->n_epochs, VLS_GROUP_EPOCHS);
  assert_int_equal(w.nodes[BAO].group->n_keys, 2 * VLS_GROUP_EPOCHS / 3 + 1);
  w.now += VLS_GROUP_EPOCH_MS + 1;
  assert_int_equal(vls_group_rekey(w.nodes[ANA].group, &w.nodes[ANA].rng, w.now), VLS_OK);
  world_settle(&w);
  assert_int_equal(w.nodes[BAO].group->n_epochs, 2); /* the new one, and what was best until now */
  assert_int_equal(world_say(&w, &w.nodes[CHI], "still here", id), VLS_OK);
  assert_true(world_has(&w.nodes[BAO], id));
  world_end(&w);
}

static void leaf_keys_end_at_their_limit(void **state) {
  (void)state;
  world w;
  world_make(&w, 2, 38);
  world_fill(&w);
  node *bao = &w.nodes[BAO];
  for (unsigned i = 0; i < 2 * VLS_GROUP_LEAF_KEYS; i++) {
    assert_int_equal(vls_group_rekey(bao->group, &bao->rng, ++w.now), VLS_OK);
    world_settle(&w);
  }
  assert_int_equal(bao->group->n_keys, VLS_GROUP_LEAF_KEYS);
  world_all_alike(&w, false);
  world_end(&w);
}

static void key_that_is_announced_outlives_those_that_are_not(void **state) {
  (void)state;
  world w;
  uint8_t id[32];
  vls_buf bytes;
  vls_act_leaf leaf;
  world_make(&w, 3, 45);
  world_fill(&w);
  node *ana = &w.nodes[ANA], *bao = &w.nodes[BAO];
  vls_buf_init(&bytes, 1024);
  for (unsigned i = 0; i < 3 * VLS_GROUP_LEAF_KEYS; i++) /* announced by nobody */
    assert_int_equal(vls_group_renew(bao->group, &bao->rng, ++w.now, &bytes, &leaf), VLS_OK);
  vls_buf_done(&bytes);
  assert_int_equal(vls_group_rekey(ana->group, &ana->rng, w.now), VLS_OK);
  world_settle(&w);
  assert_int_equal(world_say(&w, bao, "my key is where it was", id), VLS_OK);
  assert_true(world_has(ana, id));
  world_all_alike(&w, false);
  world_end(&w);
}

/* Whoever withholds wraps pushes nothing out that can be read. */
static void epochs_without_their_wraps_take_half_at_most(void **state) {
  (void)state;
  world w;
  uint8_t id[32];
  vls_group_told t;
  world_make(&w, 3, 39);
  world_fill(&w);
  node *bao = &w.nodes[BAO], *chi = &w.nodes[CHI];
  for (unsigned i = 0; i < 8; i++) {
    assert_int_equal(vls_group_rekey(w.nodes[ANA].group, &w.nodes[ANA].rng, ++w.now), VLS_OK);
    world_settle(&w);
  }
  for (unsigned i = 0; i < 12; i++) {
    assert_int_equal(vls_group_rekey(bao->group, &bao->rng, ++w.now), VLS_OK);
    vls_gr_epoch_drop(bao->group, vls_gr_best(bao->group, true)); /* builds on the same one again */
    while (vls_group_poll(bao->group, &t)) {
      if (t.kind == VLS_TOLD_RECORD)
        (void)!vls_group_hear(chi->group, vls_buf_slice(&t.bytes), w.now);
      vls_buf_done(&t.bytes);
    }
  }
  size_t open = 0;
  for (size_t i = 0; i < chi->group->n_epochs; i++)
    open += chi->group->epochs[i]->open ? 1 : 0;
  assert_true(chi->group->n_epochs <= VLS_GROUP_EPOCHS && open >= VLS_GROUP_EPOCHS / 2);
  assert_int_equal(world_say(&w, &w.nodes[ANA], "I know nothing of it", id), VLS_OK);
  assert_true(world_has(chi, id));
  world_end(&w);
}

/* Then one that waits makes room. */
static void epochs_with_keys_are_all_the_best_or_the_latest(void **state) {
  (void)state;
  world w;
  world_make(&w, 2, 46);
  world_fill(&w);
  vls_group *g = w.nodes[BAO].group;
  for (unsigned i = 0; i < VLS_GROUP_EPOCHS; i++) {
    assert_int_equal(vls_group_rekey(w.nodes[ANA].group, &w.nodes[ANA].rng, ++w.now), VLS_OK);
    world_settle(&w);
  }
  assert_int_equal(g->n_epochs, VLS_GROUP_EPOCHS);
  for (size_t i = 0; i < VLS_GROUP_EPOCHS; i++) { /* as they came: the last four are the latest */
    g->epochs[i]->split = i >= VLS_GROUP_EPOCHS / 2;
    g->epochs[i]->open = i == 0 || g->epochs[i]->split;
  }
  const gr_epoch *best = vls_gr_best(g, false);
  assert_ptr_equal(best, g->epochs[0]);
  assert_non_null(vls_gr_epoch_new(g, (const uint8_t[32]){9}, w.now));
  g->epochs[VLS_GROUP_EPOCHS]->act = 0;
  vls_gr_epoch_prune(g, w.now);
  assert_int_equal(g->n_epochs, VLS_GROUP_EPOCHS);
  assert_ptr_equal(vls_gr_best(g, false), best);
  world_end(&w);
}

/* Everybody acts alone at once: more newest acts than an event can name. */
static void many_newest_acts_are_joined_first(void **state) {
  (void)state;
  world w;
  uint8_t id[32];
  uint32_t heads[VLS_GROUP_PARENTS];
  enum { MEMBERS = 12 };
  world_make(&w, MEMBERS, 40);
  world_fill(&w);
  for (unsigned i = 0; i < MEMBERS; i++)
    w.nodes[i].part = i;
  for (unsigned i = 0; i < MEMBERS; i++)
    assert_int_equal(vls_group_rekey(w.nodes[i].group, &w.nodes[i].rng, w.now), VLS_OK);
  world_settle(&w);
  for (unsigned i = 0; i < MEMBERS; i++)
    w.nodes[i].part = 0;
  for (unsigned i = 1; i < MEMBERS; i++)
    world_exchange(&w, &w.nodes[0], &w.nodes[i]);
  assert_int_equal(vls_gr_newest_acts(w.nodes[0].group, heads, VLS_GROUP_PARENTS), MEMBERS);
  assert_int_equal(world_say(&w, &w.nodes[0], "one at a time, please", id), VLS_OK);
  assert_true(vls_gr_newest_acts(w.nodes[0].group, heads, VLS_GROUP_PARENTS) <= VLS_GROUP_PARENTS);
  for (unsigned i = 1; i < MEMBERS; i++)
    world_exchange(&w, &w.nodes[i], &w.nodes[0]);
  for (unsigned i = 1; i < MEMBERS; i++)
    assert_true(world_has(&w.nodes[i], id));
  world_heal(&w);
  world_all_alike(&w, false);
  world_end(&w);
}

static void member_acts_up_to_a_limit(void **state) {
  (void)state;
  world w;
  craft c;
  world_make(&w, 2, 41);
  world_fill(&w);
  node *ana = &w.nodes[ANA], *bao = &w.nodes[BAO];
  for (size_t i = 0; i <= VLS_GROUP_ACTS_EACH; i++) {
    craft_begin(&c, bao);
    craft_seen(&c);
    c.said.header.seq = ++bao->group->seq;
    assert_int_equal(vls_group_sign(&c.said, &bao->who.device), VLS_OK);
    assert_int_equal(vls_group_classify(&c.said), VLS_OK);
    vls_err err = vls_gr_take(bao->group, &c.said, w.now);
    assert_int_equal(err, i < VLS_GROUP_ACTS_EACH ? VLS_OK : VLS_STATE);
    craft_done(&c);
  }
  assert_true(ana->group->n_acts < 10);
  assert_int_equal(bao->group->n_acts, VLS_GROUP_ACTS_EACH + 2);
  world_end(&w);
}

/* Tables, without all the signatures that would fill them */

/* Somebody with a copy of its keys said the last number there is. */
static void device_that_has_no_number_left_says_nothing(void **state) {
  (void)state;
  world w;
  uint8_t id[32];
  world_make(&w, 2, 41);
  world_fill(&w);
  vls_group *bao = w.nodes[BAO].group;
  bao->seq = UINT64_MAX - 1;
  assert_int_equal(world_say(&w, &w.nodes[BAO], "the last", id), VLS_OK);
  assert_true(world_has(&w.nodes[ANA], id));
  assert_int_equal(world_say(&w, &w.nodes[BAO], "one more", id), VLS_LIMITED);
  assert_int_equal(world_say(&w, &w.nodes[ANA], "and on", id), VLS_OK);
  assert_true(world_has(&w.nodes[BAO], id));
  world_end(&w);
}

static void words_in_memory_end_at_their_limit(void **state) {
  (void)state;
  world w;
  world_make(&w, 2, 42);
  world_fill(&w);
  vls_group *g = w.nodes[BAO].group;
  vls_group_said *said = vls_calloc(1, sizeof *said);
  vls_group_line *lines;
  uint32_t heads[1] = {0};
  uint8_t before[32] = {0};
  for (uint32_t i = 0; i < VLS_GROUP_ROWS + 100; i++) {
    said->header.seq = i + 10;
    said->header.stamp = w.now + i;
    said->header.n_acts = 1;
    said->header.n_after = i > 0 ? 1 : 0;
    memcpy(said->header.after[0], before, 32);
    vls_sha256(said->id, vls_slice_of(&i, sizeof i));
    memcpy(before, said->id, 32);
    vls_gr_row_add(g, said, heads, 0, NO_ACT, w.now);
  }
  assert_int_equal(g->n_words, VLS_GROUP_ROWS);
  assert_int_equal(g->n_last, 1);
  assert_non_null(vls_gr_row(g, before));
  size_t n = vls_group_history(g, &lines);
  assert_int_equal(n, VLS_GROUP_ROWS + g->n_acts);
  assert_memory_equal(lines[n - 1].id, before, 32);
  free(lines);
  free(said);
  world_end(&w);
}

static void wishes_end_at_their_limit(void **state) {
  (void)state;
  world w;
  static uint8_t missing[VLS_GROUP_WANTED + 10][32];
  world_make(&w, 2, 43);
  world_fill(&w);
  vls_group *g = w.nodes[BAO].group;
  vls_group_said *said = vls_calloc(1, sizeof *said);
  uint32_t heads[1] = {0};
  for (uint32_t i = 0; i < VLS_GROUP_WANTED; i++) {
    said->header.seq = i + 10;
    said->header.n_acts = 1;
    said->header.n_after = VLS_GROUP_PARENTS;
    for (uint32_t k = 0; k < VLS_GROUP_PARENTS; k++) {
      uint32_t number = i * VLS_GROUP_PARENTS + k;
      vls_sha256(said->header.after[k], vls_slice_of(&number, sizeof number));
    }
    memset(said->id, 0xee, 32);
    vls_be32_put(said->id, i);
    vls_gr_row_add(g, said, heads, 0, NO_ACT, w.now);
  }
  assert_int_equal(vls_group_missing(g, missing, VLS_GROUP_WANTED + 10), VLS_GROUP_WANTED);
  assert_int_equal(vls_group_missing(g, missing, 3), 3);
  free(said);
  world_end(&w);
}

static void citizens_and_devices_end_at_their_limit(void **state) {
  (void)state;
  world w;
  uint8_t key[32] = {0};
  world_make(&w, 2, 44);
  world_fill(&w);
  vls_group *g = w.nodes[ANA].group;
  for (uint32_t i = 0; g->n_people < VLS_GROUP_CITIZENS; i++) {
    vls_be32_put(key, i);
    uint32_t next = (uint32_t)g->n_people;
    assert_int_equal(vls_gr_person_add(g, key), next);
  }
  vls_be32_put(key, UINT32_MAX);
  assert_int_equal(vls_gr_person_add(g, key), NOBODY);
  for (uint32_t i = 0; i < VLS_GROUP_DEVICES; i++) {
    vls_be32_put(key, i);
    assert_int_not_equal(vls_gr_device_add(g, 100, key, key), NOBODY);
    assert_int_equal(vls_gr_device_add(g, 101, key, key), NOBODY); /* somebody else's */
  }
  vls_be32_put(key, UINT32_MAX);
  assert_int_equal(vls_gr_device_add(g, 100, key, key), NOBODY);
  world_end(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(events_of_one_sealer_wait_up_to_their_limit),
      cmocka_unit_test(records_that_nothing_opens_wait_up_to_their_limit),
      cmocka_unit_test(what_waits_has_a_limit_of_bytes),
      cmocka_unit_test(letters_and_records_share_the_whole),
      cmocka_unit_test(keys_are_skipped_up_to_their_limit),
      cmocka_unit_test(kept_keys_end_at_their_limit_and_the_oldest_go),
      cmocka_unit_test(epochs_end_at_their_limit),
      cmocka_unit_test(leaf_keys_end_at_their_limit),
      cmocka_unit_test(key_that_is_announced_outlives_those_that_are_not),
      cmocka_unit_test(epochs_with_keys_are_all_the_best_or_the_latest),
      cmocka_unit_test(epochs_without_their_wraps_take_half_at_most),
      cmocka_unit_test(many_newest_acts_are_joined_first),
      cmocka_unit_test(member_acts_up_to_a_limit),
      cmocka_unit_test(device_that_has_no_number_left_says_nothing),
      cmocka_unit_test(words_in_memory_end_at_their_limit),
      cmocka_unit_test(wishes_end_at_their_limit),
      cmocka_unit_test(citizens_and_devices_end_at_their_limit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
