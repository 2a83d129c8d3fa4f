#include <inttypes.h>
#include <stdlib.h>

#include "client/cmd_contact.h"
#include "client/list.h"
#include "client/qr.h"

enum { NUMBER_DIGITS = 60, GROUP = 5 };

static char *text_of(vls_slice s) {
  char *text = vls_calloc(s.n + 1, 1);
  if (s.n > 0) memcpy(text, s.p, s.n);
  return text;
}

static vls_err print_qr(vls_cli *cli, vls_slice text, bool fold) {
  char *s = text_of(text);
  vls_err err = vls_qr_print(&cli->out, s, fold);
  free(s);
  return err == VLS_OK ? VLS_OK : vls_fail(cli, err, NULL, "no QR code is large enough for this");
}

static vls_err show(vls_cli *cli, const vls_args *args) {
  vls_rpc_identity id;
  vls_err err = vls_call_for(cli, "id.show", NULL, NULL, &vls_rpc_identity_def, &id);
  if (err != VLS_OK) return err;
  if (vls_show_for_script(cli, &vls_rpc_identity_def, &id)) return VLS_OK;
  if (vls_args_flag(args, "qr")) err = print_qr(cli, id.id, false);
  vls_card_put(cli, "Id", "%.*s", VLS_STR(id.id));
  vls_card_put(cli, "Name", "%.*s", VLS_STR(id.name));
  vls_card_put(cli, "Card", "%" PRIu64, id.card_seq);
  vls_card_put(cli, "Devices", "%" PRIu64, id.devices);
  for (size_t i = 0; i < id.n_addresses; i++)
    vls_card_put(cli, "Reachable at", "%.*s", VLS_STR(id.addresses[i]));
  return err;
}

/* Twelve groups of five digits, three lines of four: what one reads out on the telephone. */
static void print_number(vls_cli *cli, const vls_rpc_safety *s) {
  enum { PER_LINE = 4 };
  const char *digits = (const char *)s->number.p;
  for (size_t g = 0; g * GROUP < s->number.n; g++) {
    vls_out_put(&cli->out, g % PER_LINE == 0 ? "  %.*s" : " %.*s", GROUP, digits + g * GROUP);
    if (g % PER_LINE == PER_LINE - 1) vls_out_end(&cli->out);
  }
}

static void print_safety(vls_cli *cli, const vls_rpc_safety *s) {
  if (vls_show_for_script(cli, &vls_rpc_safety_def, s)) return;
  vls_out_line(&cli->out, "Safety number of you and %.*s%s:", VLS_STR(s->name),
               s->verified ? " (verified)" : "");
  print_number(cli, s);
}

/* Tells the node, and the person. */
static vls_err decide(vls_cli *cli, const vls_rpc_verify *ask) {
  vls_rpc_contact contact;
  vls_err err =
      vls_call_for(cli, "contact.verify", &vls_rpc_verify_def, ask, &vls_rpc_contact_def, &contact);
  if (err == VLS_IDENTITY_CHANGED && cli->problem.hint == NULL)
    return vls_fail(cli, err, "valise help privacy", "%s", vls_problem_text(&cli->problem));
  if (err == VLS_OK)
    vls_contact_changed(cli, &contact,
                        contact.verified ? "%.*s is verified." : "%.*s is not verified any more.");
  return err;
}

static vls_err ask_person(vls_cli *cli, vls_rpc_verify *ask) {
  vls_cli_note(cli, "Compare it with theirs: in person, or by a voice you know.");
  if (!vls_cli_may_ask(cli)) return VLS_OK;
  if (!vls_cli_confirm(cli, "Is it the same on both sides? [y/N]", false)) {
    vls_cli_note(cli, "Not verified. If it differs, somebody may be in between.");
    return VLS_OK;
  }
  ask->has_verified = ask->verified = true;
  return decide(cli, ask);
}

/* The number may be given as one word, or in its groups. */
static vls_err join_number(vls_cli *cli, const vls_args *args, char *ret_text, size_t size) {
  size_t n = 0;
  for (size_t i = 1; i < args->n; i++) {
    for (const char *c = args->word[i]; *c != '\0'; c++) {
      if (*c == ' ') continue;
      if (*c < '0' || *c > '9' || n + 1 >= size || n >= NUMBER_DIGITS)
        return vls_fail(cli, VLS_USAGE, "valise contact verify --help",
                        "a safety number has 60 digits and nothing else");
      ret_text[n++] = *c;
    }
  }
  ret_text[n] = '\0';
  if (n == NUMBER_DIGITS) return VLS_OK;
  return vls_fail(cli, VLS_USAGE, "valise contact verify --help",
                  "a safety number has 60 digits; these are %zu", n);
}

static vls_err verify(vls_cli *cli, const vls_args *args) {
  vls_rpc_who who;
  vls_rpc_safety safety;
  char number[NUMBER_DIGITS + 1];
  vls_err err = vls_cli_word(cli, &vls_rpc_who_def, "who", args->word[0], &who.who);
  if (err != VLS_OK) return err;
  vls_rpc_verify ask = {.who = who.who};
  if (vls_args_flag(args, "undo")) {
    ask.has_verified = true;
    return decide(cli, &ask);
  }
  if (args->n > 1) {
    err = join_number(cli, args, number, sizeof number);
    if (err != VLS_OK) return err;
    ask.has_number = true;
    ask.number = vls_slice_str(number);
    return decide(cli, &ask);
  }
  err = vls_call_for(cli, "id.safety", &vls_rpc_who_def, &who, &vls_rpc_safety_def, &safety);
  if (err != VLS_OK) return err;
  print_safety(cli, &safety);
  if (vls_args_flag(args, "qr") && cli->mode == VLS_HUMAN)
    err = print_qr(cli, safety.number, false);
  if (err != VLS_OK || cli->mode != VLS_HUMAN || safety.verified) return err;
  return ask_person(cli, &ask);
}

static const vls_opt show_opts[] = {
    {"qr", 0, VLS_KIND_FLAG, NULL, "also as a QR code", NULL},
    VLS_OPTS_END,
};
static const vls_opt verify_opts[] = {
    {"qr", 0, VLS_KIND_FLAG, NULL, "also as a QR code", NULL},
    {"undo", 0, VLS_KIND_FLAG, NULL, "take a verification back", NULL},
    VLS_OPTS_END,
};

static const vls_cmd cmd_show = {
    .name = "show",
    .operands = "",
    .summary = "Your id, your name, your addresses",
    .about = "The id is your public key. It is no secret, and no invitation either.\n",
    .opts = show_opts,
    .run = show,
};

const vls_cmd vls_cmd_verify = {
    .name = "verify",
    .operands = "WHO [NUMBER]",
    .summary = "Compare the safety number with a contact",
    .about = "Without NUMBER it shows the number, and in a terminal asks whether theirs is\n"
             "the same. With NUMBER, as they read it out to you, it is compared here: exit\n"
             "code 5 when it differs. Use a way nobody can forge: in person, or a voice you\n"
             "know.\n",
    .opts = verify_opts,
    .run = verify,
    .operand = VLS_KIND_CONTACT,
    .min = 1,
    .max = 13,
};

static const vls_cmd *const subs[] = {&cmd_show, &vls_cmd_verify, NULL};

const vls_cmd vls_cmd_id = {
    .name = "id",
    .operands = "",
    .summary = "Who you are, and whether they are who they say",
    .about = "",
    .subs = subs,
};
