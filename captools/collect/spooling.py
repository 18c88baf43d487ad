"""How packets rest on a node until they are home: what a user asks for, and how it stands. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from captools.model.errors import UsageError

FULL = ("keep", "drop")
COMPRESS = ("auto", "never", "always")
DEFAULT_SPOOL_BYTES = 1024**3
SEGMENT_BYTES = 16 * 1024**2
# Small enough that a ring's oldest end moves in steps nobody notices.
RING_PARTS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolWish:
    """Bounds of the spool on every node.

    spool_bytes: how much may wait there. full: keep the oldest and let the kernel drop what follows, or drop
    the oldest. ring_bytes, keep_s: keep only the newest bytes or seconds, for days. limit_bps: bytes per
    second on the way home. compress: of COMPRESS. spool_dir: where on the node, empty for the agent's choice.
    """

    spool_bytes: int = DEFAULT_SPOOL_BYTES
    full: str = "keep"
    ring_bytes: int | None = None
    keep_s: float | None = None
    segment_bytes: int = SEGMENT_BYTES
    spool_dir: str = ""
    limit_bps: int | None = None
    compress: str = "auto"

    @property
    def ring(self) -> bool:
        """True where only the newest packets are kept, on the node, until somebody asks for them."""
        return self.ring_bytes is not None or self.keep_s is not None

    def check(self) -> None:
        """Raise UsageError for a wish that no node could grant."""
        if self.full not in FULL:
            raise UsageError(f"--spool-full {self.full}: not known", hint=f"it is one of {', '.join(FULL)}")
        if self.compress not in COMPRESS:
            raise UsageError(f"--compress {self.compress}: not known", hint=f"it is one of {', '.join(COMPRESS)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolProgress:
    """How a node's spool stands. ``lag``: bytes on the node that are not home; None: not known there."""

    lag: int | None = None
    used: int | None = None
    limit: int | None = None
    full_s: float = 0.0  # so long it was full: tools were not read, and the kernel counts what it drops
    cuts: int = 0
    trouble: str = ""
