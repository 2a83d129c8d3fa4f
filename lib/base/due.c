#include "base/due.h"

#include <stdlib.h>

#include "valise/types.h"

#include "base/buf.h"

static void settle(vls_dues *dues, size_t i, vls_due *due) {
  dues->list[i] = due;
  due->place = i + 1;
}

static void rise(vls_dues *dues, size_t i, vls_due *due) {
  for (; i > 0 && due->at < dues->list[(i - 1) / 2]->at; i = (i - 1) / 2)
    settle(dues, i, dues->list[(i - 1) / 2]);
  settle(dues, i, due);
}

static void sink(vls_dues *dues, size_t i, vls_due *due) {
  for (size_t child; (child = 2 * i + 1) < dues->n; i = child) {
    if (child + 1 < dues->n && dues->list[child + 1]->at < dues->list[child]->at) child++;
    if (due->at <= dues->list[child]->at) break;
    settle(dues, i, dues->list[child]);
  }
  settle(dues, i, due);
}

static void move(vls_dues *dues, size_t i, vls_due *due) {
  if (i > 0 && due->at < dues->list[(i - 1) / 2]->at)
    rise(dues, i, due);
  else
    sink(dues, i, due);
}

static void take_out(vls_dues *dues, vls_due *due) {
  size_t i = due->place - 1;
  vls_due *last = dues->list[--dues->n];
  due->place = 0;
  if (last != due) move(dues, i, last);
}

void vls_due_set(vls_dues *dues, vls_due *due, uint64_t at) {
  due->at = at;
  if (at == VLS_NEVER) {
    if (due->place != 0) take_out(dues, due);
    return;
  }
  if (due->place != 0) {
    move(dues, due->place - 1, due);
    return;
  }
  if (dues->n == dues->cap) {
    dues->cap = dues->cap == 0 ? 16 : dues->cap * 2;
    dues->list = vls_realloc(dues->list, dues->cap * sizeof(vls_due *));
  }
  rise(dues, dues->n++, due);
}

void vls_due_by(vls_dues *dues, vls_due *due, uint64_t at) {
  if (due->place == 0 || at < due->at) vls_due_set(dues, due, at);
}

vls_due *vls_due_take(vls_dues *dues, uint64_t now) {
  if (dues->n == 0 || dues->list[0]->at > now) return NULL;
  vls_due *due = dues->list[0];
  take_out(dues, due);
  return due;
}

uint64_t vls_due_next(const vls_dues *dues) {
  return dues->n == 0 ? VLS_NEVER : dues->list[0]->at;
}

void vls_dues_done(vls_dues *dues) {
  free(dues->list);
  *dues = (vls_dues){0};
}
