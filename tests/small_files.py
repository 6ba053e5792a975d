"""The program on a disk for small files alone: `python -m tests.small_files BYTES WORDS`."""

from __future__ import annotations

import resource
import sys

from ensemble_switchover import app

if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)),) * 2)
    app.main()
