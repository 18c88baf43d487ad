"""Sessions to compare, read when this is imported: the tests of this room may open nothing."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from captools.pipeline import open_session
from captures import case

CLEAR, SEALED = (
    open_session([case(name).folder]).analysis for name in ("s16-without-encryption", "s16b-with-encryption")
)
FINE, VXLAN = (open_session([case(name).folder]).analysis for name in ("no-fault", "s2-vxlan-overlay"))
BROKEN = open_session([case("s1-native-route-black-hole").folder]).analysis
PROXY, INGRESS = (
    open_session([case(name).folder]).analysis for name in ("proxy-requests", "s8-ingress-dedicated-snat")
)

# One file each, called as people call them.
with tempfile.TemporaryDirectory() as folder:
    for name in ("before", "after"):
        shutil.copy(case("s16-without-encryption").capture("k8s-ctr/eth1"), Path(folder, f"{name}.pcap"))
    BEFORE, AFTER = (open_session([Path(folder, f"{name}.pcap")]).analysis for name in ("before", "after"))
