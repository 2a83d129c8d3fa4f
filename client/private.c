#include "client/private.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/buf.h"

void *vls_private_new(size_t n) {
  const struct rlimit none = {0, 0};
  void *p = vls_calloc(1, n);
  (void)mlock(p, n);
  (void)setrlimit(RLIMIT_CORE, &none);
#ifdef VALISE_UNDUMPABLE
  (void)prctl(PR_SET_DUMPABLE, 0);
#endif
  return p;
}

void vls_private_free(void *p, size_t n) {
  if (p == NULL) return;
  vls_wipe(p, n);
  (void)munlock(p, n);
  free(p);
}
