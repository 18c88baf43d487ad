"""What is said where no request was found."""

from __future__ import annotations

import pyarrow as pa

from captools.model.packets import TLS
from captools.views.no_requests import no_requests


def hellos(*names: str | None, random: bytes | None = None) -> pa.Table:
    rows = [{"row": at, "kind": "client_hello", "sni": name, "random": random} for at, name in enumerate(names)]
    return pa.Table.from_pylist([*rows, {"row": 99, "kind": "server_hello"}], schema=TLS)


def test_both_versions_were_looked_for_and_the_next_step_is_told(sample):
    text = no_requests(sample.analysis())
    assert text.startswith("No HTTP request was found in clear text, neither HTTP/1 nor HTTP/2. Capture at the pods'")
    assert "captools capture --role pods" in text and "TLS handshake" not in text


def test_tls_handshakes_are_counted_and_their_hosts_named(sample):
    text = no_requests(sample.analysis(tls=hellos("shop.example")))
    assert "1 TLS handshake was seen (for shop.example): requests may be behind them." in text
    text = no_requests(sample.analysis(tls=hellos("a", "b", None, "b", "c", "d")))
    assert "6 TLS handshakes were seen (for a, b, c …): requests" in text
    assert "1 TLS handshake was seen: requests" in no_requests(sample.analysis(tls=hellos(None)))


def test_a_handshake_that_several_points_saw_is_one(sample):
    text = no_requests(sample.analysis(tls=hellos("a", "a", "a", random=bytes(range(32)))))
    assert "1 TLS handshake was seen (for a)" in text
