"""What `make test` takes from Debian, and what it tells where it cannot; with commands made up."""

import shutil
import subprocess

import pytest

from tests.engines import REPOSITORY

MAKE = shutil.which("make")
pytestmark = [pytest.mark.process, pytest.mark.skipif(MAKE is None, reason="needs make")]
NO_SLURM = "No Slurm's daemons, or not root, who starts them: sweeps are not tested on it."


@pytest.fixture
def from_debian(tmp_path):
    def make(*commands, user=0, apt_get="", images=tmp_path):
        scripts = dict.fromkeys(commands, "") | {"id": f"echo {user}", "apt-get": apt_get}
        for name, script in scripts.items():
            path = tmp_path / name
            path.write_text(f"#!/bin/sh\n{script}\n")
            path.chmod(0o755)
        environment = {"PATH": str(tmp_path)}
        command = [MAKE, "--no-print-directory", "from-debian", f"FASHION_MNIST={images}"]
        answer = subprocess.run(
            command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=True
        )
        return answer.stdout.splitlines()

    return make


def test_a_package_that_cannot_be_had_keeps_no_other_away(from_debian, tmp_path):
    log = tmp_path / "installed"
    told = from_debian(apt_get=f'case "$*" in *chromium*) exit 100;; *) echo "$*" >> {log};; esac')
    assert told[0] == "Installing for the tests: chromium slurm-wlm munge"
    installed = [line.split()[-1] for line in log.read_text().splitlines()]
    assert installed == ["-qq", "slurm-wlm", "munge"]


def test_images_that_cannot_be_had_are_told(from_debian, tmp_path):
    absent = tmp_path / "absent"
    told = from_debian("chromium", "sinfo", "slurmctld", "slurmd", apt_get="exit 1", images=absent)
    assert told == [
        "Installing for the tests: dataset-fashion-mnist",
        f"No Fashion-MNIST in {absent}: its images are not tested.",
    ]


def test_slurms_client_alone_is_left_as_it_is_and_told(from_debian):
    assert from_debian("chromium", "sinfo") == [NO_SLURM]


def test_who_is_not_root_is_told_that_slurm_does_not_start(from_debian):
    assert from_debian("chromium", "sinfo", "slurmctld", "slurmd", user=1000) == [NO_SLURM]


def test_where_all_is_there_nothing_is_told(from_debian):
    assert from_debian("chromium", "sinfo", "slurmctld", "slurmd") == []
