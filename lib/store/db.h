/* The store inside lib/: what every table file shares. Writes open a transaction by themselves;
 * errors are sticky: after one, reads find nothing, writes do nothing, and the commit fails, so
 * that callers need not check each row (a core whose commit failed is thrown away). */
#ifndef VALISE_STORE_DB_H
#define VALISE_STORE_DB_H

#include "base/buf.h"
#include "valise/store.h"

/* VLS_OK, or the first error since the store was opened. */
vls_err vls_store_error(const vls_store *store);
/* True when a transaction is open: something waits for a commit. */
bool vls_store_dirty(const vls_store *store);
/* Bytes of the database, wherever its pages are. */
uint64_t vls_store_bytes(vls_store *store);

#endif
