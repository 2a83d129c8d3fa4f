/* Read a .def as the list of its tables, in order: inside the initialiser of an array of
 * `const vls_wire_def *`, include this, then the .def, then def_end.h. */
#define MESSAGE(m, shape, max_bytes, clause) &vls_##m##_def,
#define UINT(m, f, lo, hi, d)
#define BOOL(m, f, d)
#define FIX(m, f, n, d)
#define BIN(m, f, lo, hi, d)
#define STR(m, f, lo, hi, d)
#define SUB(m, f, s, d)
#define SUBS(m, f, s, lo, hi, d)
#define FIXES(m, f, n, lo, hi, d)
#define STRS(m, f, n, lo, hi, d)
#define OPT_UINT(m, f, lo, hi, d)
#define OPT_BOOL(m, f, d)
#define OPT_BIN(m, f, lo, hi, d)
#define OPT_STR(m, f, lo, hi, d)
#define END(m)
