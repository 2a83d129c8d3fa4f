# A restore that ends in its middle: the client goes, the node dies, the disk is full. Nothing of it
# counts, and the next try brings all of it back. The store it goes to may be encrypted.
. "$(dirname "$0")/lib_backup.sh"
file=$here/ana.valise
citizen ana Ana
citizen bao Bao
meet ana bao
head -c 60000 /dev/urandom | base64 -w 0 | head -c 60000 >"$here/long"
for _ in {1..40}; do as ana send Bao -f "$here/long" >/dev/null || bad 'a long text'; done
soon 'long texts arrive' eval '[ "$(as ana outbox list --plain | wc -l)" = 0 ]'
as ana config set log.level notice >/dev/null 2>&1
mkdir -p "$here/ana/config/valise/conf.d"
echo '[dial]' >"$here/ana/config/valise/conf.d/10-mine.conf"
printf '[log]\nlevel = loud\n' >"$here/ana/config/valise/conf.d/20-wrong.conf"
(umask 077 && as ana backup words >"$here/words" 2>/dev/null)
says 'a backup' 0 '"messages":40' ana backup create "$file" --json
off ana
off bao
on new
from() { as new --socket "$1" init --restore "$file" --words-file "$here/words"; }
through() { # HOW-MANY WHAT: a socket behind which the node stalls, or is gone, after that
  python3 -B "$e2e/backup_proxy.py" "$here/proxy" "$(socket_of new)" "$@" >"$here/proxy.out" &
  pids+=($!)
  until_true 10 grep -q ready "$here/proxy.out"
  : >"$here/proxy.out"
}
empty() { as new status --plain | grep -q '^state.empty'; }
said() { as new "$@" 2>&1 | grep -q "$pattern"; }

for answers in 1 2 3 4 5; do # hello, who is there, begin, pieces
  through ${answers}x close
  from "$here/proxy" >"$here/out" 2>&1
  same "the connection ends after $answers answers: code 3" 3 $?
  check 'and the node has no identity' empty
done

through 4x stall
from "$here/proxy" >"$here/out" 2>&1 &
client=$!
pattern='not brought back to its end'
soon 'in the middle' said doctor
kill9 new
wait $client
same 'the node dies: code 3' 3 $?
on new
check 'after its start it has no identity' empty
check 'and says what happened' said doctor
says 'another identity may be made instead' 0 'Name +Someone' new init --name Someone
same 'and nothing of the backup is there' '' "$(as new contact list --plain)"
off new
rm -rf "$here/new"

# Killed at any moment it is all or nothing, and the next try works.
for pause in 0.05 0.1 0.2 0.4 0.8; do
  on new
  from "$(socket_of new)" >"$here/out" 2>&1 &
  client=$!
  sleep $pause
  kill9 new
  wait $client
  on new
  empty && { as new init --restore "$file" --words-file "$here/words" >"$here/out" 2>&1 ||
    bad "again after $pause s: $(cat "$here/out")"; }
  same "killed after $pause s: all of it" 40 "$(words new Bao | grep -c .)"
  off new
  rm -rf "$here/new"
done

on new
asked 'into an encrypted store' 0 'Texts +40' new \
  "[[\"Type your\", \"@type $here/words\"], [\"Set one now\", \"y\\n\"],
    [\"New passphrase\", \"other\\n\"], [\"once more\", \"other\\n\"],
    [\"in place here\", \"n\\n\"]]" init --restore "$file"
says 'it is encrypted' 0 'Store .*, encrypted' new status
same 'all are there' 40 "$(words new Bao | grep -c .)"
says 'it locks' 0 'Locked' new lock
says 'a locked node has an identity: code 9' 9 'try: valise unlock' new init --restore "$file" \
  --words-file "$here/words"
off new
rm -rf "$here/new"

# A disk on which it does not fit: the node refuses, and has no identity afterwards.
NODE_BLOCKS=1500 on new
from "$(socket_of new)" >"$here/out" 2>&1
code=$?
check 'no room: a clear error' grep -Eq 'disk is full|no room|disk_full|lost' "$here/out"
check "code 9, or 3 ($code)" eval "[[ $code =~ ^[39]$ ]]"
off new
on new
check 'no identity' empty
mine=$here/new/config/valise
mkdir -p "$mine"
printf '# mine\n' >"$mine/valise.conf"
says 'with room it works' 0 'Texts +40' new init --restore "$file" --words-file "$here/words" \
  --settings
same 'settings that were there stay' '# mine' "$(cat "$mine/valise.conf")"
check 'which is said' grep -q 'Left as it is: .*valise.conf: it is there already' "$here/err"
same 'others come' '[dial]' "$(cat "$mine/conf.d/10-mine.conf")"
check 'wrong ones do not, and why' grep -q 'Left as it is: .*20-wrong.conf.*level' "$here/err"
same 'nor half of them' 10-mine.conf "$(ls -A "$mine/conf.d")"
same 'all of it' 40 "$(words new Bao | grep -c .)"
off new
