/* A file that is there whole, or not at all: written beside its name, synced, renamed. */
#ifndef VALISE_CLIENT_NEWFILE_H
#define VALISE_CLIENT_NEWFILE_H

#include "client/cmd.h"

typedef struct vls_newfile {
  const char *path; /* borrowed */
  char *beside;
  int fd; /* -1: it is closed */
  bool replace;
  uint64_t bytes;
} vls_newfile;

/* VLS_EXISTS: there is something of this name, and it is not to be replaced, or no file. */
VLS_MUST vls_err vls_newfile_may(vls_cli *cli, const char *path, bool replace);
/* Mode 0600. VLS_EXISTS, VLS_FULL, VLS_SYSTEM. */
VLS_MUST vls_err vls_newfile_open(vls_cli *cli, const char *path, bool replace, vls_newfile *ret);
/* VLS_FULL: no room on the disk, or a limit. */
VLS_MUST vls_err vls_newfile_write(vls_cli *cli, vls_newfile *file, vls_slice bytes);
/* On disk, and in its place. Nothing is left of it after a failure. */
VLS_MUST vls_err vls_newfile_keep(vls_cli *cli, vls_newfile *file);
/* Nothing is left of it, unless it was kept. */
void vls_newfile_done(vls_newfile *file);

#endif
