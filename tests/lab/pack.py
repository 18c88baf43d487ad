"""Compress the larger files of reference cases: ``python -m tests.lab.pack CASE…`` (all without names).

They stay what the tools wrote, inside zstd; the manifest is told of the captures' new names and hashes.
"""

from __future__ import annotations

import json
import subprocess
import sys

from captools.store.files import sha256_of
from captures import case, cases

LEAST = 700  # bytes: smaller ones gain nothing


def main(names: list[str]) -> None:
    """Compress what is large in the cases called ``names``."""
    for one in map(case, names) if names else cases():
        manifest = one.folder / "session.json"
        document = json.loads(manifest.read_text(encoding="utf-8"))
        for path in one.captures:
            if path.suffix == ".pcap" and path.stat().st_size >= LEAST:
                subprocess.run(["zstd", "-q", "-19", "--rm", str(path)], check=True)
                packed = path.with_name(f"{path.name}.zst")
                for point in document["points"]:
                    if point["file"] == path.name:
                        point |= {"file": packed.name, "sha256": sha256_of(packed)}
        for path in (one.folder / "inventory").iterdir():
            if path.suffix != ".zst" and path.stat().st_size >= LEAST:
                subprocess.run(["zstd", "-q", "-19", "--rm", str(path)], check=True)
        manifest.write_text(json.dumps(document, separators=(",", ":"), ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
