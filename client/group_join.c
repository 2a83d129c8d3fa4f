/* How one comes to a group, and leaves it. */
#include <inttypes.h>
#include <stdlib.h>

#include "client/cmd_contact.h"
#include "client/feed.h"
#include "client/group.h"
#include "client/json.h"
#include "client/qr.h"
#include "client/when.h"

enum { WAIT_MS = 30 * 1000, LOOK_MS = 2000 };

static bool is(vls_slice a, const char *b) {
  return vls_slice_eq(a, vls_slice_str(b));
}

/* A level that the options' table has checked. */
static void level_of(const vls_args *args, const char *name, bool *ret_has, vls_slice *ret) {
  const char *level = vls_args_opt(args, name);
  *ret_has = level != NULL;
  if (level != NULL) *ret = vls_slice_str(level);
}

static vls_err create(vls_cli *cli, const vls_args *args) {
  vls_rpc_group_create ask = {.has_history = true, .history = vls_args_flag(args, "history")};
  vls_rpc_group group;
  uint64_t lifetime = 0, slow = 0;
  vls_err err = vls_cli_word(cli, &vls_rpc_group_create_def, "name", args->word[0], &ask.name);
  level_of(args, "post", &ask.has_post, &ask.post);
  level_of(args, "admit", &ask.has_admit, &ask.admit);
  if (err == VLS_OK) err = vls_args_span(cli, args, "lifetime", &lifetime);
  if (err == VLS_OK) err = vls_args_span(cli, args, "slow", &slow);
  if (err == VLS_OK && slow > UINT64_C(86400) * 1000)
    err = vls_fail(cli, VLS_USAGE, NULL, "--slow takes at most a day (24h)");
  if (err == VLS_OK && ((lifetime > 0 && lifetime < 1000) || (slow > 0 && slow < 1000)))
    err = vls_fail(cli, VLS_USAGE, NULL, "--lifetime and --slow take whole seconds");
  if (err != VLS_OK) return err;
  ask.has_lifetime_s = ask.has_slow_s = true;
  ask.lifetime_s = lifetime / 1000;
  ask.slow_s = slow / 1000;
  err = vls_call_for(cli, "group.create", &vls_rpc_group_create_def, &ask, &vls_rpc_group_def,
                     &group);
  if (err != VLS_OK) return err;
  vls_group_changed(cli, &group, "You have begun %.*s.");
  if (cli->mode == VLS_HUMAN)
    vls_cli_note(cli, "Next: valise group invite \"%.*s\" CONTACT", VLS_STR(group.title));
  return VLS_OK;
}

static void print_link(vls_cli *cli, const vls_rpc_group_invited *made, bool approve) {
  char at[VLS_WHEN_TEXT], in[VLS_WHEN_TEXT];
  int64_t expires = made->expires > INT64_MAX ? INT64_MAX : (int64_t)made->expires;
  vls_out_whole(&cli->out, made->link);
  vls_when_local(at, expires, vls_when_now());
  vls_when_relative(in, expires, vls_when_now());
  if (made->uses == 1)
    vls_cli_note(cli, "It lets one person in, until %s (%s).", at, in);
  else
    vls_cli_note(cli, "It lets %" PRIu64 " people in, until %s (%s).", made->uses, at, in);
  if (approve)
    vls_cli_note(cli, "A moderator has to let each of them in: valise group asking shows them.");
  vls_cli_note(cli, "Whoever has it can use it. They type: valise group join LINK");
}

static vls_err print_invited(vls_cli *cli, const vls_args *args,
                             const vls_rpc_group_invited *made) {
  vls_err err = VLS_OK;
  if (vls_show_for_script(cli, &vls_rpc_group_invited_def, made)) return VLS_OK;
  if (!made->has_link) {
    if (!cli->quiet && made->has_name)
      vls_out_line(&cli->out,
                   "%.*s is invited, finds it in valise group list, and types: valise group join "
                   "NAME",
                   VLS_STR(made->name));
    return VLS_OK;
  }
  if (vls_args_flag(args, "qr")) {
    char *link = vls_calloc(made->link.n + 1, 1);
    memcpy(link, made->link.p, made->link.n);
    err = vls_qr_print(&cli->out, link, vls_link_folds(link));
    free(link);
    if (err != VLS_OK) return vls_fail(cli, err, NULL, "the link does not fit a QR code");
  }
  print_link(cli, made, vls_args_flag(args, "approve"));
  return err;
}

