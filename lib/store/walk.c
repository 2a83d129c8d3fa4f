#include "store/walk.h"

#include <stdlib.h>

#include "base/assert.h"

enum {
  FILE_HEAD = 100,
  TABLE_LEAF = 0x0d,
  TABLE_INTERIOR = 0x05,
  INDEX_LEAF = 0x0a,
  INDEX_INTERIOR = 0x02,
  VARINT_MAX = 9,
};

/* --- which pages --- */

uint8_t *vls_walk_seen(const vls_pages *pages) {
  return vls_calloc((size_t)vls_pages_count(pages) / 8 + 1, 1);
}

bool vls_walk_has_seen(const uint8_t *seen, uint32_t page) {
  return (seen[page / 8] >> (page % 8) & 1) != 0;
}

/* False when it was seen before, or is none. */
static bool mark(const vls_pages *pages, uint8_t *seen, uint32_t page) {
  if (page == 0 || page > vls_pages_count(pages) || vls_walk_has_seen(seen, page)) return false;
  seen[page / 8] = (uint8_t)(seen[page / 8] | 1u << (page % 8));
  return true;
}

static void push(vls_walk *w, uint32_t page) {
  if (w->depth == w->cap) {
    w->cap = w->cap == 0 ? 64 : w->cap * 2;
    VLS_ASSERT(w->cap / 2 <= vls_pages_count(w->pages) || w->cap == 64);
    w->stack = vls_realloc(w->stack, w->cap * sizeof *w->stack);
  }
  w->stack[w->depth++] = page;
}

/* A page may be pointed to twice by damage: it belongs to whoever came first. */
static void add_child(vls_walk *w, uint32_t page) {
  if (mark(w->pages, w->seen, page))
    push(w, page);
  else
    w->lost_pages++;
}

static bool is_leaf(uint8_t kind) {
  return kind == TABLE_LEAF || kind == INDEX_LEAF;
}

/* Where cell i begins; 0 when that is nowhere on the page. */
static size_t cell_at(const vls_walk *w, unsigned i) {
  size_t pointers = w->head + (is_leaf(w->kind) ? 8 : 12);
  size_t at = vls_be16_get(w->page + pointers + 2 * (size_t)i);
  return at >= pointers + 2 * (size_t)w->cells && at < vls_pages_usable(w->pages) ? at : 0;
}

/* The page in w->page, as a node of this tree. */
static bool read_node(vls_walk *w, uint32_t page) {
  if (!vls_pages_get(w->pages, page, w->page)) return false;
  w->head = page == 1 ? FILE_HEAD : 0;
  w->kind = w->page[w->head];
  bool fits = w->is_index ? w->kind == INDEX_LEAF || w->kind == INDEX_INTERIOR
                          : w->kind == TABLE_LEAF || w->kind == TABLE_INTERIOR;
  w->cells = vls_be16_get(w->page + w->head + 3);
  w->cell = 0;
  return fits && w->head + 12 + 2 * (size_t)w->cells <= vls_pages_usable(w->pages);
}

/* The left children, and the right one. */
static void add_children(vls_walk *w) {
  unsigned usable = vls_pages_usable(w->pages);
  add_child(w, vls_be32_get(w->page + w->head + 8));
  for (unsigned i = w->cells; i-- > 0;) {
    size_t at = cell_at(w, i);
    if (at != 0 && at + 4 <= usable)
      add_child(w, vls_be32_get(w->page + at));
    else
      w->lost_pages++;
  }
}

static bool next_page(vls_walk *w) {
  while (w->depth > 0) {
    if (!read_node(w, w->stack[--w->depth])) {
      w->lost_pages++;
      continue;
    }
    if (!is_leaf(w->kind)) add_children(w);
    if (w->kind != TABLE_INTERIOR) return true; /* else it has no rows of its own */
  }
  return false;
}

static void init(vls_walk *w, vls_pages *pages, uint8_t *seen, bool is_index) {
  memset(w, 0, sizeof *w);
  w->pages = pages;
  w->seen = seen;
  w->is_index = is_index;
  vls_buf_init(&w->payload, VLS_TREE_ROW_MAX);
}

void vls_walk_init(vls_walk *w, vls_pages *pages, uint8_t *seen, uint32_t root, bool is_index) {
  init(w, pages, seen, is_index);
  add_child(w, root);
}

bool vls_walk_init_leaf(vls_walk *w, vls_pages *pages, uint8_t *seen, uint32_t page) {
  init(w, pages, seen, false);
  if (!vls_pages_get(pages, page, w->page)) return false;
  w->is_index = w->page[0] == INDEX_LEAF;
  if (!is_leaf(w->page[0]) || !read_node(w, page) || w->cells == 0) return false;
  w->has_page = true;
  return true;
}

void vls_walk_done(vls_walk *w) {
  free(w->stack);
  vls_buf_done(&w->payload);
  vls_wipe(w, sizeof *w);
}

/* --- one row --- */

/* Bytes used; 0 when it does not end before n. */
static size_t get_varint(const uint8_t *p, size_t n, uint64_t *ret) {
  uint64_t v = 0;
  for (size_t i = 0; i < n && i < VARINT_MAX; i++) {
    if (i == VARINT_MAX - 1) {
      *ret = v << 8 | p[i];
      return VARINT_MAX;
    }
    v = v << 7 | (p[i] & 0x7f);
    if (p[i] < 0x80) {
      *ret = v;
      return i + 1;
    }
  }
  return 0;
}

