/* What other commands use of backups. */
#ifndef VALISE_CLIENT_CMD_BACKUP_H
#define VALISE_CLIENT_CMD_BACKUP_H

#include "client/cmd.h"

/* backup_verify.c, backup_create.c */
vls_run vls_backup_verify_run, vls_backup_create_run;

#endif
