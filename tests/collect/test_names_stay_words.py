"""Whatever nodes, interfaces, filters and pods are called: each stays one word of a command, and no part of a shell's line.

``test_nothing_else_runs.py`` tries some of them on real nodes.
"""

from __future__ import annotations

import ast
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captools.collect.clean import clean
from captools.collect.plain import script as plain_script
from captools.collect.targets import TRANSPORTS, Target
from captools.collect.tools import Wish, ngrep, tcpdump
from captools.collect.transports import transport
from captools.model.errors import CaptoolsError
from tests.conftest import ROOT

CANARY = "zq7"
ODD = (
    "$(>zq7)", "`>zq7`", ";>zq7;#", "|>zq7", "&>zq7&", "'>zq7;'", '">zq7;"', "\\';>zq7", "$IFS>zq7", "{a,b}>zq7", "-wzq7",
    "--help",
    "; touch /zq7 #", "port 80 `touch zq7`", "-w /zq7", "--", "-zsh", "-F/etc/passwd", "-oProxyCommand=touch zq7", "%h%n%u",
    "-oPermitLocalCommand=yes", "a\nb; touch zq7\n", "\\", "'", '"', "!!", "../../zq7", "--kubeconfig=/zq7", "${zq7:=1}", "~root",
    "x'; touch zq7; '", "* ? [a]", "\x1b]0;zq7\x07", "é漢", "\t",
)  # fmt: skip
words = st.sampled_from(ODD) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=24
)


@pytest.fixture(autouse=True)
def nothing_ran(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    yield
    places = (tmp_path, Path("/"), Path.home(), ROOT)
    assert [path for place in places for path in place.glob(f"{CANARY}*")] == []


def test_the_only_lines_that_a_shell_on_a_node_gets_are_constants():
    """Names reach a node as data behind such a line; so none of them can stand in one."""
    lines = []
    for path in sorted((ROOT / "captools" / "collect").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute | ast.Name):
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
            if called == "argv" and len(node.args) == 2 and ast.unparse(node.args[0]).startswith(("target", "ssh.")):
                lines.append((path.name, node.args[1]))
            if called == "in_pod" and path.name != "kubectl.py" and isinstance(node.args[1], ast.List):
                lines += [(path.name, word) for word in node.args[1].elts]
    assert len(lines) >= 3
    for name, line in lines:
        constant = isinstance(line, ast.Constant) or (isinstance(line, ast.Name) and line.id.isupper())
        assert constant, f"{name}:{line.lineno}: {ast.unparse(line)}"


@given(st.sampled_from(TRANSPORTS), words, words, words, words)
@settings(max_examples=150)
def test_a_targets_names_are_refused_or_stay_whole_words_behind_their_options(kind, name, address, user, more):
    target = Target(
        name=name, transport=kind, address=address, user=user, pid=1, context=more, namespace=more, pod=address,
        container=more, ssh_config=Path("/dev/null"), key=Path("/dev/null"),
    )  # fmt: skip
    usual = Target(
        name="NAME", transport=kind, address="ADDRESS", user="USER", pid=1, context="more", namespace="more", pod="pod",
        container="more", ssh_config=Path("/dev/null"), key=Path("/dev/null"),
    )  # fmt: skip
    try:
        argv, plain = (transport(kind).argv(one, "true") for one in (target, usual))
    except CaptoolsError as error:
        assert clean(str(error), 500) == str(error)
        return
    swapped = {"ADDRESS": address, "USER": user, "pod": address}
    swapped |= {f"--{option}=more": f"--{option}={more}" for option in ("namespace", "context", "container")}
    assert argv == [swapped.get(word, word) for word in plain]
    if kind == "ssh":  # what OpenSSH makes of them, without connecting
        options = argv[1 : argv.index("--")]
        asked = [argv[0], "-G", *options, "--", address]
        told = subprocess.run(asked, capture_output=True, text=True, timeout=20, check=False).stdout
        found = dict(line.partition(" ")[::2] for line in told.splitlines())
        assert found["user"] == user and "proxycommand" not in found and found["permitlocalcommand"] == "no"


@given(words, words, words)
def test_names_and_filters_are_whole_words_of_a_tool(interface, bpf, match):
    wish = Wish(interface=interface, filter=bpf, match=match, ring_bytes=1 << 20)
    usual = Wish(interface="I", filter="F", match="M", ring_bytes=1 << 20)
    swapped = {"I": interface, "F": bpf, "M": match}
    for tool in (tcpdump, ngrep):
        assert tool.argv(wish) == [swapped.get(word, word) for word in tool.argv(usual)]


@given(st.lists(words, max_size=5))
@settings(max_examples=25)
def test_sh_gives_every_word_to_the_program_as_it_was(several):
    """On a node without Python the command is a line of a script: read here by every sh that there is."""
    script = plain_script.tool_script("MARK", ["/usr/bin/printf", "%s\\0", *several])
    pipe = subprocess.PIPE
    for shell in (one for one in (["sh"], ["bash", "--posix"], ["busybox", "sh"]) if shutil.which(one[0])):
        with subprocess.Popen([*shell, "-s"], stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL) as running:
            assert running.stdin and running.stdout
            running.stdin.write(script)  # and no end: that would stop the program
            running.stdin.flush()
            said = running.stdout.read().partition(b"MARK\n")[2]
        assert said == b"".join(word.encode() + b"\0" for word in several or [""]), shell