/* How much of a payload is on the page itself; the rest is on overflow pages. */
static size_t local_size(const vls_walk *w, uint64_t size) {
  size_t u = vls_pages_usable(w->pages);
  size_t most = w->is_index ? (u - 12) * 64 / 255 - 23 : u - 35;
  size_t least = (u - 12) * 32 / 255 - 23;
  if (size <= most) return (size_t)size;
  size_t k = least + (size_t)(size - least) % (u - 4);
  return k <= most ? k : least;
}

/* Appends what is on overflow pages. */
static bool get_rest(vls_walk *w, uint32_t page, size_t size) {
  uint8_t bytes[VLS_PAGE];
  size_t room = vls_pages_usable(w->pages) - 4;
  while (w->payload.n < size) {
    size_t take = size - w->payload.n < room ? size - w->payload.n : room;
    if (!mark(w->pages, w->seen, page) || !vls_pages_get(w->pages, page, bytes) ||
        vls_buf_put(&w->payload, bytes + 4, take) != VLS_OK)
      return false;
    page = vls_be32_get(bytes);
  }
  return page == 0;
}

/* The payload of cell i in w->payload. */
static bool get_payload(vls_walk *w, unsigned i, int64_t *ret_rowid) {
  size_t at = cell_at(w, i), usable = vls_pages_usable(w->pages), used;
  uint64_t size, rowid = 0;
  vls_buf_clear(&w->payload);
  if (at == 0) return false;
  if (w->kind == INDEX_INTERIOR) at += 4;
  used = at < usable ? get_varint(w->page + at, usable - at, &size) : 0;
  if (used == 0 || size > VLS_TREE_ROW_MAX) return false;
  at += used;
  if (w->kind == TABLE_LEAF) {
    used = at < usable ? get_varint(w->page + at, usable - at, &rowid) : 0;
    if (used == 0) return false;
    at += used;
  }
  *ret_rowid = (int64_t)rowid;
  size_t local = local_size(w, size), end = at + local;
  if (end + (local < size ? 4 : 0) > usable) return false;
  if (vls_buf_put(&w->payload, w->page + at, local) != VLS_OK) return false;
  return local == size || get_rest(w, vls_be32_get(w->page + end), (size_t)size);
}

static const uint8_t int_sizes[] = {0, 1, 2, 3, 4, 6, 8};

/* The value of a serial type at p, of which n bytes are left; *ret_n: how many it takes. */
static bool get_value(uint64_t type, const uint8_t *p, size_t n, vls_value *ret, size_t *ret_n) {
  *ret = (vls_value){0};
  *ret_n = 0;
  if (type == 0) return true;
  if (type == 8 || type == 9) {
    *ret = (vls_value){.kind = VLS_VALUE_INT, .n = type == 9};
    return true;
  }
  if (type >= 12) {
    uint64_t size = (type - 12) / 2;
    if (size > n) return false;
    ret->kind = type % 2 == 0 ? VLS_VALUE_BLOB : VLS_VALUE_TEXT;
    ret->bytes = vls_slice_of(p, (size_t)size);
    *ret_n = (size_t)size;
    return true;
  }
  if (type > 7) return false;
  size_t size = type == 7 ? 8 : int_sizes[type];
  if (size > n) return false;
  ret->kind = type == 7 ? VLS_VALUE_REAL : VLS_VALUE_INT;
  uint64_t v = (p[0] & 0x80) != 0 ? UINT64_MAX : 0;
  for (size_t i = 0; i < size; i++)
    v = v << 8 | p[i];
  memcpy(&ret->n, &v, sizeof v);
  *ret_n = size;
  return true;
}

static bool get_row(vls_slice payload, vls_tree_row *ret) {
  uint64_t head, type;
  size_t at = get_varint(payload.p, payload.n, &head);
  if (at == 0 || head > payload.n || head < at) return false;
  size_t body = (size_t)head, used;
  for (ret->n = 0; at < head; ret->n++) {
    size_t n = get_varint(payload.p + at, (size_t)head - at, &type);
    if (n == 0 || ret->n == VLS_ROW_COLUMNS) return false;
    if (!get_value(type, payload.p + body, payload.n - body, &ret->value[ret->n], &used))
      return false;
    at += n;
    body += used;
  }
  return body == payload.n;
}

bool vls_walk_next(vls_walk *w, vls_tree_row *ret) {
  while (w->has_page || next_page(w)) {
    w->has_page = true;
    while (w->cell < w->cells) {
      if (get_payload(w, w->cell++, &ret->rowid) && get_row(vls_buf_slice(&w->payload), ret))
        return true;
      w->lost_cells++;
    }
    w->has_page = false;
  }
  return false;
}

/* --- free pages --- */

void vls_walk_free_list(vls_pages *pages, uint8_t *seen) {
  uint8_t page[VLS_PAGE];
  if (!vls_pages_get(pages, 1, page)) return;
  uint32_t trunk = vls_be32_get(page + 32);
  while (mark(pages, seen, trunk) && vls_pages_get(pages, trunk, page)) {
    uint32_t n = vls_be32_get(page + 4);
    for (uint32_t i = 0; i < n && 8 + 4 * ((size_t)i + 1) <= vls_pages_usable(pages); i++)
      mark(pages, seen, vls_be32_get(page + 8 + 4 * (size_t)i));
    trunk = vls_be32_get(page);
  }
}
