"""A node's python3 as somebody evil would write it: it greets like the agent, and then does as its name says.

It stands in front of the real one on a node under test, and is run by the launcher. Nothing of captools is imported: the
frames are written out (kind, channel, length; see agent/frames.py).
"""

import hashlib
import json
import os
import struct
import sys
import threading
import time
import zlib

KIND = os.path.basename(os.path.dirname(os.path.abspath(__file__)))
MAGIC = b"\ncaptools-agent/2\n"
ESCAPES = "\x1b]0;owned\x07\x1b[2J\r\n$(touch owned)"
PCAP = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1)
RECORD = struct.pack("<IIII", 1_700_000_000, 0, 60, 60) + b"\x02" * 60
LINKS = json.dumps([{"ifindex": 1, "ifname": "lo", "link_type": "loopback", "flags": ["UP"], "addr_info": []}])
started = threading.Event()
capture = "?"


def say(data):
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        os._exit(0)


def frame(kind, payload, channel=0):
    if not isinstance(payload, bytes):
        payload = json.dumps(payload).encode()
    say(kind + struct.pack(">HI", channel, len(payload)) + payload)


def data(offset, raw, *, codec=0, packed=None, claims=None, channel=1):
    head = struct.pack(">BBQI", 0, codec, offset, len(raw) if claims is None else claims)
    frame(b"D", head + (raw if packed is None else packed), channel)


def state(**more):
    streams = {
        name: {"written": 0, "oldest": 0, "acked": 0, "dropped": 0, "cut": "records"}
        for name in ("data", "text", "said")
    }
    point = {"channel": 1, "ready_ns": 1, "exit": None, "counts": None, "header": "", "streams": streams}
    frame(b"S", {"capture": capture, "keeper": "alive", "mode": "keep", "time_ns": time.time_ns(), "spool": {}, "points": [point],
                 "first": True, "words": {}, "notes": [], **more})  # fmt: skip


def listen():
    """Hear what the controller says; answer what it waits for before it starts."""
    global capture
    heard = b""
    while True:
        more = os.read(0, 1 << 16)
        if not more:
            os._exit(0)
        heard += more
        for word, kind, answer in ((b'"facts"', b"F", {"network": {}, "names": ["slow"]}), (b'"peers"', b"N", {})):
            if b'{"do": ' + word in heard:
                heard = heard.replace(b'{"do": ' + word, b"", 1)
                frame(kind, answer)
        while (at := heard.find(b'{"do": "clock"')) >= 0 and b"}" in heard[at:]:
            end = heard.index(b"}", at) + 1
            frame(b"K", {"id": json.loads(heard[at:end])["id"], "time_ns": time.time_ns()})
            heard = heard[:at] + heard[end:]
        for word in (b'"start"', b'"attach"'):
            at = heard.find(b'{"do": ' + word)
            if at >= 0 and (at := heard.find(b'"capture": "', at)) >= 0 and heard.find(b'"', at + 12) > 0:
                capture = heard[at + 12 : heard.index(b'"', at + 12)].decode()
                started.set()
        heard = heard[-(1 << 20) :]


def greet(**more):
    hello = {
        "hostname": "n", "system": "Linux", "python": "3.11", "uid": 0, "euid": 0, "ssh_connection": "", "sudo_said": "",
        "agent": 2, "time_ns": time.time_ns(),
        "tools": {"tcpdump": {"path": "/usr/bin/tcpdump", "version": "tcpdump version 4.99.3"}},
        "network": {"ip-link.json": LINKS, "ip-addr.json": LINKS}, **more,
    }  # fmt: skip
    say(MAGIC)
    frame(b"H", hello)


def running():
    """Be a node whose capture has begun."""
    greet()
    started.wait()
    state()
    frame(b"R", {"time_ns": time.time_ns()}, 1)


def noise():
    while True:
        say(os.urandom(1 << 16))


def banner():
    while True:
        say(b"welcome to " + ESCAPES.encode() + b"\n")


