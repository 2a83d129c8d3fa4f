#include "client/cmd.h"
#include "client/json.h"

enum { JSON_MAX = VLS_RPC_FRAME_MAX };

/* The parameters as JSON: from a word, or with "-" from standard input. */
static vls_err parse(vls_cli *cli, const char *word, json_t **ret) {
  json_error_t error;
  if (strcmp(word, "-") == 0)
    *ret = json_loadf(stdin, JSON_REJECT_DUPLICATES, &error);
  else
    *ret = json_loads(word, JSON_REJECT_DUPLICATES, &error);
  if (*ret == NULL)
    return vls_fail(cli, VLS_USAGE, "valise rpc --help", "this is not JSON: %s (line %d)",
                    error.text, error.line);
  if (json_is_object(*ret)) return VLS_OK;
  json_decref(*ret);
  return vls_fail(cli, VLS_USAGE, "valise rpc --help",
                  "the parameters are one object: {\"name\": value}");
}

static vls_err encode(vls_cli *cli, const char *word, vls_buf *out) {
  json_t *json;
  vls_err err = parse(cli, word, &json);
  if (err != VLS_OK) return err;
  err = vls_json_to_wire(json, out);
  json_decref(json);
  if (err == VLS_USAGE)
    return vls_fail(cli, err, NULL, "the node takes no fractions and no negative numbers");
  if (err != VLS_OK)
    return vls_fail(cli, err, NULL, "the parameters are nested too deep, or too long");
  return VLS_OK;
}

static vls_err print(vls_cli *cli, vls_slice result) {
  json_t *json = vls_json_from_wire(result);
  if (json == NULL)
    return vls_fail(cli, VLS_MALFORMED, NULL, "valised answered what JSON has no word for");
  vls_json_print(&cli->out, json, cli->mode == VLS_HUMAN && cli->tty_out);
  return VLS_OK;
}

static vls_err run(vls_cli *cli, const vls_args *args) {
  vls_buf params;
  vls_slice result;
  vls_buf_init(&params, JSON_MAX);
  vls_err err = VLS_OK;
  if (args->n > 1) err = encode(cli, args->word[1], &params);
  if (err == VLS_OK) err = vls_cli_connect(cli);
  if (err == VLS_OK)
    err = vls_conn_call(cli->conn, args->word[0], vls_buf_slice(&params), &result, &cli->problem);
  if (err == VLS_OK) err = print(cli, result);
  vls_buf_done(&params);
  return err;
}

const vls_cmd vls_cmd_rpc = {
    .name = "rpc",
    .operands = "METHOD [JSON]",
    .summary = "Call any method of the node, with JSON in and out",
    .about = "Methods and their fields are in proto/rpc.md. The result is one line of JSON\n"
             "(indented in a terminal), exactly as the node gave it, without \"v\". With - the\n"
             "JSON is read from standard input.\n"
             "\n"
             "  valise rpc status\n"
             "  valise rpc contact.get '{\"who\": \"Bao\"}'\n",
    .run = run,
    .min = 1,
    .max = 2,
};
