#include "client/complete.h"

#include <stdlib.h>

#include "client/config.h"
#include "client/group.h"
#include "client/list.h"
#include "client/topics.h"

enum { WORD_MAX = 256 };

static const vls_opt *opt_in(const vls_opt *opts, const char *word) {
  size_t n = strcspn(word, "=");
  for (; opts != NULL && opts->name != NULL; opts++) {
    if (n > 2 && strncmp(word, "--", 2) == 0 && strlen(opts->name) == n - 2 &&
        strncmp(opts->name, word + 2, n - 2) == 0)
      return opts;
    if (n == 2 && word[0] == '-' && word[1] == opts->letter) return opts;
  }
  return NULL;
}

static const vls_opt *opt_of(const vls_cmd *cmd, const char *word) {
  const vls_opt *opt = cmd != NULL ? opt_in(cmd->opts, word) : NULL;
  return opt != NULL ? opt : opt_in(vls_global_opts, word);
}

/* What the operand in this place is. */
static vls_kind kind_of(const vls_cmd *cmd, size_t operand) {
  if (cmd->each == NULL) return cmd->operand;
  return operand < cmd->n_each ? cmd->each[operand] : VLS_KIND_TEXT;
}

vls_next vls_complete_next(const char *const *words, size_t n) {
  vls_next next = {.what = VLS_NEXT_COMMAND};
  const vls_cmd *const *list = vls_commands;
  const vls_opt *open = NULL; /* an option whose value comes next */
  bool operands_only = false;
  const char *first = NULL;
  size_t operands = 0;
  for (size_t i = 0; i + 1 < n; i++) {
    const char *word = words[i];
    if (strcmp(word, "=") == 0) continue; /* bash parts --option=value */
    if (open != NULL) {
      open = NULL;
    } else if (!operands_only && strcmp(word, "--") == 0) {
      operands_only = true;
    } else if (!operands_only && word[0] == '-' && word[1] != '\0') {
      open = opt_of(next.cmd, word);
      if (open != NULL && (open->kind == VLS_KIND_FLAG || strchr(word, '=') != NULL)) open = NULL;
    } else if (list != NULL && (next.cmd == NULL || next.cmd->subs != NULL)) {
      const vls_cmd *found = vls_cmd_find(list, word);
      if (found == NULL) return (vls_next){.what = VLS_NEXT_VALUE, .kind = VLS_KIND_TEXT};
      next.cmd = found;
      list = found->subs;
    } else if (operands++ == 0) {
      first = word;
    }
  }
  const char *last = n > 0 ? words[n - 1] : "";
  if (open != NULL) return (vls_next){next.cmd, VLS_NEXT_VALUE, open->kind, open, first};
  if (last[0] == '-' && !operands_only)
    next.what = VLS_NEXT_OPTION;
  else if (list == NULL)
    next = (vls_next){next.cmd, VLS_NEXT_VALUE, kind_of(next.cmd, operands), NULL, first};
  return next;
}

/* The unfinished word, as the shell would read it: without quotes and backslashes. */
static void unquote(const char *word, char ret[WORD_MAX]) {
  size_t n = 0;
  for (; *word != '\0' && n + 1 < WORD_MAX; word++)
    if (strchr("\\\"'", *word) == NULL) ret[n++] = *word;
  ret[n] = '\0';
}

/* One candidate: itself, a tab, what it is. A word the gate would change cannot be typed; it is
 * left out. */
static void offer(vls_cli *cli, const char *begun, vls_slice word, const char *what) {
  size_t n = strlen(begun);
  if (word.n < n || memcmp(word.p, begun, n) != 0 || !vls_gate_is_clean(word)) return;
  vls_out_put(&cli->out, "%.*s", VLS_STR(word));
  vls_out_raw(&cli->out, "\t", 1);
  vls_out_line(&cli->out, "%s", what);
}

static void offer_contacts(vls_cli *cli, const char *begun) {
  vls_slice result, item;
  vls_items items;
  vls_rpc_contact contact;
  vls_rpc_contacts page = {.has_after = true};
  for (bool more = true; more;) {
    if (vls_call(cli, "contact.list", &vls_rpc_contacts_def, &page, &result) != VLS_OK) return;
    if (vls_items_init(&items, result) != VLS_OK) return;
    for (more = false; vls_items_next(&items, &item); more = true) {
      if (vls_wire_decode(&vls_rpc_contact_def, VLS_WIRE_LENIENT, item, &contact, NULL) != VLS_OK)
        return;
      offer(cli, begun, contact.name, contact.online ? "online" : "contact");
      page.after = contact.contact;
    }
  }
}

/* Groups as @NAME, which can be typed wherever one may be. */
static void offer_groups(vls_cli *cli, const char *begun) {
  vls_slice result, item;
  vls_items items;
  vls_rpc_group group;
  if (vls_call(cli, "group.list", NULL, NULL, &result) != VLS_OK) return;
  if (vls_items_init(&items, result) != VLS_OK) return;
  while (vls_items_next(&items, &item)) {
    if (vls_wire_decode(&vls_rpc_group_def, VLS_WIRE_LENIENT, item, &group, NULL) != VLS_OK) return;
    offer(cli, begun, group.name, "group");
  }
}

