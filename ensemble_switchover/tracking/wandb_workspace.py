"""The W&B workspace and report of a study, as wandb-workspaces' objects; nothing is sent here.

Every point of a scatter plot is a run, in the colour of its design class. Lines are the mean of a
design's seeds with their range, which share all else. Who wins a cell of the heat map is judged on
the differences between seeds, which no panel of W&B can do: the report shows our own figures,
logged as images.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import wandb_workspaces.reports.v2 as wr
import wandb_workspaces.workspaces as ws
from wandb_workspaces import expr

from ensemble_switchover.config.wandb_names import view_name, wandb_group
from ensemble_switchover.reporting.figures.style import COLOURS
from ensemble_switchover.tracking.metrics import RESOLVED_KEY
from ensemble_switchover.tracking.wandb_run import FIGURES_JOB, RUN_JOB

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_RUNS = 1000
"""Runs, or designs, in a panel at most; W&B shows ten by default."""

GRID_COLUMNS = 24
PANEL_WIDTH, PANEL_HEIGHT = 12, 10
PICTURE_HEIGHT = 20

PARAMETERS = "summary/parameters"


@dataclass(frozen=True, slots=True)
class Contents:
    """What the runs of a study hold, and what can be shown of them."""

    study: str
    evaluated_on: tuple[str, ...]
    """`test`, `validation`, or both: the images that its runs are measured on."""
    batch_sizes: tuple[int, ...]
    """Batch sizes of its latencies."""
    memory: tuple[str, ...]
    """`device`, `rss`, or both: the memory that its runs measured."""
    ensembles: bool
    """Whether any run is an ensemble."""
    pictures: tuple[str, ...] = ()
    """Keys of the figures that were logged as images."""
    sentences: tuple[str, ...] = ()
    """Findings, from the runs that were finished."""
    times_of: tuple[str, ...] = ()
    """`run`, `timing pass`, or both: what the seconds, memory and latencies of its runs are of."""
    own_groups: tuple[str, ...] = ()
    """Groups of its runs in W&B, where they are not that of the study."""

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups of its runs in W&B."""
        return self.own_groups or (wandb_group(self.study),)


@dataclass(frozen=True, slots=True)
class Chapter:
    """Panels that belong together."""

    title: str
    panels: list[Any]
    of_times: bool = False
    """Whether they show seconds, memory or latencies, which compare within one kind only."""


def chapters(contents: Contents) -> list[Chapter]:
    """Make the panels of a study."""
    errors, epochs = [], []
    for measured in contents.evaluated_on:
        errors += [
            _by_parameters(f"{measured.capitalize()} error", f"{measured}/error_percent", "%"),
            _by_parameters(
                f"Mean {measured} error of the members",
                f"{measured}/mean_member_error_percent",
                "%",
            ),
        ]
        epochs += [
            _by_epoch(f"{measured.capitalize()} error", f"{measured}/error_percent", "%"),
            _by_epoch("Negative log-likelihood", f"{measured}/nll_nats", "nats"),
            _by_epoch("Expected calibration error", f"{measured}/ece", "0 to 1"),
        ]
        if contents.ensembles:
            epochs.append(_by_epoch("Disagreement", f"{measured}/disagreement", "0 to 1"))
    times = [
        _by_parameters("Training time per epoch", "summary/epoch_seconds", "s"),
        *(
            _by_parameters(
                f"Inference time per image, batch {size}",
                f"latency/batch_{size}_median_ms_per_image",
                "ms",
            )
            for size in contents.batch_sizes
        ),
        _by_epoch("Training time", "train/training_seconds", "s"),
    ]
    memory = [
        _by_parameters(title, f"summary/peak_{kind}_bytes", "bytes")
        for kind, title in (
            ("device", "Peak memory on the device"),
            ("rss", "Peak resident memory of the process"),
        )
        if kind in contents.memory
    ]
    return [
        Chapter("Error against parameters", errors),
        Chapter("By epoch", epochs),
        Chapter("Time", times, of_times=True),
        Chapter("Memory", memory, of_times=True),
    ]


def make_workspace(
    contents: Contents, entity: str, project: str, classes: Mapping[str, str]
) -> ws.Workspace:
    """Make a saved view of the project, of this study's runs.

    All its panels show the same runs. So it has none of times where these are of both kinds.

    Args:
        contents: What is shown.
        entity: W&B user or team.
        project: W&B project.
        classes: W&B's id of every run -> its design class, which gives its colour.
    """
    return ws.Workspace(
        entity=entity,
        project=project,
        name=view_name(contents.study),
        sections=[
            ws.Section(name=chapter.title, panels=chapter.panels, is_open=True)
            for chapter in chapters(contents)
            if not (chapter.of_times and len(contents.times_of) > 1)
        ],
        settings=ws.WorkspaceSettings(x_axis="epoch", max_runs=MAX_RUNS),
        runset_settings=ws.RunsetSettings(
            filters=_runs_of(contents.groups, RUN_JOB),
            pinned_columns=[
                f"config:{RESOLVED_KEY}.value.design_label",
                f"summary:{PARAMETERS}",
                *(f"summary:{measured}/error_percent" for measured in contents.evaluated_on),
                "summary:summary/epoch_seconds",
            ],
            run_settings={
                run: ws.RunSettings(color=colour) for run, colour in _colours(classes).items()
            },
        ),
    )


