#include "client/table.h"

#include <inttypes.h>
#include <libsmartcols.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"

enum { ID_SHOWN = 12, NAME_SHOWN = 24, CARD_TITLE = 13, GAP = 2, CUT_LEAST = 12 };

struct vls_table {
  vls_cli *cli;
  const vls_column *columns;
  size_t n_columns;
  size_t at, rows;                 /* the next cell; full rows */
  size_t width[VLS_TABLE_COLUMNS]; /* of the widest cell; 0 for a column that says nothing */
  bool begun;                      /* the sentence of this row has */
  bool dotted;                     /* its last cell ends with a full stop itself */
  struct libscols_table *scols;    /* only in a table for people */
  struct libscols_line *line;
};

static struct libscols_table *new_scols(const vls_column *columns, size_t n) {
  /* smartcols measures text by the locale. It is UTF-8 whatever the environment says: what is
   * printed is. */
  (void)setlocale(LC_CTYPE, "C.UTF-8");
  struct libscols_table *t = scols_new_table();
  VLS_ASSERT(t != NULL);
  for (size_t i = 0; i < n; i++) {
    int flags = columns[i].look == VLS_COL_RIGHT ? SCOLS_FL_RIGHT : 0;
    struct libscols_column *c = scols_table_new_column(t, columns[i].title, 0, flags);
    VLS_ASSERT(c != NULL);
  }
  int refused = scols_table_enable_noencoding(t, 1); /* the gate has done it */
  (void)scols_table_set_column_separator(t, "  ");
  (void)scols_table_enable_maxout(t, 0);
  (void)scols_table_set_termforce(t, SCOLS_TERMFORCE_NEVER); /* fit() has the say on widths */
  VLS_ASSERT(refused == 0);
  return t;
}

vls_table *vls_table_new(vls_cli *cli, const vls_column *columns, size_t n) {
  VLS_ASSERT(n > 0 && n <= VLS_TABLE_COLUMNS);
  vls_table *table = vls_calloc(1, sizeof *table);
  *table = (vls_table){.cli = cli, .columns = columns, .n_columns = n};
  if (cli->mode == VLS_HUMAN && !cli->accessible) table->scols = new_scols(columns, n);
  return table;
}

/* "LAST SEEN" becomes "Last seen: ". */
static void put_title(vls_out *out, const char *title) {
  char text[32];
  size_t n = strnlen(title, sizeof text - 1);
  for (size_t i = 0; i < n; i++) {
    bool upper = title[i] >= 'A' && title[i] <= 'Z';
    text[i] = i > 0 && upper ? (char)(title[i] - 'A' + 'a') : title[i];
  }
  vls_out_put(out, "%.*s: ", (int)n, text);
}

/* A part of a sentence. */
static void say(vls_table *table, size_t column, vls_slice gated) {
  vls_out *out = &table->cli->out;
  if (gated.n == 0) return; /* nothing to say about this one */
  if (table->begun) vls_out_put(out, table->dotted ? " " : ". ");
  table->begun = true;
  table->dotted = gated.p[gated.n - 1] == '.';
  put_title(out, table->columns[column].title);
  vls_out_gated(out, gated);
}

static void end_sentence(vls_table *table) {
  if (!table->dotted) vls_out_put(&table->cli->out, ".");
  vls_out_end(&table->cli->out);
  table->begun = table->dotted = false;
}

static void put_gated(vls_table *table, vls_slice gated) {
  vls_out *out = &table->cli->out;
  if (table->cli->mode == VLS_TABBED) {
    if (table->at > 0) vls_out_raw(out, "\t", 1);
    vls_out_raw(out, gated.p, gated.n);
  } else if (table->scols == NULL) {
    say(table, table->at, gated);
  } else {
    size_t width = vls_gate_width(gated);
    if (width > table->width[table->at]) table->width[table->at] = width;
    if (table->at == 0) table->line = scols_table_new_line(table->scols, NULL);
    VLS_ASSERT(table->line != NULL);
    char *text = strndup(gated.n > 0 ? (const char *)gated.p : "", gated.n);
    VLS_ASSERT(text != NULL);
    int refused = scols_line_refer_data(table->line, table->at, text); /* it frees text */
    VLS_ASSERT(refused == 0);
  }
}

