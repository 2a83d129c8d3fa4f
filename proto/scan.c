/* The scan that stands before msgpack-c: no allocation, no recursion, every count checked. */
#include "proto/wire.h"

#include "base/text.h"

/* What one type byte announces. */
typedef struct head {
  size_t size;     /* bytes of the head and of its payload */
  size_t children; /* values that follow */
  bool nests;      /* an array or a map, be it empty */
} head;

typedef enum width { W8 = 1, W16 = 2, W32 = 4, W64 = 8 } width;

static uint64_t be(const uint8_t *p, width w) {
  uint64_t v = 0;
  for (unsigned i = 0; i < (unsigned)w; i++)
    v = v << 8 | p[i];
  return v;
}

/* A length of width w after the type byte: a payload (unit bytes each) or children. */
static vls_err long_head(vls_slice in, width w, uint64_t shortest, vls_wire_form form,
                         uint64_t *ret_len) {
  if (in.n < 1 + (size_t)w) return VLS_AGAIN;
  uint64_t len = be(in.p + 1, w);
  if (form == VLS_WIRE_STRICT && len < shortest) return VLS_MALFORMED;
  *ret_len = len;
  return VLS_OK;
}

static vls_err payload_head(vls_slice in, width w, uint64_t shortest, vls_wire_form form,
                            head *ret) {
  uint64_t len;
  vls_err err = long_head(in, w, shortest, form, &len);
  if (err != VLS_OK) return err;
  if (len > SIZE_MAX / 2) return VLS_TOO_BIG;
  *ret = (head){.size = 1 + (size_t)w + (size_t)len};
  return VLS_OK;
}

static vls_err children_head(vls_slice in, width w, size_t each, vls_wire_form form, head *ret) {
  uint64_t len;
  vls_err err = long_head(in, w, w == W16 ? 16 : 65536, form, &len);
  if (err != VLS_OK) return err;
  if (len > VLS_WIRE_ELEMENTS) return VLS_TOO_BIG;
  *ret = (head){1 + (size_t)w, (size_t)len * each, true};
  return VLS_OK;
}

static vls_err uint_head(vls_slice in, width w, uint64_t shortest, vls_wire_form form, head *ret) {
  uint64_t value;
  vls_err err = long_head(in, w, shortest, form, &value);
  if (err == VLS_OK) *ret = (head){.size = 1 + (size_t)w};
  return err;
}

static vls_err read_head(vls_slice in, vls_wire_form form, head *ret) {
  if (in.n == 0) return VLS_AGAIN;
  uint8_t t = in.p[0];
  *ret = (head){.size = 1, .nests = t >= 0x80 && t <= 0x9f};
  if (t <= 0x7f) return VLS_OK;        /* positive fixint */
  if (t >= 0xe0) return VLS_MALFORMED; /* negative: nothing here is */
  if (t <= 0x8f)
    ret->children = 2 * (size_t)(t & 15); /* fixmap */
  else if (t <= 0x9f)
    ret->children = t & 15; /* fixarray */
  else if (t <= 0xbf)
    ret->size = 1 + (size_t)(t & 31); /* fixstr */
  if (t <= 0xbf) return VLS_OK;
  switch (t) {
  case 0xc0:
  case 0xc2:
  case 0xc3: return VLS_OK; /* nil, false, true */
  case 0xc4: return payload_head(in, W8, 0, form, ret);
  case 0xc5: return payload_head(in, W16, 256, form, ret);
  case 0xc6: return payload_head(in, W32, 65536, form, ret);
  case 0xcc: return uint_head(in, W8, 128, form, ret);
  case 0xcd: return uint_head(in, W16, 256, form, ret);
  case 0xce: return uint_head(in, W32, 65536, form, ret);
  case 0xcf: return uint_head(in, W64, UINT64_C(1) << 32, form, ret);
  case 0xd9: return payload_head(in, W8, 32, form, ret);
  case 0xda: return payload_head(in, W16, 256, form, ret);
  case 0xdb: return payload_head(in, W32, 65536, form, ret);
  case 0xdc: return children_head(in, W16, 1, form, ret);
  case 0xdd: return children_head(in, W32, 1, form, ret);
  case 0xde: return children_head(in, W16, 2, form, ret);
  case 0xdf: return children_head(in, W32, 2, form, ret);
  default: return VLS_MALFORMED; /* floats, ext, signed, the unused one */
  }
}

