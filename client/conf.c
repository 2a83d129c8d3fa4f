#include "client/conf.h"

#include <string.h>

typedef enum kind { BLANK, COMMENT, SECTION, PAIR, FURTHER } kind;

typedef struct line {
  vls_slice all; /* with its newline */
  kind kind;
  vls_slice name; /* of a section or a pair */
} line;

static vls_slice trim(vls_slice s) {
  while (s.n > 0 && strchr(" \t\r\n", s.p[0]) != NULL)
    s = (vls_slice){s.p + 1, s.n - 1};
  while (s.n > 0 && strchr(" \t\r\n", s.p[s.n - 1]) != NULL)
    s.n--;
  return s;
}

static line take_line(vls_slice *rest) {
  const uint8_t *end = memchr(rest->p, '\n', rest->n);
  size_t n = end == NULL ? rest->n : (size_t)(end - rest->p) + 1;
  line l = {.all = {rest->p, n}};
  *rest = (vls_slice){rest->p + n, rest->n - n};
  vls_slice text = trim(l.all);
  if (text.n == 0)
    l.kind = BLANK;
  else if (text.p[0] == '#' || text.p[0] == ';')
    l.kind = COMMENT;
  else if (l.all.p[0] == ' ' || l.all.p[0] == '\t')
    l.kind = FURTHER;
  else if (text.p[0] == '[') {
    const uint8_t *close = memchr(text.p, ']', text.n);
    l.kind = SECTION;
    l.name = trim((vls_slice){text.p + 1, close == NULL ? 0 : (size_t)(close - text.p) - 1});
  } else {
    size_t k = 0;
    while (k < text.n && text.p[k] != '=' && text.p[k] != ':')
      k++;
    l.kind = PAIR;
    l.name = trim((vls_slice){text.p, k});
  }
  return l;
}

/* " ; why" at the end of a pair. */
static vls_slice comment_of(vls_slice text) {
  for (size_t i = 1; i < text.n; i++)
    if (text.p[i] == ';' && (text.p[i - 1] == ' ' || text.p[i - 1] == '\t'))
      return trim((vls_slice){text.p + i, text.n - i});
  return (vls_slice){0};
}

static bool may_stand(const char *value) {
  for (const char *c = value; *c != '\0'; c++) {
    if ((unsigned char)*c < 0x20 || *c == 0x7f) return false;
    if (*c == ';' && (c == value || c[-1] == ' ')) return false;
  }
  return true;
}

static vls_err put_str(vls_buf *out, const char *s) {
  return vls_buf_put_slice(out, vls_slice_str(s));
}

static vls_err put_pair(vls_buf *out, const char *name, const char *value, vls_slice comment) {
  vls_err err = put_str(out, name);
  if (err == VLS_OK) err = put_str(out, value[0] == '\0' ? " =" : " = ");
  if (err == VLS_OK) err = put_str(out, value);
  if (err == VLS_OK && comment.n > 0) err = put_str(out, " ");
  if (err == VLS_OK) err = vls_buf_put_slice(out, comment);
  return err == VLS_OK ? put_str(out, "\n") : err;
}

/* Where a key that is not there yet belongs: behind the last line of the section that says
 * something. 0 when there is no such section. */
static size_t section_end(vls_slice file, vls_slice section) {
  vls_slice rest = file;
  bool inside = false;
  size_t end = 0;
  while (rest.n > 0) {
    line l = take_line(&rest);
    if (l.kind == SECTION) inside = vls_slice_eq(l.name, section);
    if (inside && l.kind != BLANK) end = file.n - rest.n;
  }
  return end;
}

static bool has_pair(vls_slice file, vls_slice section, vls_slice name) {
  bool inside = false;
  while (file.n > 0) {
    line l = take_line(&file);
    if (l.kind == SECTION) inside = vls_slice_eq(l.name, section);
    if (inside && l.kind == PAIR && vls_slice_eq(l.name, name)) return true;
  }
  return false;
}

/* The key is there: its first line is replaced, every other one goes. */
static vls_err replace(vls_slice file, vls_slice section, const char *name, const char *value,
                       vls_buf *out) {
  bool inside = false, ours = false, done = false;
  vls_err err = VLS_OK;
  while (file.n > 0 && err == VLS_OK) {
    line l = take_line(&file);
    if (l.kind == SECTION) inside = vls_slice_eq(l.name, section);
    if (l.kind == SECTION || l.kind == PAIR)
      ours = inside && l.kind == PAIR && vls_slice_eq(l.name, vls_slice_str(name));
    bool goes = ours && (l.kind == PAIR || l.kind == FURTHER);
    if (!goes) {
      err = vls_buf_put_slice(out, l.all);
    } else if (!done && value != NULL) {
      err = put_pair(out, name, value, comment_of(l.all));
      done = true;
    }
  }
  return err;
}

static vls_err insert(vls_slice file, vls_slice section, const char *name, const char *value,
                      vls_buf *out) {
  size_t at = section_end(file, section);
  size_t head = at > 0 ? at : file.n;
  vls_err err = vls_buf_put(out, file.p, head);
  if (err == VLS_OK && head > 0 && file.p[head - 1] != '\n') err = put_str(out, "\n");
  if (at == 0) {
    if (err == VLS_OK && head > 0) err = put_str(out, "\n");
    if (err == VLS_OK) err = put_str(out, "[");
    if (err == VLS_OK) err = vls_buf_put_slice(out, section);
    if (err == VLS_OK) err = put_str(out, "]\n");
  }
  if (err == VLS_OK) err = put_pair(out, name, value, (vls_slice){0});
  if (err == VLS_OK && head < file.n) err = vls_buf_put(out, file.p + head, file.n - head);
  return err;
}

vls_err vls_conf_set(vls_slice file, const char *section, const char *name, const char *value,
                     vls_buf *out) {
  vls_slice s = vls_slice_str(section);
  if (value != NULL && !may_stand(value)) return VLS_USAGE;
  if (has_pair(file, s, vls_slice_str(name))) return replace(file, s, name, value, out);
  if (value == NULL) return vls_buf_put_slice(out, file);
  return insert(file, s, name, value, out);
}
