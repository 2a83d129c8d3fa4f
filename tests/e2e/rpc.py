"""MessagePack-RPC in the few lines a test needs. As a program: rpc.py SOCKET METHOD [JSON] says
hello, calls, prints the result as JSON, and exits 1 with the error on standard error."""

import json
import socket
import struct
import sys


def pack(value):
    if value is None:
        return b"\xc0"
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return bytes([value]) if value < 128 else b"\xcf" + struct.pack(">Q", value)
    if isinstance(value, str):
        raw = value.encode()
        short = len(raw) < 32
        return (bytes([0xa0 | len(raw)]) if short else b"\xdb" + struct.pack(">I", len(raw))) + raw
    if isinstance(value, bytes):
        return b"\xc6" + struct.pack(">I", len(value)) + value
    if isinstance(value, dict):
        items = b"".join(pack(k) + pack(v) for k, v in value.items())
        return b"\xdf" + struct.pack(">I", len(value)) + items
    return b"\xdd" + struct.pack(">I", len(value)) + b"".join(map(pack, value))


class Short(Exception):
    """The bytes end before the value does."""


def take(data, at, size):
    if at + size > len(data):
        raise Short
    return data[at:at + size], at + size


def unpack(data, at=0):
    """(value, where it ends)"""
    head, at = take(data, at, 1)
    t = head[0]
    if t < 0x80:
        return t, at
    if t in (0xc0, 0xc2, 0xc3):
        return {0xc0: None, 0xc2: False, 0xc3: True}[t], at
    if t in (0xcc, 0xcd, 0xce, 0xcf):
        raw, at = take(data, at, 1 << (t - 0xcc))
        return int.from_bytes(raw, "big"), at
    if 0xa0 <= t < 0xc0:
        n = t & 31
    elif 0x80 <= t < 0xa0:
        n = t & 15
    else:
        size = {0xd9: 1, 0xda: 2, 0xdb: 4, 0xc4: 1, 0xc5: 2, 0xc6: 4, 0xdc: 2, 0xdd: 4, 0xde: 2,
                0xdf: 4}[t]
        raw, at = take(data, at, size)
        n = int.from_bytes(raw, "big")
    if 0xa0 <= t < 0xc0 or t in (0xd9, 0xda, 0xdb):
        raw, at = take(data, at, n)
        return raw.decode(), at
    if t in (0xc4, 0xc5, 0xc6):
        return take(data, at, n)
    pairs = 0x80 <= t < 0x90 or t in (0xde, 0xdf)
    values = []
    for _ in range(2 * n if pairs else n):
        value, at = unpack(data, at)
        values.append(value)
    return (dict(zip(values[::2], values[1::2])) if pairs else values), at


class Refused(Exception):
    """The node's error string."""


class Client:
    def __init__(self, path, hello=True, timeout=10):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(path)
        self.data, self.msgid, self.events = b"", 0, []
        if hello:
            self.call("hello", {"api": 1})

    def request(self, method, params=None):
        """The bytes of the next request; its number is self.msgid."""
        self.msgid += 1
        return pack([0, self.msgid, method, [] if params is None else [params]])

    def send(self, data):
        self.socket.sendall(data)

    def receive(self):
        """The next frame; None at the end."""
        while True:
            try:
                value, end = unpack(self.data)
                self.data = self.data[end:]
                return value
            except Short:
                more = self.socket.recv(1 << 16)
                if not more:
                    return None
                self.data += more

    def call(self, method, params=None):
        self.send(self.request(method, params))
        while True:
            frame = self.receive()
            if frame is None:
                raise EOFError("the node closed the connection")
            if frame[0] == 2:
                self.events.append(frame[2][0])
            elif frame[2] is not None:
                raise Refused(frame[2])
            else:
                return frame[3]

    def close(self):
        self.socket.close()


if __name__ == "__main__":
    try:
        parameters = json.loads(sys.argv[3]) if sys.argv[3:] else None
        print(json.dumps(Client(sys.argv[1]).call(sys.argv[2], parameters)))
    except Refused as refused:
        sys.exit(str(refused))
