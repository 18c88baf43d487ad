"""The command line's front door: lazy commands, one place where errors become sentences and exit codes."""

from __future__ import annotations

import errno
import io
import os
import sys
from importlib import import_module
from pathlib import Path

import click

from captools import __version__
from captools.model.errors import CaptoolsError, ExitCode

# command -> module; a module is imported only when its command runs (``captools --help`` stays light).
COMMANDS: dict[str, tuple[str, str]] = {
    "capture": ("captools.cli.capture", "Capture on one or many nodes and bring everything back."),
    "sessions": ("captools.cli.sessions", "Show captures that run on nodes, or have packets there still."),
    "attach": ("captools.cli.attach", "Watch a capture that was left on its nodes."),
    "fetch": ("captools.cli.fetch", "Bring home what a capture has on its nodes by now."),
    "stop": ("captools.cli.stop", "End a capture that was left on its nodes, and bring it home."),
    "snapshot": ("captools.cli.snapshot", "Bring home the last minutes of a capture that goes on."),
    "extcap": ("captools.cli.extcap", "Show nodes and their points inside Wireshark."),
    "nodes": ("captools.cli.nodes", "Show the nodes that can be captured on."),
    "info": ("captools.cli.info", "Show sources, points, counts, times and clock offsets."),
    "packets": ("captools.cli.packets", "Print the packet table."),
    "requests": ("captools.cli.requests", "Join HTTP requests over the proxy's two legs."),
    "paths": ("captools.cli.paths", "Follow every flow over the observation points."),
    "explain": ("captools.cli.explain", "Explain one request, one conversation or one frame."),
    "diff": ("captools.cli.diff", "Compare two sessions: what is new, gone, slower, larger."),
    "findings": ("captools.cli.findings", "Say what went wrong, and prove it with frames."),
    "encryption": ("captools.cli.encryption", "Tell what WireGuard carried and what crossed in the clear."),
    "sql": ("captools.cli.sql", "Ask in SQL: packets, requests, paths, findings and more as tables."),
    "report": ("captools.cli.report", "Write one report file: HTML, Markdown or JSON."),
    "tui": ("captools.cli.tui", "Investigate on screen."),
    "lab": ("captools.cli.lab", "Run a real cluster of network namespaces on this machine."),
    "demo": ("captools.cli.demo", "The main job from end to end, on the lab or on the reference captures."),
    "agent": ("captools.cli.agent", "The agent by itself: one file, or a Kubernetes manifest."),
    "doctor": ("captools.cli.doctor", "Check this machine: tools, versions, permissions."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called, not when they are listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order of the work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module and return its ``command``."""
        if cmd_name not in COMMANDS:
            return None
        command = import_module(COMMANDS[cmd_name][0]).command
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; click itself would turn a closed pipe into exit code 1, which means --fail-on here."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise _ReaderGone from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table alone: no import."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with: captools demo, or: captools findings YOUR.pcap",
)
@click.version_option(__version__, prog_name="captools")
@click.option("--debug", is_flag=True, help="Show the traceback of an internal error.")
@click.pass_context
def main(ctx: click.Context, debug: bool) -> None:
    """Follow one request across every node, tunnel, NAT and proxy of a Kubernetes/Cilium cluster.

    SOURCE is a session folder, a capture file (NODE/IFACE=FILE names its point), or a folder of captures.
    """
    ctx.obj = {"debug": debug}


class _ReaderGone(Exception):
    """stdout's reader (head, less) has seen enough."""


def script() -> None:
    """Run the command line as a process of its own."""
    sys.meta_path.insert(0, _WithoutPandas())
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy would start threads for matrices, which nobody has here
    # Arrow's own allocator keeps a hundred megabytes more of a large capture than the heap of everybody else.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    run()


class _WithoutPandas:
    """pyarrow would import pandas, in 0.3 s, to ask whether pandas made a list; no command makes pandas objects."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        """Find any module but pandas elsewhere."""
        if name == "pandas":
            raise ModuleNotFoundError("the command line does without pandas", name=name)


def run() -> None:
    """Run the command line; every failure becomes one sentence on stderr and a documented exit code."""
    debug = "--debug" in sys.argv
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A file name may hold bytes, and a terminal lack letters: neither may end the output.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = main.main(prog_name=Path(sys.argv[0]).name, standalone_mode=False)
        sys.stdout.flush()
        sys.exit(code if isinstance(code, int) else 0)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        _complain(error)
        sys.exit(ExitCode.USAGE)
    except (click.Abort, KeyboardInterrupt):
        click.echo("captools: stopped", err=True)
        sys.exit(ExitCode.INTERRUPTED)
    except (_ReaderGone, BrokenPipeError):
        # Python must not complain about it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(ExitCode.FINE)
    except CaptoolsError as error:
        _say(str(error))
        sys.exit(error.exit_code)
    except MemoryError:
        _say("this takes more memory than is free here; give a shorter capture or fewer points")
        sys.exit(ExitCode.USAGE)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            _say("no space is left where the output goes; free some, or write elsewhere with -o")
            sys.exit(ExitCode.USAGE)
        if debug:
            raise
        _say(f"internal error: {type(error).__name__}: {error}; {_keep_log()}")
        sys.exit(ExitCode.BUG)


def _say(sentence: str) -> None:
    """Write one line to stderr; whatever names it repeats cannot drive the terminal."""
    from captools.views.text import safe

    click.echo(f"captools: {safe(sentence)}", err=True)


def _complain(error: click.ClickException) -> None:
    """Say what is wrong with the command line in one sentence, and where its help is."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return
    where = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "captools"
    _say(f"{error.format_message().rstrip('.')}; see `{where} --help`")


def _keep_log() -> str:
    """Write the traceback of the error being handled to a private file and say where it is."""
    import tempfile
    import traceback

    try:
        with tempfile.NamedTemporaryFile("w", prefix="captools-bug-", suffix=".log", delete=False) as log:
            traceback.print_exc(file=log)
        return f"this is our bug: please report it with {log.name}"
    except OSError:
        return "this is our bug: run it again with --debug and report what it prints"
