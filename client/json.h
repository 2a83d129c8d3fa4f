/* JSON out of the tables of the client contract, and both ways for `valise rpc`. */
#ifndef VALISE_CLIENT_JSON_H
#define VALISE_CLIENT_JSON_H

#include <jansson.h>

#include "client/out.h"
#include "proto/wire.h"

/* {"v":1}: every object the client prints begins so. */
json_t *vls_json_new(void);
/* Adds every field of a decoded message that is there; absent optional ones are left out. */
void vls_json_add(json_t *object, const vls_wire_def *def, const void *msg);
void vls_json_add_text(json_t *object, const char *key, vls_slice text);
void vls_json_add_number(json_t *object, const char *key, uint64_t number);
/* Prints a decoded message as one line. */
void vls_json_show(vls_out *out, const vls_wire_def *def, const void *msg);
/* Prints it on one line, or indented, through the gate, and frees it. */
void vls_json_print(vls_out *out, json_t *value, bool indented);
/* The line alone, gated, with its newline. Does not free. */
void vls_json_line(vls_buf *out, const json_t *value, size_t flags);

/* A value that vls_wire_scan has checked. NULL when it is of a type JSON has no word for. */
json_t *vls_json_from_wire(vls_slice value);
/* Appends the msgpack of a value. VLS_USAGE for floats and negative numbers, VLS_TOO_BIG when it is
 * nested deeper than the node reads, or too long. */
VLS_MUST vls_err vls_json_to_wire(json_t *value, vls_buf *out);

#endif
