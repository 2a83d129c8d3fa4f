/* valise backup verify: all of a file is read and opened, without a node. */
#include "client/archive.h"
#include "client/cmd_backup.h"
#include "client/private.h"
#include "client/progress.h"
#include "client/report.h"
#include "client/when.h"

typedef struct look {
  vls_archive archive;
  vls_backup_reader *reader;
  vls_backup_row row;
  vls_settings settings;
  vls_report report;
  uint8_t key[32];
  uint8_t chunk[VLS_BACKUP_CHUNK];
} look;

static void copy(char *out, size_t size, vls_slice s) {
  size_t n = s.n < size ? s.n : size - 1;
  memcpy(out, s.p, n);
  out[n] = '\0';
}

static vls_err note_row(look *l) {
  vls_report *r = &l->report;
  const vls_backup_row *row = &l->row;
  switch ((int)row->kind) {
  case VLS_BACKUP_START:
    r->made = row->start.made;
    copy(r->version, sizeof r->version, row->start.version);
    copy(r->name, sizeof r->name, row->start.name);
    vls_id_text(r->id, row->start.identity);
    return VLS_OK;
  case VLS_BACKUP_SETTING: return vls_settings_add(&l->settings, &row->setting);
  case VLS_BACKUP_CONTACT: r->contacts++; return VLS_OK;
  case VLS_BACKUP_MESSAGE:
    r->messages++;
    if (r->oldest == 0 || row->message.at < r->oldest) r->oldest = row->message.at;
    if (row->message.at > r->newest) r->newest = row->message.at;
    return VLS_OK;
  default: return VLS_OK;
  }
}

static vls_err read_chunk(vls_cli *cli, look *l, size_t n) {
  vls_err err = vls_backup_reader_put(l->reader, vls_slice_of(l->chunk, n));
  while (err == VLS_OK && (err = vls_backup_reader_row(l->reader, &l->row)) == VLS_OK)
    err = note_row(l);
  if (err == VLS_AGAIN) return VLS_OK;
  return vls_archive_refuse(cli, &l->archive, err, vls_backup_reader_problem(l->reader));
}

static vls_err read_all(vls_cli *cli, look *l) {
  vls_progress progress;
  vls_err err = VLS_OK;
  size_t n = 1;
  vls_progress_begin(&progress, cli, "Reading", l->archive.size, vls_when_mono());
  while (err == VLS_OK && n > 0) {
    err = vls_archive_next(cli, &l->archive, 1, l->chunk, &n);
    if (err == VLS_OK && n > 0) err = read_chunk(cli, l, n);
    vls_progress_at(&progress, l->archive.at, l->archive.at, vls_when_mono());
  }
  vls_progress_end(&progress);
  if (err == VLS_OK && !vls_backup_reader_is_whole(l->reader))
    err = vls_archive_refuse(cli, &l->archive, VLS_FORGED, "its end is missing");
  return err;
}

vls_err vls_backup_verify_run(vls_cli *cli, const vls_args *args) {
  const vls_archive_key from = vls_archive_key_of(args);
  look *l = vls_private_new(sizeof *l);
  vls_settings_init(&l->settings);
  vls_err err = vls_archive_open(cli, args->word[0], &l->archive);
  if (err == VLS_OK) {
    err = vls_archive_unlock(cli, &l->archive, &from, l->key, &l->reader);
    if (err == VLS_OK) err = read_all(cli, l);
    vls_archive_done(&l->archive);
  }
  if (err == VLS_OK) {
    l->report.file = args->word[0];
    l->report.bytes = l->archive.at;
    l->report.lock = l->archive.head.lock;
    l->report.settings = &l->settings;
    vls_report_print(cli, &l->report);
    if (cli->mode == VLS_HUMAN) vls_cli_note(cli, "All of it is there, and as it was written.");
  }
  vls_backup_reader_free(l->reader);
  vls_settings_done(&l->settings);
  vls_private_free(l, sizeof *l);
  return err;
}
