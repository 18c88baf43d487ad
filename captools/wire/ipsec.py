"""IPsec headers: AH (RFC 4302), ESP (RFC 4303), and ESP in UDP as it passes NAT (RFC 3948).

Only what is in clear: the security parameters index (SPI) and the sequence number, of the last such header in a frame.
AH is followed to what it protects; what ESP holds is sealed.
"""

from __future__ import annotations

from captools.model.packets import Proto
from captools.wire.bytesview import Ints
from captools.wire.frame import Batch
from captools.wire.transport import payload

NAT_PORT = 4500
ESP_HEADER = 8
HIGHEST_RESERVED_SPI = 255  # 0 marks IKE on this port (RFC 3948, section 2.2), 1 to 255 are reserved (RFC 4303, 2.1)


def authentication(batch: Batch, rows: Ints) -> None:
    """Note SPI and sequence number of the AH at the cursor of ``rows``; its first eight bytes are there."""
    _note(batch, rows, int(Proto.AH), 4)


def esp(batch: Batch, rows: Ints) -> None:
    """Read the ESP header of ``rows``; the payload is what it seals."""
    _note(batch, rows[batch.has(rows, 4)], int(Proto.ESP), 0)
    rows = batch.need(rows, ESP_HEADER)
    batch.at[rows] += ESP_HEADER
    payload(batch, rows)


def esp_in_udp(batch: Batch, rows: Ints) -> None:
    """Find ESP in the UDP packets ``rows``: port 4500, and neither IKE nor a keepalive of one byte."""
    values = batch.columns.values
    rows = rows[(values["sport"][rows] == NAT_PORT) | (values["dport"][rows] == NAT_PORT)]
    rows = rows[batch.has(rows, ESP_HEADER)]
    _note(batch, rows[batch.view.u32(batch.at[rows]) > HIGHEST_RESERVED_SPI], int(Proto.ESP), 0)


def _note(batch: Batch, rows: Ints, proto: int, skip: int) -> None:
    """Note the SPI, ``skip`` bytes from the cursor, and the sequence number behind it where it is there."""
    view, columns, at = batch.view, batch.columns, batch.at[rows] + skip
    columns.put("ipsec_proto", rows, proto)
    columns.put("ipsec_spi", rows, view.u32(at))
    columns.clear(("ipsec_seq",), rows)
    whole = batch.has(rows, skip + 8)
    columns.put("ipsec_seq", rows[whole], view.u32(at[whole] + 4))
