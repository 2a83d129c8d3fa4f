"""disk_fill.py SOCKET TO FIRST LAST: texts with numbers, each acknowledged."""
import sys
from rpc import Client

client = Client(sys.argv[1])
for i in range(int(sys.argv[3]), int(sys.argv[4]) + 1):
    client.call("send", {"to": [sys.argv[2]], "text": f"text {i} " + "7" * 180})
