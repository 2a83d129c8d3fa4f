/* Backup files that a right key sealed, and that no valised wrote: what the reader refuses. */
#include "backup_judge.h"

static void backup_of_every_kind_is_read_whole(void **state) {
  (void)state;
  book b;
  fill(&b);
  verdict v = judge(&b);
  assert_int_equal(v.err, VLS_OK);
  assert_int_equal(v.rows, b.n);
  assert_string_equal(v.problem, "");
}

static void backup_rows_out_of_order_are_refused(void **state) {
  (void)state;
  book b;
  fill(&b);
  for (size_t i = 0; i + 1 < b.n; i++) {
    vls_backup_row row = b.row[i];
    b.row[i] = b.row[i + 1];
    b.row[i + 1] = row;
    assert_int_equal(judge(&b).err, VLS_MALFORMED);
    fill(&b);
  }
}

static void backup_rows_that_come_twice_are_refused(void **state) {
  (void)state;
  book b;
  fill(&b);
  for (size_t i = 0; i < b.n; i++) {
    insert(&b, i, &b.row[i]);
    assert_int_equal(judge(&b).err, VLS_MALFORMED);
    fill(&b);
  }
}

static void backup_without_a_row_that_must_be_there_is_refused(void **state) {
  (void)state;
  static const vls_backup_kind must[] = {VLS_BACKUP_START, VLS_BACKUP_SELF, VLS_BACKUP_COUNTERS};
  book b;
  fill(&b);
  for (size_t i = 0; i < COUNT(must); i++) {
    vls_backup_row *row = of(&b, must[i]);
    memmove(row, row + 1, (size_t)(b.row + b.n - row - 1) * sizeof *row);
    b.n--;
    refused(&b);
  }
  b.n--; /* the end */
  verdict v = judge(&b);
  assert_int_equal(v.err, VLS_MALFORMED); /* zeros are no row */
}

static void backup_that_counted_otherwise_is_refused(void **state) {
  (void)state;
  book b;
  fill(&b);
  of(&b, VLS_BACKUP_END)->end.contacts = 1;
  refused(&b);
  of(&b, VLS_BACKUP_END)->end.events = 1;
  refused(&b);
  of(&b, VLS_BACKUP_END)->end.messages = 1;
  refused(&b);
  of(&b, VLS_BACKUP_END)->end.rows = 1;
  refused(&b);
}

static void backup_rows_of_a_contact_that_is_not_there_are_refused(void **state) {
  (void)state;
  book b;
  fill(&b);
  of(&b, VLS_BACKUP_CHAIN)->chain.contact = 1;
  refused(&b);
  of(&b, VLS_BACKUP_OWN_CHAIN)->own_chain.contact = 1;
  refused(&b);
  of(&b, VLS_BACKUP_FEED)->feed.contact = 5;
  refused(&b);
  of(&b, VLS_BACKUP_EVENT)->event.contact = 2;
  refused(&b);
  of(&b, VLS_BACKUP_MESSAGE)->message.contact = 99;
  refused(&b);
}

static void backup_numbers_beyond_its_counters_are_refused(void **state) {
  (void)state;
  book b;
  fill(&b);
  of(&b, VLS_BACKUP_COUNTERS)->counters.message = 8;
  refused(&b);
  of(&b, VLS_BACKUP_COUNTERS)->counters.feed = 8;
  refused(&b);
  of(&b, VLS_BACKUP_COUNTERS)->counters.trimmed = 10;
  refused(&b);
  of(&b, VLS_BACKUP_CONTACT)->contact.n_knock = 0; /* a psk without its knock key */
  refused(&b);
}

