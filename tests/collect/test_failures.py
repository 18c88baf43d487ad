"""Why no agent answered."""

from __future__ import annotations

import pytest

from captools.collect.failures import lost_agent, no_agent
from captools.collect.targets import Target
from captools.collect.transports import ssh

TARGET = Target(name="w1", address="192.0.2.1", user="root")


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("captools-launcher: no python3\n", "w1: no python3 on the node; install python3 there"),
        ("sh: 1: python3: not found", "w1: no python3 on the node"),
        ("captools-launcher: python too old 3.6.8\n", "w1: python3 on the node is 3.6.8; captools needs 3.8"),
        ("ssh: connect to host 192.0.2.1 port 22: Connection refused", "w1: connection refused (root@192.0.2.1)"),
        ("Traceback\n\x1b[31mMemoryError\n", "w1: no agent could be started ([31mMemoryError)"),
        ("", "w1: no agent could be started (exit code 9)"),
    ],
)
def test_each_reason_is_one_sentence_with_the_next_step(said, sentence):
    text = str(no_agent(TARGET, ssh, said, 9))
    assert text.startswith(sentence) and "; " in text and "\n" not in text and "\x1b" not in text


def test_a_connection_that_ends_in_the_middle_says_that_the_rest_is_kept():
    assert str(lost_agent(TARGET, "Timeout, server 192.0.2.1 not responding.\n")) == (
        "w1: the connection ended during the capture (Timeout, server 192.0.2.1 not responding.); what had arrived is kept"
    )
