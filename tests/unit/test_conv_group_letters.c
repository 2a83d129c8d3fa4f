/* Letters, wraps and rows that are for others, damaged, or made up. */
#include "group_craft.h"

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

static void broken_rows_are_refused(void **state) {
  (void)state;
  world w;
  vls_buf rows;
  vls_group *got = NULL;
  uint8_t id[32];
  three(&w, 61);
  assert_int_equal(world_say(&w, &w.nodes[BAO], "kept", id), VLS_OK);
  const node *bao = &w.nodes[BAO];
  vls_buf_init(&rows, WORLD_BYTES);
  assert_int_equal(vls_group_save(bao->group, &rows), VLS_OK);
  for (size_t n = 1; n < rows.n; n += 37) {
    vls_err err = vls_group_load(&got, &bao->me, vls_slice_of(rows.p, n));
    if (err == VLS_OK) vls_group_free(got); /* it ends between two rows */
  }
  for (size_t i = 0; i < rows.n; i += 11) {
    rows.p[i] ^= 0x55;
    if (vls_group_load(&got, &bao->me, vls_buf_slice(&rows)) == VLS_OK) vls_group_free(got);
    rows.p[i] ^= 0x55;
  }
  assert_int_equal(vls_group_load(&got, &bao->me, vls_buf_slice(&rows)), VLS_OK);
  vls_buf again;
  vls_buf_init(&again, WORLD_BYTES);
  assert_int_equal(vls_group_save(got, &again), VLS_OK);
  assert_true(vls_slice_eq(vls_buf_slice(&rows), vls_buf_slice(&again)));
  vls_buf tight;
  vls_buf_init(&tight, 100);
  assert_int_equal(vls_group_save(got, &tight), VLS_TOO_BIG);
  vls_buf_done(&tight);
  vls_buf_done(&again);
  vls_buf_done(&rows);
  vls_group_free(got);
  world_end(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(letters_are_for_members_who_may_read),
      cmocka_unit_test(wraps_of_others_open_nothing),
      cmocka_unit_test(broken_rows_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
