"""The start command, checked."""

from __future__ import annotations

import pytest

from captools.agent.order import LEASE_S, LINGER_S, Order
from captools.agent.places import Refused

TOOL = {"channel": 1, "argv": ["tcpdump", "-w", "-"], "ready": "listening on"}


def test_what_is_absent_has_its_default_and_null_means_none():
    order = Order({"capture": "x", "tools": [TOOL]})
    assert (order.lease_s, order.linger_s, order.duration_s, order.watch, order.words) == (
        LEASE_S,
        LINGER_S,
        None,
        None,
        {},
    )
    assert Order({"capture": "x", "tools": [TOOL], "lease_s": None}).lease_s is None
    assert Order({"capture": "x", "tools": [TOOL], "spool": {"dir": "/spool"}}).folder == "/spool"


@pytest.mark.parametrize(
    "change",
    [
        {"capture": "../etc"},
        {"tools": []},
        {"tools": "tcpdump"},
        {"tools": [TOOL, TOOL]},
        {"tools": [{**TOOL, "argv": "tcpdump -i any; reboot"}]},
        {"tools": [{**TOOL, "argv": ["a\0b"]}]},
        {"tools": [{**TOOL, "argv": []}]},
        {"tools": [{**TOOL, "channel": 0}]},
        {"tools": [{**TOOL, "channel": 65536}]},
        {"tools": [{"channel": 1, "argv": ["x"]}]},
        {"duration_s": "soon"},
        {"lease_s": -1},
        {"until_regex": "("},
        {"until_regex": ""},
        {"words": "hello"},
        {"words": {"much": "x" * 300_000}},
        {"spool": {"full": "explode"}},
        {"dir": "/x\0y"},
    ],
    ids=str,
)
def test_what_cannot_be_meant_is_refused(change):
    with pytest.raises(Refused) as refused:
        Order({"capture": "x", "tools": [TOOL], **change})
    assert refused.value.code == "bad-command" and "\n" not in str(refused.value)
