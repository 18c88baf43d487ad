"""How findings speak."""

from __future__ import annotations

import shlex

from captools.findings._words import MAX_EVIDENCE, MAX_FRAMES, counted, gathered, listed, named, typed
from captools.model.evidence import Evidence
from tests.correlate.material import S2, material


def test_lists_read_as_people_say_them_and_end_somewhere():
    assert listed(["a"]) == "a" and listed(["a", "b", "a"]) == "a and b" and listed(["a", "b", "c"]) == "a, b and c"
    assert listed(map(str, range(9)), most=2) == "0, 1 and 7 more" and listed([]) == ""


def test_whatever_a_name_holds_is_one_word_of_a_command():
    assert (typed("lxcee77f40d2cc8"), typed("default/curl-pod")) == ("lxcee77f40d2cc8", "default/curl-pod")
    for name in ("eth0; reboot", "$(id)", "it's", "#3", "[fd00::5]:80", ""):
        assert shlex.split(f"ip link show {typed(name)}", comments=True) == ["ip", "link", "show", name]


def test_counts_agree_with_their_noun():
    assert (counted(1, "request"), counted(2, "request"), counted(1234, "frame")) == (
        "1 request",
        "2 requests",
        "1,234 frames",
    )


def test_addresses_carry_their_name_where_one_is_known():
    cluster = material(S2).cluster
    assert named(cluster, "172.20.0.88") == "default/curl-pod (172.20.0.88)"
    assert named(cluster, "172.20.0.88", port=80) == "default/curl-pod (172.20.0.88:80)"
    assert named(cluster, "203.0.113.9") == "203.0.113.9"


def proof(frame: int, *words: str, point: str = "n/eth0", shows: str = "it") -> Evidence:
    test = " && ".join([f"frame.number == {frame}", *words])
    return Evidence(point=point, file=f"{point}.pcap", sha256="", frames=(frame,), shows=shows, filter=test)


def test_like_proofs_of_one_place_become_one_whose_filter_asks_what_all_do():
    first, second = (
        proof(5, "ip.src == 10.0.0.1", "tcp.srcport == 1"),
        proof(2, "ip.src == 10.0.0.1", "tcp.srcport == 2"),
    )
    (one,) = gathered([first, second, first])
    assert one.frames == (2, 5) and one.filter == "frame.number in {2,5} && ip.src == 10.0.0.1"
    assert gathered([first, first]) == (first,)


def test_proofs_of_other_places_or_things_stay_apart_and_end_somewhere():
    apart = [proof(1), proof(2, point="n/eth1"), proof(3, shows="that")]
    assert gathered(apart) == tuple(apart)
    assert len(gathered(proof(1, point=f"n/eth{at}") for at in range(30))) == MAX_EVIDENCE
    (many,) = gathered(proof(at) for at in range(1, 99))
    assert many.frames == tuple(range(1, MAX_FRAMES + 1))


def test_ports_to_decode_are_those_of_all_and_text_has_lines_instead_of_a_filter():
    def sent(frame: int, decode_as: str) -> Evidence:
        return Evidence(point="n/e", file="f", sha256="", frames=(frame,), shows="it", filter=f"frame.number == {frame}",
                        decode_as=decode_as)  # fmt: skip

    (one,) = gathered([sent(1, "udp.port==8472,vxlan"), sent(2, ""), sent(3, "udp.port==4789,vxlan")])
    assert one.decode_rules() == ("udp.port==8472,vxlan", "udp.port==4789,vxlan")
    lines = [Evidence(point="n/e", file="f", sha256="", frames=(at,), shows="", lines=(at * 10,)) for at in (1, 2)]
    (text,) = gathered(one.saying("it") for one in lines)
    assert (text.frames, text.lines, text.filter, text.shows) == ((1, 2), (10, 20), "", "it (lines 10, 20)")
