"""The options that name key files."""

from __future__ import annotations

import click
from click.testing import CliRunner

from captools.cli.keys import key_options
from captools.deep.keys import Keys
from captools.model.errors import UsageError


@click.command()
@key_options
def opened(keys: Keys) -> None:
    click.echo(f"{keys.tls}|{keys.wireguard}|{bool(keys)}")


def test_a_command_gets_what_was_named_and_nothing_else(tmp_path):
    log = tmp_path / "keys"
    log.write_text(f"CLIENT_RANDOM {'0' * 64} {'1' * 96}\n")
    assert CliRunner().invoke(opened, []).output == "||False\n"
    assert CliRunner().invoke(opened, ["--tls-keys", str(log)]).output == f"{log}||True\n"


def test_a_wrong_file_is_told_before_the_command_begins():
    assert isinstance(CliRunner().invoke(opened, ["--wireguard-keys", "/nowhere/keys"]).exception, UsageError)
