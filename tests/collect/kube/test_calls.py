"""Short questions to a cluster, and what becomes of its refusals."""

from __future__ import annotations

import json
import socket
from dataclasses import replace

import pytest

from captools.collect.kube import calls as kube_calls
from captools.collect.targets import Target
from captools.collect.transports import kubectl, prepare
from captools.model.errors import CaptureFailed
from tests.collect.kube_fixtures import AGENT


def w1(kube, **more) -> Target:
    return replace(Target(name="w1", transport="kubectl", kubeconfig=kube.kubeconfig), **more)


def test_the_context_in_force_tells_server_and_namespace_without_asking_it(kube):
    told = kube_calls.context(tuple(kubectl.base(w1(kube))))
    assert told == kube_calls.Context(api=f"127.0.0.1 {kube.port}", namespace="default")
    document = json.loads(kube.kubeconfig.read_text())
    document["contexts"].append({"name": "two", "context": {"cluster": "c", "user": "u", "namespace": "prod"}})
    kube.kubeconfig.write_text(json.dumps(document))
    assert kube_calls.context(tuple(kubectl.base(w1(kube, context="two")))).namespace == "prod"


def test_without_a_context_nothing_is_known_of_it(kube, tmp_path):
    (tmp_path / "empty").write_text("{}")
    odd = w1(kube, kubeconfig=tmp_path / "empty")
    assert kube_calls.context(tuple(kubectl.base(odd))) == kube_calls.Context()


def test_words_that_are_nobodys_sentence_are_repeated_safely(kube):
    error = kube_calls.failed(w1(kube), "error: \x1b[2Jodd\n\nSee 'kubectl get -h' for usage.\n")
    assert "kubectl says: error: [2Jodd" in str(error) and str(error).isprintable()


def test_konnectivity_is_noticed_and_where_it_may_not_be_asked_taken_for_granted(kube):
    kube.pod("agent-1", "w1", **AGENT)
    kube.refusals = {("GET", r"/api/v1/namespaces/kube-system/pods"): (403, "Forbidden", "no")}
    assert prepare(w1(kube)).konnectivity
    kube_calls.konnectivity.cache_clear()
    kube.refusals = {}
    assert not prepare(w1(kube)).konnectivity
    kube_calls.konnectivity.cache_clear()
    kube.pod("konnectivity-agent-x", "w1", namespace="kube-system", **{"k8s-app": "konnectivity-agent"})
    assert prepare(w1(kube)).konnectivity


def test_an_api_server_that_never_answers_is_given_up(kube, monkeypatch, tmp_path):
    monkeypatch.setattr(kube_calls, "CALL_TIMEOUT_S", 11)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        config = kube.config(tmp_path / "deaf", server=f"http://127.0.0.1:{deaf.getsockname()[1]}")
        with pytest.raises(CaptureFailed, match="the API server does not answer"):
            prepare(w1(kube, kubeconfig=config))
