/* QR codes in a terminal: two modules a character, dark on light whatever the terminal's colours.
 */
#ifndef VALISE_CLIENT_QR_H
#define VALISE_CLIENT_QR_H

#include "client/out.h"

/* Prints the code. fold: the text means the same in capitals, which may make the code smaller; then
 * the smaller of the two is printed. With colour the quiet zone is painted, without it is blocks.
 * VLS_TOO_BIG when no code holds the text. */
VLS_MUST vls_err vls_qr_print(vls_out *out, const char *text, bool fold);

#endif
