"""What Slurm's commands answer: how large an array may be, how jobs stand, why one was refused."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SLURM_ANSWER_SECONDS = 120
"""Seconds after which a command of Slurm has no answer."""

ENDED = {
    "BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "LAUNCH_FAILED", "NODE_FAIL",
    "OUT_OF_MEMORY", "PREEMPTED", "RECONFIG_FAIL", "REVOKED", "TIMEOUT",
}  # fmt: skip
"""States of a job that does not run again; a job that Slurm has forgotten ended too."""

_UNREACHABLE = re.compile(
    r"unable to contact|timed out|not responding|connection (refused|reset|failure)"
    r"|zero bytes|communication|transport endpoint|message (receive|send) failure"
    r"|backup mode|try again",
    re.IGNORECASE,
)
_FULL = re.compile(
    r"\b(QOS|Assoc)\w*Submit\w*Limit\b|temporarily unable to accept"
    r"|resource temporarily unavailable|invalid job array specification",
    re.IGNORECASE,
)
_POLICY = re.compile(r"violates accounting/QOS policy", re.IGNORECASE)
_POLICY_REASON = re.compile(r"\b(QOS|Assoc)\w+")
_STUCK = re.compile(
    r"held|BadConstraints|NeverSatisfied|PartitionTimeLimit|PartitionNodeLimit|PartitionConfig"
    r"|MaxWall\w*PerJob|Max\w*PerJobLimit|InvalidAccount|InvalidQOS|NotAllowed",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class JobStatus:
    """How a job stands."""

    state: str
    """Such as `PENDING`."""
    reason: str
    """Why it waits, such as `Resources`."""

    @property
    def ended(self) -> bool:
        """Whether it does not run again."""
        return self.state in ENDED

    @property
    def stuck(self) -> bool:
        """Whether it waits for something that does not come by itself."""
        return self.state == "PENDING" and _STUCK.search(self.reason) is not None


def max_array_size() -> int | None:
    """Ask how many jobs an array may have; None where Slurm does not say.

    It is the index that is limited: the largest one is `MaxArraySize - 1`.
    """
    answer = ask("scontrol", "show", "config")
    found = re.search(r"^MaxArraySize\s*=\s*(\d+)", answer or "", re.MULTILINE)
    return max(1, int(found[1])) if found else None


def job_statuses(ids: Iterable[str]) -> dict[str, JobStatus] | None:
    """Ask how jobs stand, without Slurm's accounting.

    Args:
        ids: The jobs, such as `17`, or `17_3` of an array.

    Returns:
        Job -> status; one that Slurm has forgotten, minutes after its end, is not among them. None
        where Slurm does not answer.
    """
    numbers = sorted({number.partition("_")[0] for number in ids})
    command = ["squeue", "--noheader", "--array", "--states=all", "--format=%i|%T|%r"]
    try:
        answer = _run([*command, f"--jobs={','.join(numbers)}"])
    except (OSError, subprocess.SubprocessError):
        return None
    if answer.returncode and "invalid job id" not in answer.stderr.lower():
        return None
    rows = (line.split("|", 2) for line in answer.stdout.splitlines() if line.count("|") >= 2)
    return {job.strip(): JobStatus(state.strip(), reason.strip()) for job, state, reason in rows}


def jobs_of_files(paths: Iterable[str]) -> list[str]:
    """Ask which jobs were made of files of commands, where no answer to `sbatch` came."""
    known = set(paths)
    answer = ask("squeue", "--noheader", "--format=%F|%o") if known else None
    rows = (line.partition("|") for line in (answer or "").splitlines())
    return sorted({job for job, _, path in rows if path.strip() in known})


def ask(*command: str) -> str | None:
    """Return what a command of Slurm says; None where it fails or does not answer."""
    try:
        answer = _run(command)
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout if answer.returncode == 0 else None


def is_unreachable(text: str) -> bool:
    """Return whether Slurm did not answer a command, so that a later try may succeed.

    >>> is_unreachable("slurm_load_jobs error: Unable to contact slurm controller")
    True
    """
    return _UNREACHABLE.search(text) is not None


def takes_no_more(text: str, *, by_itself: bool) -> bool:
    """Return whether Slurm takes no more jobs, or none in so large an array, for now.

    Args:
        text: What `sbatch` said. Some versions tell of every limit in the same words.
        by_itself: Whether it was one job, with no other of this sweep in the queue: a limit that it
            breaks then is not that of their number.

    >>> takes_no_more("sbatch: error: QOSMaxSubmitJobPerUserLimit", by_itself=True)
    True
    >>> takes_no_more("Job violates accounting/QOS policy (job submit limit, ...)", by_itself=True)
    False
    """
    if _FULL.search(text):
        return not (by_itself and "array specification" in text)
    without_reason = _POLICY.search(text) is not None and not _POLICY_REASON.search(
        _POLICY.sub("", text)
    )
    return without_reason and not by_itself


def why_refused(text: str) -> str:
    """Return in one sentence why `sbatch` refused a job.

    >>> why_refused("sbatch: error: Batch job submission failed: Invalid partition name specified")
    'sbatch: Invalid partition name specified'
    """
    lines = [re.sub(r"^sbatch: (error|fatal): ", "", line) for line in text.splitlines()]
    said = [line.removeprefix("Batch job submission failed: ").strip() for line in lines]
    return f"sbatch: {'; '.join(dict.fromkeys(filter(None, said))) or 'failed without a word'}"


def _run(command: Iterable[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        list(command), capture_output=True, text=True, check=False, timeout=SLURM_ANSWER_SECONDS
    )
