/* Sending, and waiting for what becomes of it. */
#ifndef VALISE_CLIENT_SEND_H
#define VALISE_CLIENT_SEND_H

#include "base/text.h"
#include "client/cmd.h"

typedef enum vls_wait { VLS_WAIT_QUEUED, VLS_WAIT_DELIVERED } vls_wait;

/* What became of the text for one recipient. */
typedef struct vls_delivery {
  char to[129];          /* as it was asked for */
  char name[129];        /* the petname, or @ and the group; or empty */
  uint64_t n;            /* number of the text; 0: not sent */
  char state[17];        /* the node's word */
  uint64_t receipts, of; /* in a group: of so many members so many have it; of 0: not known */
  vls_err err;           /* VLS_TIMEOUT: not yet where it should be */
  char *problem;         /* or NULL */
} vls_delivery;

typedef struct vls_sending {
  vls_cli *cli;
  const vls_rpc_send
      *ask; /* with a cid: sent again when the connection breaks, it sends nothing twice */
  vls_wait wait;
  vls_delivery list[VLS_RECIPIENTS_MAX];
  size_t n;
} vls_sending;

/* Sends, and waits until every text is where s->wait says, has failed, or the deadline
 * (vls_when_mono) has passed. VLS_OK also when some or all of them failed: see the list. */
VLS_MUST vls_err vls_send(vls_sending *s, uint64_t deadline);
void vls_sending_done(vls_sending *s);

#endif
