"""backup_proxy.py LISTEN NODE HOW-MANY WHAT: stands between a client and a node's socket, hands so
many bytes of answers on ("700"), or so many answers ("4x"; only for small ones), and then does
WHAT: "stall" (says nothing more) or "close". Says "ready" when it listens; serves one client, and
ends when that is gone."""
import os
import select
import socket
import sys


def main():
    listen, node, many, what = sys.argv[1:5]
    answers = many.endswith("x")
    left = int(many.rstrip("x"))
    if os.path.exists(listen):
        os.unlink(listen)
    server = socket.socket(socket.AF_UNIX)
    server.bind(listen)
    server.listen(1)
    print("ready", flush=True)
    client = server.accept()[0]
    upstream = socket.socket(socket.AF_UNIX)
    upstream.connect(node)
    while True:
        for end in select.select([client, upstream], [], [])[0]:
            data = end.recv(65536)
            if not data:
                return
            if end is client:
                upstream.sendall(data)
                continue
            client.sendall(data if answers else data[:left])
            left -= 1 if answers else min(left, len(data))
            if left == 0 and what == "close":
                return
            if left == 0:
                client.recv(1)  # until it goes
                return


main()
