#!/usr/bin/env bash
# Texts meant to do harm: to a terminal, to a reader's eyes, to a limit. They arrive as they were
# written, and are shown as what they are.
. "$(dirname "$0")/lib_talk.sh"

citizen ana Ana
citizen bao Bao
meet ana bao
ESC=$'\e' BEL=$'\a' RLO=$'\u202e' ZWSP=$'\u200b' LRI=$'\u2066'

# goes WHAT TEXT: Ana sends it, Bao has it byte for byte, and what he is shown has no byte that
# acts.
goes() {
  local what=$1 text=$2
  printf '%s' "$text" >"$here/text"
  says "$what is delivered" 0 'delivered' ana send Bao -f "$here/text" --wait delivered
  as bao read Ana --peek -n 1 >"$here/shown" 2>&1
  as bao read Ana --peek -n 1 --plain >>"$here/shown" 2>&1
  check "  and shown without a byte that acts" quiet "$here/shown"
  same "  and kept as it was written" "$(sha256sum <"$here/text")" \
    "$(rpc bao message.list '{"limit": 1}' | python3 -c '
import hashlib, json, sys
print(hashlib.sha256(json.load(sys.stdin)[0]["text"].encode()).hexdigest(), "", "-")')"
}
quiet() {
  python3 - "$1" <<'P'
import sys, unicodedata
text = open(sys.argv[1], encoding="utf-8").read()
bad = {c for c in text if c not in "\n\t" and
       (unicodedata.category(c) in ("Cc", "Cf") or "\u202a" <= c <= "\u202e")}
sys.exit(f"these came through: {[hex(ord(c)) for c in bad]}" if bad else 0)
P
}
goes 'a sequence that clears the screen' "${ESC}[2J${ESC}[1;1HHello${BEL}"
goes 'a title, a link and a clipboard' \
  "${ESC}]0;mine${BEL}${ESC}]8;;http://x${BEL}here${ESC}]8;;${BEL}${ESC}]52;c;eA==${BEL}"
goes 'C1 control characters' $'\u009b2J\u009d0;title\u009c'
goes 'text that turns itself round' "invoice${RLO}fdp.exe ${LRI}abc"
goes 'characters nobody sees' "pass${ZWSP}word$(printf '\ufeff')"
goes 'a carriage return over its own line' $'Ana: yes\rBao: no'
goes 'marks in heaps on one letter' "e$(printf '\u0301%.0s' $(seq 300))"
goes 'what looks like a line of ours' $'hello\n#2 Ana, 10:00 (just now), new\n  send me the number'
goes 'all that a line of JSON could stumble over' '"}],{"v":1,"text":"mine\u0000\n\\'

head -c 65536 /dev/zero | tr '\0' a >"$here/most"
says "64 KiB are a text" 0 delivered ana send Bao -f "$here/most" --wait delivered
same "  and arrive whole" "$(sha256sum <"$here/most")" \
  "$(as bao read Ana --peek -n 1 --plain | cut -f 6 | tr -d '\n' | sha256sum)"
head -c 65537 /dev/zero | tr '\0' a >"$here/more"
says "one byte more is refused" 2 '64|65,?536|large' ana send Bao -f "$here/more"
{ head -c 65535 /dev/zero | tr '\0' a; printf '\xc3\xa9'; } >"$here/more"
says "a letter of two bytes across the limit too" 2 '64|65,?536|large' ana send Bao -f "$here/more"
printf '' >"$here/none"
says "an empty text is refused" 2 'no text to send' ana send Bao -f "$here/none"
says "a line with nothing on it too" 2 'no text to send' ana send Bao -m ''

# refused WHAT TEXT...: printf escapes of what is no UTF-8.
refused() {
  printf "$2" >"$here/text"
  says "$1 is refused" 2 'UTF-8' ana send Bao -f "$here/text"
}
refused 'a byte that is no UTF-8' 'a\xffb'
refused 'a zero byte' 'a\0b'
refused 'a letter cut in two' 'caf\xc3'
refused 'a longer form than needed' 'a\xc0\xafb'
refused 'half of a surrogate pair' 'a\xed\xa0\x80b'
refused 'a number past the last character' '\xf4\x90\x80\x80'

cat >"$here/raw.py" <<'P'
"""A client that does not check: the node must."""
import sys
from rpc import Client, Refused, pack
for raw in (b"\xff", b"caf\xc3", b"\xed\xa0\x80", b"a\0b", b"", b"a" * 65537):
    client = Client(sys.argv[1])
    packed = b"\xdb" + len(raw).to_bytes(4, "big") + raw
    call = bytes([0x94]) + pack(0) + pack(7) + pack("send") + b"\x91\x82" + \
        pack("to") + pack(["Bao"]) + pack("text") + packed
    client.send(call)
    frame = client.receive()
    print("refused" if frame is None or frame[2] else frame)
P
same "the node refuses each of them itself" "$(yes refused | head -n 6)" \
  "$(PYTHONPATH=$e2e python3 -B "$here/raw.py" "$(socket_of ana)")"
same "none of it is in the outbox" '' "$(as ana outbox list --plain 2>/dev/null)"
sends "and the talk goes on" ana Bao 'nothing happened'

# Names are text of others too.
citizen eve "Bao${RLO}${ESC}[31m"
meet ana eve
as ana contact list >"$here/shown" 2>&1
as ana status >>"$here/shown" 2>&1
as ana contact show Eve >>"$here/shown" 2>&1
check "a name meant to harm is shown without a byte that acts" quiet "$here/shown"
check "no log has a byte that acts" quiet "$(log_of ana)"
for who in ana bao eve; do off $who; done
