"""Several controllers at one keeper."""

from __future__ import annotations

import os
import socket

from captools.agent import frames
from captools.agent.lines import LONGEST_LINE


def test_two_controllers_see_the_same_capture_and_both_get_its_bytes(agent, connect):
    agent.start("echo listening >&2; sleep 0.3; seq 1 100000", ship=True)
    second = connect()
    second.send("attach", capture="c")
    second.ship(1)
    assert agent.exits(1)[1] == second.exits(1)[1]
    assert agent.home[1, "data"] == second.home[1, "data"] and len(agent.home[1, "data"]) == 588_895


def test_news_reaches_who_has_read_everything_within_a_moment(agent):
    agent.start("echo listening >&2; cat /dev/null; read -r line < $0 || exec sleep 100", ship=True)
    agent.next(frames.READY, 1)
    agent.send("clock", id=1)
    agent.next(frames.CLOCK)
    assert agent.end(1, "said") == len("listening\n") or agent.until(lambda: agent.end(1, "said") > 0)


def test_a_keeper_survives_whoever_speaks_nonsense_to_it(agent, tmp_path):
    agent.start("echo listening >&2; exec sleep 100")
    before = agent.state()["pid"]
    (path,) = tmp_path.glob("captools-*/c")
    folder = os.open(path, os.O_RDONLY)
    for nonsense in (b"GET / HTTP/1.1\r\n\r\n", b'{"do": "ack"}\n', b'{"do": "_obey"}\n{"do": 7}\n', b"x" * 1000):
        with socket.socket(socket.AF_UNIX) as rude:
            rude.connect(f"/proc/self/fd/{folder}/keeper")
            rude.sendall(nonsense)
    with socket.socket(socket.AF_UNIX) as endless:
        endless.connect(f"/proc/self/fd/{folder}/keeper")
        try:
            for _ in range(2 * LONGEST_LINE // 65536):
                endless.sendall(b"x" * 65536)
            assert not endless.recv(1)
        except OSError:
            pass
    os.close(folder)
    assert agent.state()["pid"] == before and agent.state()["keeper"] == "alive"


def test_an_acknowledgement_of_what_is_not_there_is_refused(agent):
    agent.start("echo listening >&2; exec sleep 100")
    agent.next(frames.READY, 1)
    agent.send("ack", capture="c", streams=[{"channel": 9, "stream": "data", "upto": 1}])
    assert "no stream data of channel 9" in agent.next(frames.OOPS)["error"]
