#include <inttypes.h>

#include "client/group.h"
#include "client/json.h"

static bool is(vls_slice a, const char *b) {
  return vls_slice_eq(a, vls_slice_str(b));
}

const char *vls_group_whom(vls_slice level) {
  if (is(level, "member")) return "all members";
  if (is(level, "moderator")) return "moderators and above";
  return is(level, "admin") ? "admins and above" : "owners and founders";
}

static const vls_column columns[] = {
    {"NAME", VLS_COL_LEFT},     {"STATE", VLS_COL_LEFT},   {"YOU ARE", VLS_COL_LEFT},
    {"MEMBERS", VLS_COL_RIGHT}, {"ONLINE", VLS_COL_RIGHT}, {"UNREAD", VLS_COL_RIGHT},
    {"MISSING", VLS_COL_RIGHT}, {"ASKING", VLS_COL_SPARE}, {"ID", VLS_COL_SPARE},
    {"PROBLEM", VLS_COL_CUT},
};

static void put_row(vls_table *table, const void *msg) {
  const vls_rpc_group *g = msg;
  vls_table_name(table, g->name);
  vls_table_text(table, g->state);
  vls_table_text(table, g->level);
  vls_table_number(table, g->members);
  vls_table_number(table, g->online);
  vls_table_number(table, g->unread);
  vls_table_number(table, g->missing);
  vls_table_number(table, g->asking);
  vls_table_id(table, g->id);
  vls_table_text(table, g->has_problem ? g->problem : (vls_slice){0});
}

static vls_err list(vls_cli *cli, const vls_args *args) {
  (void)args;
  vls_rpc_group group;
  vls_slice result;
  vls_err err = vls_call(cli, "group.list", NULL, NULL, &result);
  if (err != VLS_OK) return err;
  const vls_list list = {.def = &vls_rpc_group_def,
                         .item = &group,
                         .columns = columns,
                         .n_columns = sizeof columns / sizeof columns[0],
                         .put_row = put_row,
                         .empty = "No groups yet. Begin one with: valise group create NAME"};
  return vls_list_print(cli, &list, result);
}

static void print_rules(vls_cli *cli, const vls_rpc_group *g) {
  char span[VLS_WHEN_TEXT];
  vls_card_put(cli, "May write", "%s", vls_group_whom(g->post));
  vls_card_put(cli, "May invite", "%s", vls_group_whom(g->admit));
  vls_card_put(cli, "Newcomers",
               g->history ? "are given what was said before" : "read what is said from then on");
  if (g->lifetime_s > 0) {
    vls_when_length(span, (uint64_t)g->lifetime_s * 1000);
    vls_card_put(cli, "Texts", "are forgotten after %s", span);
  }
  if (g->slow_s > 0) {
    vls_when_length(span, (uint64_t)g->slow_s * 1000);
    vls_card_put(cli, "Slow mode", "one text of each member in %s", span);
  }
}

/* "yes", or what is missing and what becomes of it. */
static void print_complete(vls_cli *cli, const vls_rpc_group *g) {
  char ago[VLS_WHEN_TEXT];
  int64_t at = g->compared > INT64_MAX ? INT64_MAX : (int64_t)g->compared;
  vls_when_relative(ago, at, vls_when_now());
  if (g->missing == 0 && g->unopened == 0 && g->has_compared)
    vls_card_put(cli, "Complete", "yes, compared with another member %s", ago);
  else if (g->missing == 0 && g->unopened == 0)
    vls_card_put(cli, "Complete",
                 g->members > 1 ? "as far as known; not compared with another member yet" : "yes");
  else
    vls_card_put(cli, "Complete",
                 "no: %" PRIu64 " missing, %" PRIu64
                 " that wait for them; they are fetched from whoever is reached",
                 g->missing, g->unopened);
}

