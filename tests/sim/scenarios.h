/* The stories; what each is about stands in scenarios.c. */
#ifndef VALISE_SIM_SCENARIOS_H
#define VALISE_SIM_SCENARIOS_H

#include "script.h"

/* scenario_talk.c */
void sim_first_talk(sim_world *w);
void sim_week_away(sim_world *w);
void sim_long_letters(sim_world *w);
void sim_slow_line(sim_world *w);
void sim_overtaking(sim_world *w);
void sim_many_at_once(sim_world *w);
/* scenario_crash.c */
void sim_crash_everywhere(sim_world *w);
void sim_crash_storm(sim_world *w);
/* scenario_net.c */
void sim_both_behind_nat(sim_world *w);
void sim_partition(sim_world *w);
void sim_half_open(sim_world *w);
void sim_new_address(sim_world *w);
void sim_replay(sim_world *w);
/* scenario_trust.c */
void sim_clock_skew(sim_world *w);
void sim_crossing(sim_world *w);
void sim_used_and_expired(sim_world *w);
void sim_changed_key(sim_world *w);
void sim_quarrels(sim_world *w);
void sim_old_backup(sim_world *w);
void sim_new_device(sim_world *w);
void sim_forgotten(sim_world *w);
/* scenario_client.c */
void sim_lost_answers(sim_world *w);
void sim_three_listeners(sim_world *w);
/* scenario_hostile.c */
void sim_garbage(sim_world *w);
void sim_skipped_keys(sim_world *w);
void sim_skip_one(sim_world *w);
void sim_false_receipts(sim_world *w);
void sim_tiny_records(sim_world *w);
void sim_million_records(sim_world *w);
void sim_full_room(sim_world *w);
void sim_forgetful(sim_world *w);
void sim_slow_reader(sim_world *w);
void sim_liar(sim_world *w);
/* scenario_strangers.c */
void sim_prober(sim_world *w);
void sim_replayer(sim_world *w);
void sim_flooder(sim_world *w);
void sim_middle_man(sim_world *w);
void sim_stolen_link(sim_world *w);
/* scenario_village.c */
void sim_village(sim_world *w);

#endif
