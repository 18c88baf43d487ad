"""What a controller may ask of a node, one function per command; channel.py owns the connection they answer on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Callable, Dict, Optional

from captools.agent import daemon, facts, frames, listing, peers, places, snapshot
from captools.agent.order import Order, seconds
from captools.agent.places import Refused
from captools.agent.ship import Shipper
from captools.agent.view import View

if TYPE_CHECKING:
    from captools.agent.channel import Channel

Command = Dict[str, Any]
MOST_SNAPSHOT_S = 10.0 * 365 * 86400


def obey(channel: "Channel", command: Command) -> None:
    """Carry a command out; whatever keeps it from that is an OOPS with one sentence."""
    do = command.get("do")
    try:
        action = _ACTIONS.get(do) if isinstance(do, str) else None
        if action is None:
            raise Refused("%r is no command" % (do,), "bad-command")
        action(channel, command)
    except Refused as error:
        channel.oops(command, str(error), error.code)
    except (KeyError, TypeError, ValueError) as error:
        channel.oops(command, "%s: %s: %s" % (do, type(error).__name__, error), "bad-command")
    except OSError as error:
        channel.oops(command, "%s: %s" % (do, error), "failed")


def _facts(channel: "Channel", command: Command) -> None:
    channel.later(facts.Later(command.get("names")), frames.FACTS)


def _peers(channel: "Channel", command: Command) -> None:
    channel.send(frames.PEERS, 0, peers.gather())


def _clock(channel: "Channel", command: Command) -> None:
    channel.send(frames.CLOCK, 0, {"id": command["id"], "time_ns": time.time_ns()})


def _start(channel: "Channel", command: Command) -> None:
    order = Order(command)
    daemon.begin(order)
    channel.attach(View(order.capture, order.folder), {"do": "attach"})


def _attach(channel: "Channel", command: Command) -> None:
    request = {"do": "attach"}
    if "lease_s" in command:
        seconds(command["lease_s"], "lease_s")
        request["lease_s"] = command["lease_s"]
    channel.attach(View(command.get("capture"), _folder(command)), request)


def _ship(channel: "Channel", command: Command) -> None:
    view = channel.view
    if view is None or view.capture != command.get("capture"):
        raise Refused("ship: attach %s first" % command.get("capture"), "bad-command")
    channel.ship(Shipper(view, command, channel.pins))


def _ack(channel: "Channel", command: Command) -> None:
    with _viewed(channel, command) as view:
        if view.line is not None:
            view.line.send({"do": "ack", "streams": command["streams"]})
        else:
            view.ack(command["streams"])


def _poll(channel: "Channel", command: Command) -> None:
    if channel.view is not None and channel.view.line is not None:
        channel.view.line.send({"do": "poll"})


def _stop(channel: "Channel", command: Command) -> None:
    wait_s = seconds(command.get("wait_s"), "wait_s")
    with _viewed(channel, command) as view:
        if view.line is not None:
            view.line.send({"do": "stop", "wait_s": wait_s})


def _snapshot(channel: "Channel", command: Command) -> None:
    last_s = seconds(command.get("last_s"), "last_s")
    if last_s is None or last_s > MOST_SNAPSHOT_S:
        raise Refused("snapshot: last_s is a number of seconds", "bad-command")
    view = View(command.get("capture"), _folder(command))
    try:
        document, pins = snapshot.take(view, last_s)
    finally:
        view.close()
    snapshot.release(channel.pins)
    channel.pins.update(pins)
    channel.send(frames.SNAP, 0, document)


def _list(channel: "Channel", command: Command) -> None:
    asked = [_folder(command), *(command.get("dirs") or [])]
    folders = [folder for folder in asked if isinstance(folder, str)]
    channel.send(frames.LIST, 0, listing.captures(folders))


def _remove(channel: "Channel", command: Command) -> None:
    capture = places.check_id(command.get("capture"))
    folder = _folder(command)
    try:
        view = View(capture, folder)
    except Refused as error:
        if error.code != "unknown":
            raise
        view = None
    if view is not None:
        try:
            if view.alive:
                view.ask("remove", force=bool(command.get("force")))
            else:
                places.take_away(capture, folder)
        finally:
            view.close()
    attached = channel.view
    if attached is not None and attached.capture == capture and not attached.alive:
        channel.detach()
    channel.send(frames.STATE, 0, {"capture": capture, "removed": True})


def _bye(channel: "Channel", command: Command) -> None:
    channel.leaving = True


def _folder(command: Command) -> Optional[str]:
    folder = command.get("dir")
    if folder is not None and (not isinstance(folder, str) or "\0" in folder):
        raise Refused("dir: %r is no path" % (folder,), "bad-command")
    return folder or None


class _viewed:
    """The attached view of a command's capture, or one of its own for this command only."""

    def __init__(self, channel: "Channel", command: Command) -> None:
        attached = channel.view
        self.own = attached is None or attached.capture != command.get("capture")
        if attached is None or self.own:
            self.view = View(command.get("capture"), _folder(command))
        else:
            self.view = attached

    def __enter__(self) -> View:
        return self.view

    def __exit__(self, *error: object) -> None:
        if self.own:
            self.view.close()


_ACTIONS: Dict[str, Callable[["Channel", Command], None]] = {
    "facts": _facts,
    "peers": _peers,
    "clock": _clock,
    "start": _start,
    "attach": _attach,
    "ship": _ship,
    "ack": _ack,
    "poll": _poll,
    "stop": _stop,
    "snapshot": _snapshot,
    "list": _list,
    "remove": _remove,
    "bye": _bye,
}
