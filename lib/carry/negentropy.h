/* Negentropy, protocol version 1 (0x61): two nodes find out which records each of them lacks, with
 * few bytes when they differ in little. Range-based set reconciliation: Meyer, "Range-Based Set
 * Reconciliation", SRDS 2023; the wire is that of github.com/hoytech/negentropy. No state is kept
 * between messages: each one says all that is left to compare.
 *
 * The initiator opens, messages alternate, and the initiator learns what it has that the other
 * lacks and what it lacks that the other has; the responder learns nothing it must keep. What the
 * ids are is the caller's: over a link they are
 * to be blinded first, so that they are of no use to a third party. */
#ifndef VALISE_CARRY_NEGENTROPY_H
#define VALISE_CARRY_NEGENTROPY_H

#include "base/buf.h"

enum {
  VLS_NEG_VERSION = 0x61,
  VLS_NEG_ID = 32,
  VLS_NEG_BUCKETS = 16,          /* a range that differs is split so often */
  VLS_NEG_LIST = 32,             /* a range of fewer items is listed instead */
  VLS_NEG_FRAME_MIN = 4096,      /* smallest limit on a message */
  VLS_NEG_MESSAGE_MAX = 1 << 20, /* of one message that is read */
};

typedef struct vls_neg_item {
  uint64_t stamp; /* anything below UINT64_MAX that both sides give the same item */
  uint8_t id[VLS_NEG_ID];
} vls_neg_item;

typedef struct vls_neg_set {
  const vls_neg_item *items; /* borrowed; ascending by stamp, then id; each once */
  size_t n;
  size_t frame_limit; /* bytes of a message, at least VLS_NEG_FRAME_MIN; 0: none */
} vls_neg_set;

/* What a round told the initiator. Both buffers hold ids one after another, 32 bytes each. */
typedef struct vls_neg_found {
  vls_buf have; /* ours; they lack them */
  vls_buf need; /* theirs; we lack them */
} vls_neg_found;

/* Sorts items as a set wants them. */
void vls_neg_sort(vls_neg_item *items, size_t n);

/* Appends the initiator's first message. VLS_TOO_BIG at out's max. */
VLS_MUST vls_err vls_neg_open(const vls_neg_set *set, vls_buf *out);
/* Responder: appends the answer. A message of a later version is answered with the version alone.
 * VLS_MALFORMED, VLS_TOO_BIG: out may then hold the beginning of an answer, to be thrown away. */
VLS_MUST vls_err vls_neg_answer(const vls_neg_set *set, vls_slice message, vls_buf *out);
/* Initiator: takes an answer, appends to found, and to out the next message; nothing is appended to
 * out when all is known. VLS_NEWER: they speak another version. Otherwise as vls_neg_answer. */
VLS_MUST vls_err vls_neg_next(const vls_neg_set *set, vls_slice message, vls_buf *out,
                              vls_neg_found *found);

#endif