def make_report(
    contents: Contents, entity: str, project: str, classes: Mapping[str, str]
) -> wr.Report:
    """Make a report of this study; its arguments are those of `make_workspace`."""
    finished = expr.And(_runs_of(contents.groups, RUN_JOB), expr.Metric("State") == "finished")
    times_of = expr.Config(f"{RESOLVED_KEY}.times_of")
    kinds = {"run": times_of != "timing pass", "timing pass": times_of == "timing pass"}

    def runset(name: str, filters: expr.And) -> wr.Runset:
        colours = {run: wr.RunSettings(color=colour) for run, colour in _colours(classes).items()}
        return wr.Runset(name=name, filters=filters, run_settings=colours)

    runs = runset("Runs", finished)
    legend = ", ".join(f"{name} {colour}" for name, colour in COLOURS.items())
    blocks: list[Any] = [
        wr.P(
            "One point of a scatter plot is one run, in the colour of its design class "
            f"({legend}); one line is one design, trained in one way on the same images: the mean "
            "and range of its seeds."
        ),
        wr.TableOfContents(),
    ]
    if contents.pictures:
        figures = wr.Runset(
            name="Figures", filters=_runs_of([wandb_group(contents.study)], FIGURES_JOB)
        )
        blocks += [
            wr.H1("Switchover"),
            *(wr.P(sentence) for sentence in contents.sentences),
            wr.PanelGrid(
                runsets=[figures],
                panels=[
                    wr.MediaBrowser(
                        title=picture,
                        media_keys=[picture],
                        num_columns=1,
                        layout=wr.Layout(
                            y=number * PICTURE_HEIGHT, w=GRID_COLUMNS, h=PICTURE_HEIGHT
                        ),
                    )
                    for number, picture in enumerate(contents.pictures)
                ],
            ),
        ]
    apart = len(contents.times_of) > 1
    for chapter in chapters(contents):
        if not (chapter.of_times and apart):
            grid = wr.PanelGrid(runsets=[runs], panels=_laid_out(chapter.panels))
            blocks += [wr.H1(chapter.title), grid]
    for kind in contents.times_of if apart else ():
        of_kind = runset(f"Runs, times of a {kind}", expr.And(finished, kinds[kind]))
        for chapter in chapters(contents):
            if chapter.of_times:
                grid = wr.PanelGrid(runsets=[of_kind], panels=_laid_out(chapter.panels))
                blocks += [wr.H1(f"{chapter.title}, of a {kind}"), grid]
    return wr.Report(
        entity=entity,
        project=project,
        title=f"Study {contents.study}",
        description="One network, or an ensemble of the same number of parameters?",
        width="fluid",
        blocks=blocks,
    )


def specification(workspace: ws.Workspace, report: wr.Report) -> dict[str, Any]:
    """Return what W&B would be sent, as plain values."""
    return {
        "workspace": workspace._to_model().model_dump(
            mode="json", by_alias=True, exclude_none=True
        ),
        "report": report._to_model().model_dump(mode="json", by_alias=True, exclude_none=True),
    }


def _runs_of(groups: Sequence[str], job_type: str) -> expr.And:
    group = expr.Metric("Group")
    is_shown = group == groups[0] if len(groups) == 1 else group.isin(list(groups))
    return expr.And(is_shown, expr.Metric("JobType") == job_type)


def _colours(classes: Mapping[str, str]) -> dict[str, str]:
    colours = {str(name): colour for name, colour in COLOURS.items()}
    return {run: colours[name] for run, name in classes.items() if name in colours}


def _by_parameters(title: str, metric: str, unit: str) -> wr.ScatterPlot:
    return wr.ScatterPlot(
        title=f"{title} ({unit}) against parameters",
        x=wr.SummaryMetric(PARAMETERS),
        y=wr.SummaryMetric(metric),
        log_x=True,
    )


def _by_epoch(title: str, metric: str, unit: str) -> wr.LinePlot:
    return wr.LinePlot(
        title=f"{title} by epoch and design",
        x="epoch",
        y=[metric],
        title_x="epoch",
        title_y=unit,
        groupby=wr.Config(f"{RESOLVED_KEY}.design_label"),
        groupby_aggfunc="mean",
        groupby_rangefunc="minmax",
        max_runs_to_show=MAX_RUNS,
    )


def _laid_out(panels: Sequence[Any]) -> list[Any]:
    columns = GRID_COLUMNS // PANEL_WIDTH
    for number, panel in enumerate(panels):
        row, column = divmod(number, columns)
        panel.layout = wr.Layout(
            x=column * PANEL_WIDTH, y=row * PANEL_HEIGHT, w=PANEL_WIDTH, h=PANEL_HEIGHT
        )
    return list(panels)
