"""Gaps: stretches in which an address was wanted and nobody spoke for it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from captools.correlate.arp.frames import ArpFrames
from captools.correlate.arp.talks import AddressTalks
from captools.correlate.arp.witness import ANSWER_NS
from captools.correlate.evidence import Prover
from captools.correlate.sightings import Ints
from captools.model.arp import Gap

PROMPT_NS = 100_000_000  # who answers later than this has been missed by then
CLOCK_NS = 10_000_000  # by so much an answer may seem to come before its question, where two clocks saw them
MOST_GAPS = 32
_ENDLESS = np.iinfo(np.int64).max


def unanswered(frames: ArpFrames, asks: Ints, claimed: Ints) -> Ints:
    """Return those of ``asks`` that no claim answered in time; ``claimed`` holds the times of all claims, in order."""
    time = frames.time[asks]
    next_claim = np.r_[claimed, _ENDLESS][np.searchsorted(claimed, time - CLOCK_NS)]
    # From both sides, so that nothing overflows where there is no next one.
    alone: Ints = asks[next_claim - ANSWER_NS > time]
    return alone


def gaps(
    frames: ArpFrames, heard: Ints, some: Ints, talks: AddressTalks, prover: Prover, *, taken_over: bool = False
) -> tuple[Gap, ...]:
    """Return the gaps of one address on one segment.

    ``heard``: questions seen where answers to them pass, in order of time; ``some``: all claims. Between two claims of one
    machine there is a gap only if it left questions unanswered; before another machine's first claim also if it was long
    in coming, or packets did not come back. ``taken_over``: the first claim is that of a machine that took the address
    over from one that said nothing.
    """
    times, mac = frames.time[some], frames.sender_mac[some]
    bounds = np.searchsorted(times, frames.time[unanswered(frames, heard, times)])
    moves = np.r_[np.zeros(int(taken_over), np.int64), np.flatnonzero(mac[1:] != mac[:-1]) + 1]
    return tuple(_gaps(frames, heard, times, np.unique(np.r_[bounds, moves])[:MOST_GAPS], talks, prover))


def _gaps(
    frames: ArpFrames, heard: Ints, times: Ints, ends: Ints, talks: AddressTalks, prover: Prover
) -> Iterator[Gap]:
    life = talks.life()
    for end in ends.tolist():
        since = int(times[end - 1]) if end else -1
        until = int(times[end]) if end < len(times) else int(_ENDLESS)
        alive = life[(life > since) & (life < until)]
        since = max(since, int(alive[-1]) if len(alive) else -1)
        asked = heard[(frames.time[heard] > since) & (frames.time[heard] < until - PROMPT_NS)]
        owing = talks.owing(since + 1, until)
        first = np.r_[frames.time[asked], talks.time[owing]]
        if not len(first) or (not len(asked) and end == len(times)):
            continue  # at the end of a capture only questions show that nobody is there
        yield Gap(
            since_ns=since if since >= 0 else None,
            first_ns=int(first.min()),
            until_ns=until if end < len(times) else None,
            asks=_seen_once(frames, asked),
            packets=talks.seen_once(owing),
            broken=talks.broken(owing, prover),
        )


def _seen_once(frames: ArpFrames, some: Ints) -> int:
    return int(np.bincount(frames.place[some]).max(initial=0))
