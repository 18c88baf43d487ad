"""Payload templates: marks are where they are said to be, and TLS lengths add up."""

from __future__ import annotations

import numpy as np

from captures.traffic.templates import SEGMENT, make_templates


def test_marks_point_at_the_places_for_a_packets_own_values():
    made = make_templates(np.random.default_rng(1))
    for index in made.requests:
        one = made.all[index]
        data = one.data.tobytes()
        assert data[one.client : one.client + 15] == b"#" * 15
        assert data[one.number : one.number + 8] == b"~" * 8
        assert one.request_id < 0 or data[one.request_id : one.request_id + 36] == b"@" * 36


def test_a_response_is_as_long_as_it_says():
    made = make_templates(np.random.default_rng(1))
    for segments in made.responses:
        head, _, body = made.all[segments[0]].data.tobytes().partition(b"\r\n\r\n")
        length = int(head.rpartition(b"Content-Length: ")[2])
        assert len(body) + sum(made.length(one) for one in segments[1:]) == length
        assert all(made.length(one) <= SEGMENT for one in segments)


def test_no_payload_has_no_length():
    assert make_templates(np.random.default_rng(1)).length(-1) == 0
