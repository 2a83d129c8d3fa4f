/* Rows sealed under the keys of the vault (vault.h), and the replacing of those keys.
 *
 *   sealed value = nonce 24 | XChaCha20-Poly1305(value)
 *
 * with kind, contact, th, chain and number of the row as associated data: a value moved to another
 * row does not open. A value of the plain size is from before there was a vault, or of a store
 * without one (in memory: nothing of it is ever on a disk); the next replacement seals it.
 *
 * Whoever changes or removes a row calls vls_row_spend in the same transaction. The table `spent`
 * keeps which keys are to be replaced, until the disk has confirmed that the old ones are
 * overwritten, and a while longer: a crash forgets none, and may have some replaced once more. */
#ifndef VALISE_STORE_VAULT_ROWS_H
#define VALISE_STORE_VAULT_ROWS_H

#include "crypto/ratchet.h"
#include "store/db.h"
#include "store/vault.h"

enum {
  VLS_ROW_VALUE_MAX = 768, /* of any kind */
  VLS_ROW_MAX = (int)VLS_ROW_VALUE_MAX + (int)VLS_VAULT_EXTRA,
};
_Static_assert((int)VLS_ROW_VALUE_MAX >= (int)VLS_RATCHET_STATE, "the largest kind");

typedef enum vls_row_kind {
  VLS_ROW_SESSION, /* a ratchet: VLS_RATCHET_STATE bytes; most others have 32 */
  VLS_ROW_SKIPPED,
  VLS_ROW_PREKEY,
  VLS_ROW_OPK,
  VLS_ROW_GROUP_STATE, /* keys of rows of a group (group_rows.h): VLS_ROW_VALUE_MAX bytes */
  VLS_ROW_GROUP_KEPT,
  VLS_ROW_KINDS
} vls_row_kind;

typedef struct vls_row_key {
  uint64_t contact;  /* or group; 0 for prekeys */
  const uint8_t *th; /* 32 bytes; NULL for prekeys */
  uint64_t chain, n; /* n: the id of a prekey, the page of a group's keys */
} vls_row_key;

/* Gives what is to be stored, in `out`. On failure the error of the store is set. */
vls_slice vls_row_seal(vls_store *store, vls_row_kind kind, const vls_row_key *key,
                       const uint8_t *value, uint8_t out[VLS_ROW_MAX]);
/* ret_value: as many bytes as the kind has; zeros when it does not open: the key is not there any
 * more. A value of another size is a damaged store: sticky VLS_DAMAGED. */
bool vls_row_open(vls_store *store, vls_row_kind kind, const vls_row_key *key, vls_slice stored,
                  uint8_t *ret_value);
void vls_row_spend(vls_store *store, vls_row_kind kind, uint64_t contact);

/* For store.c. What the table `spent` says, after opening and after a rollback. */
void vls_vault_recall(vls_store *store);
/* What vls_store_bury began is on the disk with the rest of the transaction. */
void vls_vault_turned(vls_store *store);
/* All that is spent, at once: when the store is closed. What fails waits for the next time. */
void vls_vault_settle(vls_store *store);

#endif
