#!/usr/bin/env bash
# A group from its first text to its last: begun, joined by contacts of one member, talked in also
# while somebody is away, kept in order, left. Everybody reads the same.
. "$(dirname "$0")/lib_talk.sh"

for who in ana bao chi; do citizen $who "${who^}"; done
meet ana bao
meet ana chi

says 'no groups: what to type' 0 'valise group create' ana group
says 'a group is begun' 0 'You have begun @Twin schools' ana group create 'Twin schools'
says 'and is in the list' 0 '@Twin schools +ready +founder' ana group list
says 'whoever is no member cannot be invited by a wrong name' 4 'no contact is called' \
  ana group invite 'Twin schools' Bo
says 'a mistyped group gets a suggestion' 4 'did you mean "@Twin schools"' \
  ana group show 'Tvin schools'

joins() {
  says "$1 is invited" 0 "${1^} is invited" ana group invite 'Twin schools' "${1^}"
  soon "$1 sees the invitation" invited "$1"
  says "$1 joins" 0 'You are in @Twin schools' \
    "$1" group join 'Twin schools' --wait --timeout "$WAIT"
}
invited() { as "$1" group list --plain | grep -q $'@Twin schools\tinvited'; }
joins bao
joins chi
members() { as "$1" group members '@Twin schools' --plain | cut -f 7 | sort; }
alike_members() {
  [ "$(members ana)" = "$(members bao)" ] && [ "$(members ana)" = "$(members chi)" ]
}
soon 'all know the same members' alike_members
same 'three of them' 3 "$(members chi | wc -l)"
says 'who is no contact is shown by what they call themselves, with a mark' 0 '~Chi v1' \
  bao group members 'Twin schools'

# What is the same everywhere, a line for each text.
history() {
  as "$1" read '@Twin schools' --peek --json -n "$MANY" | python3 -c '
import json, sys
for line in sys.stdin:
    m = json.loads(line)
    print(m["item"], m["author_id"], m["hour"], m["text"])'
}
alike() {
  local other
  [ "$(history ana | wc -l)" = "$1" ] || return 1
  for other in bao chi; do [ "$(history ana)" = "$(history $other)" ] || return 1; done
}
says 'a text to all' 0 '@Twin schools: #[0-9]+ queued' ana send '@Twin schools' -m 'Guten Tag'
soon 'reaches all' alike 1
says 'an answer' 0 queued bao send '@Twin schools' -m 'Good evening'
soon 'reaches all, also who is no contact of its author' alike 2
says 'its reader sees who wrote it, and where' 0 '#[0-9]+ ~Bao v1[a-z0-9]+ in @Twin schools' \
  chi read '@Twin schools' --peek
says 'recv gives it, too' 0 'Good evening' chi recv -n 2 --timeout "$WAIT" --ack
says 'it is unread' 0 'Unread +2' chi group show 'Twin schools'
says 'until it is read' 0 'Good evening' chi read '@Twin schools'
says 'then it is not' 0 'Unread +0' chi group show 'Twin schools'
says 'search finds it' 0 'Good evening' ana read '@Twin schools' --search evening
link=$(as ana group invite 'Twin schools' --plain 2>/dev/null | grep -o 'valise:[a-z2-7]*')
says 'a link to a group makes no contact' 2 'try: valise group join LINK' bao accept "$link"
says 'without the @ it is nobody' 4 'write "@Twin schools"' ana send 'Twin schools' -m x

off chi
for i in 1 2 3; do
  as ana send '@Twin schools' -m "while Chi is away $i" >/dev/null
  as bao send '@Twin schools' -m "and Bao too $i" >/dev/null
done
on chi
soon 'who was away has all of it in the same order' alike 8

says 'a member cannot give levels' 1 'it takes an admin' bao group role 'Twin schools' Ana member
says 'the founder can' 0 'Bao is a moderator now in @Twin schools' \
  ana group role 'Twin schools' Bao moderator --reason 'she keeps the minutes'
log_has() { as "$1" group log 'Twin schools' | grep -q -- "$2"; }
soon 'the log says so' log_has chi 'Ana made ~Bao .* a moderator: she keeps the minutes'
says 'announcements: rules are changed' 0 'May write +moderators' \
  ana group policy 'Twin schools' --post moderator --reason 'before the vote'
soon 'everybody knows' log_has chi 'moderators and above may write. Reason: before the vote'
says 'who may not write is told' 1 'it takes a moderator' chi send '@Twin schools' -m x
says 'who may, writes' 0 queued bao send '@Twin schools' -m 'The vote is on Monday'
soon 'and all read it' alike 9

as chi watch --plain --type group >"$here/watched" &
pids+=($!)
until_true 5 as chi status
says 'a moderator removes a member' 0 'can still read what was sent before' \
  bao group remove 'Twin schools' Chi --reason spam
soon 'who is told why' grep -q 'removed you: spam' "$here/watched"
is_out() { [ "$(as chi group list --plain | cut -f 2)" = removed ]; }
soon 'and is out' is_out
as ana send '@Twin schools' -m 'without Chi' >/dev/null
without() { as bao read '@Twin schools' --peek | grep -q 'without Chi'; }
soon 'the others go on' without
says 'who is out does not read it' 0 'The vote is on Monday' chi read '@Twin schools' --peek
same 'not a word of it' 0 "$(grep -c 'without Chi' "$here/out")"
says 'nor writes' 1 'not in @Twin schools any more' chi send '@Twin schools' -m x
says 'and may forget it' 0 'Forgotten' chi group forget 'Twin schools' --yes
says 'leaving needs a yes' 2 'say --yes' bao group leave 'Twin schools'
says 'then it is done' 0 'not in @Twin schools any more' bao group leave 'Twin schools' --yes
soon 'the founder sees it' log_has ana 'Bao left'
says 'a founder cannot leave' 1 'a founder cannot leave' ana group leave 'Twin schools' --yes
