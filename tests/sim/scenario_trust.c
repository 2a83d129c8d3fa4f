#include "backup.h"
#include "scenarios.h"

void sim_clock_skew(sim_world *w) {
  sim_person *ana = sim_citizen(w, "Ana");
  sim_person *bao = sim_citizen(w, "Bao");
  w->node[bao->who]->skew_ms = 20 * 3600 * INT64_C(1000); /* hours: a link bears it */
  sim_befriend(w, ana, bao);
  sim_says(w, ana, bao, 100);
  sim_says(w, bao, ana, 100);
  sim_all_arrives(w, SIM_HOUR);
  /* A month wrong, forth and back: whatever links do, nothing is lost and nothing comes twice. */
  const int64_t month = 30 * INT64_C(86400000);
  for (int i = 0; i < 4; i++) {
    w->node[bao->who]->skew_ms = i % 2 == 0 ? month : -month;
    sim_node_crash(w, w->node[bao->who], 1000);
    sim_says(w, ana, bao, 100);
    sim_says(w, bao, ana, 100);
    sim_run(w, 6 * SIM_HOUR);
  }
  w->node[bao->who]->skew_ms = 0; /* somebody looks at the clock */
  sim_all_arrives(w, SIM_HOUR);
}

void sim_crossing(sim_world *w) {
  sim_person *ana = sim_citizen(w, "Ana");
  sim_person *bao = sim_citizen(w, "Bao");
  size_t from_ana = sim_invites(w, ana, bao, 0);
  size_t from_bao = sim_invites(w, bao, ana, 0);
  /* Both accept before either node has heard from the other. */
  sim_net_part(w, ana->who, 1);
  const char *bao_hears = sim_accepts(w, bao, from_ana);
  sim_expect(w, sim_is(bao_hears, "ok"), "Bao can't accept: %s", bao_hears);
  const char *ana_hears = sim_accepts(w, ana, from_bao);
  sim_expect(w, sim_is(ana_hears, "ok"), "Ana can't accept: %s", ana_hears);
  sim_says(w, bao, ana, 100); /* said before they are ready */
  sim_says(w, ana, bao, 100);
  sim_net_heal(w);
  sim_become_friends(w, ana, bao);
  sim_all_arrives(w, SIM_HOUR);
  sim_says(w, ana, bao, 100);
  sim_says(w, bao, ana, 100);
  sim_all_arrives(w, SIM_MINUTE);
}

static bool has_failed(sim_world *w, const void *arg) {
  const sim_person *person = arg;
  (void)w;
  return person->friend[0].failed;
}

void sim_used_and_expired(sim_world *w) {
  sim_person *ana = sim_citizen(w, "Ana");
  sim_person *bao = sim_citizen(w, "Bao");
  sim_person *chidi = sim_citizen(w, "Chidi");
  sim_person *dora = sim_citizen(w, "Dora");
  size_t once = sim_invites(w, ana, bao, 0);
  sim_expect(w, sim_is(sim_accepts(w, ana, once), "usage"), "Ana accepts her own invitation");
  sim_accepts(w, bao, once);
  sim_become_friends(w, ana, bao);
  sim_expect(w, sim_is(sim_accepts(w, bao, once), "exists"), "Bao accepts the same link again");

  /* Chidi found the link too. His node can't know that it was used; Ana's does. */
  const char *answer = sim_accepts(w, chidi, once);
  sim_expect(w, sim_is(answer, "ok"), "Chidi's node knows what only Ana's can: %s", answer);
  bool ok = sim_run_until(w, has_failed, chidi, SIM_DAY);
  sim_expect(w, ok, "Chidi never learns that the invitation was used");
  sim_expect(w, !ana->friend[chidi->who].known, "Chidi is Ana's contact by a used invitation");

  size_t brief = sim_invites(w, ana, dora, 60);
  sim_net_part(w, ana->who, 1);
  answer = sim_accepts(w, dora, brief);
  sim_expect(w, sim_is(answer, "ok"), "Dora can't accept in time: %s", answer);
  sim_run(w, SIM_HOUR);
  sim_net_heal(w);
  ok = sim_run_until(w, has_failed, dora, SIM_DAY);
  sim_expect(w, ok, "Dora never learns that the invitation expired");
  answer = sim_accepts(w, chidi, brief);
  sim_expect(w, sim_is(answer, "expired"), "an expired link is taken: %s", answer);
  sim_says(w, ana, bao, 100);
  sim_all_arrives(w, SIM_HOUR); /* the next dial after an hour apart may be 22 minutes away */
}

