from __future__ import annotations

import shutil
import subprocess

import pytest

from captools.deep.fields import KINDS, value_of


@pytest.mark.parametrize(
    ("name", "shown", "value"),
    [
        ("ip.id", "0xd999", 0xD999), ("udp.srcport", "48134", 48134), ("ip.flags.df", "True", 1),
        ("ip.flags.df", "0", 0), ("eth.src", "AA:BB:CC:00:11:22", "aa:bb:cc:00:11:22"), ("http.host", "Web", "Web"),
        ("ip.ttl", "not a number", "not a number"),
    ],
)  # fmt: skip
def test_printed_values_of_all_tshark_versions_become_one_value(name: str, shown: str, value: int | str) -> None:
    assert value_of(name, shown) == value


def test_every_compared_field_is_one_that_wireshark_knows() -> None:
    if shutil.which("tshark") is None:
        pytest.skip("needs tshark")
    listed = subprocess.run(["tshark", "-G", "fields"], capture_output=True, text=True, check=True, timeout=60).stdout
    known = {line.split("\t")[2] for line in listed.splitlines() if line.startswith("F\t")}
    assert set(KINDS) - known == set()
