/* Table-driven decoding over msgpack-c, after the scan. */
#include <msgpack.h>

#include "base/assert.h"
#include "base/text.h"
#include "proto/wire.h"

/* f: the field at fault, or NULL when it is the message as a whole. */
static vls_err bad(vls_wire_fault *fault, const vls_field *f, const char *what) {
  if (fault != NULL && fault->what == NULL)
    *fault = (vls_wire_fault){.field = f == NULL ? NULL : f->name, .what = what};
  return VLS_MALFORMED;
}

static vls_err get_message(const vls_wire_def *def, const msgpack_object *o, uint8_t *msg,
                           vls_wire_fault *fault);

static vls_slice raw(const msgpack_object *o) {
  /* str and bin have one layout in msgpack-c's union, but reading the wrong one is not ours. */
  if (o->type == MSGPACK_OBJECT_STR) return vls_slice_of(o->via.str.ptr, o->via.str.size);
  return vls_slice_of(o->via.bin.ptr, o->via.bin.size);
}

static vls_err get_str(const vls_field *f, const msgpack_object *o, uint64_t min, uint64_t max,
                       vls_slice *ret, vls_wire_fault *fault) {
  if (o->type != MSGPACK_OBJECT_STR) return bad(fault, f, "must be text");
  vls_slice s = raw(o);
  if (s.n < min) return bad(fault, f, "is too short");
  if (s.n > max) return bad(fault, f, "is too long");
  if (!vls_utf8_ok(s)) return bad(fault, f, "is not well-formed UTF-8");
  *ret = s;
  return VLS_OK;
}

static vls_err get_list(const vls_field *f, const msgpack_object *o, uint8_t *msg,
                        vls_wire_fault *fault) {
  if (o->type != MSGPACK_OBJECT_ARRAY) return bad(fault, f, "must be a list");
  size_t n = o->via.array.size;
  if (n < f->min) return bad(fault, f, "has too few entries");
  if (n > f->max) return bad(fault, f, "has too many entries");
  for (size_t i = 0; i < n; i++) {
    const msgpack_object *e = &o->via.array.ptr[i];
    vls_err err = VLS_OK;
    if (f->type == VLS_F_SUBS) {
      err = get_message(f->sub, e, msg + f->at + i * f->sub->size, fault);
    } else if (f->type == VLS_F_STRS) {
      vls_slice s;
      err = get_str(f, e, 0, f->each, &s, fault);
      if (err == VLS_OK) memcpy(msg + f->at + i * sizeof s, &s, sizeof s);
    } else {
      if (e->type != MSGPACK_OBJECT_BIN || raw(e).n != f->each)
        return bad(fault, f, "has an entry of the wrong size");
      memcpy(msg + f->at + i * f->each, raw(e).p, f->each);
    }
    if (err != VLS_OK) return err;
  }
  memcpy(msg + f->count, &n, sizeof n);
  return VLS_OK;
}

static vls_err get_field(const vls_field *f, const msgpack_object *o, uint8_t *msg,
                         vls_wire_fault *fault) {
  bool yes = true;
  if (f->optional && o->type == MSGPACK_OBJECT_NIL) return VLS_OK;
  if (f->optional) memcpy(msg + f->has, &yes, sizeof yes);
  switch (f->type) {
  case VLS_F_UINT: {
    if (o->type != MSGPACK_OBJECT_POSITIVE_INTEGER) return bad(fault, f, "must be a whole number");
    uint64_t v = o->via.u64;
    if (v < f->min || v > f->max) return bad(fault, f, "is out of range");
    memcpy(msg + f->at, &v, sizeof v);
    return VLS_OK;
  }
  case VLS_F_BOOL:
    if (o->type != MSGPACK_OBJECT_BOOLEAN) return bad(fault, f, "must be true or false");
    memcpy(msg + f->at, &o->via.boolean, sizeof(bool));
    return VLS_OK;
  case VLS_F_FIX:
  case VLS_F_BIN: {
    if (o->type != MSGPACK_OBJECT_BIN) return bad(fault, f, "must be binary");
    vls_slice s = raw(o);
    if (s.n < f->min || s.n > f->max) return bad(fault, f, "has the wrong size");
    if (f->type == VLS_F_FIX)
      memcpy(msg + f->at, s.p, s.n);
    else
      memcpy(msg + f->at, &s, sizeof s);
    return VLS_OK;
  }
  case VLS_F_STR: {
    vls_slice s;
    vls_err err = get_str(f, o, f->min, f->max, &s, fault);
    if (err == VLS_OK) memcpy(msg + f->at, &s, sizeof s);
    return err;
  }
  case VLS_F_SUB: return get_message(f->sub, o, msg + f->at, fault);
  case VLS_F_SUBS:
  case VLS_F_FIXES:
  case VLS_F_STRS: return get_list(f, o, msg, fault);
  }
  return bad(fault, f, "has no type");
}