static void backup_settings_go_nowhere_but_where_settings_are(void **state) {
  (void)state;
  static const char *const wrong[] = {"/etc/passwd",     "valise.conf/x",       "conf.d/",
                                      "conf.d/.conf",    "conf.d/..conf",       "conf.d/../a.conf",
                                      "conf.d/a/b.conf", "conf.d/a.conf~",      "conf.x/ab.conf",
                                      "conf.d/a b.conf", "conf.d/a\x7f.conf",   "conf.d/a[.conf",
                                      "conf.d/a@.conf",  "conf.d/\xc3\xa4.conf"};
  static const char *const right[] = {"conf.d/Z-9_a.b.conf", "conf.d/A.conf", "conf.d/0z.conf"};
  book b;
  fill(&b);
  for (size_t i = 0; i < COUNT(wrong); i++) {
    vls_backup_setting one = {.file = text(wrong[i])};
    assert_false(vls_backup_setting_is_right(NULL, &one));
    of(&b, VLS_BACKUP_SETTING)->setting = one;
    refused(&b);
  }
  for (size_t i = 0; i < COUNT(right); i++)
    assert_true(vls_backup_setting_is_right(NULL, &(vls_backup_setting){.file = text(right[i])}));
}

static void backup_settings_ascend_and_are_no_longer_than_a_row(void **state) {
  (void)state;
  static const uint8_t bytes[65537];
  vls_backup_setting a = {.file = text("conf.d/a.conf")}, b = {.file = text("valise.conf")};
  vls_backup_setting longer = {.file = text("conf.d/a.conf.conf")};
  assert_true(vls_backup_setting_is_right(&a, &b));
  assert_false(vls_backup_setting_is_right(&b, &a));
  assert_false(vls_backup_setting_is_right(&a, &a));
  assert_true(vls_backup_setting_is_right(&a, &longer));
  assert_false(vls_backup_setting_is_right(&longer, &a));
  a.text = vls_slice_of(bytes, 65536);
  assert_true(vls_backup_setting_is_right(NULL, &a));
  a.text = vls_slice_of(bytes, 65537);
  assert_false(vls_backup_setting_is_right(NULL, &a));
}

static void backup_with_more_rows_of_a_kind_than_a_node_has_is_refused(void **state) {
  (void)state;
  static char name[VLS_BACKUP_SETTINGS + 1][24];
  book b;
  for (size_t n = VLS_BACKUP_SETTINGS - 3; n <= VLS_BACKUP_SETTINGS - 2; n++) {
    fill(&b);
    for (size_t i = n; i-- > 0;) {
      vls_backup_row row = {.kind = VLS_BACKUP_SETTING};
      snprintf(name[i], sizeof name[i], "conf.d/0%02u.conf", (unsigned)i % 100);
      row.setting.file = text(name[i]);
      insert(&b, 2, &row);
    }
    assert_int_equal(judge(&b).err, n + 3 <= VLS_BACKUP_SETTINGS ? VLS_OK : VLS_MALFORMED);
  }
}

static void backup_rows_of_no_known_kind_or_size_are_refused(void **state) {
  (void)state;
  static const char said[] = "it holds rows of a kind, or a size, that this version does not know";
  static const uint8_t body[512];
  const struct {
    unsigned kind;
    size_t n;
    const char *why;
  } wrong[] = {{VLS_BACKUP_KINDS + 1, 1, said},
               {255, 1, said},
               {VLS_BACKUP_START, 257, said},
               {VLS_BACKUP_START, 256, "it holds what no backup holds, though its seal is right"}};
  for (size_t i = 0; i < COUNT(wrong); i++) {
    vls_buf plain;
    vls_buf_init(&plain, FILE_MAX);
    put_row(&plain, wrong[i].kind, vls_slice_of(body, wrong[i].n));
    verdict v = judge_bytes(&plain);
    assert_int_equal(v.err, VLS_MALFORMED);
    assert_string_equal(v.problem, wrong[i].why);
    vls_buf_done(&plain);
  }
}

static void backup_that_goes_on_behind_its_end_is_refused(void **state) {
  (void)state;
  book b;
  fill(&b);
  vls_buf plain = bytes_of(&b);
  size_t whole = plain.n;
  assert_int_equal(vls_buf_put_u8(&plain, 1), VLS_OK);
  verdict v = judge_bytes(&plain);
  assert_int_equal(v.err, VLS_MALFORMED);
  assert_string_equal(v.problem, "there is something behind its end");
  plain.n = whole;
  uint8_t *zeros = vls_buf_grow(&plain, VLS_BACKUP_PLAIN);
  assert_non_null(zeros);
  memset(zeros, 0, VLS_BACKUP_PLAIN);
  v = judge_bytes(&plain);
  assert_int_equal(v.err, VLS_MALFORMED);
  assert_string_equal(v.problem, "it goes on behind its end");
  vls_buf_done(&plain);
}

