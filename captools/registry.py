"""Additions are files: read a folder of them and check what each promises."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from types import ModuleType
from typing import TypeVar

T = TypeVar("T")


def additions(package: ModuleType, name: str, kind: type[T]) -> list[T]:
    """Return the value called ``name`` of each module of ``package``, checked to be a ``kind``.

    Modules whose name begins with an underscore are helpers and are left out; any other module that offers no such
    value is a mistake of ours and raises TypeError.
    """
    found: list[T] = []
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda one: one.name):
        if info.name.startswith("_"):
            continue
        module = import_module(f"{package.__name__}.{info.name}")
        value = getattr(module, name, None)
        if not isinstance(value, kind):
            raise TypeError(f"{module.__name__} must offer {name}, a {kind.__name__}")
        found.append(value)
    return found
