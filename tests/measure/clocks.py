"""A clock that only the timed calls move."""


class Clock:
    """Seconds that pass only while a model sleeps."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now

    def sleeper(self, durations, log=None, name=""):
        durations = iter(durations)

        def call():
            self.now += next(durations)
            if log is not None:
                log.append(name)

        return call


def endless(values):
    while True:
        yield from values
