/* Groups in memory: loaded, found, kept. */
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/text.h"
#include "core/circle_pass.h"
#include "core/circle_members.h"

vls_circle *vls_circle_get(const vls_core *core, uint64_t id) {
  for (size_t i = 0; i < core->n_circles; i++)
    if (core->circles[i]->row.id == id) return core->circles[i];
  return NULL;
}

vls_circle *vls_circle_by_gid(const vls_core *core, const uint8_t gid[32]) {
  for (size_t i = 0; i < core->n_circles; i++)
    if (memcmp(core->circles[i]->row.gid, gid, 32) == 0) return core->circles[i];
  return NULL;
}

static vls_circle *add(vls_core *core, const vls_grp_row *row) {
  if (core->n_circles == core->cap_circles) {
    core->cap_circles = core->cap_circles == 0 ? 8 : core->cap_circles * 2;
    core->circles = vls_realloc(core->circles, core->cap_circles * sizeof(vls_circle *));
  }
  vls_circle *circle = vls_calloc(1, sizeof *circle);
  circle->row = *row;
  circle->me =
      (vls_group_me){core->self.identity.pub, &core->self.device, vls_buf_slice(&core->self.cert)};
  circle->heal_at = circle->stuck_at = circle->want_at = circle->sync_at = VLS_NEVER;
  circle->moved = circle->doors_moved = true;
  core->circles[core->n_circles++] = circle;
  return circle;
}

static void fold_of(const vls_grp_row *row, vls_buf *fold) {
  vls_buf_init(fold, VLS_FOLD_MAX);
  vls_grp_fold(row, fold);
}

static bool name_is_free(vls_core *core, const vls_grp_row *row) {
  vls_buf fold;
  fold_of(row, &fold);
  uint64_t holder = vls_grp_by_fold(core->store, vls_buf_slice(&fold));
  vls_buf_done(&fold);
  return holder == 0 || holder == row->id;
}

static void write_row(vls_core *core, vls_circle *circle) {
  vls_buf fold;
  fold_of(&circle->row, &fold);
  vls_grp_update(core->store, &circle->row, vls_buf_slice(&fold));
  vls_buf_done(&fold);
  circle->row_dirty = false;
}

/* "Sister cities", else "Sister cities 2", "Sister cities 3" ... */
static void choose_name(vls_core *core, vls_grp_row *row, vls_slice wish) {
  if (wish.n == 0 || !vls_utf8_ok(wish)) wish = vls_slice_str("unnamed");
  vls_text_copy(row->name, wish, VLS_NAME_MAX);
  for (unsigned i = 2; !name_is_free(core, row); i++) {
    char tail[16];
    int n = snprintf(tail, sizeof tail, " %u", i);
    vls_text_copy(row->name, wish, VLS_NAME_MAX - (size_t)n);
    size_t at = strlen(row->name);
    memcpy(row->name + at, tail, (size_t)n + 1);
  }
}

vls_err vls_circle_rename(vls_core *core, vls_circle *circle, vls_slice name) {
  vls_grp_row probe = circle->row;
  if (name.n == 0 || name.n > VLS_NAME_MAX || !vls_utf8_ok(name)) return VLS_MALFORMED;
  vls_text_copy(probe.name, name, VLS_NAME_MAX);
  if (!name_is_free(core, &probe)) return VLS_EXISTS;
  memcpy(circle->row.name, probe.name, sizeof probe.name);
  write_row(core, circle); /* at once: the next command may ask for the name */
  return VLS_OK;
}

/* Disk */

void vls_circles_load(vls_core *core) {
  vls_grp_row row = {0};
  while (vls_grp_next(core->store, row.id, &row)) {
    if (row.state == VLS_GRP_FORGOTTEN) continue;
    vls_circle *circle = add(core, &row);
    if (row.state != VLS_GRP_INVITED) vls_circle_read(core, circle);
    circle->has_queued = vls_message_count_queued(core->store, row.id) > 0;
    if (circle->group != NULL) vls_circle_wake_at(core, circle, core->now.mono_ms + 1);
  }
}

static void free_one(vls_circle *circle) {
  vls_circle_ring_free(circle);
  vls_circle_pass_free(circle);
  vls_group_free(circle->group);
  for (size_t i = 0; i < circle->n_words; i++)
    vls_buf_done(&circle->words[i].body);
  free(circle->words);
  free(circle->links);
  free(circle->asked);
  free(circle->doors);
  free(circle->hours);
  free(circle);
}

uint64_t vls_circle_forget(vls_core *core, vls_circle *circle) {
  uint64_t texts = vls_grp_forget(core->store, circle->row.id);
  size_t i = 0;
  while (core->circles[i] != circle)
    i++;
  core->n_circles--;
  memmove(&core->circles[i], &core->circles[i + 1], (core->n_circles - i) * sizeof(vls_circle *));
  for (size_t k = core->n_busy_circles; k-- > 0;)
    if (core->busy_circles[k] == circle)
      core->busy_circles[k] = core->busy_circles[--core->n_busy_circles];
  vls_due_set(&core->due_circles, &circle->due, VLS_NEVER);
  free_one(circle);
  return texts;
}

