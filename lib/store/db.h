/* The store inside lib/: what every table file shares. Writes open a transaction by themselves;
 * errors are sticky: after one, reads find nothing, writes do nothing, and the commit fails, so
 * that callers need not check each row (a core whose commit failed is thrown away). */
#ifndef VALISE_STORE_DB_H
#define VALISE_STORE_DB_H

#include "base/buf.h"
#include "valise/store.h"

/* Of an id or hash: what an index finds it by. Others may share it. */
static inline uint64_t vls_tag(const uint8_t id[32]) {
  return vls_be64_get(id) >> 1;
}

/* VLS_OK, or the first error since the store was opened. */
vls_err vls_store_error(const vls_store *store);
/* True when a transaction is open: something waits for a commit. */
bool vls_store_dirty(const vls_store *store);
/* Bytes of the database, wherever its pages are. */
uint64_t vls_store_bytes(vls_store *store);

/* A store without its vault: sealed values are carried as they are, and not read. key, uuid: NULL
 * of one in clear. Else as vls_store_open. */
VLS_MUST vls_err vls_store_open_copy(vls_store **ret_store, const char *path, const uint8_t key[32],
                                     const uint8_t uuid[16], const uint8_t seed[32],
                                     const char **ret_why);

/* Ratchet secrets are under keys of the vault (vault.h). Whether some of these are spent, and wait
 * for being replaced. */
bool vls_store_has_spent(const vls_store *store);
/* Replaces some of them, at most VLS_VAULT_ROUND_SLOTS and as many rows as VLS_VAULT_ROUND_ROWS, as
 * part of the present transaction: the last thing before its commit, which ends it. Syncs the file
 * of the vault here and once more in the commit. True when there are more, for another turn soon;
 * what the disk refuses waits, too. */
bool vls_store_bury(vls_store *store);
/* What cannot be read, since the vault beside the store is missing, damaged or of another time, is
 * dropped in the present transaction: sessions of so many contacts, prekeys, and the one-time
 * prekeys of invitations. */
typedef struct vls_lost {
  uint64_t sessions, prekeys, invites;
  uint64_t groups; /* that cannot read or write on as before */
} vls_lost;
vls_lost vls_store_check(vls_store *store);

#endif
