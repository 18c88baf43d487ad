from __future__ import annotations

import pytest

from captools.lab.scenarios.proxy_tls import SCENARIO
from captools.lab.topology import TLS_PASSED, Mode

pytestmark = pytest.mark.lab


def test_tls_ends_at_the_proxy_or_is_passed_on_by_name(lab_of):
    requests = SCENARIO.drive(lab_of(Mode.NATIVE)).requests
    assert {one.status for one in requests} == {200}
    ended = [one for one in requests if one.sni and not one.passed and one.remote_port]
    assert len(ended) == 3 and all(one.xff == one.client for one in ended)
    passed = [one for one in requests if one.passed]
    assert len(passed) == 2 and {one.sni for one in passed} == {TLS_PASSED}
    # Nobody could tell the backend who asked.
    assert all(one.xff == "" and one.source_kind == "ingress" for one in passed)
