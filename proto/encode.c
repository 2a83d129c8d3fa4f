/* Table-driven encoding with msgpack-c's packer, into a buffer that names its maximum. */
#include <msgpack.h>

#include "base/assert.h"
#include "proto/wire.h"

static int write_to(void *data, const char *p, size_t n) {
  return vls_buf_put(data, p, n) == VLS_OK ? 0 : -1;
}

static msgpack_packer packer(vls_buf *out) {
  msgpack_packer pk;
  msgpack_packer_init(&pk, out, write_to);
  return pk;
}

static vls_err done(int result) {
  return result == 0 ? VLS_OK : VLS_TOO_BIG;
}

vls_err vls_pack_array(vls_buf *out, size_t n) {
  msgpack_packer pk = packer(out);
  return done(msgpack_pack_array(&pk, n));
}

vls_err vls_pack_map(vls_buf *out, size_t n) {
  msgpack_packer pk = packer(out);
  return done(msgpack_pack_map(&pk, n));
}

vls_err vls_pack_uint(vls_buf *out, uint64_t v) {
  msgpack_packer pk = packer(out);
  return done(msgpack_pack_uint64(&pk, v));
}

vls_err vls_pack_bool(vls_buf *out, bool v) {
  msgpack_packer pk = packer(out);
  return done(v ? msgpack_pack_true(&pk) : msgpack_pack_false(&pk));
}

vls_err vls_pack_nil(vls_buf *out) {
  msgpack_packer pk = packer(out);
  return done(msgpack_pack_nil(&pk));
}

vls_err vls_pack_bin(vls_buf *out, vls_slice v) {
  msgpack_packer pk = packer(out);
  return done(msgpack_pack_bin(&pk, v.n) != 0 ? -1
              : v.n == 0                      ? 0
                                              : msgpack_pack_bin_body(&pk, v.p, v.n));
}

vls_err vls_pack_str(vls_buf *out, vls_slice v) {
  msgpack_packer pk = packer(out);
  return done(msgpack_pack_str(&pk, v.n) != 0 ? -1
              : v.n == 0                      ? 0
                                              : msgpack_pack_str_body(&pk, v.p, v.n));
}

static vls_err put_message(const vls_wire_def *def, const uint8_t *msg, vls_buf *out);

static bool is_present(const vls_field *f, const uint8_t *msg) {
  bool has = true;
  if (f->optional) memcpy(&has, msg + f->has, sizeof has);
  return has;
}

static vls_slice slice_at(const uint8_t *msg, size_t at) {
  vls_slice s;
  memcpy(&s, msg + at, sizeof s);
  return s;
}

static vls_err put_list(const vls_field *f, const uint8_t *msg, vls_buf *out) {
  size_t n;
  memcpy(&n, msg + f->count, sizeof n);
  VLS_ASSERT(n >= f->min && n <= f->max);
  vls_err err = vls_pack_array(out, n);
  for (size_t i = 0; i < n && err == VLS_OK; i++) {
    if (f->type == VLS_F_SUBS) {
      err = put_message(f->sub, msg + f->at + i * f->sub->size, out);
    } else if (f->type == VLS_F_STRS) {
      vls_slice s = slice_at(msg, f->at + i * sizeof s);
      VLS_ASSERT(s.n <= f->each);
      err = vls_pack_str(out, s);
    } else {
      err = vls_pack_bin(out, vls_slice_of(msg + f->at + i * f->each, f->each));
    }
  }
  return err;
}

static vls_err put_field(const vls_field *f, const uint8_t *msg, vls_buf *out) {
  if (!is_present(f, msg)) return vls_pack_nil(out);
  switch (f->type) {
  case VLS_F_UINT: {
    uint64_t v;
    memcpy(&v, msg + f->at, sizeof v);
    VLS_ASSERT(v >= f->min && v <= f->max);
    return vls_pack_uint(out, v);
  }
  case VLS_F_BOOL: {
    bool v;
    memcpy(&v, msg + f->at, sizeof v);
    return vls_pack_bool(out, v);
  }
  case VLS_F_FIX: return vls_pack_bin(out, vls_slice_of(msg + f->at, (size_t)f->max));
  case VLS_F_BIN:
  case VLS_F_STR: {
    vls_slice s = slice_at(msg, f->at);
    VLS_ASSERT(s.n >= f->min && s.n <= f->max);
    return f->type == VLS_F_BIN ? vls_pack_bin(out, s) : vls_pack_str(out, s);
  }
  case VLS_F_SUB: return put_message(f->sub, msg + f->at, out);
  case VLS_F_SUBS:
  case VLS_F_FIXES:
  case VLS_F_STRS: return put_list(f, msg, out);
  }
  return VLS_MALFORMED;
}

static vls_err put_message(const vls_wire_def *def, const uint8_t *msg, vls_buf *out) {
  size_t n = 0;
  for (size_t k = 0; k < def->n_fields; k++)
    n += is_present(&def->fields[k], msg) ? 1 : 0;
  vls_err err = def->shape == VLS_MAP ? vls_pack_map(out, n) : vls_pack_array(out, def->n_fields);
  for (size_t k = 0; k < def->n_fields && err == VLS_OK; k++) {
    const vls_field *f = &def->fields[k];
    if (def->shape == VLS_MAP) {
      if (!is_present(f, msg)) continue;
      err = vls_pack_str(out, vls_slice_str(f->name));
    }
    if (err == VLS_OK) err = put_field(f, msg, out);
  }
  return err;
}

vls_err vls_wire_encode(const vls_wire_def *def, const void *msg, vls_buf *out) {
  size_t before = out->n;
  vls_err err = put_message(def, msg, out);
  if (err == VLS_OK && out->n - before > def->max_bytes) err = VLS_TOO_BIG;
  if (err != VLS_OK) out->n = before;
  return err;
}
