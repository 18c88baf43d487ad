"""A generated capture with everything in it, as a file, as the reference decoder's table, and as a cache entry."""

from __future__ import annotations

from pathlib import Path

import pytest

from captures.generate import generate
from tests.wire.equality import naming_of  # prepares the kernels' folder

PACKETS = 150_000  # more than one row group, and two byte ranges


@pytest.fixture(scope="session")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("capture") / "n__eth0.pcap"
    with path.open("wb") as file:
        for data in generate(packets=PACKETS, seed=3):
            file.write(data)
    return path


@pytest.fixture(scope="session")
def entry(capture: Path, tmp_path_factory: pytest.TempPathFactory):
    from captools.store.cache.entry import Entry
    from captools.store.cache.ingest import ingest

    place = tmp_path_factory.mktemp("cache")
    return Entry(ingest(capture, [place], "key", vxlan_ports=(8472, 4789), threads=3))


@pytest.fixture(scope="session")
def naming():
    return naming_of(1)


@pytest.fixture(scope="session")
def wanted(capture: Path):
    from tests.wire.equality import reference

    return reference(capture.read_bytes())
