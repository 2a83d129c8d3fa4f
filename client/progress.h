/* How far something long has come: a bar on a terminal, a line now and then elsewhere, nothing for
 * a script. On standard error. */
#ifndef VALISE_CLIENT_PROGRESS_H
#define VALISE_CLIENT_PROGRESS_H

#include "client/cmd.h"

enum {
  VLS_PROGRESS_DRAW_MS = 100,      /* between two looks of the bar */
  VLS_PROGRESS_LINE_MS = 5 * 1000, /* between two lines, where lines cannot change */
};

typedef struct vls_progress {
  vls_cli *cli;
  const char *what; /* "Writing" */
  uint64_t total;   /* 0: nobody knows */
  uint64_t shown_ms;
  bool bar, lines, drawn;
} vls_progress;

/* now_ms: of vls_when_mono, here and below. what is borrowed. */
void vls_progress_begin(vls_progress *ret, vls_cli *cli, const char *what, uint64_t total,
                        uint64_t now_ms);
/* done: of total, in the same unit; bytes: what there is to tell beside. */
void vls_progress_at(vls_progress *progress, uint64_t done, uint64_t bytes, uint64_t now_ms);
/* Takes the bar away. */
void vls_progress_end(vls_progress *progress);
/* "12 MB": 1000 bytes a kB, one digit behind the point below 10. */
void vls_progress_size(char ret_text[16], uint64_t bytes);

#endif
