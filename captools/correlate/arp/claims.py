"""Which machine claimed an address in which stretch of time, and whether two did at once."""

from __future__ import annotations

import numpy as np

from captools.correlate.arp.frames import ArpFrames, mac_name, numbered
from captools.correlate.arp.owners import Owners, is_virtual
from captools.correlate.evidence import Prover
from captools.correlate.sightings import Ints, Sightings
from captools.model.arp import Claim, Doubled
from captools.model.evidence import Proofs

MOST_CLAIMS = 32
SAME_QUESTION_NS = 50_000_000  # one question at two points differs by the error of clocks, two by the asker's patience


def claims(
    rows: Sightings, frames: ArpFrames, some: Ints, owned: Owners, proxies: frozenset[int], prover: Prover
) -> tuple[Claim, ...]:
    """Return the stretches of ``some`` (positions of claims of one address on one segment, in order of time).

    A machine that has one stretch only is also proven by what other places than the line's saw of it.
    """
    line = on_one_clock(frames, some)
    mac = frames.sender_mac[line]
    starts = np.flatnonzero(np.r_[True, mac[1:] != mac[:-1]])[: len(mac)]
    found = []
    machines, stretches = np.unique(mac[starts], return_counts=True)
    once = set(machines[stretches == 1].tolist())
    for start, end in list(zip(starts.tolist(), np.r_[starts[1:], len(line)].tolist(), strict=False))[:MOST_CLAIMS]:
        span, name = line[start:end], mac_name(int(mac[start]))
        mine = some[frames.sender_mac[some] == mac[start]] if int(mac[start]) in once else span
        node, interface = owned.of(name)
        found.append(
            Claim(
                mac=name,
                node=node,
                interface=interface,
                first_ns=int(frames.time[span[0]]),
                last_ns=int(frames.time[span[-1]]),
                answers=_seen_once(frames, mine[frames.answers[mine]]),
                gratuitous=_seen_once(frames, mine[frames.announces[mine]]),
                virtual=is_virtual(name),
                proxy=int(mac[start]) in proxies,
                points=tuple(sorted(rows.points[code] for code in np.unique(frames.point[mine]).tolist())),
                evidence=_proof(frames, mine, f"{name} says that the address is its own", prover),
            )
        )
    return tuple(found)


def on_one_clock(frames: ArpFrames, some: Ints) -> Ints:
    """Return those of ``some`` claims that tell the order of owners: of one place that heard every owner, if there is one.

    What several places saw stands under as many clocks, and would let owners take turns that they never took.
    """
    macs = np.unique(frames.sender_mac[some])
    seen = np.unique(np.stack([frames.place[some], frames.sender_mac[some]]), axis=1)[0]
    places, heard = np.unique(seen, return_counts=True)
    whole = places[heard == len(macs)]
    if not len(whole):
        return some
    best = whole[np.argmax([np.count_nonzero(frames.place[some] == place) for place in whole.tolist()])]
    line: Ints = some[frames.place[some] == best]
    return line


def doubled(frames: ArpFrames, asks: Ints, some: Ints, prover: Prover) -> Doubled | None:
    """Return the questions that two machines answered, None where each was answered by one.

    ``asks`` and ``some`` are positions of the questions for one address on one segment, and of the claims. An answer
    belongs to the last question of its asker at the same place: the address may well move between two questions.
    """
    replies = some[frames.answers[some]]
    asked = _asked(frames, asks, replies)
    order = np.lexsort((asked, frames.target_mac[replies]))
    asker, mac, time = frames.target_mac[replies][order], frames.sender_mac[replies][order], asked[order]
    new = np.r_[True, (asker[1:] != asker[:-1]) | (np.diff(time) > SAME_QUESTION_NS)][: len(order)]
    question = np.cumsum(new) - 1
    speakers = np.unique(np.stack([question, mac]), axis=1)[0]
    several = np.flatnonzero(np.bincount(speakers) > 1)
    if not len(several):
        return None
    both = np.sort(replies[order[np.isin(question, several)]])
    return Doubled(
        macs=tuple(mac_name(one) for one in dict.fromkeys(frames.sender_mac[both].tolist())),
        asks=len(several),
        evidence=_proof(frames, both, "two machines answer the same question", prover),
    )


def _asked(frames: ArpFrames, asks: Ints, replies: Ints) -> Ints:
    """Return for each reply when its question was seen at the same place; its own time where it was not."""
    every = np.r_[asks, replies]
    machine = np.r_[frames.sender_mac[asks], frames.target_mac[replies]]
    group = numbered(np.stack([frames.place[every], machine]))
    is_reply = np.arange(len(every)) >= len(asks)
    order = np.lexsort((is_reply, frames.time[every], group))
    at = np.where(is_reply[order], -1, np.arange(len(order)))
    latest = np.maximum.accumulate(at)
    known = (latest >= 0) & (group[order[latest]] == group[order])
    found = np.empty(len(every), np.int64)
    found[order] = np.where(known, frames.time[every[order[latest]]], frames.time[every[order]])
    return found[len(asks) :]


def _seen_once(frames: ArpFrames, some: Ints) -> int:
    """Return how many frames these sightings are, at least: the most that one place shows."""
    return int(np.bincount(frames.place[some]).max(initial=0))


def _proof(frames: ArpFrames, some: Ints, shows: str, prover: Prover) -> Proofs:
    rows = frames.row[some]
    return Proofs(lambda: prover.of(rows.tolist(), shows))
