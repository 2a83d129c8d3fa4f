/* How what is said in a group gets to all its members, whoever was away: comparison, announcements,
 * receipts. test_core_circle_sync N measures two halves of N messages each. */
#include "core_circle.h"

#include "core/circle_pass.h"
#include "store/group_pass.h"

/* Ana's group; the others know each other, too. */
static world *group_of(int n) {
  world *w = world_new(n);
  vls_circle *circle;
  vls_group_rules rules = {.name = vls_slice_str("Sister cities"), .admit = 3, .post = 1};
  befriend(w, ANA, BAO);
  if (n > 2) befriend(w, ANA, CHI);
  if (n > 2) befriend(w, BAO, CHI);
  assert_int_equal(vls_circle_found(w->node[ANA].core, &rules, &circle), VLS_OK);
  done(w, ANA);
  for (int who = BAO; who < n; who++)
    let_in(w, ANA, who, 1000);
  pass(w, 60000);
  for (int who = ANA; who < n; who++)
    assert_int_equal(circle_of(w, who)->n_links, n - 1);
  return w;
}

static uint64_t heard_n(world *w, int who) {
  return vls_message_count_unread(w->node[who].store, circle_of(w, who)->row.id, 0);
}

static uint64_t records(world *w, int who) {
  return vls_grecord_count(w->node[who].store, circle_of(w, who)->row.id, 0);
}

static vls_gmark mark_of(world *w, int who, int whose) {
  vls_gmark mark = {0};
  assert_true(vls_gmark_get(w->node[who].store, circle_of(w, who)->row.id,
                            w->node[whose].core->self.device.pub, &mark));
  return mark;
}

static void back(world *w, int who) {
  node_offline(w, who, false);
  pass(w, 600000);
}

static void who_was_away_gets_what_was_said(void **state) {
  (void)state;
  world *w = group_of(2);
  node_offline(w, BAO, true);
  for (int i = 0; i < 5; i++) {
    say_in_group(w, ANA, "a");
    say_in_group(w, BAO, "b");
    pass(w, 1000);
  }
  back(w, BAO);
  assert_string_equal(heard(w, BAO), "a|a|a|a|a|");
  assert_string_equal(heard(w, ANA), "b|b|b|b|b|");
  assert_int_equal(records(w, ANA), records(w, BAO));
  assert_memory_equal(mark_of(w, ANA, BAO).mark, mark_of(w, BAO, ANA).mark, 16);
  assert_int_equal(mark_of(w, ANA, BAO).n,
                   vls_grecord_newest(w->node[ANA].store, circle_of(w, ANA)->row.id));
  assert_true(circle_of(w, ANA)->pass->compared > 0 && circle_of(w, BAO)->pass->compared > 0);
  world_free(w);
}

/* Ana said it and left; Bao has it from Chi. */
static void third_member_carries(void **state) {
  (void)state;
  world *w = group_of(3);
  node_offline(w, BAO, true);
  say_in_group(w, ANA, "for all");
  pass(w, 1000);
  node_offline(w, ANA, true);
  back(w, BAO);
  assert_string_equal(heard(w, BAO), "for all|");
  assert_int_equal(circle_of(w, CHI)->pass->holder == NULL, 1);
  world_free(w);
}

/* A link that does not carry what Ana says to Bao: as if they could not reach each other. */
static void who_is_not_reached_hears_of_it_from_others(void **state) {
  (void)state;
  world *w = group_of(3);
  w->node[ANA].off = true; /* no new links to or from her */
  cut_wires(w, ANA);
  run(w);
  node_offline(w, BAO, true);
  w->node[ANA].off = false;
  pass(w, 1200000); /* Ana and Chi meet */
  assert_int_equal(circle_of(w, ANA)->n_links, 1);
  w->node[ANA].off = true; /* and no other link of hers comes up */
  w->node[BAO].off = false;
  pass(w, 1200000);
  assert_int_equal(circle_of(w, ANA)->n_links, 1);
  assert_int_equal(circle_of(w, BAO)->n_links, 1);
  say_in_group(w, ANA, "over three corners");
  assert_string_equal(heard(w, CHI), "over three corners|");
  assert_string_equal(heard(w, BAO), "");
  pass(w, 5000);
  assert_string_equal(heard(w, BAO), "over three corners|");
  say_in_group(w, BAO, "and back");
  pass(w, 5000);
  assert_string_equal(heard(w, ANA), "and back|");
  world_free(w);
}

