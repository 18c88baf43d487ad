from __future__ import annotations

import pytest

from captools.lab.services import last_words
from captools.lab.topology import LEADER, Mode


def test_the_last_words_name_the_log_they_come_from_and_leave_silent_ones_out(tmp_path):
    (tmp_path / "envoy.log").write_text("x" * 1000 + "cannot bind 192.168.10.211:80\n")
    (tmp_path / "webpod.log").write_text("\n")
    words = last_words(tmp_path)
    assert words.startswith("envoy.log: ") and words.endswith("cannot bind 192.168.10.211:80")
    assert len(words) < 500 and "webpod" not in words


@pytest.mark.lab
def test_wireguard_keys_are_the_ones_the_nodes_use(lab_of):
    lab = lab_of(Mode.WIREGUARD)
    nodes = (lab.directory / "inventory" / "ciliumnodes.json").read_text()
    own_key = lab.machine(LEADER).run(["wg", "show", "cilium_wg0", "public-key"]).strip()
    assert f'"network.cilium.io/wg-pub-key": "{own_key}"' in nodes
