"""Payloads: templates copied into place, and in each packet the values that are its own."""

from __future__ import annotations

import numpy as np

from captures.traffic.canvas import Canvas
from captures.traffic.scripts import UDP
from captures.traffic.sessions import Ints, Packets, Sessions, digits, mix
from captures.traffic.templates import Template, Templates

_HEX = np.frombuffer(b"0123456789abcdef", np.uint8)
_DASHES = (8, 13, 18, 23)  # in a UUID's text (RFC 9562)
_POOL = 1 << 24
_AT_ONCE = 2_000_000  # bytes copied per step: bounds the index arrays


class Filler:
    """Writes payloads; ``sizes`` is the length of each template, and 0 at index -1."""

    def __init__(self, templates: Templates, rng: np.random.Generator) -> None:
        self.templates = templates.all
        self.sizes: Ints = np.array([len(one.data) for one in templates.all] + [0], np.int64)
        self.pool = np.frombuffer(rng.bytes(_POOL), np.uint8)  # ciphertext to cut from

    def fill(self, canvas: Canvas, at: Ints, sessions: Sessions, packets: Packets) -> None:
        """Write the payload of every packet at ``at``."""
        order = np.argsort(packets.template, kind="stable")
        cuts = np.searchsorted(packets.template[order], np.arange(len(self.templates) + 1))
        for index, template in enumerate(self.templates):
            rows = order[cuts[index] : cuts[index + 1]]
            if len(rows):
                self._copy(canvas, at[rows], template, packets, rows)
                _own(canvas, at[rows], template, sessions, packets, rows)
        names = np.flatnonzero(packets.kind == UDP)
        canvas.u16(at[names], sessions.port[0, packets.session[names]] ^ 0x5A5A)  # the DNS id

    def _copy(self, canvas: Canvas, at: Ints, template: Template, packets: Packets, rows: Ints) -> None:
        size = len(template.data)
        place = np.arange(size)
        step = max(1, _AT_ONCE // size)
        for first in range(0, len(rows), step):
            where = at[first : first + step, None]
            canvas.bytes[where + place] = template.data
            if template.sealed >= 0:
                cut = digits(packets.random[rows[first : first + step]], 20, _POOL - 2_000)[:, None]
                canvas.bytes[where + place[template.sealed :]] = self.pool[cut + place[template.sealed :]]


def _own(canvas: Canvas, at: Ints, template: Template, sessions: Sessions, packets: Packets, rows: Ints) -> None:
    """Write the request id, the client address and the number of each packet."""
    session, random = packets.session[rows], packets.random[rows]
    if template.request_id >= 0:
        halves = (mix(random), mix(sessions.hash[session]))
        letters = iter(
            _HEX[digits(half, 4 * at_nibble, 16)].astype(np.int64) for half in halves for at_nibble in range(16)
        )
        for place in range(36):
            canvas.u8(at + template.request_id + place, ord("-") if place in _DASHES else next(letters))
    if template.client >= 0:
        for octet in range(4):
            value = 100 + digits(sessions.other[session], 8 * octet, 100)
            where = at + template.client + 4 * octet
            for place, weight in enumerate((100, 10, 1)):
                canvas.u8(where + place, 48 + value // weight % 10)
            if octet < 3:
                canvas.u8(where + 3, ord("."))
    if template.number >= 0:
        for place in range(8):
            canvas.u8(at + template.number + place, 48 + digits(random, 8 * place, 10))
