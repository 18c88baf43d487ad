"""A session that is too large for memory: the packets worth looking at one by one, chosen by what all of them add up to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from captools.correlate.large.choose import Choice, choose
from captools.correlate.large.conversations import Conversations, conversations
from captools.correlate.large.skew import ahead
from captools.model.packets import DNS, HTTP, PACKETS, TLS
from captools.store.cache.chosen import Chosen, choose_packets
from captools.store.cache.entry import Entry
from captools.store.cache.messages import bytes_of
from captools.store.capture import Reading
from captools.store.large import LargeCapture
from captools.store.load import Loaded
from captools.store.many import Many, side_by_side
from captools.store.memory import give_back
from captools.store.small import SmallCapture
from captools.wire.heads import Messages

_SCHEMAS = {"http": HTTP, "tls": TLS, "dns": DNS}


@dataclass(frozen=True, slots=True)
class Detail:
    """The chosen packets of all sources, and their messages (``row`` counts in ``packets``).

    ``warning`` says what of the session they are; ``unshown`` why nothing negative rests on them, where that is so.
    """

    packets: pa.Table
    http: pa.Table
    tls: pa.Table
    dns: pa.Table
    warning: str = ""
    unshown: str = ""


def in_detail(loaded: list[Loaded], budget: int, reading: Reading) -> Detail:
    """Return about ``budget`` packets of ``loaded``; logs, which are small, are taken whole."""
    captures = _captures(loaded, reading)
    many = side_by_side([held.entry for held in captures.values()])
    found, choice = survey(many, budget, reading.announce)
    tables = {"packets": [PACKETS.empty_table()], **{name: [schema.empty_table()] for name, schema in _SCHEMAS.items()}}
    at = dict(zip(captures, range(len(captures)), strict=True))
    before = 0
    for number, one in enumerate(loaded):
        if number in captures:
            some = _chosen(many, at[number], choice)
            packets, messages = some.table(one.naming), _messages(some, captures[number], one)
        else:
            packets = one.rows.table(one.naming)
            messages = {name: getattr(one.rows, name)(one.naming) for name in _SCHEMAS}
        tables["packets"].append(packets)
        for name, table in messages.items():
            row = table.schema.get_field_index("row")
            tables[name].append(table.set_column(row, table.schema.field(row), pc.add(table["row"], before)))
        before += len(packets)
    whole = {name: pa.concat_tables(some).unify_dictionaries() for name, some in tables.items()}
    warning = told(choice, found, sum(map(len, many.entries)), before)
    del many, found, tables  # of millions of lanes; what follows needs memory of its own
    give_back()
    return Detail(**whole, warning=warning, unshown=unshown(choice))


def survey(
    many: Many, budget: int, announce: Callable[[str], None] = lambda words: None
) -> tuple[Conversations, Choice]:
    """Return the conversations of ``many`` captures and which of them ``budget`` packets are best spent on."""
    source = many.sources()
    shift = ahead(many.columns, source, len(many.entries))
    joined = many.joined(ahead_ns=shift.tolist(), announce=announce)
    found = conversations(many.columns, source, joined)
    return found, choose(many.columns, found, budget, shift[source])


def told(choice: Choice, found: Conversations, packets: int, taken: int) -> str:
    """Say in one sentence what was looked at of how much."""
    cut = f" ({choice.cut:,} of them not to their ends)" if choice.cut else ""
    left = choice.troubles - choice.troubled
    trouble = f"; {left:,} with resets, losses or no answer are not among them" if left else ""
    if hidden := unshown(choice):
        trouble += f"; {hidden}"
    return (
        f"{packets:,} packets are too many to follow each one: {choice.followed:,} of {choice.conversations:,} "
        f"conversations are followed packet by packet{cut}, {taken:,} packets in all{trouble}; what is counted in paths, "
        f"requests and findings is counted in these. `captools sql` and `captools packets -Y FILTER` read all packets"
    )


def unshown(choice: Choice) -> str:
    """Say how many pairs of addresses nobody looks at; the empty string where none."""
    left = choice.links - choice.shown
    return (
        f"{left:,} of {choice.links:,} pairs of addresses are in none of the conversations that are followed"
        if left
        else ""
    )


def entries_of(loaded: list[Loaded], reading: Reading) -> dict[int, Entry]:
    """Return the cache entry of each capture by its place in ``loaded``; small ones get one, logs have none."""
    return {number: held.entry for number, held in _captures(loaded, reading).items()}


def _captures(loaded: list[Loaded], reading: Reading) -> dict[int, LargeCapture]:
    found: dict[int, LargeCapture] = {}
    for number, one in enumerate(loaded):
        if isinstance(one.rows, LargeCapture):
            found[number] = one.rows
        elif isinstance(one.rows, SmallCapture) and len(one.rows):
            own = replace(reading, vxlan_ports=one.rows.vxlan_ports)
            found[number] = LargeCapture(one.rows.path, None, own)
    return found


def _chosen(many: Many, number: int, choice: Choice) -> Chosen:
    some = slice(many.starts[number], many.starts[number + 1])
    return choose_packets(many.entries[number], many.lanes[number], choice.take[some], choice.until_ns[some])


def _messages(some: Chosen, capture: LargeCapture, one: Loaded) -> dict[str, pa.Table]:
    """Return the messages of the chosen packets, with their frames in the file."""
    if not len(some):
        return {name: schema.empty_table() for name, schema in _SCHEMAS.items()}
    made: dict[str, pa.Table] = {}
    with bytes_of(capture.path) as data:
        messages = Messages(some.shards, one.naming, data)
        for name, schema in _SCHEMAS.items():
            table = getattr(messages, name)().cast(schema)
            frames = pa.array(some.frames[table["row"].to_numpy().astype(np.int64)])
            made[name] = table.set_column(schema.get_field_index("frame"), schema.field("frame"), frames)
        del messages
    return made
