"""``captools capture``: what it refuses before any node is touched (the captures are in tests/collect)."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from captools.cli.capture import command
from captools.model.errors import UsageError


@pytest.fixture
def config(tmp_path):
    (tmp_path / "captools.toml").write_text("[nodes.here]\ntransport = 'local'\n[nodes.gone]\naddress = 'x'\n")
    return str(tmp_path / "captools.toml")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["-w", "file.pcap"], "-w file.pcap: only - is possible"),
        (["-w", "-", "--json"], "leave out --json and --out"),
        (
            [],
            "no node was named; give --node NAME, --node local, --all-nodes, --pod or --request; known nodes: here, gone",
        ),
        (["--node", "w7"], "no node is called 'w7'; known nodes: here, gone"),
        (["--node", "here", "--buffer", "much"], "'much' is not a size"),
        (["--node", "here", "--duration", "0s"], "'0s' is not a length of time"),
        (["--node", "here", "--snaplen", "0"], "a snap length of 0 bytes; --snaplen is between 1 and 262144"),
        (["--pod", "a/b"], "no pod 'a/b' in the inventory"),
        (["--node", "here", "--inventory", "/nonexistent"], "/nonexistent: no such file or folder"),
    ],
)
def test_a_request_that_cannot_be_is_one_sentence(config, arguments, sentence):
    done = CliRunner().invoke(command, ["--config", config, *arguments], standalone_mode=False)
    assert isinstance(done.exception, UsageError) and sentence in str(done.exception), done.exception


def test_the_help_has_an_example_and_every_option_of_the_main_job():
    text = CliRunner().invoke(command, ["--help"]).output
    assert "Example: captools capture --node" in text
    for option in (
        "--node",
        "--all-nodes",
        "--pod",
        "-i",
        "--role",
        "-f",
        "--match",
        "--tool",
        "--duration",
        "--snaplen",
    ):
        assert option in text
