from __future__ import annotations

import json
import subprocess
import sys

import pytest

from captools.lab.envoy_routes import GUARDED
from captools.lab.netns import INSIDE
from captools.lab.topology import ROUTER, VIP_DEDICATED, Mode
from captools.lab.traffic import http2

pytestmark = pytest.mark.lab


def test_all_its_requests_share_one_connection_and_each_gets_its_own_answer(lab_of):
    truth = http2(lab_of(Mode.NATIVE).machine(ROUTER), VIP_DEDICATED, "/one?ms=30", "/two", host="shop.lab.test")
    assert len(truth.flows) == 1
    assert [(one.path, one.status, one.xff) for one in truth.requests] == [
        ("/one?ms=30", 200, "192.168.10.200"), ("/two", 200, "192.168.10.200"),
    ]  # fmt: skip
    assert {one.client_port for one in truth.requests} == {truth.flows[0].sport}


def test_an_answer_without_a_body_ends_its_stream_too(lab_of):
    truth = http2(lab_of(Mode.NATIVE).machine(ROUTER), VIP_DEDICATED, "/nowhere", host=GUARDED)
    assert [(one.status, one.backend_pod) for one in truth.requests] == [(404, "")]


def test_a_server_that_is_not_there_is_an_error():
    done = subprocess.run(
        [sys.executable, "-I", str(INSIDE / "http2_client.py"), "127.0.0.1", "1", "x", "/"],
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0 and "ConnectionRefusedError" in done.stderr
    with pytest.raises(json.JSONDecodeError):
        json.loads(done.stdout)
