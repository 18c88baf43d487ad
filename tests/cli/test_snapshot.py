"""``captools snapshot``: what it refuses; what it does is in tests/collect/test_again.py and tests/cli/test_sessions.py."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from captools.cli.snapshot import command
from captools.model.errors import MalformedCapture, UsageError


def test_the_help_has_an_example():
    assert "Example: captools snapshot 2026" in CliRunner().invoke(command, ["--help"]).output


def test_an_unknown_capture_is_one_sentence_with_the_next_step(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="nothing: no unfinished capture is called so; .*see captools sessions"):
        CliRunner().invoke(command, ["nothing"], standalone_mode=False, catch_exceptions=False)


def test_a_damaged_remote_json_names_itself(tmp_path):
    (tmp_path / "remote.json").write_text("[]")
    with pytest.raises(MalformedCapture, match="remote.json"):
        CliRunner().invoke(command, [str(tmp_path)], standalone_mode=False, catch_exceptions=False)
