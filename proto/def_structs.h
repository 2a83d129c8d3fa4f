/* Read a .def as C structs: include this, then the .def, then def_end.h. Slices borrow. */
#define MESSAGE(m, shape, max_bytes, clause) typedef struct vls_##m {
#define UINT(m, f, min, max, doc) uint64_t f;
#define BOOL(m, f, doc) bool f;
#define FIX(m, f, n, doc) uint8_t f[n];
#define BIN(m, f, min, max, doc) vls_slice f;
#define STR(m, f, min, max, doc) vls_slice f;
#define SUB(m, f, sub, doc) vls_##sub f;
#define SUBS(m, f, sub, min, max, doc) vls_##sub f[max]; size_t n_##f;
#define FIXES(m, f, each, min, max, doc) uint8_t f[max][each]; size_t n_##f;
#define STRS(m, f, each, min, max, doc) vls_slice f[max]; size_t n_##f;
#define OPT_UINT(m, f, min, max, doc) bool has_##f; uint64_t f;
#define OPT_BOOL(m, f, doc) bool has_##f; bool f;
#define OPT_BIN(m, f, min, max, doc) bool has_##f; vls_slice f;
#define OPT_STR(m, f, min, max, doc) bool has_##f; vls_slice f;
#define END(m) } vls_##m; extern const vls_wire_def vls_##m##_def;