static void backup_that_ends_in_the_middle_is_refused(void **state) {
  (void)state;
  static const uint8_t body[65600];
  book b;
  vls_buf plain;
  fill(&b);
  b.n = 2;
  plain = bytes_of(&b);
  put_row(&plain, VLS_BACKUP_SETTING, vls_slice_of(body, sizeof body)); /* longer than the chunk */
  plain.n = VLS_BACKUP_PLAIN;
  verdict v = judge_bytes(&plain);
  assert_int_equal(v.err, VLS_MALFORMED);
  assert_string_equal(v.problem, "it ends in the middle");
  vls_buf_done(&plain);
}

/* Settings until the next row begins `left` bytes before the end of a chunk. */
static vls_buf begin_row_at(book *b, size_t left) {
  static const uint8_t bytes[VLS_BACKUP_PLAIN];
  vls_backup_row *long_one;
  fill(b);
  long_one = of(b, VLS_BACKUP_SETTING);
  long_one->setting.text = vls_slice_of(bytes, 60000);
  book start = {.n = 3};
  memcpy(start.row, b->row, 3 * sizeof b->row[0]); /* up to that one */
  vls_buf plain = bytes_of(&start);
  long_one->setting.text.n += VLS_BACKUP_PLAIN - left - plain.n;
  vls_buf_done(&plain);
  return bytes_of(b);
}

static void backup_row_over_two_chunks_is_read_wherever_it_is_cut(void **state) {
  (void)state;
  for (size_t left = 0; left < 24; left++) {
    book b;
    vls_buf plain = begin_row_at(&b, left);
    assert_true(plain.n > VLS_BACKUP_PLAIN);
    verdict v = judge_bytes(&plain);
    assert_int_equal(v.err, VLS_OK);
    assert_int_equal(v.rows, b.n);
    vls_buf_done(&plain);
  }
}

/* The end stands at the very end of a chunk, and another chunk follows. */
static void backup_that_fills_its_chunk_ends_there(void **state) {
  (void)state;
  static const uint8_t bytes[VLS_BACKUP_PLAIN];
  book b;
  fill(&b);
  vls_backup_row *long_one = of(&b, VLS_BACKUP_SETTING);
  long_one->setting.text = vls_slice_of(bytes, 60000);
  vls_buf plain = bytes_of(&b);
  long_one->setting.text.n += VLS_BACKUP_PLAIN - plain.n;
  of(&b, VLS_BACKUP_END)->end = (vls_backup_end){0};
  vls_buf_done(&plain);
  plain = bytes_of(&b);
  assert_int_equal(plain.n, VLS_BACKUP_PLAIN);
  assert_int_equal(judge_bytes(&plain).err, VLS_OK);
  uint8_t *more = vls_buf_grow(&plain, 1);
  assert_non_null(more);
  *more = 0;
  verdict v = judge_bytes(&plain);
  assert_int_equal(v.err, VLS_MALFORMED);
  assert_string_equal(v.problem, "it goes on behind its end");
  vls_buf_done(&plain);
}

static void backup_writer_ends_where_its_chunk_does(void **state) {
  (void)state;
  static const uint8_t bytes[VLS_BACKUP_PLAIN];
  size_t rest = 0;
  for (int round = 0; round < 3; round++) { /* 0: how much is left; 1: none is; 2: no room */
    uint8_t seed[32] = {3};
    vls_rng rng;
    vls_buf out;
    vls_backup_head head;
    vls_backup_cipher cipher;
    vls_backup_writer writer;
    vls_backup_row row = {.kind = VLS_BACKUP_SETTING};
    row.setting = (vls_backup_setting){text("valise.conf"), vls_slice_of(bytes, 60000 + rest)};
    vls_rng_init(&rng, seed);
    vls_backup_head_make(&head, &cipher, VLS_BACKUP_WORDS, NULL, (vls_argon_cost){0}, file_key,
                         &rng);
    vls_backup_writer_init(&writer, &cipher);
    vls_buf_init(&out, round == 2 ? VLS_BACKUP_CHUNK - 1 : FILE_MAX);
    assert_int_equal(vls_backup_writer_put(&writer, &row, &out), VLS_OK);
    row.kind = VLS_BACKUP_END;
    if (round == 0) {
      rest = VLS_BACKUP_PLAIN - writer.plain.n - 4 - 5; /* its head, and four small numbers */
    } else {
      vls_err err = vls_backup_writer_put(&writer, &row, &out);
      assert_int_equal(err, round == 1 ? VLS_OK : VLS_TOO_BIG);
      assert_int_equal(out.n, round == 1 ? VLS_BACKUP_CHUNK : 0);
    }
    vls_backup_writer_done(&writer);
    vls_buf_done(&out);
  }
}

