#include <getopt.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/text.h"
#include "client/cmd.h"
#include "client/suggest.h"
#include "client/when.h"

enum { GLOBALS_MAX = 10, VALUE_BASE = 256 };

const vls_opt vls_global_opts[] = {
    {"json", 0, VLS_KIND_FLAG, NULL, "one JSON object a line, each with \"v\":1", NULL},
    {"plain", 0, VLS_KIND_FLAG, NULL, "fields separated by tabs, no headings", NULL},
    {"color", 0, VLS_KIND_CHOICE, "WHEN", "auto, always or never", "auto always never"},
    {"no-input", 0, VLS_KIND_FLAG, NULL, "never ask a question", NULL},
    {"socket", 0, VLS_KIND_FILE, "PATH", "the node's socket", NULL},
    {"quiet", 'q', VLS_KIND_FLAG, NULL, "say nothing beside the data and errors", NULL},
    {"help", 'h', VLS_KIND_FLAG, NULL, "explain the command and stop", NULL},
    {"version", 'V', VLS_KIND_FLAG, NULL, "tell the version and stop", NULL},
    VLS_OPTS_END,
};

typedef struct parse {
  vls_cli *cli;
  const vls_cmd *noun, *cmd; /* noun: of a verb */
  const char *color;
  vls_args *args;
} parse;

const vls_cmd *vls_cmd_find(const vls_cmd *const *list, const char *name) {
  for (; *list != NULL; list++)
    if (strcmp((*list)->name, name) == 0) return *list;
  return NULL;
}

/* "valise contact rename --help": what to type, for a hint. */
static const char *help_hint(const parse *p, char *text, size_t size) {
  (void)snprintf(text, size, "valise %s%s%s%s--help", p->noun ? p->noun->name : "",
                 p->noun ? " " : "", p->cmd ? p->cmd->name : "", p->cmd ? " " : "");
  return text;
}

static vls_err usage(const parse *p, const char *what, const char *word, const char *best) {
  char hint[80];
  const char *mean = best == NULL ? "" : "; did you mean ";
  return vls_fail(p->cli, VLS_USAGE, help_hint(p, hint, sizeof hint), "%s \"%s\"%s%s%s", what, word,
                  mean, best == NULL ? "" : best, best == NULL ? "" : "?");
}

static vls_err unknown_option(const parse *p, char **argv) {
  char name[VLS_DISTANCE_WORD + 1] = "";
  if (optopt > 0 && optopt < VALUE_BASE) {
    char letter[3] = {'-', (char)optopt, '\0'};
    return usage(p, "unknown option", letter, NULL);
  }
  const char *word = argv[optind - 1];
  if (optopt >= VALUE_BASE) return usage(p, "this option takes no value:", word, NULL);
  size_t n = strcspn(word, "=");
  if (n > 2 && n < sizeof name) memcpy(name, word + 2, n - 2);
  vls_suggest near = vls_suggest_for(name);
  const vls_opt *lists[] = {p->cmd != NULL ? p->cmd->opts : NULL, vls_global_opts};
  for (size_t i = 0; i < 2; i++)
    for (const vls_opt *o = lists[i]; o != NULL && o->name != NULL; o++)
      vls_suggest_try(&near, o->name);
  char best[VLS_DISTANCE_WORD + 3];
  (void)snprintf(best, sizeof best, "--%s", near.best == NULL ? "" : near.best);
  return usage(p, "unknown option", word, near.best == NULL ? NULL : best);
}

static vls_err unknown_command(const parse *p, const vls_cmd *const *list, const char *word) {
  vls_suggest near = vls_suggest_for(word);
  for (; *list != NULL; list++)
    if (!(*list)->hidden) vls_suggest_try(&near, (*list)->name);
  char best[VLS_DISTANCE_WORD + 80];
  (void)snprintf(best, sizeof best, "valise %s%s%s", p->cmd ? p->cmd->name : "", p->cmd ? " " : "",
                 near.best == NULL ? "" : near.best);
  return usage(p, "unknown command", word, near.best == NULL ? NULL : best);
}

