/* What the rules of a group ask of this node (GROUP 4.5). Who may write follows from acts, and
 * everybody judges it alike; that texts are far enough apart is looked after by the node that
 * speaks: clocks give no authority over others. */
#include "core/circle_door.h"
#include "store/messages.h"

uint64_t vls_circle_wait(vls_core *core, vls_circle *circle) {
  vls_group_rules rules;
  vls_buf name;
  vls_buf_init(&name, VLS_NAME_MAX);
  bool known = vls_group_rules_now(circle->group, &rules, &name) == VLS_OK;
  vls_buf_done(&name);
  if (!known || rules.slow == 0) return 0;
  if (vls_group_level(circle->group, core->self.identity.pub) >= VLS_LEVEL_MODERATOR) return 0;
  uint64_t last = circle->last_said;
  if (last == 0) last = vls_message_last_mine(core->store, circle->row.id);
  uint64_t now = vls_core_wall(core), next = last == 0 ? 0 : last + rules.slow * 1000;
  if (now >= next || next - now > rules.slow * 1000) return 0; /* the clock was put back */
  return next - now;
}

bool vls_circle_forget_words(vls_core *core, vls_circle *circle) {
  vls_group_rules rules;
  vls_buf name;
  uint64_t now = vls_core_wall(core);
  if (circle->group == NULL) return false;
  vls_buf_init(&name, VLS_NAME_MAX);
  bool known = vls_group_rules_now(circle->group, &rules, &name) == VLS_OK;
  vls_buf_done(&name);
  if (!known || rules.lifetime == 0 || now < rules.lifetime * 1000) return false;
  size_t n = vls_gevent_forget(core->store, circle->row.id, now - rules.lifetime * 1000);
  if (n > 0) circle->unread_known = false;
  return n == VLS_GEVENT_FORGET;
}
