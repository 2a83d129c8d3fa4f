#include "conv/state.h"

#include "crypto/kdf.h"

/* What is signed: the handshake hash of the link, and the state as it is sent. */
static void hash_for(uint8_t ret[VLS_HASH], const uint8_t link[32], vls_slice state) {
  const vls_slice parts[2] = {vls_slice_of(link, 32), state};
  vls_sha256_parts(ret, parts, 2);
}

vls_err vls_state_sign(vls_frame_state *ret, vls_buf *bytes, const vls_state *state,
                       const vls_sign_pair *device, const uint8_t link[32]) {
  uint8_t hash[VLS_HASH];
  vls_err err = vls_wire_encode(&vls_state_def, state, bytes);
  if (err != VLS_OK) return err;
  ret->state = vls_buf_slice(bytes);
  hash_for(hash, link, ret->state);
  vls_sign_hash(ret->sig, device, VLS_CTX_STATE, hash);
  return VLS_OK;
}

vls_err vls_state_open(vls_state *ret, vls_slice frame, const uint8_t link[32]) {
  vls_frame_state f;
  uint8_t hash[VLS_HASH];
  vls_err err = vls_wire_decode(&vls_frame_state_def, VLS_WIRE_STRICT, frame, &f, NULL);
  if (err == VLS_OK) err = vls_wire_decode(&vls_state_def, VLS_WIRE_STRICT, f.state, ret, NULL);
  if (err != VLS_OK) return err;
  hash_for(hash, link, f.state);
  return vls_verify_hash(f.sig, ret->mine[0].device, VLS_CTX_STATE, hash);
}
