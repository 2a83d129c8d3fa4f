/* A backup file that is there: read in chunks, and opened with its words or its passphrase. */
#ifndef VALISE_CLIENT_ARCHIVE_H
#define VALISE_CLIENT_ARCHIVE_H

#include "client/cmd.h"
#include "valise/backup.h"

typedef struct vls_archive {
  const char *path; /* borrowed */
  int fd;
  uint64_t size, at; /* bytes; size 0: it is no plain file, nobody knows */
  vls_backup_head head;
} vls_archive;

/* Reads the head. VLS_SYSTEM; VLS_MALFORMED: it is no backup; VLS_NEWER; VLS_FORGED: it is cut. */
VLS_MUST vls_err vls_archive_open(vls_cli *cli, const char *path, vls_archive *ret);
/* The next chunks, as many as there are, at most max of them. *ret_n bytes; 0 at the end.
 * VLS_FORGED when the last one is cut. */
VLS_MUST vls_err vls_archive_next(vls_cli *cli, vls_archive *archive, size_t max, uint8_t *out,
                                  size_t *ret_n);
void vls_archive_done(vls_archive *archive);
/* The file is refused, and why: what its reader said. */
vls_err vls_archive_refuse(vls_cli *cli, const vls_archive *archive, vls_err err, const char *why);

/* The options of a command that opens one; NULL: not given. */
typedef struct vls_archive_key {
  const char *words_file, *passphrase_file;
} vls_archive_key;
#define VLS_ARCHIVE_OPTS                                                                           \
  {"words-file", 0, VLS_KIND_FILE, "FILE", "the recovery words; - is standard input", NULL}, {     \
    "passphrase-file", 0, VLS_KIND_FILE, "FILE", "its first line; - is standard input", NULL       \
  }

vls_archive_key vls_archive_key_of(const vls_args *args);
/* Gets what opens it, from the files or from the person, who may try again. VLS_PASSPHRASE: it is
 * not this one's; VLS_USAGE. The key is a secret. */
VLS_MUST vls_err vls_archive_unlock(vls_cli *cli, const vls_archive *archive,
                                    const vls_archive_key *from, uint8_t ret_key[32],
                                    vls_backup_reader **ret_reader);

#endif