void vls_table_text(vls_table *table, vls_slice text) {
  vls_buf gated;
  vls_buf_init(&gated, VLS_GATE_MAX);
  vls_gate(&gated, text, table->cli->mode == VLS_TABBED ? VLS_GATE_PLAIN : VLS_GATE_LINE);
  put_gated(table, vls_buf_slice(&gated));
  vls_buf_done(&gated);
  if (++table->at < table->n_columns) return;
  table->at = 0;
  table->rows++;
  if (table->scols != NULL) return;
  if (table->cli->mode == VLS_HUMAN)
    end_sentence(table);
  else
    vls_out_end(&table->cli->out);
}

void vls_table_put(vls_table *table, const char *format, ...) {
  va_list values;
  va_start(values, format);
  char *text = vls_out_format(format, values);
  va_end(values);
  vls_table_text(table, vls_slice_str(text));
  free(text);
}

bool vls_table_for_people(const vls_table *table) {
  return table->cli->mode == VLS_HUMAN;
}

void vls_table_number(vls_table *table, uint64_t number) {
  vls_table_put(table, "%" PRIu64, number);
}

/* How many bytes of a text are so many columns wide, or less. */
static size_t prefix(vls_slice text, size_t columns) {
  size_t n = 0, width = 0;
  while (n < text.n) {
    size_t k = 1;
    while (n + k < text.n && (text.p[n + k] & 0xc0) == 0x80)
      k++;
    width += vls_gate_width((vls_slice){text.p + n, k});
    if (width > columns) break;
    n += k;
  }
  return n;
}

void vls_table_name(vls_table *table, vls_slice name) {
  size_t n = prefix(name, NAME_SHOWN);
  if (!vls_table_for_people(table) || n == name.n)
    vls_table_text(table, name);
  else
    vls_table_put(table, "%.*s...", (int)n, (const char *)name.p);
}

void vls_table_id(vls_table *table, vls_slice id) {
  if (table->cli->mode == VLS_HUMAN && id.n > ID_SHOWN + 3)
    vls_table_put(table, "%.*s...", ID_SHOWN, (const char *)id.p);
  else
    vls_table_text(table, id);
}

void vls_table_time(vls_table *table, uint64_t ms) {
  char text[VLS_WHEN_TEXT] = "";
  if (ms > 0 && ms <= INT64_MAX) {
    if (table->cli->mode == VLS_HUMAN)
      vls_when_relative(text, (int64_t)ms, vls_when_now());
    else
      vls_when_iso(text, (int64_t)ms);
  }
  vls_table_text(table, vls_slice_str(text));
}

static void hide(vls_table *table, size_t i) {
  (void)scols_column_set_flags(scols_table_get_column(table->scols, i), SCOLS_FL_HIDDEN);
  table->width[i] = 0;
}

/* What the columns need at least. */
static size_t least_width(const vls_table *table) {
  size_t sum = 0;
  for (size_t i = 0; i < table->n_columns; i++) {
    size_t width = table->width[i], title = strlen(table->columns[i].title);
    if (width == 0) continue;
    if (table->columns[i].look == VLS_COL_CUT && width > CUT_LEAST) width = CUT_LEAST;
    sum += (sum > 0 ? GAP : 0) + (width > title ? width : title);
  }
  return sum;
}

static vls_slice cell(const vls_table *table, size_t row, size_t column) {
  struct libscols_line *line = scols_table_get_line(table->scols, row);
  const char *text = scols_cell_get_data(scols_line_get_cell(line, column));
  return vls_slice_str(text != NULL ? text : "");
}

static void cut_column(vls_table *table, size_t i, size_t width) {
  for (size_t row = 0; row < table->rows; row++) {
    vls_slice whole = cell(table, row, i);
    if (vls_gate_width(whole) <= width) continue;
    char *text = NULL;
    int n = asprintf(&text, "%.*s...", (int)prefix(whole, width - 3), (const char *)whole.p);
    VLS_ASSERT(n >= 0);
    struct libscols_line *line = scols_table_get_line(table->scols, row);
    int refused = scols_line_refer_data(line, i, text); /* it frees text */
    VLS_ASSERT(refused == 0);
  }
  table->width[i] = width;
}

