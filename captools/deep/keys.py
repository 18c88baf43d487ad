"""Key files that let tshark read what was encrypted: TLS secrets, WireGuard's private keys.

TLS: what SSLKEYLOGFILE makes browsers, curl and OpenSSL write (RFC 9850). WireGuard: ``wg.keylog_file`` of Wireshark.
A pcapng file may carry its TLS secrets itself (Decryption Secrets Block): tshark uses those without being told.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from captools.model.errors import MalformedCapture, UsageError

_HEAD = 1 << 20  # bytes of a key file that are looked at
_TLS = re.compile(rb"(?m)^[ \t]*(?:[A-Z][A-Z0-9_]+ [0-9A-Fa-f]{64} [0-9A-Fa-f]{32,}|RSA [0-9A-Fa-f]{16} [0-9A-Fa-f]{96}"
                  rb"|RSA Session-ID:[0-9A-Fa-f]+ Master-Key:[0-9A-Fa-f]{96})[ \t]*\r?$")  # fmt: skip
_WIREGUARD = re.compile(rb"(?m)^[ \t]*(?:LOCAL_STATIC_PRIVATE_KEY|REMOTE_STATIC_PUBLIC_KEY|LOCAL_EPHEMERAL_PRIVATE_KEY"
                        rb"|PRESHARED_KEY)[ \t]*=[ \t]*[A-Za-z0-9+/]{43}=[ \t]*\r?$")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The key files that were named; empty where none was."""

    tls: str = ""
    wireguard: str = ""

    def __bool__(self) -> bool:
        return bool(self.tls or self.wireguard)

    def preferences(self) -> dict[str, str]:
        """Return tshark's preferences (``-o``) for these files. A record over several segments must be put together."""
        found = {"tcp.desegment_tcp_streams": "TRUE"} if self else {}
        if self.tls:
            found["tls.keylog_file"] = str(Path(self.tls).resolve())
        if self.wireguard:
            found["wg.keylog_file"] = str(Path(self.wireguard).resolve())
        return found

    def check(self) -> None:
        """Raise UsageError for a file that cannot be opened, MalformedCapture for one that holds no key of its kind."""
        if self.tls:
            _check(self.tls, _TLS, "TLS key log: no line reads LABEL RANDOM SECRET",
                   "give the file that SSLKEYLOGFILE named while the connection was made")  # fmt: skip
        if self.wireguard:
            _check(self.wireguard, _WIREGUARD, "WireGuard key log: no line reads LOCAL_STATIC_PRIVATE_KEY = KEY or the like",
                   "write one key a line as Wireshark's preference wg.keylog_file wants them")  # fmt: skip


NO_KEYS = Keys()


def _check(path: str, line: re.Pattern[bytes], what: str, hint: str) -> None:
    try:
        with Path(path).open("rb") as stream:
            head = stream.read(_HEAD)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}", hint="check the path of the key file") from error
    if not line.search(head):
        raise MalformedCapture(f"{path}: is no {what}", hint=hint)
