#include <inttypes.h>
#include <stdlib.h>

#include "client/list.h"
#include "client/pager.h"
#include "client/show.h"

enum {
  PAGE = 500,       /* texts in one answer (RPC 4.2) */
  PAGES = 64,       /* answers held at once */
  MOST = PAGE * 20, /* texts of one run */
  CONTACTS = 64,    /* contacts whose texts are marked in one run */
};

/* What was shown of one contact or group. */
typedef struct shown {
  uint64_t contact, first, last; /* texts from them */
  bool news;                     /* one of them was not marked read before */
  char id[66];                   /* as a request names it */
} shown;

typedef struct reading {
  vls_cli *cli;
  vls_rpc_list ask;
  uint64_t left;        /* texts still wanted */
  vls_buf pages[PAGES]; /* answers: copied, since each call overwrites the last */
  size_t n_pages;
  shown contacts[CONTACTS];
  size_t n_contacts;
} reading;

static void note_shown(reading *r, const vls_rpc_message *m) {
  size_t i = 0;
  if (m->mine) return;
  while (i < r->n_contacts && r->contacts[i].contact != m->contact)
    i++;
  if (i == CONTACTS) return; /* these stay unread: no harm */
  shown *s = &r->contacts[i];
  if (i == r->n_contacts) {
    *s = (shown){.contact = m->contact, .first = m->n};
    (void)snprintf(s->id, sizeof s->id, "%s%.*s", m->has_author ? "@" : "", VLS_STR(m->id));
    r->n_contacts++;
  }
  /* A group is not shown in the order in which its texts came here. */
  if (m->n < s->first) s->first = m->n;
  if (m->n > s->last) s->last = m->n;
  if (vls_slice_eq(m->state, vls_slice_str("received"))) s->news = true;
}

/* Gets one page. Its first and last number, and how many there were. */
static vls_err get_page(reading *r, size_t *ret_n, uint64_t *ret_first, uint64_t *ret_last) {
  vls_slice result, item;
  vls_items items;
  vls_rpc_message m;
  r->ask.has_limit = true;
  r->ask.limit = r->left < PAGE ? r->left : PAGE;
  vls_err err = vls_call(r->cli, "message.list", &vls_rpc_list_def, &r->ask, &result);
  if (err == VLS_OK) err = vls_list_open(r->cli, result, &items);
  *ret_n = 0;
  while (err == VLS_OK && vls_items_next(&items, &item)) {
    err = vls_cli_decode(r->cli, &vls_rpc_message_def, item, &m);
    if (err != VLS_OK) return err;
    if ((*ret_n)++ == 0) *ret_first = m.n;
    *ret_last = m.n;
  }
  if (err != VLS_OK || *ret_n == 0) return err;
  vls_buf *page = &r->pages[r->n_pages++];
  vls_buf_init(page, VLS_RPC_FRAME_MAX);
  return vls_buf_put_slice(page, result);
}

/* Backwards from the newest, or with `after` forwards from there. */
static vls_err get_pages(reading *r) {
  while (r->left > 0 && r->n_pages < PAGES) {
    size_t n;
    uint64_t first, last;
    uint64_t wanted = r->left < PAGE ? r->left : PAGE;
    vls_err err = get_page(r, &n, &first, &last);
    if (err != VLS_OK || n == 0) return err;
    r->left -= n < r->left ? n : r->left;
    /* A short page is the last one, unless it ended because it was full of long texts. */
    if (n < wanted && r->pages[r->n_pages - 1].n < VLS_RPC_FRAME_MAX / 2) return VLS_OK;
    if (r->ask.has_after) {
      r->ask.after = last;
    } else {
      r->ask.has_before = true;
      r->ask.before = first;
    }
  }
  return VLS_OK;
}

static vls_err show_page(reading *r, const vls_buf *page) {
  vls_items items;
  vls_slice item;
  vls_rpc_message m;
  vls_err err = vls_list_open(r->cli, vls_buf_slice(page), &items);
  while (err == VLS_OK && vls_items_next(&items, &item)) {
    err = vls_cli_decode(r->cli, &vls_rpc_message_def, item, &m);
    if (err != VLS_OK) return err;
    vls_show_message(r->cli, &m);
    note_shown(r, &m);
  }
  return err;
}

static vls_err show_pages(reading *r) {
  vls_pager pager;
  vls_err err = VLS_OK;
  vls_pager_begin(&pager, r->cli);
  for (size_t i = 0; i < r->n_pages && err == VLS_OK; i++)
    err = show_page(r, &r->pages[r->ask.has_after ? i : r->n_pages - 1 - i]);
  vls_pager_end(&pager, r->cli);
  if (r->n_pages == 0 && r->cli->mode == VLS_HUMAN) vls_cli_note(r->cli, "No texts.");
  return err;
}

/* The other side is told "read up to here", so it must be true: no older unread text may have been
 * left out. Says whether that is so. */
