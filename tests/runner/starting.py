"""Call the function under test as a sweep does."""

from ensemble_switchover.runner.job import run_job


def start(spec, retry="none"):
    """Run the job of a run spec."""
    resolved, config = spec
    config.retry = retry
    return run_job(resolved, config, concurrent_jobs=1)
