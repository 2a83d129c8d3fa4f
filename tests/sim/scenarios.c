#include "scenarios.h"

static const sim_scenario scenarios[] = {
    {"first_talk", "two citizens meet and write to each other", sim_first_talk},
    {"week_away", "one node is off for a week while the other writes", sim_week_away},
    {"long_letters", "texts of 64 KiB over a slow and shaky line", sim_long_letters},
    {"slow_line", "long texts over a line that needs a minute for each", sim_slow_line},
    {"overtaking", "short texts don't overtake long ones that wait", sim_overtaking},
    {"many_at_once", "hundreds of texts both ways, in order", sim_many_at_once},
    {"crash_everywhere", "a crash at every commit of a first talk, on either side",
     sim_crash_everywhere},
    {"crash_storm", "both nodes crash again and again while they talk", sim_crash_storm},
    {"both_behind_nat", "nobody can dial anybody, until one opens a port", sim_both_behind_nat},
    {"partition", "a country is cut off and comes back", sim_partition},
    {"half_open", "a line is dead and nobody says so", sim_half_open},
    {"new_address", "one moves house, and later the other", sim_new_address},
    {"replay", "a stranger replays what was on the line", sim_replay},
    {"clock_skew", "a clock is thirty days wrong", sim_clock_skew},
    {"crossing", "both invite each other, and both accept", sim_crossing},
    {"used_and_expired", "an invitation works once, and not for ever", sim_used_and_expired},
    {"changed_key", "a node is lost; who comes back is somebody else", sim_changed_key},
    {"quarrels", "rename, block, unblock, remove, meet again", sim_quarrels},
    {"old_backup", "a node runs on an old copy of its store", sim_old_backup},
    {"forgotten", "the newest contact is removed; numbers are not given twice", sim_forgotten},
    {"lost_answers", "clients vanish before the answer; a retry sends once", sim_lost_answers},
    {"three_listeners", "consumers with cursors of their own, one slow", sim_three_listeners},
    {"village", "twenty citizens chatter for a day", sim_village},
    {NULL, NULL, NULL},
};

const sim_scenario *sim_scenarios(void) {
  return scenarios;
}