static vls_err nothing_left_out(reading *r, const shown *s, bool *ret) {
  vls_rpc_list ask = {.has_who = true,
                      .who = vls_slice_str(s->id),
                      .has_limit = true,
                      .limit = 1,
                      .has_after = true,
                      .has_unread = true,
                      .unread = true};
  vls_slice result, item;
  vls_items items;
  vls_rpc_message oldest;
  *ret = true;
  vls_err err = vls_call(r->cli, "message.list", &vls_rpc_list_def, &ask, &result);
  if (err == VLS_OK) err = vls_list_open(r->cli, result, &items);
  if (err != VLS_OK || !vls_items_next(&items, &item)) return err;
  err = vls_cli_decode(r->cli, &vls_rpc_message_def, item, &oldest);
  if (err == VLS_OK) *ret = oldest.n >= s->first;
  return err;
}

static vls_err mark_shown(reading *r) {
  bool left_out = false;
  for (size_t i = 0; i < r->n_contacts; i++) {
    const shown *s = &r->contacts[i];
    bool complete;
    vls_rpc_count count;
    if (!s->news) continue;
    vls_err err = nothing_left_out(r, s, &complete);
    if (err != VLS_OK) return err;
    if (!complete) {
      left_out = true;
      continue;
    }
    vls_rpc_mark_read ask = {.who = vls_slice_str(s->id), .upto = s->last};
    err = vls_call_for(r->cli, "message.mark_read", &vls_rpc_mark_read_def, &ask,
                       &vls_rpc_count_def, &count);
    if (err == VLS_FULL) { /* they were read all the same */
      vls_problem_done(&r->cli->problem);
      vls_cli_note(r->cli, "The disk is full: these stay unread");
      return VLS_OK;
    }
    if (err != VLS_OK) return err;
  }
  if (left_out && r->cli->mode == VLS_HUMAN)
    vls_cli_note(r->cli, "Older texts are unread, so these stay so: valise read --unread");
  return VLS_OK;
}

static vls_err set_up(reading *r, const vls_args *args) {
  vls_cli *cli = r->cli;
  const char *since = vls_args_opt(args, "since"), *search = vls_args_opt(args, "search");
  bool unread = vls_args_flag(args, "unread");
  int64_t from;
  r->left = since != NULL || unread ? MOST : 20;
  vls_err err = vls_args_number(cli, args, "count", 1, MOST, &r->left);
  if (err == VLS_OK && args->n > 0) {
    r->ask.has_who = true;
    err = vls_cli_word(cli, &vls_rpc_list_def, "who", args->word[0], &r->ask.who);
  }
  if (err == VLS_OK && search != NULL) {
    r->ask.has_search = true;
    err = vls_cli_word(cli, &vls_rpc_list_def, "search", search, &r->ask.search);
  }
  if (err == VLS_OK && since != NULL) {
    if (vls_when_since(since, vls_when_now(), &from) != VLS_OK)
      return vls_fail(
          cli, VLS_USAGE, NULL,
          "--since takes 2h, 3d, today, yesterday, 2026-05-01 or \"2026-05-01 14:30\", not "
          "\"%s\"",
          since);
    r->ask.has_since = true;
    r->ask.since = from > 0 ? (uint64_t)from : 0;
  }
  if (unread) r->ask.has_unread = r->ask.unread = r->ask.has_after = true;
  return err;
}

static vls_err run(vls_cli *cli, const vls_args *args) {
  reading *r = vls_calloc(1, sizeof *r);
  r->cli = cli;
  bool peek = vls_args_flag(args, "peek") || vls_args_opt(args, "search") != NULL;
  vls_err err = set_up(r, args);
  if (err == VLS_OK) err = get_pages(r);
  if (err == VLS_OK) err = show_pages(r);
  if (err == VLS_OK && vls_out_flush(&cli->out) != VLS_OK)
    err =
        vls_fail(cli, VLS_SYSTEM, NULL, "the output could not be written; nothing was marked read");
  if (err == VLS_OK && !peek) err = mark_shown(r);
  for (size_t i = 0; i < r->n_pages; i++)
    vls_buf_done(&r->pages[i]);
  free(r);
  return err;
}

static const vls_opt opts[] = {
    {"count", 'n', VLS_KIND_TEXT, "N", "the newest N texts; 20 when not given", NULL},
    {"since", 0, VLS_KIND_TEXT, "WHEN", "since then: 2h, today, 2026-05-01", NULL},
    {"search", 0, VLS_KIND_TEXT, "WORDS", "texts that contain this; marks nothing", NULL},
    {"unread", 0, VLS_KIND_FLAG, NULL, "what you have not read yet, oldest first", NULL},
    {"peek", 0, VLS_KIND_FLAG, NULL, "mark nothing as read, tell nobody", NULL},
    VLS_OPTS_END,
};

const vls_cmd vls_cmd_read = {
    .name = "read",
    .operands = "[TO]",
    .summary = "Read the texts with a contact, a group, or everyone",
    .about = "Texts are shown oldest first. What is shown counts as read, and the other side\n"
             "is told so (unless direct.read_receipts is off), but only when no older unread\n"
             "text was left out.\n"
             "\n"
             "In a group of yours, @NAME, everybody reads the same texts in the same order.\n"
             "\n"
             "With --plain the columns are: number, time, in or out, name, state, text, and\n"
             "in a group the author.\n"
             "\n"
             "  valise read Bao -n 50\n"
             "  valise read @school\n"
             "  valise read --unread\n"
             "  valise read --since yesterday --search school --json\n",
    .opts = opts,
    .run = run,
    .operand = VLS_KIND_TO,
    .max = 1,
};
