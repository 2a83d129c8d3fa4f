/* The pages of a store that may be damaged, read without SQLite: each is there, or is lost. Nothing
 * is written to the files, which are locked as long as they are open. */
#ifndef VALISE_STORE_PAGES_H
#define VALISE_STORE_PAGES_H

#include "store/vfs.h"

typedef struct vls_pages vls_pages;

/* vfs: of a sealed store, with no file open; NULL for one in clear. VLS_LOCKED: another process has
 * the store. VLS_STORAGE: it cannot be opened at all. */
VLS_MUST vls_err vls_pages_open(vls_pages **ret, vls_vfs *vfs, const char *path);
/* Takes NULL. */
void vls_pages_close(vls_pages *pages);

/* Pages are counted from 1. */
uint32_t vls_pages_count(const vls_pages *pages);
/* Bytes of a page that SQLite uses. */
unsigned vls_pages_usable(const vls_pages *pages);
/* Page n as it was last committed, as far as can be known. False: it is lost. */
bool vls_pages_get(vls_pages *pages, uint32_t n, uint8_t out[VLS_PAGE]);
/* True when the log, or the map of a sealed store, is damaged: then a page may be an older version
 * of itself, and nobody can tell which. */
bool vls_pages_may_be_old(const vls_pages *pages);
/* True when the log of a store in clear has damage before what was on the disk for good. SQLite
 * would take it for the end of the log, and what was committed behind it would be gone without a
 * word. False also when there is no log. */
bool vls_pages_log_is_cut(const char *path);

#endif
