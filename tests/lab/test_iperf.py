"""iperf3 between pods of the lab."""

from __future__ import annotations

import pytest

from captools.lab.iperf import PORT, serve, transfer
from captools.lab.topology import CURL_POD, Mode, webpod_on
from captools.model.errors import ToolMissing


def test_without_iperf3_there_is_one_sentence_with_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissing, match="needs iperf3") as caught:
        serve(None, webpod_on("k8s-w1"))  # type: ignore[arg-type]
    assert caught.value.hint == "apt-get install iperf3"


@pytest.mark.lab
def test_a_transfer_arrives_whole_and_tells_its_ends_and_figures(lab_of):
    lab, server = lab_of(Mode.NATIVE), webpod_on("k8s-w1")
    serve(lab, server)
    assert lab.machine(server.name).listens(PORT)
    truth = transfer(lab, CURL_POD, server)
    (flow,), (told,) = truth.flows, truth.transfers
    assert (flow.src, flow.dst, flow.dport) == (CURL_POD.ip, server.ip, PORT) == (told.src, told.dst, told.dport)
    assert told.bytes_sent == told.bytes_received == 32 * 1024
    assert told.mss == 1500 - 52 and flow.sport == told.sport
