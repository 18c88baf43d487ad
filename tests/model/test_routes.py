"""How configured rules are written for people."""

from __future__ import annotations

from captools.model.routes import Gateway, PathKind, ProxyRoute, RouteMatch, RouteTarget, ValueMatch


def test_a_match_names_all_that_it_asks() -> None:
    assert str(RouteMatch()) == "prefix /"
    headers = (ValueMatch(name="x-version", value="b.*", regex=True),)
    query = (ValueMatch(name="preview", value="1"),)
    match = RouteMatch(path="/a", path_kind=PathKind.EXACT, method="GET", headers=headers, query=query)
    assert str(match) == "exact /a, method GET, header x-version~b.*, query preview=1"


def test_full_names_are_those_that_kubectl_takes() -> None:
    assert ProxyRoute(kind="HTTPRoute", namespace="a", name="b").full_name == "HTTPRoute a/b"
    assert Gateway(namespace="a", name="b").full_name == RouteTarget(namespace="a", service="b").full_name == "a/b"
