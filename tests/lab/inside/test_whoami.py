from __future__ import annotations

import subprocess
import sys
from socket import socket

import pytest

from captools.lab.netns import INSIDE
from captools.lab.topology import CURL_POD, POD_TLS_PORT, Mode, webpod_on
from captools.model.errors import CaptureFailed

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


def test_it_fails_as_often_as_asked_for_each_request_id(lab_of):
    lab, options = lab_of(Mode.NATIVE), ("-o", "/dev/null", "-w", "%{http_code}", "-H", "x-request-id: whoami-test")
    assert [curl(lab, "/?fail=2", *options) for _ in range(3)] == ["503", "503", "200"]


def test_an_answer_that_is_the_same_for_everybody_says_in_a_header_whose_it_is(lab_of):
    head, _, body = curl(lab_of(Mode.NATIVE), "/?same=1", "-i").replace("\r", "").partition("\n\n")
    assert body == "the same for everybody\n"
    assert f"X-Lab-Who: Hostname: {webpod_on('k8s-w1').name}; IP: 172.20.1.108; RemoteAddr: 172.20.0.88:" in head


def test_a_server_of_few_pages_knows_no_others():
    """Started by hand: the pods that serve only some paths belong to few scenarios."""
    code = "import sys; sys.path.insert(0, sys.argv[1]); import whoami; whoami.main('127.0.0.1', sys.argv[2], '0', '', '/')"
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-c", code, str(INSIDE), str(port)])
    try:
        options = ["-sS", "--retry", "20", "--retry-connrefused", "--retry-delay", "1", "-o", "/dev/null"]
        wanted = [f"http://127.0.0.1:{port}{path}" for path in ("/", "/?x=1", "/ratings")]
        codes = [subprocess.check_output(["curl", *options, "-w", "%{http_code}", url], text=True) for url in wanted]
    finally:
        server.kill()
        server.wait()
    assert codes == ["200", "200", "404"]


def test_it_ends_tls_itself_on_another_port(lab_of):
    url = f"https://{webpod_on('k8s-w1').ip}:{POD_TLS_PORT}/"
    argv = ["curl", "-sSk", "-m", "5", url]
    assert lab_of(Mode.NATIVE).machine(CURL_POD.name).run(argv).startswith(f"Hostname: {webpod_on('k8s-w1').name}")


def test_it_resets_the_connection_when_asked_to(lab_of, watch):
    lab = lab_of(Mode.NATIVE)
    with watch(lab.machine("k8s-w1"), "eth1", "tcp port 80") as seen, pytest.raises(CaptureFailed, match="reset"):
        curl(lab, "/?fail=1&how=reset", "-H", "x-request-id: whoami-reset")
    assert "Flags [R" in seen.text
