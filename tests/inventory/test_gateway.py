"""Gateway API and Ingress objects, shaped as their API references document them."""

from __future__ import annotations

import json
from typing import Any

from captools.inventory.kubernetes import read_kubectl_json
from captools.inventory.merge import merge
from captools.model.routes import PathKind, RouteMatch, RouteTarget, ValueMatch


def read(*items: dict[str, Any], kind: str = "List") -> Any:
    return read_kubectl_json(json.dumps({"apiVersion": "v1", "items": list(items), "kind": kind}), "")


def thing(kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {"apiVersion": "x/v1", "kind": kind, "metadata": {"name": name, "namespace": "shop"}, **more}


def http_route(**spec: Any) -> dict[str, Any]:
    return thing("HTTPRoute", "web", spec=spec)


def test_a_gateway_gives_its_addresses_and_listeners() -> None:
    (one,) = read(
        thing("Gateway", "front",
              spec={"listeners": [{"name": "web", "port": 80, "protocol": "HTTP"},
                                  {"name": "tls", "port": 443, "protocol": "TLS", "hostname": "A.test",
                                   "tls": {"mode": "Passthrough"}},
                                  {"name": "https", "port": 443, "protocol": "HTTPS", "tls": {"certificateRefs": []}}]},
              status={"addresses": [{"type": "IPAddress", "value": "192.0.2.7"},
                                    {"type": "Hostname", "value": "front.test"}]})
    ).gateways  # fmt: skip
    assert (one.full_name, one.addresses) == ("shop/front", ("192.0.2.7",))
    assert [(each.name, each.port, each.host, each.tls) for each in one.listeners] == [
        ("web", 80, "", ""), ("tls", 443, "a.test", "Passthrough"), ("https", 443, "", "Terminate"),
    ]  # fmt: skip


def test_an_httproute_gives_hosts_gateways_matches_and_weights() -> None:
    (one,) = read(
        http_route(
            hostnames=["Shop.test", "*.shop.test"],
            parentRefs=[{"name": "front"}, {"name": "mesh", "kind": "Service"}, {"name": "other", "namespace": "infra"}],
            rules=[
                {"matches": [{"path": {"type": "Exact", "value": "/a"}, "method": "get"},
                             {"headers": [{"name": "X-Version", "value": "beta"}],
                              "queryParams": [{"name": "Q", "value": "1.*", "type": "RegularExpression"}]}],
                 "backendRefs": [{"name": "stable", "port": 80, "weight": 90},
                                 {"name": "canary", "port": 80, "weight": 0, "namespace": "next"},
                                 {"name": "bucket", "kind": "Bucket", "group": "cloud"}]},
            ],
        )
    ).routes  # fmt: skip
    assert (one.full_name, one.hosts) == ("HTTPRoute shop/web", ("shop.test", "*.shop.test"))
    assert one.gateways == ("shop/front", "infra/other") and not one.tls_passed
    (rule,) = one.rules
    assert rule.matches == (
        RouteMatch(path="/a", path_kind=PathKind.EXACT, method="GET"),
        RouteMatch(headers=(ValueMatch(name="x-version", value="beta"),),
                   query=(ValueMatch(name="Q", value="1.*", regex=True),)),
    )  # fmt: skip
    assert rule.targets == (
        RouteTarget(namespace="shop", service="stable", port=80, weight=90),
        RouteTarget(namespace="next", service="canary", port=80, weight=0),
    )


def test_what_a_rule_leaves_out_is_the_apis_default() -> None:
    (rule,) = read(http_route(rules=[{"backendRefs": [{"name": "web"}]}])).routes[0].rules
    assert rule.matches == (RouteMatch(path="/", path_kind=PathKind.PREFIX),)
    assert rule.targets == (RouteTarget(namespace="shop", service="web", port=None, weight=1),)


def test_a_tlsroute_passes_names_on_and_matches_nothing_else() -> None:
    (one,) = read(
        thing("TLSRoute", "vault", spec={"hostnames": ["vault.test"], "parentRefs": [{"name": "front"}],
                                         "rules": [{"backendRefs": [{"name": "vault", "port": 8443}]}]})
    ).routes  # fmt: skip
    assert one.tls_passed and one.hosts == ("vault.test",)
    assert one.rules[0].matches == () and one.rules[0].targets[0].full_name == "shop/vault"


def ingress(**more: Any) -> dict[str, Any]:
    def backend(name: str) -> dict[str, Any]:
        return {"service": {"name": name, "port": {"number": 80}}}

    return thing(
        "Ingress", "web",
        spec={"defaultBackend": backend("fallback"),
              "rules": [{"host": "a.test", "http": {"paths": [
                            {"path": "/x", "pathType": "Exact", "backend": backend("exact")},
                            {"path": "/y", "pathType": "Prefix", "backend": backend("prefix")},
                            {"path": "/z.+", "pathType": "ImplementationSpecific", "backend": backend("regex")},
                            {"pathType": "ImplementationSpecific", "backend": backend("any")}]}},
                        {"host": "b.test", "http": {"paths": [{"path": "/", "pathType": "Prefix",
                                                               "backend": {"resource": {"kind": "Bucket"}}}]}}]},
        status={"loadBalancer": {"ingress": [{"ip": "192.0.2.8"}]}}, **more,
    )  # fmt: skip


def test_an_ingress_gives_one_route_per_host_and_one_for_its_default_backend() -> None:
    a, b, default = read(ingress()).routes
    assert {one.full_name for one in (a, b, default)} == {"Ingress shop/web"}
    assert [one.hosts for one in (a, b, default)] == [("a.test",), ("b.test",), ()]
    assert all(one.addresses == ("192.0.2.8",) for one in (a, b, default))
    assert [(str(rule.matches[0]), rule.targets[0].service) for rule in a.rules] == [
        ("exact /x", "exact"), ("prefix /y", "prefix"), ("regex /z.+", "regex"), ("prefix /", "any"),
    ]  # fmt: skip
    assert b.rules[0].targets == () and default.rules[0].targets[0].service == "fallback"


def test_ciliums_annotation_makes_an_ingress_pass_tls_on() -> None:
    item = ingress()
    item["metadata"]["annotations"] = {"ingress.cilium.io/tls-passthrough": "enabled"}
    assert all(one.tls_passed for one in read(item).routes)


def test_items_of_a_list_without_kinds_of_their_own_are_read_too() -> None:
    item = http_route(hostnames=["a.test"])
    del item["kind"]
    (one,) = read(item, kind="HTTPRouteList").routes
    assert one.full_name == "HTTPRoute shop/web"


def test_what_is_no_object_or_has_no_name_gives_nothing() -> None:
    broken = [thing(kind, "") for kind in ("Gateway", "HTTPRoute", "TLSRoute", "Ingress")]
    facts = read(*broken, http_route(rules="no list", hostnames=[1, {}], parentRefs=[None]))
    assert facts.gateways == []
    (one,) = facts.routes
    assert (one.rules, one.hosts, one.gateways) == ((), (), ())


def test_the_same_object_in_two_files_is_one_in_the_cluster() -> None:
    facts = read(http_route(hostnames=["a.test"]), thing("Gateway", "front"))
    cluster = merge([("start.json", facts), ("stop.json", facts)])
    assert len(cluster.routes) == len(cluster.gateways) == 1
