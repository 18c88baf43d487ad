"""Fuzz one reader with libFuzzer's loop: ``python -m tests.fuzz TARGET [--seconds N] [--corpus DIR]``.

TARGET is a file of tests/fuzz/targets. The loop runs in a process of its own (tests.fuzz.loop), so that whatever an
input does to it is seen from here. ``--input FILE`` runs one input again, as a crash says.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.registry import Variant, variants

ROOT = Path(__file__).resolve().parents[2]
CRASHES = ROOT / ".fuzz" / "crashes"
_START_S = 180  # compiling kernels with bounds checks on a busy machine
_PROGRESS = re.compile(r"^#(\d+)\s+\w+\s+cov: (\d+) ft: (\d+) corp: (\d+)", re.M)
_TRACEBACK = re.compile(r"=== Uncaught Python exception: ===\n(.+?)(?:\n\n|\n==|\Z)", re.S)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run did. ``crash`` is the sentence to show, empty where nothing broke."""

    executions: int = 0
    seconds: int = 0
    edges: int = 0
    features: int = 0
    inputs: int = 0
    crash: str = ""

    def summary(self, name: str) -> str:
        """Return the figures in one line."""
        rate = self.executions / max(self.seconds, 1)
        return (
            f"{name}: {self.executions:,} executions in {self.seconds} s ({rate:,.0f}/s), coverage "
            f"{self.edges:,} edges and {self.features:,} features, {self.inputs:,} inputs in the corpus"
        )


def fuzz(variant: Variant, seconds: int, corpus: Path | None, crashes: Path, seed: int = 1) -> Outcome:
    """Fuzz for ``seconds``; inputs that reach new places are kept in ``corpus``, one that breaks in ``crashes``."""
    crashes = crashes.resolve()
    crashes.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="captools-fuzz-") as scratch:
        kept = corpus.resolve() if corpus else Path(scratch) / "corpus"
        seeds = Path(scratch) / "seeds"
        for folder in (kept, seeds):
            folder.mkdir(parents=True, exist_ok=True)
        before = set(crashes.iterdir())
        words = [
            sys.executable, "-W", "ignore", "-m", "tests.fuzz.loop", variant.module, str(seeds), str(kept), str(seeds),
            f"-max_total_time={seconds}", f"-artifact_prefix={crashes}/{variant.name}-", f"-seed={seed}", "-timeout=10",
            "-rss_limit_mb=2048", "-print_final_stats=1", "-verbosity=1",
        ]  # fmt: skip
        environ = os.environ | dict(variant.environ) | {"TMPDIR": scratch}
        try:
            done = subprocess.run(
                words, cwd=ROOT, env=environ, capture_output=True, text=True, errors="replace",
                timeout=seconds + _START_S,
            )  # fmt: skip
            said, code = done.stdout + done.stderr, done.returncode
        except subprocess.TimeoutExpired as stuck:
            said = (stuck.stderr or b"").decode("utf-8", "replace")
            return Outcome(crash=f"{variant.name}: the loop itself hangs\n{said[-2_000:]}")
        new = sorted(set(crashes.iterdir()) - before)
    crash = _broken(variant, said, new) if code else ""
    steps = _PROGRESS.findall(said)
    executions, edges, features, inputs = (int(word) for word in steps[-1]) if steps else (0, 0, 0, 0)
    took = re.search(r"Done \d+ runs in (\d+) second", said)
    return Outcome(executions, int(took[1]) if took else seconds, edges, features, inputs, crash)


def _broken(variant: Variant, said: str, files: list[Path]) -> str:
    said = "\n".join(line for line in said.splitlines() if not line.startswith("INFO: Instrumenting"))
    told = _TRACEBACK.search(said)
    what = told[1].strip() if told else said[-2_000:].strip()
    if not files:
        return f"{variant.name}: the loop ended without an input to blame\n{what}"
    return (
        f"{variant.name}: an input broke it; run it again with: "
        f"python -m tests.fuzz {variant.name} --input {shlex.quote(str(files[-1]))}\n{what}"
    )


def again(variant: Variant, file: Path) -> int:
    """Run one input in a process of its own, without the loop; return that process's exit code."""
    words = [sys.executable, "-W", "ignore", "-m", "tests.fuzz.once", variant.module, str(file.resolve())]
    return subprocess.run(words, cwd=ROOT, env=os.environ | dict(variant.environ), check=False).returncode


def main() -> int:
    """Run what the command line asks for; 1 where an input broke a reader."""
    known = {one.name: one for one in variants()}
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=(__doc__ or "").partition(":")[0])
    parser.add_argument("target", choices=[*known, "all"])
    parser.add_argument("--seconds", type=int, default=60, help="how long to fuzz each target (default 60)")
    parser.add_argument("--corpus", type=Path, help="folder that keeps the inputs found, one folder per target")
    parser.add_argument("--seed", type=int, default=1, help="of the random choices (default 1)")
    parser.add_argument("--input", type=Path, help="run this one input and stop")
    asked = parser.parse_args()
    chosen = list(known.values()) if asked.target == "all" else [known[asked.target]]
    if asked.input:
        return max(again(one, asked.input) for one in chosen)
    broken = 0
    for one in chosen:
        corpus = asked.corpus / one.module.rpartition(".")[2] if asked.corpus else None
        outcome = fuzz(one, asked.seconds, corpus, CRASHES, asked.seed)
        print(outcome.summary(one.name), flush=True)
        if outcome.crash:
            print(outcome.crash, file=sys.stderr, flush=True)
            broken = 1
    return broken


if __name__ == "__main__":
    sys.exit(main())
