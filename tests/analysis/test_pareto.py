"""The Pareto front against its definition."""

from __future__ import annotations

import random

from ensemble_switchover.analysis.pareto import pareto_front


def test_the_front_is_that_of_the_definition() -> None:
    generator = random.Random(2)
    for _ in range(200):
        size = generator.randint(0, 8)
        costs = [float(generator.randint(1, 4)) for _ in range(size)]
        errors = [float(generator.randint(1, 4)) for _ in range(size)]
        points = list(zip(costs, errors, strict=True))
        expected = [
            not any((c, e) != point and c <= point[0] and e <= point[1] for c, e in points)
            for point in points
        ]
        assert pareto_front(costs, errors) == expected
