"""A few minutes of an NVIDIA GPU, spent on all that only a GPU can show: tests, times, a study.

    python -m benchmarks.gpu_day --minutes 8 --out "$OUT"

The repository and the packages of `pyproject.toml` have to be there (`PYTHONPATH=.` does for the
first where nothing is installed); nothing is downloaded. The day keeps its minutes by itself: every
stage is told its share of what is left, the most important first, and what it leaves is for those
that were cut off. A measurement runs in a child process with a time limit, so one that hangs or
loses the device is written down and the day goes on. Every figure is a line of `figures.jsonl` as
soon as there is one; the same command goes on with what is missing, and `--minutes 0` only prints.

    python -m benchmarks.gpu_day --tiny --minutes 3 --out /tmp/rehearsal

is a rehearsal with tiny networks on any machine. Its figures mean nothing but that the code runs.

What is in the folder afterwards: `figures.jsonl`, `tables.txt`, `day.log` (what the measurements
print), and `records.tar.gz` (the runs of `runs/`: records, epochs, predictions).
"""
