"""What tests of the kubectl transport share: the API stub, and a kubectl that knows no other cluster."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.collect.kube_api import KubeApi

AGENT = {"app.kubernetes.io/name": "captools-agent"}


@pytest.fixture
def kube(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KubeApi]:
    """The stub, with a node w1; kubectl's caches and configuration lie in the test's own folder."""
    if shutil.which("kubectl") is None:
        pytest.skip("needs kubectl")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    with KubeApi(tmp_path) as made:
        made.node("w1")
        yield made
