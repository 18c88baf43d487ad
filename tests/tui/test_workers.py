from __future__ import annotations

from captools.model.analysis import Analysis
from captools.model.errors import MalformedCapture
from tui.messages import Loaded, LoadFailed
from tui.workers import outcome


def test_a_loaded_analysis_is_handed_on(sample):
    analysis = sample.s1()
    message = outcome(lambda: analysis)
    assert isinstance(message, Loaded)
    assert message.analysis is analysis


def test_a_bad_file_becomes_its_own_sentence_and_exit_code():
    def fail() -> Analysis:
        raise MalformedCapture("x.pcap: not a capture file", hint="give a pcap")

    message = outcome(fail)
    assert isinstance(message, LoadFailed)
    assert (message.sentence, message.exit_code) == ("x.pcap: not a capture file; give a pcap", 3)


def test_our_own_bug_becomes_a_sentence_too():
    message = outcome(lambda: {}["missing"])
    assert isinstance(message, LoadFailed)
    assert message.exit_code == 70
    assert "KeyError" in message.sentence