static void set_global(parse *p, const char *name, const char *value) {
  vls_cli *cli = p->cli;
  if (strcmp(name, "json") == 0)
    cli->mode = VLS_JSON;
  else if (strcmp(name, "plain") == 0)
    cli->mode = VLS_TABBED;
  else if (strcmp(name, "color") == 0)
    p->color = value;
  else if (strcmp(name, "no-input") == 0)
    cli->no_input = true;
  else if (strcmp(name, "socket") == 0)
    cli->socket = value;
  else if (strcmp(name, "quiet") == 0)
    cli->quiet = true;
  else if (strcmp(name, "help") == 0)
    cli->help = true;
  else
    cli->version = true;
}

/* getopt's two tables, made from ours. */
typedef struct tables {
  struct option longs[VLS_OPTS_MAX + GLOBALS_MAX + 1];
  char letters[3 * (VLS_OPTS_MAX + GLOBALS_MAX) + 3];
} tables;

static void add_opts(tables *t, const vls_opt *opts, int base, size_t *n, size_t *n_letters) {
  for (int i = 0; opts != NULL && opts[i].name != NULL; i++) {
    bool takes = opts[i].kind != VLS_KIND_FLAG;
    t->longs[(*n)++] =
        (struct option){opts[i].name, takes ? required_argument : no_argument, NULL, base + i};
    if (opts[i].letter == 0) continue;
    t->letters[(*n_letters)++] = opts[i].letter;
    if (takes) t->letters[(*n_letters)++] = ':';
  }
}

static const vls_opt *opt_of(const parse *p, int c, size_t *ret_index) {
  const vls_opt *lists[] = {vls_global_opts, p->cmd != NULL ? p->cmd->opts : NULL};
  for (int k = 0; k < 2; k++)
    for (int i = 0; lists[k] != NULL && lists[k][i].name != NULL; i++)
      if (c == VALUE_BASE * (k + 1) + i || (c < VALUE_BASE && c == lists[k][i].letter)) {
        *ret_index = k == 0 ? SIZE_MAX : (size_t)i;
        return &lists[k][i];
      }
  return NULL;
}

static bool is_choice(const char *choices, const char *value) {
  size_t n = strlen(value);
  for (const char *at = choices; *at != '\0';) {
    size_t k = strcspn(at, " ");
    if (k == n && strncmp(at, value, n) == 0) return true;
    at += k + (at[k] == ' ' ? 1 : 0);
  }
  return false;
}

/* Reads options from argv[1] on; with `in_order` stops at the first operand. Gives the index of it.
 */
static vls_err read_opts(parse *p, int argc, char **argv, bool in_order, int *ret_at) {
  tables t = {0};
  size_t n = 0, n_letters = 0;
  if (in_order) t.letters[n_letters++] = '+';
  t.letters[n_letters++] = ':';
  add_opts(&t, vls_global_opts, VALUE_BASE, &n, &n_letters);
  if (p->cmd != NULL) add_opts(&t, p->cmd->opts, 2 * VALUE_BASE, &n, &n_letters);
  opterr = 0;
  optind = 0; /* glibc: begin anew */
  for (int c; (c = getopt_long(argc, argv, t.letters, t.longs, NULL)) != -1;) {
    size_t index;
    if (c == ':') return usage(p, "this option needs a value:", argv[optind - 1], NULL);
    if (c == '?') return unknown_option(p, argv);
    const vls_opt *opt = opt_of(p, c, &index);
    VLS_ASSERT(opt != NULL);
    const char *value = opt->kind == VLS_KIND_FLAG ? "" : optarg;
    if (opt->kind == VLS_KIND_CHOICE && !is_choice(opt->choices, value))
      return vls_fail(p->cli, VLS_USAGE, NULL, "--%s is one of: %s; not \"%s\"", opt->name,
                      opt->choices, value);
    if (index == SIZE_MAX)
      set_global(p, opt->name, value);
    else
      p->args->value[index] = value;
  }
  *ret_at = optind;
  return VLS_OK;
}

