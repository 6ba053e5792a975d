"""Tables as Markdown and LaTeX."""

from __future__ import annotations

import re

from ensemble_switchover.machine.terminal import ShownTable
from ensemble_switchover.reporting.markup import write_latex, write_markdown

TABLE = ShownTable(
    "50 % of it\nis <b>bold</b>",
    ("Name", "Error, %"),
    ((r"a|b_c & \x{1} $#~^", "1.0 ± 0.2"), ("", "–")),  # noqa: RUF001
    1,
)


def test_latex_is_escaped_and_aligned() -> None:
    text = write_latex(TABLE)

    assert r"\begin{tabular}{lr}" in text
    assert r"Name & Error, \% \\" in text
    assert (
        r"a|b\_c \& \textbackslash{}x\{1\} \$\#\textasciitilde{}\textasciicircum{} & 1.0 $\pm$ 0.2"
        in text
    )
    rows = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert [len(re.findall(r"(?<!\\)&", row)) for row in rows] == [1, 1, 1]
    assert text.count(r"\begin{tabular}") == text.count(r"\end{tabular}") == 1
    assert text.splitlines()[-1].startswith(r"% 50 \% of it is \textless{}b")


def test_markdown_has_one_line_a_row_and_no_markup_of_its_own() -> None:
    lines = write_markdown(TABLE).splitlines()

    assert lines[:2] == ["| Name | Error, % |", "| :--- | ---: |"]
    assert lines[2] == r"| a\|b\_c & \\x\{1\} $\#~^ | 1.0 ± 0.2 |"
    assert [len(re.findall(r"(?<!\\)\|", line)) for line in lines[:4]] == [3] * 4
    assert r"\<b\>bold" in lines[5]
