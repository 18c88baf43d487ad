from __future__ import annotations

import pytest

from captools.collect.targets import read_config
from captools.lab.outputs import targets
from captools.lab.topology import MACHINES, Mode


def test_the_targets_file_is_one_that_capture_reads(tmp_path):
    file = tmp_path / "captools.toml"
    file.write_text(targets({name: 100 + number for number, name in enumerate(MACHINES)}))
    config = read_config(file)
    found = {target.name: (target.transport, target.user, target.pid, target.role) for target in config.targets}
    assert found == {
        "k8s-ctr": ("ssh", "root", 100, "node"),
        "k8s-w1": ("ssh", "root", 101, "node"),
        "k8s-w0": ("ssh", "vagrant", 102, "node"),
        "router": ("ssh", "root", 103, "router"),
    }
    assert config.inventory == tmp_path / "inventory"


@pytest.mark.lab
def test_a_running_lab_names_files_that_exist_and_processes_that_live(lab_of):
    lab = lab_of(Mode.NATIVE)
    config = read_config(lab.config_file)
    for target in config.targets:
        assert target.key is not None and target.key.is_file()
        assert target.ssh_config is not None and target.ssh_config.is_file()
        assert target.pid == lab.machine(target.name).pid
    assert config.inventory is not None and (config.inventory / "pods.json").is_file()
