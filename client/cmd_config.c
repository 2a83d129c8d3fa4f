#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/conf.h"
#include "client/config.h"
#include "client/json.h"
#include "client/paths.h"
#include "client/suggest.h"
#include "client/table.h"

static const vls_column columns[] = {
    {"KEY", VLS_COL_LEFT}, {"VALUE", VLS_COL_CUT}, {"FROM", VLS_COL_CUT}};

static void print_setting(vls_cli *cli, vls_table *table, const vls_setting *s) {
  if (cli->mode == VLS_JSON) {
    json_t *object = vls_json_new();
    vls_json_add_text(object, "key", s->key);
    vls_json_add_text(object, "value", s->value);
    vls_json_add_text(object, "from", s->from);
    vls_json_print(&cli->out, object, false);
    return;
  }
  vls_table_text(table, s->key);
  vls_table_text(table, s->value);
  vls_table_text(table, s->from);
}

static vls_err get(vls_cli *cli, const vls_args *args) {
  vls_buf text;
  vls_setting s;
  vls_buf_init(&text, VLS_SPAWN_OUTPUT);
  vls_err err = vls_config_all(cli, &text);
  vls_slice rest = vls_buf_slice(&text);
  if (err == VLS_OK && args->n == 0) {
    vls_table *table = vls_table_new(cli, columns, 3);
    while (vls_config_next(&rest, &s))
      print_setting(cli, table, &s);
    vls_table_end(table, NULL);
  } else if (err == VLS_OK) {
    err = vls_config_find(cli, rest, args->word[0], &s);
    if (err == VLS_OK && cli->mode == VLS_JSON)
      print_setting(cli, NULL, &s);
    else if (err == VLS_OK)
      vls_out_whole(&cli->out, s.value);
  }
  vls_buf_done(&text);
  return err;
}

/* Makes the running node read it; that there is none is fine. */
static void reload(vls_cli *cli) {
  vls_slice result;
  vls_err err = vls_call(cli, "node.reload", NULL, NULL, &result);
  if (err == VLS_NO_DAEMON)
    vls_cli_note(cli, "Saved. It counts when valised starts.");
  else if (err != VLS_OK)
    vls_cli_note(cli, "Saved, but valised did not take it: %s", vls_problem_text(&cli->problem));
  else
    vls_cli_note(cli, "Saved, and valised has read it.");
  vls_problem_done(&cli->problem);
}

static vls_err set(vls_cli *cli, const vls_args *args) {
  bool standard = vls_args_flag(args, "default");
  if (args->n != (standard ? 1 : 2))
    return vls_fail(cli, VLS_USAGE, "valise config set --help",
                    standard ? "--default takes a key and no value"
                             : "a key and a value are needed");
  vls_buf text;
  vls_setting s;
  vls_buf_init(&text, VLS_SPAWN_OUTPUT);
  /* A broken file has no list of keys; it must be possible to mend it all the same. */
  vls_err err = vls_config_all(cli, &text);
  if (err == VLS_OK)
    err = vls_config_find(cli, vls_buf_slice(&text), args->word[0], &s);
  else if (err == VLS_USAGE)
    err = VLS_OK;
  vls_buf_done(&text);
  if (err == VLS_OK) err = vls_config_write(cli, args->word[0], standard ? NULL : args->word[1]);
  if (err != VLS_OK) return err;
  reload(cli);
  return VLS_OK;
}

static vls_err check(vls_cli *cli, const vls_args *args) {
  vls_err err = vls_config_check(cli, args->n > 0 ? args->word[0] : NULL);
  if (err == VLS_OK && cli->mode == VLS_HUMAN) vls_cli_note(cli, "The configuration is right.");
  return err;
}

static vls_err path(vls_cli *cli, const vls_args *args) {
  (void)args;
  char *file = vls_config_file();
  if (cli->mode == VLS_JSON) {
    json_t *object = vls_json_new();
    vls_json_add_text(object, "path", vls_slice_str(file));
    vls_json_print(&cli->out, object, false);
  } else {
    vls_out_whole(&cli->out, vls_slice_str(file));
    if (access(file, F_OK) != 0 && cli->mode == VLS_HUMAN)
      vls_cli_note(cli, "It does not exist yet: everything is at its default.");
  }
  free(file);
  return VLS_OK;
}

static const vls_opt set_opts[] = {
    {"default", 0, VLS_KIND_FLAG, NULL, "take the key out: its default counts again", NULL},
    VLS_OPTS_END,
};

static const vls_cmd cmd_get = {
    .name = "get",
    .operands = "[KEY]",
    .summary = "What the settings are, and where they come from",
    .about = "A key is SECTION.NAME, as in listen.address.\n",
    .run = get,
    .operand = VLS_KIND_KEY,
    .max = 1,
};
static const vls_cmd cmd_set = {
    .name = "set",
    .operands = "KEY VALUE",
    .summary = "Change a setting in valise.conf",
    .about = "Your comments and the order of the file stay. The new file is checked first\n"
             "and put in place in one step; the running node reads it at once.\n"
             "\n"
             "  valise config set listen.advertise home.example.org:4647\n"
             "  valise config set dial.socks5 127.0.0.1:9050\n",
    .opts = set_opts,
    .run = set,
    .operand = VLS_KIND_KEY,
    .min = 1,
    .max = 2,
};
static const vls_cmd cmd_check = {
    .name = "check",
    .operands = "[FILE]",
    .summary = "Whether the configuration is right",
    .about = "Exit code 2 when it is not, and the line that is wrong.\n",
    .run = check,
    .operand = VLS_KIND_FILE,
    .max = 1,
};
static const vls_cmd cmd_path = {
    .name = "path",
    .operands = "",
    .summary = "Where valise.conf is",
    .about = "Files in conf.d beside it are read after it, in the order of their names.\n",
    .run = path,
};

static const vls_cmd *const subs[] = {&cmd_get, &cmd_set, &cmd_check, &cmd_path, NULL};

const vls_cmd vls_cmd_config = {
    .name = "config",
    .operands = "",
    .summary = "The settings of your node",
    .about = "All of them are explained in valise.conf(5).\n",
    .subs = subs,
};
