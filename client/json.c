#include "client/json.h"

#include <stdlib.h>

#include "base/assert.h"
#include "client/frame.h"

/* Text as JSON holds it: UTF-8. What is not becomes visible before jansson could refuse it. */
static json_t *text_of(vls_slice text) {
  if (text.n == 0) return json_string("");
  json_t *value = json_stringn((const char *)text.p, text.n);
  if (value != NULL) return value;
  vls_buf gated;
  vls_buf_init(&gated, VLS_GATE_MAX);
  vls_gate(&gated, text, VLS_GATE_BODY);
  value = json_stringn((const char *)gated.p, gated.n);
  vls_buf_done(&gated);
  VLS_ASSERT(value != NULL);
  return value;
}

/* Beyond what jansson's integers hold a number is written as text. */
static json_t *number_of(uint64_t number) {
  char text[24];
  if (number <= INT64_MAX) return json_integer((json_int_t)number);
  (void)snprintf(text, sizeof text, "%llu", (unsigned long long)number);
  return json_string(text);
}

static void set(json_t *object, const char *key, json_t *value) {
  int refused = json_object_set_new(object, key, value);
  VLS_ASSERT(refused == 0);
}

json_t *vls_json_new(void) {
  json_t *object = json_object();
  VLS_ASSERT(object != NULL);
  set(object, "v", json_integer(1));
  return object;
}

void vls_json_add_text(json_t *object, const char *key, vls_slice text) {
  set(object, key, text_of(text));
}

void vls_json_add_number(json_t *object, const char *key, uint64_t number) {
  set(object, key, number_of(number));
}

static json_t *texts_of(const vls_field *f, const uint8_t *msg) {
  size_t n;
  memcpy(&n, msg + f->count, sizeof n);
  json_t *list = json_array();
  VLS_ASSERT(list != NULL);
  for (size_t i = 0; i < n; i++) {
    vls_slice s;
    memcpy(&s, msg + f->at + i * sizeof s, sizeof s);
    int refused = json_array_append_new(list, text_of(s));
    VLS_ASSERT(refused == 0);
  }
  return list;
}

static json_t *field_of(const vls_field *f, const uint8_t *msg) {
  switch (f->type) {
  case VLS_F_UINT: {
    uint64_t v;
    memcpy(&v, msg + f->at, sizeof v);
    return number_of(v);
  }
  case VLS_F_BOOL: {
    bool v;
    memcpy(&v, msg + f->at, sizeof v);
    return json_boolean(v);
  }
  case VLS_F_STR: {
    vls_slice s;
    memcpy(&s, msg + f->at, sizeof s);
    return text_of(s);
  }
  case VLS_F_STRS: return texts_of(f, msg);
  case VLS_F_FIX:
  case VLS_F_BIN:
  case VLS_F_SUB:
  case VLS_F_SUBS:
  case VLS_F_FIXES: break;
  }
  return NULL; /* the client contract has none of these */
}

void vls_json_add(json_t *object, const vls_wire_def *def, const void *msg) {
  const uint8_t *bytes = msg;
  for (size_t i = 0; i < def->n_fields; i++) {
    const vls_field *f = &def->fields[i];
    bool has = true;
    if (f->optional) memcpy(&has, bytes + f->has, sizeof has);
    json_t *value = has ? field_of(f, bytes) : NULL;
    if (value != NULL) set(object, f->name, value);
  }
}

void vls_json_line(vls_buf *out, const json_t *value, size_t flags) {
  char *text = json_dumps(value, flags | JSON_ENCODE_ANY);
  VLS_ASSERT(text != NULL);
  vls_gate_json(out, vls_slice_str(text));
  vls_err err = vls_buf_put(out, "\n", 1);
  VLS_ASSERT(err == VLS_OK);
  free(text);
}

void vls_json_print(vls_out *out, json_t *value, bool indented) {
  vls_buf line;
  vls_buf_init(&line, VLS_GATE_MAX);
  vls_json_line(&line, value, indented ? JSON_INDENT(2) : JSON_COMPACT);
  vls_out_raw(out, line.p, line.n);
  vls_buf_done(&line);
  json_decref(value);
}

void vls_json_show(vls_out *out, const vls_wire_def *def, const void *msg) {
  json_t *object = vls_json_new();
  vls_json_add(object, def, msg);
  vls_json_print(out, object, false);
}

static json_t *list_from(vls_items *items) {
  json_t *list = json_array();
  vls_slice item;
  while (vls_items_next(items, &item)) {
    if (json_array_append_new(list, vls_json_from_wire(item)) == 0) continue;
    json_decref(list);
    return NULL;
  }
  return list;
}

static json_t *object_from(vls_items *items) {
  json_t *object = json_object();
  vls_slice key, value, text;
  while (vls_items_next(items, &key) && vls_items_next(items, &value)) {
    char *name =
        vls_wire_get_str(key, &text) == VLS_OK ? strndup((const char *)text.p, text.n) : NULL;
    int refused = json_object_set_new(object, name, vls_json_from_wire(value));
    free(name);
    if (refused == 0) continue;
    json_decref(object);
    return NULL;
  }
  return object;
}

/* Calls itself no deeper than VLS_WIRE_DEPTH: the scan has refused what is deeper. */
json_t *vls_json_from_wire(vls_slice value) {
  uint64_t number;
  vls_slice text;
  vls_items items;
  if (vls_wire_is_nil(value)) return json_null();
  if (value.n == 1 && (value.p[0] == 0xc2 || value.p[0] == 0xc3))
    return json_boolean(value.p[0] & 1);
  if (vls_wire_get_uint(value, &number) == VLS_OK) return number_of(number);
  if (vls_wire_get_str(value, &text) == VLS_OK) return text_of(text);
  if (vls_items_init(&items, value) == VLS_OK) return list_from(&items);
  if (vls_items_init_map(&items, value) == VLS_OK) return object_from(&items);
  return NULL;
}

static vls_err to_wire(json_t *value, vls_buf *out, unsigned depth);

static vls_err map_to_wire(json_t *object, vls_buf *out, unsigned depth) {
  const char *key;
  json_t *item;
  vls_err err = vls_pack_map(out, json_object_size(object));
  json_object_foreach(object, key, item) {
    if (err == VLS_OK) err = vls_pack_str(out, vls_slice_str(key));
    if (err == VLS_OK) err = to_wire(item, out, depth + 1);
  }
  return err;
}

static vls_err to_wire(json_t *value, vls_buf *out, unsigned depth) {
  vls_err err;
  if (depth > VLS_WIRE_DEPTH) return VLS_TOO_BIG;
  switch (json_typeof(value)) {
  case JSON_NULL: return vls_pack_nil(out);
  case JSON_TRUE: return vls_pack_bool(out, true);
  case JSON_FALSE: return vls_pack_bool(out, false);
  case JSON_REAL: return VLS_USAGE;
  case JSON_INTEGER:
    if (json_integer_value(value) < 0) return VLS_USAGE;
    return vls_pack_uint(out, (uint64_t)json_integer_value(value));
  case JSON_STRING:
    return vls_pack_str(out, vls_slice_of(json_string_value(value), json_string_length(value)));
  case JSON_ARRAY:
    err = vls_pack_array(out, json_array_size(value));
    for (size_t i = 0; i < json_array_size(value) && err == VLS_OK; i++)
      err = to_wire(json_array_get(value, i), out, depth + 1);
    return err;
  case JSON_OBJECT: return map_to_wire(value, out, depth);
  }
  return VLS_USAGE;
}

vls_err vls_json_to_wire(json_t *value, vls_buf *out) {
  return to_wire(value, out, 0);
}
