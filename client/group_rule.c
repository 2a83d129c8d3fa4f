/* How a group is kept in order: levels, rules, its log. */
#include <inttypes.h>

#include "client/group.h"
#include "client/json.h"
#include "client/pager.h"
#include "client/when.h"

enum { LOG_PAGE = 200, LOG_MOST = 65536, LOG_PAGES = 512 };

static vls_err role(vls_cli *cli, const vls_args *args) {
  const vls_wire_def *def = &vls_rpc_group_role_def;
  vls_rpc_group_role ask = {0};
  vls_rpc_member member;
  vls_err err = vls_cli_word(cli, def, "group", args->word[0], &ask.group);
  if (err == VLS_OK) err = vls_cli_word(cli, def, "who", args->word[1], &ask.who);
  if (err == VLS_OK) err = vls_cli_word(cli, def, "level", args->word[2], &ask.level);
  if (err == VLS_OK) err = vls_group_reason(cli, args, def, &ask.has_reason, &ask.reason);
  if (err == VLS_OK) err = vls_call_for(cli, "group.role", def, &ask, &vls_rpc_member_def, &member);
  if (err != VLS_OK) return err;
  char sentence[64];
  (void)snprintf(sentence, sizeof sentence, "%%.*s is %s now in %%s%%s.",
                 vls_slice_eq(member.level, vls_slice_str("admin"))       ? "an admin"
                 : vls_slice_eq(member.level, vls_slice_str("owner"))     ? "an owner"
                 : vls_slice_eq(member.level, vls_slice_str("moderator")) ? "a moderator"
                                                                          : "a member");
  vls_member_changed(cli, &member, sentence, args->word[0]);
  return VLS_OK;
}

static vls_err remove_member(vls_cli *cli, const vls_args *args) {
  const vls_wire_def *def = &vls_rpc_group_remove_def;
  vls_rpc_group_remove ask = {0};
  vls_rpc_member member;
  vls_err err = vls_cli_word(cli, def, "group", args->word[0], &ask.group);
  if (err == VLS_OK) err = vls_cli_word(cli, def, "who", args->word[1], &ask.who);
  if (err == VLS_OK) err = vls_group_reason(cli, args, def, &ask.has_reason, &ask.reason);
  if (err == VLS_OK)
    err = vls_call_for(cli, "group.remove", def, &ask, &vls_rpc_member_def, &member);
  if (err != VLS_OK) return err;
  vls_member_changed(cli, &member, "%.*s is removed from %s%s.", args->word[0]);
  if (cli->mode == VLS_HUMAN)
    vls_cli_note(cli, "%.*s can still read what was sent before, and nothing from now on.",
                 VLS_STR(member.name));
  return VLS_OK;
}

static const vls_column rule_columns[] = {
    {"POST", 0}, {"ADMIT", 0}, {"HISTORY", 0}, {"LIFETIME", 0}, {"SLOW", 0}, {"TITLE", 0},
};

static void print_policy(vls_cli *cli, const vls_rpc_group *g) {
  if (cli->mode != VLS_TABBED) {
    vls_group_print(cli, g);
    return;
  }
  vls_table *table = vls_table_new(cli, rule_columns, sizeof rule_columns / sizeof rule_columns[0]);
  vls_table_text(table, g->post);
  vls_table_text(table, g->admit);
  vls_table_put(table, g->history ? "yes" : "no");
  vls_table_number(table, g->lifetime_s);
  vls_table_number(table, g->slow_s);
  vls_table_text(table, g->title);
  vls_table_end(table, NULL);
}

/* A span, or `none` for nothing of the kind. */
static vls_err span_or(vls_cli *cli, const vls_args *args, const char *name, const char *none,
                       bool *ret_has, uint64_t *ret_s) {
  const char *value = vls_args_opt(args, name);
  uint64_t ms = 0;
  *ret_has = value != NULL;
  if (value == NULL) return VLS_OK;
  if (strcmp(value, none) != 0 && vls_when_span(value, &ms) != VLS_OK)
    return vls_fail(cli, VLS_USAGE, NULL, "--%s takes a span such as 30s, 5m, 2h or 7d, or %s",
                    name, none);
  if (ms > 0 && ms < 1000)
    return vls_fail(cli, VLS_USAGE, NULL, "--%s takes whole seconds, or %s", name, none);
  *ret_s = ms / 1000;
  return VLS_OK;
}

