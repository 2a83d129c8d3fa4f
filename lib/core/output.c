/* Outputs: staged during a batch, ready once it is on disk. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "core/core_int.h"

enum { KEEP_OUTPUTS = 128 }; /* room an empty queue may keep after a burst */

static vls_out_entry *push(vls_out_queue *q) {
  if (q->at == q->n) q->at = q->n = 0;
  if (q->n == q->cap) {
    VLS_ASSERT(q->cap < VLS_OUTPUTS_MAX);
    q->cap = q->cap == 0 ? 16 : q->cap * 2;
    q->items = vls_realloc(q->items, q->cap * sizeof *q->items);
  }
  vls_out_entry *e = &q->items[q->n++];
  *e = (vls_out_entry){0};
  return e;
}

vls_out_entry *vls_out_stage(vls_core *core, vls_output_type type) {
  vls_out_entry *e = push(&core->staged);
  e->type = type;
  vls_buf_init(&e->bytes, VLS_LINK_OUT_MAX);
  return e;
}

static void shrink(vls_out_queue *q) {
  if (q->at < q->n || q->cap <= KEEP_OUTPUTS) return;
  free(q->items);
  *q = (vls_out_queue){0};
}

void vls_out_release(vls_core *core) {
  for (size_t i = core->staged.at; i < core->staged.n; i++)
    *push(&core->ready) = core->staged.items[i];
  core->staged.at = core->staged.n = 0;
  shrink(&core->staged);
}

static void done(vls_out_entry *e) {
  vls_buf_done(&e->bytes);
  free(e->list);
  e->list = NULL;
}

void vls_out_revoke(vls_core *core, vls_err why) {
  for (size_t i = core->staged.at; i < core->staged.n; i++) {
    vls_out_entry *e = &core->staged.items[i];
    if (e->type == VLS_OUT_REPLY) {
      vls_command_revoke(e, why);
      *push(&core->ready) = *e;
    } else {
      done(e);
    }
  }
  core->staged.at = core->staged.n = 0;
}

void vls_out_free(vls_out_queue *q) {
  for (size_t i = q->at; i < q->n; i++)
    done(&q->items[i]);
  free(q->items);
  *q = (vls_out_queue){0};
}

bool vls_core_poll(vls_core *core, vls_output *ret_out) {
  done(&core->polled);
  shrink(&core->ready);
  if (core->ready.at == core->ready.n) return false;
  core->polled = core->ready.items[core->ready.at++];
  const vls_out_entry *e = &core->polled;
  *ret_out = (vls_output){.type = e->type,
                          .link = e->link,
                          .client = e->client,
                          .list = e->list,
                          .n_list = e->n_list,
                          .level = e->level};
  if (e->type == VLS_OUT_LOG)
    ret_out->text = vls_buf_slice(&e->bytes);
  else
    ret_out->bytes = vls_buf_slice(&e->bytes);
  return true;
}

void vls_core_log(vls_core *core, vls_level level, const char *format, ...) {
  char line[512];
  va_list args;
  va_start(args, format);
  int n = vsnprintf(line, sizeof line, format, args);
  va_end(args);
  if (n < 0) return;
  vls_out_entry *e = vls_out_stage(core, VLS_OUT_LOG);
  e->level = level;
  size_t len = (size_t)n < sizeof line ? (size_t)n : sizeof line - 1;
  vls_err err = vls_buf_put(&e->bytes, line, len);
  VLS_ASSERT(err == VLS_OK);
}

void vls_core_escape(char *out, size_t max, vls_slice text) {
  size_t at = 0;
  for (size_t i = 0; i < text.n && at + 5 < max; i++) {
    uint8_t c = text.p[i];
    if (c >= ' ' && c < 0x7f && c != '\\' && c != '"')
      out[at++] = (char)c;
    else
      at += (size_t)snprintf(out + at, max - at, "\\x%02x", c);
  }
  out[at] = '\0';
}
