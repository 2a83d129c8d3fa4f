#include "client/recovery.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>

#include "base/assert.h"
#include "client/entry.h"
#include "client/json.h"
#include "client/passphrase.h"
#include "client/private.h"
#include "client/term.h"
#include "valise/backup.h"

enum { ASKED_BACK = 4, LINE = VLS_ENTRY_NOTE + 64 };

static vls_err gave_up(vls_cli *cli) {
  vls_out_end(&cli->err);
  return vls_fail(cli, VLS_USAGE, NULL, "given up; nothing was changed");
}

/* --- typed key by key --- */

static void draw(vls_cli *cli, const vls_entry *entry) {
  vls_buf line, beside;
  char back[16];
  vls_buf_init(&line, LINE);
  vls_buf_init(&beside, LINE);
  vls_entry_show(entry, &line, &beside);
  size_t room = cli->err.width > line.n + 4 ? cli->err.width - line.n - 4 : 0;
  size_t shown = beside.n < room ? beside.n : room;
  vls_out_raw(&cli->err, "\r\033[K", 4);
  vls_out_raw(&cli->err, line.p, line.n);
  if (shown > 0) {
    vls_out_raw(&cli->err, "   ", 3);
    vls_out_raw(&cli->err, beside.p, shown);
    int n = snprintf(back, sizeof back, "\033[%zuD", shown + 3);
    vls_out_raw(&cli->err, back, (size_t)n);
  }
  (void)fflush(stderr);
  vls_buf_done(&line);
  vls_buf_done(&beside);
}

static vls_err fill_by_keys(vls_cli *cli, vls_entry *entry) {
  vls_term term;
  vls_entry_is is = VLS_ENTRY_OPEN;
  vls_err err = vls_term_open(cli, VLS_TERM_KEYS, &term);
  if (err != VLS_OK) return err;
  while (is == VLS_ENTRY_OPEN) {
    draw(cli, entry);
    if (!vls_term_wait(&term)) continue;
    int c = vls_term_byte();
    is = c < 0 ? VLS_ENTRY_LEFT : vls_entry_key(entry, (uint8_t)c);
  }
  vls_out_raw(&cli->err, "\r\033[K", 4); /* no word stays behind */
  (void)fflush(stderr);
  vls_term_close(&term);
  return is == VLS_ENTRY_WHOLE ? VLS_OK : gave_up(cli);
}

/* --- typed line by line: where lines cannot change, or are read out --- */

static vls_entry_is take_line(vls_entry *entry) {
  vls_entry_is is = VLS_ENTRY_OPEN;
  int c = 0;
  bool wrong = false, some = false;
  while (c != '\n') {
    c = vls_term_byte();
    if (c < 0) return VLS_ENTRY_LEFT;
    bool end_of_nothing = c == '\n' && some && entry->n_typed == 0;
    if (wrong || is == VLS_ENTRY_WHOLE || end_of_nothing) continue;
    is = vls_entry_key(entry, (uint8_t)c);
    some = some || c != '\n';
    wrong = entry->note[0] != '\0';
  }
  return is;
}

static vls_err fill_by_lines(vls_cli *cli, vls_entry *entry) {
  vls_entry_is is = VLS_ENTRY_OPEN;
  while (is == VLS_ENTRY_OPEN) {
    size_t word = entry->place[entry->at] + 1;
    if (entry->note[0] != '\0') vls_out_line(&cli->err, "  %s", entry->note);
    entry->n_typed = 0;
    entry->typed[0] = '\0';
    vls_out_put(&cli->err, "Word %zu: ", word);
    (void)fflush(stderr);
    cli->err.column = 0;
    is = take_line(entry);
  }
  return is == VLS_ENTRY_WHOLE ? VLS_OK : gave_up(cli);
}

static vls_err fill(vls_cli *cli, vls_entry *entry) {
  (void)fflush(stdout);
  return vls_cli_may_redraw(cli) ? fill_by_keys(cli, entry) : fill_by_lines(cli, entry);
}

