"""Both ways home offer what the runner calls."""

from __future__ import annotations

import inspect

import pytest

from captools.collect.node import NodeCapture
from captools.collect.plain.node import PlainNode
from captools.collect.targets import LOCAL
from captools.collect.way_home import WayHome


@pytest.mark.parametrize("kind", [NodeCapture, PlainNode])
def test_everything_the_runner_uses_is_there_with_the_same_arguments(kind):
    node = kind(LOCAL)
    for name in WayHome.__annotations__:
        assert hasattr(node, name), name
    for name, member in vars(WayHome).items():
        if name.startswith("_") or name in ("ident", "start", "is_alive", "join"):
            continue
        if isinstance(member, property):
            assert isinstance(inspect.getattr_static(kind, name), property), name
        else:
            wanted, found = (list(inspect.signature(one).parameters) for one in (member, getattr(kind, name)))
            assert found == wanted, name
