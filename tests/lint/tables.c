/* valise_tables peer | rpc | backup | group | dict: the field tables of peer.md and its sisters in
 * Markdown, and the dictionary of the fuzz targets, from the tables the codec itself reads. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proto/group.h"
#include "proto/peer.h"
#include "proto/rpc.h"

static const vls_wire_def *const peer_defs[] = {
#include "proto/def_list.h"
#include "proto/peer.def"
#include "proto/def_end.h"
};

static const vls_wire_def *const rpc_defs[] = {
#include "proto/def_list.h"
#include "proto/rpc.def"
#include "proto/def_end.h"
};

static const vls_wire_def *const backup_defs[] = {
#include "proto/def_list.h"
#include "proto/backup.def"
#include "proto/def_end.h"
};

static const vls_wire_def *const group_defs[] = {
#include "proto/def_list.h"
#include "proto/group.def"
#include "proto/def_end.h"
};

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
static const struct {
  const char *name;
  const vls_wire_def *const *defs;
  size_t n;
} documents[] = {{"peer", peer_defs, COUNT(peer_defs)},
                 {"rpc", rpc_defs, COUNT(rpc_defs)},
                 {"backup", backup_defs, COUNT(backup_defs)},
                 {"group", group_defs, COUNT(group_defs)}};

static void print_number(uint64_t v) {
  if (v == UINT64_MAX)
    printf("2^64-1");
  else if (v == INT64_MAX)
    printf("2^63-1");
  else if (v == INT64_MAX / 2)
    printf("2^62-1");
  else if (v == UINT32_MAX)
    printf("2^32-1");
  else
    printf("%" PRIu64, v);
}

static void print_range(uint64_t min, uint64_t max) {
  print_number(min);
  if (min == max) return;
  printf("..");
  print_number(max);
}

static void print_bound(const vls_field *f) {
  switch (f->type) {
  case VLS_F_UINT: print_range(f->min, f->max); return;
  case VLS_F_BOOL:
  case VLS_F_SUB: return;
  case VLS_F_FIX:
  case VLS_F_BIN:
  case VLS_F_STR: print_range(f->min, f->max), printf(" bytes"); return;
  case VLS_F_SUBS: print_range(f->min, f->max); return;
  case VLS_F_FIXES: print_range(f->min, f->max), printf(" of %zu bytes", f->each); return;
  case VLS_F_STRS: print_range(f->min, f->max), printf(" of 0..%zu bytes", f->each); return;
  }
}

static void print_type(const vls_field *f) {
  switch (f->type) {
  case VLS_F_UINT: printf("whole number"); return;
  case VLS_F_BOOL: printf("true or false"); return;
  case VLS_F_FIX:
  case VLS_F_BIN: printf("binary"); return;
  case VLS_F_STR: printf("text"); return;
  case VLS_F_SUB: printf("`%s`", f->sub->name); return;
  case VLS_F_SUBS: printf("list of `%s`", f->sub->name); return;
  case VLS_F_FIXES: printf("list of binary"); return;
  case VLS_F_STRS: printf("list of text"); return;
  }
}

static void print_table(const vls_wire_def *def) {
  printf("### `%s`\n\n", def->name);
  printf("Clause %s. %s of %zu field%s, at most %zu bytes.\n\n", def->clause,
         def->shape == VLS_ARRAY ? "Array" : "Map", def->n_fields, def->n_fields == 1 ? "" : "s",
         def->max_bytes);
  printf("| Field | Type | Bound | Meaning |\n|---|---|---|---|\n");
  for (size_t k = 0; k < def->n_fields; k++) {
    const vls_field *f = &def->fields[k];
    printf("| `%s` | ", f->name);
    print_type(f);
    printf("%s | ", f->optional ? ", optional" : "");
    print_bound(f);
    printf(" | ");
    for (const char *c = f->doc; *c != '\0'; c++)
      printf(*c == '|' ? "\\%c" : "%c", *c);
    printf(" |\n");
  }
  printf("\n");
}

/* One entry in libFuzzer's form: the bytes, printable ones as they are. */
static void print_entry(const uint8_t *p, size_t n) {
  putchar('"');
  for (size_t i = 0; i < n; i++)
    if (p[i] >= ' ' && p[i] <= '~' && p[i] != '"' && p[i] != '\\')
      putchar(p[i]);
    else
      printf("\\x%02x", p[i]);
  printf("\"\n");
}

static void print_head(uint8_t type, unsigned width, uint64_t v) {
  uint8_t p[9] = {type};
  for (unsigned i = 0; i < width; i++)
    p[1 + i] = (uint8_t)(v >> 8 * (width - 1 - i));
  print_entry(p, 1 + width);
}

/* The heads that open a field at its bound, and one past it. */
static void print_heads(const vls_field *f) {
  for (uint64_t v = f->max; v != f->max + 2; v++) {
    if (f->type == VLS_F_UINT && v > UINT32_MAX)
      print_head(0xcf, 8, v);
    else if (f->type == VLS_F_UINT && v > 127)
      print_head(0xce, 4, v);
    else if (f->type == VLS_F_FIX || f->type == VLS_F_BIN)
      print_head(v < 256 ? 0xc4 : 0xc5, v < 256 ? 1 : 2, v);
    else if (f->type == VLS_F_STR && v > 31)
      print_head(v < 256 ? 0xd9 : 0xda, v < 256 ? 1 : 2, v);
    else if (v < 16)
      print_head((uint8_t)(0x90 | v), 0, 0);
  }
}

static void print_dict(const vls_wire_def *def) {
  printf("# %s\n", def->name);
  print_head((uint8_t)((def->shape == VLS_ARRAY ? 0x90 : 0x80) | (def->n_fields & 15)), 0, 0);
  for (size_t k = 0; k < def->n_fields; k++) {
    const vls_field *f = &def->fields[k];
    uint8_t key[1 + 31] = {(uint8_t)(0xa0 | strlen(f->name))};
    memcpy(key + 1, f->name, strlen(f->name));
    if (def->shape == VLS_MAP) print_entry(key, 1 + strlen(f->name));
    print_heads(f);
  }
}

int main(int argc, char **argv) {
  const char *what = argc == 2 ? argv[1] : "";
  bool dict = strcmp(what, "dict") == 0, known = dict;
  for (size_t i = 0; i < COUNT(documents); i++) {
    if (!dict && strcmp(what, documents[i].name) != 0) continue;
    known = true;
    for (size_t d = 0; d < documents[i].n; d++)
      dict ? print_dict(documents[i].defs[d]) : print_table(documents[i].defs[d]);
  }
  if (known) return 0;
  fprintf(stderr, "usage: valise_tables peer|rpc|backup|group|dict\n");
  return 2;
}
