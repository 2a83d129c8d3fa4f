/* A list that the node answered with, in every mode. */
#ifndef VALISE_CLIENT_LIST_H
#define VALISE_CLIENT_LIST_H

#include "client/table.h"

typedef struct vls_list {
  const vls_wire_def *def; /* of each element */
  void *item;              /* room for one decoded element */
  const vls_column *columns;
  size_t n_columns;
  void (*put_row)(vls_table *table, const void *item); /* fills one row */
  const char *empty;                                   /* what to say when there is nothing */
} vls_list;

/* The rows of one answer, into a table that is open (--json: one object a line); *ret_n: how many.
 */
VLS_MUST vls_err vls_list_rows(vls_cli *cli, const vls_list *list, vls_table *table,
                               vls_slice result, size_t *ret_n);
/* All of it: one object a line with --json, else a table. */
VLS_MUST vls_err vls_list_print(vls_cli *cli, const vls_list *list, vls_slice result);
/* Opens a result that must be a list. */
VLS_MUST vls_err vls_list_open(vls_cli *cli, vls_slice result, vls_items *ret_items);
/* One thing that the node answered with, for --json and --plain: each field by its name in the
 * contract, a list a line for each of its texts. False, and nothing printed, when a person is to
 * read it. */
bool vls_show_for_script(vls_cli *cli, const vls_wire_def *def, const void *msg);

#endif
