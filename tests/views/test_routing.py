"""Requests by what they asked for, and who served them."""

from __future__ import annotations

from dataclasses import replace

from captools.model.cluster import Cluster, Service
from captools.model.evidence import Confidence
from captools.model.requests import Backend, ClientLeg, Request
from captools.model.routes import ProxyRoute, RouteMatch, RouteRule, RouteTarget, ValueMatch
from captools.views.routing import HEADER, Routed, routing, rule_words, table_of

LEG = ClientLeg(src="192.0.2.1", sport=40000, dst="192.0.2.7", dport=80, points=("n/eth0",))
ONE, TWO = (Backend(ip=f"10.0.0.{at}", port=80, pod=f"shop/web-{at}", node=f"n{at}") for at in (1, 2))


def asked(path: str, backend: Backend | None = ONE, *, status: int = 200, **headers: str) -> Request:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(
        method="GET", path=path, host="a.test", status=status, request_id=None, client=LEG.src, xff=(), client_leg=LEG,
        attempts=(), backend_leg=None, proxy=None, backend=backend, gateway_ns=None, total_ns=None,
        confidence=Confidence.PROVEN, answered_by="backend" if backend else "proxy", headers=lambda: sent,
    )  # fmt: skip


def rows(sample, *requests: Request, cluster: Cluster | None = None) -> tuple[Routed, ...]:
    return routing(replace(sample.analysis(), requests=requests, cluster=cluster or Cluster()))


def test_paths_that_were_served_alike_share_a_row(sample):
    found = rows(sample, asked("/a"), asked("/b?x=1"), asked("/c", TWO), asked("/d", None, status=404))
    assert [(one.asked, one.served) for one in found] == [
        (("GET /a", "GET /b"), (("shop/web-1 on n1", 2),)), (("GET /c",), (("shop/web-2 on n2", 1),)),
        (("GET /d",), (("the proxy itself", 1),)),
    ]  # fmt: skip
    assert [one.statuses for one in found] == [(("200", 2),), (("200", 1),), (("404", 1),)]


def test_headers_and_queries_in_which_requests_for_one_path_differ_are_told(sample):
    found = rows(sample, asked("/a", x_version="beta"), asked("/a", TWO), asked("/a?v=2", TWO))
    assert [(one.asked_with, one.served[0][0]) for one in found] == [
        (("x-version: beta",), "shop/web-1 on n1"), ((), "shop/web-2 on n2"), (("?v=2",), "shop/web-2 on n2"),
    ]  # fmt: skip


def test_what_is_another_in_every_request_tells_nothing_of_routes(sample):
    some = [asked(f"/a?nonce={at}", x_request_id=str(at), x_trace=str(at)) for at in range(5)]
    (one,) = rows(sample, *some)
    assert one.asked_with == () and one.requests == 5


def test_one_path_that_several_served_is_one_row_with_counts(sample):
    (one,) = rows(sample, asked("/a"), asked("/a", TWO), asked("/a", TWO))
    assert one.served == (("shop/web-2 on n2", 2), ("shop/web-1 on n1", 1))
    assert table_of([one])[1][0][5] == "shop/web-2 on n2 (2), shop/web-1 on n1 (1)"


def ruled(*matches: RouteMatch) -> Cluster:
    def target(name: str) -> tuple[RouteTarget, ...]:
        return (RouteTarget(namespace="shop", service=name),)

    rules = tuple(RouteRule(matches=(match,), targets=target(f"web-{at}")) for at, match in enumerate(matches, 1))
    return Cluster(
        routes=(ProxyRoute(kind="Ingress", namespace="shop", name="web", hosts=("a.test",), addresses=(LEG.dst,),
                           rules=rules),),
        services=(Service(namespace="shop", name="web-1", backends=(ONE.ip,)),
                  Service(namespace="shop", name="web-2", backends=(TWO.ip,))),
    )  # fmt: skip


def test_requests_of_one_rule_are_one_row_which_says_whether_it_was_kept(sample):
    beta = RouteMatch(headers=(ValueMatch(name="x-version", value="beta"),))
    found = rows(
        sample, asked("/a"), asked("/b", TWO), asked("/c", TWO, x_version="beta"), asked("/c", x_other="1"),
        cluster=ruled(RouteMatch(), beta),
    )  # fmt: skip
    assert [(one.rule, one.goes_to, one.as_configured, one.asked_with) for one in found] == [
        ("Ingress shop/web: prefix /", ("shop/web-1",), False, ()),
        ("Ingress shop/web: prefix /, header x-version=beta", ("shop/web-2",), True, ("x-version: beta",)),
    ]
    assert found[0].asked == ("GET /a", "GET /b", "GET /c")


def test_where_no_rule_fits_or_the_backends_are_not_known_nothing_is_judged(sample):
    other, fits = rows(sample, asked("/x", None, status=404), asked("/a"), cluster=ruled(RouteMatch(path="/a")))
    assert (other.rule, other.as_configured) == ("no rule fits", None) and fits.as_configured is True
    unknown = replace(ruled(RouteMatch()), services=())
    assert rows(sample, asked("/a"), cluster=unknown)[0].as_configured is None


def test_the_table_leaves_out_what_rules_say_where_none_is_known(sample):
    header, cells = table_of(rows(sample, *(asked(f"/{at}") for at in range(5))))
    assert header == HEADER[:6] and cells == [
        ("a.test", "GET /0, GET /1, GET /2 and 2 more", "", 5, "200", "shop/web-1 on n1"),
    ]  # fmt: skip
    header, cells = table_of(rows(sample, asked("/a"), cluster=ruled(RouteMatch())))
    assert header == HEADER and cells[0][-3:] == ("Ingress shop/web: prefix /", "shop/web-1", "yes")


def test_json_names_every_part(sample):
    (one,) = rows(sample, asked("/a"), asked("/a", TWO, status=500))[:1]
    assert one.to_json() == {
        "host": "a.test", "asked": ["GET /a"], "with": [], "requests": 1,
        "statuses": [{"status": "200", "requests": 1}], "served": [{"by": "shop/web-1 on n1", "requests": 1}],
        "rule": "", "goes_to": [], "as_configured": None,
    }  # fmt: skip


def test_a_request_is_told_with_its_rule_and_whether_that_was_kept(sample):
    analysis = replace(sample.analysis(), cluster=ruled(RouteMatch(path="/a")))
    assert rule_words(analysis, asked("/a")) == "Ingress shop/web: prefix /a, to shop/web-1"
    assert rule_words(analysis, asked("/a", TWO)).endswith("to shop/web-1; the backend is none of those")
    assert rule_words(analysis, asked("/b")) == rule_words(sample.analysis(), asked("/a")) == ""
