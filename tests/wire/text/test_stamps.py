"""Times of text logs: what they count from decides what may be compared with them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captools.model.units import from_rfc3339
from captools.wire.text.stamps import (
    NO_DATE,
    NO_START,
    NO_TIME,
    NO_ZONE,
    PATTERN,
    Stamp,
    StampKind,
    stamp,
    times,
)

DAY = 86_400 * 1_000_000_000


def read(*texts: str | None) -> tuple[list[int], tuple[str, ...]]:
    stamps: list[Stamp | None] = []
    for text in texts:
        found = re.match(PATTERN, text) if text is not None else None
        stamps.append(stamp(found) if found else None)
    return times(stamps)


def test_seconds_since_1970_are_exact_to_the_nanosecond():
    assert read("1418145369.924505488", "1418145370.052027") == ([1418145369924505488, 1418145370052027000], ())


@pytest.mark.parametrize("day", ["2025-08-20", "2025/08/20"], ids=["tcpdump -tttt", "ngrep -t"])
def test_a_date_without_a_zone_is_read_as_utc_and_says_so(day):
    assert read(f"{day} 09:35:14.972128") == ([from_rfc3339("2025-08-20T09:35:14.972128Z")], (NO_ZONE,))


def test_a_time_of_day_counts_from_midnight_of_day_0_and_says_so():
    assert read("02:57:08.004967", "02:57:08.004983") == ([10_628_004_967_000, 10_628_004_983_000], (NO_DATE,))


def test_a_log_that_goes_on_past_midnight_goes_on():
    (before, after, later), _ = read("23:59:59.999999", "00:00:00.000001", "00:00:01.000000")
    assert (after - before, later - after) == (2_000, 999_999_000)
    assert before < DAY < after


def test_a_packet_that_comes_a_little_late_is_not_of_the_next_day():
    (first, second), _ = read("10:00:00.000002", "10:00:00.000001")
    assert first - second == 1_000


def test_differences_are_added_up_and_times_since_the_first_are_not():
    # The expected outputs of tcpdump's own tests for -ttt and -ttttt of one capture.
    gaps = read(" 00:00:00.000000", " 00:00:00.127522", " 00:00:00.000088")
    since = read(" 00:00:00.000000", " 00:00:00.127522", " 00:00:00.127610")
    assert gaps == since == ([0, 127_522_000, 127_610_000], (NO_START,))


def test_a_log_indented_by_one_space_keeps_its_times_of_day():
    assert read(" 02:57:08.000000", " 02:57:09.000000") == read("02:57:08.000000", "02:57:09.000000")


def test_ngreps_differences_are_added_up_without_its_first():
    stamps = [Stamp(StampKind.DELTA, ns) for ns in (4294965224932600000, 808_000, 78_833_000)]
    assert times([*stamps]) == ([0, 808_000, 79_641_000], (NO_START,))


def test_lines_without_a_time_stand_at_time_0():
    assert read(None, None) == ([0, 0], (NO_TIME,))
    assert read() == ([], ())


def test_a_line_whose_time_is_missing_has_that_of_the_line_above():
    assert read("1418145369.924505", None)[0] == [1418145369924505000] * 2


@pytest.mark.parametrize("text", ["25:00:00.000000", "00:61:00.000000", "2025-02-30 00:00:00.000000"])
def test_numbers_that_are_no_time_are_none(text):
    found = re.match(PATTERN, text)
    assert found is not None and stamp(found) is None


@given(st.lists(st.one_of(st.none(), st.builds(Stamp, st.sampled_from(StampKind), st.integers(-DAY, 1 << 62)))))
def test_any_stamps_give_one_time_each(stamps):
    assert len(times(stamps)[0]) == len(stamps)
