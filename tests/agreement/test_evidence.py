"""Every filter that captools prints gives exactly the frames it names, in tshark."""

from __future__ import annotations

import hashlib
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from captools.pipeline import open_session
from captools.views import documents
from captures import case, cases


def evidence_in(document: object) -> Iterator[dict[str, Any]]:
    """Return every evidence object anywhere in a JSON document."""
    if isinstance(document, dict):
        if "decode_as" in document and "frames" in document:
            yield document
        for value in document.values():
            yield from evidence_in(value)
    elif isinstance(document, list):
        for value in document:
            yield from evidence_in(value)


def in_disjoint_groups(proofs: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Group proofs so that no frame is in two of one group: then one run of all of a group's filters tells each."""
    groups: list[tuple[set[int], list[dict[str, Any]]]] = []
    for proof in proofs:
        frames = set(proof["frames"])
        for taken, members in groups:
            if taken.isdisjoint(frames):
                taken |= frames
                members.append(proof)
                break
        else:
            groups.append((frames, [proof]))
    return [members for _, members in groups]


@pytest.mark.parametrize("name", [one.name for one in cases()])
def test_every_printed_filter_gives_exactly_its_frames(name: str) -> None:
    analysis = open_session([case(name).folder]).analysis
    by_file: dict[tuple[str, str], dict[tuple[Any, ...], dict[str, Any]]] = defaultdict(dict)
    for document in (documents.findings, documents.paths, documents.requests, documents.encryption):
        for proof in evidence_in(document(analysis)):
            by_file[proof["file"], proof["decode_as"]][proof["filter"], *proof["frames"]] = proof
    assert by_file
    for (file, decode_as), proofs in by_file.items():
        assert {proof["sha256"] for proof in proofs.values()} == {hashlib.sha256(Path(file).read_bytes()).hexdigest()}
        for group in in_disjoint_groups(list(proofs.values())):
            expected = sorted(frame for proof in group for frame in proof["frames"])
            assert frames_of(file, decode_as, " || ".join(f"({proof['filter']})" for proof in group)) == expected


def frames_of(file: str, decode_as: str, filter_: str) -> list[int]:
    argv = ["tshark", "-n", "-r", file, "-T", "fields", "-e", "frame.number", "-Y", filter_]
    for one in decode_as.split(",udp") if decode_as else ():
        argv += ["-d", one if one.startswith("udp") else f"udp{one}"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True)
    return sorted(int(line) for line in done.stdout.split())
