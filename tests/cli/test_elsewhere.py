"""The options that find captures of other machines: what they refuse (what they do: tests/collect/detached/test_adopt.py)."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from captools.cli.fetch import command as fetch
from captools.cli.sessions import command as sessions
from captools.cli.stop import command as stop
from captools.model.errors import CaptureFailed, UsageError


@pytest.fixture(autouse=True)
def empty(tmp_path, monkeypatch):
    """A machine that knows of no node and no capture."""
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.delenv("CAPTOOLS_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("command", "words", "sentence"),
    [
        (fetch, ["x"], "no unfinished capture .* one of another machine is found with --node NAME"),
        (stop, ["x", "--discard"], "--discard throws away what named nodes have; add --node NAME"),
        (stop, ["x", "--yes"], "--yes is about --discard"),
        (sessions, ["--all-nodes"], "--all-nodes needs a captools.toml"),
        (fetch, ["x", "--node", "local", "--spool-dir", "tmp"], "--spool-dir tmp: not a whole path"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(command, words, sentence):
    with pytest.raises(UsageError, match=sentence):
        CliRunner().invoke(command, words, standalone_mode=False, catch_exceptions=False)


def test_nodes_that_do_not_answer_are_no_empty_nodes(tmp_path):
    config = tmp_path / "captools.toml"
    config.write_text('[nodes.n1]\ntransport = "netns"\npid = 4194303\n')
    with pytest.raises(CaptureFailed, match="x: no node tells of it; make the nodes reachable"):
        CliRunner().invoke(fetch, ["x", "--node", "n1"], standalone_mode=False, catch_exceptions=False)
