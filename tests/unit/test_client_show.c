/* Every text a peer can set, through every way out: nothing dangerous leaves. */
#include "client/show.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cmd_contact.h"
#include "client/json.h"
#include "client/table.h"
#include "client_harmless.h"

typedef struct run {
  vls_cli cli;
  char *out, *err;
  size_t out_n, err_n;
} run;

typedef enum way { PEOPLE, COLOUR, NARROW, SPOKEN, TABBED, JSON, WAYS } way;

static void begin(run *r, way w) {
  *r = (run){0};
  r->cli.mode = w == TABBED ? VLS_TABBED : w == JSON ? VLS_JSON : VLS_HUMAN;
  r->cli.out.file = open_memstream(&r->out, &r->out_n);
  r->cli.err.file = open_memstream(&r->err, &r->err_n);
  r->cli.out.color = w == COLOUR;
  r->cli.accessible = w == SPOKEN;
  r->cli.out.width = w == NARROW ? 20 : 0;
  r->cli.out.indent = r->cli.err.indent = VLS_OUT_INDENT;
  r->cli.tty_out = w == NARROW;
}

/* Our own colours are the only escape sequences; they are taken out before the oracle looks. */
static void drop_colours(char *text) {
  static const char *const ours[] = {"\033[0m",  "\033[1m",  "\033[2m",
                                     "\033[31m", "\033[32m", "\033[33m"};
  for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
    for (char *at = strstr(text, ours[i]); at != NULL; at = strstr(at, ours[i]))
      memmove(at, at + strlen(ours[i]), strlen(at + strlen(ours[i])) + 1);
}

static void end(run *r, way w) {
  fclose(r->cli.out.file);
  fclose(r->cli.err.file);
  assert_int_equal(strlen(r->out), r->out_n);
  if (w == COLOUR) drop_colours(r->out);
  assert_harmless(r->out, strlen(r->out), w == TABBED || w == PEOPLE || w == COLOUR || w == SPOKEN);
  assert_harmless(r->err, r->err_n, false);
  if (w == JSON && r->out_n > 0) {
    json_error_t error;
    json_t *value = json_loads(r->out, JSON_REJECT_DUPLICATES, &error);
    assert_non_null(value);
    assert_int_equal(json_integer_value(json_object_get(value, "v")), 1);
    json_decref(value);
  }
  if (w == TABBED && r->out_n > 0) {
    assert_ptr_equal(strchr(r->out, '\n'), r->out + r->out_n - 1); /* one row, whatever is in it */
  }
  free(r->out);
  free(r->err);
}

static vls_rpc_message a_message(void) {
  return (vls_rpc_message){.n = 1,
                           .contact = 1,
                           .name = vls_slice_str("Bao"),
                           .id = vls_slice_str("v1x"),
                           .text = vls_slice_str("hello"),
                           .state = vls_slice_str("received"),
                           .at = 1000};
}

static void message_fields_are_harmless_in_every_mode(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof hostile_texts / sizeof hostile_texts[0]; i++) {
    vls_slice bad = vls_slice_str(hostile_texts[i]);
    for (int w = 0; w < WAYS; w++) {
      for (unsigned field = 0; field < 5; field++) {
        vls_rpc_message m = a_message();
        m.mine = (field & 1) != 0;
        m.has_problem = field == 1;
        if (field == 0) m.name = bad;
        if (field == 1) m.problem = bad;
        if (field == 2) m.text = bad;
        if (field == 3) m.state = bad;
        if (field == 4) m.id = bad;
        run r;
        begin(&r, (way)w);
        vls_show_message(&r.cli, &m);
        end(&r, (way)w);
      }
    }
  }
}

static void event_fields_are_harmless_in_every_mode(void **state) {
  (void)state;
  static const char *const types[] = {VLS_EV_MESSAGE, VLS_EV_FAILED, VLS_EV_ALARM, VLS_EV_CONTACT};
  for (size_t i = 0; i < sizeof hostile_texts / sizeof hostile_texts[0]; i++) {
    vls_slice bad = vls_slice_str(hostile_texts[i]);
    for (size_t t = 0; t < 4; t++) {
      for (int w = 0; w < WAYS; w++) {
        vls_rpc_event e = {.cursor = 7,
                           .type = vls_slice_str(types[t]),
                           .at = 1000,
                           .has_name = true,
                           .name = bad,
                           .has_n = true,
                           .n = 3,
                           .has_text = true,
                           .text = bad,
                           .has_item = true,
                           .item = bad};
        run r;
        begin(&r, (way)w);
        vls_show_event(&r.cli, &e);
        end(&r, (way)w);
      }
    }
  }
}