void vls_circles_free(vls_core *core) {
  for (size_t i = 0; i < core->n_circles; i++)
    free_one(core->circles[i]);
  free(core->circles);
  free(core->busy_circles);
  vls_dues_done(&core->due_circles);
}

void vls_circle_flush(vls_core *core, vls_circle *circle) {
  if (circle->state_dirty && circle->group != NULL) vls_circle_write(core, circle);
  if (circle->row_dirty) write_row(core, circle);
  circle->state_dirty = false;
}

/* Beginning */

vls_circle *vls_circle_new(vls_core *core, const uint8_t gid[32], vls_slice name,
                           vls_grp_state state) {
  vls_grp_row row = {.state = state, .created = vls_core_wall(core)};
  vls_buf fold;
  memcpy(row.gid, gid, 32);
  row.id = vls_grp_by_gid(core->store, gid); /* it was forgotten, and keeps its number */
  choose_name(core, &row, name);
  fold_of(&row, &fold);
  if (row.id != 0)
    vls_grp_update(core->store, &row, vls_buf_slice(&fold));
  else
    vls_grp_put(core->store, &row, vls_buf_slice(&fold));
  vls_buf_done(&fold);
  return add(core, &row);
}

vls_err vls_circle_found(vls_core *core, const vls_group_rules *rules, vls_circle **ret) {
  vls_group *group = NULL;
  vls_group_me me = {core->self.identity.pub, &core->self.device, vls_buf_slice(&core->self.cert)};
  if (core->n_circles >= VLS_CIRCLES_MAX) return VLS_LIMITED;
  if (!vls_utf8_ok(rules->name)) return VLS_MALFORMED;
  vls_err err = vls_group_found(&group, &me, rules, &core->rng, vls_core_wall(core));
  if (err != VLS_OK) return err;
  vls_circle *circle = vls_circle_new(core, vls_group_id(group), rules->name, VLS_GRP_MEMBER);
  circle->group = group;
  vls_circle_settle(core, circle);
  *ret = circle;
  return VLS_OK;
}

/* The leaf of a group that is not here yet. */
static vls_err first_leaf(vls_core *core, vls_circle *circle, vls_buf *bytes, vls_act_leaf *ret) {
  vls_dh_pair leaf;
  vls_dh_new(&leaf, &core->rng);
  vls_buf_clear(bytes);
  vls_err err = vls_group_leaf_make(bytes, &core->self.device, circle->row.gid,
                                    core->self.identity.pub, vls_core_wall(core) + 1, leaf.pub);
  if (err == VLS_OK) err = vls_signed_parse(&ret->leaf, vls_buf_slice(bytes));
  if (err == VLS_OK) err = vls_signed_parse(&ret->cert, circle->me.cert);
  if (err == VLS_OK) circle->group = vls_group_join(&circle->me, circle->row.gid, &leaf);
  vls_wipe(&leaf, sizeof leaf);
  return err;
}

vls_err vls_circle_join(vls_core *core, const uint8_t gid[32], vls_slice name, uint64_t via,
                        vls_buf *bytes, vls_act_leaf *ret_leaf, vls_circle **ret) {
  vls_circle *circle = vls_circle_by_gid(core, gid);
  if (circle == NULL && core->n_circles >= VLS_CIRCLES_MAX) return VLS_LIMITED;
  if (circle == NULL) circle = vls_circle_new(core, gid, name, VLS_GRP_ASKING);
  *ret = circle;
  vls_err err = circle->group != NULL ? vls_group_renew(circle->group, &core->rng,
                                                        vls_core_wall(core), bytes, ret_leaf)
                                      : first_leaf(core, circle, bytes, ret_leaf);
  if (err != VLS_OK) return err;
  if (circle->row.state != VLS_GRP_MEMBER) circle->row.state = VLS_GRP_ASKING;
  if (via != 0) circle->row.via = via;
  circle->row_dirty = circle->moved = true;
  vls_circle_settle(core, circle);
  return VLS_OK;
}

vls_err vls_circle_admit(vls_core *core, vls_circle *circle, const vls_act_admit *admit) {
  if (circle->group == NULL) return VLS_STATE;
  vls_err err = vls_group_admit(circle->group, admit, &core->rng, vls_core_wall(core));
  vls_circle_settle(core, circle);
  return err;
}

uint64_t vls_circle_unread(vls_core *core, vls_circle *circle) {
  if (!circle->unread_known)
    circle->unread = vls_message_count_unread(core->store, circle->row.id, circle->row.read_n);
  circle->unread_known = vls_store_error(core->store) == VLS_OK;
  return circle->unread;
}

void vls_circle_touch(vls_core *core, vls_circle *circle) {
  if (circle->listed) return;
  if (core->n_busy_circles == core->cap_busy_circles) {
    core->cap_busy_circles = core->cap_busy_circles == 0 ? 8 : core->cap_busy_circles * 2;
    core->busy_circles =
        vls_realloc(core->busy_circles, core->cap_busy_circles * sizeof(vls_circle *));
  }
  core->busy_circles[core->n_busy_circles++] = circle;
  circle->listed = true;
}
