#include <inttypes.h>

#include "client/list.h"

static void card_list(vls_cli *cli, const char *title, const vls_slice *list, size_t n) {
  for (size_t i = 0; i < n; i++)
    vls_card_put(cli, title, "%.*s", VLS_STR(list[i]));
}

static bool is(vls_slice state, const char *name) {
  return vls_slice_eq(state, vls_slice_str(name));
}

static void print_damaged(vls_cli *cli, const vls_rpc_status *s, const char *up) {
  bool saving = is(s->state, "salvaging");
  vls_card_put(cli, "Node", "valised %.*s, running for %s", VLS_STR(s->version), up);
  vls_card_put(cli, "Store", "%s",
               saving ? "damaged: what can be read of it is being saved, and it takes a moment"
                      : "damaged, and it cannot be saved: valise doctor says why");
}

/* What the node finds wrong while it is locked: that it is locked, or what keeps it so. */
static void print_locked(vls_cli *cli) {
  vls_rpc_finding f;
  vls_slice result, item;
  vls_items items;
  vls_err err = vls_call(cli, "doctor", NULL, NULL, &result);
  if (err == VLS_OK) err = vls_list_open(cli, result, &items);
  bool known = err == VLS_OK && vls_items_next(&items, &item) &&
               vls_wire_decode(&vls_rpc_finding_def, VLS_WIRE_LENIENT, item, &f, NULL) == VLS_OK;
  if (!known || !f.has_hint || is(f.hint, "valise unlock")) {
    vls_card_put(cli, "You", "nobody can say before you type: valise unlock");
    vls_card_put(cli, "Store", "encrypted, and closed");
    return;
  }
  vls_card_put(cli, "Store", "%.*s", VLS_STR(f.text));
  vls_card_put(cli, "Try", "%.*s", VLS_STR(f.hint));
}

static void print_for_people(vls_cli *cli, const vls_rpc_status *s) {
  char up[VLS_WHEN_TEXT];
  vls_when_length(up, s->uptime_s < UINT64_MAX / 1000 ? s->uptime_s * 1000 : 0);
  if (is(s->state, "salvaging") || is(s->state, "damaged")) {
    print_damaged(cli, s, up);
    return;
  }
  if (is(s->state, "locked")) {
    vls_card_put(cli, "Node", "valised %.*s, running for %s, locked", VLS_STR(s->version), up);
    print_locked(cli);
    return;
  }
  vls_card_put(cli, "Node", "valised %.*s, running for %s", VLS_STR(s->version), up);
  if (is(s->state, "empty")) {
    vls_card_put(cli, "You", "nobody yet: type valise init");
  } else {
    vls_card_put(cli, "You", "%.*s", VLS_STR(s->name));
    vls_card_put(cli, "Id", "%.*s", VLS_STR(s->id));
  }
  if (is(s->state, "full"))
    vls_card_put(cli, "Disk", "full: nothing new is taken until there is room: df -h");
  vls_card_put(cli, "Contacts", "%" PRIu64 ", %" PRIu64 " online", s->contacts, s->online);
  if (s->groups > 0) vls_card_put(cli, "Groups", "%" PRIu64, s->groups);
  vls_card_put(cli, "Unread", "%" PRIu64, s->unread);
  vls_card_put(cli, "Waiting", "%" PRIu64 " without a receipt", s->queued);
  if (s->set_aside > 0)
    vls_card_put(cli, "Set aside", "%" PRIu64 " unusable records", s->set_aside);
  vls_card_put(cli, "Store", "%" PRIu64 " KiB, %s", (s->store_bytes + 1023) / 1024,
               s->sealed ? "encrypted" : "not encrypted");
  if (s->salvaged > 0)
    vls_card_put(cli, "Damaged", "once, and saved: valise doctor says what is lost");
  card_list(cli, "Listens on", s->listening, s->n_listening);
  card_list(cli, "Reachable at", s->advertised, s->n_advertised);
}

static vls_err run(vls_cli *cli, const vls_args *args) {
  (void)args;
  vls_rpc_status status;
  vls_err err = vls_call_for(cli, "status", NULL, NULL, &vls_rpc_status_def, &status);
  if (err != VLS_OK) return err;
  if (!vls_show_for_script(cli, &vls_rpc_status_def, &status)) print_for_people(cli, &status);
  return VLS_OK;
}

const vls_cmd vls_cmd_status = {
    .name = "status",
    .operands = "",
    .summary = "How your node is doing",
    .about = "Tells who you are, how many contacts are online, what is unread and what\n"
             "waits.\n",
    .run = run,
};