static vls_err policy_of(vls_cli *cli, const vls_args *args, vls_rpc_group_policy *ask) {
  const vls_wire_def *def = &vls_rpc_group_policy_def;
  const char *name = vls_args_opt(args, "name"), *post = vls_args_opt(args, "post");
  const char *admit = vls_args_opt(args, "admit"), *history = vls_args_opt(args, "history");
  vls_err err = vls_cli_word(cli, def, "group", args->word[0], &ask->group);
  ask->has_name = name != NULL;
  ask->has_post = post != NULL;
  ask->has_admit = admit != NULL;
  ask->has_history = history != NULL;
  if (post != NULL) ask->post = vls_slice_str(post);
  if (admit != NULL) ask->admit = vls_slice_str(admit);
  if (history != NULL) ask->history = strcmp(history, "yes") == 0;
  if (err == VLS_OK && name != NULL) err = vls_cli_word(cli, def, "name", name, &ask->name);
  if (err == VLS_OK)
    err = span_or(cli, args, "lifetime", "never", &ask->has_lifetime_s, &ask->lifetime_s);
  if (err == VLS_OK) err = span_or(cli, args, "slow", "off", &ask->has_slow_s, &ask->slow_s);
  if (err == VLS_OK && ask->slow_s > 86400)
    err = vls_fail(cli, VLS_USAGE, NULL, "--slow takes at most a day (24h)");
  return err == VLS_OK ? vls_group_reason(cli, args, def, &ask->has_reason, &ask->reason) : err;
}

static vls_err policy(vls_cli *cli, const vls_args *args) {
  vls_rpc_group_policy ask = {0};
  vls_rpc_group group;
  vls_err err = policy_of(cli, args, &ask);
  if (err != VLS_OK) return err;
  bool changes = ask.has_name || ask.has_post || ask.has_admit || ask.has_history ||
                 ask.has_lifetime_s || ask.has_slow_s;
  if (!changes && ask.has_reason)
    return vls_fail(cli, VLS_USAGE, "valise group policy --help", "a reason, but for no change");
  if (changes)
    err = vls_call_for(cli, "group.policy", &vls_rpc_group_policy_def, &ask, &vls_rpc_group_def,
                       &group);
  else
    err = vls_group_get(cli, args->word[0], &group);
  if (err == VLS_OK) print_policy(cli, &group);
  return err;
}

static vls_err rename_group(vls_cli *cli, const vls_args *args) {
  vls_rpc_group_rename ask;
  vls_rpc_group group;
  const vls_wire_def *def = &vls_rpc_group_rename_def;
  vls_err err = vls_cli_word(cli, def, "group", args->word[0], &ask.group);
  if (err == VLS_OK) err = vls_cli_word(cli, def, "name", args->word[1], &ask.name);
  if (err == VLS_OK) err = vls_call_for(cli, "group.rename", def, &ask, &vls_rpc_group_def, &group);
  if (err == VLS_OK) vls_group_changed(cli, &group, "You now call this group %.*s.");
  return err;
}

static void put_act(vls_cli *cli, const vls_rpc_act *a) {
  static const vls_column columns[] = {{"AT", 0},    {"KIND", 0},   {"BY", 0},     {"WHO", 0},
                                       {"LEVEL", 0}, {"REASON", 0}, {"UNDONE", 0}, {"ID", 0}};
  if (cli->mode == VLS_JSON) {
    vls_json_show(&cli->out, &vls_rpc_act_def, a);
  } else if (cli->mode == VLS_TABBED) {
    vls_table *table = vls_table_new(cli, columns, 8);
    vls_table_time(table, a->at);
    vls_table_text(table, a->kind);
    vls_table_text(table, a->by);
    vls_table_text(table, a->has_who ? a->who : (vls_slice){0});
    vls_table_text(table, a->has_level ? a->level : (vls_slice){0});
    vls_table_text(table, a->has_reason ? a->reason : (vls_slice){0});
    vls_table_put(table, a->undone ? "yes" : "no");
    vls_table_id(table, a->id);
    vls_table_end(table, NULL);
  } else {
    char at[VLS_WHEN_TEXT];
    vls_when_local(at, a->at > INT64_MAX ? INT64_MAX : (int64_t)a->at, vls_when_now());
    vls_out_styled(&cli->out, VLS_DIM, "%s  ", at);
    vls_out_put(&cli->out, "%.*s", VLS_STR(a->text));
    if (a->undone) vls_out_styled(&cli->out, VLS_YELLOW, " (without effect)");
    vls_out_end(&cli->out);
  }
}

