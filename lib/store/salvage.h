/* What can be read of a damaged store, row by row into a new one, and what the new one then lacks.
 * Nothing here is taken for right because it is there: a row counts when it has the form of its
 * table. */
#ifndef VALISE_STORE_SALVAGE_H
#define VALISE_STORE_SALVAGE_H

#include "store/db.h"
#include "valise/salvage.h"

/* Rows of every table of the store at conf->path into `to`, which is new; commits now and then. The
 * caller goes on with vls_salvage_mend. VLS_LOCKED, VLS_STORAGE: the damaged one can't be opened.
 * Else errors of `to`. */
VLS_MUST vls_err vls_salvage_rows(const vls_salvage_conf *conf, vls_store *to,
                                  vls_salvage_report *ret);
/* What is missing makes no trouble later: texts of a contact who is lost get one who says so,
 * numbers that may have been given are not given again. Says in ret->renew whether sessions and
 * sequences can go on. Does not commit. */
void vls_salvage_mend(vls_store *store, uint64_t now_ms, vls_salvage_report *ret);

/* The number of a device of a contact's that events name, and chain does not know; false when there
 * is none. */
bool vls_salvage_lost_chain(vls_store *store, uint64_t contact, uint64_t *ret_number);
/* It is this device's. */
void vls_salvage_chain(vls_store *store, uint64_t contact, uint64_t number,
                       const uint8_t device[32]);

/* Table salvage: the report is kept; the newest one. False: this store was never salvaged. */
void vls_salvage_put(vls_store *store, const vls_salvage_report *report, uint64_t at_ms);
bool vls_salvage_last(vls_store *store, vls_salvage_report *ret, uint64_t *ret_at_ms);

#endif
