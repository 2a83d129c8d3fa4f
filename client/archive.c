#include "client/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "client/passphrase.h"
#include "client/recovery.h"

enum { TRIES = 3 };

/* Up to n bytes; fewer at the end of the file. */
static vls_err read_some(vls_cli *cli, vls_archive *a, uint8_t *out, size_t n, size_t *ret_n) {
  *ret_n = 0;
  while (*ret_n < n) {
    ssize_t got = read(a->fd, out + *ret_n, n - *ret_n);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      return vls_fail(cli, VLS_SYSTEM, NULL, "cannot read %s: %s", a->path, strerror(errno));
    if (got == 0) break;
    *ret_n += (size_t)got;
  }
  a->at += *ret_n;
  return VLS_OK;
}

vls_err vls_archive_refuse(vls_cli *cli, const vls_archive *a, vls_err err, const char *why) {
  return vls_fail(cli, err, NULL, "%s is damaged: %s", a->path, why);
}

static vls_err read_head(vls_cli *cli, vls_archive *a) {
  uint8_t bytes[VLS_BACKUP_HEAD];
  size_t n;
  vls_err err = read_some(cli, a, bytes, sizeof bytes, &n);
  if (err != VLS_OK) return err;
  err = vls_backup_head_get(&a->head, vls_slice_of(bytes, n));
  if (err == VLS_NEWER)
    return vls_fail(cli, err, NULL, "%s was made by a newer version of valise", a->path);
  if (err == VLS_TOO_BIG)
    return vls_fail(
        cli, VLS_MALFORMED, NULL,
        "%s is damaged: its passphrase would take more memory or time than any backup's", a->path);
  if (err != VLS_OK) return vls_fail(cli, err, NULL, "%s is not a backup of valise", a->path);
  if (a->size > 0 &&
      (a->size == VLS_BACKUP_HEAD || (a->size - VLS_BACKUP_HEAD) % VLS_BACKUP_CHUNK != 0))
    return vls_archive_refuse(cli, a, VLS_FORGED, "it is cut off");
  return VLS_OK;
}

vls_err vls_archive_open(vls_cli *cli, const char *path, vls_archive *ret) {
  struct stat st;
  *ret = (vls_archive){.path = path};
  ret->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (ret->fd < 0)
    return vls_fail(cli, VLS_SYSTEM, NULL, "cannot read %s: %s", path, strerror(errno));
  if (fstat(ret->fd, &st) == 0 && S_ISREG(st.st_mode)) ret->size = (uint64_t)st.st_size;
  vls_err err = read_head(cli, ret);
  if (err != VLS_OK) vls_archive_done(ret);
  return err;
}

vls_err vls_archive_next(vls_cli *cli, vls_archive *a, size_t max, uint8_t *out, size_t *ret_n) {
  vls_err err = read_some(cli, a, out, max * VLS_BACKUP_CHUNK, ret_n);
  if (err != VLS_OK || *ret_n % VLS_BACKUP_CHUNK == 0) return err;
  return vls_archive_refuse(cli, a, VLS_FORGED, "it is cut off");
}

void vls_archive_done(vls_archive *a) {
  if (a->fd >= 0) (void)close(a->fd);
  a->fd = -1;
}

/* --- what opens it --- */

vls_archive_key vls_archive_key_of(const vls_args *args) {
  return (vls_archive_key){vls_args_opt(args, "words-file"), vls_args_opt(args, "passphrase-file")};
}

static vls_err check_options(vls_cli *cli, const vls_archive *a, const vls_archive_key *from) {
  bool words = a->head.lock == VLS_BACKUP_WORDS;
  if (words && from->passphrase_file != NULL)
    return vls_fail(cli, VLS_USAGE, NULL,
                    "this backup opens with recovery words: --words-file, not --passphrase-file");
  if (!words && from->words_file != NULL)
    return vls_fail(cli, VLS_USAGE, NULL,
                    "this backup opens with a passphrase: --passphrase-file, not --words-file");
  if (from->words_file == NULL && from->passphrase_file == NULL && !vls_cli_may_ask(cli))
    return vls_fail(cli, VLS_USAGE, NULL, "there is no terminal to ask on; say %s FILE",
                    words ? "--words-file" : "--passphrase-file");
  return VLS_OK;
}

static vls_err get_words(vls_cli *cli, const char *file, uint8_t ret_key[32]) {
  uint8_t secret[VLS_WORDS_SECRET];
  vls_err err = file != NULL ? vls_recovery_read(cli, file, secret) : vls_recovery_ask(cli, secret);
  if (err == VLS_OK) vls_backup_key_of_words(ret_key, secret);
  vls_wipe(secret, sizeof secret);
  return err;
}

static vls_err get_passphrase(vls_cli *cli, const vls_archive *a, const char *file,
                              uint8_t ret_key[32]) {
  vls_passphrase *pass = vls_passphrase_new();
  vls_err err = file != NULL ? vls_passphrase_read(cli, file, pass)
                             : vls_passphrase_ask(cli, "Passphrase of the backup:", NULL, pass);
  if (err == VLS_OK) {
    err = vls_backup_key_of_passphrase(ret_key, vls_passphrase_slice(pass), a->head.salt,
                                       a->head.cost);
    if (err != VLS_OK)
      err = vls_fail(cli, err, NULL, "there is no memory for the passphrase: it takes %u MiB",
                     a->head.cost.kib >> 10);
  }
  vls_passphrase_free(pass);
  return err;
}

static vls_err try_once(vls_cli *cli, const vls_archive *a, const vls_archive_key *from,
                        uint8_t ret_key[32], vls_backup_reader **ret_reader) {
  bool words = a->head.lock == VLS_BACKUP_WORDS;
  vls_err err = words ? get_words(cli, from->words_file, ret_key)
                      : get_passphrase(cli, a, from->passphrase_file, ret_key);
  if (err != VLS_OK) return err;
  err = vls_backup_reader_new(ret_reader, &a->head, ret_key);
  if (err == VLS_OK) return VLS_OK;
  if (err != VLS_FORGED) return vls_fail(cli, err, NULL, "the cryptography could not be started");
  return vls_fail(cli, VLS_PASSPHRASE, NULL,
                  words ? "these are recovery words, but not the ones of this backup, unless its "
                          "first bytes are damaged"
                        : "this is not the passphrase of this backup, unless its first bytes are "
                          "damaged");
}

vls_err vls_archive_unlock(vls_cli *cli, const vls_archive *a, const vls_archive_key *from,
                           uint8_t ret_key[32], vls_backup_reader **ret_reader) {
  bool asks = from->words_file == NULL && from->passphrase_file == NULL;
  vls_err err = check_options(cli, a, from);
  if (err != VLS_OK) return err;
  for (int i = 0; i < TRIES; i++) {
    err = try_once(cli, a, from, ret_key, ret_reader);
    if (err != VLS_PASSPHRASE || !asks || i + 1 == TRIES) break;
    vls_cli_note(cli, "That does not open it: %s.", vls_problem_text(&cli->problem));
    vls_problem_done(&cli->problem);
  }
  if (err != VLS_OK) vls_wipe(ret_key, 32);
  return err;
}
