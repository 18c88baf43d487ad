"""What a field says of itself."""

from __future__ import annotations

from captools.views.filter.fields import FIELDS


def test_a_field_of_several_headers_or_ends_is_not_once():
    assert FIELDS["frame.number"].once and FIELDS["vxlan.vni"].once
    assert not FIELDS["ip.src"].once and not FIELDS["tcp.port"].once and not FIELDS["http.host"].once


def test_fields_of_payloads_are_sparse_and_those_of_headers_are_not():
    assert all(FIELDS[name].sparse for name in ("http", "http2.streamid", "dns.a", "captools.request_id"))
    assert not any(FIELDS[name].sparse for name in ("ip", "tls", "tcp.len", "captools.src", "frame.number"))
