/* Rows of a backup about groups (BACKUP 3.16 to 3.20), out of the tables and back. */
#ifndef VALISE_STORE_BACKUP_GROUPS_H
#define VALISE_STORE_BACKUP_GROUPS_H

#include "store/backup.h"

/* The next row of the walk's kind, which is one of these; false: there are no more. */
bool vls_backup_groups_next(vls_backup_walk *walk, vls_store *store, vls_backup_row *ret);
VLS_MUST vls_err vls_restore_groups_row(vls_store *store, const vls_backup_row *row);
/* All of it goes. */
void vls_restore_groups_forget(vls_store *store);
/* What the present device of mine said in groups is that former device's from now on, and what only
 * the present one can read goes: it asks for a new leaf. */
void vls_former_groups(vls_store *store, const uint8_t sign[32]);
void vls_former_groups_clear(vls_store *store);

#endif
