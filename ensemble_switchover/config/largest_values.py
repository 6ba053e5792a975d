"""The largest values of keys: more than any run needs, less than 64 bits and file names hold."""

MAX_MAGNITUDE = 30
"""The strongest magnitude of RandAugment."""

RANDAUGMENT_OPERATIONS = 14
"""The number of operations of RandAugment."""

MAX_IMAGE_SIZE = 1024
"""The largest side of an image in pixels; the networks are made for small images."""

MAX_THREADS = 1024
"""More threads than any machine has; torch would try to start them all."""

MAX_CHANNELS = 1024
"""More channels than any image has that these networks are made for."""

MAX_IMAGES = 100_000_000
"""More images than any data set has, and than any batch that fits into memory."""

MAX_CLASSES = 1_000_000
"""More classes than any data set has."""

MAX_EPOCHS = 1_000_000
"""More epochs than any run has; each has a row, and may have a file, of its own."""

MAX_LAYER_REPEATS = 10_000
"""More repeats than the timing of layers needs."""

MAX_LATENCY_SECONDS = 86_400
"""A day, for the timing of one model at one batch size."""

MAX_SWEEP_HOURS = 1_000_000
"""More than a hundred years."""

MAX_SWEEP_RUNS = 100_000
"""More runs than any sweep has; plans hold all of them in memory."""

MAX_RATE = 1_000_000
"""A larger learning rate or weight decay leaves no finite loss."""

MAX_STEPS_BETWEEN_LOGS = 1_000_000
"""More steps than any callback lets pass before it logs."""
