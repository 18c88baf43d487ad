"""iperf3 between two pods of the lab: a server that waits, and one transfer with the figures that iperf3 itself gives."""

from __future__ import annotations

import json
import shutil
import time

from captools.lab.cluster import Lab
from captools.lab.topology import LabPod
from captools.lab.truth import Truth, of_iperf
from captools.lab.waiting import wait_until
from captools.model.errors import CaptureFailed, ToolMissing

PORT = 5201  # iperf3's own


def serve(lab: Lab, pod: LabPod) -> None:
    """Start the server in ``pod`` and wait for it. ToolMissing without iperf3, CaptureFailed where it does not come up."""
    if shutil.which("iperf3") is None:
        raise ToolMissing("this scenario needs iperf3, which is not installed", hint="apt-get install iperf3")
    machine = lab.machine(pod.name)
    machine.daemon(["iperf3", "-4", "-s", "-p", str(PORT)], lab.directory / "log" / f"iperf3-{pod.name}.log")
    wait_until(lambda: machine.listens(PORT), f"no iperf3 server in {pod.name}")


def transfer(lab: Lab, source: LabPod, target: LabPod) -> Truth:
    """Send one burst of 32 KiB from one pod to another, and nothing for the rest of a second.

    A transfer without a pause before its end would be cut there: the server of iperf3 closes when the client says that it
    has written everything, whatever is still on its way.
    """
    argv = ["iperf3", "-4", "-J", "-c", target.ip, "-p", str(PORT), "-t", "1", "-b", "10K/4", "-l", "8K"]
    started_ns = time.time_ns()
    told = json.loads(lab.machine(source.name).run(argv))
    if "error" in told:
        raise CaptureFailed(f"lab: iperf3 from {source.name} to {target.name} failed: {told['error']}")
    return of_iperf(told, started_ns, time.time_ns())