vls_err vls_wire_scan(vls_slice in, vls_wire_form form, size_t *ret_used) {
  size_t left[VLS_WIRE_DEPTH + 1] = {1}; /* values still to come at each depth */
  size_t depth = 0, at = 0, elements = 0;
  for (;;) {
    while (left[depth] == 0) {
      if (depth == 0) {
        *ret_used = at;
        return VLS_OK;
      }
      depth--;
    }
    left[depth]--;
    head h;
    vls_err err = read_head((vls_slice){in.p + at, in.n - at}, form, &h);
    if (err != VLS_OK) return err;
    if (h.size > in.n - at) return VLS_AGAIN;
    at += h.size;
    if (++elements > VLS_WIRE_ELEMENTS) return VLS_TOO_BIG;
    if (h.nests && depth == VLS_WIRE_DEPTH) return VLS_TOO_BIG;
    if (h.children == 0) continue;
    /* A value is at least a byte: what is announced must fit in what is left. */
    if (h.children > VLS_WIRE_ELEMENTS - elements) return VLS_TOO_BIG;
    if (h.children > in.n - at) return VLS_AGAIN;
    left[++depth] = h.children;
  }
}

vls_err vls_wire_split(vls_slice in, vls_wire_form form, vls_slice *ret_parts, size_t max,
                       size_t *ret_n) {
  head h;
  size_t used;
  vls_err err = vls_wire_scan(in, form, &used);
  if (err != VLS_OK) return err;
  if (used != in.n) return VLS_MALFORMED;
  uint8_t t = in.p[0];
  bool array = (t & 0xf0) == 0x90 || t == 0xdc || t == 0xdd;
  if (!array) return VLS_MALFORMED;
  err = read_head(in, form, &h);
  if (err != VLS_OK) return err;
  if (h.children > max) return VLS_TOO_BIG;
  size_t at = h.size;
  for (size_t i = 0; i < h.children; i++) {
    err = vls_wire_scan((vls_slice){in.p + at, in.n - at}, form, &used);
    if (err != VLS_OK) return err;
    ret_parts[i] = (vls_slice){in.p + at, used};
    at += used;
  }
  *ret_n = h.children;
  return VLS_OK;
}

vls_err vls_wire_get_uint(vls_slice in, uint64_t *ret) {
  head h;
  vls_err err = read_head(in, VLS_WIRE_LENIENT, &h);
  if (err != VLS_OK) return VLS_MALFORMED;
  if (h.size != in.n || h.children != 0) return VLS_MALFORMED;
  if (in.p[0] <= 0x7f)
    *ret = in.p[0];
  else if (in.p[0] >= 0xcc && in.p[0] <= 0xcf)
    *ret = be(in.p + 1, (width)(in.n - 1));
  else
    return VLS_MALFORMED;
  return VLS_OK;
}

vls_err vls_wire_get_str(vls_slice in, vls_slice *ret) {
  head h;
  vls_err err = read_head(in, VLS_WIRE_LENIENT, &h);
  if (err != VLS_OK || h.size != in.n) return VLS_MALFORMED;
  uint8_t t = in.p[0];
  size_t skip = 0;
  if ((t & 0xe0) == 0xa0)
    skip = 1;
  else if (t >= 0xd9 && t <= 0xdb)
    skip = 1 + ((size_t)1 << (t - 0xd9));
  if (skip == 0) return VLS_MALFORMED;
  *ret = (vls_slice){in.p + skip, in.n - skip};
  return vls_utf8_ok(*ret) ? VLS_OK : VLS_MALFORMED;
}

bool vls_wire_is_nil(vls_slice in) {
  return in.n == 1 && in.p[0] == 0xc0;
}
