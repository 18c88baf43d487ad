"""The scripts for a node without Python, run by the shells that such nodes have."""

from __future__ import annotations

import shutil
import subprocess
import time

import pytest

from captools.agent import facts as agent_facts
from captools.collect.plain import script as plain_script
from captools.collect.plain.script import ALIVE, STOP, Answers, facts_script, tool_script

SHELLS = [["/bin/sh", "-s"], ["bash", "-s"], ["busybox", "sh", "-s"]]


@pytest.fixture(params=SHELLS, ids=lambda argv: argv[0].rpartition("/")[2])
def shell(request):
    if shutil.which(request.param[0]) is None:
        pytest.skip(f"needs {request.param[0]}")
    return request.param


def started(shell: list[str], script: bytes) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(shell, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
    assert process.stdin is not None
    process.stdin.write(script)
    return process


def test_facts_are_told_section_by_section_and_the_clock_on_request(shell):
    process = started(shell, facts_script("MARK"))
    assert process.stdin and process.stdout
    answers = Answers("MARK")
    while answers.told is None:
        answers.feed(process.stdout.read(65536))
    assert answers.told["hostname"] == [subprocess.run(["uname", "-n"], capture_output=True, text=True).stdout]
    assert answers.told["euid"][0].strip().isdigit() and "no-such-section" not in answers.told
    before = time.time_ns()
    process.stdin.write(b"clock\n")
    while not answers.times:
        answers.feed(process.stdout.read(65536))
    told = answers.times[0]
    # busybox's own date knows no nanoseconds: then no clock is better than a wrong one.
    assert told is not None or shell[0] == "busybox"
    assert told is None or before <= told <= time.time_ns()
    answers.told = None
    process.stdin.write(b"again\n")
    while answers.told is None:
        answers.feed(process.stdout.read(65536))
    process.stdin.close()
    assert process.wait(5) == 0


@pytest.mark.parametrize("stop", [STOP, b""])
def test_a_tool_ends_when_it_is_told_to_or_when_stdin_ends(shell, stop):
    process = started(
        shell, tool_script("MARK", ["sh", "-c", "trap 'echo bye; exit 3' TERM; echo x; while :; do sleep 0.1; done"])
    )
    assert process.stdin and process.stdout and process.stderr
    came = b""
    while came != b"\nMARK\nx\n":
        came += process.stdout.read(8 - len(came))
    process.stdin.write(ALIVE)
    time.sleep(0.2)
    assert process.poll() is None
    if stop:
        process.stdin.write(stop)
    else:
        process.stdin.close()
    assert process.stdout.read() == b"bye\n" and process.stderr.read().split() == [b"MARK", b"exit", b"3"]
    assert process.wait(5) == 0


def test_silence_ends_the_tool_and_every_beat_puts_it_off(monkeypatch):
    monkeypatch.setattr(plain_script, "SILENCE_S", 1)
    process = started(SHELLS[0], tool_script("MARK", ["sleep", "60"]))
    assert process.stdin and process.stderr
    for _ in range(2):
        time.sleep(0.6)
        process.stdin.write(ALIVE)
    assert process.poll() is None
    assert process.stderr.read().split()[-3:] == [b"MARK", b"exit", b"143"]  # 128 + SIGTERM


def test_hostile_arguments_reach_the_tool_as_they_are_and_nothing_else_runs(shell):
    hostile = ["a'b", "$(id)", "`id`", "x;y", "line\nbreak", "*", "", '"', "\\", "-n", "!!", "é\x1b[2J"]
    process = started(shell, tool_script("MARK", ["printf", "%s\\0", *hostile]))
    assert process.stdout is not None
    assert process.stdout.read().removeprefix(b"\nMARK\n") == b"".join(part.encode() + b"\0" for part in hostile)
    with pytest.raises(ValueError, match="zero byte"):
        tool_script("MARK", ["a\0b"])


def test_a_tool_that_ends_by_itself_or_is_not_there_is_told_with_its_code(shell):
    for argv, code in ((["false"], b"1"), (["no-such-tool"], b"127")):
        process = started(shell, tool_script("MARK", argv))
        assert process.stderr is not None
        assert process.stderr.read().split()[-3:] == [b"MARK", b"exit", code]


def test_what_is_asked_is_what_the_agent_asks():
    same = {name: argv for name, argv in plain_script.NETWORK.items() if name in agent_facts.NETWORK}
    same.pop("conntrack.txt")
    assert same == {name: agent_facts.NETWORK[name] for name in same} and set(agent_facts.QUICK) <= set(same)


def test_sections_are_read_whole_and_in_pieces():
    text = b"welcome\n\nM > a\none\ntwo\n\n\nM < 0\n\nM > a\nthree\nM < 0\n\nM > b\nno\n\nM < 127\n\nM .\n"
    text += b"\nM @ 1700000000123456789\n\nM @ %N\n"
    for size in (1, 2, 7, len(text)):
        answers = Answers("M")
        for at in range(0, len(text), size):
            answers.feed(text[at : at + size])
        assert answers.told == {"a": ["one\ntwo\n\n", "three"]}
        assert answers.times == [1700000000123456789, None]


def test_an_answer_without_an_end_is_refused(monkeypatch):
    monkeypatch.setattr(plain_script, "MAX_ANSWER", 1000)
    with pytest.raises(ValueError, match="without an end"):
        Answers("M").feed(b"x" * 1001)
    with pytest.raises(ValueError, match="without an end"):
        Answers("M").feed(b"\nM > a\nx\nM < 0\n" * 100)
