/* The grammar: the command table itself, and what the parser and the completion make of words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/cmd.h"
#include "client/complete.h"
#include "client/topics.h"

/* Calls visit for every command and every verb. */
static void each_command(void (*visit)(const vls_cmd *noun, const vls_cmd *cmd)) {
  for (const vls_cmd *const *c = vls_commands; *c != NULL; c++) {
    visit(NULL, *c);
    for (const vls_cmd *const *s = (*c)->subs; s != NULL && *s != NULL; s++)
      visit(*c, *s);
  }
}

static void check_words(const vls_cmd *noun, const vls_cmd *cmd) {
  (void)noun;
  assert_true(strlen(cmd->name) > 0);
  assert_true(strspn(cmd->name, "abcdefghijklmnopqrstuvwxyz") == strlen(cmd->name));
  assert_true(strlen(cmd->summary) > 0 && strlen(cmd->summary) <= VLS_SUMMARY_MAX);
  assert_true(cmd->summary[strlen(cmd->summary) - 1] != '.');
  assert_non_null(cmd->operands);
  assert_non_null(cmd->about);
  size_t n = strlen(cmd->about);
  assert_true(n == 0 || cmd->about[n - 1] == '\n');
  for (const char *line = cmd->about; *line != '\0'; line = strchr(line, '\n') + 1)
    assert_true(strcspn(line, "\n") <= 79);
  assert_true((cmd->subs != NULL) != (cmd->run != NULL));
  assert_true(cmd->subs != NULL || n > 0 || cmd->hidden);
  assert_true(cmd->min <= cmd->max);
  assert_true((cmd->max > 0) == (cmd->operands[0] != '\0'));
}

static void table_every_command_is_explained(void **state) {
  (void)state;
  each_command(check_words);
}

static void check_opts(const vls_cmd *noun, const vls_cmd *cmd) {
  (void)noun;
  size_t n = 0;
  for (const vls_opt *o = cmd->opts; o != NULL && o->name != NULL; o++, n++) {
    assert_true(strlen(o->help) > 0 && strlen(o->help) <= VLS_SUMMARY_MAX);
    assert_true((o->kind == VLS_KIND_FLAG) == (o->value == NULL));
    assert_true((o->kind == VLS_KIND_CHOICE) == (o->choices != NULL));
    for (const vls_opt *g = vls_global_opts; g->name != NULL; g++) {
      assert_string_not_equal(o->name, g->name);
      assert_true(o->letter == 0 || o->letter != g->letter);
    }
    for (const vls_opt *other = cmd->opts; other != o; other++) {
      assert_string_not_equal(o->name, other->name);
      assert_true(o->letter == 0 || o->letter != other->letter);
    }
  }
  assert_true(n < VLS_OPTS_MAX);
}

static void table_every_option_is_explained_and_its_own(void **state) {
  (void)state;
  each_command(check_opts);
}

static char *manual;

static void check_manual(const vls_cmd *noun, const vls_cmd *cmd) {
  char heading[80];
  if (cmd->hidden || cmd->subs != NULL) return;
  (void)snprintf(heading, sizeof heading, "*valise %s%s%s*", noun != NULL ? noun->name : "",
                 noun != NULL ? " " : "", cmd->name);
  const char *at = strstr(manual, heading);
  if (at == NULL) fail_msg("%s is not in the manual", heading);
  const char *end = strstr(at + 1, "\n*valise ");
  for (const vls_opt *o = cmd->opts; o != NULL && o->name != NULL; o++) {
    char name[64];
    (void)snprintf(name, sizeof name, "*--%s*", o->name);
    const char *found = strstr(at, name);
    if (found == NULL || (end != NULL && found > end))
      fail_msg("%s of %s is not in the manual", name, heading);
  }
}

static void table_every_command_is_in_the_manual(void **state) {
  (void)state;
  FILE *file = fopen(VALISE_SOURCE_DIR "/man/valise.1.scd", "r");
  assert_non_null(file);
  manual = calloc(1, 1 << 17);
  assert_true(fread(manual, 1, (1 << 17) - 1, file) > 0);
  fclose(file);
  each_command(check_manual);
  for (const vls_opt *g = vls_global_opts; g->name != NULL; g++) {
    char name[64];
    (void)snprintf(name, sizeof name, "*--%s*", g->name);
    assert_non_null(strstr(manual, name));
  }
  free(manual);
}

static void table_topics_are_there_and_fit_a_terminal(void **state) {
  (void)state;
  static const char *const needed[] = {"start",  "privacy", "exit-codes", "output",
                                       "config", "invite",  "doctor"};
  for (size_t i = 0; i < 7; i++) {
    const vls_topic *t = vls_topics;
    while (t->name != NULL && strcmp(t->name, needed[i]) != 0)
      t++;
    assert_non_null(t->name);
    for (const char *line = t->text; *line != '\0'; line = strchr(line, '\n') + 1)
      assert_true(strcspn(line, "\n") <= 79);
  }
}

