"""What runs in a lab's machines: webpods, Envoy, WireGuard, sshd; all started side by side, then waited for."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from captools.lab import certificate, network, sshd, wireguard
from captools.lab.netns import Machine, python
from captools.lab.preflight import envoy_path
from captools.lab.topology import LEADER, MACHINES, NODES, POD_TLS_PORT, LabPod, Mode
from captools.lab.waiting import wait_until

_READY_TIMEOUT_S = 20.0


def start(
    machines: Mapping[str, Machine],
    directory: Path,
    mode: Mode,
    pods: tuple[LabPod, ...],
    proxy: Callable[[str], dict[str, Any]],
) -> dict[str, str]:
    """Start everything and wait until all of it answers; return each node's WireGuard public key, if any.

    CaptureFailed with the ends of the logs where something does not come up.
    """
    log = directory / "log"
    log.mkdir()
    tls = str(certificate.make(directory / "tls"))
    for pod in pods:
        if pod.serves:
            argv = python("whoami", pod.ip, str(pod.port), str(POD_TLS_PORT), tls, *pod.paths)
            machines[pod.name].daemon(argv, log / f"{pod.name}.log")
    config = proxy(tls)
    start_envoy(machines[LEADER], directory, config)
    keys = _start_wireguard(machines, log, mode) if mode.encrypted else {}
    sshd.make_keys(directory / "ssh")
    for name in MACHINES:
        sshd.start(machines[name], directory / "ssh", log / f"sshd-{name}.log")
    ports = [one["address"]["socket_address"]["port_value"] for one in config["static_resources"]["listeners"]]
    listeners = [(name, sshd.PORT) for name in MACHINES] + [(LEADER, port) for port in dict.fromkeys(ports)]
    listeners += [(pod.name, port) for pod in pods if pod.serves for port in (pod.port, POD_TLS_PORT)]
    for name, port in listeners:
        _await(partial(machines[name].listens, port), f"{name}: nothing listens on port {port}", log)
    return keys


def start_envoy(machine: Machine, directory: Path, config: dict[str, Any], name: str = "envoy") -> Path:
    """Start a proxy in a machine and return its log; ``name`` is that of its files in the lab's folder."""
    file, log = directory / f"{name}.json", directory / "log" / f"{name}.log"
    file.write_text(json.dumps(config, indent=1))
    machine.daemon(
        # One worker: its turns over the webpods are then the turns of all connections together.
        [envoy_path(), "-c", str(file), "--disable-hot-restart", "--concurrency", "1", "--log-level", "warning"],
        log,
    )
    return log


def _start_wireguard(machines: Mapping[str, Machine], log: Path, mode: Mode) -> dict[str, str]:
    keys = wireguard.make_keys()
    for node in NODES:
        machines[node.name].daemon(
            ["wireguard-go", "--foreground", wireguard.INTERFACE],
            log / f"wireguard-{node.name}.log",
            env={**os.environ, "LOG_LEVEL": "error"},
        )
    for node in NODES:
        machine = machines[node.name]
        _await(partial(machine.has_file, wireguard.CONTROL_SOCKET), f"{node.name}: wireguard-go is not ready", log)
        wireguard.configure(machine, wireguard.peers(node, keys))
        machine.batch(network.wireguard(node, mode))
    return {name: public for name, (_, public) in keys.items()}


def _await(ready: Callable[[], bool], complaint: str, log: Path) -> None:
    wait_until(ready, complaint, timeout_s=_READY_TIMEOUT_S, words=lambda: last_words(log))


def last_words(log: Path) -> str:
    """Return the ends of the lab's logs: they go away with it, and say why it did not start."""
    texts = {path.name: path.read_text("utf-8", "replace")[-400:].strip() for path in sorted(log.iterdir())}
    return "\n".join(f"{name}: {text}" for name, text in texts.items() if text)
