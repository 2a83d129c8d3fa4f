/* The files of settings that go into a backup, and come out of it. */
#ifndef VALISE_CLIENT_SETTINGS_H
#define VALISE_CLIENT_SETTINGS_H

#include "client/cmd.h"
#include "proto/backup.h"

enum {
  VLS_SETTINGS_BYTES = 1000000, /* of all files together: they go to the node in one call */
};

typedef struct vls_settings {
  size_t n;
  vls_backup_setting file[VLS_BACKUP_SETTINGS]; /* ascending by name; into bytes */
  vls_buf bytes;
} vls_settings;

void vls_settings_init(vls_settings *ret);
void vls_settings_done(vls_settings *settings);
/* valise.conf and conf.d/NAME.conf of the node that cli talks with. What cannot go along is told to
 * the person. */
void vls_settings_collect(vls_cli *cli, vls_settings *ret);
/* A file of a backup is kept. VLS_TOO_BIG. */
VLS_MUST vls_err vls_settings_add(vls_settings *settings, const vls_backup_setting *one);
/* Those that are not there yet are put in place, each checked by valised before; what is not put in
 * place is told. Gives how many were. */
size_t vls_settings_place(vls_cli *cli, const vls_settings *settings);

#endif