def length():
    greet()
    say(b"H" + struct.pack(">HI", 0, 0xFFFFFFFF) + b"x" * 100_000)


def kinds():
    greet()
    while True:
        frame(b"?", b"nothing", 65535)


def deep():
    say(MAGIC)
    frame(b"H", b'{"network":' + b"[" * 200_000)


def deep_texts():
    greet(network={"ip-link.json": "[" * 200_000, "ip-addr.json": '{"a":' * 200_000, "ip-route.json": "[" * 100_000})


def huge():
    say(MAGIC)
    frame(b"H", b'{"a":[' + b"[]," * 9_000_000 + b"[]]}")


def names():
    odd = ("../../../owned", "/owned", "..", "owned\0.json", ESCAPES, "a" * 5000, ".", "session.json", "-rf")
    links = [
        {"ifindex": at, "ifname": name, "flags": ["UP"], "operstate": "UP"} for at, name in enumerate(("lo", *odd), 1)
    ]
    links = json.dumps(links)
    greet(hostname="../owned", system=ESCAPES, tools={"tcpdump": {"version": ESCAPES, "libpcap": "../owned"}},
          network={**dict.fromkeys(odd, "owned"), "ip-link.json": links, "ip-addr.json": links})  # fmt: skip
    started.wait()
    state(notes=[ESCAPES], stopping=ESCAPES, keeper=ESCAPES)
    frame(b"O", {"do": "start", "capture": capture, "error": ESCAPES, "code": "no-room"})


def silent():
    greet()


def offsets():
    running()
    while True:
        data(1 << 62, RECORD)
        time.sleep(0.01)


def bomb():
    running()
    while True:
        data(0, b"", codec=1, packed=zlib.compress(bytes(1 << 30), 9), claims=1 << 20)


def claims():
    running()
    data(0, RECORD, claims=0xFFFFFFFF)


def hashes():
    running()
    at = 0
    while True:
        block = (PCAP if at == 0 else b"") + RECORD
        data(at, block)
        frame(
            b"G",
            {"stream": "data", "start": at, "length": len(block), "sha256": hashlib.sha256(b"other").hexdigest()},
            1,
        )
        at += len(block)
        time.sleep(0.01)


def endless():
    running()
    at, block = 0, PCAP
    while True:
        data(at, block)
        at, block = at + len(block), RECORD * 8_000
        time.sleep(0.02)  # a fast node, and no test of our disk


def never():
    running()
    data(0, PCAP)
    frame(
        b"X",
        {"code": 0, "time_ns": 1, "signalled_ns": 1, "ends": {"data": 1 << 60, "text": 1 << 60, "said": 1 << 60}},
        1,
    )


def states():
    running()
    odd = [None, [], {}, "x", -1, 1 << 70, 1e308, ESCAPES, {"channel": 1, "streams": {"data": "x"}, "counts": {"captured": "x"}},
           {"channel": 1, "streams": {"data": {"written": -1, "oldest": 1 << 70, "dropped": {}}}, "header": "!"}]  # fmt: skip
    for value in odd:
        for key in ("points", "spool", "notes", "until", "words", "first", "mode", "exit", "stopped_ns", "stopping"):
            state(**{key: value})
        state(points=[value])
        frame(b"R", {"time_ns": value}, 1)
        frame(b"K", {"id": value, "time_ns": value})
        frame(b"G", {"stream": value, "start": value, "length": value, "sha256": value}, 1)
        frame(b"O", {"do": value, "capture": value, "error": value, "code": value})
    frame(b"X", {"code": "x", "time_ns": -1, "signalled_ns": {}, "ends": ESCAPES}, 1)


def words():
    running()
    while True:
        frame(b"D", struct.pack(">BBQI", 2, 0, 0, 1 << 16) + ESCAPES.encode() * 100, 1)
        os.write(2, (ESCAPES * 1000).encode())


if __name__ == "__main__":
    threading.Thread(target=listen, daemon=True).start()
    globals()[KIND]()
    threading.Event().wait()