static void print_card(vls_cli *cli, const vls_rpc_group *g) {
  bool in = is(g->state, "ready");
  vls_card_put(cli, "Name", "%.*s", VLS_STR(g->name));
  bool same = g->name.n == g->title.n + 1 && memcmp(g->name.p + 1, g->title.p, g->title.n) == 0;
  if (!same) vls_card_put(cli, "Calls itself", "%.*s", VLS_STR(g->title));
  vls_card_put(cli, "Id", "%.*s", VLS_STR(g->id));
  vls_card_put(cli, "State", "%.*s", VLS_STR(g->state));
  if (g->has_inviter) vls_card_put(cli, "Invited by", "%.*s", VLS_STR(g->inviter));
  if (in) vls_card_put(cli, "You are", "%.*s", VLS_STR(g->level));
  if (in) vls_card_put(cli, "Members", "%" PRIu64 ", %" PRIu64 " online", g->members, g->online);
  if (g->asking > 0)
    vls_card_put(cli, "Asking", "%" PRIu64 " to be let in; try: valise group asking", g->asking);
  if (in) print_rules(cli, g);
  vls_card_put(cli, "Unread", "%" PRIu64, g->unread);
  if (g->queued > 0) vls_card_put(cli, "Waiting", "%" PRIu64, g->queued);
  if (in) print_complete(cli, g);
  if (g->has_problem) vls_card_put(cli, "Problem", "%.*s", VLS_STR(g->problem));
}

void vls_group_print(vls_cli *cli, const vls_rpc_group *group) {
  if (cli->mode == VLS_JSON) {
    vls_json_show(&cli->out, &vls_rpc_group_def, group);
  } else if (cli->mode == VLS_TABBED) {
    vls_table *table = vls_table_new(cli, columns, sizeof columns / sizeof columns[0]);
    put_row(table, group);
    vls_table_end(table, NULL);
  } else {
    print_card(cli, group);
  }
}

void vls_group_changed(vls_cli *cli, const vls_rpc_group *group, const char *sentence) {
  if (cli->mode != VLS_HUMAN)
    vls_group_print(cli, group);
  else if (!cli->quiet)
    vls_out_line(&cli->out, sentence, VLS_STR(group->name));
}

vls_err vls_group_get(vls_cli *cli, const char *word, vls_rpc_group *ret) {
  vls_rpc_which_group ask;
  vls_err err = vls_cli_word(cli, &vls_rpc_which_group_def, "group", word, &ask.group);
  if (err != VLS_OK) return err;
  return vls_call_for(cli, "group.get", &vls_rpc_which_group_def, &ask, &vls_rpc_group_def, ret);
}

static vls_err show(vls_cli *cli, const vls_args *args) {
  vls_rpc_group group;
  vls_err err = vls_group_get(cli, args->word[0], &group);
  if (err == VLS_OK) vls_group_print(cli, &group);
  return err;
}

static const vls_column member_columns[] = {
    {"NAME", VLS_COL_LEFT},    {"LEVEL", VLS_COL_LEFT},         {"STATE", VLS_COL_LEFT},
    {"CONTACT", VLS_COL_LEFT}, {"CALLS ITSELF", VLS_COL_SPARE}, {"DEVICES", VLS_COL_SPARE},
    {"ID", VLS_COL_SPARE},
};

static const char *condition(const vls_rpc_member *m) {
  if (m->me) return "you";
  if (m->blocked) return "blocked";
  return m->online ? "online" : "away";
}

static void put_member(vls_table *table, const void *msg) {
  const vls_rpc_member *m = msg;
  vls_table_name(table, m->name);
  vls_table_text(table, m->level);
  vls_table_put(table, "%s", condition(m));
  vls_table_put(table, m->me && vls_table_for_people(table) ? "" : m->contact ? "yes" : "no");
  vls_table_name(table, m->claim);
  vls_table_number(table, m->devices);
  vls_table_id(table, m->id);
}

