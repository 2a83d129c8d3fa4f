/* Events of a group (GROUP 2 and 4): made, read strictly, verified by themselves. Whether their
 * author was permitted them is conv/group's to say. */
#ifndef VALISE_EVENT_GROUP_H
#define VALISE_EVENT_GROUP_H

#include "crypto/keys.h"
#include "proto/group.h"

enum { VLS_GROUP_EVENT_MAX = 67200 }; /* bytes of one, encoded */

/* What an event does, read from its items. Slices borrow from the event. */
typedef struct vls_group_act {
  vls_group_kind kind; /* VLS_GROUP_WORDS: no act. Kinds of acts unknown here are VLS_GROUP_SEEN */
  union {
    vls_act_genesis genesis;
    vls_act_set set;
    vls_act_remove remove;
    vls_act_admit admit;
    vls_act_leaf leaf;
    vls_act_rules rules;
    vls_act_invite invite;
  };
  bool has_commit;
  vls_act_commit commit;
} vls_group_act;

/* An event, opened. Slices borrow from the bytes it was read from. */
typedef struct vls_group_said {
  vls_group_header header;
  uint8_t id[32], sig[64];
  vls_item items[VLS_EVENT_ITEMS];
  size_t n_items;
  vls_group_act act;
} vls_group_said;

/* What a reader knows of an event before it is read: the leaf and the epoch that sealed it. 32
 * bytes each, borrowed. */
typedef struct vls_group_where {
  const uint8_t *group, *author, *device, *roster;
} vls_group_where;

/* Reads an encoded group_event, rebuilds its header and gives its id. Bounds, parents and the
 * mixture of kinds are checked, signatures are not. VLS_MALFORMED, VLS_TOO_BIG. */
VLS_MUST vls_err vls_group_read(vls_group_said *ret, vls_slice encoded,
                                const vls_group_where *where);
/* The signature over the header, by the device it names. VLS_FORGED. */
VLS_MUST vls_err vls_group_verify(const vls_group_said *said);

/* Fills `act` from the items of an event in the making. VLS_MALFORMED. */
VLS_MUST vls_err vls_group_classify(vls_group_said *said);
/* Signs: fills header.items, id and sig of an event whose other facts, items and n_items are set;
 * vls_group_read of what it encodes to gives the same. VLS_TOO_BIG. */
VLS_MUST vls_err vls_group_sign(vls_group_said *said, const vls_sign_pair *device);
/* Appends a group_event, without what `where` says already. NULL: with all, as the store keeps it.
 */
VLS_MUST vls_err vls_group_write(vls_buf *out, const vls_group_said *said,
                                 const vls_group_where *where);

/* core of an event with a commit (GROUP 5.3). */
VLS_MUST vls_err vls_group_core(uint8_t ret_core[32], const vls_group_said *said);
/* gctx (GROUP 5.1) of a commit in an event with this header. */
void vls_group_context(uint8_t ret[VLS_GROUP_CONTEXT], const vls_group_header *header,
                       const uint8_t base[32], const uint8_t root[32]);

/* A device and its leaf, as an admission or act_leaf announces them: certificate by the identity,
 * leaf by the device, both of this group. VLS_FORGED, VLS_MALFORMED. */
VLS_MUST vls_err vls_group_leaf_check(vls_group_leaf *ret, const vls_signed *cert,
                                      const vls_signed *leaf, const uint8_t group[32]);
/* A certificate alone: whose device it is. */
VLS_MUST vls_err vls_group_cert_check(vls_device_cert *ret, const vls_signed *cert);
/* Appends a `signed` group_leaf. dh NULL: this device leaves the rosters. */
VLS_MUST vls_err vls_group_leaf_make(vls_buf *out, const vls_sign_pair *device,
                                     const uint8_t group[32], const uint8_t identity[32],
                                     uint64_t made, const uint8_t *dh);
/* Knocks of who holds an invitation with this public key: XWL(key, "group knock", group, 32). */
void vls_group_knock_key(uint8_t ret_key[32], const uint8_t invite[32], const uint8_t group[32]);
/* The proof that somebody holds an invitation (GROUP 4.7). */
void vls_group_proof_make(uint8_t ret[VLS_SIG], const vls_sign_pair *invite,
                          const uint8_t group[32], const uint8_t who[32]);
VLS_MUST vls_err vls_group_proof_check(const uint8_t proof[VLS_SIG], const uint8_t invite[32],
                                       const uint8_t group[32], const uint8_t who[32]);
/* Appends a `signed` group_receipt (GROUP 7.8) by this device. */
VLS_MUST vls_err vls_group_receipt_make(vls_buf *out, const vls_sign_pair *device,
                                        const uint8_t group[32], uint64_t made,
                                        const vls_group_held *held, size_t n);
/* That it is of this group, well made and by the device it names. VLS_FORGED, VLS_MALFORMED. */
VLS_MUST vls_err vls_group_receipt_check(vls_group_receipt *ret, vls_slice receipt,
                                         const uint8_t group[32]);
/* What a newcomer shows (GROUP 7.9), as far as it proves itself: leaf, proof and card are of the
 * citizen and device of the certificate, which ret is. VLS_FORGED, VLS_MALFORMED, VLS_TOO_BIG. */
VLS_MUST vls_err vls_group_ask_check(const vls_group_ask *ask, const uint8_t group[32],
                                     vls_device_cert *ret);

#endif
