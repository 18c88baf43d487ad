"""A running lab: bring the cluster up, hand out its machines, take it down without a trace."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from captools.lab import envoy, firewall, network, outputs, services, sshd, state
from captools.lab.netns import Machine, held, hold, python
from captools.lab.preflight import require
from captools.lab.topology import MACHINES, PODS, ROUTER, LabPod, Mode, node_called
from captools.model.errors import CaptureFailed, UsageError

_FABRIC = ("uplink", "switch")
T = TypeVar("T")
Proxy = Callable[[str], dict[str, Any]]  # the file with key and certificate to Envoy's bootstrap document


class Lab:
    """One cluster. As a context manager it goes away at the end of the block, whatever happens.

    ``keep()`` lets it outlive this process; ``state.remove`` (``captools lab down``) then ends it. Labs share
    nothing, so any number can run side by side under different names.
    """

    def __init__(
        self,
        *,
        mode: Mode = Mode.NATIVE,
        name: str = "default",
        directory: Path | None = None,
        endpoint_routes: bool = False,
        offloads: bool = True,
        pods: tuple[LabPod, ...] = PODS,
        proxy: Proxy = envoy.config,
    ) -> None:
        self.mode = mode
        self.name = name
        self.link = state.folder_of(name)
        self.directory = (directory or self.link).absolute()
        self.endpoint_routes = endpoint_routes
        self.offloads = offloads
        self.pods = pods
        self.proxy = proxy
        self.machines: dict[str, Machine] = {}
        self._init: subprocess.Popen[str] | None = None
        self._record: state.LabRecord | None = None

    @property
    def config_file(self) -> Path:
        """The ``captools.toml`` that ``captools capture`` reads."""
        return self.directory / outputs.CONFIG_FILE

    def machine(self, name: str) -> Machine:
        """Return a node, the router or a pod by name; KeyError where there is none."""
        return self.machines[name]

    def tell(self, file: str, document: Any) -> None:
        """Write one inventory file beside those of the lab, or in the place of one: JSON, or text as it is."""
        text = document if isinstance(document, str) else json.dumps(document, indent=1) + "\n"
        (self.directory / "inventory" / file).write_text(text)

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.down()

    def up(self) -> None:
        """Build the whole cluster and wait until everything answers.

        Whatever goes wrong on the way, an interrupt included, takes down what was built so far.
        """
        require(self.mode, offloads=self.offloads)
        claim = self._claim()
        try:
            self._start_init()
            self._start_machines()
            self._wire()
            keys = services.start(self.machines, self.directory, self.mode, self.pods, self.proxy)
            outputs.write(
                self.directory,
                self.machines,
                self.mode,
                endpoint_routes=self.endpoint_routes,
                public_keys=keys,
                pods=self.pods,
            )
        except BaseException:
            self.down()
            raise
        finally:
            os.close(claim)

    def keep(self) -> None:
        """Let the lab outlive this process."""
        assert self._init is not None and self._init.stdin is not None
        self._init.stdin.write("k")
        self._init.stdin.close()

    def down(self) -> None:
        """End every process of the lab and remove its files; harmless where nothing is up."""
        if self._record is not None:
            state.remove(self.directory)
            self._record = None
        if self._init is not None:
            for pipe in (self._init.stdin, self._init.stdout):
                if pipe is not None:
                    with suppress(BrokenPipeError):
                        pipe.close()
            self._init.wait()
            self._init = None
        self.machines.clear()

    def _claim(self) -> int:
        """Take the lab's folder for us alone and return the open folder that holds the lock."""
        left_behind = state.read(self.link) or state.read(self.directory)
        if left_behind is not None and left_behind.running:
            raise UsageError(
                f"a lab called {left_behind.name!r} is already running in {self.link}",
                hint=f"take it down first: captools lab down --name {left_behind.name}",
            )
        for folder in (self.link, self.directory):
            state.remove(folder)
        if any(self.directory.is_relative_to(hidden) for hidden in ("/run", "/var/run")):
            raise UsageError(
                f"{self.directory}: the lab's machines have a /run of their own", hint="choose another --dir"
            )
        self.directory.mkdir(parents=True, mode=0o700, exist_ok=True)
        claim = os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if any(self.directory.iterdir()):
                raise UsageError(f"{self.directory} is not empty and holds no lab", hint="choose another --dir")
        except BlockingIOError as error:
            os.close(claim)
            raise UsageError(
                f"a lab is just being built in {self.directory}", hint="wait, or choose a --name"
            ) from error
        except BaseException:
            os.close(claim)
            raise
        self._note(state.LabRecord(name=self.name, mode=self.mode.value))
        if self.link != self.directory:
            self.link.parent.mkdir(parents=True, exist_ok=True)
            self.link.symlink_to(self.directory)
        return claim

    def _note(self, record: state.LabRecord) -> None:
        self._record = record
        state.write(self.directory, record)

    def _start_init(self) -> None:
        """Start the lab's process 1. It watches our end of a pipe: should we die, it ends the lab."""
        paths = [str(self.directory), *([str(self.link)] if self.link != self.directory else [])]
        self._init = subprocess.Popen(
            ["unshare", "--pid", "--fork", "--kill-child", "--", *python("init", self.name, *paths)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1,
            start_new_session=True,
        )  # fmt: skip
        assert self._init.stdout is not None
        line = self._init.stdout.readline().strip()
        if not line.isdigit():
            raise CaptureFailed(
                "this machine does not let us make a PID namespace, which the lab lives in",
                hint="run as root outside a restricted container",
            )
        pid = int(line)
        self._note(state.LabRecord(name=self.name, mode=self.mode.value, pid=pid, start_ticks=state.start_ticks(pid)))

    def _start_machines(self) -> None:
        """Start all holders side by side and make each one's settings before any interface exists."""
        assert self._record is not None
        for name in MACHINES:
            sshd.etc_files(self.directory / "etc" / name, name)
        names = [*MACHINES, *(pod.name for pod in self.pods), *_FABRIC]
        etc = {name: self.directory / "etc" / name for name in MACHINES}
        starting = {name: hold(self._record.pid, name, etc=etc.get(name), mounts=name in MACHINES) for name in names}
        for name, holder in starting.items():
            self.machines[name] = held(holder, name, mounts=name in MACHINES)

        def prepare(name: str) -> None:
            self.machines[name].run(["sysctl", "-q", "-w", *network.sysctls(forward=name in MACHINES)])

        _together(prepare, names)

    def _wire(self) -> None:
        """Build all links, addresses and routes."""
        pids = {name: machine.pid for name, machine in self.machines.items()}
        # eth0 first: its address is then the first of the node (FACTS, section 14).
        self.machines["uplink"].batch(network.uplink(pids))
        self.machines["switch"].batch(network.switches(pids))
        self.machines["uplink"].run(["nft", "-f", "-"], text=firewall.uplink_rules())

        def build(name: str) -> None:
            machine = self.machines[name]
            if name == ROUTER:
                machine.batch(network.router(self.mode))
                return
            node = node_called(name)
            machine.batch(network.node(node, self.mode, pids, self.pods, endpoint_routes=self.endpoint_routes))
            machine.run(["nft", "-f", "-"], text=firewall.node_rules(node))

        _together(build, MACHINES)
        _together(
            lambda pod: self.machines[pod.name].batch(network.pod(pod, node_called(pod.node).cilium_host, self.mode)),
            self.pods,
        )
        if not self.offloads:
            _together(_switch_offloads_off, self.machines.values())


def _together(work: Callable[[T], None], items: Iterable[T]) -> None:
    """Do one thing to many machines at once; the first failure is raised."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(work, items))


def _switch_offloads_off(machine: Machine) -> None:
    """Make every veth send and receive packets no larger than its MTU."""
    script = """
for path in /sys/class/net/*; do
  name=${path##*/}
  case $name in lo) continue ;; esac
  ethtool -K "$name" tso off gso off gro off tx off >/dev/null 2>&1 || true
done
"""
    machine.run(["sh", "-c", script])
