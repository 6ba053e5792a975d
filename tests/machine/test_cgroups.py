"""The limits of control groups: on made-up machines, and in groups of this one if it allows."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ensemble_switchover.machine import cgroups, hardware
from ensemble_switchover.machine.cgroups import (
    GroupLimits,
    Throttling,
    read_limits,
    read_throttling,
)

V2 = "41 31 0:38 {mounted} /sys/fs/cgroup rw,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate"
CPU = "32 31 0:29 {mounted} /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct"
MEMORY = "35 31 0:32 {mounted} /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory"
NO_LIMIT = 9223372036854771712
"""What version 1 says where there is none."""


@pytest.fixture
def machine(tmp_path):
    """Make a machine of mounts, groups of this process, and files below /sys/fs/cgroup."""

    def make(mounts, groups):
        proc = tmp_path / "proc/self"
        proc.mkdir(parents=True, exist_ok=True)
        (proc / "mountinfo").write_text("23 1 0:1 / / rw - ext4 /dev/root rw\n" + "\n".join(mounts))
        (proc / "cgroup").write_text("\n".join(groups))
        return tmp_path

    def write(files):
        for name, content in files.items():
            path = tmp_path / "sys/fs/cgroup" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)

    make.write = write
    return make


def limits_of(root):
    read_limits.cache_clear()
    found = read_limits(root)
    read_limits.cache_clear()
    return found


@pytest.mark.parametrize(
    ("files", "processors", "memory_bytes"),
    [
        ({}, None, None),
        ({"a/b/cpu.max": "max 100000", "a/b/memory.max": "max"}, None, None),
        ({"a/b/cpu.max": "50000 100000", "a/b/memory.max": "943718400\n"}, 0.5, 900 * 2**20),
        ({"a/cpu.max": "250000 100000", "a/b/cpu.max": "max 100000"}, 2.5, None),
        ({"a/cpu.max": "150000 100000", "a/b/cpu.max": "800000 100000"}, 1.5, None),
        ({"a/memory.max": "1000", "a/b/memory.max": "2000", "memory.max": "500"}, None, 500),
        ({"a/b/memory.high": "700", "a/b/memory.max": "900"}, None, 700),
        ({"a/other/cpu.max": "1000 100000"}, None, None),
        ({"a/b/cpu.max": "", "a/b/memory.max": "-1"}, None, None),
        ({"a/b/cpu.max": "50000", "a/b/memory.max": "nonsense"}, None, None),
        ({"a/b/cpu.max": "50000 0", "a/b/memory.max": "0"}, None, None),
        ({"a/b/cpu.max/is_a_folder": "", "a/b/memory.max": "9" * 5000}, None, int("9" * 20)),
    ],
)
def test_version_2_and_all_ancestors(files, processors, memory_bytes, machine):
    machine.write(files)
    root = machine([V2.format(mounted="/")], ["0::/a/b"])
    assert limits_of(root) == GroupLimits(processors, memory_bytes)


@pytest.mark.parametrize(
    ("mounted", "group"),
    [
        ("/", "/docker/abc"),  # of the host
        ("/docker/abc", "/docker/abc"),  # a container that sees the host's paths
        ("/", "/"),  # a container with a namespace of its own
        ("/..", "/../other"),  # a process that was moved out of it
        ("/docker/abc", "/elsewhere"),
    ],
)
def test_version_1_in_and_outside_of_containers(mounted, group, machine):
    below = "docker/abc/" if (mounted, group) == ("/", "/docker/abc") else ""
    machine.write(
        {
            f"cpu,cpuacct/{below}cpu.cfs_quota_us": "150000\n",
            f"cpu,cpuacct/{below}cpu.cfs_period_us": "100000\n",
            f"memory/{below}memory.limit_in_bytes": "943718400\n",
            "memory/memory.limit_in_bytes": f"{NO_LIMIT if below else 943718400}\n",
        }
    )
    mounts = [line.format(mounted=mounted) for line in (CPU, MEMORY)]
    root = machine(mounts, [f"4:memory:{group}", f"2:cpu,cpuacct:{group}", "1:name=systemd:/x"])
    assert limits_of(root) == GroupLimits(1.5, 900 * 2**20)


def test_both_versions_at_once_and_a_mount_point_with_a_space(machine, tmp_path):
    machine.write({"memory/memory.limit_in_bytes": "2000", "in two/memory.max": "1000"})
    second = r"41 31 0:38 / /sys/fs/cgroup/in\040two rw - cgroup2 cgroup2 rw"
    root = machine([MEMORY.format(mounted="/"), second], ["4:memory:/", "0::/"])
    assert limits_of(root).memory_bytes == 1000


@pytest.mark.parametrize(
    ("mounts", "groups"),
    [
        ([], []),
        (
            ["nonsense", "1 2 3 - cgroup2", "41 31 0:38 / relative rw - cgroup2 cgroup2 rw"],
            ["0::/"],
        ),
        ([V2.format(mounted="/")], ["", "nonsense", "0", "0:", "::::"]),
    ],
)
def test_a_machine_that_tells_nothing_has_no_limits(mounts, groups, machine):
    root = machine(mounts, groups)
    assert limits_of(root) == GroupLimits(None, None)
    assert read_throttling(root) == Throttling(0, 0.0)


def test_a_quota_that_held_back_is_counted_in_all_groups(machine):
    machine.write(
        {
            "a/cpu.stat": "usage_usec 9\nnr_periods 40\nnr_throttled 3\nthrottled_usec 1500000\n",
            "a/b/cpu.stat": "nr_throttled 2\nthrottled_usec 500000\n",
            "cpu,cpuacct/cpu.stat": "nr_periods 9\nnr_throttled 1\nthrottled_time 250000000\n",
        }
    )
    root = machine(
        [V2.format(mounted="/"), CPU.format(mounted="/")], ["0::/a/b", "2:cpu,cpuacct:/"]
    )
    assert read_throttling(root) == Throttling(6, 2.25)
    assert read_throttling(root).since(Throttling(5, 2.0)) == Throttling(1, 0.25)


@pytest.mark.parametrize(
    ("quota", "processors"), [(None, 8), (0.5, 1), (1.0, 1), (1.9, 1), (2.5, 2), (64.0, 8)]
)
def test_processors_are_whole_ones_of_the_quota(quota, processors, monkeypatch):
    monkeypatch.setattr(hardware, "read_limits", lambda: GroupLimits(quota, None))
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    assert hardware.num_processors() == processors
    assert hardware.num_slots("cpu", None) == processors


def test_memory_is_the_smaller_of_limit_and_machine(monkeypatch):
    monkeypatch.setattr(hardware, "read_limits", lambda: GroupLimits(None, 900 * 2**20))
    assert hardware.main_memory_bytes() == 900 * 2**20
    monkeypatch.setattr(hardware, "read_limits", lambda: GroupLimits(None, NO_LIMIT))
    installed = hardware.main_memory_bytes()
    monkeypatch.setattr(hardware, "read_limits", lambda: GroupLimits(None, None))
    assert hardware.main_memory_bytes() == installed


CODE = """
from ensemble_switchover.machine import hardware
print(hardware.main_memory_bytes(), hardware.num_processors())
"""


@pytest.mark.process
def test_a_real_group_of_this_machine_limits_a_process():
    made = []
    try:
        for controller, file, value in (
            ("memory", "memory.limit_in_bytes", 900 * 2**20),
            ("cpu", "cpu.cfs_quota_us", 50_000),
        ):
            folder = Path("/sys/fs/cgroup") / controller / f"ensemble_switchover_{os.getpid()}"
            folder.mkdir()
            made.append(folder)
            (folder / file).write_text(str(value))
    except OSError as error:
        for folder in made:
            folder.rmdir()
        pytest.skip(f"this machine lets no groups of version 1 be made: {error}")
    joins = "".join(f"echo $$ > {folder}/cgroup.procs && " for folder in made)
    try:
        ended = subprocess.run(
            ["sh", "-c", f'{joins} exec "$0" "$@"', sys.executable, "-c", CODE],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        )
    finally:
        for folder in made:
            folder.rmdir()
    assert ended.stdout.split() == [str(900 * 2**20), "1"]


def test_this_machine_is_read():
    assert isinstance(cgroups.read_limits(), GroupLimits)
    assert read_throttling().times >= 0
