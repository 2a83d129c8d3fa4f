#include <stdlib.h>

#include "client/cmd_contact.h"
#include "client/feed.h"
#include "client/json.h"
#include "client/qr.h"
#include "client/table.h"

enum { LINK_MAX = 600, WAIT_MS = 30 * 1000, LOOK_MS = 2000 };

static void print_invite(vls_cli *cli, const vls_rpc_invite_ok *made) {
  char at[VLS_WHEN_TEXT], in[VLS_WHEN_TEXT];
  int64_t expires = made->expires > INT64_MAX ? INT64_MAX : (int64_t)made->expires;
  if (cli->mode == VLS_JSON) {
    vls_json_show(&cli->out, &vls_rpc_invite_ok_def, made);
    return;
  }
  if (cli->mode == VLS_TABBED) {
    vls_card_put(cli, "link", "%.*s", VLS_STR(made->link));
    vls_when_iso(at, expires);
    vls_card_put(cli, "expires", "%s", at);
    return;
  }
  /* The link alone on standard output, so that it can be piped. */
  vls_out_whole(&cli->out, made->link);
  vls_when_local(at, expires, vls_when_now());
  vls_when_relative(in, expires, vls_when_now());
  vls_cli_note(cli, "It works once, until %s (%s).", at, in);
  vls_cli_note(cli, "Give it to one person, by a way only they can read.");
  vls_cli_note(cli, "They type: valise accept LINK");
}

static vls_err invite(vls_cli *cli, const vls_args *args) {
  vls_rpc_invite ask = {0};
  vls_rpc_invite_ok made;
  uint64_t span = 0;
  vls_err err = vls_args_span(cli, args, "expires", &span);
  if (err == VLS_OK && vls_args_opt(args, "expires") != NULL) {
    ask.has_expires_s = true;
    ask.expires_s = span / 1000;
    if (ask.expires_s < 60 || ask.expires_s > 31536000)
      return vls_fail(cli, VLS_USAGE, NULL, "--expires takes one minute (1m) to one year (365d)");
  }
  const char *name = vls_args_opt(args, "as");
  ask.has_as = name != NULL;
  if (err == VLS_OK && name != NULL)
    err = vls_cli_word(cli, &vls_rpc_invite_def, "as", name, &ask.as);
  if (err == VLS_OK)
    err = vls_call_for(cli, "invite.create", &vls_rpc_invite_def, &ask, &vls_rpc_invite_ok_def,
                       &made);
  if (err != VLS_OK) return err;
  if (vls_args_flag(args, "qr") && cli->mode == VLS_HUMAN) {
    char *link = vls_calloc(made.link.n + 1, 1);
    memcpy(link, made.link.p, made.link.n);
    err = vls_qr_print(&cli->out, link, vls_link_folds(link));
    free(link);
    if (err != VLS_OK) return vls_fail(cli, err, NULL, "the link does not fit a QR code");
  }
  print_invite(cli, &made);
  return VLS_OK;
}

bool vls_link_folds(const char *link) {
  static const char both[] = "abcdefghijklmnopqrstuvwxyz0123456789:./-+*$%";
  return strspn(link, both) == strlen(link);
}

/* A link typed as an operand stays in the shell's history; "-" reads it from a pipe instead. */
static vls_err link_of(vls_cli *cli, const char *word, char *line, size_t size, vls_slice *ret) {
  if (strcmp(word, "-") == 0) {
    if (fgets(line, (int)size, stdin) == NULL)
      return vls_fail(cli, VLS_USAGE, "valise accept --help", "no link on standard input");
    line[strcspn(line, "\r\n")] = '\0';
    word = line;
  }
  return vls_cli_word(cli, &vls_rpc_accept_def, "link", word, ret);
}

/* Waits until the inviter has confirmed. The node's word for the state is the only one that counts.
 */
static vls_err wait_ready(vls_cli *cli, vls_feed *feed, uint64_t deadline,
                          vls_rpc_contact *contact) {
  char id[65];
  vls_rpc_who ask = {.who = {(const uint8_t *)id, contact->id.n}};
  vls_rpc_event event;
  memcpy(id, contact->id.p, contact->id.n);
  for (;;) {
    vls_err err =
        vls_call_for(cli, "contact.get", &vls_rpc_who_def, &ask, &vls_rpc_contact_def, contact);
    if (err != VLS_OK) return err;
    if (vls_slice_eq(contact->state, vls_slice_str("ready"))) return VLS_OK;
    if (vls_slice_eq(contact->state, vls_slice_str("failed")))
      return vls_fail(cli, VLS_STATE, NULL, "the invitation did not work: %.*s",
                      VLS_STR(contact->has_problem ? contact->problem : vls_slice_str("refused")));
    uint64_t look = vls_when_mono() + LOOK_MS;
    err = vls_feed_next(feed, look < deadline ? look : deadline, &event);
    if (err == VLS_AGAIN && look < deadline) continue;
    if (err == VLS_AGAIN)
      return vls_fail(cli, VLS_TIMEOUT, "valise contact list",
                      "their node has not answered yet; yours keeps trying");
    if (err != VLS_OK) return err;
  }
}

