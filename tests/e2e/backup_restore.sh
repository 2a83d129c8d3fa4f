# A citizen loses her machine. What a backup brings back on the next one, and how talks go on; what
# happens to a restore that cannot be.
. "$(dirname "$0")/lib_backup.sh"
file=$here/ana.valise
citizen ana Ana
citizen bao Bao
citizen chi Chi
meet ana bao
meet ana chi
sends 'Ana writes' ana Bao 'one'
sends 'Bao writes' bao Ana 'two'
sends 'Chi writes' chi Ana 'three'
as ana contact rename Chi 'Chi of the school' >/dev/null
as ana contact verify Bao "$(as bao contact verify Ana --plain | sed -n 's/^number\t//p')" \
  >/dev/null 2>&1
off bao
off chi
says 'another, that will never leave' 0 'queued' ana send 'Chi of the school' -m 'never left'
as ana contact block 'Chi of the school' >/dev/null
as ana read >/dev/null
says 'a text that waits' 0 'queued' ana send Bao -m 'waits when the backup is made'
as ana config set direct.read_receipts no >/dev/null 2>&1
as ana backup words 2>/dev/null >"$here/words"
chmod 600 "$here/words"
says 'a backup' 0 '"contacts":2,"messages":5' ana backup create "$file" --json
id_of() { as "$1" id show --plain | sed -n 's/^id\t//p'; }
people() { as "$1" contact list --plain | cut -f 1,2,4,8 | sort; }
said() { texts "$1" Bao | cut -d ' ' -f 2- && texts "$1" 'Chi of the school' |
  sed 's/^queued /failed /'; }
id=$(id_of ana) people=$(people ana) said=$(said ana)
on bao
soon 'what waited arrives after the backup' has bao Ana 'waits when the backup is made'
sends 'and more is said' bao Ana 'after the backup'
sends 'by both' ana Bao 'mine after the backup'
off ana # for ever

# What cannot be brought back leaves a node that has nothing.
on new
restore() { says "$1" "$2" "$3" new init --restore "$file" "${@:4}"; }
restore 'no terminal, no words' 2 'say --words-file FILE'
printf 'abandon %.0s' {1..23} >"$here/wrong" && echo art >>"$here/wrong" && chmod 600 "$here/wrong"
restore 'the words of somebody else' 1 'not the ones of this backup' --words-file "$here/wrong"
restore 'a name beside it' 2 'the name is in the backup' --name Ana
says 'words without a file' 2 '.--words-file goes with --restore' \
  new init --words-file "$here/words"
says 'something else than a backup' 1 'not a backup' new init --restore "$here/words"
cp "$file" "$here/spoilt" && flip "$here/spoilt" 30000
says 'a damaged one' 1 'damaged' new init --restore "$here/spoilt" --words-file "$here/words"
says 'nobody lives here yet' 0 'nobody yet' new status

asked 'brought back on a terminal, by words' 0 'Contacts +2' new \
  "[[\"Type your\", \"@type $here/words\"], [\"Set one now\", \"n\\n\"],
    [\"in place here\", \"y\\n\"]]" \
  init --restore "$file"
check 'with what had no receipt yet' grep -q '^2 of your texts had no receipt' "$here/out"
check 'and its settings' grep -q 'Settings are in place' "$here/out"
same 'the same citizen' "$id" "$(id_of new)"
says 'the same setting' 0 '^no$' new config get direct.read_receipts
same 'the same people: names, claims, verified' "$people" "$(people new)"
same 'the same texts' "$said" "$(said new | sed '/after the backup/d')"
same 'still blocked' True "$(field new 'Chi of the school' blocked)"
restore 'once is enough' 1 'has an identity already' --words-file "$here/words"
says 'nor by its other name' 1 'has an identity already' bao backup restore "$file" \
  --words-file "$here/words"

soon 'what Bao wrote after the backup comes back' has new Bao 'after the backup'
soon 'and what Ana wrote' has new Bao 'mine after the backup'
soon 'Bao has what waited: it is not held any more' \
  state_is new Bao 'waits when the backup is made' delivered
sends 'the talk goes on' new Bao 'from the new machine'
sends 'both ways' bao Ana 'to the new machine'
same 'nothing came twice' "$(words bao Ana)" "$(words bao Ana | awk '!seen[$0]++')"
same 'on either side' "$(words new Bao)" "$(words new Bao | awk '!seen[$0]++')"
says 'a backup of the new one opens with the same words' 0 'Texts' new backup create "$here/again"
says 'and holds all of it' 0 '"messages":9' new backup verify "$here/again" \
  --words-file "$here/words" --json
as new contact block --undo 'Chi of the school' >/dev/null
on chi
same 'what never left is not sent by itself' failed \
  "$(state_of new 'Chi of the school' 'never left')"
sends 'though they talk again' chi Ana 'are you there?'
same 'nor then' failed "$(state_of new 'Chi of the school' 'never left')"
says 'nor is it lost' 0 'Trying 1 contact now' new outbox retry
soon 'but when she says so' has chi Ana 'never left'
soon 'once' state_is new 'Chi of the school' 'never left' delivered
off new
off bao
off chi
