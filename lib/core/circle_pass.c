#include "core/circle_pass.h"

#include <stdlib.h>

vls_circle_pass *vls_circle_pass_of(vls_circle *circle) {
  if (circle->pass != NULL) return circle->pass;
  circle->pass = vls_calloc(1, sizeof *circle->pass);
  circle->pass->sync_at = circle->pass->news_at = circle->pass->receipt_at = VLS_NEVER;
  return circle->pass;
}

void vls_circle_pass_free(vls_circle *circle) {
  for (size_t i = 0; i < circle->n_links; i++)
    vls_circle_sync_down(circle, &circle->links[i]);
  if (circle->pass == NULL) return;
  vls_spread_free(circle->pass->spread);
  vls_overlay_free(circle->pass->overlay);
  free(circle->pass->news);
  free(circle->pass->receipts);
  free(circle->pass);
  circle->pass = NULL;
}

void vls_circle_pass_plan(vls_core *core, vls_circle *circle) {
  if (circle->group == NULL || circle->n_links == 0) return;
  if (!vls_group_is_member(circle->group)) return; /* nobody would answer */
  vls_circle_sync_plan(core, circle);
  vls_circle_spread_plan(core, circle);
  vls_circle_receipts_plan(core, circle);
}
