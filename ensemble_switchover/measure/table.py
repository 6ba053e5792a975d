"""What was measured, as lines for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.measure.timed_file import TimedFile


def table_lines(found: dict[str, Any]) -> list[str]:
    """Lay out what was measured as a table for a terminal."""
    titles = ["file", "precision", "batch", "p50 ms", "p90 ms", "p99 ms", "ms/image", "images/s"]
    joules = [key for key in ("processor_joules_per_image", "gpu_joules_per_image")
              if any(key in row for m in found["models"] for row in m["timings"])]  # fmt: skip
    titles += [key.replace("_joules_per_image", " J/image") for key in joules]
    rows = [titles]
    for model in found["models"]:
        for row in model["timings"]:
            calls = [row[f"p{q}_ms_per_call"] for q in (50, 90, 99)]
            shown = [_figures(value) for value in (*calls, row["mean_ms_per_image"])]
            shown.append(f"{row['images_per_second']:,.0f}")
            shown += [_figures(row.get(key)) for key in joules]
            rows.append([model["file"], model["precision"], str(row["batch_size"]), *shown])
    widths = [max(len(row[i]) for row in rows) for i in range(len(titles))]
    return [
        "  ".join(
            text.ljust(width) if i < 2 else text.rjust(width)
            for i, (text, width) in enumerate(zip(row, widths))
        ).rstrip()
        for row in rows
    ]


def _figures(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}" if value < 1000 else f"{value:,.0f}"


def quality_lines(found: dict[str, Any]) -> list[str]:
    """Say what every model erred on the given images, and what a cascade asked."""
    lines = []
    for model in found["models"]:
        if "error_percent" in model:
            text = (
                f"{model['file']} ({model['precision']}): {model['error_percent']:.2f} % error on "
                f"{found['num_images']} images"
            )
            if "largest_probability_difference" in model:
                text += (
                    f", probabilities differ by up to {model['largest_probability_difference']:.2g}"
                )
            if "mean_members" in model:
                text += f", {model['mean_members']:.2f} members asked on average"
            lines.append(text)
    return lines


def unsteady_lines(
    models: Sequence[TimedFile], timings: Sequence[Sequence[dict[str, Any]]], seconds: float
) -> list[str]:
    """Say which times are not steady.

    Args:
        models: What was timed.
        timings: Of each model its figures at every batch size.
        seconds: The limit that was set.
    """
    lines = []
    for model, rows in zip(models, timings):
        for row in rows:
            if not row["steady"]:
                spread = row["spread_percent"]
                why = (
                    f"only {row['num_passes']} passes were done"
                    if spread is None
                    else f"the quartiles lie {spread:.0f} % of the median apart"
                )
                lines.append(
                    f"{model.name} ({model.precision}) at batch size {row['batch_size']}: {why} "
                    f"after {seconds:g} s; something else may share the machine, or its clock "
                    f"changes; a longer --seconds may help"
                )
    return lines