static void offer_members(vls_cli *cli, const char *begun, const char *group) {
  vls_slice result, item;
  vls_items items;
  vls_rpc_member m;
  vls_rpc_group_members ask = {0};
  char word[WORD_MAX];
  unquote(group != NULL ? group : "", word);
  if (vls_cli_word(cli, &vls_rpc_group_members_def, "group", word, &ask.group) != VLS_OK) return;
  if (vls_call(cli, "group.members", &vls_rpc_group_members_def, &ask, &result) != VLS_OK) return;
  if (vls_items_init(&items, result) != VLS_OK) return;
  while (vls_items_next(&items, &item)) {
    if (vls_wire_decode(&vls_rpc_member_def, VLS_WIRE_LENIENT, item, &m, NULL) != VLS_OK) return;
    if (!m.me) offer(cli, begun, m.name, "member");
  }
}

static void offer_asking(vls_cli *cli, const char *begun, const char *group) {
  vls_slice result, item;
  vls_items items;
  vls_rpc_asking a;
  vls_rpc_opt_group ask = {.has_group = true};
  char word[WORD_MAX];
  unquote(group != NULL ? group : "", word);
  if (vls_cli_word(cli, &vls_rpc_opt_group_def, "group", word, &ask.group) != VLS_OK) return;
  if (vls_call(cli, "group.asking", &vls_rpc_opt_group_def, &ask, &result) != VLS_OK) return;
  if (vls_items_init(&items, result) != VLS_OK) return;
  while (vls_items_next(&items, &item)) {
    if (vls_wire_decode(&vls_rpc_asking_def, VLS_WIRE_LENIENT, item, &a, NULL) != VLS_OK) return;
    offer(cli, begun, a.name, "asks to be let in");
  }
}

static void offer_keys(vls_cli *cli, const char *begun) {
  vls_buf all;
  vls_setting s;
  vls_buf_init(&all, VLS_SPAWN_OUTPUT);
  if (vls_config_all(cli, &all) == VLS_OK)
    for (vls_slice rest = vls_buf_slice(&all); vls_config_next(&rest, &s);)
      offer(cli, begun, s.key, "setting");
  vls_buf_done(&all);
}

static void offer_words(vls_cli *cli, const char *begun, const char *words, const char *what) {
  while (*words != '\0') {
    size_t n = strcspn(words, " ");
    offer(cli, begun, vls_slice_of(words, n), what);
    words += n + (words[n] == ' ' ? 1 : 0);
  }
}

static void offer_options(vls_cli *cli, const char *begun, const vls_opt *opts) {
  char name[64];
  for (; opts != NULL && opts->name != NULL; opts++) {
    (void)snprintf(name, sizeof name, "--%s", opts->name);
    offer(cli, begun, vls_slice_str(name), opts->help);
  }
}

static void offer_value(vls_cli *cli, const char *begun, const vls_next *next) {
  switch (next->kind) {
  case VLS_KIND_CONTACT: offer_contacts(cli, begun); break;
  case VLS_KIND_TO:
    offer_contacts(cli, begun);
    offer_groups(cli, begun);
    break;
  case VLS_KIND_GROUP: offer_groups(cli, begun); break;
  case VLS_KIND_MEMBER: offer_members(cli, begun, next->group); break;
  case VLS_KIND_ASKING: offer_asking(cli, begun, next->group); break;
  case VLS_KIND_LEVEL: offer_words(cli, begun, VLS_GROUP_LEVELS, "level"); break;
  case VLS_KIND_KEY: offer_keys(cli, begun); break;
  case VLS_KIND_CHOICE: offer_words(cli, begun, next->opt->choices, "choice"); break;
  case VLS_KIND_SPAN: offer_words(cli, begun, "30s 5m 1h 1d 7d", "span"); break;
  case VLS_KIND_FILE: vls_out_line(&cli->out, ":file"); break;
  case VLS_KIND_COMMAND: vls_out_line(&cli->out, ":command"); break;
  case VLS_KIND_TOPIC:
    for (const vls_topic *t = vls_topics; t->name != NULL; t++)
      offer(cli, begun, vls_slice_str(t->name), t->summary);
    break;
  case VLS_KIND_FLAG:
  case VLS_KIND_TEXT: break;
  }
}

static vls_err run(vls_cli *cli, const vls_args *args) {
  char begun[WORD_MAX] = "";
  if (args->n > 0) unquote(args->word[args->n - 1], begun);
  vls_next next = vls_complete_next(args->word, args->n);
  if (next.what == VLS_NEXT_VALUE) {
    offer_value(cli, begun, &next);
  } else if (next.what == VLS_NEXT_OPTION) {
    if (next.cmd != NULL) offer_options(cli, begun, next.cmd->opts);
    offer_options(cli, begun, vls_global_opts);
  } else {
    const vls_cmd *const *list = next.cmd != NULL ? next.cmd->subs : vls_commands;
    for (; *list != NULL; list++)
      if (!(*list)->hidden) offer(cli, begun, vls_slice_str((*list)->name), (*list)->summary);
  }
  vls_problem_done(&cli->problem); /* no candidates is an answer, too */
  return VLS_OK;
}

const vls_cmd vls_cmd_complete = {
    .name = "complete",
    .operands = "-- WORD...",
    .summary = "What may come next, for the shells",
    .about = "Prints one candidate a line with a tab and what it is; :file and :command ask\n"
             "the shell for its own.\n",
    .run = run,
    .max = 1000,
    .hidden = true,
};