void sim_changed_key(sim_world *w) {
  sim_person *ana = sim_citizen(w, "Ana");
  sim_person *bao = sim_citizen(w, "Bao");
  sim_befriend(w, ana, bao);
  sim_says(w, ana, bao, 100);
  sim_all_arrives(w, SIM_MINUTE);

  /* Bao's machine is stolen with everything on it; a new one stands in its place. */
  sim_turns_off(w, bao);
  w->node[bao->who]->house = 99;
  sim_person *new_bao = sim_citizen(w, "Bao");
  sim_node_move(w, w->node[new_bao->who], 2);
  size_t secret = sim_says(w, ana, bao, 100); /* meant for the Bao she knows */
  sim_run(w, SIM_DAY);
  sim_expect(w, !sim_is_delivered(w, secret), "delivered to somebody with another key");

  size_t again = sim_invites(w, new_bao, ana, 0);
  const char *answer = sim_accepts(w, ana, again); /* as "Bao" */
  sim_expect(w, sim_is(answer, "identity_changed"), "the new Bao passes for the old one: %s",
             answer);
  sim_errand as_other = {
      .deed = SIM_ACCEPT, .item = again, .other = new_bao->who, .name = "Bao with the new machine"};
  answer = sim_do(w, ana, &as_other);
  sim_expect(w, sim_is(answer, "ok"), "Ana can't take the new Bao under a new name: %s", answer);
  sim_become_friends(w, ana, new_bao);
  sim_says(w, ana, new_bao, 100);
  sim_run(w, SIM_HOUR);
  sim_expect(w, !sim_is_delivered(w, secret), "delivered to somebody with another key");
  sim_ledger_excuse(w, ana->who, bao->who);
  sim_all_arrives(w, SIM_MINUTE);
}

static void expect_ok(sim_world *w, sim_person *person, const sim_errand *errand) {
  const char *answer = sim_do(w, person, errand);
  sim_expect(w, sim_is(answer, "ok"), "%s's deed %d is refused: %s", person->name,
             (int)errand->deed, answer);
}

void sim_quarrels(sim_world *w) {
  sim_person *ana = sim_citizen(w, "Ana");
  sim_person *bao = sim_citizen(w, "Bao");
  sim_befriend(w, ana, bao);
  expect_ok(w, ana, &(sim_errand){.deed = SIM_RENAME, .other = bao->who, .name = "Bao of Hue"});
  sim_says(w, ana, bao, 50);
  sim_says(w, bao, ana, 50);
  sim_all_arrives(w, SIM_MINUTE);

  sim_errand block = {.deed = SIM_BLOCK, .other = bao->who, .value = 1};
  expect_ok(w, ana, &block);
  sim_run(w, SIM_SECOND);
  for (unsigned i = 0; i < 5; i++)
    sim_says(w, bao, ana, 50); /* none of it appears: check.c */
  sim_run(w, SIM_DAY);
  sim_node_crash(w, w->node[ana->who], 1000);
  sim_run(w, SIM_DAY);
  block.value = 0;
  expect_ok(w, ana, &block);
  sim_run(w, SIM_HOUR);
  sim_says(w, bao, ana, 50);
  sim_says(w, ana, bao, 50);
  sim_all_arrives(w, SIM_HOUR);

  expect_ok(w, ana, &(sim_errand){.deed = SIM_REMOVE, .other = bao->who});
  sim_run(w, SIM_HOUR);
  size_t knock = sim_says(w, bao, ana, 50); /* Bao's node does not know yet */
  sim_run(w, SIM_HOUR);
  sim_expect(w, !sim_is_delivered(w, knock), "delivered to somebody who removed the contact");
  sim_ledger_excuse(w, bao->who, ana->who);
  expect_ok(w, bao, &(sim_errand){.deed = SIM_REMOVE, .other = ana->who});
  sim_befriend(w, ana, bao); /* a new beginning */
  sim_says(w, ana, bao, 50);
  sim_says(w, bao, ana, 50);
  sim_all_arrives(w, SIM_HOUR);
}

