#include "client/progress.h"

#include <inttypes.h>
#include <stdio.h>

enum { BAR_MOST = 40, BAR_LEAST = 8, BESIDE = 36 /* columns for words and numbers */ };

void vls_progress_size(char ret_text[16], uint64_t bytes) {
  static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB"};
  size_t unit = 0;
  uint64_t whole = bytes, tenths = 0;
  while (whole >= 1000 && unit + 1 < sizeof units / sizeof units[0]) {
    tenths = whole % 1000 / 100;
    whole /= 1000;
    unit++;
  }
  if (unit > 0 && whole < 10)
    snprintf(ret_text, 16, "%u.%u %s", (unsigned)whole, (unsigned)tenths, units[unit]);
  else
    snprintf(ret_text, 16, "%u %s", whole > 999999 ? 999999U : (unsigned)whole, units[unit]);
}

void vls_progress_begin(vls_progress *ret, vls_cli *cli, const char *what, uint64_t total,
                        uint64_t now_ms) {
  bool people = cli->mode == VLS_HUMAN && !cli->quiet;
  *ret = (vls_progress){.cli = cli, .what = what, .total = total, .shown_ms = now_ms};
  ret->bar = people && vls_cli_may_redraw(cli);
  ret->lines = people && !ret->bar;
}

static unsigned percent_of(const vls_progress *p, uint64_t done) {
  if (p->total == 0) return 0;
  uint64_t part = done < p->total ? done : p->total;
  return (unsigned)(p->total > UINT64_MAX / 100 ? part / (p->total / 100) : part * 100 / p->total);
}

static void draw(vls_progress *p, uint64_t done, const char *size) {
  char bar[BAR_MOST + 1], line[BAR_MOST + 2 * BESIDE];
  size_t width = p->cli->err.width;
  size_t cells = width > BESIDE + BAR_LEAST ? width - BESIDE : BAR_LEAST;
  if (cells > BAR_MOST) cells = BAR_MOST;
  unsigned percent = percent_of(p, done);
  size_t full = cells * percent / 100;
  for (size_t i = 0; i < cells; i++)
    bar[i] = i < full ? '=' : i == full ? '>' : ' ';
  bar[cells] = '\0';
  int n = p->total > 0 ? snprintf(line, sizeof line, "\r%s [%s] %3u %%  %s\033[K", p->what, bar,
                                  percent, size)
                       : snprintf(line, sizeof line, "\r%s  %s\033[K", p->what, size);
  vls_out_raw(&p->cli->err, line, n < (int)sizeof line ? (size_t)n : sizeof line - 1);
  (void)fflush(p->cli->err.file);
  p->drawn = true;
}

void vls_progress_at(vls_progress *p, uint64_t done, uint64_t bytes, uint64_t now_ms) {
  char size[16];
  uint64_t between = p->bar ? VLS_PROGRESS_DRAW_MS : VLS_PROGRESS_LINE_MS;
  if ((!p->bar && !p->lines) || now_ms < p->shown_ms + between) return;
  p->shown_ms = now_ms;
  vls_progress_size(size, bytes);
  if (p->bar)
    draw(p, done, size);
  else if (p->total > 0)
    vls_cli_note(p->cli, "%s: %u %%, %s", p->what, percent_of(p, done), size);
  else
    vls_cli_note(p->cli, "%s: %s", p->what, size);
}

void vls_progress_end(vls_progress *p) {
  if (p->drawn) vls_out_raw(&p->cli->err, "\r\033[K", 4);
  (void)fflush(p->cli->err.file);
  p->drawn = false;
}
