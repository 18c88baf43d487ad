"""Conversations: sequence numbers continue, and acknowledge what the other side has sent."""

from __future__ import annotations

import numpy as np

from captures.traffic.scripts import ACK, FIN, SYN, TCP, make_scripts
from captures.traffic.templates import make_templates


def test_sequence_numbers_are_those_of_a_real_connection():
    made = make_templates(np.random.default_rng(1))
    scripts = make_scripts(np.random.default_rng(2), made)
    for steps in scripts["http"] + scripts["tls"]:
        sent = [0, 0]
        assert [step.flags for step in steps[:3]] == [SYN, SYN | ACK, ACK]
        for step in steps:
            assert step.kind == TCP and step.seq == sent[step.side]
            assert step.ack == (sent[1 - step.side] if step.flags & ACK else 0)
            sent[step.side] += made.length(step.template) + (1 if step.flags & (SYN | FIN) else 0)


def test_wireguard_counters_never_repeat_in_a_direction():
    scripts = make_scripts(np.random.default_rng(2), make_templates(np.random.default_rng(1)))
    for steps in scripts["wg"]:
        for side in (0, 1):
            counters = [step.seq for step in steps[2:] if step.side == side]
            assert counters == list(range(len(counters)))
