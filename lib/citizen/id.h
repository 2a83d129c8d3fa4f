/* How an identity key looks to people (PEER 3.5): the id, and the safety number two citizens
 * compare. */
#ifndef VALISE_CITIZEN_ID_H
#define VALISE_CITIZEN_ID_H

#include "base/buf.h"
#include "valise/id.h"

enum {
  VLS_SHORT_ID = 10, /* letters of it that name a citizen nobody has named yet */
  VLS_SAFETY_DIGITS = 60,
  VLS_SAFETY_ROUNDS = 5200, /* of SHA-256 over each key: makes a search for a look-alike dearer */
};

/* VLS_MALFORMED when it is not an id or its checksum is wrong. Either case. */
VLS_MUST vls_err vls_id_parse(uint8_t ret_identity[32], vls_slice text);
/* 30 digits from each key, the smaller half first: the same on both sides. */
void vls_safety_number(char ret_digits[VLS_SAFETY_DIGITS + 1], const uint8_t a[32],
                       const uint8_t b[32]);

#endif
