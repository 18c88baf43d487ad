"""What the README promises exists: commands, exit codes, findings; and every command explains itself."""

from __future__ import annotations

import pkgutil
from importlib import import_module

import pytest

import captools.findings
from captools.cli.main import COMMANDS, main
from captools.model.errors import ExitCode
from captools.model.findings import FindingRule
from captools.registry import additions
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_an_example_and_a_line_in_the_readme(name: str) -> None:
    command = import_module(COMMANDS[name][0]).command
    assert command.help
    if name not in ("lab",):
        assert command.epilog and f"captools {name}" in command.epilog
    assert f"captools {name}" in README


@pytest.mark.parametrize("code", list(ExitCode), ids=lambda code: code.name)
def test_every_exit_code_is_documented(code: ExitCode) -> None:
    assert f"| {int(code)} |" in README


@pytest.mark.parametrize("rule", additions(captools.findings, "RULE", FindingRule), ids=lambda rule: rule.id)
def test_every_rule_is_documented_and_named_like_its_file(rule: FindingRule) -> None:
    assert f"`{rule.id}`" in README
    names = {info.name for info in pkgutil.iter_modules(captools.findings.__path__)}
    assert rule.id.replace("-", "_") in names and rule.title


def test_an_unknown_command_is_a_usage_error() -> None:
    import click

    with pytest.raises(click.UsageError):
        main.main(["nonsense"], standalone_mode=False)