/* Of the last text that was said here. */
static uint64_t seq_of(world *w, int who) {
  vls_message_row row;
  vls_buf body;
  vls_buf_init(&body, VLS_RECORD_MAX);
  assert_true(vls_message_get(w->node[who].store, w->node[who].core->newest_n, &row, &body));
  vls_buf_done(&body);
  return row.seq;
}

static void delivered(world *w, int who, uint64_t got, uint64_t of) {
  uint64_t is_got, is_of;
  assert_true(
      vls_circle_delivery(w->node[who].core, circle_of(w, who), seq_of(w, who), &is_got, &is_of));
  assert_int_equal(is_of, of);
  assert_int_equal(is_got, got);
}

static size_t told_delivered(const world *w, int who) {
  size_t n = 0;
  for (size_t i = 0; i < w->node[who].n_told; i++)
    n += strcmp(w->node[who].told[i].type, "delivered") == 0 ? 1 : 0;
  return n;
}

static void receipts_say_who_has_it(void **state) {
  (void)state;
  world *w = group_of(3);
  say_hello(w, ANA, CLIENT);
  subscribe(w, ANA, CLIENT, NULL);
  size_t before = told_delivered(w, ANA);
  node_offline(w, BAO, true);
  say_in_group(w, ANA, "two of you");
  delivered(w, ANA, 0, 2);
  pass(w, 30000);
  delivered(w, ANA, 1, 2);
  assert_true(vls_circle_delivered_to(w->node[ANA].core, circle_of(w, ANA), seq_of(w, ANA),
                                      w->node[CHI].core->self.identity.pub));
  assert_false(vls_circle_delivered_to(w->node[ANA].core, circle_of(w, ANA), seq_of(w, ANA),
                                       w->node[BAO].core->self.identity.pub));
  assert_int_equal(told_delivered(w, ANA), before);
  back(w, BAO);
  delivered(w, ANA, 2, 2);
  assert_int_equal(told_delivered(w, ANA), before + 1);
  node_restart(w, ANA);
  pass(w, 60000);
  delivered(w, ANA, 2, 2);
  world_free(w);
}

/* Ana is off when they say that they have it, and Bao when she is back. */
static void receipt_is_passed_on(void **state) {
  (void)state;
  world *w = group_of(3);
  say_in_group(w, ANA, "and gone");
  node_offline(w, ANA, true);
  pass(w, 60000);
  node_offline(w, BAO, true);
  back(w, ANA);
  delivered(w, ANA, 2, 2);
  world_free(w);
}

static vls_slice receipt_by(world *w, int who, uint64_t made, vls_group_held *held, vls_buf *out) {
  vls_buf_init(out, 8192);
  assert_int_equal(vls_group_receipt_make(out, &w->node[who].core->self.device,
                                          circle_of(w, who)->row.gid, made, held, 1),
                   VLS_OK);
  return vls_buf_slice(out);
}

/* Older ones, those of strangers, and of another branch of what Ana said, change nothing. */
static void receipt_that_proves_nothing_is_not_counted(void **state) {
  (void)state;
  world *w = group_of(2);
  say_in_group(w, ANA, "x");
  pass(w, 30000);
  delivered(w, ANA, 1, 1);
  vls_circle *ana = circle_of(w, ANA);
  vls_group_held held = {.from = 1, .to = seq_of(w, ANA) + 5};
  memcpy(held.device, w->node[ANA].core->self.device.pub, sizeof held.device);
  vls_buf out;
  vls_slice old = receipt_by(w, BAO, 1, &held, &out);
  assert_false(vls_circle_receipt_take(w->node[ANA].core, ana, &ana->links[0], old));
  vls_buf_done(&out);
  vls_slice wrong = receipt_by(w, BAO, UINT64_C(1) << 50, &held, &out);
  assert_true(vls_circle_receipt_take(w->node[ANA].core, ana, &ana->links[0], wrong));
  assert_false(vls_circle_receipt_take(w->node[ANA].core, ana, &ana->links[0], wrong));
  vls_buf_done(&out);
  say_in_group(w, ANA, "y");
  delivered(w, ANA, 0, 1);
  done(w, ANA);
  world_free(w);
}

