"""daemon_rpc.py SOCKET: what clients do wrong, and that it costs only themselves. One line for each
behaviour; exit 1 when one did not hold."""

import os
import socket
import struct
import sys
import time

from rpc import Client, Refused, pack

path = sys.argv[1]
failed = False


def check(what, held, seen=""):
    global failed
    failed = failed or not held
    print(f"{'ok   ' if held else 'FAIL '} {what}" + ("" if held else f": {seen}"), flush=True)


def refusal(client, method, params=None):
    try:
        return client.call(method, params)
    except Refused as error:
        return str(error)
    except (EOFError, OSError) as error:
        return repr(error)


def disconnected(data, hello=False):
    """Whether the node hangs up on whoever sends this, without a byte."""
    client = Client(path, hello=hello, timeout=5)
    try:
        client.send(data)
        return client.receive() is None
    except ConnectionError:
        return True
    except TimeoutError:
        return False


quiet = Client(path)  # the one who must not notice
request = Client(path, hello=False).request


def unaffected(what):
    began = time.monotonic()
    state = quiet.call("status")["state"]
    ms = (time.monotonic() - began) * 1000
    check(f"another client is answered in {ms:.1f} ms after {what}", state == "ready" and ms < 500)


client = Client(path, hello=False)
check("a call before hello is refused with state", refusal(client, "status").startswith("state:"))
check("so is node.reload", refusal(client, "node.reload").startswith("state:"))
check("an api of the future is refused with usage",
      refusal(client, "hello", {"api": 99}).startswith("usage:"))
client.close()
client = Client(path)
check("an unknown method is refused",
      refusal(client, "frobnicate").split(":")[0] in ("usage", "not_found"))
check("an unknown parameter is refused",
      refusal(client, "status", {"colour": 1}).startswith("usage:"))
client.send(pack([2, "nvim_error_event", []]))
check("a notification is dropped", client.call("status")["state"] == "ready")
check("and the client may go on", client.call("status")["state"] == "ready")
client.close()

breaches = {
    "a map": b"\x81\x00\x00",
    "text": b"GET / HTTP/1.1\r\n\r\n",
    "a float": b"\x94\x00\x01\xa6status\x91\xcb" + bytes(8),
    "an ext type": b"\x94\x00\x01\xa6status\x91\xd4\x01\x00",
    "a negative number": b"\x94\x00\xff\xa6status\x90",
    "a notification of four elements": pack([2, "status", [], None]),
    "a response": pack([1, 1, None, None]),
    "five elements": pack([0, 1, "status", [], None]),
    "two elements": pack([0, 1]),
    "a method that is no text": pack([0, 1, 7, []]),
    "a method that is not UTF-8": b"\x94\x00\x01\xa2\xff\xfe\x90",
    "a msgid past 32 bits": pack([0, 1 << 32, "status", []]),
    "4,294,967,295 elements": b"\xdd\xff\xff\xff\xff",
    "an array of 4,097": b"\xdd\x00\x00\x10\x01" + b"\xc0" * 4097,
    "depth 9": b"\x94\x00\x01\xa6status" + b"\x91" * 9 + b"\xc0",
    "the unused byte": b"\xc1",
}
for name, data in breaches.items():
    if not disconnected(data):
        check(f"{name} ends the connection", False)
check(f"{len(breaches)} breaches of framing end the connection without a byte", not failed)
unaffected("all of them")
big = pack([0, 1, "send", [{"to": ["x"], "text": "x" * (1 << 20)}]])
check("a frame above 1 MiB ends the connection", disconnected(big, hello=False))
check("and so does one that announces 4 GiB",
      disconnected(b"\x94\x00\x01\xdb\xff\xff\xff\xff" + bytes(1 << 20)))
rng = __import__("random").Random(7)
kinds = [disconnected(rng.randbytes(2000)) for _ in range(30)]
check("random bytes end the connection", all(kinds), kinds)
unaffected("random bytes")

# A byte at a time, and a frame that never ends.
slow, whole = Client(path), request("status")
for i in range(len(whole)):
    slow.send(whole[i:i + 1])
check("a request a byte at a time is understood", slow.receive()[3]["state"] == "ready")
slow.send(whole[:-1])
unaffected("a request that does not end")

# Thousands at once: answered in order, 64 under way at a time.
client = Client(path)
count = 5000
began = time.monotonic()
stream = b"".join(client.request("contact.get", {"who": "nobody"}) for _ in range(count))
client.socket.setblocking(False)
sent, got = 0, []
while len(got) < count and time.monotonic() - began < 10:
    try:
        if sent < len(stream):
            sent += client.socket.send(stream[sent:])
    except BlockingIOError:
        pass
    try:
        client.socket.setblocking(sent == len(stream))
        got.append(client.receive()[1])
    except BlockingIOError:
        pass
rate = count / (time.monotonic() - began)
check(f"{count} calls in one go are all answered, in order, {rate:.0f} a second",
      got == list(range(2, count + 2)), len(got))
client.close()

# Asks and does not read.
deaf = Client(path)
deaf.socket.settimeout(0.5)
data, total = request("doctor") * 1000, 0
try:
    while total < 64 << 20:
        total += deaf.socket.send(data)
except (TimeoutError, ConnectionError):
    pass
check(f"who does not read is not read either ({total >> 10} KiB taken)", total < 4 << 20, total)
unaffected("a client that does not read")
deaf.socket.settimeout(10)
check("and goes on when it reads", deaf.receive()[3] is not None)
deaf.close()

# Half-closed: what it asked for is still answered.
client = Client(path)
client.send(client.request("status") * 3)
client.socket.shutdown(socket.SHUT_WR)
frames = [client.receive() for _ in range(4)]
check("whoever closes its side is still answered",
      [f and f[0] for f in frames] == [1, 1, 1, None], frames)

many = []
try:
    while len(many) < 70:
        many.append(Client(path, timeout=2))
except (EOFError, OSError):
    pass
check(f"at most 64 clients ({len(many)} more than three)", 55 <= len(many) <= 64, len(many))
unaffected("a crowd of clients")
for c in many:
    c.close()
time.sleep(0.2)
check("and when they leave, others may come", Client(path).call("status")["state"] == "ready")
sys.exit(failed)
