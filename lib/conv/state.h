/* STATE (PEER 6.3): how far one end of a link says it is, under its device's signature, and for
 * this link alone. A stolen key of a link makes none. */
#ifndef VALISE_CONV_STATE_H
#define VALISE_CONV_STATE_H

#include "crypto/keys.h"
#include "proto/peer.h"

/* The frame's slice points into bytes, which is empty before. link: the link's handshake hash. */
VLS_MUST vls_err vls_state_sign(vls_frame_state *ret, vls_buf *bytes, const vls_state *state,
                                const vls_sign_pair *device, const uint8_t link[32]);
/* Signed for this link by the device it names first; whose device that is, the caller knows.
 * VLS_MALFORMED, VLS_FORGED. */
VLS_MUST vls_err vls_state_open(vls_state *ret, vls_slice frame, const uint8_t link[32]);

#endif