/* A name that can be typed in a shell as it stands. */
static bool is_one_word(vls_slice name) {
  for (size_t i = 0; i < name.n; i++)
    if (name.p[i] < 0x80 && strchr("0123456789_", name.p[i]) == NULL &&
        ((name.p[i] | 0x20) < 'a' || (name.p[i] | 0x20) > 'z'))
      return false;
  return name.n > 0 && vls_gate_is_clean(name);
}

static vls_err accept_link(vls_cli *cli, const vls_args *args) {
  char line[LINK_MAX + 2];
  vls_rpc_accept ask = {0};
  vls_rpc_contact contact;
  uint64_t timeout = WAIT_MS;
  bool wait = vls_args_flag(args, "wait");
  vls_feed feed = {.cli = cli, .live = true};
  const char *name = vls_args_opt(args, "as");
  ask.has_as = name != NULL;
  vls_err err = vls_args_span(cli, args, "timeout", &timeout);
  if (err == VLS_OK) err = link_of(cli, args->word[0], line, sizeof line, &ask.link);
  if (err == VLS_OK && name != NULL)
    err = vls_cli_word(cli, &vls_rpc_accept_def, "as", name, &ask.as);
  if (err == VLS_OK && wait) err = vls_feed_open(&feed);
  if (err == VLS_OK)
    err = vls_call_for(cli, "invite.accept", &vls_rpc_accept_def, &ask, &vls_rpc_contact_def,
                       &contact);
  if (err == VLS_OK && wait) err = wait_ready(cli, &feed, vls_when_mono() + timeout, &contact);
  if (err == VLS_MALFORMED) return VLS_USAGE; /* what was typed is no link, or not quite */
  if (err != VLS_OK) return err;
  bool ready = vls_slice_eq(contact.state, vls_slice_str("ready"));
  vls_contact_changed(cli, &contact,
                      ready ? "%.*s is your contact."
                            : "%.*s will be your contact as soon as their node answers.");
  if (cli->mode == VLS_HUMAN && contact.has_problem)
    vls_cli_note(cli, "%.*s", VLS_STR(contact.problem));
  if (cli->mode == VLS_HUMAN) {
    vls_slice to = is_one_word(contact.name) ? contact.name : vls_slice_str("NAME");
    vls_cli_note(cli, "Next: valise send %.*s -m \"Hello\", and valise contact verify %.*s",
                 VLS_STR(to), VLS_STR(to));
  }
  return VLS_OK;
}

static const vls_opt invite_opts[] = {
    {"qr", 0, VLS_KIND_FLAG, NULL, "also as a QR code", NULL},
    {"expires", 0, VLS_KIND_SPAN, "SPAN", "for how long it is good; 7d when not given", NULL},
    {"as", 0, VLS_KIND_TEXT, "NAME", "what you will call whoever takes it", NULL},
    VLS_OPTS_END,
};
static const vls_opt accept_opts[] = {
    {"as", 0, VLS_KIND_TEXT, "NAME", "what you will call them; else what they say", NULL},
    {"wait", 0, VLS_KIND_FLAG, NULL, "wait until their node has answered", NULL},
    {"timeout", 0, VLS_KIND_SPAN, "SPAN", "for how long; 30s when not given", NULL},
    VLS_OPTS_END,
};

const vls_cmd vls_cmd_invite = {
    .name = "invite",
    .operands = "",
    .summary = "Make a link that lets one person become a contact",
    .about = "The link holds a secret that works once. Whoever uses it first becomes your\n"
             "contact, so give it to one person by a way only they can read.\n"
             "\n"
             "  valise invite --as Bao --qr\n"
             "  valise invite --expires 1h | wl-copy\n",
    .opts = invite_opts,
    .run = invite,
};

const vls_cmd vls_cmd_accept = {
    .name = "accept",
    .operands = "LINK",
    .summary = "Take an invitation",
    .about = "LINK begins with valise: and comes from somebody you want to talk with. With -\n"
             "it is read from standard input, which keeps it out of the shell's history.\n"
             "\n"
             "  valise accept valise:... --as Ana\n",
    .opts = accept_opts,
    .run = accept_link,
    .min = 1,
    .max = 1,
};
