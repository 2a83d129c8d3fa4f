#include "proto/group.h"

#include "proto/def_tables.h"
#include "proto/group.def"
#include "proto/def_end.h"
