"""``captools agent``."""

from __future__ import annotations

import subprocess
import sys

from click.testing import CliRunner

from captools.cli.agent import command
from captools.collect.launch import pyz
from captools.collect.protocol import MAGIC
from captools.model.errors import UsageError


def test_the_manifest_is_printed_with_the_wishes_that_were_given():
    done = CliRunner().invoke(command, ["manifest", "--namespace", "tap", "--with-net-admin", "--node-selector", "a=b"])
    assert done.exit_code == 0
    assert 'name: "tap"' in done.output and "- NET_ADMIN" in done.output and '"a": "b"' in done.output


def test_a_node_selector_without_a_value_is_refused():
    done = CliRunner().invoke(command, ["manifest", "--node-selector", "a"])
    assert isinstance(done.exception, UsageError) and "has no value" in str(done.exception)


def test_help_names_every_right_that_can_be_added():
    text = CliRunner().invoke(command, ["manifest", "--help"]).output
    assert all(option in text for option in ("--with-net-admin", "--with-setuid", "--with-peers"))


def test_the_agent_as_one_file_is_what_capture_sends_and_runs_by_itself(tmp_path):
    files = [tmp_path / "one.pyz", tmp_path / "two.pyz"]
    for file in files:
        assert CliRunner().invoke(command, ["pyz", "-o", str(file)]).exit_code == 0
    assert files[0].read_bytes() == files[1].read_bytes() == pyz()
    done = subprocess.run([sys.executable, "-I", files[0]], input=b"", capture_output=True, timeout=20, check=False)
    assert done.stdout.startswith(MAGIC)


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    done = CliRunner().invoke(command, ["pyz", "-o", str(tmp_path / "no" / "agent.pyz")])
    assert isinstance(done.exception, UsageError) and "cannot be written" in str(done.exception)
