"""A script with another copy of the package: `python -m tests.in_copy FOLDER SCRIPT ARGUMENTS`.

Nothing of the package or of its Hydra plugin that was imported before is there: only what they
import themselves, such as torch.
"""

from __future__ import annotations

import sys
from pathlib import Path

FORGOTTEN = ("ensemble_switchover", "hydra_plugins.study_sweeper", "tests")


def main() -> None:
    """Forget the package, and run the script with that of the folder."""
    folder, script = sys.argv[1:3]
    for name in list(sys.modules):
        if name.startswith(FORGOTTEN) and name != "tests.in_copy":
            del sys.modules[name]
    sys.path.insert(0, folder)
    import ensemble_switchover

    assert Path(ensemble_switchover.__file__).is_relative_to(folder)
    sys.argv[:] = ["-c", *sys.argv[3:]]
    exec(compile(script, "script", "exec"), {"__name__": "__main__"})


if __name__ == "__main__":
    main()
