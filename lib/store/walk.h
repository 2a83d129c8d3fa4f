/* The rows of one tree (table or index) of a store that may be damaged: those on pages that are
 * there, in whatever order. SQLite's file format, sections 1.5 to 2.1. */
#ifndef VALISE_STORE_WALK_H
#define VALISE_STORE_WALK_H

#include "base/buf.h"
#include "store/pages.h"

enum {
  VLS_ROW_COLUMNS = 64,
  VLS_TREE_ROW_MAX = 1 << 20, /* bytes of one row: more than any of ours has */
};

typedef enum vls_value_kind {
  VLS_VALUE_NULL,
  VLS_VALUE_INT,
  VLS_VALUE_REAL,
  VLS_VALUE_TEXT,
  VLS_VALUE_BLOB
} vls_value_kind;

typedef struct vls_value {
  vls_value_kind kind;
  int64_t n;       /* INT */
  vls_slice bytes; /* TEXT, BLOB */
} vls_value;

typedef struct vls_tree_row {
  int64_t rowid; /* of a table with row ids */
  size_t n;
  vls_value value[VLS_ROW_COLUMNS]; /* borrowed until the next row */
} vls_tree_row;

typedef struct vls_walk {
  vls_pages *pages;
  uint8_t *seen; /* a bit for each page that belongs to something; shared by all walks */
  uint32_t *stack;
  size_t depth, cap;
  uint8_t page[VLS_PAGE];
  size_t head; /* where the head of the page is: behind the store's on page 1 */
  uint8_t kind;
  bool is_index, has_page;
  unsigned cell, cells;
  vls_buf payload;
  uint64_t lost_pages, lost_cells; /* so far */
} vls_walk;

/* A map of no page seen yet, for vls_walk_new; to free(). */
uint8_t *vls_walk_seen(const vls_pages *pages);
bool vls_walk_has_seen(const uint8_t *seen, uint32_t page);

/* root: of the tree. is_index: an index, or a table without row ids. seen: borrowed. */
void vls_walk_init(vls_walk *walk, vls_pages *pages, uint8_t *seen, uint32_t root, bool is_index);
/* The same for one page that nothing points to any more. False when it is no leaf that can have
 * rows. */
bool vls_walk_init_leaf(vls_walk *walk, vls_pages *pages, uint8_t *seen, uint32_t page);
/* False at the end. */
bool vls_walk_next(vls_walk *walk, vls_tree_row *ret);
void vls_walk_done(vls_walk *walk);

/* Marks the pages of the list of free ones as seen, from the store's head. */
void vls_walk_free_list(vls_pages *pages, uint8_t *seen);

#endif
