#include "client/list.h"

#include <inttypes.h>

#include "client/json.h"

vls_err vls_list_open(vls_cli *cli, vls_slice result, vls_items *ret_items) {
  if (vls_items_init(ret_items, result) == VLS_OK) return VLS_OK;
  return vls_fail(cli, VLS_MALFORMED, "valise --version; valise status",
                  "valised answered what this client does not understand: a list was expected");
}

vls_err vls_list_rows(vls_cli *cli, const vls_list *list, vls_table *table, vls_slice result,
                      size_t *ret_n) {
  vls_items items;
  vls_slice item;
  vls_err err = vls_list_open(cli, result, &items);
  for (*ret_n = 0; err == VLS_OK && vls_items_next(&items, &item); ++*ret_n) {
    err = vls_cli_decode(cli, list->def, item, list->item);
    if (err != VLS_OK) break;
    if (cli->mode == VLS_JSON)
      vls_json_show(&cli->out, list->def, list->item);
    else
      list->put_row(table, list->item);
  }
  return err;
}

vls_err vls_list_print(vls_cli *cli, const vls_list *list, vls_slice result) {
  size_t n;
  vls_table *table = vls_table_new(cli, list->columns, list->n_columns);
  vls_err err = vls_list_rows(cli, list, table, result, &n);
  vls_table_end(table, err == VLS_OK ? list->empty : NULL);
  return err;
}

static void show_text(vls_cli *cli, const vls_field *f, const uint8_t *at) {
  vls_slice text;
  memcpy(&text, at, sizeof text);
  vls_card_put(cli, f->name, "%.*s", VLS_STR(text));
}

static void show_field(vls_cli *cli, const vls_field *f, const uint8_t *msg) {
  uint64_t number = 0;
  size_t n = 0;
  bool has = true, yes;
  if (f->optional) memcpy(&has, msg + f->has, sizeof has);
  if (!has) return;
  if (f->type == VLS_F_UINT) {
    memcpy(&number, msg + f->at, sizeof number);
    vls_card_put(cli, f->name, "%" PRIu64, number);
  } else if (f->type == VLS_F_BOOL) {
    memcpy(&yes, msg + f->at, sizeof yes);
    vls_card_put(cli, f->name, yes ? "yes" : "no");
  } else if (f->type == VLS_F_STR) {
    show_text(cli, f, msg + f->at);
  } else if (f->type == VLS_F_STRS) {
    memcpy(&n, msg + f->count, sizeof n);
    for (size_t i = 0; i < n; i++)
      show_text(cli, f, msg + f->at + i * sizeof(vls_slice));
  }
}

bool vls_show_for_script(vls_cli *cli, const vls_wire_def *def, const void *msg) {
  if (cli->mode == VLS_JSON) vls_json_show(&cli->out, def, msg);
  for (size_t i = 0; i < def->n_fields && cli->mode == VLS_TABBED; i++)
    show_field(cli, &def->fields[i], msg);
  return cli->mode != VLS_HUMAN;
}
