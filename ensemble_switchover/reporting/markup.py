"""A table as Markdown and as LaTeX."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ensemble_switchover.machine.terminal import ShownTable

_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "±": r"$\pm$",
    "×": r"$\times$",  # noqa: RUF001
    "–": "--",  # noqa: RUF001
}


def write_markdown(table: ShownTable) -> str:
    """Write a table as GitHub Markdown with the caption below it.

    Markdown and HTML characters in cells are escaped.
    """
    aligned = [":---" if table.is_text(number) else "---:" for number in range(len(table.headers))]
    lines = [
        *(_row([_escape_markdown(text) for text in table.headers]), _row(aligned)),
        *(_row([_escape_markdown(cell) for cell in row]) for row in table.rows),
    ]
    return "\n".join([*lines, "", _escape_markdown(table.caption), ""])


def write_latex(table: ShownTable) -> str:
    """Write a table as LaTeX that needs only the package booktabs."""
    columns = "".join("l" if table.is_text(i) else "r" for i in range(len(table.headers)))
    caption = " ".join(_escape_latex(table.caption).split())
    return "\n".join(
        [
            r"% needs \usepackage{booktabs}",
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            _latex_row(table.headers),
            r"\midrule",
            *map(_latex_row, table.rows),
            r"\bottomrule",
            r"\end{tabular}",
            f"% {caption}",
            "",
        ]
    )


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escape_markdown(text: str) -> str:
    for sign in "\\`*_{}[]<>|#":
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())


def _latex_row(cells: tuple[str, ...]) -> str:
    return f"{' & '.join(_escape_latex(cell) for cell in cells)} \\\\"


def _escape_latex(text: str) -> str:
    return "".join(_LATEX.get(sign, sign) for sign in " ".join(text.split()))
