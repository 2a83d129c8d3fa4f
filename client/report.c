#include "client/report.h"

#include <inttypes.h>

#include "client/json.h"
#include "client/progress.h"
#include "client/table.h"

static const char *lock_name(vls_backup_lock lock) {
  return lock == VLS_BACKUP_WORDS ? "words" : "passphrase";
}

static void print_json(vls_cli *cli, const vls_report *r) {
  json_t *object = vls_json_new(), *files = json_array();
  vls_json_add_text(object, "file", vls_slice_str(r->file));
  vls_json_add_number(object, "bytes", r->bytes);
  vls_json_add_text(object, "lock", vls_slice_str(lock_name(r->lock)));
  if (r->made > 0) {
    vls_json_add_number(object, "made", r->made);
    vls_json_add_text(object, "version", vls_slice_str(r->version));
    vls_json_add_text(object, "id", vls_slice_str(r->id));
    vls_json_add_text(object, "name", vls_slice_str(r->name));
  }
  vls_json_add_number(object, "contacts", r->contacts);
  vls_json_add_number(object, "messages", r->messages);
  if (r->made > 0 && r->oldest > 0) {
    vls_json_add_number(object, "oldest", r->oldest);
    vls_json_add_number(object, "newest", r->newest);
  }
  for (size_t i = 0; i < r->settings->n; i++) {
    vls_slice name = r->settings->file[i].file;
    (void)json_array_append_new(files, json_stringn((const char *)name.p, name.n));
  }
  (void)json_object_set_new(object, "settings", files);
  vls_json_print(&cli->out, object, false);
}

static void print_tabbed(vls_cli *cli, const vls_report *r) {
  vls_card_put(cli, "file", "%s", r->file);
  vls_card_put(cli, "bytes", "%" PRIu64, r->bytes);
  vls_card_put(cli, "lock", "%s", lock_name(r->lock));
  if (r->made > 0) {
    vls_card_time(cli, "made", r->made);
    vls_card_put(cli, "version", "%s", r->version);
    vls_card_put(cli, "id", "%s", r->id);
    vls_card_put(cli, "name", "%s", r->name);
  }
  vls_card_put(cli, "contacts", "%" PRIu64, r->contacts);
  vls_card_put(cli, "messages", "%" PRIu64, r->messages);
  if (r->made > 0) {
    vls_card_time(cli, "oldest", r->oldest);
    vls_card_time(cli, "newest", r->newest);
  }
  for (size_t i = 0; i < r->settings->n; i++)
    vls_card_put(cli, "settings", "%.*s", VLS_STR(r->settings->file[i].file));
}

static void print_for_people(vls_cli *cli, const vls_report *r) {
  char size[16];
  vls_progress_size(size, r->bytes);
  vls_card_put(cli, "File", "%s, %s", r->file, size);
  vls_card_put(cli, "Opens with",
               r->lock == VLS_BACKUP_WORDS ? "recovery words" : "its passphrase");
  if (r->made > 0) {
    vls_card_time(cli, "Made", r->made);
    vls_card_put(cli, "By", "valised %s", r->version);
    vls_card_put(cli, "Name", "%s", r->name);
    vls_card_put(cli, "Id", "%s", r->id);
  }
  vls_card_put(cli, "Contacts", "%" PRIu64, r->contacts);
  vls_card_put(cli, "Texts", "%" PRIu64, r->messages);
  if (r->made > 0) {
    vls_card_time(cli, "Oldest text", r->oldest);
    vls_card_time(cli, "Newest text", r->newest);
  }
  for (size_t i = 0; i < r->settings->n; i++)
    vls_card_put(cli, "Settings", "%.*s", VLS_STR(r->settings->file[i].file));
}

void vls_report_print(vls_cli *cli, const vls_report *report) {
  if (cli->mode == VLS_JSON)
    print_json(cli, report);
  else if (cli->mode == VLS_TABBED)
    print_tabbed(cli, report);
  else
    print_for_people(cli, report);
}
