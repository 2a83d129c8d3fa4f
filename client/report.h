/* What is told of a backup that was made, or looked through. */
#ifndef VALISE_CLIENT_REPORT_H
#define VALISE_CLIENT_REPORT_H

#include "client/cmd.h"
#include "client/settings.h"
#include "valise/backup.h"
#include "valise/id.h"

typedef struct vls_report {
  const char *file;
  uint64_t bytes;
  vls_backup_lock lock;
  uint64_t contacts, messages;
  const vls_settings *settings;
  uint64_t made; /* ms since 1970; 0, and nothing below counts: it was made just now */
  char version[33], id[VLS_ID_TEXT + 1], name[65];
  uint64_t oldest, newest; /* ms since 1970: of the texts; 0: there are none */
} vls_report;

/* In every mode, on standard output. */
void vls_report_print(vls_cli *cli, const vls_report *report);

#endif
