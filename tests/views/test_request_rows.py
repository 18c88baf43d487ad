from __future__ import annotations

from dataclasses import replace

import pytest

from captools.views.request_rows import request_row, xff_agreement


def test_a_row_joins_both_sides_of_the_proxy(sample):
    row = request_row(sample.s8().requests[0])
    assert (row.time, row.status, row.client, row.proxy, row.source, row.source_kind) == (
        "01:35:21.286", "200", "192.168.10.200", "k8s-w1", "172.20.1.35", "ingress address",
    )  # fmt: skip
    assert (row.backend, row.backend_node, row.gateway) == ("default/webpod-697b545f57-fz7qd", "k8s-w0", "423 µs")


def test_what_is_missing_is_a_dash(sample):
    row = request_row(sample.s8().requests[3])
    assert (row.status, row.source, row.source_kind, row.backend, row.gateway) == ("403", "-", "-", "-", "-")
    assert row.note == "the proxy answered itself: there is no backend leg"


@pytest.mark.parametrize(
    ("xff", "says"),
    [
        ((), "no header seen"),
        (("192.168.10.200",), "yes"),
        (("10.9.9.9", "192.168.10.200"), "yes, after 1 claimed by the client"),
        (("10.9.9.9",), "no"),
    ],
)
def test_only_the_last_entry_of_xff_can_name_the_client(sample, xff: tuple[str, ...], says: str):
    assert xff_agreement(replace(sample.s8().requests[0], xff=xff)) == says