static vls_err members(vls_cli *cli, const vls_args *args) {
  vls_rpc_member member;
  vls_rpc_group_members page = {.has_skip = true};
  vls_slice result;
  size_t n;
  const vls_list rows = {.def = &vls_rpc_member_def,
                         .item = &member,
                         .columns = member_columns,
                         .n_columns = sizeof member_columns / sizeof member_columns[0],
                         .put_row = put_member};
  vls_err err = vls_cli_word(cli, &vls_rpc_group_members_def, "group", args->word[0], &page.group);
  if (err != VLS_OK) return err;
  vls_table *table = vls_table_new(cli, rows.columns, rows.n_columns);
  do {
    n = 0;
    err = vls_call(cli, "group.members", &vls_rpc_group_members_def, &page, &result);
    if (err == VLS_OK) err = vls_list_rows(cli, &rows, table, result, &n);
    page.skip += n;
  } while (err == VLS_OK && n > 0);
  vls_table_end(table, err == VLS_OK ? "Its members are not known here yet." : NULL);
  return err;
}

void vls_member_changed(vls_cli *cli, const vls_rpc_member *member, const char *sentence,
                        const char *group) {
  if (cli->mode == VLS_JSON) {
    vls_json_show(&cli->out, &vls_rpc_member_def, member);
  } else if (cli->mode == VLS_TABBED) {
    size_t n = sizeof member_columns / sizeof member_columns[0];
    vls_table *table = vls_table_new(cli, member_columns, n);
    put_member(table, member);
    vls_table_end(table, NULL);
  } else if (!cli->quiet) {
    const char *at = group[0] == '@' ? "" : "@";
    vls_out_line(&cli->out, sentence, VLS_STR(member->name), at, group);
  }
}

vls_err vls_group_reason(vls_cli *cli, const vls_args *args, const vls_wire_def *def, bool *ret_has,
                         vls_slice *ret) {
  const char *reason = vls_args_opt(args, "reason");
  *ret_has = reason != NULL;
  return reason == NULL ? VLS_OK : vls_cli_word(cli, def, "reason", reason, ret);
}

const vls_cmd vls_group_list = {
    .name = "list",
    .operands = "",
    .summary = "The groups you are in, or are invited to",
    .about = "States: invited (say: valise group join NAME), asking (somebody has to let you\n"
             "in), joining (what was said is on its way to you), ready, left, removed.\n"
             "MISSING are things others speak of that are not here yet; they are fetched by\n"
             "themselves. With --plain the columns are: name, state, level, members, online,\n"
             "unread, missing, asking, id, problem.\n",
    .run = list,
};
const vls_cmd vls_group_show = {
    .name = "show",
    .operands = "GROUP",
    .summary = "Everything about one group",
    .about = "GROUP is what you call it, with or without @ before it. valise group members\n"
             "shows who is in it, valise group log what happened.\n",
    .run = show,
    .operand = VLS_KIND_GROUP,
    .min = 1,
    .max = 1,
};
const vls_cmd vls_group_members = {
    .name = "members",
    .operands = "GROUP",
    .summary = "Who is in a group",
    .about = "From the highest level down. A member who is no contact of yours is shown as ~\n"
             "with what they call themselves, which proves nothing, and the beginning of\n"
             "their id. With --plain the columns are: name, level, state (you, online, away,\n"
             "blocked), contact (yes, no), claim, devices, id.\n",
    .run = members,
    .operand = VLS_KIND_GROUP,
    .min = 1,
    .max = 1,
};

static const vls_cmd *const subs[] = {
    &vls_group_list,
    &vls_group_show,
    &vls_group_members,
    &vls_group_create,
    &vls_group_invite,
    &vls_group_join,
    &vls_group_asking,
    &vls_group_admit,
    &vls_group_role,
    &vls_group_remove,
    &vls_group_policy,
    &vls_group_log,
    &vls_group_report,
    &vls_group_rename,
    &vls_group_leave,
    &vls_group_forget,
    NULL,
};

const vls_cmd vls_cmd_group = {
    .name = "group",
    .operands = "",
    .summary = "Talk with many: groups, their members and rules",
    .about = "A group has no server: every member's node keeps all of it, and passes on what\n"
             "others miss. Write to it and read it as @NAME:\n"
             "\n"
             "  valise group create \"Twin schools\"\n"
             "  valise group invite \"Twin schools\" Bao\n"
             "  valise send \"@Twin schools\" -m \"Welcome\"\n"
             "  valise read \"@Twin schools\"\n",
    .subs = subs,
};