/* One page of the log, from the newest backwards: copied, since it is shown the other way round. */
static vls_err get_page(vls_cli *cli, vls_rpc_group_log *ask, vls_buf *page, size_t *ret_n) {
  vls_slice result, item;
  vls_items items;
  vls_err err = vls_call(cli, "group.log", &vls_rpc_group_log_def, ask, &result);
  if (err == VLS_OK) err = vls_list_open(cli, result, &items);
  for (*ret_n = 0; err == VLS_OK && vls_items_next(&items, &item);)
    ++*ret_n;
  if (err == VLS_OK) err = vls_buf_put_slice(page, result);
  return err;
}

static vls_err show_page(vls_cli *cli, const vls_buf *page) {
  vls_items items;
  vls_slice item;
  vls_rpc_act act;
  vls_err err = vls_list_open(cli, vls_buf_slice(page), &items);
  while (err == VLS_OK && vls_items_next(&items, &item)) {
    err = vls_cli_decode(cli, &vls_rpc_act_def, item, &act);
    if (err == VLS_OK) put_act(cli, &act);
  }
  return err;
}

static vls_err show_log(vls_cli *cli, const vls_args *args) {
  vls_rpc_group_log ask = {.has_skip = true, .has_limit = true};
  vls_buf pages[LOG_PAGES];
  size_t n_pages = 0, n = 1;
  uint64_t left = 50;
  vls_pager pager;
  vls_err err = vls_cli_word(cli, &vls_rpc_group_log_def, "group", args->word[0], &ask.group);
  if (err == VLS_OK) err = vls_args_number(cli, args, "count", 1, LOG_MOST, &left);
  while (err == VLS_OK && left > 0 && n > 0 && n_pages < LOG_PAGES) {
    ask.limit = left < LOG_PAGE ? left : LOG_PAGE;
    vls_buf_init(&pages[n_pages], VLS_RPC_FRAME_MAX);
    err = get_page(cli, &ask, &pages[n_pages++], &n);
    ask.skip += n;
    left -= n < left ? n : left;
  }
  vls_pager_begin(&pager, cli);
  for (size_t i = n_pages; i > 0 && err == VLS_OK; i--)
    err = show_page(cli, &pages[i - 1]);
  vls_pager_end(&pager, cli);
  for (size_t i = 0; i < n_pages; i++)
    vls_buf_done(&pages[i]);
  return err;
}

static vls_err report(vls_cli *cli, const vls_args *args) {
  vls_rpc_group_report ask;
  vls_rpc_ok ok;
  vls_err err = vls_args_text_number(cli, args->word[0], &ask.n);
  if (err == VLS_OK)
    err = vls_cli_word(cli, &vls_rpc_group_report_def, "reason", args->word[1], &ask.reason);
  if (err == VLS_OK)
    err = vls_call_for(cli, "group.report", &vls_rpc_group_report_def, &ask, &vls_rpc_ok_def, &ok);
  if (err != VLS_OK || vls_show_for_script(cli, &vls_rpc_ok_def, &ok)) return err;
  vls_cli_note(cli, "Text #%" PRIu64 " goes to the moderators of its group, with your words.",
               ask.n);
  return VLS_OK;
}

