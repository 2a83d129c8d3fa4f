/* SQLite's memory, wiped when it is given back: its pages, cells and texts are what the disk holds
 * only sealed. The size of a block stands before it, as in SQLite's own allocator. */
#include <stdlib.h>

#include "store/sql.h"

enum { HEAD = 8 };

static void *m_malloc(int n) {
  size_t size = (size_t)n;
  uint8_t *p = malloc(size + HEAD);
  if (p == NULL) return NULL;
  memcpy(p, &size, sizeof size);
  return p + HEAD;
}

static int m_size(void *p) {
  size_t size;
  if (p == NULL) return 0;
  memcpy(&size, (uint8_t *)p - HEAD, sizeof size);
  return (int)size;
}

static void m_free(void *p) {
  if (p == NULL) return;
  vls_wipe(p, (size_t)m_size(p));
  free((uint8_t *)p - HEAD);
}

static void *m_realloc(void *p, int n) {
  void *moved = m_malloc(n);
  int size = m_size(p);
  if (moved == NULL) return NULL;
  memcpy(moved, p, (size_t)(size < n ? size : n));
  m_free(p);
  return moved;
}

static int m_roundup(int n) {
  return (n + 7) & ~7;
}

static int m_init(void *unused) {
  (void)unused;
  return SQLITE_OK;
}

static void m_shutdown(void *unused) {
  (void)unused;
}

void vls_sql_memory(void) {
  static const sqlite3_mem_methods methods = {
      .xMalloc = m_malloc,
      .xFree = m_free,
      .xRealloc = m_realloc,
      .xSize = m_size,
      .xRoundup = m_roundup,
      .xInit = m_init,
      .xShutdown = m_shutdown,
  };
  /* Refused once SQLite has begun, and then it has been done. */
  sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
}
