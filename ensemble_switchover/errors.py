"""The errors that a user can cause; each is one sentence or a few, never a stack trace."""


class EnsembleSwitchoverError(Exception):
    """Base of every error that is reported to the user as plain text."""


class ConfigError(EnsembleSwitchoverError, ValueError):
    """A configuration that cannot be run; takes one text or several.

    Each names the key, what was expected and what came.
    """

    def __str__(self) -> str:
        return join_problems([str(problem) for problem in self.args])


class DesignError(ConfigError):
    """A network or an ensemble that does not exist under the given budget."""


class DataError(EnsembleSwitchoverError):
    """A data set that is absent or not what it should be."""


class ImageError(EnsembleSwitchoverError, ValueError):
    """Images that a trained ensemble cannot predict from."""


class RecordError(EnsembleSwitchoverError):
    """A record that cannot be read or is not of the expected form."""


class MeasureError(EnsembleSwitchoverError):
    """What `measure` cannot time, or lacks."""


class TrainingError(EnsembleSwitchoverError):
    """A training run that failed in a way that a user can act upon."""


class DivergenceError(TrainingError):
    """A member whose loss is not finite: going on from its last epoch would end the same."""


class MachineError(EnsembleSwitchoverError):
    """What the machine refuses, lacks or has lost: no fault of the run, which can go on."""


class ProcessEndedError(EnsembleSwitchoverError):
    """A process of a run that was ended from outside; the run can go on."""


def join_problems(problems: list[str]) -> str:
    """Lay out one or several problems as the text of one error.

    >>> print(join_problems(["k=0: expected 1 to 64"]))
    k=0: expected 1 to 64
    """
    if len(problems) == 1:
        return problems[0]
    return f"{len(problems)} problems:\n" + "\n".join(f"  - {problem}" for problem in problems)


def first_line(error: BaseException) -> str:
    """Return the first line of what an error says, or its name where it says nothing."""
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
