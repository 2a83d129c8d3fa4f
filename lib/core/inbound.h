/* What begin.c needs of inbound.c. */
#ifndef VALISE_CORE_INBOUND_H
#define VALISE_CORE_INBOUND_H

#include "core/core_int.h"

/* Does this open as the first record of this session, and does its sender prove with SIGN("x3dh",
 * th) to hold the device's key? Changes nothing. */
bool vls_inbound_probe(vls_core *core, const vls_session_row *row, vls_slice record);
/* The same record, once the session stands in front: verified in full and taken, and what waited
 * for it as well. Events that were here under an older session, or must wait for an earlier one,
 * are fine. */
vls_fate vls_inbound_first(vls_core *core, vls_peer *peer, vls_slice record);
/* Deals with a record of a contact under a session that is here. False: no header key opens it. */
bool vls_inbound_known(vls_core *core, vls_conn *conn, vls_slice record, vls_fate *ret_fate);
void vls_inbound_refuse(vls_core *core, vls_peer *peer, vls_slice record, const char *why);

#endif
