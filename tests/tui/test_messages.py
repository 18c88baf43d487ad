from __future__ import annotations

from tui.messages import LoadFailed


def test_a_failure_carries_its_sentence_and_its_exit_code():
    message = LoadFailed("x.pcap: empty; capture again", 3)
    assert (message.sentence, message.exit_code) == ("x.pcap: empty; capture again", 3)
