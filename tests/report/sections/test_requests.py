from __future__ import annotations

from captools.report.blocks import Paragraph, Table
from captools.report.sections.requests import SECTION


def test_the_table_tells_client_source_and_backend(sample):
    table = SECTION.build(sample.s8())[1]
    assert isinstance(table, Table)
    first = dict(zip(table.columns, table.rows[0], strict=True))
    assert first["client"] == "192.168.10.200"
    assert first["names the client"] == "yes"
    assert first["source towards backend"] == "172.20.1.35 (ingress address)"
    assert first["backend"] == "default/webpod-697b545f57-fz7qd on k8s-w0"


def test_a_request_without_a_backend_leg_says_why(sample):
    notes = SECTION.build(sample.s8())[2]
    assert isinstance(notes, Table)
    assert notes.rows[0][2] == "the proxy answered itself: there is no backend leg"


def test_no_request_says_what_to_try(sample):
    (block,) = SECTION.build(sample.s1())
    assert isinstance(block, Paragraph)
    assert "neither HTTP/1 nor HTTP/2" in block.text and "captools capture --role pods" in block.text


def test_who_served_which_host_and_path_is_told_where_there_is_more_than_one_answer(sample):
    routes = SECTION.build(sample.s8())[-1]
    assert isinstance(routes, Table) and routes.caption.startswith("Which backend served")
    assert sum(int(row[3]) for row in routes.rows) == len(sample.s8().requests)
    assert any("default/webpod-697b545f57-fz7qd on k8s-w0" in row[5] for row in routes.rows)