static vls_err invite(vls_cli *cli, const vls_args *args) {
  const vls_wire_def *def = &vls_rpc_group_invite_def;
  vls_rpc_group_invite ask = {.has_approve = true, .approve = vls_args_flag(args, "approve")};
  vls_rpc_group_invited made;
  uint64_t span = 0;
  vls_err err = vls_cli_word(cli, def, "group", args->word[0], &ask.group);
  if (err == VLS_OK && args->n > 1) {
    ask.has_who = true;
    err = vls_cli_word(cli, def, "who", args->word[1], &ask.who);
    if (err == VLS_OK && (vls_args_opt(args, "uses") != NULL || vls_args_flag(args, "qr")))
      err = vls_fail(cli, VLS_USAGE, "valise group invite --help",
                     "--uses and --qr are for a link; a contact is invited without one");
  }
  if (err == VLS_OK) err = vls_args_number(cli, args, "uses", 1, 1000, &ask.uses);
  ask.has_uses = vls_args_opt(args, "uses") != NULL;
  if (err == VLS_OK) err = vls_args_span(cli, args, "expires", &span);
  if (err == VLS_OK && vls_args_opt(args, "expires") != NULL) {
    ask.has_expires_s = true;
    ask.expires_s = span / 1000;
    if (ask.expires_s < 60 || ask.expires_s > 31536000)
      return vls_fail(cli, VLS_USAGE, NULL, "--expires takes one minute (1m) to one year (365d)");
  }
  if (err == VLS_OK) err = vls_group_reason(cli, args, def, &ask.has_reason, &ask.reason);
  if (err == VLS_OK)
    err = vls_call_for(cli, "group.invite", def, &ask, &vls_rpc_group_invited_def, &made);
  return err == VLS_OK ? print_invited(cli, args, &made) : err;
}

/* GROUP, LINK, or "-" for a link on standard input, which keeps it out of the shell's history. */
static vls_err what_to_join(vls_cli *cli, const char *word, char *line, size_t size,
                            vls_rpc_group_join *ask) {
  const vls_wire_def *def = &vls_rpc_group_join_def;
  if (strcmp(word, "-") == 0) {
    if (fgets(line, (int)size, stdin) == NULL)
      return vls_fail(cli, VLS_USAGE, "valise group join --help", "no link on standard input");
    line[strcspn(line, "\r\n")] = '\0';
    word = line;
  }
  ask->has_link = strncmp(word, "valise:", 7) == 0 || word == line;
  ask->has_group = !ask->has_link;
  if (ask->has_link) return vls_cli_word(cli, def, "link", word, &ask->link);
  return vls_cli_word(cli, def, "group", word, &ask->group);
}

/* Until it is ready, or somebody has to let me in. */
static vls_err wait_ready(vls_cli *cli, vls_feed *feed, uint64_t deadline, vls_rpc_group *group) {
  char id[66] = "@";
  vls_rpc_which_group ask = {.group = {(const uint8_t *)id, group->id.n + 1}};
  vls_rpc_event event;
  memcpy(id + 1, group->id.p, group->id.n);
  for (;;) {
    vls_err err =
        vls_call_for(cli, "group.get", &vls_rpc_which_group_def, &ask, &vls_rpc_group_def, group);
    if (err != VLS_OK || is(group->state, "ready")) return err;
    if (is(group->state, "left") || is(group->state, "removed"))
      return vls_fail(cli, VLS_STATE, NULL, "you were not let in%s%.*s",
                      group->has_problem ? ": " : "",
                      VLS_STR(group->has_problem ? group->problem : (vls_slice){0}));
    uint64_t now = vls_when_mono(), look = now + LOOK_MS < deadline ? now + LOOK_MS : deadline;
    if (now >= deadline)
      return vls_fail(cli, VLS_TIMEOUT, "valise group list",
                      is(group->state, "asking")
                          ? "nobody has let you in yet; your node goes on asking"
                          : "what the members say of the group is not all here yet");
    err = vls_feed_next(feed, look, &event);
    if (err != VLS_OK && err != VLS_AGAIN) return err;
  }
}

