"""What the lab tells of its routes is what the inventory reads out of it."""

from __future__ import annotations

import json

import pytest

from captools.inventory.kubernetes import read_kubectl_json
from captools.inventory.merge import merge
from captools.lab import route_documents as documents
from captools.lab.proxies import gateway_canary, gateway_passed, gateway_routes, gateway_tls
from captools.lab.topology import POD_TLS_PORT, WEBPODS

LISTS = [
    ([gateway_routes.GATEWAY], [gateway_routes.ROUTE]), ([gateway_tls.GATEWAY], gateway_tls.ROUTES),
    ([gateway_passed.GATEWAY], gateway_passed.ROUTES),
    ([gateway_canary.GATEWAY], [gateway_canary.SHOP_ROUTE, gateway_canary.LIMITED_ROUTE]),
]  # fmt: skip


@pytest.mark.parametrize(("gateways", "routes"), LISTS)
def test_gateways_and_routes_come_back_as_they_were(gateways, routes):
    told = documents.listed([*map(documents.gateway, gateways), *map(documents.route, routes)])
    facts = read_kubectl_json(json.dumps(told), "")
    assert facts.gateways == list(gateways) and facts.routes == list(routes)


def test_an_ingress_comes_back_as_it_was():
    facts = read_kubectl_json(json.dumps(documents.ingress(gateway_routes.INGRESS)), "")
    assert facts.routes == [gateway_routes.INGRESS]


def test_services_have_their_address_or_their_pods():
    told = documents.services({"front": "192.0.2.7"}, {"stable": WEBPODS[:2], "canary": WEBPODS[2:]}, port=POD_TLS_PORT)
    cluster = merge([(str(at), read_kubectl_json(json.dumps(one), "")) for at, one in enumerate(told)])
    front, stable, canary = cluster.services
    assert (front.namespace, front.vips, front.backends) == ("kube-system", ("192.0.2.7",), ())
    assert stable.backends == ("172.20.0.121", "172.20.1.108") and canary.backends == ("172.20.2.33",)
    assert stable.ports == ((8443, 8443),)
    assert len({address for one in cluster.services for address in one.cluster_ips}) == 3
