/* How an identity key is written: "v1" and base32 of key and checksum (PEER 3.5). */
#ifndef VALISE_ID_H
#define VALISE_ID_H

#include <stdint.h>

enum { VLS_ID_TEXT = 2 + 55 }; /* characters, without the NUL */

void vls_id_text(char ret_text[VLS_ID_TEXT + 1], const uint8_t identity[32]);

#endif
