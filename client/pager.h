/* Long output in a terminal goes through $PAGER (else less), as it does with git and systemctl. */
#ifndef VALISE_CLIENT_PAGER_H
#define VALISE_CLIENT_PAGER_H

#include <sys/types.h>

#include "client/cmd.h"

typedef struct vls_pager {
  pid_t pid;   /* 0: none was started */
  FILE *plain; /* what the output was before */
} vls_pager;

/* From here on standard output goes to the pager; does nothing when it is not a terminal, a
 * script's mode was chosen, or there is no pager. */
void vls_pager_begin(vls_pager *pager, vls_cli *cli);
/* Waits until the person has read it. */
void vls_pager_end(vls_pager *pager, vls_cli *cli);

#endif