vls_err vls_recovery_ask(vls_cli *cli, uint8_t ret_secret[VLS_WORDS_SECRET]) {
  char text[VLS_WORDS_TEXT], problem[VLS_ENTRY_NOTE];
  vls_words_fault fault = {.what = VLS_WORDS_COUNT};
  vls_err err = VLS_OK;
  if (!vls_cli_may_ask(cli))
    return vls_fail(cli, VLS_USAGE, NULL, "there is no terminal to ask for the recovery words on");
  vls_out_line(&cli->err,
               "Type your recovery words. Four letters of each are enough; Tab completes, "
               "Backspace goes back, a number goes to that word.");
  vls_entry *entry = vls_private_new(sizeof *entry);
  vls_entry_init(entry);
  while (err == VLS_OK && fault.what != VLS_WORDS_RIGHT) {
    err = fill(cli, entry);
    if (err != VLS_OK) break;
    vls_entry_text(entry, text);
    if (vls_words_parse(ret_secret, vls_slice_str(text), &fault) == VLS_OK) break;
    vls_words_problem(&fault, problem, sizeof problem);
    vls_entry_say(entry, problem);
  }
  vls_wipe(text, sizeof text);
  vls_private_free(entry, sizeof *entry);
  return err;
}

vls_err vls_recovery_read(vls_cli *cli, const char *path, uint8_t ret_secret[VLS_WORDS_SECRET]) {
  char problem[VLS_ENTRY_NOTE];
  vls_words_fault fault;
  vls_passphrase *all = vls_passphrase_new();
  vls_err err = vls_passphrase_read_all(cli, path, all);
  if (err == VLS_OK) {
    err = vls_words_parse(ret_secret, vls_passphrase_slice(all), &fault);
    if (err != VLS_OK) vls_words_problem(&fault, problem, sizeof problem);
    if (err != VLS_OK) err = vls_fail(cli, err, NULL, "%s", problem);
    vls_wipe(&fault, sizeof fault);
    vls_wipe(problem, sizeof problem);
  }
  vls_passphrase_free(all);
  return err;
}

/* --- new ones --- */

static vls_err draw_random(vls_cli *cli, void *out, size_t n) {
  if (getrandom(out, n, 0) == (ssize_t)n) return VLS_OK;
  return vls_fail(cli, VLS_SYSTEM, NULL, "the system gave no random bytes: %s", strerror(errno));
}

/* The 24 words, each ended by a NUL. */
static void split(char text[VLS_WORDS_TEXT], const char *ret_word[VLS_WORDS]) {
  for (size_t i = 0; i < VLS_WORDS; i++) {
    ret_word[i] = text;
    text += strcspn(text, " ");
    if (*text == ' ') *text++ = '\0';
  }
}

/* In columns, read downwards. Gives how many lines. */
static size_t show(vls_cli *cli, const char *const word[VLS_WORDS]) {
  size_t columns = cli->accessible || cli->err.width < 36 ? 1 : cli->err.width < 68 ? 2 : 4;
  size_t rows = VLS_WORDS / columns;
  for (size_t row = 0; row < rows; row++) {
    for (size_t i = row; i < VLS_WORDS; i += rows) {
      if (cli->accessible)
        vls_out_put(&cli->err, "Word %zu: %s.", i + 1, word[i]);
      else
        vls_out_put(&cli->err, "%4zu %-*s", i + 1, i + rows < VLS_WORDS ? 11 : 0, word[i]);
    }
    vls_out_end(&cli->err);
  }
  return rows;
}

static vls_err wait_for_enter(vls_cli *cli) {
  vls_term term;
  int c;
  vls_err err = vls_term_open(cli, VLS_TERM_HIDDEN, &term);
  if (err != VLS_OK) return err;
  do {
    vls_out_put(&cli->err, "Press Enter when they are on paper. ");
    (void)fflush(stderr);
    cli->err.column = 0;
  } while (!vls_term_wait(&term));
  while ((c = vls_term_byte()) != '\n' && c >= 0)
    continue;
  vls_term_close(&term);
  return c < 0 ? gave_up(cli) : VLS_OK;
}

static void take_away(vls_cli *cli, size_t lines) {
  char up[32];
  if (!vls_cli_may_redraw(cli)) return;
  int n = snprintf(up, sizeof up, "\033[%zuA\r\033[J", lines);
  vls_out_raw(&cli->err, up, (size_t)n);
}

