/* Invitation links (PEER 3.6, GROUP 7.10): valise:<base32 of a table and 4 bytes of its SHA-256>,
 * at most 512 characters, so that it fits a QR code. */
#ifndef VALISE_CITIZEN_INVITE_H
#define VALISE_CITIZEN_INVITE_H

#include "proto/group.h"

enum { VLS_LINK_TEXT_MAX = 512, VLS_INVITE_BYTES = 312 };

/* Appends the link. VLS_TOO_BIG when its addresses do not fit. */
VLS_MUST vls_err vls_invite_text(vls_buf *out, const vls_invite *invite);
/* Reads a link of either case; surrounding white space is allowed. Slices of ret borrow from bytes,
 * which is filled. VLS_MALFORMED: not a link or mistyped; VLS_FORGED: a key in it is not one. */
VLS_MUST vls_err vls_invite_parse(vls_invite *ret, uint8_t bytes[VLS_INVITE_BYTES], vls_slice text);
/* The key of knocks made with it: XWL(secret, "invite knock", "", 32). */
void vls_invite_knock_key(uint8_t ret_key[32], const uint8_t secret[32]);

/* The same for a link to a group, which is no invitation to be a contact, nor the other way. The
 * device's key may be zeros. */
VLS_MUST vls_err vls_group_link_text(vls_buf *out, const vls_group_link *link);
VLS_MUST vls_err vls_group_link_parse(vls_group_link *ret, uint8_t bytes[VLS_INVITE_BYTES],
                                      vls_slice text);

#endif