/* Parses "valise WORDS"; words are separated by spaces. */
static vls_err parse(const char *line, vls_cli *cli, vls_args *args) {
  static char words[256];
  static char *argv[32];
  int argc = 0;
  char *rest = NULL;
  (void)snprintf(words, sizeof words, "%s", line);
  for (char *w = strtok_r(words, " ", &rest); w != NULL; w = strtok_r(NULL, " ", &rest))
    argv[argc++] = w;
  argv[argc] = NULL;
  vls_problem_done(&cli->problem);
  vls_cli_init(cli);
  return vls_args_parse(cli, argc, argv, args);
}

static void parse_finds_command_options_and_operands(void **state) {
  (void)state;
  vls_cli cli = {0};
  vls_args args;
  assert_int_equal(parse("valise send Bao -m hi Ana --wait delivered", &cli, &args), VLS_OK);
  assert_string_equal(args.cmd->name, "send");
  assert_int_equal(args.n, 2);
  assert_string_equal(args.word[0], "Bao");
  assert_string_equal(args.word[1], "Ana");
  assert_string_equal(vls_args_opt(&args, "message"), "hi");
  assert_string_equal(vls_args_opt(&args, "wait"), "delivered");
  assert_null(vls_args_opt(&args, "file"));
}

static void parse_takes_global_options_anywhere(void **state) {
  (void)state;
  static const char *const lines[] = {
      "valise --json contact show Bao", "valise contact --json show Bao",
      "valise contact show --json Bao", "valise contact show Bao --json",
      "valise --socket /x contact --js show Bao"};
  for (size_t i = 0; i < 5; i++) {
    vls_cli cli = {0};
    vls_args args;
    assert_int_equal(parse(lines[i], &cli, &args), VLS_OK);
    assert_int_equal(cli.mode, VLS_JSON);
    assert_string_equal(args.cmd->name, "show");
    assert_string_equal(args.word[0], "Bao");
  }
}

static void parse_noun_alone_is_its_first_verb(void **state) {
  (void)state;
  vls_cli cli = {0};
  vls_args args;
  assert_int_equal(parse("valise contact", &cli, &args), VLS_OK);
  assert_string_equal(args.cmd->name, "list");
  assert_int_equal(parse("valise outbox --plain", &cli, &args), VLS_OK);
  assert_string_equal(args.cmd->name, "list");
  assert_int_equal(cli.mode, VLS_TABBED);
  assert_int_equal(parse("valise contact --help", &cli, &args), VLS_OK);
  assert_string_equal(args.cmd->name, "contact");
}

static void parse_keeps_what_follows_two_dashes(void **state) {
  (void)state;
  vls_cli cli = {0};
  vls_args args;
  assert_int_equal(parse("valise watch --exec cat -- -n --json", &cli, &args), VLS_OK);
  assert_int_equal(cli.mode, VLS_HUMAN);
  assert_int_equal(args.n, 2);
  assert_string_equal(args.word[0], "-n");
  assert_int_equal(parse("valise send Bao -", &cli, &args), VLS_OK);
  assert_string_equal(args.word[1], "-");
}

