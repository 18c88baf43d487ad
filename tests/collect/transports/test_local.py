"""This machine as a node."""

from __future__ import annotations

import socket

import pytest

from captools.collect.targets import LOCAL
from captools.collect.transports import local
from tests.collect.transports.contract import Contract, Way, kill


class TestLocal(Contract):
    @pytest.fixture
    def way(self) -> Way:
        return Way(LOCAL, kill)

    def hostname(self, way: Way) -> bytes:
        return socket.gethostname().encode()


def test_a_local_shell_has_no_words_of_its_own() -> None:
    assert local.explain(LOCAL, "anything") is None