static void contact_fields_are_harmless_in_every_mode(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof hostile_texts / sizeof hostile_texts[0]; i++) {
    vls_slice bad = vls_slice_str(hostile_texts[i]);
    for (int w = 0; w < WAYS; w++) {
      vls_rpc_contact c = {.contact = 1,
                           .name = bad,
                           .claim = bad,
                           .id = bad,
                           .state = bad,
                           .has_problem = true,
                           .problem = bad,
                           .addresses = {bad, bad},
                           .n_addresses = 2};
      run r;
      begin(&r, (way)w);
      vls_contact_print(&r.cli, &c);
      end(&r, (way)w);
      begin(&r, (way)w);
      vls_contact_changed(&r.cli, &c, "%.*s is verified.");
      end(&r, (way)w);
    }
  }
}

static void table_cells_are_harmless_in_every_mode(void **state) {
  (void)state;
  static const vls_column columns[] = {{"NAME", VLS_COL_CUT}, {"ADDRESS", VLS_COL_LEFT}};
  for (size_t i = 0; i < sizeof hostile_texts / sizeof hostile_texts[0]; i++) {
    for (int w = 0; w < JSON; w++) {
      run r;
      begin(&r, (way)w);
      vls_table *table = vls_table_new(&r.cli, columns, 2);
      vls_table_text(table, vls_slice_str(hostile_texts[i]));
      vls_table_put(table, "at %s", hostile_texts[i]);
      vls_table_end(table, NULL);
      end(&r, (way)w);
      begin(&r, (way)w);
      vls_card_put(&r.cli, "Problem", "%s", hostile_texts[i]);
      end(&r, (way)w);
    }
  }
}

static void problems_are_harmless_in_every_mode(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof hostile_texts / sizeof hostile_texts[0]; i++) {
    for (int w = 0; w < WAYS; w++) {
      run r;
      begin(&r, (way)w);
      vls_err err =
          vls_fail(&r.cli, VLS_NOT_FOUND, hostile_texts[i], "no \"%s\"", hostile_texts[i]);
      vls_cli_report(&r.cli, err);
      vls_cli_note(&r.cli, "%s", hostile_texts[i]);
      vls_problem_done(&r.cli.problem);
      fclose(r.cli.out.file);
      fclose(r.cli.err.file);
      assert_harmless(r.err, r.err_n, w == TABBED);
      free(r.out);
      free(r.err);
    }
  }
}

static void json_gives_the_text_back_exactly(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof hostile_texts / sizeof hostile_texts[0]; i++) {
    json_t *valid = json_string(hostile_texts[i]);
    if (valid == NULL) continue; /* not UTF-8: what comes out is a picture of it */
    vls_rpc_message m = a_message();
    m.text = vls_slice_str(hostile_texts[i]);
    run r;
    begin(&r, JSON);
    vls_show_message(&r.cli, &m);
    fflush(r.cli.out.file);
    json_t *value = json_loads(r.out, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(value, "text")), hostile_texts[i]);
    json_decref(value);
    json_decref(valid);
    end(&r, JSON);
  }
}

/* Every line of a body begins with spaces: none can pass for a line of the program. */
static void body_never_begins_a_line(void **state) {
  (void)state;
  static const char fake[] = "ok\n#9 Ana, 12:00 (just now)\n  trust me\r\n#10 Ana\n";
  static const size_t widths[] = {0, 20, 40};
  for (size_t w = 0; w < 3; w++) {
    run r;
    begin(&r, PEOPLE);
    r.cli.out.width = widths[w];
    vls_out_body(&r.cli.out, 2, vls_slice_str(fake));
    fflush(r.cli.out.file);
    for (char *line = r.out; *line != '\0'; line = strchr(line, '\n') + 1)
      assert_true(*line == '\n' || strncmp(line, "  ", 2) == 0);
    end(&r, PEOPLE);
  }
}