static const vls_opt reason_opts[] = {
    {"reason", 'r', VLS_KIND_TEXT, "TEXT", "why; everybody sees it in the log", NULL},
    VLS_OPTS_END,
};
static const vls_opt policy_opts[] = {
    {"name", 0, VLS_KIND_TEXT, "NAME", "what the group is called, by everybody", NULL},
    {"post", 0, VLS_KIND_CHOICE, "LEVEL", "who may write; moderator makes it announcements",
     VLS_GROUP_LEVELS},
    {"admit", 0, VLS_KIND_CHOICE, "LEVEL", "who may invite", VLS_GROUP_LEVELS},
    {"history", 0, VLS_KIND_CHOICE, "WHETHER", "newcomers are given what was said before",
     "yes no"},
    {"lifetime", 0, VLS_KIND_TEXT, "SPAN", "texts are forgotten after this, or never", NULL},
    {"slow", 0, VLS_KIND_TEXT, "SPAN", "between two texts of one member, or off", NULL},
    {"reason", 'r', VLS_KIND_TEXT, "TEXT", "why; everybody sees it in the log", NULL},
    VLS_OPTS_END,
};
static const vls_opt log_opts[] = {
    {"count", 'n', VLS_KIND_TEXT, "N", "the newest N; 50 when not given", NULL},
    VLS_OPTS_END,
};
static const vls_kind member_level[] = {VLS_KIND_GROUP, VLS_KIND_MEMBER, VLS_KIND_LEVEL};
static const vls_kind group_text[] = {VLS_KIND_GROUP, VLS_KIND_TEXT};

const vls_cmd vls_group_role = {
    .name = "role",
    .operands = "GROUP WHO LEVEL",
    .summary = "Make a member moderator, admin, owner, or member again",
    .about = "From admin on, for members below you and levels below yours. A moderator lets\n"
             "people in and removes members; an admin gives levels as well; an owner changes\n"
             "the rules as well. WHO is a contact, or a member by what they call themselves\n"
             "or by their id: valise group members shows them.\n"
             "\n"
             "  valise group role @school Bao moderator\n",
    .opts = reason_opts,
    .run = role,
    .each = member_level,
    .n_each = 3,
    .min = 3,
    .max = 3,
};
const vls_cmd vls_group_remove = {
    .name = "remove",
    .operands = "GROUP WHO",
    .summary = "Remove a member from a group",
    .about = "From moderator on, for members below you. They keep what they have, and cannot\n"
             "read what is said from then on by anybody who knows of it. They come back only\n"
             "when somebody of your level or above lets them in.\n"
             "\n"
             "  valise group remove @school Bao --reason spam\n",
    .opts = reason_opts,
    .run = remove_member,
    .each = member_level,
    .n_each = 2,
    .min = 2,
    .max = 2,
};
const vls_cmd vls_group_policy = {
    .name = "policy",
    .operands = "GROUP",
    .summary = "The rules of a group: show them, or change some",
    .about = "Without options the rules are shown. Owners and the founder can change them;\n"
             "what is not named stays as it is. With --plain the columns are: post, admit,\n"
             "history (yes, no), lifetime and slow in seconds (0: none), title.\n"
             "\n"
             "  valise group policy @news --post moderator --reason \"too many voices\"\n"
             "  valise group policy @school --lifetime 30d --slow off\n",
    .opts = policy_opts,
    .run = policy,
    .operand = VLS_KIND_GROUP,
    .min = 1,
    .max = 1,
};
const vls_cmd vls_group_rename = {
    .name = "rename",
    .operands = "GROUP NAME",
    .summary = "Call a group by another name, for yourself",
    .about = "The name is yours alone; valise group policy --name changes what it is called\n"
             "by everybody.\n",
    .run = rename_group,
    .each = group_text,
    .n_each = 2,
    .min = 2,
    .max = 2,
};
const vls_cmd vls_group_log = {
    .name = "log",
    .operands = "GROUP",
    .summary = "Who did what in a group, and why",
    .about = "Each line is signed by who did it, and the same for all members, oldest first.\n"
             "What is marked as without effect was undone by somebody above its author. With\n"
             "--plain the columns are: time, kind, who did it, to whom, level, reason,\n"
             "without effect (yes, no), id.\n",
    .opts = log_opts,
    .run = show_log,
    .operand = VLS_KIND_GROUP,
    .min = 1,
    .max = 1,
};
const vls_cmd vls_group_report = {
    .name = "report",
    .operands = "N REASON",
    .summary = "Show a text to the moderators of its group",
    .about = "They are given the text as its author signed it, who you are, and your words.\n"
             "\n"
             "  valise group report 12 \"advertising\"\n",
    .run = report,
    .min = 2,
    .max = 2,
};
