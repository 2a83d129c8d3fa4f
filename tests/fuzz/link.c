/* A link (link_script.h): the first byte says how far the two have come, the rest is the script. */
#include "link_script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  if (n > 0) play(data[0] < STAGES ? data[0] : UP, vls_slice_of(data + 1, n - 1));
  return 0;
}
