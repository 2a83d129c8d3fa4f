/* What a group has to do by itself, and when. */
#include <stddef.h>

#include "core/circle_pass.h"

void vls_circle_wake_at(vls_core *core, vls_circle *circle, uint64_t mono_ms) {
  vls_due_by(&core->due_circles, &circle->due, mono_ms);
}

/* A commit is due: in a while, if nobody else makes it before (GROUP 5.9). */
static void plan_heal(vls_core *core, vls_circle *circle) {
  uint16_t chance = (uint16_t)vls_rng_below(&core->rng, 65536);
  uint64_t wait = vls_group_due(circle->group, vls_core_wall(core), chance);
  if (wait == VLS_NEVER) {
    circle->heal_at = VLS_NEVER;
  } else if (circle->heal_at == VLS_NEVER) {
    circle->heal_at = core->now.mono_ms + wait;
    vls_circle_wake_at(core, circle, circle->heal_at);
  }
}

/* A better epoch is there, and its wrap does not come. */
static void plan_renewal(vls_core *core, vls_circle *circle) {
  if (!vls_group_is_stuck(circle->group)) {
    circle->stuck_at = VLS_NEVER;
  } else if (circle->stuck_at == VLS_NEVER) {
    circle->stuck_at = core->now.mono_ms + VLS_CIRCLE_STUCK_MS;
  } else if (circle->stuck_at <= core->now.mono_ms) {
    bool asked = vls_circle_renew(core, circle);
    circle->stuck_at = core->now.mono_ms + (asked ? VLS_CIRCLE_RENEW_MS : VLS_CIRCLE_STUCK_MS);
  }
  if (circle->stuck_at != VLS_NEVER) vls_circle_wake_at(core, circle, circle->stuck_at);
}

void vls_circle_plan(vls_core *core, vls_circle *circle) {
  if (circle->group == NULL) return;
  if (circle->judge_due) vls_circle_judge(core, circle);
  plan_renewal(core, circle);
  for (size_t i = 0; i < circle->n_links; i++)
    circle->links[i].fresh = false;
  if (circle->want_at <= core->now.mono_ms) vls_circle_want_tick(core, circle);
  plan_heal(core, circle);
  vls_circle_pass_plan(core, circle);
  uint64_t at[] = {circle->heal_at, circle->stuck_at, circle->want_at};
  for (size_t i = 0; i < sizeof at / sizeof at[0]; i++)
    if (at[i] != VLS_NEVER) vls_circle_wake_at(core, circle, at[i]);
}

static void tick_one(vls_core *core, vls_circle *circle) {
  if (circle->group == NULL) return;
  if (circle->heal_at <= core->now.mono_ms) {
    circle->heal_at = VLS_NEVER;
    if (vls_group_due(circle->group, vls_core_wall(core), 0) != VLS_NEVER) {
      vls_err err = vls_group_heal(circle->group, &core->rng, vls_core_wall(core));
      if (err != VLS_OK)
        vls_core_log(core, VLS_NOTICE, "no commit in group=%llu error=%s",
                     (unsigned long long)circle->row.id, vls_err_name(err));
      if (err != VLS_OK) circle->heal_at = core->now.mono_ms + VLS_CIRCLE_STUCK_MS;
      vls_circle_settle(core, circle);
    }
  }
  if (circle->heal_at != VLS_NEVER) vls_circle_wake_at(core, circle, circle->heal_at);
  vls_circle_touch(core, circle); /* the rest is done at the end of the batch */
}

void vls_circle_tick(vls_core *core) {
  vls_due *due;
  while ((due = vls_due_take(&core->due_circles, core->now.mono_ms)) != NULL)
    tick_one(core, (vls_circle *)(void *)((char *)due - offsetof(vls_circle, due)));
}
