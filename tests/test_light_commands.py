"""What reads or plans starts quickly: its commands import no torch, each no more than it needs."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ensemble_switchover.results.store import write_record
from tests.factories import make_record

if TYPE_CHECKING:
    from pathlib import Path

CODE = """
import importlib, sys, warnings

STUDY, OUT = sys.argv[1:]
HEAVY = {"torch", "torchvision", "torchmetrics", "pytorch_lightning", "lightning"}
READS = HEAVY | {"wandb", "sklearn"}

def check(module, *commands, heavy, code=0):
    main = importlib.import_module(f"ensemble_switchover.{module}").main
    for command in commands:
        assert main([str(part) for part in command]) == code, (module, command)
        assert not heavy & set(sys.modules), (module, command, heavy & set(sys.modules))

# What Python code calls needs as little; `sys.modules` has the package alone at first.
import ensemble_switchover
assert not [name for name in sys.modules if name.startswith(("hydra", "ensemble_switchover.api"))]
assert len(ensemble_switchover.designs_for("design=single,deq", k=2)) == 2
assert ensemble_switchover.compose(design="deq", k=2).design.k == 2
assert not (READS | {"scipy", "matplotlib"}) & set(sys.modules), READS & set(sys.modules)

# What one command imports, the next ones have: those that need least come first.
check("designs", ["sweep=demo"], ["--paper"], heavy=READS | {"scipy", "matplotlib"})
check("results.__main__", ["--columns"], [STUDY], heavy=READS | {"matplotlib"})
check("results.__main__", [STUDY, "--check"], heavy=READS | {"matplotlib"}, code=1)  # made up
check("export", [f"{STUDY}/absent", "--format", "torch_export"], heavy=READS, code=2)
check("plan", ["sweep=demo", "--machine", "a100", "device=auto"], heavy=READS)
check("advise", [STUDY], heavy=READS | {"matplotlib"})
check("explore", [STUDY], heavy=READS | {"matplotlib"})
check("report", [STUDY, "--out", OUT], heavy=READS | {"matplotlib.pyplot"})
warnings.filterwarnings("ignore", "Pydantic V1 style `@validator`")  # of wandb-workspaces
check("dashboard", ["elsewhere", "--dry-run"], heavy=HEAVY)
"""


@pytest.mark.process
def test_no_command_that_reads_or_plans_imports_torch(tmp_path: Path) -> None:
    for record in (make_record(), make_record(design_class="deq", k=2)):
        write_record(tmp_path / "demo" / record.name, record)

    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", CODE, str(tmp_path / "demo"), str(tmp_path / "out")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
    (line,) = ended.stderr.splitlines()
    assert "absent: no such folder" in line