static vls_err check_operands(const parse *p) {
  char hint[80];
  const vls_args *args = p->args;
  if (args->n < p->cmd->min)
    return vls_fail(p->cli, VLS_USAGE, help_hint(p, hint, sizeof hint),
                    "something is missing: valise %s%s%s %s", p->noun ? p->noun->name : "",
                    p->noun ? " " : "", p->cmd->name, p->cmd->operands);
  if (args->n > p->cmd->max) return usage(p, "one word too many:", args->word[p->cmd->max], NULL);
  return VLS_OK;
}

static vls_err parse_all(parse *p, int argc, char **argv) {
  int at;
  vls_err err;
  /* Options before the command, the command; options before the verb, the verb. */
  for (const vls_cmd *const *list = vls_commands; list != NULL; list = p->cmd->subs) {
    err = read_opts(p, argc, argv, true, &at);
    if (err != VLS_OK) return err;
    bool named = at < argc;
    if (!named && (p->cmd == NULL || p->cli->help || p->cli->version)) return VLS_OK;
    const vls_cmd *found = named ? vls_cmd_find(list, argv[at]) : list[0];
    if (found == NULL) return unknown_command(p, list, argv[at]);
    p->noun = p->cmd;
    p->cmd = found;
    if (!named) continue;
    argc -= at; /* getopt begins after argv[0], which is the command's name now */
    argv += at;
  }
  err = read_opts(p, argc, argv, false, &at);
  if (err != VLS_OK) return err;
  p->args->word = (const char *const *)(argv + at);
  p->args->n = (size_t)(argc - at);
  return p->cli->help || p->cli->version ? VLS_OK : check_operands(p);
}

vls_err vls_args_parse(vls_cli *cli, int argc, char **argv, vls_args *ret_args) {
  *ret_args = (vls_args){0};
  parse p = {.cli = cli, .color = "auto", .args = ret_args};
  vls_err err = parse_all(&p, argc, argv);
  ret_args->noun = p.noun;
  ret_args->cmd = p.cmd;
  vls_cli_style(cli, p.color);
  return err;
}

static size_t index_of(const vls_args *args, const char *name) {
  for (size_t i = 0; args->cmd->opts != NULL && args->cmd->opts[i].name != NULL; i++)
    if (strcmp(args->cmd->opts[i].name, name) == 0) return i;
  VLS_ASSERT(name == NULL);
  return 0;
}

const char *vls_args_opt(const vls_args *args, const char *name) {
  return args->value[index_of(args, name)];
}

bool vls_args_flag(const vls_args *args, const char *name) {
  return vls_args_opt(args, name) != NULL;
}

/* Digits only: strtoull would take signs and spaces. */
static bool to_number(const char *text, uint64_t *ret) {
  size_t n = strspn(text, "0123456789");
  if (n == 0 || n > 18 || text[n] != '\0') return false;
  *ret = strtoull(text, NULL, 10);
  return true;
}

vls_err vls_args_number(vls_cli *cli, const vls_args *args, const char *name, uint64_t min,
                        uint64_t max, uint64_t *ret) {
  const char *value = vls_args_opt(args, name);
  uint64_t number;
  if (value == NULL) return VLS_OK;
  if (!to_number(value, &number) || number < min || number > max)
    return vls_fail(cli, VLS_USAGE, NULL, "--%s takes a number from %llu to %llu, not \"%s\"", name,
                    (unsigned long long)min, (unsigned long long)max, value);
  *ret = number;
  return VLS_OK;
}

vls_err vls_args_span(vls_cli *cli, const vls_args *args, const char *name, uint64_t *ret_ms) {
  const char *value = vls_args_opt(args, name);
  if (value == NULL || vls_when_span(value, ret_ms) == VLS_OK) return VLS_OK;
  return vls_fail(cli, VLS_USAGE, NULL, "--%s takes a span such as 30s, 5m, 2h or 7d, not \"%s\"",
                  name, value);
}

vls_err vls_args_text_number(vls_cli *cli, const char *word, uint64_t *ret) {
  if (to_number(word[0] == '#' ? word + 1 : word, ret) && *ret > 0) return VLS_OK;
  return vls_fail(cli, VLS_USAGE, "valise outbox list", "\"%s\" is not the number of a text", word);
}
