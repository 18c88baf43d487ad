from __future__ import annotations

import pytest

from captools.lab.topology import CURL_POD, Mode, webpod_on

pytestmark = pytest.mark.lab


def curl(lab, path: str, *options: str) -> str:
    argv = ["curl", "-sS", "-m", "5", *options, f"http://{webpod_on('k8s-w1').ip}{path}"]
    return lab.machine(CURL_POD.name).run(argv)


def test_it_says_who_it_is_who_asks_and_what_arrived(lab_of):
    lines = curl(lab_of(Mode.NATIVE), "/hello?x=1", "-H", "X-Test: yes").splitlines()
    assert lines[0] == f"Hostname: {webpod_on('k8s-w1').name}"
    assert lines[1] == "IP: 172.20.1.108"
    assert lines[2].startswith("RemoteAddr: 172.20.0.88:")
    assert lines[3] == "GET /hello?x=1 HTTP/1.1"
    assert "X-Test: yes" in lines[4:]


@pytest.mark.parametrize(("size", "expected"), [("1000", "1000"), ("0", "0"), ("-5", "0"), ("many", "0")])
def test_data_has_the_size_asked_for(lab_of, size, expected):
    assert curl(lab_of(Mode.NATIVE), f"/data?size={size}", "-o", "/dev/null", "-w", "%{size_download}") == expected