static void backup_chunks_after_the_last_or_cut_are_refused(void **state) {
  (void)state;
  uint8_t seed[32] = {3};
  static uint8_t part[VLS_BACKUP_PLAIN], chunk[VLS_BACKUP_CHUNK];
  vls_rng rng;
  vls_backup_head head;
  vls_backup_cipher cipher;
  vls_backup_row row;
  book b;
  fill(&b);
  vls_buf plain = bytes_of(&b);
  memcpy(part, plain.p, plain.n);
  vls_buf_done(&plain);
  for (int cut = 0; cut < 2; cut++) {
    vls_backup_reader *reader;
    vls_rng_init(&rng, seed);
    vls_backup_head_make(&head, &cipher, VLS_BACKUP_WORDS, NULL, (vls_argon_cost){0}, file_key,
                         &rng);
    vls_backup_chunk_seal(&cipher, part, true, chunk);
    assert_int_equal(vls_backup_reader_new(&reader, &head, file_key), VLS_OK);
    vls_slice all = vls_slice_of(chunk, sizeof chunk);
    if (cut == 1) {
      all.n--;
      assert_int_equal(vls_backup_reader_put(reader, all), VLS_FORGED);
      assert_string_equal(vls_backup_reader_problem(reader), "it is cut off");
    } else {
      assert_int_equal(vls_backup_reader_put(reader, all), VLS_OK);
      while (vls_backup_reader_row(reader, &row) == VLS_OK)
        assert_false(vls_backup_reader_is_whole(reader)); /* what stands behind it is not read */
      assert_true(vls_backup_reader_is_whole(reader));
      assert_int_equal(vls_backup_reader_put(reader, all), VLS_MALFORMED);
      assert_string_equal(vls_backup_reader_problem(reader), "something was added behind its end");
      assert_false(vls_backup_reader_is_whole(reader));
    }
    vls_backup_reader_free(reader);
  }
  vls_backup_reader_free(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(backup_of_every_kind_is_read_whole),
      cmocka_unit_test(backup_rows_out_of_order_are_refused),
      cmocka_unit_test(backup_rows_that_come_twice_are_refused),
      cmocka_unit_test(backup_without_a_row_that_must_be_there_is_refused),
      cmocka_unit_test(backup_that_counted_otherwise_is_refused),
      cmocka_unit_test(backup_rows_of_a_contact_that_is_not_there_are_refused),
      cmocka_unit_test(backup_numbers_beyond_its_counters_are_refused),
      cmocka_unit_test(backup_settings_go_nowhere_but_where_settings_are),
      cmocka_unit_test(backup_settings_ascend_and_are_no_longer_than_a_row),
      cmocka_unit_test(backup_with_more_rows_of_a_kind_than_a_node_has_is_refused),
      cmocka_unit_test(backup_rows_of_no_known_kind_or_size_are_refused),
      cmocka_unit_test(backup_that_goes_on_behind_its_end_is_refused),
      cmocka_unit_test(backup_that_ends_in_the_middle_is_refused),
      cmocka_unit_test(backup_row_over_two_chunks_is_read_wherever_it_is_cut),
      cmocka_unit_test(backup_that_fills_its_chunk_ends_there),
      cmocka_unit_test(backup_writer_ends_where_its_chunk_does),
      cmocka_unit_test(backup_chunks_after_the_last_or_cut_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
