"""The options that name key files, for what is asked of tshark."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

import click

F = TypeVar("F", bound=Callable[..., Any])


wireguard_keys = click.option(
    "--wireguard-keys",
    metavar="FILE",
    default="",
    help="Let tshark decrypt WireGuard with the keys in FILE, as its wg.keylog_file wants them.",
)


def key_options(command: F) -> F:
    """Add --tls-keys and --wireguard-keys; the command gets them, looked into, as ``keys``."""

    @wraps(command)
    def opening(*words: Any, tls_keys: str, wireguard_keys: str, **rest: Any) -> Any:
        from captools.deep.keys import Keys

        keys = Keys(tls=tls_keys, wireguard=wireguard_keys)
        keys.check()
        return command(*words, keys=keys, **rest)

    decorated: Any = opening
    for decorate in (
        click.option(
            "--tls-keys",
            metavar="FILE",
            default="",
            help="Let tshark decrypt TLS with the secrets in FILE, as SSLKEYLOGFILE makes clients write them.",
        ),
        wireguard_keys,
    ):
        decorated = decorate(decorated)
    return cast(F, decorated)
