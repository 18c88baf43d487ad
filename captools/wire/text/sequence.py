"""TCP numbers in tcpdump's text: absolute or relative, told apart connection by connection.

tcpdump prints numbers as they are on the wire in segments without ACK, in those with SYN, and in the first it sees of
a connection; from then on relative to that one (print-tcp.c), unless it runs with -S. Where the log holds the absolute
number, the relative ones behind it are added to it; where it does not, they say nothing and stay out of the table.
"""

from __future__ import annotations

MODULUS = 1 << 32
# A log that somebody cut may begin with relative numbers. Few connections carry this many bytes, and fifteen of
# sixteen initial numbers (RFC 9293, section 3.4.1: they are spread over all 32 bits) are further away from zero.
CERTAIN = 1 << 28

Ends = tuple[str, str]


class Sequences:
    """What is known of the connections of one log; keys are the two ends as the text writes them."""

    def __init__(self) -> None:
        self._base: dict[Ends, int] = {}

    def numbers(self, ends: Ends, seq: int | None, ack: int | None, *, syn: bool) -> tuple[int | None, int | None]:
        """Return the absolute (seq, ack) of a segment from its printed numbers; None where the text does not tell."""
        back = ends[::-1]
        if ack is None:
            return seq, None
        if syn or (ends not in self._base and back not in self._base):
            if not syn and _distance(ack, 0) < CERTAIN:
                return None, None
            self._base.pop(ends, None)
            if seq is not None:
                self._base[ends] = seq
            self._base[back] = (ack - 1) % MODULUS
            return seq, ack
        return self._absolute(ends, seq), self._absolute(back, ack)

    def edge(self, ends: Ends, number: int) -> int | None:
        """Return the absolute number of a SACK edge (it counts the bytes of the other direction)."""
        return self._absolute(ends[::-1], number)

    def _absolute(self, ends: Ends, number: int | None) -> int | None:
        base = self._base.get(ends)
        if number is None:
            return None
        if base is not None:
            return _nearer(number, base)
        return number if _distance(number, 0) >= CERTAIN else None


def _nearer(number: int, base: int) -> int:
    """Return the reading of ``number``, relative or absolute, that is fewer bytes away from ``base``."""
    return number if _distance(number, base) < _distance(number, 0) else (base + number) % MODULUS


def _distance(a: int, b: int) -> int:
    return min((a - b) % MODULUS, (b - a) % MODULUS)
