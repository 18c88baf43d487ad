"""Where sessions go, and names that come from nodes."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from captools.model.points import Point, point_of_file
from captools.store.layout import default_root, point_stem, safe_name, session_name, user_cache


def test_in_a_checkout_sessions_go_below_captures_from_any_folder_in_it(tmp_path):
    (tmp_path / "captures").mkdir()
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "captools"\n')
    (tmp_path / "tests/deep").mkdir(parents=True)
    assert default_root(tmp_path / "tests/deep", {}) == tmp_path / "captures/sessions"


def test_elsewhere_they_go_to_the_users_state_folder(tmp_path):
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "other"\n')
    assert default_root(tmp_path, {"HOME": "/home/a"}).as_posix() == "/home/a/.local/state/captools/sessions"
    assert default_root(tmp_path, {"XDG_STATE_HOME": "/x"}).as_posix() == "/x/captools/sessions"


def test_a_session_is_called_by_its_start_in_utc():
    assert session_name(1_700_000_000_000_000_001) == "20231114T221320Z"


@given(st.text(max_size=200))
def test_any_text_becomes_one_harmless_name(text):
    name = safe_name(text)
    assert name and len(name) <= 80 and name[0] not in ".-" and ".." not in name and "__" not in name
    assert all(char.isascii() and (char.isalnum() or char in "._@+:=-") for char in name)


@given(st.text(min_size=1, max_size=30), st.from_regex(r"[a-z]{1,10}[0-9]{0,3}(\.[0-9]{1,4})?", fullmatch=True))
@example("a%", "eth0")  # three underscores in a row would move the split
def test_the_file_name_tells_the_interface_whatever_the_node_is_called(node, interface):
    found = point_of_file(point_stem(Point(node, interface)) + ".pcap")
    assert found is not None and found.interface == interface


def test_two_points_never_share_a_file():
    first = point_stem(Point("a/b", "eth0"))
    assert first == "a_b__eth0" and point_stem(Point("a_b", "eth0"), frozenset({first})) == "a_b__eth0-2"


def test_the_users_cache_is_where_the_desktop_standard_says():
    assert str(user_cache({"XDG_CACHE_HOME": "/c", "HOME": "/h"})) == "/c/captools"
    assert str(user_cache({"XDG_CACHE_HOME": "", "HOME": "/h"})) == "/h/.cache/captools"
