"""From text to mask: what comparisons mean for a packet that holds a field several times, and every way to fail."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captools.model.errors import UsageError
from captools.model.packets import DNS, HTTP, PACKETS, TLS
from captools.views.filter import FIELDS, FilterError, Tables, compile_filter
from captools.views.filter.grammar import MAX_DEPTH

ALL = list(range(1, 11))
EMPTY = Tables(packets=PACKETS.empty_table(), http=HTTP.empty_table(), tls=TLS.empty_table(), dns=DNS.empty_table())


@pytest.mark.parametrize(
    ("text", "frames"),
    [
        ("", ALL),
        ("tcp", [1, 2, 4, 5, 9, 10]),
        ("not tcp and not udp", [3, 8]),
        ("arp or vxlan and tcp", [2, 3]),
        ("(arp or vxlan) and tcp", [2]),
        ("arp xor udp xor wg", [2, 3, 6]),
        ("vxlan ^^ tcp", [1, 4, 5, 9, 10]),
        ("vxlan or tcp xor tcp", [2]),
        ("! ! arp", [3]),
        ("ip.src == 172.20.2.33", [2]),
        ("ip.src == 192.168.20.100", [2, 9]),
        ("ip.src != 192.168.20.100", [1, 4, 5, 7, 8, 10]),  # not 2, whose outer source it is; not 3 and 6: no IPv4
        ("!(ip.src == 192.168.20.100)", [1, 3, 4, 5, 6, 7, 8, 10]),
        ("all ip.src == 192.168.0.0/16", [1, 5, 7, 8, 9, 10]),
        ("any ip.src != 192.168.20.100", [1, 2, 4, 5, 7, 8, 10]),
        ("ip.src === 192.168.10.200", [1, 5, 7, 8, 10]),
        ("ip.src !== 192.168.20.100", [1, 2, 4, 5, 7, 8, 10]),
        ("ip.src == ip.dst", [4, 8]),  # 4: the quoted source is the destination of the error
        ("ip.src != ip.dst", [1, 2, 5, 7, 9, 10]),
        ("ip.src#2 == 172.20.2.33", [2]),
        ("ip.src#1 == 172.20.2.33", []),
        ("ip#2", [2, 4]),
        ("tcp.port#[-1] == 80 and ip.ttl#2 == 63", [2]),
        ("tcp.port in {79..81, 443} and vxlan", [2]),
        ("ip.ttl not in {64}", [3, 6, 8]),
        ("all ip.ttl in {63, 64}", [1, 2, 4, 5, 7, 9, 10]),
        ("tcp.flags.syn == 1 and tcp.flags.ack == 0", [1, 10]),
        ("tcp.flags & 0x12 == 0x12", [2]),
        ("tcp.flags & 0x10", [2, 5, 9]),
        ("tcp.srcport > tcp.dstport", [1, 4, 5, 10]),
        ("eth.dst[0] & 1", [3]),
        ("eth.src[0:3] == 02-00-00", [1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ("eth.addr contains 07:43", [2]),
        ("http.request.method == POST", [5]),
        ("http.request.method != POST", []),
        ("http.request.uri matches \"^/CART\"", [5]),
        ("http.host contains example", [5]),
        ("count(http.host) == 2", [5]),
        ("len(http.request.uri) < 5", [5]),
        ("len(http.request.uri) in {4, 99999999999}", [5]),
        ("http.request.full_uri == \"http://shop.example/Cart?id=1\"", [5]),
        ("http.request.uri.query == \"id=1\" and http.request.uri.path == \"/Cart\"", [5]),
        ("http.server contains envoy", [9]),
        ("tls", [5, 9]),
        ("tls.handshake.type == 1", [5]),
        ("tls.handshake.type == \"Server Hello\" and tls.handshake.ciphersuite == 0xc02f", [9]),
        ("tls.handshake.extensions_server_name matches \"^SHOP\"", [5]),
        ("tls.handshake.extensions_alpn_str in {\"h2\"}", [5]),
        ("all tls.handshake.extensions_alpn_str == \"h2\"", []),
        ("tls.handshake.version == 0x0303", [5, 9]),
        ("tls.handshake.extensions.supported_version == 0x0304", [5]),
        ("tls.handshake.random[0:3] == 00:01:02", [5]),
        ("tls.handshake.random contains 1e:1f", [5]),
        ("dns", [7]),
        ("mdns", [6]),
        ("dns or mdns", [6, 7]),
        ("dns#2", [7]),
        ("dns.flags.response == 0", [6]),
        ("dns.flags.rcode", [7]),
        ("dns.flags.rcode == 3", [7]),
        ("dns.id#2 == 7", []),
        ("dns.qry.name == \"<Root>\"", [7]),
        ("dns.qry.name contains local", [6]),
        ("dns.qry.type in {28, 33}", [6]),
        ("dns.a == 10.1.2.0/24", [7]),
        ("count(dns.a) == 3", [7]),
        ("dns.a != 10.1.2.3", []),
        ("dns.aaaa == fd00::/8", [7]),
        ("dns.cname == \"web:1.example\" and count(dns.cname) == 1", [7]),
        ("max(ip.ttl) == 64 and min(ip.ttl) == 63", [2]),
        ("max(tcp.srcport, tcp.dstport) == 40000", [1, 2, 4, 5, 9, 10]),
        ("abs(tcp.srcport - tcp.dstport) == 39920", [1, 2, 4, 5, 9, 10]),
        ("tcp.srcport - tcp.dstport == -39920", [2, 9]),
        ("-tcp.srcport == -80", [2, 9]),
        ("tcp.srcport == tcp.dstport + 39920", [1, 4, 5, 10]),
        ("tcp.srcport == 499 * {tcp.dstport + 0} + tcp.dstport", [1, 4, 5, 10]),
        ("tcp.srcport % 79 == 1 and tcp.srcport / 79 == 1", [2, 9]),
        ("ip.ttl bitwise_and 1 == 1", [2, 8]),
        ("ip.ttl & 60 + 3 == 63", [2]),
        ("ip.src & 255.255.0.0 == 172.20.0.0", [2]),
        ("ip.src & 0.0.0.1", [2, 4]),
        ("eth.dst & 01:00:00:00:00:00", [3]),
        ("string(frame.number) matches \"[13579]$\" and string(ip.dst) contains \"10\"", [1, 5, 7, 9, 10]),
        ("string(ip.src)[0:3] == \"172\"", [2]),
        ("upper(lower(http.host))[0:4][1] == \"H\"", [5]),
        ("len(ip.src) == 4 and len(eth.src) == 6 and len(tls.handshake.random) == 32", [5, 9]),
        ("tls.handshake.random[29:] == \"\\x1d\\x1e\\u001f\"", [5]),
        ("frame.time_relative - frame.time_delta == 0.1", [3]),
        ("tcp.port == 'P' and not vxlan", [1, 4, 5, 9, 10]),
        ("count(tcp.port) + 1 == 3 and tcp.dstport == 8 * 10", [1, 4, 5, 10]),
        ("frame.number == 1", [1, 10]),
        ("captools.point == \"router/any\"", [10]),
    ],
)  # fmt: skip
def test_a_filter_passes_just_these_frames(passing, text, frames):
    assert passing(text) == frames


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("ip.scr == 1.2.3.4", 1, "did you mean ip.src or"),
        ("tcp and nonsense", 9, "no field `nonsense`"),
        ("tls.handshake", 1, "--deep"),
        ("tcp.port ==", 12, "found the end"),
        ("tcp.port == 70000", 13, "from 0 to 65,535"),
        ("tcp.port == http3", 13, "not a whole number"),
        ("ip.addr == fe80::1", 12, "use ipv6.addr"),
        ("eth.src == 08:00:27", 12, "3 bytes, where 6 are needed"),
        ("tcp contains \"GET\"", 5, "not in the table"),
        ("tcp == 1", 5, "not in the table"),
        ("ip.src matches \"1\"", 8, "does not apply"),
        ("http.host matches web", 19, "in quotes"),
        ("http.host matches \"[\"", 19, "cannot be used"),
        ("tcp.flags.syn > 0", 15, "without an order"),
        ("ip.src == ipv6.src", 11, "cannot be compared"),
        ("http.host == http.user_agent", 14, "two fields of payloads"),
        ("tls.handshake.type == 11", 23, "has 1 (ClientHello) and 2 (ServerHello) only"),
        ("tls.handshake.extensions.supported_version < 0x303", 46, "has 0x0304 (TLS 1.3) only"),
        ("lower(http.host)", 1, "compare it"),
        ("lower(ip.src) == \"a\"", 1, "takes text"),
        ("median(ip.ttl) > 3", 1, "no function `median`"),
        ("max(ip.ttl, ip.src) > 3", 13, "max() takes numbers or seconds, ip.src is IPv4 address"),
        ("max(ip.ttl, frame.time_delta) > 3", 13, "of one kind"),
        ("abs(http.host) > 3", 1, "abs() takes a number or seconds"),
        ("string(http.host) contains \"a\"", 1, "string() takes a number or an address"),
        ("len(tcp) == 20", 1, "len() takes text, bytes or an address"),
        ("len(http.host, http.server) == 20", 16, "takes one field"),
        ("ip.src + 1 == 1.1.1.2", 1, "`+` does not apply to ip.src (IPv4 address)"),
        ("frame.time_delta * 2 > 1", 1, "add and subtract seconds"),
        ("frame.time_delta + tcp.port > 1", 1, "two of one kind"),
        ("tcp.port + x == 1", 12, "`x` is not a whole number"),
        ("tcp.port + tcp.prt == 1", 12, "did you mean tcp.port"),
        ("1 + 1 == tcp.port", 1, "a field must stand here"),
        ("tcp.port == 5 / 0", 13, "has no result"),
        ("tcp.port + 1", 1, "compare it"),
        ("http.content_length + http.content_length > 1", 1, "cannot be reckoned with"),
        ("ip.ttl == ${ip.ttl}", 11, "write its value"),
        ("@ip.src == 01:02:03:04", 1, "raw bytes"),
        ("tcp.port in {80 443}", 17, "expected `,`"),
        ("80 == tcp.port", 1, "no field `80`"),
        ("\"a\" == \"a\"", 1, "a field must stand here"),
        ("tcp.port in {udp.port}", 14, "a set holds values"),
        ("ip.src & 2 == 1", 10, "is no mask of an IPv4 address"),
        ("http.host & 2", 13, "`&` stands between"),
        ("ip.ttl & ip.ttl", 10, "`&` stands between"),
        ("tcp in {1}", 1, "has no value"),
    ],
)  # fmt: skip
def test_a_filter_that_cannot_be_used_says_where_and_why(text, column, words):
    with pytest.raises(FilterError) as failed:
        compile_filter(text)
    assert failed.value.column == column and words in str(failed.value)
    assert "\n" not in str(failed.value)


def test_brackets_as_deep_as_they_may_be_are_judged(packets):
    text = "".join(f"(arp {word} " for word in ("or", "and") * (MAX_DEPTH // 2)) + "tcp" + ")" * MAX_DEPTH
    assert compile_filter(text).mask(Tables(packets=packets)).to_pylist()[:3] == [False, False, True]


def test_without_tables_of_payloads_no_packet_has_their_fields(packets):
    text = 'http or http.host contains "" or tls or dns or mdns or http2 or dns.id >= 0'
    assert compile_filter(text).mask(Tables(packets=packets)).true_count == 0


def test_heads_of_http_2_are_no_http_1(tables, http2):
    both = replace(tables, http=http2)
    assert compile_filter("http").mask(both).to_pylist().index(True) == 8
    for text in ("http2", "http2.headers.method == POST", "http2.streamid == 3", "http2#2"):
        assert compile_filter(text).mask(both).to_pylist().index(True) == 4, text
    assert compile_filter("http.request or http2.headers.status").mask(both).true_count == 0
    assert compile_filter("captools.method == GET or captools.status > 400").mask(both).true_count == 2


@pytest.mark.parametrize(
    ("text", "tables"),
    [("", set()), ("ip.src == 10.0.0.1", set()), ("tls or !(dns.a in {10.0.0.1..10.0.0.2})", {"tls", "dns"}),
     ("count(http2.headers.path) > captools.sport", {"http"}), ('captools.sni == "a" and tcp.flags & 2', {"tls"})],
)  # fmt: skip
def test_a_filter_tells_which_tables_it_asks(text, tables):
    assert compile_filter(text).tables == tables


def test_tables_without_rows_give_masks_without_rows():
    for text in ("", *(name for name in FIELDS)):
        assert len(compile_filter(text).mask(EMPTY)) == 0


WORDS = st.sampled_from([
    "ip.src", "tcp.port", "eth.src", "http.host", "tcp.flags.syn", "frame.time", "vxlan", "captools.point", "==", "!=",
    "<", "&", "in", "{", "}", ",", "..", "(", ")", "not", "!", "and", "||", "any", "all", "contains", "matches", "~",
    "1", "0x12", "08:00", "1.2.3.4", "10.0.0.0/8", "::1", "\"a\"", "r\"[\"", "'x'", "#1", "#[-1]", "[0:2]", "[1]", "len(",
    "count(", "lower(", "x", "True", "1e9", "-1", "99999999999999999999",
    "+", "-", "*", "/", "%", "bitwise_and", "max(", "string(", "abs(", "dns.a", "tls",
])  # fmt: skip


@given(st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=12).map(" ".join)))
def test_any_text_is_a_filter_or_a_usage_error_and_nothing_else(text):
    try:
        judged = compile_filter(text)
    except UsageError as error:
        assert str(error)
        return
    mask = judged.mask(EMPTY)
    assert len(mask) == 0


VALUES = st.sampled_from(["1", "0x12", "08:00", "ff", "1.2.3.4", "10.0.0.0/8", "fd00::/8", '"a"', "True", "1.5", "-1",
                          "18446744073709551615", "4294967296", '"2023-11-14T22:13:20Z"', 'r"a.*"', '"\\x00\\xff"'])  # fmt: skip
SIDES = st.builds(
    "{1}{0}{2}{3}".format,
    st.sampled_from([*FIELDS]),
    st.sampled_from(["", "", "any ", "all "]),
    st.sampled_from(["", "", "#1", "#[-1]", "#[1-2]"]),
    st.sampled_from(
        [
            "",
            "",
            "[0:2]",
            "[-1]",
            "[0,1]",
            "[9]",
            " & 1",
            " & ff:00",
            " + 1",
            " - 3 % 2",
            " * 99999999999",
            " / 0",
            "[0:2][0]",
        ]
    ),
)
SIGNS = st.sampled_from(["==", "!=", "<", ">=", "===", "!==", "contains", "matches"])
CONDITIONS = st.one_of(
    SIDES,
    st.builds("{} {} {}".format, SIDES, SIGNS, st.one_of(VALUES, st.sampled_from([*FIELDS]))),
    st.builds("{} in {{{}, {}..{}}}".format, SIDES, VALUES, VALUES, VALUES),
    st.builds(
        "{}({}) {} {}".format,
        st.sampled_from(["len", "count", "lower", "string", "max", "abs"]),
        st.sampled_from([*FIELDS]),
        SIGNS,
        VALUES,
    ),
)


@given(CONDITIONS)
@settings(max_examples=5 * settings().max_examples)
def test_any_filter_that_is_understood_judges_every_packet(packets, tables, text):
    try:
        judged = compile_filter(text)
    except UsageError:
        return
    mask = judged.mask(tables)
    assert len(mask) == len(packets) and mask.null_count == 0
    assert len(judged.mask(EMPTY)) == 0


@pytest.mark.parametrize(
    "text", ["http.response.code#1 + 1 == http.response.code", "http.response.code == 2 * http.response.code - 200",
             "len(http.host) + tcp.srcport == http.response.code"]
)  # fmt: skip
def test_what_was_reckoned_of_payload_fields_is_still_one_of_them(text):
    with pytest.raises(FilterError, match="two fields of payloads"):
        compile_filter(text)


KINDS = [(name, field.kind) for name, field in FIELDS.items()]


@pytest.mark.parametrize(("name", "kind"), KINDS, ids=[name for name, _ in KINDS])
def test_every_field_can_be_asked_for_and_its_absence_is_the_opposite(tables, name, kind):
    there = compile_filter(name).mask(tables).to_pylist()
    assert compile_filter(f"not {name}").mask(tables).to_pylist() == [not one for one in there]


def test_a_field_equals_itself_wherever_it_is(packets):
    for name, kind in KINDS:
        if kind.value == "protocol" or FIELDS[name].sparse:
            continue
        there = compile_filter(name).mask(Tables(packets=packets))
        assert compile_filter(f"{name} == {name}").mask(Tables(packets=packets)).equals(there), name
