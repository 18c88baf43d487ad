"""Making a keeper: forked off the channel process, so that it outlives the connection it came over.

Two forks and a session of its own: no terminal, no parent that waits, nothing of the channel held open. What it
needs is in memory already; nothing is read from the agent's source any more.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
from typing import NoReturn, Optional

from captools.agent import places
from captools.agent.keeper import serve
from captools.agent.order import Order
from captools.agent.places import Refused
from captools.agent.warden import let_go

START_TIMEOUT_S = 10.0
CONNECT_TIMEOUT_S = 2.0
NAME = b"captools-keeper"  # what `ps` shows; the kernel keeps 15 bytes


def begin(order: Order) -> None:
    """Make the spool, fork the keeper and wait until it can be reached; Refused with the reason where it cannot be."""
    folder, path = places.create(order.capture, order.folder)
    source, status = os.pipe()
    listener = None
    try:
        listener = _listen(folder)
        child = os.fork()
        if child == 0:
            _become(order, folder, path, listener, status)
        os.close(status)
        os.waitpid(child, 0)
        if not select.select([source], [], [], START_TIMEOUT_S)[0]:
            raise Refused("the keeper did not start within %.0f s" % START_TIMEOUT_S)
        said = os.read(source, 4096)
        if said != b"ok":
            raise Refused("the keeper did not start (%s)" % said.decode("utf-8", "replace"))
    except (OSError, Refused) as error:
        places.take_away(order.capture, order.folder)
        if isinstance(error, OSError):
            raise Refused("the keeper could not be started in %s (%s)" % (path, error.strerror)) from error
        raise
    finally:
        for descriptor in (folder, source):
            os.close(descriptor)
        if listener is not None:
            listener.close()


def _listen(folder: int) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listener.bind(places.socket_path(folder))
    finally:
        os.umask(before)
    listener.listen(16)
    return listener


def _become(order: Order, folder: int, path: str, listener: socket.socket, status: int) -> NoReturn:
    """In the child: leave everything behind and serve."""
    try:
        os.setsid()
        if os.fork():
            os._exit(0)
        os.chdir("/")
        let_go({folder, listener.fileno(), status})
        with contextlib.suppress(OSError), open("/proc/self/comm", "wb") as comm:
            comm.write(NAME)
        os.write(status, b"ok")
        os.close(status)
        serve(order, folder, path, listener)
        os._exit(0)
    finally:
        os._exit(1)


def connect(folder: int) -> Optional[socket.socket]:
    """Return a connection to the keeper of a spool; None where it is dead."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(CONNECT_TIMEOUT_S)
        connection.connect(places.socket_path(folder))
    except OSError:
        connection.close()
        return None
    return connection
