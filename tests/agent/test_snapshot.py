"""Rings and snapshots: what is dropped, what is held, and that every piece begins and ends with a whole packet."""

from __future__ import annotations

import base64
import hashlib
import struct
import sys
import time

from captools.agent import frames

# A tool that writes a pcap: number of packets, bytes of each, seconds between them; then it waits.
PCAP = """
import os, struct, sys, time
count, size, pause = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
out = sys.stdout.buffer
out.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1))
out.flush()
sys.stderr.write("listening\\n"); sys.stderr.flush()
for number in range(count):
    now = time.time_ns()
    out.write(struct.pack("<IIII", now // 10**9, now % 10**9, size, size) + number.to_bytes(8, "little") + bytes(size - 8))
    if pause:
        out.flush(); time.sleep(pause)
out.flush()
if len(sys.argv) > 4: time.sleep(100)
"""
SIZE = 1000


def tool(channel, count, pause=0.0, wait=True):
    argv = [sys.executable, "-c", PCAP, str(count), str(SIZE), str(pause), *(["wait"] if wait else [])]
    return {"channel": channel, "argv": argv, "ready": "listening"}


def numbers(data):
    """Return the number in each packet of a capture file; it must end with a whole record."""
    assert struct.unpack_from("<I", data)[0] == 0xA1B23C4D
    at, found = 24, []
    while at < len(data):
        length = struct.unpack_from("<8xI", data, at)[0]
        assert length == SIZE and at + 16 + length <= len(data)
        found.append(int.from_bytes(data[at + 16 : at + 24], "little"))
        at += 16 + length
    return found


def files(agent, snap):
    """Ship what a snapshot names; return the capture file of each channel."""
    streams = [
        {"channel": point["channel"], "stream": name, "from": one["from"], "to": one["to"]}
        for point in snap["points"]
        for name, one in point["streams"].items()
    ]
    agent.home.clear()
    agent.starts.clear()
    agent.send("ship", capture=snap["capture"], streams=streams, compress="never")
    found = {}
    for point in snap["points"]:
        channel, one = point["channel"], point["streams"]["data"]
        agent.until(lambda c=channel, e=one: len(agent.home.get((c, "data"), b"")) == e["to"] - e["from"])
        header = base64.b64decode(point["header"]) if one["from"] else b""
        assert not agent.gaps and (
            not agent.home.get((channel, "data")) or agent.starts[channel, "data"] == one["from"]
        )
        found[channel] = header + bytes(agent.home.get((channel, "data"), b""))
    return found


def written(agent, *ends):
    """Wait until the first channels have written so much."""

    def enough(state):
        points = [point["streams"]["data"]["written"] for point in state["points"]]
        return all(have >= end for have, end in zip(points, ends, strict=True))

    return agent.state(enough)


def test_a_ring_keeps_the_newest_and_its_snapshot_is_whole_packets(agent):
    agent.send("start", capture="r", tools=[tool(1, 20_000), tool(2, 50)], spool={"ring_bytes": 4 << 20})
    state = written(agent, 24 + 20_000 * (SIZE + 16), 24 + 50 * (SIZE + 16))
    data = state["points"][0]["streams"]["data"]
    assert state["mode"] == "ring" and data["cut"] == "records" and data["dropped"] == data["oldest"] > 0
    assert 3 << 20 < state["spool"]["used"] <= 5 << 20
    agent.send("snapshot", capture="r", last_s=600)
    snap = agent.next(frames.SNAP)
    # What it named is held, although the ring goes on: even the end of the capture changes nothing.
    agent.send("remove", capture="other")
    found = files(agent, snap)
    assert numbers(found[1]) == list(range(20_000 - len(numbers(found[1])), 20_000)) and len(numbers(found[1])) > 3000
    assert numbers(found[2]) == list(range(50))


def test_a_snapshot_stays_readable_while_the_ring_drops_it(agent):
    agent.send("start", capture="r", tools=[tool(1, 40_000, wait=True)], spool={"ring_bytes": 1 << 20})
    agent.state(lambda state: state["points"][0]["streams"]["data"]["oldest"] > 0)
    agent.send("snapshot", capture="r", last_s=60)
    snap = agent.next(frames.SNAP)
    written(agent, 24 + 40_000 * (SIZE + 16))
    found = numbers(files(agent, snap)[1])
    assert found == list(range(found[0], found[0] + len(found)))