static vls_err join(vls_cli *cli, const vls_args *args) {
  char line[VLS_GROUP_LINK_MAX + 2];
  vls_rpc_group_join ask = {0};
  vls_rpc_group group;
  uint64_t timeout = WAIT_MS;
  bool wait = vls_args_flag(args, "wait");
  vls_feed feed = {.cli = cli, .live = true};
  const char *name = vls_args_opt(args, "as");
  ask.has_as = name != NULL;
  vls_err err = vls_args_span(cli, args, "timeout", &timeout);
  if (err == VLS_OK) err = what_to_join(cli, args->word[0], line, sizeof line, &ask);
  if (err == VLS_OK && name != NULL)
    err = vls_cli_word(cli, &vls_rpc_group_join_def, "as", name, &ask.as);
  if (err == VLS_OK && wait) err = vls_feed_open(&feed);
  if (err == VLS_OK)
    err =
        vls_call_for(cli, "group.join", &vls_rpc_group_join_def, &ask, &vls_rpc_group_def, &group);
  if (err == VLS_OK && wait) err = wait_ready(cli, &feed, vls_when_mono() + timeout, &group);
  if (err == VLS_MALFORMED) return VLS_USAGE; /* what was typed is no link, or not quite */
  if (err != VLS_OK) return err;
  vls_group_changed(cli, &group,
                    is(group.state, "ready") ? "You are in %.*s."
                    : is(group.state, "joining")
                        ? "You are in %.*s as soon as a member's node has told yours of it."
                        : "You are in %.*s as soon as a member's node, or a moderator, lets you "
                          "in.");
  if (cli->mode == VLS_HUMAN && group.has_problem)
    vls_cli_note(cli, "%.*s", VLS_STR(group.problem));
  return VLS_OK;
}

static const vls_column asking_columns[] = {
    {"GROUP", VLS_COL_LEFT}, {"NAME", VLS_COL_LEFT},       {"CALLS ITSELF", VLS_COL_LEFT},
    {"SINCE", VLS_COL_LEFT}, {"INVITED BY", VLS_COL_LEFT}, {"ID", VLS_COL_SPARE},
};

static void put_asking(vls_table *table, const void *msg) {
  const vls_rpc_asking *a = msg;
  vls_table_name(table, a->group_name);
  vls_table_name(table, a->name);
  vls_table_name(table, a->claim);
  vls_table_time(table, a->at);
  vls_table_name(table, a->has_inviter ? a->inviter : (vls_slice){0});
  vls_table_id(table, a->id);
}

static vls_err asking(vls_cli *cli, const vls_args *args) {
  vls_rpc_opt_group ask = {.has_group = args->n > 0};
  vls_rpc_asking row;
  vls_slice result;
  vls_err err = VLS_OK;
  if (args->n > 0)
    err = vls_cli_word(cli, &vls_rpc_opt_group_def, "group", args->word[0], &ask.group);
  if (err == VLS_OK) err = vls_call(cli, "group.asking", &vls_rpc_opt_group_def, &ask, &result);
  if (err != VLS_OK) return err;
  const vls_list list = {.def = &vls_rpc_asking_def,
                         .item = &row,
                         .columns = asking_columns,
                         .n_columns = sizeof asking_columns / sizeof asking_columns[0],
                         .put_row = put_asking,
                         .empty = "Nobody asks to be let in."};
  return vls_list_print(cli, &list, result);
}

static vls_err admit(vls_cli *cli, const vls_args *args) {
  const vls_wire_def *def = &vls_rpc_group_admit_def;
  vls_rpc_group_admit ask = {.has_refuse = true, .refuse = vls_args_flag(args, "refuse")};
  vls_rpc_member member;
  vls_err err = vls_cli_word(cli, def, "group", args->word[0], &ask.group);
  if (err == VLS_OK) err = vls_cli_word(cli, def, "who", args->word[1], &ask.who);
  if (err == VLS_OK) err = vls_group_reason(cli, args, def, &ask.has_reason, &ask.reason);
  if (err == VLS_OK)
    err = vls_call_for(cli, "group.admit", def, &ask, &vls_rpc_member_def, &member);
  if (err == VLS_OK)
    vls_member_changed(cli, &member,
                       ask.refuse ? "%.*s is not let in to %s%s." : "%.*s is let in to %s%s.",
                       args->word[0]);
  return err;
}

