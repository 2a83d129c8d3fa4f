/* Lists and single things in every mode for people and scripts: a table in a terminal, sentences
 * when VALISE_ACCESSIBLE is set, tabs with --plain. JSON is json.h's. Every cell passes the gate.
 */
#ifndef VALISE_CLIENT_TABLE_H
#define VALISE_CLIENT_TABLE_H

#include "client/cmd.h"
#include "client/when.h"

enum { VLS_TABLE_COLUMNS = 12 };

typedef enum vls_look {
  VLS_COL_LEFT,
  VLS_COL_RIGHT,
  VLS_COL_CUT,   /* shortened when the terminal is too narrow */
  VLS_COL_SPARE, /* left out then, the last one first */
} vls_look;

typedef struct vls_column {
  const char *title; /* "NAME"; the sentence says "Name: ..." */
  vls_look look;
} vls_column;

typedef struct vls_table vls_table;

/* Whether a person reads it: then long cells may be shortened. */
bool vls_table_for_people(const vls_table *table);
/* A list. columns is borrowed and must outlive it. */
vls_table *vls_table_new(vls_cli *cli, const vls_column *columns, size_t n);
/* The next cell of the row, from the left; the row is full after n of them. */
void vls_table_text(vls_table *table, vls_slice text);
void vls_table_put(vls_table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
void vls_table_number(vls_table *table, uint64_t number);
/* A contact's name: shortened for people when it is very long. */
void vls_table_name(vls_table *table, vls_slice name);
/* An id: shortened for people. */
void vls_table_id(vls_table *table, vls_slice id);
/* A moment: relative for people, ISO 8601 with --plain; empty for 0. */
void vls_table_time(vls_table *table, uint64_t ms);
/* Prints it, and frees it. `empty` is the sentence for a list without rows (NULL: says nothing). */
void vls_table_end(vls_table *table, const char *empty);

/* One line of a single thing: its title, and a value. "Waiting" | "3 texts" */
void vls_card_put(vls_cli *cli, const char *title, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A moment: local and relative for people, ISO 8601 with --plain. */
void vls_card_time(vls_cli *cli, const char *title, uint64_t ms);

#endif
