/* valise.conf: whatever stands in it, there is a value for every key or a reason a person can read.
 */
#include "base/assert.h"
#include "base/buf.h"
#include "daemon/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  vls_config config;
  vls_trouble why = {.what = ""};
  vls_config_init(&config);
  vls_err err = vls_config_parse(&config, vls_slice_of(data, n), "fuzz.conf", &why);
  if (err == VLS_OK) err = vls_config_check(&config, &why);
  VLS_ASSERT(err == VLS_OK || why.what[0] != '\0');
  for (vls_key key = 0; key < VLS_KEYS; key++)
    VLS_ASSERT(vls_config_text(&config, key) != NULL);
  vls_config_done(&config);
  return 0;
}
