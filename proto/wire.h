/* The strict, bounded msgpack codec (PEER 2). Every message is described once, in a .def table;
 * this is the one encoder and the one decoder that read those tables. Before msgpack-c sees a byte,
 * a scan has checked depth, types, lengths against the bytes that are left, and shortest form. */
#ifndef VALISE_PROTO_WIRE_H
#define VALISE_PROTO_WIRE_H

#include "base/buf.h"

enum {
  VLS_WIRE_DEPTH = 8,       /* nested arrays and maps */
  VLS_WIRE_ELEMENTS = 4096, /* values in one message, of whatever type */
};

typedef enum vls_field_type {
  VLS_F_UINT,  /* uint64_t, min..max */
  VLS_F_BOOL,  /* bool */
  VLS_F_FIX,   /* uint8_t[max]: binary of exactly max bytes */
  VLS_F_BIN,   /* vls_slice, min..max bytes, borrowed from the input */
  VLS_F_STR,   /* vls_slice, min..max bytes of UTF-8 without U+0000, borrowed */
  VLS_F_SUB,   /* a nested message */
  VLS_F_SUBS,  /* min..max nested messages: an array in the struct and size_t n_<name> */
  VLS_F_FIXES, /* min..max binaries of exactly `each` bytes, and n_<name> */
  VLS_F_STRS,  /* min..max strings of at most `each` bytes, and n_<name> */
} vls_field_type;

struct vls_wire_def;
typedef struct vls_field {
  const char *name;
  vls_field_type type;
  bool optional; /* nil or, in a map, absent; `has` is then the offset of has_<name> */
  size_t at, has, count;
  uint64_t min, max;
  size_t each;
  const struct vls_wire_def *sub;
  const char *doc;
} vls_field;

typedef enum vls_shape { VLS_ARRAY, VLS_MAP } vls_shape;

typedef struct vls_wire_def {
  const char *name;
  vls_shape shape;
  size_t max_bytes; /* of the encoded message */
  size_t size;      /* of the struct */
  const vls_field *fields;
  size_t n_fields;
  const char *clause;
} vls_wire_def;

/* What was wrong, for a message to a person: `what` is set whenever a decode fails, NULL otherwise.
 * Slices borrow from the input. */
typedef struct vls_wire_fault {
  const char *field; /* name in the table, or NULL: the message as a whole */
  vls_slice key;     /* an unknown map key, or empty */
  const char *what;
} vls_wire_fault;

typedef enum vls_wire_form {
  VLS_WIRE_STRICT,  /* peers and files: shortest form only */
  VLS_WIRE_LENIENT, /* local clients: any length form of the same types */
} vls_wire_form;

/* Checks one value at the start of `in` and gives its extent. VLS_AGAIN when the bytes end before
 * the value does, VLS_MALFORMED when it can never be right, VLS_TOO_BIG past the limits above. */
VLS_MUST vls_err vls_wire_scan(vls_slice in, vls_wire_form form, size_t *ret_used);

/* Splits the array at the start of `in` into the extents of its elements; nothing may follow it.
 * VLS_TOO_BIG when there are more than max. */
VLS_MUST vls_err vls_wire_split(vls_slice in, vls_wire_form form, vls_slice *ret_parts, size_t max,
                                size_t *ret_n);
/* A scalar that fills `in`. */
VLS_MUST vls_err vls_wire_get_uint(vls_slice in, uint64_t *ret);
VLS_MUST vls_err vls_wire_get_str(vls_slice in, vls_slice *ret);
bool vls_wire_is_nil(vls_slice in);

/* Fills the struct that def describes; slices borrow from `in`. ret_fault may be NULL. Errors as
 * for scan, but AGAIN is MALFORMED here: the message is complete. */
VLS_MUST vls_err vls_wire_decode(const vls_wire_def *def, vls_wire_form form, vls_slice in,
                                 void *ret_msg, vls_wire_fault *ret_fault);
/* Appends the message; out-of-bound fields are our bug and assert. VLS_TOO_BIG past def->max_bytes
 * or the buffer's max; the buffer is as before then. */
VLS_MUST vls_err vls_wire_encode(const vls_wire_def *def, const void *msg, vls_buf *out);

/* Pieces, for what a table cannot say (lists of any length, RPC envelopes). */
VLS_MUST vls_err vls_pack_array(vls_buf *out, size_t n);
VLS_MUST vls_err vls_pack_map(vls_buf *out, size_t n);
VLS_MUST vls_err vls_pack_uint(vls_buf *out, uint64_t v);
VLS_MUST vls_err vls_pack_bool(vls_buf *out, bool v);
VLS_MUST vls_err vls_pack_nil(vls_buf *out);
VLS_MUST vls_err vls_pack_bin(vls_buf *out, vls_slice v);
VLS_MUST vls_err vls_pack_str(vls_buf *out, vls_slice v);

#endif
