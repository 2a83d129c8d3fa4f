#include "valise/secret.h"

#include <sodium.h>

#include "base/assert.h"
#include "crypto/kdf.h"

void *vls_secret_new(size_t n) {
  enum { ALIGN = 16 };
  vls_err err = vls_crypto_init();
  VLS_ASSERT(err == VLS_OK);
  size_t size = (n + ALIGN - 1) / ALIGN * ALIGN; /* sodium_malloc aligns the end */
  void *p = sodium_malloc(size);
  VLS_ASSERT(p != NULL);
  memset(p, 0, size);
  return p;
}

void vls_secret_free(void *p) {
  sodium_free(p); /* wipes */
}
