#!/usr/bin/env bash
# Invitations that go wrong: mistyped, used, expired, one's own, of a node that is off, two that
# cross, one taken twice.
. "$(dirname "$0")/lib_talk.sh"

citizen ana Ana
citizen bao Bao
citizen cy Cy
citizen dan Dan

link=$(invite ana --as Bao)
wrong=${link:0:60}$([ "${link:60:1}" = a ] && echo b || echo a)${link:61}
says "a mistyped link is refused, and says what it may be" 2 'a letter of it is wrong' \
  bao accept "$wrong"
says "half a link too" 2 'not an invitation' bao accept "${link:0:200}"
says "and something else entirely" 2 'not an invitation' bao accept 'https://example.org/'
says "one's own link is refused" 2 'your own invitation' ana accept "$link"
same "no contact came of any of it" '' "$(as bao contact list --plain; as ana contact list --plain)"
says "the link in capitals, as a QR code has it, with space around it, works" 0 'your contact' \
  bao accept "  ${link^^} " --as Ana --wait --timeout "$WAIT"

says "a used link tells the next who tries, and that contact fails" 1 'already used by somebody' \
  cy accept "$link" --as Ana --wait --timeout "$WAIT"
same "it is failed from then on" failed "$(field cy Ana state)"
says "with what to do" 1 'ask for a new' cy doctor
says "nothing can be sent to it" 1 'ask for a new' cy send Ana -m 'hello?'
same "Ana has not heard of Cy" Bao "$(as ana contact list --plain | cut -f 1 | paste -sd ' ')"
says "a new invitation mends that" 0 'is your contact' \
  cy accept "$(invite ana --as Cy)" --as Ana --wait --timeout "$WAIT"
sends "and a text gets through" cy Ana 'hello!'

link=$(invite dan)
off dan
says "a link of a node that is off is taken" 0 'as soon as their node answers' \
  ana accept "$link" --as Dan
says "waiting for it times out, and it goes on trying" 6 'keeps trying' \
  bao accept "$link" --as Dan --wait --timeout 300ms
says "the same link again changes nothing" 0 'as soon as' ana accept "$link" --as Dan
says "Ana can write already" 0 'queued' ana send Dan -m 'first of Ana'
says "Bao too" 0 'queued' bao send Dan -m 'first of Bao'
on dan
as ana outbox retry >/dev/null 2>&1
as bao outbox retry >/dev/null 2>&1
settled() {
  [[ "$(field ana Dan state) $(field bao Dan state)" =~ ^(ready failed|failed ready)$ ]]
}
soon "back, Dan takes the first who comes, and refuses the other" settled
if [ "$(field ana Dan state)" = ready ]; then got=ana lost=bao; else got=bao lost=ana; fi
soon "the text of the first arrives" \
  state_is $got Dan "first of ${got^}" delivered
check "the text of the other is not called delivered" \
  [ "$(state_of $lost Dan "first of ${lost^}")" != delivered ]
same "Dan has one contact and one text" "${got^} first of ${got^}" \
  "$(as dan contact list --plain | cut -f 1) $(words dan "${got^}")"

link=$(invite dan)
as $lost accept "$link" --as Dan --wait --timeout "$WAIT" >/dev/null 2>&1
says "a link taken twice is refused while they are linked" 1 'already' $lost accept "$link" --as Dan
off dan
says "while they are not it may be tried, and harms nothing" 0 '' $lost accept "$link" --as Dan
on dan
as $lost outbox retry >/dev/null 2>&1
sends "the talk goes on after that" $lost Dan 'after the second try'
sends "both ways" dan "${lost^}" 'so it does'

# Two invitations that cross, some pairs of new people at the same moment.
PAIRS=${TALK_PAIRS:-6}
for i in $(seq $PAIRS); do citizen "eve$i" Eve; citizen "fay$i" Fay; done
for i in $(seq $PAIRS); do
  eve=$(invite "eve$i") fay=$(invite "fay$i")
  (as "eve$i" accept "$fay" --as Fay; as "eve$i" send Fay -m 'from Eve') >/dev/null 2>&1 &
  (as "fay$i" accept "$eve" --as Eve; as "fay$i" send Eve -m 'from Fay') >/dev/null 2>&1 &
  wait %+ %-
done
crossed() {
  local i
  for i in $(seq $PAIRS); do
    state_is "eve$i" Fay 'from Eve' delivered &&
      state_is "fay$i" Eve 'from Fay' delivered || return 1
  done
}
began=$(date +%s%N)
check "two invitations that cross make one talk ($PAIRS pairs)" until_true 30 crossed
printf '      %s ms\n' $((($(date +%s%N) - began) / 1000000))
one_each() {
  local i
  for i in $(seq $PAIRS); do
    [ "$( (as "eve$i" contact list --plain; as "fay$i" contact list --plain) | wc -l)" = 2 ] &&
      [ "$(words "eve$i" Fay in)$(words "fay$i" Eve in)" = 'from Fayfrom Eve' ] || return 1
  done
}
check "with one contact and each text once on either side" one_each
for i in $(seq $PAIRS); do off "eve$i"; off "fay$i"; done

# Time: a clock that is ahead, by a library that goes before the system's.
if ! cc -x c -shared -fPIC -o "$here/ahead.so" - 2>"$here/cc" <<'C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
int clock_gettime(clockid_t clock, struct timespec *ret) {
  int (*real)(clockid_t, struct timespec *) =
      (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
  int code = real(clock, ret);
  if (clock == CLOCK_REALTIME) ret->tv_sec += atoi(getenv("AHEAD"));
  return code;
}
C
then
  printf 'skip  expired invitations: there is no C compiler\n'
else
  ahead() { LD_PRELOAD=$here/ahead.so AHEAD=$1 on "$2"; }
  link=$(invite ana --expires 1m)
  off cy
  ahead 120 cy
  as cy contact remove Ana --yes >/dev/null 2>&1
  says "an expired link is refused" 1 'expired' cy accept "$link" --as Ana
  off cy
  on cy
  off ana
  ahead 120 ana
  says "expired by the inviter's clock: the inviter says so" 1 'has expired; ask for a new one' \
    cy accept "$link" --as Ana --wait --timeout "$WAIT"
  same "that contact failed" failed "$(field cy Ana state)"
fi
for who in ana bao cy dan; do off "$who"; done
