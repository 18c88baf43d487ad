"""This machine as a node."""

from __future__ import annotations

import subprocess

from captools.collect.targets import LOCAL
from captools.collect.transports import local


def test_the_line_runs_in_a_shell_here_and_keeps_its_quotes():
    argv = local.argv(LOCAL, "printf '%s|' 'a b' \"c\"")
    assert subprocess.run(argv, capture_output=True, text=True, check=True).stdout == "a b|c|"
    assert local.explain(LOCAL, "anything") is None
