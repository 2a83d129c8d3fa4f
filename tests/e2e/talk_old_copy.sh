#!/usr/bin/env bash
# Ana's data directory is copied away, she talks on, and the copy is put back, as a disk image or a
# snapshot does it: the talk goes on, nothing is lost or shown twice, and both are told. Then a
# second machine runs from a copy while the first one goes on: both are told that, too.
. "$(dirname "$0")/lib_talk.sh"

data_of() { printf '%s/%s/data' "$here" "$1"; }
# How often TEXT stands in what NAME has of WHO.
times() { words "$1" "$2" "${4-}" | grep -cFx -- "$3"; }
alarmed() { talk feed "$1" alarm | grep -q "$2"; }

citizen ana Ana
citizen bao Bao
meet ana bao
sends "before the copy, both ways" ana Bao 'one'
sends "and back" bao Ana 'two'
off ana
cp -a "$(data_of ana)" "$here/copy"
on ana
for i in 1 2 3 4 5; do
  as ana send Bao -m "ana after the copy $i" >/dev/null 2>&1
  as bao send Ana -m "bao after the copy $i" >/dev/null 2>&1
done
sends "Ana talks on" ana Bao 'the last before'
sends "and so does Bao" bao Ana 'his last before'
before_bao=$(words ana Bao | sort)
off ana
as bao send Ana -m 'while she was away' >/dev/null 2>&1
rm -rf "$(data_of ana)"
cp -a "$here/copy" "$(data_of ana)"
on ana
same "the copy knows nothing of it" 'one two' "$(words ana Bao | head -n 2 | xargs)"
sends "what she writes now arrives" ana Bao 'the first after'
sends "what he writes now arrives" bao Ana 'his first after'
soon "what he wrote meanwhile is there" has ana Bao 'while she was away'
expected=$(printf '%s\n' "$before_bao" 'the first after' 'his first after' \
  'while she was away' | sort)
all_of_ana() { [ "$(words ana Bao | sort)" = "$expected" ]; }
soon "Ana has everything again, hers and his, each once" all_of_ana
same "so has Bao" "$expected" "$(words bao Ana | sort)"
same "what came back to Ana is delivered" delivered "$(state_of ana Bao 'the last before')"
soon "Ana's clients are told" alarmed ana 'this node runs on an old copy of its data'
soon "and Bao's" alarmed bao 'their node runs on an old copy of its data'
says "doctor says it to Ana" '[01]' 'runs on an old copy of its data' ana doctor
says "and to Bao" '[01]' 'runs on an old copy of its data' bao doctor

# A machine that was copied, and both go on.
off ana
mkdir -m 700 "$here/twin"
cp -a "$(data_of ana)" "$here/twin/data"
cp "$here/ana/log" "$here/twin/log"
echo 0 >"$here/twin/port"
on ana
sends "the first one talks" ana Bao 'from the first'
on twin
WAIT_S=90
sends_from() { as "$1" send Bao -m "$2" --wait delivered --timeout 80s; }
check "and so does the second" sends_from twin 'from the second'
check "the first one is heard again" sends_from ana 'from the first again'
soon "who runs the first is told" alarmed ana 'another copy of this node is running'
soon "Bao is told" alarmed bao 'two copies of it may be running'
off twin
same "nothing came twice" '1 1 1' "$(times bao Ana 'from the first') $(times bao Ana \
  'from the second') $(times bao Ana 'from the first again')"
soon "what the second said is the first one's, too" has ana Bao 'from the second'
for who in ana bao; do off $who; done
