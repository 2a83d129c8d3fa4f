/* A link (link_script.h) that is up: frames and no handshake, for the sake of many of them. */
#include "link_script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  play(UP, vls_slice_of(data, n));
  return 0;
}
