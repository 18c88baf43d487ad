"""IPsec headers, one packet at a time (see captools.wire.ipsec)."""

from __future__ import annotations

from typing import Any

from captools.wire.ipsec import ESP_HEADER, HIGHEST_RESERVED_SPI, NAT_PORT
from captools.wire.kernels.compiler import kernel
from captools.wire.kernels.loads import u32
from captools.wire.kernels.marks import IPSEC, IPSEC_SEQ
from captools.wire.kernels.state import need, payload

_ESP, _AH = 50, 51


@kernel
def authentication(f: Any, s: Any) -> None:
    """Note SPI and sequence number of the AH at the cursor; its first eight bytes are there."""
    _note(f, s, _AH, s.at + 4)


@kernel
def esp(f: Any, s: Any) -> None:
    """Read an ESP header."""
    if s.at + 4 <= s.end:
        _note(f, s, _ESP, s.at)
    if need(s, ESP_HEADER):
        s.at += ESP_HEADER
        payload(s)


@kernel
def esp_in_udp(f: Any, s: Any) -> None:
    """Find ESP in a UDP packet."""
    if s.sport != NAT_PORT and s.dport != NAT_PORT:
        return
    if s.at + ESP_HEADER <= s.end and u32(f, s.at) > HIGHEST_RESERVED_SPI:
        _note(f, s, _ESP, s.at)


@kernel
def _note(f: Any, s: Any, proto: Any, at: Any) -> None:
    """Note the SPI at ``at``, and the sequence number behind it where it is there."""
    s.ipsec_proto = proto
    s.ipsec_spi = u32(f, at)
    s.rare = (s.rare | IPSEC) & ~IPSEC_SEQ
    if at + 8 <= s.end:
        s.ipsec_seq = u32(f, at + 4)
        s.rare |= IPSEC_SEQ
