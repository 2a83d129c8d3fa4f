/* The socket of the clients (RPC 1): who may come in, and how many. */
#ifndef VALISE_DAEMON_RPCD_H
#define VALISE_DAEMON_RPCD_H

#include <sys/stat.h>

#include "daemon/acceptor.h"
#include "daemon/caller.h"
#include "daemon/trouble.h"

struct vls_daemon;

typedef struct vls_rpcd {
  vls_acceptor acceptor;
  bool open, ours;  /* ours: made here, to be removed at the end; else systemd's */
  struct stat file; /* of the socket we made */
  bool has_group;
  gid_t group; /* whose members may come in, on a system node */
  LIST_HEAD(, vls_caller) callers;
  STAILQ_HEAD(, vls_caller) waiting; /* for attend */
  size_t n, max;
  uint64_t last_id;
} vls_rpcd;

/* Takes the socket systemd passed, or makes one in a private directory, where nobody else listens.
 * max: clients that the descriptors of this process allow. VLS_SYSTEM, VLS_LOCKED: another one
 * listens. */
VLS_MUST vls_err vls_rpcd_open(struct vls_daemon *d, size_t max, vls_trouble *ret_why);
/* No more clients, no more calls; answers still go out. */
void vls_rpcd_drain(struct vls_daemon *d);
/* The client of this number, or NULL. */
vls_caller *vls_rpcd_find(const struct vls_daemon *d, uint64_t id);
/* The core failed, and another takes its place: who waits for an answer or an event of the old one
 * goes when what it was told is written. */
void vls_rpcd_renew(struct vls_daemon *d);
/* The core is gone: who listens for events hears no more, and is told so by the end. */
void vls_rpcd_part(struct vls_daemon *d);
/* There is another core: it learns who said hello. */
void vls_rpcd_introduce(struct vls_daemon *d);
/* Whether all answers that will come are in the kernel. */
bool vls_rpcd_is_drained(const struct vls_daemon *d);
void vls_rpcd_close(struct vls_daemon *d);

/* A response or a notification of the core, for a client that may be gone. */
void vls_rpcd_send(struct vls_daemon *d, uint64_t client, vls_slice frame, bool response);
/* Goes on with clients that had to wait until outputs were performed. */
void vls_rpcd_attend(struct vls_daemon *d);
void vls_rpcd_trim(struct vls_daemon *d);

#endif
