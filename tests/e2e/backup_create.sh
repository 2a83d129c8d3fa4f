# A citizen makes backups and looks whether they are whole; and all that can go wrong with it.
. "$(dirname "$0")/lib_backup.sh"
citizen ana Ana
citizen bao Bao
meet ana bao
sends 'a text' ana Bao 'a very recognisable text'
mkdir "$here/stick"
file=$here/stick/ana.valise

says 'nothing yet' 0 'none yet' ana backup
says 'no words, no terminal: what helps' 1 'try: valise backup words' ana backup create "$file"
check 'and nothing was written' nothing_beside "$file"
shown="[\"Press Enter\", \"@learn $here/words\"]"
asked 'a terminal shows words once, and asks some back' 0 'Opens with +recovery words' ana \
  "[$shown, [\"type 4\", \"@back $here/words\"]]" backup create "$file"
gone() { # a few of them are in the sentences by chance
  [ "$(tail -n 5 "$here/out" | grep -oE '[a-z]+' | sort -u |
    grep -cxFf <(tr ' ' '\n' <"$here/words"))" -lt 6 ]
}
check 'none of them stays on the screen' gone
same 'only its owner reads it' 600 "$(stat -c %a "$file")"
same 'nothing is beside it' ana.valise "$(ls -A "$here/stick")"
check 'nothing in clear' bash -c '! grep -aqE "recognisable|Bao|Ana" "$1"' - "$file"
says 'the node knows when' 0 'Last backup.*ago|just now' ana backup show
says 'and that there are words' 1 'cannot be shown again' ana backup words

says 'a file that is there stays' 1 'is there already; --overwrite' ana backup create "$file"
asked 'a terminal asks' 1 'left' ana '[["Replace it", "\n"]]' backup create "$file"
asked 'and does it' 0 'Texts' ana '[["Replace it", "y\n"]]' backup create "$file"
says 'or by option, with settings' 0 'saved|Saved' ana config set dial.enabled yes
says 'as JSON' 0 '"lock":"words","contacts":1,"messages":1,"settings":\["valise.conf"\]' \
  ana backup create "$file" --overwrite --json
says 'a folder is no file' 1 'not a file' ana backup create "$here/stick" --overwrite
says 'a folder that is not there' 1 'cannot write' ana backup create "$here/none/x"

off ana
verify() { says "$1" "$2" "$3" ana backup verify "$file" "${@:4}"; }
verify 'it opens without a node' 0 'All of it is there' --words-file "$here/words"
verify 'and says what is in it' 0 '"name":"Ana".*"contacts":1,"messages":1' \
  --words-file "$here/words" --json
asked 'words are typed with completion' 0 'All of it is there' ana \
  "[[\"Type your\", \"@type $here/words\"]]" backup verify "$file"
TERMINAL=dumb asked 'or a line each' 0 'All of it is there' ana \
  "[[\"Type your\", \"@type $here/words\"]]" backup verify "$file"
asked 'or all at once, as a paste' 0 'All of it is there' ana \
  "[[\"Word 1 of 24\", \"@paste $here/words\"]]" backup verify "$file"
asked 'a wrong one gets a suggestion' 130 'did you mean abandon' ana \
  '[["Word 1 of 24", "abandom\n"], ["did you mean", "\u0003"]]' backup verify "$file"
asked 'Ctrl-D gives up' 2 'given up' ana '[["Word 1 of 24", "\u0004"]]' backup verify "$file"
piped() { in_home ana "$VALISE" --no-input backup verify "$file" --words-file - <"$here/words"; }
check 'or come from a pipe' piped
verify 'no terminal, no question' 2 'say --words-file FILE'
verify 'words where a passphrase is given' 2 'opens with recovery words' --passphrase-file /dev/null
words() { secret other "$1"; }
words "$(sed 's/ [a-z]*$//' "$here/words")"
verify 'one is missing' 2 'these are 23 words; recovery words are 24' --words-file "$here/other"
words "$(sed 's/[a-z]*$/abandom/' "$here/words")"
verify 'one is mistyped' 2 'word 24, "abandom", .*did you mean abandon' --words-file "$here/other"
words "$(awk '{ t = $1; for (i = 1; i <= NF; i++) if ($i != t) { $1 = $i; $i = t; break } print }' \
  "$here/words")"
verify 'two changed places' '[12]' 'together they are not right|not the ones of this' \
  --words-file "$here/other"
words "$(printf 'abandon %.0s' {1..23}) art"
verify 'the words of somebody else' 1 'not the ones of this backup' --words-file "$here/other"
verify 'a file that is not there' 1 'cannot read' --words-file "$here/none"

