"""Commands of a Slurm that is none, for tests: it takes as many jobs as it is told, or refuses."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

SBATCH = """#!{python} -S
import json, pathlib, pickle, re, sys
place = pathlib.Path({place!r})
told = json.loads((place / "told.json").read_text())
script = pathlib.Path(sys.argv[1]).read_text()
array = re.search(r"--array=0-(\\d+)%(\\d+)", script)
size = int(array[1]) + 1 if array else 1
dependency = re.search(r"--dependency=(\\S+)", script)
number = told["next"]
refusal = told["refusals"].pop(0) if told["refusals"] else None
if refusal is None and size > told["largest"]:
    refusal = "sbatch: error: Batch job submission failed: Invalid job array specification"
if refusal is None and told["queued"] + size > told["limit"]:
    refusal = told["full"]
    told["queued"] = max(0, told["queued"] - 1)  # one of them ends
created = refusal is None or "timed out" in refusal
if created:
    told["next"] += 1
    told["queued"] += size if refusal is None else 0
    told["arrays"].append([number, size, int(array[2]) if array else None,
                           dependency and dependency[1], sys.argv[1], refusal is None])
(place / "told.json").write_text(json.dumps(told))
if refusal is not None:
    sys.exit(refusal)
root = pathlib.Path(told["folder"])
for task in range(size):
    name = f"{{number}}_{{task}}" if array else str(number)
    (root / name).mkdir(parents=True)
    (root / name / f"{{name}}_0_result.pkl").write_bytes(pickle.dumps(("success", name)))
print(f"Submitted batch job {{number}}")
"""
SQUEUE = """#!{python} -S
import json, pathlib
told = json.loads((pathlib.Path({place!r}) / "told.json").read_text())
for number, _, _, _, path, _ in told["arrays"]:
    print(f"{{number}}|{{path}}")
"""
SCONTROL = """#!/bin/sh
echo "MaxArraySize            = {max_array_size}"
"""
SCANCEL = """#!/bin/sh
echo "$@" >> {place}/cancelled
"""
FULL = (
    "sbatch: error: QOSMaxSubmitJobPerUserLimit\n"
    "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit "
    "limit, user's size and/or time limits)"
)


class FakeSlurm:
    """Its commands lie in a folder that is the first of PATH."""

    def __init__(self, place: Path, folder: Path, max_array_size: int, **told: Any) -> None:
        """Take the folder of the commands, that of submitit, and how many jobs are taken."""
        place.mkdir()
        self.place = place
        self._write({"next": 1, "queued": 0, "limit": 10**6, "largest": 10**6, "full": FULL,
                     "refusals": [], "arrays": [], "folder": str(folder), **told})  # fmt: skip
        values = {"python": sys.executable, "place": str(place), "max_array_size": max_array_size}
        commands = {"sbatch": SBATCH, "squeue": SQUEUE, "scontrol": SCONTROL, "scancel": SCANCEL,
                    "srun": "#!/bin/sh\n"}  # fmt: skip
        for name, text in commands.items():
            path = place / name
            path.write_text(text.format(**values))
            path.chmod(0o755)

    def path(self) -> str:
        """Return PATH with its commands before all others."""
        return f"{self.place}{os.pathsep}{os.environ['PATH']}"

    @property
    def arrays(self) -> list[tuple[int, int | None, str | None]]:
        """What was taken, in order: number of jobs, how many run at a time, behind which others."""
        told = json.loads((self.place / "told.json").read_text())
        return [(size, width, behind) for _, size, width, behind, _, known in told["arrays"]
                if known]  # fmt: skip

    @property
    def cancelled(self) -> list[str]:
        """The jobs that were cancelled."""
        path = self.place / "cancelled"
        return path.read_text().split() if path.exists() else []

    def _write(self, told: dict[str, Any]) -> None:
        (self.place / "told.json").write_text(json.dumps(told))
