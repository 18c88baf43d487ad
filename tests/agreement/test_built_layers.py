"""tshark says of every kind of header stack that we can build what our decoder says."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from captures import build
from tests.agreement.test_tshark import differences
from tests.wire.layers import AGREED

pytestmark = pytest.mark.skipif(shutil.which("tshark") is None, reason="needs tshark")


def test_tshark_and_we_agree_on_every_header_stack(tmp_path: Path) -> None:
    path = tmp_path / "layers.pcap"
    path.write_bytes(build.pcap([(at + 1, frame) for at, frame in enumerate(AGREED.values())]))
    names = list(AGREED)
    problems = [f"{names[int(one.split()[1].rstrip(':')) - 1]}: {one}" for one in differences(path)]
    assert problems == []
