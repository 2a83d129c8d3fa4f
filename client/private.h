/* Memory for what a person typed and nobody else may see. */
#ifndef VALISE_CLIENT_PRIVATE_H
#define VALISE_CLIENT_PRIVATE_H

#include <stddef.h>

/* Zeroed, and kept from the swap where the system allows it; from here on this process leaves no
 * core dump, and no other process of the user looks into it. */
void *vls_private_new(size_t n) __attribute__((malloc));
/* Wipes; takes NULL. n as it was given. */
void vls_private_free(void *p, size_t n);

#endif
