/* Memory for secrets that live long: between guard pages, kept from the swap where the system
 * allows it, left out of core dumps, and wiped when it is given back. */
#ifndef VALISE_SECRET_H
#define VALISE_SECRET_H

#include <stddef.h>

/* Zeroed, aligned for anything; aborts when there is none. Each takes some pages of its own: for
 * keys and what holds them, not for every copy. */
void *vls_secret_new(size_t n) __attribute__((malloc));
/* Takes NULL. */
void vls_secret_free(void *p);

#endif