# What a stick does to files.
spoilt() { says "$1" "$2" "$3" ana backup verify "$here/spoilt" --words-file "$here/words"; }
head -c 100 "$file" >"$here/spoilt"
spoilt 'cut off' 1 'is damaged: it is cut off'
head -c 96 "$file" >"$here/spoilt"
spoilt 'the head alone' 1 'cut off'
: >"$here/spoilt"
spoilt 'empty' 1 'not a backup'
head -c 70000 /dev/urandom >"$here/spoilt"
spoilt 'something else' 1 'not a backup'
{ cat "$file" && tail -c 65584 "$file"; } >"$here/spoilt"
spoilt 'with something behind it' 1 'added behind its end'
poke() {
  cp "$file" "$here/spoilt"
  printf "$2" | dd of="$here/spoilt" bs=1 seek="$1" conv=notrunc status=none
}
poke 14 '\002'
spoilt 'of a later version' 9 'newer version'
poke 15 '\002\000\377\000\000\000\377\000\000'
spoilt 'that asks for much memory' 1 'more memory or time'
cp "$file" "$here/spoilt" && flip "$here/spoilt" 40000
spoilt 'with a byte changed' 1 'damaged, or a part of it is missing'
cp "$file" "$here/spoilt" && truncate -s $((96 + 65584 * 100000000)) "$here/spoilt"
spoilt 'that claims six terabytes' 1 'added behind its end'
rm "$here/spoilt"

on ana
VALISE_ACCESSIBLE=1 asked 'for a reader of screens words are sentences' 0 'Word 24: [a-z]+\.' ana \
  "[[\"Press Enter\", \"@learn $here/other\"], [\"type 4\", \"@back $here/other\"]]" \
  backup words --new
says 'what was made before opens with the old ones' 0 'All of it' ana \
  backup verify "$file" --words-file "$here/words"
says 'a backup from now on' 0 'Texts' ana backup create "$here/stick/new"
says 'opens with the new ones' 0 'All of it' ana \
  backup verify "$here/stick/new" --words-file "$here/other"
says 'and not with the old ones' 1 'not the ones of this' ana \
  backup verify "$here/stick/new" --words-file "$here/words"
secret pass 'correct horse battery staple'
secret wrong 'correct horse battery stable'
says 'with a passphrase' 0 '"lock":"passphrase"' ana backup create "$here/stick/p" \
  --passphrase-file "$here/pass" --json
says 'it opens with it' 0 'All of it' ana backup verify "$here/stick/p" \
  --passphrase-file "$here/pass"
says 'and not with another' 1 'not the passphrase' ana backup verify "$here/stick/p" \
  --passphrase-file "$here/wrong"
asked 'on a terminal there are three tries' 0 'All of it' ana \
  '[["Passphrase of the backup:", "x\n"],
    ["Passphrase of the backup:", "correct horse battery staple\n"]]' \
  backup verify "$here/stick/p"
asked 'a passphrase is asked twice' 2 'not the same' ana \
  '[["New passphrase", "one\n"], ["once more", "two\n"]]' backup create "$here/stick/q" --passphrase
check 'and nothing was written' nothing_beside "$here/stick/q"

# What stops it in the middle leaves nothing.
limited() { (ulimit -f 32 && as ana backup create "$here/stick/q"); }
limited >"$here/out" 2>&1
same 'no room: code 9' 9 $?
check 'and so it says' grep -q 'cannot write .*File too large' "$here/out"
check 'nothing is left of it' nothing_beside "$here/stick/q"
through() { # BYTES WHAT: a socket behind which the node stalls, or dies, after so many bytes
  python3 -B "$e2e/backup_proxy.py" "$here/proxy" "$(socket_of ana)" "$@" >"$here/proxy.out" &
  pids+=($!)
  until_true 10 grep -q ready "$here/proxy.out"
  : >"$here/proxy.out"
}
through 2000 stall
asked 'Ctrl-C while the node says nothing' 130 '' ana \
  "[[\"\", \"@until $here/stick/q*\"], [\"\", \"\\u0003\"]]" \
  --socket "$here/proxy" backup create "$here/stick/q" --quiet
check 'leaves nothing' nothing_beside "$here/stick/q"
for bytes in 60 150 400 1000 30000 65000; do
  through $bytes close
  says "the node goes after $bytes bytes: code 3" 3 'connection to valised is lost' ana \
    --socket "$here/proxy" backup create "$here/stick/q"
done
check 'and nothing is left' nothing_beside "$here/stick/q"
says 'it works afterwards' 0 'Texts' ana backup create "$here/stick/q"

# Locked, there is nothing to read.
says 'no backup of a locked node' 0 '' ana rpc node.passphrase '{"new":"x"}'
says 'it is locked' 0 'Locked' ana lock
says 'code 9' 9 'try: valise unlock' ana backup create "$here/stick/r" \
  --passphrase-file "$here/pass"
says 'words need it, too' 9 'locked' ana backup words
says 'verify does not' 0 'All of it' ana backup verify "$here/stick/q" --words-file "$here/other"
check 'no words in the log' bash -c '! grep -qF "$(cat "$2")" "$1"' - "$(log_of ana)" "$here/words"
off ana
off bao
