#include "client/settings.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/assert.h"
#include "client/conf.h"
#include "client/config.h"
#include "client/paths.h"
#include "valise/backup.h"

enum { FILE_NAME = 128, ROOM = VLS_BACKUP_SETTINGS * (VLS_CONF_MAX + FILE_NAME) };

void vls_settings_init(vls_settings *ret) {
  *ret = (vls_settings){0};
  vls_buf_init(&ret->bytes, ROOM);
  uint8_t *room = vls_buf_grow(&ret->bytes, ROOM); /* at once, so that nothing moves */
  VLS_ASSERT(room != NULL);
  ret->bytes.n = 0;
}

void vls_settings_done(vls_settings *settings) {
  vls_buf_done(&settings->bytes);
}

static vls_slice keep(vls_settings *s, vls_slice bytes) {
  vls_err err = vls_buf_put_slice(&s->bytes, bytes);
  VLS_ASSERT(err == VLS_OK);
  return (vls_slice){s->bytes.p + s->bytes.n - bytes.n, bytes.n};
}

vls_err vls_settings_add(vls_settings *s, const vls_backup_setting *one) {
  if (s->n == VLS_BACKUP_SETTINGS || s->bytes.n + one->file.n + one->text.n > ROOM)
    return VLS_TOO_BIG;
  s->file[s->n].file = keep(s, one->file);
  s->file[s->n].text = keep(s, one->text);
  s->n++;
  return VLS_OK;
}

/* --- into a backup --- */

static void leave_out(vls_cli *cli, const char *file, const char *why) {
  vls_cli_note(cli, "Not in the backup: the settings in %s: %s", file, why);
}

static void collect_one(vls_cli *cli, const char *dir, const char *file, vls_settings *ret) {
  vls_buf text;
  vls_backup_setting one = {.file = vls_slice_str(file)};
  char *path = vls_path_join(dir, file);
  vls_buf_init(&text, VLS_CONF_MAX + 1);
  if (access(path, F_OK) != 0) goto out;
  if (vls_config_read(cli, path, &text) != VLS_OK) {
    leave_out(cli, path, vls_problem_text(&cli->problem));
    vls_problem_done(&cli->problem);
    goto out;
  }
  one.text = vls_buf_slice(&text);
  if (!vls_backup_setting_is_right(NULL, &one))
    leave_out(cli, path, "its name has other characters than letters, digits, dot, _ and -");
  else if (ret->bytes.n + text.n + FILE_NAME > VLS_SETTINGS_BYTES ||
           vls_settings_add(ret, &one) != VLS_OK)
    leave_out(cli, path, "there are too many, or they are too long together");
out:
  vls_buf_done(&text);
  free(path);
}

static int is_conf(const struct dirent *entry) {
  size_t n = strlen(entry->d_name);
  return entry->d_name[0] != '.' && n > 5 && strcmp(entry->d_name + n - 5, ".conf") == 0;
}

/* By bytes: the order of the backup. */
static int by_name(const struct dirent **a, const struct dirent **b) {
  return strcmp((*a)->d_name, (*b)->d_name);
}

void vls_settings_collect(vls_cli *cli, vls_settings *ret) {
  struct dirent **entries = NULL;
  char *dir = vls_path_node_config(cli->socket), *folder = vls_path_join(dir, "conf.d");
  int n = scandir(folder, &entries, is_conf, by_name);
  for (int i = 0; i < n; i++) {
    char *file = vls_path_join("conf.d", entries[i]->d_name);
    collect_one(cli, dir, file, ret);
    free(file);
    free(entries[i]);
  }
  free(entries);
  collect_one(cli, dir, "valise.conf", ret); /* 'v' comes behind 'c' */
  free(folder);
  free(dir);
}

/* --- out of a backup --- */

static bool place_one(vls_cli *cli, const char *dir, const vls_backup_setting *one) {
  char name[FILE_NAME + 1];
  vls_err err = VLS_OK;
  (void)snprintf(name, sizeof name, "%.*s", VLS_STR(one->file));
  char *path = vls_path_join(dir, name);
  if (access(path, F_OK) == 0)
    err = vls_fail(cli, VLS_EXISTS, NULL, "it is there already");
  else if (!vls_path_make_dirs(path))
    err = vls_fail(cli, VLS_SYSTEM, NULL, "cannot make its directory: %s", strerror(errno));
  else
    err = vls_config_put(cli, path, 0600, one->text);
  if (err != VLS_OK)
    vls_cli_note(cli, "Left as it is: %s: %s", path, vls_problem_text(&cli->problem));
  else
    vls_cli_note(cli, "Settings are in place: %s", path);
  vls_problem_done(&cli->problem);
  free(path);
  return err == VLS_OK;
}

size_t vls_settings_place(vls_cli *cli, const vls_settings *settings) {
  char *dir = vls_path_node_config(cli->socket);
  size_t placed = 0;
  for (size_t i = 0; i < settings->n; i++)
    if (place_one(cli, dir, &settings->file[i])) placed++;
  free(dir);
  return placed;
}
