/* Signed events (PEER 5.1 to 5.4): what one device says in one conversation at one moment. The
 * header is hashed and signed; what both sides know of it already is not sent. */
#ifndef VALISE_EVENT_EVENT_H
#define VALISE_EVENT_EVENT_H

#include "crypto/keys.h"
#include "proto/peer.h"

/* All of a header but the hashes of its items. Pointers are borrowed, 32 bytes each. */
typedef struct vls_event_facts {
  const uint8_t *conversation, *recipient, *author, *device, *prev;
  uint64_t seq, stamp;
} vls_event_facts;

typedef struct vls_item_hashes {
  uint8_t hash[VLS_EVENT_ITEMS][32];
  size_t n;
} vls_item_hashes;

/* The hash of an item: SHA256 of its encoding. */
void vls_item_hash(uint8_t ret_hash[32], vls_slice encoded);
/* item id = SHA256("valise item" | SHA256(header) | be16(index)). */
void vls_item_id(uint8_t ret_id[32], const uint8_t header_hash[32], size_t index);

/* Appends the encoded header and gives its hash. */
VLS_MUST vls_err vls_event_header_make(vls_buf *out, const vls_event_facts *facts,
                                       const vls_item_hashes *items, uint8_t ret_hash[32]);

#endif
