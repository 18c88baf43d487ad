"""The fields of payloads bear names that tshark knows, for the same kind of value."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from captools.views.filter.kinds import Kind
from captools.views.filter.payload_fields import PROTOCOLS, payload_fields

FIELDS = {field.name: field for field in payload_fields()}
NUMBERS = {"FT_UINT8", "FT_UINT16", "FT_UINT32", "FT_UINT64"}
TYPES = {
    "FT_STRING": Kind.TEXT,
    "FT_BOOLEAN": Kind.FLAG,
    "FT_IPv4": Kind.IPV4,
    "FT_IPv6": Kind.IPV6,
    "FT_BYTES": Kind.BYTES,
}


def test_each_has_its_own_name_and_a_protocol():
    assert len(FIELDS) == len(list(payload_fields()))
    assert all(field.protocol in (*PROTOCOLS, "tls", "captools") for field in FIELDS.values())


@pytest.mark.skipif(not shutil.which("tshark"), reason="tshark names the fields")
def test_tshark_has_each_field_with_the_same_kind_of_value():
    told = subprocess.run(["tshark", "-G", "fields"], capture_output=True, text=True, timeout=60, check=True)
    lines = [line.split("\t") for line in told.stdout.splitlines() if line.startswith("F\t")]
    theirs = {line[2]: Kind.NUMBER if line[3] in NUMBERS else TYPES.get(line[3]) for line in lines}
    ours = {name: field.kind for name, field in FIELDS.items() if "." in name and not name.startswith("captools.")}
    assert len(ours) > 80
    assert {name: theirs.get(name) for name in ours} == ours
