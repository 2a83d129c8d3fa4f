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

static void print_number(vls_cli *cli, const char *title, uint64_t number) {
  vls_card_put(cli, title, "%" PRIu64, number);
}

/* For people, or with tabs: then a fact is called as in JSON. */
static void print_facts(vls_cli *cli, const vls_report *r) {
  bool tabs = cli->mode == VLS_TABBED;
  char size[16];
  vls_progress_size(size, r->bytes);
  if (tabs) {
    vls_card_put(cli, "file", "%s", r->file);
    print_number(cli, "bytes", r->bytes);
    vls_card_put(cli, "lock", "%s", lock_name(r->lock));
  } else {
    vls_card_put(cli, "File", "%s, %s", r->file, size);
    vls_card_put(cli, "Opens with",
                 r->lock == VLS_BACKUP_WORDS ? "recovery words" : "its passphrase");
  }
  if (r->made > 0) {
    vls_card_time(cli, tabs ? "made" : "Made", r->made);
    vls_card_put(cli, tabs ? "version" : "By valised", "%s", r->version);
    vls_card_put(cli, tabs ? "id" : "Id", "%s", r->id);
    vls_card_put(cli, tabs ? "name" : "Name", "%s", r->name);
  }
  print_number(cli, tabs ? "contacts" : "Contacts", r->contacts);
  print_number(cli, tabs ? "messages" : "Texts", r->messages);
  if (r->made > 0) {
    vls_card_time(cli, tabs ? "oldest" : "Oldest text", r->oldest);
    vls_card_time(cli, tabs ? "newest" : "Newest text", r->newest);
  }
  for (size_t i = 0; i < r->settings->n; i++)
    vls_card_put(cli, tabs ? "settings" : "Settings", "%.*s", VLS_STR(r->settings->file[i].file));
}

void vls_report_print(vls_cli *cli, const vls_report *report) {
  if (cli->mode == VLS_JSON)
    print_json(cli, report);
  else
    print_facts(cli, report);
}
