#include "proto/rpc.h"

#include "proto/def_tables.h"
#include "proto/rpc.def"
#include "proto/def_end.h"