static vls_err get_map(const vls_wire_def *def, const msgpack_object *o, uint8_t *msg,
                       vls_wire_fault *fault) {
  uint64_t seen = 0;
  VLS_ASSERT(def->n_fields <= 64);
  if (o->type != MSGPACK_OBJECT_MAP) return bad(fault, NULL, "must be a map");
  for (uint32_t i = 0; i < o->via.map.size; i++) {
    const msgpack_object_kv *kv = &o->via.map.ptr[i];
    if (kv->key.type != MSGPACK_OBJECT_STR) return bad(fault, NULL, "has a key that is not text");
    vls_slice key = raw(&kv->key);
    size_t k = 0;
    while (k < def->n_fields && !vls_slice_eq(key, vls_slice_str(def->fields[k].name)))
      k++;
    if (k == def->n_fields) {
      if (fault != NULL) *fault = (vls_wire_fault){.key = key, .what = "is not known"};
      return VLS_MALFORMED;
    }
    if ((seen >> k & 1) != 0) return bad(fault, &def->fields[k], "is there twice");
    seen |= UINT64_C(1) << k;
    vls_err err = get_field(&def->fields[k], &kv->val, msg, fault);
    if (err != VLS_OK) return err;
  }
  for (size_t k = 0; k < def->n_fields; k++)
    if ((seen >> k & 1) == 0 && !def->fields[k].optional)
      return bad(fault, &def->fields[k], "is missing");
  return VLS_OK;
}

/* Depth is bounded by the tables, not by the peer: a table cannot contain itself. */
static vls_err get_message(const vls_wire_def *def, const msgpack_object *o, uint8_t *msg,
                           vls_wire_fault *fault) {
  if (def->shape == VLS_MAP) return get_map(def, o, msg, fault);
  if (o->type != MSGPACK_OBJECT_ARRAY) return bad(fault, NULL, "must be a list");
  if (o->via.array.size != def->n_fields) return bad(fault, NULL, "has the wrong number of fields");
  for (size_t k = 0; k < def->n_fields; k++) {
    vls_err err = get_field(&def->fields[k], &o->via.array.ptr[k], msg, fault);
    if (err != VLS_OK) return err;
  }
  return VLS_OK;
}

vls_err vls_wire_decode(const vls_wire_def *def, vls_wire_form form, vls_slice in, void *ret_msg,
                        vls_wire_fault *ret_fault) {
  if (ret_fault != NULL) *ret_fault = (vls_wire_fault){0};
  size_t used = 0;
  vls_err err = in.n > def->max_bytes ? VLS_TOO_BIG : vls_wire_scan(in, form, &used);
  if (err == VLS_TOO_BIG) {
    (void)bad(ret_fault, NULL, "is too large");
    return err;
  }
  if (err != VLS_OK || used != in.n) return bad(ret_fault, NULL, "is not well-formed msgpack");
  memset(ret_msg, 0, def->size);
  msgpack_unpacked u;
  msgpack_unpacked_init(&u);
  size_t off = 0;
  msgpack_unpack_return r = msgpack_unpack_next(&u, (const char *)in.p, in.n, &off);
  err = r == MSGPACK_UNPACK_SUCCESS ? get_message(def, &u.data, ret_msg, ret_fault) : VLS_MALFORMED;
  msgpack_unpacked_destroy(&u);
  return err;
}
