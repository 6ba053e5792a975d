"""A run that is killed at random moments and gone on with, beside one that is left alone.

A process of its own: copies of it are killed, and copies need a process that has started little.
"""

import gc
import os
import random
import signal
import sys
import threading
import time
import traceback
from pathlib import Path

from hydra import compose, initialize_config_dir

from ensemble_switchover.config.groups import conf_folder, register_schemas
from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.config.schema import typed
from ensemble_switchover.results.store import dump_epochs, load_epochs
from ensemble_switchover.runner.run import train_and_measure
from tests.runner.test_resuming import assert_equal_states, last_weights, timeless

NUM_KILLS = 20


def made(plan, folder, *recipe):
    words = [
        "logger=none", "epochs=6", "device=cpu", "threads=1", "design=deq", "k=2",
        "budget.width=4", "budget.depth=8", "dataset.train_size=40", "dataset.test_size=60",
        "recipe.batch_size=16", "measurement.latency_batch_sizes=[1]",
        "measurement.latency_seconds=0.01", f"execution={plan}", f"results={folder}",
        *recipe,
    ]  # fmt: skip
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        config = typed(compose("config", overrides=words))
    return resolve(config), config


def run(spec, config):  # polars, by which records are written, does not survive a copy
    record = train_and_measure(spec, config)
    spec.folder.mkdir(parents=True, exist_ok=True)  # of a copy that was killed after that
    (spec.folder / "epochs").write_bytes(dump_epochs(record.epochs))
    (spec.folder / "seconds").write_text(str(record.wall_seconds))


def killed_or_done(spec, config, seconds):
    """Run in a copy of this process, and kill that after so many seconds.

    Returns:
        Whether it was done before, and how long it lived.
    """
    begin = time.monotonic()
    process_id = os.fork()
    if process_id == 0:
        code = 1
        try:
            run(spec, config)
            code = 0
        except BaseException:
            traceback.print_exc()
            raise
        finally:
            os._exit(code)
    done = threading.Event()
    killer = threading.Thread(target=lambda: done.wait(seconds) or os.kill(process_id, 9))
    killer.start()
    _, status = os.waitpid(process_id, 0)
    done.set()
    killer.join()
    assert status in {0, signal.SIGKILL}
    return status == 0, time.monotonic() - begin


def main(plan, folder, *recipe):
    register_schemas()
    whole_spec, config = made(plan, folder / "whole", *recipe)
    begin = time.monotonic()
    run(whole_spec, config)
    seconds = time.monotonic() - begin
    gc.freeze()  # a copy writes to little of the memory that it shares
    whole = load_epochs((whole_spec.folder / "epochs").read_bytes())
    moments, kills, rounds = random.Random(0), 0, 0
    while kills < NUM_KILLS:
        rounds += 1
        spec, config = made(plan, folder / f"killed_{rounds}", *recipe)
        lived, done = 0.0, False
        while not done:
            limit = moments.uniform(0, 0.6 * seconds) if kills < NUM_KILLS else 600.0
            done, alive = killed_or_done(spec, config, limit)
            lived += alive
            kills += not done
            time.sleep(0.05)  # no time of the run's
        epochs = load_epochs((spec.folder / "epochs").read_bytes())
        assert timeless(epochs) == timeless(whole)
        assert_equal_states(last_weights(spec), last_weights(whole_spec))
        training = sum(epoch.training_seconds for epoch in epochs)
        assert 0 < training < float((spec.folder / "seconds").read_text()) < lived
    print(f"{kills} kills")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
