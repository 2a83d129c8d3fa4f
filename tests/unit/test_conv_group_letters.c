/* Letters, wraps and rows that are for others, damaged, or made up. */
#include "group_craft.h"
#include "group_rows.h"

enum { ANA, BAO, MAL };

static void three(world *w, uint8_t seed) {
  world_make(w, 3, seed);
  world_fill(w);
}

static void letters_are_for_members_who_may_read(void **state) {
  (void)state;
  world w;
  uint8_t id[32];
  vls_buf letter;
  three(&w, 59);
  assert_int_equal(world_say(&w, &w.nodes[ANA], "among us", id), VLS_OK);
  node *ana = &w.nodes[ANA], *mal = &w.nodes[MAL], *bao = &w.nodes[BAO];
  vls_slice event = vls_buf_slice(&blobs_find(&ana->events, id)->bytes);
  vls_buf_init(&letter, vls_group_mail_def.max_bytes);
  assert_int_equal(vls_group_letter(ana->group, event, mal->who.device.pub, &ana->rng, &letter),
                   VLS_OK);
  assert_int_equal(vls_group_hear_letter(bao->group, vls_buf_slice(&letter), w.now), VLS_NOT_FOUND);
  assert_int_equal(vls_group_hear_letter(mal->group, vls_buf_slice(&letter), w.now), VLS_DUPLICATE);
  letter.p[letter.n - 1] ^= 1;
  assert_int_equal(vls_group_hear_letter(mal->group, vls_buf_slice(&letter), w.now), VLS_FORGED);
  assert_int_equal(vls_group_hear_letter(mal->group, vls_slice_of(letter.p, 40), w.now),
                   VLS_MALFORMED);
  assert_int_equal(world_remove(&w, ANA, MAL), VLS_OK);
  assert_int_equal(vls_group_letter(bao->group, event, mal->who.device.pub, &bao->rng, &letter),
                   VLS_STATE);
  static const uint8_t nobody[32] = {5};
  assert_int_equal(vls_group_letter(bao->group, event, nobody, &bao->rng, &letter), VLS_NOT_FOUND);
  vls_buf_done(&letter);
  world_end(&w);
}

static void wraps_of_others_open_nothing(void **state) {
  (void)state;
  world w;
  vls_buf bytes;
  three(&w, 60);
  node *ana = &w.nodes[ANA], *bao = &w.nodes[BAO];
  bao->part = 1;
  assert_int_equal(vls_group_rekey(ana->group, &ana->rng, w.now), VLS_OK);
  world_settle(&w);
  bao->part = 0;
  world_hear(&w, bao, vls_buf_slice(&ana->records.list[ana->records.n - 1].bytes));
  world_polled(&w, bao);
  assert_int_equal(bao->n_wraps, 1);
  vls_buf_init(&bytes, 128);
  for (uint32_t leaf = 0; leaf < 3; leaf++) {
    vls_group_wrap wrap = {.leaf = bao->wraps[0].leaf};
    memcpy(wrap.commit, bao->wraps[0].commit, 32);
    assert_true(world_wrap(ana, wrap.commit, leaf, wrap.wrap));
    if (leaf == wrap.leaf) wrap.wrap[47] ^= 1;
    vls_buf_clear(&bytes);
    assert_int_equal(vls_wire_encode(&vls_group_wrap_def, &wrap, &bytes), VLS_OK);
    assert_int_equal(vls_group_hear_wrap(bao->group, vls_buf_slice(&bytes), w.now), VLS_FORGED);
    wrap.leaf += 1;
    vls_buf_clear(&bytes);
    assert_int_equal(vls_wire_encode(&vls_group_wrap_def, &wrap, &bytes), VLS_OK);
    assert_int_equal(vls_group_hear_wrap(bao->group, vls_buf_slice(&bytes), w.now), VLS_NOT_FOUND);
  }
  world_wraps_from(&w, bao, ana);
  assert_int_equal(bao->n_wraps, 0);
  world_all_alike(&w, false);
  vls_buf_done(&bytes);
  world_end(&w);
}

/* What is broken is left out; whatever else there is comes back, and is told once more as it is. */
static void broken_rows_are_left_out(void **state) {
  (void)state;
  world w;
  kept_rows rows = {0};
  vls_group *got = NULL;
  uint8_t id[32];
  size_t bad;
  three(&w, 61);
  assert_int_equal(world_say(&w, &w.nodes[BAO], "kept", id), VLS_OK);
  const node *bao = &w.nodes[BAO];
  rows_take_all(&rows, bao->group);
  for (size_t i = 0; i < rows.n; i++) {
    vls_buf *value = &rows.list[i].value;
    for (size_t at = 0; at <= value->n; at += 11) {
      size_t n = value->n;
      if (at < n) value->p[at] ^= 0x55;
      if (at % 2 == 1) value->n = at;
      if (rows_load(&got, &bao->me, vls_group_id(bao->group), &rows, &bad) == VLS_OK) {
        kept_rows all = {0}, changed = {0};
        rows_take(&changed, got);
        rows_take_all(&all, got);
        rows_done(&changed);
        rows_done(&all);
        vls_group_free(got);
      }
      value->n = n;
      if (at < n) value->p[at] ^= 0x55;
    }
  }
  rows_done(&rows);
  world_end(&w);
}

/* Without any one of its rows a group goes on: it knows its members, or hears of them again. */
static void group_goes_on_without_a_row(void **state) {
  (void)state;
  world w;
  uint8_t id[32];
  size_t bad;
  three(&w, 62);
  node *bao = &w.nodes[BAO];
  bao->part = 1;
  assert_int_equal(world_say(&w, &w.nodes[ANA], "passed over", id), VLS_OK);
  bao->part = 0;
  assert_int_equal(world_say(&w, &w.nodes[ANA], "kept", id), VLS_OK);
  kept_rows rows = {0};
  rows_take_all(&rows, bao->group);
  for (size_t i = 0; i < rows.n; i++) {
    vls_group *got = NULL;
    kept_rows less = {0}, all = {0};
    for (size_t k = 0; k < rows.n; k++) {
      vls_group_row row = rows.list[k].row;
      row.value = vls_buf_slice(&rows.list[k].value);
      if (k != i) rows_put(&less, &row);
    }
    assert_int_equal(rows_load(&got, &bao->me, vls_group_id(bao->group), &less, &bad), VLS_OK);
    if (rows.list[i].row.kind > ROW_ACT) {
      assert_int_equal(vls_group_level(got, w.nodes[ANA].who.identity.pub), VLS_LEVEL_FOUNDER);
      assert_true(got->seq >= bao->group->seq); /* no place in the chain is used twice */
    }
    /* The store comes to have what the group has. */
    rows_take(&less, got);
    rows_take_all(&all, got);
    assert_true(rows_equal(&less, &all));
    rows_done(&less);
    rows_done(&all);
    vls_group_free(got);
  }
  rows_done(&rows);
  world_end(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(letters_are_for_members_who_may_read),
      cmocka_unit_test(wraps_of_others_open_nothing),
      cmocka_unit_test(broken_rows_are_left_out),
      cmocka_unit_test(group_goes_on_without_a_row),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