/* What leaving means, before it is done. `sentence` has the group's name. */
static vls_err confirm(vls_cli *cli, const vls_args *args, const char *verb, const char *sentence,
                       const char *question) {
  vls_rpc_group group;
  if (vls_args_flag(args, "yes")) return VLS_OK;
  if (!vls_cli_may_ask(cli)) {
    char hint[64];
    (void)snprintf(hint, sizeof hint, "valise group %s --yes GROUP", verb);
    return vls_fail(cli, VLS_USAGE, hint, "this cannot be taken back, so say --yes");
  }
  vls_err err = vls_group_get(cli, args->word[0], &group);
  if (err != VLS_OK) return err;
  vls_out_line(&cli->err, sentence, VLS_STR(group.name));
  if (vls_cli_confirm(cli, question, false)) return VLS_OK;
  return vls_fail(cli, VLS_STATE, NULL, "nothing was done");
}

static vls_err leave(vls_cli *cli, const vls_args *args) {
  vls_rpc_group_leave ask = {0};
  vls_rpc_group group;
  vls_err err = vls_cli_word(cli, &vls_rpc_group_leave_def, "group", args->word[0], &ask.group);
  if (err == VLS_OK)
    err = vls_group_reason(cli, args, &vls_rpc_group_leave_def, &ask.has_reason, &ask.reason);
  if (err == VLS_OK)
    err = confirm(cli, args, "leave",
                  "You leave %.*s; to come back, somebody has to let you in again.",
                  "Leave it? [y/N]");
  if (err == VLS_OK)
    err = vls_call_for(cli, "group.leave", &vls_rpc_group_leave_def, &ask, &vls_rpc_group_def,
                       &group);
  if (err != VLS_OK) return err;
  vls_group_changed(cli, &group, "You are not in %.*s any more. What was said stays readable.");
  if (cli->mode == VLS_HUMAN) vls_cli_note(cli, "To delete it here: valise group forget GROUP");
  return VLS_OK;
}

static vls_err forget(vls_cli *cli, const vls_args *args) {
  vls_rpc_which_group ask;
  vls_rpc_count count;
  vls_err err = vls_cli_word(cli, &vls_rpc_which_group_def, "group", args->word[0], &ask.group);
  if (err == VLS_OK)
    err = confirm(cli, args, "forget", "This deletes %.*s and every text of it from this node.",
                  "Forget it? [y/N]");
  if (err == VLS_OK)
    err = vls_call_for(cli, "group.forget", &vls_rpc_which_group_def, &ask, &vls_rpc_count_def,
                       &count);
  if (err != VLS_OK || vls_show_for_script(cli, &vls_rpc_count_def, &count)) return err;
  vls_cli_note(cli, "Forgotten: %" PRIu64 " texts.", count.count);
  return VLS_OK;
}

static const vls_opt create_opts[] = {
    {"post", 0, VLS_KIND_CHOICE, "LEVEL", "who may write; moderator makes it announcements",
     VLS_GROUP_LEVELS},
    {"admit", 0, VLS_KIND_CHOICE, "LEVEL", "who may invite; moderator when not given",
     VLS_GROUP_LEVELS},
    {"history", 0, VLS_KIND_FLAG, NULL, "newcomers are given what was said before", NULL},
    {"lifetime", 0, VLS_KIND_SPAN, "SPAN", "texts are forgotten after this; else never", NULL},
    {"slow", 0, VLS_KIND_SPAN, "SPAN", "between two texts of one member", NULL},
    VLS_OPTS_END,
};
static const vls_opt invite_opts[] = {
    {"uses", 0, VLS_KIND_TEXT, "N", "people that the link lets in; 1 when not given", NULL},
    {"expires", 0, VLS_KIND_SPAN, "SPAN", "for how long it is good; 7d when not given", NULL},
    {"approve", 0, VLS_KIND_FLAG, NULL, "a moderator has to let each of them in", NULL},
    {"reason", 0, VLS_KIND_TEXT, "TEXT", "for the log of the group", NULL},
    {"qr", 0, VLS_KIND_FLAG, NULL, "the link also as a QR code", NULL},
    VLS_OPTS_END,
};
static const vls_opt join_opts[] = {
    {"as", 0, VLS_KIND_TEXT, "NAME", "what you will call it; else its own name", NULL},
    {"wait", 0, VLS_KIND_FLAG, NULL, "wait until you are in", NULL},
    {"timeout", 0, VLS_KIND_SPAN, "SPAN", "for how long; 30s when not given", NULL},
    VLS_OPTS_END,
};
static const vls_opt admit_opts[] = {
    {"refuse", 0, VLS_KIND_FLAG, NULL, "do not let them in", NULL},
    {"reason", 0, VLS_KIND_TEXT, "TEXT", "for the log; refused: for them", NULL},
    VLS_OPTS_END,
};
static const vls_opt leave_opts[] = {
    {"reason", 0, VLS_KIND_TEXT, "TEXT", "for the log of the group", NULL},
    {"yes", 'y', VLS_KIND_FLAG, NULL, "do not ask", NULL},
    VLS_OPTS_END,
};
static const vls_opt forget_opts[] = {
    {"yes", 'y', VLS_KIND_FLAG, NULL, "do not ask", NULL},
    VLS_OPTS_END,
};
static const vls_kind group_contact[] = {VLS_KIND_GROUP, VLS_KIND_CONTACT};
static const vls_kind group_asking[] = {VLS_KIND_GROUP, VLS_KIND_ASKING};

