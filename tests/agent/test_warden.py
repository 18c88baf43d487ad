"""The warden: it ends what the agent leaves behind, and only that."""

from __future__ import annotations

import subprocess
import sys
import time

AGENT = """
import subprocess, sys
from captools.agent.warden import Warden
warden = Warden()
kept = subprocess.Popen(["sleep", "100"], start_new_session=True, stdout=subprocess.DEVNULL)
taken = subprocess.Popen(["sleep", "100"], start_new_session=True, stdout=subprocess.DEVNULL)
warden.add(kept.pid); warden.add(taken.pid); warden.remove(kept.pid)
print(kept.pid, taken.pid, flush=True)
import time; time.sleep(100)
"""


def test_groups_still_listed_are_ended_when_the_agent_is_killed_and_others_are_not():
    agent = subprocess.Popen([sys.executable, "-c", AGENT], stdout=subprocess.PIPE, text=True)
    assert agent.stdout is not None
    kept, taken = agent.stdout.readline().split()
    try:
        agent.kill()
        agent.wait(5)
        # The warden must not hold the channel open.
        assert agent.stdout.read() == ""
        deadline = time.monotonic() + 5
        while _runs(taken) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not _runs(taken) and _runs(kept)
    finally:
        subprocess.run(["kill", "-9", kept, taken], stderr=subprocess.DEVNULL, check=False)
        agent.stdout.close()


def _runs(pid: str) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
