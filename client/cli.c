#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/text.h"
#include "client/cmd.h"
#include "client/json.h"
#include "client/paths.h"

void vls_cli_init(vls_cli *cli) {
  *cli = (vls_cli){.out = {.file = stdout, .indent = VLS_OUT_INDENT},
                   .err = {.file = stderr, .indent = VLS_OUT_INDENT}};
  cli->tty_in = isatty(STDIN_FILENO) == 1;
  cli->tty_out = isatty(STDOUT_FILENO) == 1;
  cli->tty_err = isatty(STDERR_FILENO) == 1;
}

void vls_cli_done(vls_cli *cli) {
  vls_cli_disconnect(cli);
  vls_problem_done(&cli->problem);
}

static bool env_is_set(const char *name) {
  const char *value = getenv(name);
  return value != NULL && value[0] != '\0';
}

/* https://no-color.org and https://bixense.com/clicolors, in that order. */
static bool wants_color(const char *color, bool tty) {
  if (strcmp(color, "always") == 0) return true;
  if (strcmp(color, "never") == 0 || env_is_set("NO_COLOR")) return false;
  const char *force = getenv("CLICOLOR_FORCE");
  if (force != NULL && force[0] != '\0' && strcmp(force, "0") != 0) return true;
  const char *term = getenv("TERM");
  return tty && term != NULL && strcmp(term, "dumb") != 0;
}

static size_t terminal_width(int fd) {
  enum { LEAST = 20, USUAL = 80 };
  struct winsize size;
  if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return USUAL;
  return size.ws_col < LEAST ? LEAST : size.ws_col;
}

void vls_cli_style(vls_cli *cli, const char *color) {
  const char *accessible = getenv("VALISE_ACCESSIBLE");
  cli->accessible = accessible != NULL && strcmp(accessible, "1") == 0;
  bool human = cli->mode == VLS_HUMAN;
  cli->out.color = human && wants_color(color, cli->tty_out);
  cli->err.color = human && wants_color(color, cli->tty_err);
  cli->out.width = human && cli->tty_out ? terminal_width(STDOUT_FILENO) : 0;
  cli->err.width = human && cli->tty_err ? terminal_width(STDERR_FILENO) : 0;
}

bool vls_cli_may_ask(const vls_cli *cli) {
  return cli->tty_in && cli->tty_err && !cli->no_input && cli->mode == VLS_HUMAN;
}

bool vls_cli_may_redraw(const vls_cli *cli) {
  const char *term = getenv("TERM");
  return cli->tty_err && cli->mode == VLS_HUMAN && !cli->accessible && term != NULL &&
         term[0] != '\0' && strcmp(term, "dumb") != 0;
}

bool vls_cli_ask(vls_cli *cli, const char *question, char *ret_line, size_t size) {
  VLS_ASSERT(vls_cli_may_ask(cli));
  (void)fflush(stdout);
  vls_out_put(&cli->err, "%s ", question);
  (void)fflush(stderr);
  cli->err.column = 0; /* the answer ends the line */
  if (fgets(ret_line, (int)size, stdin) == NULL) {
    vls_out_end(&cli->err);
    return false;
  }
  ret_line[strcspn(ret_line, "\n")] = '\0';
  return true;
}

bool vls_cli_confirm(vls_cli *cli, const char *question, bool by_default) {
  char answer[16];
  if (!vls_cli_ask(cli, question, answer, sizeof answer)) return false;
  if (answer[0] == '\0') return by_default;
  return answer[0] == 'y' || answer[0] == 'Y';
}

void vls_cli_note(vls_cli *cli, const char *format, ...) {
  if (cli->quiet) return;
  va_list values;
  va_start(values, format);
  char *text = vls_out_format(format, values);
  va_end(values);
  (void)fflush(stdout);
  vls_out_line(&cli->err, "%s", text);
  free(text);
}

