"""A point in the words of STATE, from its start to its end."""

from __future__ import annotations

from captools.agent import frames


def test_a_points_life_is_in_its_state(agent):
    agent.start("sleep 0.3; echo listening >&2; printf 'twenty-four bytes of head'; sleep 0.5")
    (early,) = agent.state()["points"]
    assert early["ready_ns"] == 0 and early["exit"] is None and early["header"] == ""
    (late,) = agent.state(lambda state: state["stopped_ns"])["points"]
    assert late["ready_ns"] and late["exit"]["code"] == 0 and late["exit"]["ends"]["data"] == 25
    assert late["streams"]["data"]["written"] == 25 and len(late["header"]) == 32  # 24 bytes as base64


def test_text_and_packets_of_one_tool_are_two_streams(agent):
    spec = {"packets": "pipe", "ready": "output: ", "ready_in": "text"}
    agent.start("printf PCAP > {pcap}; echo output: there; echo words >&2", ship=True, spec=spec)
    assert agent.exits(1)[1]["ends"] == {"data": 4, "text": 14, "said": 6}
    assert [bytes(agent.home[1, name]) for name in ("data", "text", "said")] == [
        b"PCAP",
        b"output: there\n",
        b"words\n",
    ]
    assert agent.next(frames.READY, 1)["time_ns"]
