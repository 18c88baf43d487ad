"""The certificate of the lab's TLS servers: made anew for every lab, gone with it, trusted by nobody."""

from __future__ import annotations

from pathlib import Path

from captools.lab.netns import finish

_DAYS = "2"


def make(folder: Path) -> Path:
    """Make key and certificate in ``folder``; return the file that holds both. CaptureFailed where openssl fails."""
    folder.mkdir(mode=0o700)
    key, certificate, both = (folder / name for name in ("key.pem", "certificate.pem", "both.pem"))
    finish(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-subj", "/CN=lab.test", "-days", _DAYS, "-keyout", str(key), "-out", str(certificate),
        ],
        "openssl req",
    )  # fmt: skip
    both.write_text(key.read_text() + certificate.read_text())
    return both