/* A line so long that the terminal would break it is broken here, where it can be indented. */
static void body_is_wrapped_within_the_terminal(void **state) {
  (void)state;
  char long_word[2001];
  memset(long_word, 'x', sizeof long_word - 1);
  long_word[sizeof long_word - 1] = '\0';
  const char *texts[] = {long_word,
                         "one two three four five six seven eight nine ten",
                         "你好你好你好你好你好你好你好你好你好你好",
                         "a\tb\tc\td\te\tf",
                         "        #1 Ana          #2",
                         "                                                            #1 Ana",
                         "x                                                           #1 Ana",
                         "\t\t\t\t\t\t#1 Ana"};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    run r;
    begin(&r, NARROW);
    vls_out_body(&r.cli.out, 2, vls_slice_str(texts[i]));
    fflush(r.cli.out.file);
    for (char *line = r.out; *line != '\0';) {
      char *stop = strchr(line, '\n');
      assert_non_null(stop);
      assert_true(vls_gate_width(vls_slice_of(line, (size_t)(stop - line))) <= 20);
      assert_true(stop == line || strncmp(line, "  ", 2) == 0);
      line = stop + 1;
    }
    end(&r, NARROW);
  }
}

/* Not only bodies: a name, an address or an error padded to the width of the terminal. */
static void padding_cannot_begin_a_line(void **state) {
  (void)state;
  static const char padded[] =
      "Eve                                        #9 Ana, 12:00 Verified yes";
  vls_slice bad = vls_slice_str(padded);
  vls_rpc_message m = a_message();
  vls_rpc_contact c = {.contact = 1,
                       .name = bad,
                       .claim = bad,
                       .id = bad,
                       .addresses = {bad},
                       .n_addresses = 1,
                       .state = vls_slice_str("ready")};
  vls_rpc_event e = {
      .cursor = 1, .type = vls_slice_str(VLS_EV_CONTACT), .has_name = true, .name = bad};
  run r;
  begin(&r, NARROW);
  m.name = bad;
  vls_show_message(&r.cli, &m);
  vls_show_event(&r.cli, &e);
  vls_contact_print(&r.cli, &c);
  vls_contact_changed(&r.cli, &c, "%.*s is verified.");
  fflush(r.cli.out.file);
  for (const char *line = r.out; *line != '\0'; line = strchr(line, '\n') + 1) {
    assert_true(strncmp(line, "#9", 2) != 0 && strncmp(line, "Verified yes", 12) != 0);
    assert_true(strcspn(line, "\n") <= 20);
  }
  end(&r, NARROW);
}

static void spoken_rows_are_sentences(void **state) {
  (void)state;
  static const vls_column columns[] = {
      {"NAME", VLS_COL_CUT}, {"LAST SEEN", VLS_COL_LEFT}, {"WHY", 0}};
  run r;
  begin(&r, SPOKEN);
  vls_table *table = vls_table_new(&r.cli, columns, 3);
  vls_table_text(table, vls_slice_str("Bao"));
  vls_table_text(table, vls_slice_str("just now"));
  vls_table_text(table, vls_slice_str(""));
  vls_table_end(table, NULL);
  fflush(r.cli.out.file);
  assert_string_equal(r.out, "Name: Bao. Last seen: just now.\n");
  end(&r, SPOKEN);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(message_fields_are_harmless_in_every_mode),
      cmocka_unit_test(event_fields_are_harmless_in_every_mode),
      cmocka_unit_test(contact_fields_are_harmless_in_every_mode),
      cmocka_unit_test(table_cells_are_harmless_in_every_mode),
      cmocka_unit_test(problems_are_harmless_in_every_mode),
      cmocka_unit_test(json_gives_the_text_back_exactly),
      cmocka_unit_test(body_never_begins_a_line),
      cmocka_unit_test(body_is_wrapped_within_the_terminal),
      cmocka_unit_test(padding_cannot_begin_a_line),
      cmocka_unit_test(spoken_rows_are_sentences),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
