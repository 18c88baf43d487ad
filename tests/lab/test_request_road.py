"""``captools capture --request`` as a user does it: the plan, the capture, and the request end to end in the session."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import captools
from captools.cli.targets import TargetWishes
from captools.collect.request import CaptureRequest
from captools.collect.runner import capture
from captools.lab.cluster import Lab
from captools.lab.proxies.gateway_routes import PATHS, SHOP, config
from captools.lab.scenarios.s10_l7_routing import prepare
from captools.lab.topology import LEADER, ROUTER, VIP_DEDICATED, VIP_SHARED, WEBPODS, Mode
from captools.lab.traffic import http

pytestmark = pytest.mark.lab
CAPTOOLS = (sys.executable, "-m", "captools.cli")
PATH = "/prefix/a"  # of the Ingress: one service, whose pod is not on Envoy's node


@pytest.fixture(scope="module")
def lab(needs_root: None) -> Iterator[Lab]:
    """A tunnelled cluster whose proxy and documents are those of S10."""
    with Lab(mode=Mode.VXLAN, name="test-road", proxy=config) as lab:
        prepare(lab)
        yield lab


def ask(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*CAPTOOLS, *words], capture_output=True, text=True, timeout=60, check=False)


def test_every_point_the_request_crosses_is_captured_and_nothing_else_is_needed(lab: Lab, tmp_path: Path) -> None:
    wishes = TargetWishes(asked=f"http://{VIP_SHARED}{PATH}", host=PATHS, config=lab.config_file, kubectl=False)
    request = CaptureRequest(**wishes.resolve().fields, out=tmp_path / "session")
    stop, started, manifests = threading.Event(), threading.Event(), []
    worker = threading.Thread(target=lambda: manifests.append(capture(request, stop=stop, started=started)))
    worker.start()
    assert started.wait(30)
    client = lab.machine(ROUTER)
    truth = http(client, VIP_SHARED, PATH, PATH, headers={"Host": PATHS})
    http(client, VIP_DEDICATED, "/v1/list", headers={"Host": SHOP})  # not asked for
    stop.set()
    worker.join(60)
    (manifest,) = manifests
    assert all(point.ok for point in manifest.points), [point.error for point in manifest.points if point.error]
    backend = next(pod for pod in WEBPODS if pod.node == _who_answered(truth, lab))
    points = {point.point: point for point in manifest.points}
    assert f"{backend.node}/{backend.interface}" in points and f"{LEADER}/eth1" in points
    assert not any(f"{pod.node}/{pod.interface}" in points for pod in WEBPODS if pod != backend)
    assert VIP_SHARED in points[f"{ROUTER}/eth1"].user_filter and points[f"{LEADER}/eth1"].excluded

    found = json.loads(ask("requests", "--json", str(tmp_path / "session")).stdout)["requests"]
    ours = [one for one in found if one["path"] == PATH]
    assert len(ours) == len(truth.requests) == 2
    for one in ours:
        seen = set(one["client_leg"]["points"]) | {point for leg in one["attempts"] for point in leg["points"]}
        assert {f"{ROUTER}/eth1", f"{LEADER}/eth1", f"{LEADER}/cilium_vxlan"} <= seen
        assert {f"{backend.node}/cilium_vxlan", f"{backend.node}/{backend.interface}"} <= seen
        assert one["backend"]["ip"] == backend.ip and one["status"] == 200

    # What went to the other address was left out wherever no tunnel hides it.
    rows = captools.open(tmp_path / "session").packets()
    assert VIP_DEDICATED not in {*rows["src"], *rows["dst"]} and VIP_SHARED in {*rows["dst"]}


def _who_answered(truth, lab: Lab) -> str:
    """Return the node of the pod that served the requests, by the truth of the proxy's configuration."""
    documents = json.loads((lab.directory / "inventory/endpointslices.json").read_text())
    ingress = json.loads((lab.directory / "inventory/routes.json").read_text())
    rule = next(
        path
        for item in ingress["items"]
        if item["kind"] == "Ingress"
        for path in item["spec"]["rules"][0]["http"]["paths"]
        if path["path"] == "/prefix"
    )
    name = rule["backend"]["service"]["name"]
    (one,) = [item for item in documents["items"] if item["metadata"]["labels"]["kubernetes.io/service-name"] == name]
    return str(one["endpoints"][0]["nodeName"])


def test_the_plan_alone_starts_nothing_and_tells_all(lab: Lab) -> None:
    where = ("--config", str(lab.config_file), "--no-kubectl", "--request", f"http://{VIP_SHARED}{PATH}")
    done = ask("capture", *where, "--host", PATHS, "--plan", "--json")
    assert done.returncode == 0, done.stderr
    plan = json.loads(done.stdout)
    nodes = {one["node"]: one for one in plan["nodes"]}
    assert f"it announces {VIP_SHARED} (the address is on it" in nodes[LEADER]["points"][0]["reason"]
    assert plan["request"]["backends"] and plan["request"]["filter"].startswith(f"host {VIP_SHARED} or ")
    assert all(point["argv"][0] == "tcpdump" for one in nodes.values() for point in one["points"])
    text = ask("capture", *where, "--host", PATHS, "--plan").stdout
    assert text.startswith("plan: ") and "left out (the way home): " in text
