#include <inttypes.h>

#include "client/json.h"
#include "client/list.h"

static const vls_column columns[] = {
    {"NAME", VLS_COL_LEFT},         {"ADDRESS", VLS_COL_CUT},     {"STATE", VLS_COL_LEFT},
    {"WHO DIALLED", VLS_COL_SPARE}, {"UP", VLS_COL_RIGHT},        {"SENT", VLS_COL_SPARE},
    {"RECEIVED", VLS_COL_SPARE},    {"IN FLIGHT", VLS_COL_SPARE},
};

static void put_row(vls_table *table, const void *msg) {
  const vls_rpc_peer *p = msg;
  char up[VLS_WHEN_TEXT];
  vls_table_name(table, p->name);
  vls_table_text(table, p->address);
  vls_table_text(table, p->state);
  vls_table_put(table, p->outgoing ? "you" : "they");
  if (vls_table_for_people(table)) {
    vls_when_length(up, (uint64_t)p->up_s * 1000);
    vls_table_put(table, "%s", up);
  } else {
    vls_table_number(table, p->up_s);
  }
  vls_table_number(table, p->sent);
  vls_table_number(table, p->received);
  vls_table_number(table, p->in_flight);
}

static vls_err list(vls_cli *cli, const vls_args *args) {
  (void)args;
  vls_rpc_peer peer;
  vls_slice result;
  vls_err err = vls_call(cli, "peer.list", NULL, NULL, &result);
  if (err != VLS_OK) return err;
  const vls_list list = {.def = &vls_rpc_peer_def,
                         .item = &peer,
                         .columns = columns,
                         .n_columns = sizeof columns / sizeof columns[0],
                         .put_row = put_row,
                         .empty = "No connection with another node at this moment."};
  return vls_list_print(cli, &list, result);
}

static const vls_cmd cmd_list = {
    .name = "list",
    .operands = "",
    .summary = "Connections with other nodes, and dials under way",
    .about = "Amounts are in bytes, and with --plain and --json times in seconds. A peer\n"
             "without a name has not yet shown who it is.\n",
    .run = list,
};

static const vls_cmd *const subs[] = {&cmd_list, NULL};

const vls_cmd vls_cmd_peer = {
    .name = "peer",
    .operands = "",
    .summary = "Connections with other nodes",
    .about = "",
    .subs = subs,
};