static void parse_refuses_with_a_suggestion(void **state) {
  (void)state;
  static const struct {
    const char *line, *says;
  } cases[] = {
      {"valise sned Bao", "did you mean valise send?"},
      {"valise contact lsit", "did you mean valise contact list?"},
      {"valise send Bao --mesage x", "did you mean --message?"},
      {"valise status --jsno", "did you mean --json?"},
      {"valise frobnicate", "unknown command \"frobnicate\""},
      {"valise send", "something is missing"},
      {"valise contact rename Bao", "something is missing"},
      {"valise contact show a b", "one word too many"},
      {"valise send Bao -m", "needs a value"},
      {"valise send Bao --wait soon", "queued stored delivered"},
      {"valise status -x", "unknown option \"-x\""},
      {"valise status --json=yes", "takes no value"},
      {"valise --color sometimes status", "auto always never"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    vls_cli cli = {0};
    vls_args args;
    assert_int_equal(parse(cases[i].line, &cli, &args), VLS_USAGE);
    if (strstr(vls_problem_text(&cli.problem), cases[i].says) == NULL)
      fail_msg("%s: %s", cases[i].line, vls_problem_text(&cli.problem));
    vls_problem_done(&cli.problem);
  }
}

static void parse_numbers_and_spans_are_bounded(void **state) {
  (void)state;
  vls_cli cli = {0};
  vls_args args;
  uint64_t n = 5;
  assert_int_equal(parse("valise read -n 50", &cli, &args), VLS_OK);
  assert_int_equal(vls_args_number(&cli, &args, "count", 1, 100, &n), VLS_OK);
  assert_int_equal(n, 50);
  static const char *const bad[] = {"valise read -n 0", "valise read -n 101", "valise read -n -1",
                                    "valise read -n 1x", "valise read -n 99999999999999999999"};
  for (size_t i = 0; i < 5; i++) {
    assert_int_equal(parse(bad[i], &cli, &args), VLS_OK);
    assert_int_equal(vls_args_number(&cli, &args, "count", 1, 100, &n), VLS_USAGE);
    assert_int_equal(n, 50);
  }
  assert_int_equal(vls_args_text_number(&cli, "#12", &n), VLS_OK);
  assert_int_equal(n, 12);
  assert_int_equal(vls_args_text_number(&cli, "0", &n), VLS_USAGE);
  assert_int_equal(vls_args_text_number(&cli, "#", &n), VLS_USAGE);
  vls_problem_done(&cli.problem);
}

#define NEXT(...)                                                                                  \
  vls_complete_next((const char *const[]){__VA_ARGS__},                                            \
                    sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void complete_knows_what_comes_next(void **state) {
  (void)state;
  assert_int_equal(NEXT("").what, VLS_NEXT_COMMAND);
  assert_null(NEXT("co").cmd);
  assert_string_equal(NEXT("contact", "").cmd->name, "contact");
  assert_int_equal(NEXT("contact", "").what, VLS_NEXT_COMMAND);
  assert_int_equal(NEXT("contact", "show", "").kind, VLS_KIND_CONTACT);
  assert_int_equal(NEXT("send", "-").what, VLS_NEXT_OPTION);
  assert_int_equal(NEXT("send", "Bao", "--wait", "").kind, VLS_KIND_CHOICE);
  assert_int_equal(NEXT("send", "Bao", "--wait", "=", "").kind, VLS_KIND_CHOICE);
  assert_int_equal(NEXT("send", "-f", "").kind, VLS_KIND_FILE);
  assert_int_equal(NEXT("send", "-f", "x", "").kind, VLS_KIND_TO);
  assert_int_equal(NEXT("--socket", "/x", "send", "").kind, VLS_KIND_TO);
  assert_int_equal(NEXT("send", "--wait=stored", "").kind, VLS_KIND_TO);
  assert_int_equal(NEXT("watch", "--exec", "").kind, VLS_KIND_COMMAND);
  assert_int_equal(NEXT("send", "--", "-").what, VLS_NEXT_VALUE);
  assert_int_equal(NEXT("help", "").kind, VLS_KIND_TOPIC);
  assert_int_equal(NEXT("config", "set", "").kind, VLS_KIND_KEY);
  assert_int_equal(NEXT("nosuch", "").kind, VLS_KIND_TEXT);
}

static void complete_knows_each_operand_by_its_place(void **state) {
  (void)state;
  assert_int_equal(NEXT("group", "role", "").kind, VLS_KIND_GROUP);
  assert_null(NEXT("group", "role", "").group);
  assert_int_equal(NEXT("group", "role", "@school", "").kind, VLS_KIND_MEMBER);
  assert_string_equal(NEXT("group", "role", "@school", "").group, "@school");
  assert_int_equal(NEXT("group", "role", "@school", "Bao", "").kind, VLS_KIND_LEVEL);
  assert_int_equal(NEXT("group", "role", "@school", "Bao", "member", "").kind, VLS_KIND_TEXT);
  assert_int_equal(NEXT("group", "role", "-r", "x", "@school", "").kind, VLS_KIND_MEMBER);
  assert_int_equal(NEXT("group", "invite", "@school", "").kind, VLS_KIND_CONTACT);
  assert_int_equal(NEXT("group", "admit", "@school", "").kind, VLS_KIND_ASKING);
  assert_int_equal(NEXT("group", "show", "").kind, VLS_KIND_GROUP);
  assert_int_equal(NEXT("read", "").kind, VLS_KIND_TO);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(table_every_command_is_explained),
      cmocka_unit_test(table_every_option_is_explained_and_its_own),
      cmocka_unit_test(table_every_command_is_in_the_manual),
      cmocka_unit_test(table_topics_are_there_and_fit_a_terminal),
      cmocka_unit_test(parse_finds_command_options_and_operands),
      cmocka_unit_test(parse_takes_global_options_anywhere),
      cmocka_unit_test(parse_noun_alone_is_its_first_verb),
      cmocka_unit_test(parse_keeps_what_follows_two_dashes),
      cmocka_unit_test(parse_refuses_with_a_suggestion),
      cmocka_unit_test(parse_numbers_and_spans_are_bounded),
      cmocka_unit_test(complete_knows_what_comes_next),
      cmocka_unit_test(complete_knows_each_operand_by_its_place),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
