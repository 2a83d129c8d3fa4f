#include "proto/peer.h"

#include "proto/def_tables.h"
#include "proto/peer.def"
#include "proto/def_end.h"