/* Somebody who begins without end is answered so often in a minute, and no more. */
static void openings_are_limited(void **state) {
  (void)state;
  world *w = group_of(2);
  vls_circle *ana = circle_of(w, ANA), *bao = circle_of(w, BAO);
  vls_buf out;
  vls_buf_init(&out, vls_group_sync_def.max_bytes);
  vls_compare *c = vls_compare_new(vls_link_hash(bao->links[0].conn->link));
  vls_compare_open(c, (vls_slice){0}, &out);
  uint64_t got = 0;
  for (int i = 0; i < VLS_SYNC_OPENINGS_MINUTE + 50; i++) {
    uint64_t before = w->node[ANA].core->costs.records;
    vls_circle_send(w->node[BAO].core, bao, bao->links[0].conn, VLS_GROUP_FRAME_SYNC,
                    vls_buf_slice(&out));
    done(w, BAO);
    got += w->node[ANA].core->costs.records - before;
  }
  assert_true(got >= VLS_SYNC_OPENINGS_MINUTE + 50);
  assert_int_equal(ana->links[0].sync->openings.used, VLS_SYNC_OPENINGS_MINUTE);
  vls_compare_free(c);
  vls_buf_done(&out);
  world_free(w);
}

/* Two halves that both went on talking: what it takes until both have all (issue 4). */
static void halves_meet(unsigned each, bool prints) {
  world *w = group_of(2);
  uint64_t before = records(w, ANA);
  char text[120];
  node_offline(w, BAO, true);
  for (unsigned i = 0; i < each; i++)
    for (int who = ANA; who <= BAO; who++) {
      snprintf(text, sizeof text,
               "%s says number %u of what was said while we were apart, as one does",
               node_names[who], i);
      say_in_group(w, who, text);
      if (i % 50 == 0) pass(w, 3600000);
    }
  uint64_t missing = 0, from[2] = {w->node[ANA].sent, w->node[BAO].sent};
  for (int who = ANA; who <= BAO; who++)
    for (uint64_t n = 0, i = 0; i < before + each; i++) {
      uint8_t id[1][32];
      vls_grecord_row row;
      vls_buf record;
      assert_int_equal(vls_grecord_ids(w->node[who].store, circle_of(w, who)->row.id, n, id, &n, 1),
                       1);
      vls_buf_init(&record, VLS_GROUP_RECORD_MAX);
      if (i >= before && vls_grecord_get(w->node[who].store, n, &row, &record)) missing += record.n;
      vls_buf_done(&record);
    }
  node_offline(w, BAO, false);
  pass(w, 600000);
  for (int i = 0; i < 60 && (heard_n(w, ANA) < each || heard_n(w, BAO) < each); i++)
    pass(w, 600000);
  assert_int_equal(heard_n(w, ANA), each);
  assert_int_equal(heard_n(w, BAO), each);
  uint64_t bytes = w->node[ANA].sent - from[0] + w->node[BAO].sent - from[1];
  if (prints)
    print_message("two halves of %u: %llu bytes missing, %llu sent: %.3f\n", each,
                  (unsigned long long)missing, (unsigned long long)bytes,
                  (double)bytes / (double)missing);
  assert_true(bytes * 10 < missing * 13);
  world_free(w);
}

static void halves_meet_at_little_cost(void **state) {
  (void)state;
  halves_meet(400, true);
}

static unsigned asked_for;

static void halves_of_that_size_meet(void **state) {
  (void)state;
  halves_meet(asked_for, true);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(who_was_away_gets_what_was_said),
      cmocka_unit_test(third_member_carries),
      cmocka_unit_test(who_is_not_reached_hears_of_it_from_others),
      cmocka_unit_test(receipts_say_who_has_it),
      cmocka_unit_test(receipt_is_passed_on),
      cmocka_unit_test(receipt_that_proves_nothing_is_not_counted),
      cmocka_unit_test(openings_are_limited),
      cmocka_unit_test(halves_meet_at_little_cost),
  };
  const struct CMUnitTest one[] = {cmocka_unit_test(halves_of_that_size_meet)};
  if (argc > 1) {
    asked_for = (unsigned)strtoul(argv[1], NULL, 10);
    return cmocka_run_group_tests(one, NULL, NULL);
  }
  return cmocka_run_group_tests(tests, NULL, NULL);
}
