"""A real Slurm of one node on this machine: munged, slurmctld and slurmd, for tests.

`python -m tests.slurm_cluster FOLDER` starts one and waits for Ctrl-C; SLURM_CONF=FOLDER/slurm.conf
then leads Slurm's commands to it. It takes root, and Debian's packages slurm-wlm and munge.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

COMMANDS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scontrol", "sinfo", "runuser")
READY_SECONDS = 60
MAX_ARRAY_SIZE = 8
"""The largest index of an array is smaller."""

CONFIGURATION = """
ClusterName=local
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
MpiDefault=none
MaxArraySize={max_array_size}
MessageTimeout=60
JobRequeue=1
KillWait=10
SchedulerParameters=batch_sched_delay=0,sched_interval=1
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 RealMemory=4000 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


class NoSlurmError(Exception):
    """Here is no Slurm; the text tells why."""


@contextmanager
def slurm_cluster(folder: Path):
    """Start a cluster in a folder, and give the environment that leads to it."""
    missing = [name for name in COMMANDS if shutil.which(name) is None]
    if missing:
        raise NoSlurmError(f"Debian's slurm-wlm and munge are missing: no {', '.join(missing)}")
    if os.geteuid() != 0:
        raise NoSlurmError("Slurm's daemons want root")
    host = socket.gethostname().partition(".")[0]
    for name in ("state", "spool", "munge"):
        (folder / name).mkdir(parents=True)
    text = CONFIGURATION.format(
        host=host,
        folder=folder,
        controller_port=_free_port(),
        node_port=_free_port(),
        max_array_size=MAX_ARRAY_SIZE,
    )
    configuration = folder / "slurm.conf"
    configuration.write_text(text.lstrip())
    environment = {**os.environ, "SLURM_CONF": str(configuration)}
    processes = []
    try:
        processes.append(_start_munge(folder / "munge"))
        for name, options in (("slurmctld", []), ("slurmd", ["-N", host])):
            command = [name, "-D", "-f", configuration, *options]
            with (folder / f"{name}.out").open("w") as out:
                processes.append(subprocess.Popen(command, env=environment, stdout=out, stderr=out))
        _wait_until_ready(folder, environment)
        yield environment
    finally:
        for process in reversed(processes):
            process.terminate()
        for process in reversed(processes):
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=20)
            process.kill()


def _start_munge(folder: Path) -> subprocess.Popen[bytes]:
    key = folder / "key"
    key.write_bytes(os.urandom(1024))
    for path in (folder, key):
        shutil.chown(path, "munge", "munge")
    key.chmod(0o600)
    folder.chmod(0o755)
    for parent in folder.parents:  # pytest's folders are for their owner alone
        if parent.stat().st_uid == 0 and not parent.stat().st_mode & 0o005:
            parent.chmod(0o755)
    command = [
        "runuser", "-u", "munge", "--", "munged", "--foreground", "--force",
        f"--key-file={key}", f"--socket={folder}/socket", f"--pid-file={folder}/pid",
        f"--log-file={folder}/log", f"--seed-file={folder}/seed",
    ]  # fmt: skip
    with (folder.parent / "munged.out").open("w") as out:
        return subprocess.Popen(command, stdout=out, stderr=out)


def _wait_until_ready(folder: Path, environment: dict[str, str]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        answer = subprocess.run(
            ["sinfo", "--noheader", "--format=%T"], env=environment, capture_output=True, text=True
        )
        if answer.stdout.strip() == "idle":
            return
        time.sleep(0.5)
    logs = "\n".join(path.read_text()[-2000:] for path in folder.glob("*.out"))
    raise NoSlurmError(f"Slurm's node is not idle: {answer.stdout}{answer.stderr}\n{logs}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    try:
        with slurm_cluster(Path(sys.argv[1]).absolute()) as found:
            print(f"SLURM_CONF={found['SLURM_CONF']}", flush=True)
            with suppress(KeyboardInterrupt):
                signal.pause()
    except NoSlurmError as no_slurm:
        sys.exit(str(no_slurm))
