"""What the short names of the ensemble classes stand for, told where they first appear."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

CLASS_TERMS = {
    "deq": "depth-equivalent: k networks as deep as the single one, each narrower",
    "weq": "width-equivalent: k networks as wide as the single one, each shallower",
}
"""Short name of a class -> what it is."""


def spell_out_classes(sentences: Iterable[str]) -> list[str]:
    """Explain `deq` and `weq` in parentheses behind their first mention, whichever sentence has it.

    Names of runs and files, such as `resnet-26x8-deq-k4`, and overrides are no mentions.

    >>> spell_out_classes(["Build run-deq-1.", "deq, k = 4, is better.", "deq is it."])[1]
    'deq (depth-equivalent: k networks as deep as the single one, each narrower), k = 4, is better.'
    """
    told = list(sentences)
    for name, meaning in CLASS_TERMS.items():
        mention = re.compile(rf"(?<![\w./=,-]){name}(?![\w/-])")
        for number, sentence in enumerate(told):
            explained = mention.sub(f"{name} ({meaning})", sentence, count=1)
            if explained != sentence:
                told[number] = explained
                break
    return told