void vls_cli_report(vls_cli *cli, vls_err err) {
  const vls_problem *p = &cli->problem;
  if (err == VLS_OK || p->err == VLS_OK) return;
  const char *text = vls_problem_text(p);
  (void)fflush(stdout);
  if (cli->mode == VLS_JSON) {
    json_t *object = vls_json_new();
    vls_json_add_text(object, "error", vls_slice_str(vls_err_name(p->err)));
    vls_json_add_text(object, "text", vls_slice_str(text));
    if (p->hint != NULL) vls_json_add_text(object, "hint", vls_slice_str(p->hint));
    vls_json_add_number(object, "exit", (uint64_t)vls_err_exit(err));
    vls_json_print(&cli->err, object, false);
  } else if (cli->mode == VLS_TABBED) {
    vls_out_put(&cli->err, "%s", vls_err_name(p->err));
    vls_out_raw(&cli->err, "\t", 1);
    vls_out_put(&cli->err, "%s", text);
    vls_out_raw(&cli->err, "\t", 1);
    vls_out_line(&cli->err, "%s", p->hint != NULL ? p->hint : "");
  } else {
    vls_out_styled(&cli->err, VLS_RED, "valise:");
    vls_out_line(&cli->err, " %s", text);
    if (p->hint != NULL) vls_out_line(&cli->err, "  try: %s", p->hint);
  }
}

vls_err vls_cli_connect(vls_cli *cli) {
  if (cli->conn != NULL) return VLS_OK;
  char *path = vls_path_socket(cli->socket);
  vls_err err = vls_conn_open(&cli->conn, path, &cli->problem);
  free(path);
  return err;
}

void vls_cli_disconnect(vls_cli *cli) {
  vls_conn_free(cli->conn);
  cli->conn = NULL;
}

vls_err vls_call(vls_cli *cli, const char *method, const vls_wire_def *def, const void *params,
                 vls_slice *ret_result) {
  vls_err err = vls_cli_connect(cli);
  if (err != VLS_OK) return err;
  vls_buf encoded;
  vls_buf_init(&encoded, VLS_RPC_FRAME_MAX);
  if (def != NULL) {
    err = vls_wire_encode(def, params, &encoded);
    if (err != VLS_OK) err = vls_fail(cli, VLS_TOO_BIG, NULL, "the request is larger than allowed");
  }
  if (err == VLS_OK)
    err = vls_conn_call(cli->conn, method, vls_buf_slice(&encoded), ret_result, &cli->problem);
  vls_buf_done(&encoded);
  if (err == VLS_STATE && cli->problem.hint == NULL && vls_conn_is_empty(cli->conn))
    return vls_fail(cli, VLS_STATE, "valise init", "%s", vls_problem_text(&cli->problem));
  return err;
}

vls_err vls_cli_decode(vls_cli *cli, const vls_wire_def *def, vls_slice in, void *ret) {
  vls_wire_fault fault;
  vls_err err = vls_wire_decode(def, VLS_WIRE_LENIENT, in, ret, &fault);
  if (err == VLS_OK) return VLS_OK;
  return vls_fail(cli, VLS_MALFORMED, "valise --version; valise status",
                  "valised answered what this client does not understand (%s: %s %s)", def->name,
                  fault.field != NULL ? fault.field : "the answer",
                  fault.what != NULL ? fault.what : "has another form");
}

vls_err vls_call_for(vls_cli *cli, const char *method, const vls_wire_def *def, const void *params,
                     const vls_wire_def *result_def, void *ret) {
  vls_slice result;
  vls_err err = vls_call(cli, method, def, params, &result);
  return err == VLS_OK ? vls_cli_decode(cli, result_def, result, ret) : err;
}

vls_err vls_cli_word(vls_cli *cli, const vls_wire_def *def, const char *field, const char *word,
                     vls_slice *ret) {
  const vls_field *f = def->fields;
  while (strcmp(f->name, field) != 0)
    VLS_ASSERT(++f < def->fields + def->n_fields);
  size_t min = f->type == VLS_F_STRS ? 1 : (size_t)f->min;
  size_t max = f->type == VLS_F_STRS ? f->each : (size_t)f->max;
  *ret = vls_slice_str(word);
  if (ret->n < min) return vls_fail(cli, VLS_USAGE, NULL, "an empty word cannot be right here");
  if (ret->n > max)
    return vls_fail(cli, VLS_TOO_BIG, NULL, "\"%.20s...\" is too long: at most %zu bytes", word,
                    max);
  if (!vls_utf8_ok(*ret)) return vls_fail(cli, VLS_USAGE, NULL, "\"%s\" is not UTF-8", word);
  return VLS_OK;
}
