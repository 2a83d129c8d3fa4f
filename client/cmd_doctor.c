#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/config.h"
#include "client/json.h"
#include "client/list.h"
#include "client/paths.h"
#include "client/start.h"

static bool is(vls_slice a, const char *b) {
  return vls_slice_eq(a, vls_slice_str(b));
}

static void print_for_people(vls_cli *cli, const vls_rpc_finding *f) {
  enum { LEVEL = 8 };
  vls_out *out = &cli->out;
  vls_style style = is(f->level, "problem") ? VLS_RED
                    : is(f->level, "note")  ? VLS_YELLOW
                                            : VLS_GREEN;
  vls_out_styled(out, style, "%-*.*s", cli->accessible ? 0 : LEVEL, VLS_STR(f->level));
  vls_out_put(out, cli->accessible ? ", " : " ");
  out->indent = LEVEL + 1;
  vls_out_styled(out, VLS_BOLD, "%.*s", VLS_STR(f->topic));
  vls_out_line(out, ": %.*s", VLS_STR(f->text));
  if (f->has_hint)
    vls_out_line(out, "%*stry: %.*s", cli->accessible ? 0 : LEVEL + 1, "", VLS_STR(f->hint));
  out->indent = VLS_OUT_INDENT;
}

static void print_finding(vls_cli *cli, const vls_rpc_finding *f) {
  static const vls_column columns[] = {{"LEVEL", 0}, {"TOPIC", 0}, {"TEXT", 0}, {"HINT", 0}};
  if (cli->mode == VLS_JSON) {
    vls_json_show(&cli->out, &vls_rpc_finding_def, f);
  } else if (cli->mode == VLS_TABBED) {
    vls_table *table = vls_table_new(cli, columns, 4);
    vls_table_text(table, f->level);
    vls_table_text(table, f->topic);
    vls_table_text(table, f->text);
    vls_table_text(table, f->has_hint ? f->hint : (vls_slice){0});
    vls_table_end(table, NULL);
  } else {
    print_for_people(cli, f);
  }
}

/* What the client finds by itself; hint may be NULL. */
__attribute__((format(printf, 5, 6))) static void found(vls_cli *cli, const char *level,
                                                        const char *topic, const char *hint,
                                                        const char *format, ...) {
  va_list values;
  va_start(values, format);
  char *text = vls_out_format(format, values);
  va_end(values);
  vls_rpc_finding f = {.level = vls_slice_str(level),
                       .topic = vls_slice_str(topic),
                       .text = vls_slice_str(text),
                       .has_hint = hint != NULL,
                       .hint = vls_slice_str(hint != NULL ? hint : "")};
  print_finding(cli, &f);
  free(text);
}

static void look_at_directory(vls_cli *cli, const char *socket) {
  struct stat st;
  char *dir = strdup(socket);
  char *slash = dir != NULL ? strrchr(dir, '/') : NULL;
  if (slash != NULL && slash != dir) *slash = '\0';
  if (dir == NULL || stat(dir, &st) != 0) {
    found(cli, "note", "socket", NULL, "its directory does not exist yet: valised makes it");
  } else if (st.st_uid != geteuid() && st.st_uid != 0) {
    found(cli, "problem", "socket", NULL, "its directory %s belongs to another user", dir);
  } else if (st.st_uid == geteuid() && (st.st_mode & 077) != 0) {
    char *hint = NULL;
    if (asprintf(&hint, "chmod 700 %s", dir) < 0) hint = NULL;
    found(cli, "problem", "socket", hint, "others can get into its directory %s", dir);
    free(hint);
  }
  free(dir);
}

