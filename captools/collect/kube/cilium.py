"""What the nodes' own Cilium agents tell, asked through ``kubectl exec`` into the agent's pod on each node."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

from captools.collect.clean import clean
from captools.collect.kube.access import AT_ONCE, Answer, KubeAccess, KubeTexts, ask
from captools.collect.kube.kept import kept_endpoints
from captools.store.writer import inventory_name

CONTAINER = "cilium-agent"
LABEL = ("k8s-app", "cilium")
PATIENCE_S = 20.0  # for all of them together
COMMAND_TIMEOUT_S = 10.0
# Renamed in Cilium 1.15; inside the agent's container the old name is the same program.
PROGRAMS = ("cilium-dbg", "cilium")
# Of every node, and what all nodes tell alike.
OF_NODE: Mapping[str, tuple[str, ...]] = {
    "cilium-status.txt": ("status", "--verbose"),
    "cilium-endpoints.json": ("endpoint", "list", "-o", "json"),
    "cilium-ipcache.json": ("bpf", "ipcache", "list", "-o", "json"),
}
OF_ALL: Mapping[str, tuple[str, ...]] = {
    "cilium-ip.json": ("ip", "list", "-o", "json"),
    "cilium-identities.json": ("identity", "list", "-o", "json"),
    "cilium-services.json": ("service", "list", "-o", "json"),
}
_NO_PROGRAM = re.compile(r"not found|no such file|exit code 12[67]", re.IGNORECASE)
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")  # RFC 1123, as Kubernetes demands of pods

Agent = tuple[str, str]  # namespace, pod


def agents(pods_text: str) -> dict[str, Agent]:
    """Return Kubernetes node name -> its Cilium agent's pod, from the pod list (kube-pods.json)."""
    found = {}
    for item in json.loads(pods_text).get("items", []) if pods_text else []:
        metadata, node = item["metadata"], item.get("spec", {}).get("nodeName")
        labels, namespace, name = metadata.get("labels"), metadata.get("namespace"), metadata["name"]
        running = item.get("status", {}).get("phase") == "Running"
        if not (isinstance(labels, dict) and labels.get(LABEL[0]) == LABEL[1] and running and isinstance(node, str)):
            continue
        if all(isinstance(part, str) and _NAME.fullmatch(part) for part in (namespace, name)):
            found[node] = (namespace, name)
    return found


def cilium_texts(access: KubeAccess, pods_text: str, nodes: Mapping[str, str]) -> KubeTexts:
    """Return what the agents of ``nodes`` (our name -> Kubernetes' name) say, as ``NODE__cilium-….json``.

    One sentence per node whose agent could not be asked; nothing for a node that has none.
    """
    taken_ns, deadline = time.time_ns(), time.monotonic() + PATIENCE_S
    known = agents(pods_text)
    wanted = {name: known[theirs] for name, theirs in nodes.items() if theirs in known}
    questions = [(name, file, words) for name in wanted for file, words in OF_NODE.items()]
    questions += [(name, file, words) for name in list(wanted)[:1] for file, words in OF_ALL.items()]
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="kubectl exec") as pool:
        said = list(pool.map(lambda one: _exec(access, wanted[one[0]], one[2], deadline), questions))
    texts: dict[str, str] = {}
    troubles: dict[str, str] = {}
    for (name, file, _), answer in zip(questions, said, strict=True):
        text = _kept(file, answer.text)
        if text:
            texts[inventory_name(name, file) if file in OF_NODE else file] = text
        elif answer.trouble:
            troubles.setdefault(name, answer.trouble)
    return KubeTexts(texts=texts, warnings=tuple(_sentences(access, wanted, troubles)), taken_ns=taken_ns)


def _exec(access: KubeAccess, agent: Agent, words: tuple[str, ...], deadline: float) -> Answer:
    answer = Answer()
    for program in PROGRAMS:
        left = min(COMMAND_TIMEOUT_S, deadline - time.monotonic())
        if left <= 0:
            return Answer(trouble=f"not asked: {PATIENCE_S:.0f} s were over")
        where = (f"--namespace={agent[0]}", f"--container={CONTAINER}", agent[1])
        answer = ask(access.argv("exec", *where, "--", program, *words), left)
        if not _NO_PROGRAM.search(answer.trouble):
            return answer
    return answer


_KEPT: Mapping[str, Callable[[str], str]] = {"cilium-endpoints.json": kept_endpoints}


def _kept(file: str, text: str) -> str:
    try:
        return _KEPT[file](text) if file in _KEPT and text else text
    except (ValueError, RecursionError):
        return ""


def _sentences(access: KubeAccess, wanted: Mapping[str, Agent], troubles: Mapping[str, str]) -> Iterator[str]:
    refused = [name for name, said in troubles.items() if "(Forbidden)" in said]
    if refused:
        yield (
            f"{access.shown}: not allowed to exec into Cilium's agents ({', '.join(refused[:4])}); pod devices and "
            "identities come from other sources (it takes create on pods/exec in their namespace)"
        )
    for name, said in troubles.items():
        if name not in refused:
            yield f"{name}: Cilium's agent {'/'.join(wanted[name])} could not be asked ({clean(said)})"