/* Data that goes back: what others hold of it comes back, nothing is shown twice, and all who have
 * reason to are told. */
static void go_back(sim_world *w, bool new_device) {
  sim_person *ana = sim_citizen(w, "Ana");
  sim_person *bao = sim_citizen(w, "Bao");
  sim_person *chidi = sim_citizen(w, "Chidi");
  sim_backup backup;
  sim_backup_init(w, &backup, ana);
  sim_befriend(w, ana, bao);
  sim_befriend(w, chidi, ana);
  for (unsigned i = 0; i < 6; i++)
    sim_says(w, i % 2 ? ana : bao, i % 2 ? bao : ana, 50);
  sim_all_arrives(w, SIM_MINUTE);
  sim_run(w, SIM_MINUTE);
  for (unsigned round = 0; round < 3; round++) {
    if (!backup.is_taken) sim_backup_take(w, &backup, ana);
    for (unsigned i = 0; i < 4 + 20 * round; i++) {
      sim_says(w, i % 2 ? ana : bao, i % 2 ? bao : ana, 50 + 900 * round);
      if (i % 3 == 0) sim_says(w, i % 2 ? ana : chidi, i % 2 ? chidi : ana, 50);
    }
    sim_all_arrives(w, SIM_HOUR);
    sim_reads(w, bao, ana);
    if (round == 1) sim_says(w, ana, bao, 50); /* nobody has it but the disk that goes back */
    sim_run(w, round == 1 ? 0 : SIM_MINUTE);
    while (!sim_backup_may_restore(w, &backup, ana))
      sim_run(w, 10);
    sim_backup_restore(w, &backup, ana, new_device);
    for (unsigned i = 0; i < 4; i++)
      sim_says(w, i % 2 ? ana : bao, i % 2 ? bao : ana, 50);
    sim_run(w, SIM_HOUR);
    sim_examine(w, ana->who);
    sim_examine(w, bao->who);
    sim_examine(w, chidi->who);
    sim_all_arrives(w, 2 * SIM_HOUR);
    sim_backup_check(w, &backup, ana);
  }
  sim_backup_done(&backup);
}

void sim_old_backup(sim_world *w) {
  go_back(w, false);
}

void sim_new_device(sim_world *w) {
  go_back(w, true);
}

void sim_forgotten(sim_world *w) {
  sim_person *ana = sim_citizen(w, "Ana");
  sim_person *bao = sim_citizen(w, "Bao");
  sim_person *chidi = sim_citizen(w, "Chidi");
  sim_befriend(w, ana, bao);
  sim_says(w, bao, ana, 50);
  sim_all_arrives(w, SIM_MINUTE);
  sim_befriend(w, ana, chidi);
  for (unsigned i = 0; i < 5; i++) {
    sim_says(w, chidi, ana, 50);
    sim_says(w, ana, chidi, 50);
  }
  sim_all_arrives(w, SIM_MINUTE);
  /* The newest texts and events go with their contact; their numbers must not come back. */
  expect_ok(w, ana, &(sim_errand){.deed = SIM_REMOVE, .other = chidi->who});
  sim_node_crash(w, w->node[ana->who], 1000);
  sim_run(w, SIM_MINUTE);
  for (unsigned i = 0; i < 5; i++) {
    sim_says(w, bao, ana, 50);
    sim_says(w, ana, bao, 50);
  }
  sim_all_arrives(w, SIM_MINUTE);
}
