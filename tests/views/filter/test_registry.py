"""What a field says of itself."""

from __future__ import annotations

from captools.views.filter.fields import FIELDS


def test_a_field_of_several_headers_or_ends_is_not_once():
    assert FIELDS["frame.number"].once and FIELDS["vxlan.vni"].once
    assert not FIELDS["ip.src"].once and not FIELDS["tcp.port"].once and not FIELDS["http.host"].once


def test_only_http_fields_are_sparse():
    assert {name for name, one in FIELDS.items() if one.sparse} == {
        name for name in FIELDS if name.startswith("http.")
    } | {"captools.request_id"}