static void look_at_socket(vls_cli *cli) {
  struct stat st;
  char *path = vls_path_socket(cli->socket);
  const char *runtime = getenv("XDG_RUNTIME_DIR");
  if (cli->socket == NULL && getenv("VALISE_SOCKET") == NULL &&
      (runtime == NULL || runtime[0] == '\0'))
    found(cli, "note", "socket", NULL,
          "XDG_RUNTIME_DIR is not set; the usual places are tried instead");
  if (stat(path, &st) != 0 && errno != ENOENT) {
    found(cli, "problem", "socket", NULL, "cannot look at %s: %s", path, strerror(errno));
  } else if (access(path, F_OK) != 0) {
    found(cli, "problem", "socket", NULL, "there is none at %s", path);
  } else if (!S_ISSOCK(st.st_mode)) {
    found(cli, "problem", "socket", NULL, "%s is something else", path);
  } else if (access(path, R_OK | W_OK) != 0) {
    found(cli, "problem", "socket", "log in as the node's user, or join the group valise",
          "%s may not be used by you: %s", path, strerror(errno));
  } else {
    found(cli, "problem", "socket", NULL, "%s is left over from a node that is gone", path);
  }
  look_at_directory(cli, path);
  free(path);
}

static void look_at_program(vls_cli *cli) {
  char *program = vls_path_daemon();
  if (program == NULL) {
    found(cli, "problem", "program", NULL, "valised is neither beside valise nor on PATH");
    return;
  }
  found(cli, "ok", "program", NULL, "%s", program);
  free(program);
  vls_err err = vls_config_check(cli, NULL);
  if (err == VLS_OK)
    found(cli, "ok", "config", NULL, "the configuration is right");
  else
    found(cli, "problem", "config", "valise config path", "%s", vls_problem_text(&cli->problem));
  vls_problem_done(&cli->problem);
}

/* What a node that valise started in the background left behind. */
static void look_at_log(vls_cli *cli) {
  vls_complaint last;
  char *log = vls_path_log();
  if (vls_start_complaint(log, 0, &last))
    found(cli, "problem", "log", last.hint, "valised could not start: %s (%s)", last.text, log);
  else if (last.text[0] != '\0')
    found(cli, "note", "log", NULL, "what valised said last is in %s", log);
  free(log);
}

/* Everything that can be known without the node. */
static void look_around(vls_cli *cli, vls_err err, const char *why) {
  found(cli, "problem", "node", err == VLS_NO_DAEMON ? "valise init --start" : NULL, "%s", why);
  look_at_log(cli);
  look_at_socket(cli);
  look_at_program(cli);
}

static vls_err ask_node(vls_cli *cli) {
  vls_rpc_finding finding;
  vls_slice result, item;
  vls_items items;
  size_t problems = 0;
  vls_err err = vls_call(cli, "doctor", NULL, NULL, &result);
  if (err == VLS_OK) err = vls_list_open(cli, result, &items);
  while (err == VLS_OK && vls_items_next(&items, &item)) {
    err = vls_cli_decode(cli, &vls_rpc_finding_def, item, &finding);
    if (err != VLS_OK) break;
    print_finding(cli, &finding);
    if (is(finding.level, "problem")) problems++;
  }
  return err == VLS_OK && problems > 0 ? VLS_STATE : err;
}

static vls_err run(vls_cli *cli, const vls_args *args) {
  (void)args;
  vls_err err = vls_cli_connect(cli);
  if (err == VLS_OK) return ask_node(cli);
  char *why = strdup(vls_problem_text(&cli->problem));
  vls_problem_done(&cli->problem); /* the findings say it */
  look_around(cli, err, why != NULL ? why : "");
  free(why);
  return err;
}

const vls_cmd vls_cmd_doctor = {
    .name = "doctor",
    .operands = "",
    .summary = "Find out what is wrong, and what helps",
    .about = "Looks at the node, its addresses, its store, its clock and every contact;\n"
             "without a node at the socket, the program and the configuration. Problems come\n"
             "first. Exit code 0 when there is none, 1 when there is one, 3 when the node\n"
             "does not run. With --plain the columns are: level (ok, note, problem), what\n"
             "was looked at, text, command that helps.\n",
    .run = run,
};
