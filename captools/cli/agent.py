"""``captools agent``: the agent by itself, to read, to place beforehand, or to run in a cluster."""

from __future__ import annotations

from pathlib import Path

import click


@click.group(epilog="Example: captools agent manifest | kubectl apply -f -")
def command() -> None:
    """The agent that runs on nodes: as one file, or as a Kubernetes manifest.

    Nothing has to be installed: captools capture brings the agent along.
    """


@command.command("pyz", epilog="Example: captools agent pyz -o captools-agent.pyz")
@click.option(
    "-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The file to write."
)
def pyz_(output: Path) -> None:
    """Write the agent as one file: what capture sends to a node, byte for byte.

    It is a Python zipapp (standard library only, Python 3.8 or newer): unzip it to read it, compare it, or
    place it on a node beforehand. The same version always gives the same bytes.
    """
    from captools.collect.launch import pyz
    from captools.model.errors import UsageError

    try:
        output.write_bytes(pyz())
    except OSError as error:
        raise UsageError(f"{output} cannot be written ({error.strerror})", hint="name another file with -o") from error


@command.command("manifest", epilog="Example: captools agent manifest --user jane | kubectl apply -f -")
@click.option("--namespace", default="captools", show_default=True, help="Where the agent pods live.")
@click.option("--image", help="An image with sh, python3 and tcpdump.  [default: nicolaka/netshoot]")
@click.option("--node-selector", "selectors", multiple=True, metavar="KEY=VALUE", help="Only nodes with this label.")
@click.option("--spool", default="5Gi", show_default=True, help="Space per node; all captures' --spool must fit.")
@click.option("--with-net-admin", is_flag=True, help="Add NET_ADMIN: the node's conntrack, nft and wg show need it.")
@click.option("--with-setuid", is_flag=True, help="For images whose tcpdump gives up root (Debian, Ubuntu).")
@click.option("--with-peers", is_flag=True, help="Find pods in their network namespaces: hostPID and SYS_ADMIN.")
@click.option("--user", "users", multiple=True, help="Bind the rules to this user.")
@click.option("--group", "groups", multiple=True, help="Bind the rules to this group.")
def manifest_(
    namespace: str,
    image: str | None,
    selectors: tuple[str, ...],
    spool: str,
    with_net_admin: bool,
    with_setuid: bool,
    with_peers: bool,
    users: tuple[str, ...],
    groups: tuple[str, ...],
) -> None:
    """Print a DaemonSet with the least privileges that capture, and the RBAC rules of whoever uses it.

    NET_RAW is the only capability; root's file system is read-only, no token is mounted, and captures wait in
    a bounded space. Capturing needs no more; the --with options say what each further right is for.
    """
    from captools.collect.kube.manifest import Wishes, manifest
    from captools.collect.kube.pod import IMAGE
    from captools.model.errors import UsageError

    pairs = [one.partition("=") for one in selectors]
    for key, equals, _ in pairs:
        if not equals:
            raise UsageError(f"--node-selector {key!r} has no value", hint="give KEY=VALUE")
    wishes = Wishes(
        namespace=namespace,
        image=image or IMAGE,
        selector={key: value for key, _, value in pairs},
        spool=spool,
        net_admin=with_net_admin,
        gives_up_root=with_setuid,
        peers=with_peers,
        users=users,
        groups=groups,
    )
    click.echo(manifest(wishes), nl=False)
