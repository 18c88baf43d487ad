"""Conversations: a script is the packet sequence of one, from the first SYN (or question) to the end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from captures.traffic.templates import Templates

TCP, UDP, ICMP, ARP, WG_DATA, WG_INITIATION, WG_RESPONSE = range(7)
SYN, FIN, PSH, ACK = 2, 1, 8, 16


@dataclass(frozen=True, slots=True)
class Step:
    """One packet: who sends (0 client, 1 server), what, and how long after the one before.

    ``flags`` are TCP flags, the ICMP type or the ARP operation; ``seq`` and ``ack`` count from the initial numbers
    (or are the ICMP sequence and the WireGuard counter).
    """

    side: int
    kind: int
    template: int = -1
    flags: int = 0
    seq: int = 0
    ack: int = 0
    after_us: int = 0


@dataclass(frozen=True, slots=True)
class Data:
    """One TCP segment of a conversation; ``template`` -1 is a bare acknowledgement."""

    side: int
    template: int
    after_us: int


def make_scripts(rng: np.random.Generator, made: Templates) -> dict[str, list[list[Step]]]:
    """Draw the scripts of a run, by the kind of conversation."""
    return {
        "http": [_tcp(made, _exchanges(rng, made)) for _ in range(96)],
        "tls": [_tcp(made, _tls(rng, made, at)) for at in range(40)],
        "dns": [
            [Step(0, UDP, question), Step(1, UDP, answer, after_us=700)]
            for question, answer in zip(made.questions, made.answers, strict=True)
        ],
        "icmp": [_pings(made, count) for count in (1, 2, 4)],
        "arp": [[Step(0, ARP, flags=1), Step(1, ARP, flags=2, after_us=80)]],
        "wg": [_wireguard(rng, made) for _ in range(24)],
    }


def _tcp(made: Templates, segments: list[Data]) -> list[Step]:
    """Put handshake, sequence numbers and FINs around the segments."""
    steps: list[Step] = []
    sent = [0, 0]

    def send(side: int, flags: int, template: int, size: int, after_us: int) -> None:
        ack = sent[1 - side] if flags & ACK else 0
        steps.append(Step(side, TCP, template, flags, sent[side], ack, after_us))
        sent[side] += size

    send(0, SYN, -1, 1, 0)
    send(1, SYN | ACK, -1, 1, 200)
    send(0, ACK, -1, 0, 20)
    for one in segments:
        flags = ACK | PSH if one.template >= 0 else ACK
        send(one.side, flags, one.template, made.length(one.template), one.after_us)
    send(0, FIN | ACK, -1, 1, 100)
    send(1, FIN | ACK, -1, 1, 100)
    send(0, ACK, -1, 0, 20)
    return steps


def _exchanges(rng: np.random.Generator, made: Templates) -> list[Data]:
    """One to eight requests on one connection."""
    out: list[Data] = []
    for _ in range(int(rng.integers(1, 9))):
        out.append(Data(0, made.requests[int(rng.integers(len(made.requests)))], int(rng.integers(50, 3_000))))
        out.append(Data(1, -1, 40))
        segments = made.responses[int(rng.integers(len(made.responses)))]
        for at, segment in enumerate(segments):
            out.append(Data(1, segment, int(rng.integers(300, 2_000)) if at == 0 else 8))
            if at % 2 == 1 or at == len(segments) - 1:
                out.append(Data(0, -1, 15))
    return out


def _tls(rng: np.random.Generator, made: Templates, at: int) -> list[Data]:
    out = [Data(0, made.client_hellos[at % len(made.client_hellos)], 100), Data(1, -1, 40)]
    out += [Data(1, segment, 10) for segment in made.server_hello]
    out += [Data(0, -1, 20), Data(0, made.client_finished, 300)]
    for _ in range(int(rng.integers(2, 14))):
        side = int(rng.integers(2))
        out.append(Data(side, made.records[int(rng.integers(5))], int(rng.integers(100, 900))))
        out.append(Data(1 - side, -1, 40))
    return out


def _pings(made: Templates, count: int) -> list[Step]:
    out: list[Step] = []
    for at in range(count):
        out.append(Step(0, ICMP, made.ping, 8, at, after_us=1_000_000 if at else 0))
        out.append(Step(1, ICMP, made.ping, 0, at, after_us=300))
    return out


def _wireguard(rng: np.random.Generator, made: Templates) -> list[Step]:
    out = [Step(0, WG_INITIATION, made.initiation), Step(1, WG_RESPONSE, made.response, after_us=400)]
    counter = [0, 0]
    for _ in range(int(rng.integers(20, 120))):
        side = int(rng.integers(2))
        size = int(rng.choice(7, p=(0.1, 0.35, 0.1, 0.1, 0.05, 0.05, 0.25)))
        out.append(Step(side, WG_DATA, made.wireguard[size], seq=counter[side], after_us=int(rng.integers(5, 2_000))))
        counter[side] += 1
    return out
