/* The state of a vls_group, row by row (lib/conv/group.h says what rows), in the tables grow and
 * gkey. A row is found by its kind and its key; this file does not know what they mean.
 *
 * Rows with secrets must not be read again once they changed or went. Each is sealed under a key of
 * its own, new with each change; 24 such keys are a row of gkey, which is sealed by the vault
 * (vault_rows.h). So what a message changes is one row and the keys beside it, and what the vault
 * seals again after a while is the keys alone, however large the group is.
 *
 *   gkey.keys = sealed by the vault: 24 keys of 32 bytes
 *   value     = SEAL(key, 0^24, "valise group row" | grp be64 | kind | the row's key, value) */
#ifndef VALISE_STORE_GROUP_ROWS_H
#define VALISE_STORE_GROUP_ROWS_H

#include "store/db.h"

enum {
  VLS_GROW_KEY_MAX = 64,
  VLS_GROW_VALUE_MAX = 80000,
  VLS_GKEY_KEYS = 24, /* in one row of gkey */
  VLS_GROW_WORDS = 3, /* the one kind that is known here: a place of words, which begins with their
                         event's id */
};

typedef enum vls_grow_part {                 /* what the vault replaces together */
                             VLS_GROW_STATE, /* changes with each message */
                             VLS_GROW_KEPT,  /* comes and goes rarely */
                             VLS_GROW_CLEAR, /* no secret */
} vls_grow_part;

typedef struct vls_grow {
  uint8_t kind;
  vls_slice key; /* at most VLS_GROW_KEY_MAX bytes */
  vls_grow_part part;
  vls_slice value; /* at most VLS_GROW_VALUE_MAX bytes */
} vls_grow;

/* In the place of the one before. A kind and key stay in their part. */
void vls_grow_put(vls_store *store, uint64_t grp, const vls_grow *row);
/* part: as it was put. */
void vls_grow_drop(vls_store *store, uint64_t grp, const vls_grow *row);
/* All of a group's. */
void vls_grow_drop_all(vls_store *store, uint64_t grp);

/* All rows of a group, by kind and then by key. Zero it, and set grp. Its slices are good until the
 * next call. Secret rows that do not open are left out, and counted in `lost`. False at the end,
 * which closes it. */
typedef struct vls_grow_query {
  uint64_t grp, lost;
  void *cursor; /* the store's own */
  vls_buf value;
} vls_grow_query;
bool vls_grow_next(vls_store *store, vls_grow_query *query, vls_grow *ret);
void vls_grow_end(vls_grow_query *query);

/* Drops what the vault cannot read any more; gives of how many groups. */
uint64_t vls_grow_check(vls_store *store);

#endif