const vls_cmd vls_group_create = {
    .name = "create",
    .operands = "NAME",
    .summary = "Begin a group, as its founder",
    .about = "Everybody in it sees this name; each member may call it otherwise for\n"
             "themselves. Levels, from the lowest: member, moderator, admin, owner; the\n"
             "founder is above them, for good. The rules can be changed later: valise group\n"
             "policy.\n"
             "\n"
             "  valise group create \"Twin schools\"\n"
             "  valise group create News --post moderator --history\n",
    .opts = create_opts,
    .run = create,
    .min = 1,
    .max = 1,
};
const vls_cmd vls_group_invite = {
    .name = "invite",
    .operands = "GROUP [WHO]",
    .summary = "Invite a contact, or make a link for others",
    .about = "With WHO, a contact finds the group among theirs and joins it when they like.\n"
             "Without, a link is made: whoever has it can join, as many people as --uses\n"
             "says, until it expires.\n"
             "\n"
             "  valise group invite @school Bao\n"
             "  valise group invite @school --uses 30 --expires 2d --approve\n",
    .opts = invite_opts,
    .run = invite,
    .each = group_contact,
    .n_each = 2,
    .min = 1,
    .max = 2,
};
const vls_cmd vls_group_join = {
    .name = "join",
    .operands = "GROUP | LINK",
    .summary = "Take an invitation to a group",
    .about = "GROUP is one that a contact invited you to: see valise group list. LINK begins\n"
             "with valise: and with - it is read from standard input, which keeps it out of\n"
             "the shell's history.\n"
             "\n"
             "  valise group join @school --wait\n",
    .opts = join_opts,
    .run = join,
    .operand = VLS_KIND_GROUP,
    .min = 1,
    .max = 1,
};
const vls_cmd vls_group_asking = {
    .name = "asking",
    .operands = "[GROUP]",
    .summary = "People who ask to be let in",
    .about = "With --plain the columns are: group, name, claim, since, inviter, id.\n",
    .run = asking,
    .operand = VLS_KIND_GROUP,
    .max = 1,
};
const vls_cmd vls_group_admit = {
    .name = "admit",
    .operands = "GROUP WHO",
    .summary = "Let somebody in who asks, or refuse",
    .about = "From moderator on. WHO is one of those that valise group asking shows.\n",
    .opts = admit_opts,
    .run = admit,
    .each = group_asking,
    .n_each = 2,
    .min = 2,
    .max = 2,
};
const vls_cmd vls_group_leave = {
    .name = "leave",
    .operands = "GROUP",
    .summary = "Leave a group, or decline an invitation",
    .about = "The others see that you have left. What was said stays readable here, until\n"
             "valise group forget. A founder cannot leave. Asks first in a terminal;\n"
             "elsewhere it needs --yes.\n",
    .opts = leave_opts,
    .run = leave,
    .operand = VLS_KIND_GROUP,
    .min = 1,
    .max = 1,
};
const vls_cmd vls_group_forget = {
    .name = "forget",
    .operands = "GROUP",
    .summary = "Delete a group that you are not in",
    .about = "Deletes it, and every text of it, from this node. Asks first in a terminal;\n"
             "elsewhere it needs --yes.\n",
    .opts = forget_opts,
    .run = forget,
    .operand = VLS_KIND_GROUP,
    .min = 1,
    .max = 1,
};
