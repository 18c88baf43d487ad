"""The lab's name client: its query is read by scapy, its answer comes from a real socket."""

from __future__ import annotations

import socket
import threading

from scapy.layers.dns import DNS

from captools.lab.inside.dns_client import ask, query
from captools.lab.inside.dns_server import answer


def asked(known: dict[str, str] | None) -> dict[str, object]:
    """Ask a server on the loopback interface; None: one that never answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def serve() -> None:
            said, client = server.recvfrom(512)
            if known is not None:
                server.sendto(answer(said, known), client)

        thread = threading.Thread(target=serve)
        thread.start()
        found = ask("127.0.0.1", server.getsockname()[1], "api.lab.test", 0.3, 9)
        thread.join()
    return found


def test_a_query_asks_for_the_address_of_one_name():
    found = DNS(query("api.lab.test", 41))
    assert (found.id, found.rd, found.qdcount, found.qd[0].qname, found.qd[0].qtype) == (41, 1, 1, b"api.lab.test.", 1)


def test_it_tells_the_address_that_it_was_told():
    found = asked({"api.lab.test": "192.0.2.7"})
    assert (found["address"], found["error"], found["src"]) == ("192.0.2.7", "", "127.0.0.1")


def test_a_name_that_does_not_exist_is_an_answer_without_an_address():
    found = asked({"x": "192.0.2.7"})
    assert (found["address"], found["error"]) == ("", "")


def test_silence_and_a_closed_port_are_errors_of_different_names():
    assert asked(None)["error"] == "timeout"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    assert ask("127.0.0.1", port, "api.lab.test", 0.3, 9)["error"] == "ECONNREFUSED"
