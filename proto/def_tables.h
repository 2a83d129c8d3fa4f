/* Read a .def as the tables of wire.c: include this, then the .def, then def_end.h. */
#define MESSAGE(m, shape, max_bytes, clause)                                                       \
  enum { m##_shape = shape, m##_max = max_bytes };                                                 \
  static const char m##_clause[] = clause;                                                         \
  static const vls_field m##_fields[] = {
#define AT(m, f) .name = #f, .at = offsetof(vls_##m, f)
#define MAYBE(m, f) .optional = true, .has = offsetof(vls_##m, has_##f)
#define COUNT(m, f) .count = offsetof(vls_##m, n_##f)
#define UINT(m, f, lo, hi, d) {AT(m, f), .type = VLS_F_UINT, .min = lo, .max = hi, .doc = d},
#define BOOL(m, f, d) {AT(m, f), .type = VLS_F_BOOL, .doc = d},
#define FIX(m, f, n, d) {AT(m, f), .type = VLS_F_FIX, .min = n, .max = n, .doc = d},
#define BIN(m, f, lo, hi, d) {AT(m, f), .type = VLS_F_BIN, .min = lo, .max = hi, .doc = d},
#define STR(m, f, lo, hi, d) {AT(m, f), .type = VLS_F_STR, .min = lo, .max = hi, .doc = d},
#define SUB(m, f, s, d) {AT(m, f), .type = VLS_F_SUB, .sub = &vls_##s##_def, .doc = d},
#define SUBS(m, f, s, lo, hi, d)                                                                   \
  {AT(m, f),                                                                                       \
   COUNT(m, f),                                                                                    \
   .type = VLS_F_SUBS,                                                                             \
   .sub = &vls_##s##_def,                                                                          \
   .min = lo,                                                                                      \
   .max = hi,                                                                                      \
   .doc = d},
#define FIXES(m, f, n, lo, hi, d)                                                                  \
  {AT(m, f), COUNT(m, f), .type = VLS_F_FIXES, .each = n, .min = lo, .max = hi, .doc = d},
#define STRS(m, f, n, lo, hi, d)                                                                   \
  {AT(m, f), COUNT(m, f), .type = VLS_F_STRS, .each = n, .min = lo, .max = hi, .doc = d},
#define OPT_UINT(m, f, lo, hi, d)                                                                  \
  {AT(m, f), MAYBE(m, f), .type = VLS_F_UINT, .min = lo, .max = hi, .doc = d},
#define OPT_BOOL(m, f, d) {AT(m, f), MAYBE(m, f), .type = VLS_F_BOOL, .doc = d},
#define OPT_BIN(m, f, lo, hi, d)                                                                   \
  {AT(m, f), MAYBE(m, f), .type = VLS_F_BIN, .min = lo, .max = hi, .doc = d},
#define OPT_STR(m, f, lo, hi, d)                                                                   \
  {AT(m, f), MAYBE(m, f), .type = VLS_F_STR, .min = lo, .max = hi, .doc = d},
#define END(m)                                                                                     \
  }                                                                                                \
  ;                                                                                                \
  const vls_wire_def vls_##m##_def = {                                                             \
      #m,       (vls_shape)m##_shape,                                                              \
      m##_max,  sizeof(vls_##m),                                                                   \
      m##_fields, sizeof m##_fields / sizeof m##_fields[0],                                        \
      m##_clause};
