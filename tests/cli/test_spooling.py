"""Options on what rests on the nodes."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from captools.cli.spooling import spool_options
from captools.collect.spooling import SpoolWish
from captools.model.errors import UsageError


def wish(*words: str) -> SpoolWish:
    found: list[SpoolWish] = []

    @click.command()
    @spool_options
    def command(wish: SpoolWish) -> None:
        found.append(wish)

    done = CliRunner().invoke(command, words, standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return found[0]


def test_without_options_a_gibibyte_may_rest_and_nothing_is_limited():
    assert wish() == SpoolWish(spool_bytes=1 << 30)


def test_sizes_times_and_rates_are_read_as_people_type_them():
    found = wish("--ring", "512MB", "--keep", "10m", "--spool", "2GiB", "--limit", "10MB/s", "--spool-dir", "/data")
    assert found == SpoolWish(
        ring_bytes=512 << 20, keep_s=600, spool_bytes=2 << 30, limit_bps=10 << 20, spool_dir="/data"
    )
    found = wish("--spool-full", "drop", "--compress", "never")
    assert (found.full, found.compress) == ("drop", "never")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--ring", "much"), "is not a size"),
        (("--ring", "512"), "--ring 512 holds next to nothing"),
        (("--spool", "5kB"), "--spool 5kB holds next to nothing"),
        (("--keep", "soon"), "is not a length of time"),
        (("--limit", "10/h"), "--limit 10/h: not a rate; write 10MB/s"),
        (("--spool-dir", "here"), "not a whole path"),
    ],
)
def test_what_cannot_be_read_is_said(words, says):
    with pytest.raises(UsageError, match=says):
        wish(*words)
