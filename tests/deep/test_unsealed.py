"""What tshark opens with keys, counted; without the right keys nothing is claimed."""

from __future__ import annotations

from captools.deep.keys import Keys
from captools.deep.unsealed import unsealed
from tests.deep.talks import wireguard_talk


def test_what_is_inside_is_told_with_its_frames(tmp_path):
    path, log = wireguard_talk(tmp_path)
    found = unsealed(path, Keys(wireguard=str(log)))
    assert (found.data, found.opened) == (1, 1)
    (one,) = found.carried
    assert (one.src, one.dst, one.packets, one.frames) == ("172.20.0.88", "172.20.2.33", 1, (3,))
    assert found.to_json()["carried"][0]["frames"] == [3]


def test_other_keys_open_nothing_and_the_messages_are_still_counted(tmp_path):
    path, log = wireguard_talk(tmp_path)
    other = tmp_path / "other"
    other.write_text(log.read_text().replace("LOCAL_EPHEMERAL_PRIVATE_KEY = M", "LOCAL_EPHEMERAL_PRIVATE_KEY = w"))
    found = unsealed(path, Keys(wireguard=str(other)))
    assert (found.data, found.opened, found.carried) == (1, 0, ())