/* Shortens what may be shortened, the widest column first. */
static void cut(vls_table *table) {
  size_t width[VLS_TABLE_COLUMNS], sum = 0;
  for (size_t i = 0; i < table->n_columns; i++) {
    size_t title = strlen(table->columns[i].title);
    width[i] = table->width[i] == 0 || table->width[i] > title ? table->width[i] : title;
    if (width[i] > 0) sum += width[i] + (sum > 0 ? GAP : 0);
  }
  while (sum > table->cli->out.width) {
    size_t widest = table->n_columns;
    for (size_t i = 0; i < table->n_columns; i++)
      if (table->columns[i].look == VLS_COL_CUT && width[i] > CUT_LEAST &&
          (widest == table->n_columns || width[i] > width[widest]))
        widest = i;
    if (widest == table->n_columns) break;
    width[widest]--;
    sum--;
  }
  for (size_t i = 0; i < table->n_columns; i++)
    if (width[i] < table->width[i]) cut_column(table, i, width[i]);
}

/* Leaves out what says nothing, and in a narrow terminal what can be spared. False when even that
 * is too wide. */
static bool fit(vls_table *table) {
  for (size_t i = 0; i < table->n_columns; i++)
    if (table->width[i] == 0) hide(table, i);
  if (table->cli->out.width == 0) return true;
  for (size_t i = table->n_columns; i > 0 && least_width(table) > table->cli->out.width; i--)
    if (table->columns[i - 1].look == VLS_COL_SPARE) hide(table, i - 1);
  if (least_width(table) > table->cli->out.width) return false;
  cut(table);
  return true;
}

static void print_table(vls_table *table) {
  char *text = NULL;
  int refused = scols_print_table_to_string(table->scols, &text);
  VLS_ASSERT(refused == 0);
  vls_out_raw(&table->cli->out, text, strlen(text));
  if (text[0] != '\0' && text[strlen(text) - 1] != '\n') vls_out_end(&table->cli->out);
  free(text);
}

/* What no terminal of this width can show as a table is told in sentences. */
static void print_sentences(vls_table *table) {
  for (size_t row = 0; row < table->rows; row++) {
    for (size_t i = 0; i < table->n_columns; i++)
      say(table, i, cell(table, row, i));
    end_sentence(table);
  }
}

void vls_table_end(vls_table *table, const char *empty) {
  VLS_ASSERT(table->at == 0);
  if (table->rows == 0 && table->cli->mode == VLS_HUMAN && empty != NULL)
    vls_cli_note(table->cli, "%s", empty);
  if (table->scols != NULL && table->rows > 0) {
    if (fit(table))
      print_table(table);
    else
      print_sentences(table);
  }
  scols_unref_table(table->scols);
  free(table);
}

static void card_plain(vls_cli *cli, const char *title, vls_slice value) {
  vls_buf gated;
  vls_buf_init(&gated, VLS_GATE_MAX);
  vls_gate(&gated, value, VLS_GATE_PLAIN);
  vls_out_put(&cli->out, "%s", title);
  vls_out_raw(&cli->out, "\t", 1);
  vls_out_raw(&cli->out, gated.p, gated.n);
  vls_out_end(&cli->out);
  vls_buf_done(&gated);
}

static void card(vls_cli *cli, const char *title, vls_slice value) {
  if (cli->accessible) {
    vls_out_line(&cli->out, "%s: %.*s.", title, VLS_STR(value));
    return;
  }
  vls_out_styled(&cli->out, VLS_DIM, "%-*s ", CARD_TITLE, title);
  cli->out.indent = CARD_TITLE + 1;
  vls_out_text(&cli->out, value);
  vls_out_end(&cli->out);
  cli->out.indent = VLS_OUT_INDENT;
}

void vls_card_put(vls_cli *cli, const char *title, const char *format, ...) {
  va_list values;
  va_start(values, format);
  char *text = vls_out_format(format, values);
  va_end(values);
  vls_slice value = vls_slice_str(text);
  if (cli->mode == VLS_TABBED)
    card_plain(cli, title, value);
  else if (value.n > 0)
    card(cli, title, value);
  free(text);
}

void vls_card_time(vls_cli *cli, const char *title, uint64_t ms) {
  char text[VLS_WHEN_TEXT], ago[VLS_WHEN_TEXT];
  if (ms == 0 || ms > INT64_MAX) return;
  if (cli->mode == VLS_TABBED) {
    vls_when_iso(text, (int64_t)ms);
    vls_card_put(cli, title, "%s", text);
    return;
  }
  vls_when_local(text, (int64_t)ms, vls_when_now());
  vls_when_relative(ago, (int64_t)ms, vls_when_now());
  vls_card_put(cli, title, "%s (%s)", text, ago);
}