def test_seconds_are_kept_not_more(agent):
    agent.send("start", capture="r", tools=[tool(1, 100, pause=0.03)], spool={"keep_s": 1})
    state = written(agent, 24 + 100 * (SIZE + 16))
    kept = state["points"][0]["streams"]["data"]
    assert kept["oldest"] > 0 and (kept["written"] - kept["oldest"]) // (SIZE + 16) < 60


def test_the_last_seconds_of_an_ordinary_capture_begin_with_the_first_packet_that_is_new_enough(agent):
    agent.send("start", capture="k", tools=[tool(1, 40, pause=0.1)])
    written(agent, 24 + 40 * (SIZE + 16))
    before = time.time_ns()
    agent.send("snapshot", capture="k", last_s=0)
    snap = agent.next(frames.SNAP)
    one = snap["points"][0]["streams"]["data"]
    found = numbers(files(agent, snap)[1])
    # 0 seconds and the two that a tool may be late: about twenty of the forty packets.
    assert 5 < len(found) < 35 and found[-1] == 39
    assert before - 2.1e9 <= one["first_ns"] <= one["last_ns"] <= time.time_ns()


def test_dropping_the_oldest_leaves_whole_packets_for_who_comes_late(agent):
    agent.send("start", capture="d", tools=[tool(1, 10_000, wait=False)], spool={"bytes": 2 << 20, "full": "drop"})
    agent.state(lambda state: state["stopped_ns"])
    agent.ship(1, capture="d")
    report = agent.exits(1)[1]
    point = agent.state()["points"][0]
    data = bytes(agent.home[1, "data"])
    assert agent.starts[1, "data"] == point["streams"]["data"]["oldest"] > 0
    found = numbers(base64.b64decode(point["header"]) + data)
    assert found == list(range(found[0], 10_000)) and report["code"] == 0
    (last,) = [one for _, one in agent.all(frames.SEGMENT) if one["start"] + one["length"] == report["ends"]["data"]]
    start = last["start"] - agent.starts[1, "data"]
    assert hashlib.sha256(data[start : start + last["length"]]).hexdigest() == last["sha256"]


def test_shipping_goes_on_behind_what_was_dropped_under_it(agent):
    # Slower than the tool: the segment being read is dropped, again and again.
    spool = {"bytes": 1 << 20, "full": "drop"}
    agent.send("start", capture="d", tools=[tool(1, 4_000, 0.0002, wait=False)], spool=spool)
    agent.ship(1, capture="d", limit_bps=500_000, compress="never")
    ends = agent.exits(1)[1]["ends"]
    data = bytes(agent.home[1, "data"])
    assert agent.gaps and agent.starts[1, "data"] + len(data) == ends["data"]
    found = numbers(data)  # every gap lies between two packets
    assert found == sorted(found) and found[0] == 0 and found[-1] == 3_999 and len(found) < 4_000


def test_packets_that_lie_about_their_length_are_kept_all_the_same(agent):
    lie = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1) + struct.pack("<IIII", 1, 1, 1 << 30, 60)
    script = f"import os,time;os.write(2,b'listening\\n');os.write(1,{lie!r}+bytes(100000));time.sleep(100)"
    spec = {"channel": 1, "argv": [sys.executable, "-c", script], "ready": "listening"}
    agent.send("start", capture="l", tools=[spec], spool={"ring_bytes": 1 << 20})
    state = agent.state(lambda state: state["points"][0]["streams"]["data"]["written"] == len(lie) + 100_000)
    assert state["points"][0]["streams"]["data"]["cut"] == "anywhere"
    assert "1073741824 bytes" in state["notes"][0]
    agent.send("snapshot", capture="l", last_s=5)
    (point,) = agent.next(frames.SNAP)["points"]
    assert "damaged" in point["error"] and point["streams"] == {}