/* ASKED_BACK of the 24 places, ascending, by chance. */
static vls_err choose(vls_cli *cli, size_t ret[ASKED_BACK]) {
  uint8_t draws[64];
  size_t n = 0;
  bool taken[VLS_WORDS] = {false};
  while (n < ASKED_BACK) {
    vls_err err = draw_random(cli, draws, sizeof draws);
    if (err != VLS_OK) return err;
    for (size_t i = 0; i < sizeof draws && n < ASKED_BACK; i++) {
      size_t place = draws[i] % 32; /* 24 to 31 are drawn again */
      if (place >= VLS_WORDS || taken[place]) continue;
      taken[place] = true;
      n++;
    }
  }
  for (size_t place = 0, i = 0; place < VLS_WORDS; place++)
    if (taken[place]) ret[i++] = place;
  return VLS_OK;
}

/* True when all that were asked are right. */
static vls_err ask_back(vls_cli *cli, const char *const word[VLS_WORDS], vls_entry *entry,
                        bool *ret_right) {
  size_t places[ASKED_BACK];
  vls_err err = choose(cli, places);
  *ret_right = true;
  if (err != VLS_OK) return err;
  vls_out_line(&cli->err, "To be sure that they can be read, type %d of them:", ASKED_BACK);
  vls_entry_init_some(entry, places, ASKED_BACK);
  err = fill(cli, entry);
  for (size_t i = 0; i < ASKED_BACK && err == VLS_OK && *ret_right; i++) {
    if (strcmp(vls_word_at(entry->word[i]), word[places[i]]) == 0) continue;
    *ret_right = false;
    vls_out_line(&cli->err, "Word %zu is another one. Look again:", places[i] + 1);
  }
  return err;
}

static vls_err teach(vls_cli *cli, const char *const word[VLS_WORDS]) {
  bool right = false;
  vls_err err = VLS_OK;
  vls_entry *entry = vls_private_new(sizeof *entry);
  (void)fflush(stdout);
  vls_out_line(&cli->err,
               "These 24 words open your backups. Write them on paper, in their order, and keep it "
               "where nobody else looks: whoever has them and a backup can be you, and read "
               "everything in it. They are shown only now; the node does not keep them.");
  while (err == VLS_OK && !right) {
    size_t lines = show(cli, word) + 1;
    err = wait_for_enter(cli);
    if (err != VLS_OK) break;
    take_away(cli, lines);
    err = ask_back(cli, word, entry, &right);
  }
  vls_private_free(entry, sizeof *entry);
  return err;
}

static vls_err give_key(vls_cli *cli, const uint8_t secret[VLS_WORDS_SECRET]) {
  uint8_t key[32];
  vls_rpc_backup_key ask = {vls_slice_of(key, sizeof key)};
  vls_slice result;
  vls_backup_key_of_words(key, secret);
  vls_err err = vls_call(cli, "backup.key", &vls_rpc_backup_key_def, &ask, &result);
  vls_wipe(key, sizeof key);
  return err;
}

typedef struct fresh {
  uint8_t secret[VLS_WORDS_SECRET];
  char text[VLS_WORDS_TEXT];
  const char *word[VLS_WORDS];
} fresh;

vls_err vls_recovery_make(vls_cli *cli) {
  fresh *f = vls_private_new(sizeof *f);
  vls_err err = draw_random(cli, f->secret, sizeof f->secret);
  if (err == VLS_OK) {
    vls_words_text(f->text, f->secret);
    split(f->text, f->word);
    err = teach(cli, f->word);
  }
  if (err == VLS_OK) err = give_key(cli, f->secret);
  vls_private_free(f, sizeof *f);
  return err;
}

vls_err vls_recovery_print(vls_cli *cli) {
  fresh *f = vls_private_new(sizeof *f);
  vls_err err = draw_random(cli, f->secret, sizeof f->secret);
  if (err == VLS_OK) {
    vls_words_text(f->text, f->secret);
    if (cli->mode == VLS_JSON) {
      json_t *object = vls_json_new();
      vls_json_add_text(object, "words", vls_slice_str(f->text));
      vls_json_print(&cli->out, object, false);
    } else {
      vls_out_whole(&cli->out, vls_slice_str(f->text));
    }
    /* Nothing may open with words that nobody has. */
    if (vls_out_flush(&cli->out) != VLS_OK)
      err = vls_fail(cli, VLS_SYSTEM, NULL, "the words could not be written; nothing was changed");
  }
  if (err == VLS_OK) err = give_key(cli, f->secret);
  vls_private_free(f, sizeof *f);
  return err;
}

vls_err vls_recovery_state(vls_cli *cli, vls_rpc_backup_state *ret) {
  return vls_call_for(cli, "backup.show", NULL, NULL, &vls_rpc_backup_state_def, ret);
}
