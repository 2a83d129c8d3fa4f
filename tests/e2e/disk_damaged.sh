#!/usr/bin/env bash
# A page of the store rots, while the node is stopped and while it runs, in clear and encrypted: no
# restart loop. What can be read is saved, what is lost is said, the talk goes on, and the damaged
# store is kept.
. "$(dirname "$0")/lib_talk.sh"

store_of() { printf '%s/%s/data/valise/node.db' "$here" "$1"; }
damage() { python3 -B "$e2e/disk_damage.py" "$(store_of "$1")" "${@:2}"; }
pages() { damage "$1" count; }
count() { as "$1" read --peek --plain -n 2000 "$2" 2>/dev/null | wc -l; }
log_has() { grep -Eq -- "$2" "$(log_of "$1")"; }
kept() { [ -e "$(store_of "$1").damaged-$2" ]; }
lost_of() { sed -n 's/.*store.salvaged .*lost_texts=\([0-9]*\).*/\1/p' "$(log_of "$1")"; }
saved() { log_has "$1" ' store.salvaged ' && state_of_node "$1" ready; }
state_of_node() { as "$1" status --json 2>/dev/null | grep -q "\"state\":\"$2\""; }
fill() { python3 -B "$e2e/disk_fill.py" "$(socket_of "$1")" "${@:2}"; }
# As on, but for one that is not ready at once.
begin() {
  mv "$(log_of "$1")" "$here/$1/log.before"
  launch "$1" --listen "127.0.0.1:$(cat "$here/$1/port")"
}
# Those whose page holds texts and nothing else: a table leaf in the middle of the file.
text_page() {
  python3 -B - "$(store_of "$1")" <<'P'
import sys
data = open(sys.argv[1], "rb").read()
# From the older half, which is not read again by itself.
pages = [i + 1 for i in range(1, len(data) // 4096)
         if data[i * 4096] == 13 and data.count(b"text ", i * 4096, (i + 1) * 4096) > 5]
print(pages[len(pages) // 4])
P
}
back_in_place() { rm -f "$(store_of "$1")".damaged-*; }

for name in ana bao; do
  mkdir -p -m 700 "$here/$name/config/valise"
  printf '[store]\ncache_kib = 256\n' >"$here/$name/config/valise/valise.conf"
done
citizen ana Ana
citizen bao Bao
meet ana bao
check 'four hundred texts' fill ana Bao 1 400
delivered() { [ "$(count bao Ana)" -eq 400 ]; }
soon 'and they are with Bao' delivered

# Stopped; a page of texts.
off bao
page=$(text_page bao)
damage bao "$page"
on bao
as bao read --peek Ana -n 500 >/dev/null 2>&1 # whoever reads finds it
soon "Bao's page $page rots: found at the first read, and saved" saved bao
lost=$(lost_of bao)
left=$(count bao Ana)
check "the log says that $lost are lost, and $left of 400 are there" [ $((lost + left)) -eq 400 ]
check 'no more than one page of them' [ "$left" -ge 370 ]
says 'status says that it happened' 0 'Damaged .*saved' bao status
says 'doctor says what is lost' '[01]' "found damaged 0 days ago.* $lost texts are lost" bao doctor
check 'the damaged store is kept' kept bao 1
check 'the node never ended' kill -0 "$(pid_of bao)"
check 'no key was hit: the same device' log_has bao 'sessions="?go on'
sends 'the talk goes on, to Bao' ana Bao 'after the first'
sends 'and from him' bao Ana 'I am here'
off bao
check 'a start that finds nothing wrong' on bao
check 'says nothing of damage' bash -c '! grep -q store.damaged "$1"' - "$(log_of bao)"

# While it runs, with little memory for pages: one that it does not have there.
page=$(text_page bao)
as bao read --peek Ana -n 20 >/dev/null 2>&1
damage bao "$page"
as bao read --peek Ana -n 500 >/dev/null 2>&1
soon 'while it runs' saved bao
check 'is kept beside the first' kept bao 2

# The first bytes: it does not look like a store in clear any more.
off bao
back_in_place bao
damage bao 0
on bao
soon 'one of the first bytes: not taken for an encrypted store' saved bao
sends 'and the talk goes on' ana Bao 'after the head'

# The page that lists the tables: all of it by the form of its rows, as a new device.
left=$(count bao Ana)
off bao
back_in_place bao
damage bao 1
begin bao
soon 'page 1: saved all the same' saved bao
check 'as a new device, since keys may have been hit' log_has bao 'sessions="begun anew'
check "every text is there that was ($left)" [ "$(count bao Ana)" -ge "$left" ]
sends 'Ana is told, and the talk goes on' ana Bao 'after page 1'
sends 'both ways' bao Ana 'still me'

# Encrypted, and damaged under its feet.
printf 'correct horse' | in_home bao "$VALISE" passphrase --new-passphrase-file - >/dev/null 2>&1 ||
  bad 'it is encrypted'
until_true 10 state_of_node bao ready
off bao
back_in_place bao
damage bao "$(($(pages bao) / 2))" "$(($(pages bao) / 2 + 1))"
begin bao
soon 'encrypted: it starts locked' state_of_node bao locked
printf 'correct horse' >"$here/pass" && chmod 600 "$here/pass"
as bao unlock --passphrase-file "$here/pass" >/dev/null 2>&1
as bao read --peek Ana -n 500 >/dev/null 2>&1
soon 'after unlock what can be read is saved' saved bao
check 'and the damaged one is kept' kept bao 1
says 'it is encrypted still' 0 'Store .*, encrypted' bao status
sends 'the talk goes on' ana Bao 'after the last'
off bao
off ana
