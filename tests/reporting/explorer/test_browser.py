"""The page in a real browser: what every control does, and that the numbers are the analysis'."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ensemble_switchover.advise import main as advise_main
from ensemble_switchover.analysis.comparison import group_comparisons
from ensemble_switchover.analysis.decision_rule import DecisionRule
from ensemble_switchover.analysis.finding import derive_finding
from ensemble_switchover.explore import write_explorer
from ensemble_switchover.machine.terminal import ABSENT
from ensemble_switchover.reporting.explorer import content as explorer_content
from ensemble_switchover.reporting.explorer.content import build_content
from ensemble_switchover.reporting.explorer.document import render_explorer
from ensemble_switchover.results.added_timings import add_timings
from ensemble_switchover.results.store import read_records, write_record
from ensemble_switchover.results.study_folders import MissingRun
from tests.analysis.advice.advice_cases import FALLEN
from tests.analysis.advice.planted_cascades import make_timing, planted_runs
from tests.factories import make_record, make_study
from tests.reporting.explorer.browser import (
    ask,
    choose,
    choose_each,
    heard,
    open_page,
    settle,
    table_of,
    use_tab,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from ensemble_switchover.results.record import Record

EVIL = "</script><script>window.evil = 1</script><img src=x onerror=window.evil=1> {{7*7}}"


def error_of(level: float) -> Any:
    """Make a study's errors: weq is the better, the larger; deq the worse."""

    def error(name: str, column: int, epoch: int, seed: int) -> float:
        gain = {"single": 0.0, "deq": 1.5, "weq": 2.0 - 1.5 * column}[name]
        return level + 10.0 / epoch + gain + 0.1 * seed + 0.02 * ((seed * 7 + column) % 3)

    return error


@pytest.fixture(scope="module")
def wide_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a page of two data sets, two families, three k, two conditions and two recipes."""
    fused = {"execution": "fused", "execution_requested": "fused", "device_name": "Other CPU"}
    records = [
        *make_study(error_of(10.0), k=2),
        *make_study(error_of(10.0), k=4),
        *make_study(error_of(9.0), k=4, recipe={"epochs": 60}),
        *make_study(error_of(10.0), k=4, environment=fused, latencies={128: 7.0})[:6],
        *make_study(error_of(15.0), k=4, dataset={"name": "svhn", "image_size": 32}),
        *[
            make_record(family="vgg", depth=8, width=width, seed=seed,
                        dataset={"name": "svhn", "image_size": 32},
                        test_errors=[30.0 - width + seed])
            for width in (8, 12) for seed in (0, 1)
        ],
    ]  # fmt: skip
    return write_page(tmp_path_factory.mktemp("wide") / "explorer.html", records)


def write_page(path: Path, records: Sequence[Record], failed: Sequence[MissingRun] = ()) -> Path:
    content = build_content(records, lambda runs: runs[0].name)
    path.write_text(render_explorer(content, failed), "utf-8")
    return path


def options_of(page: Page, name: str) -> list[str]:
    values: list[str] = page.eval_on_selector_all(
        f"#{name} option", "options => options.map(option => option.value)"
    )
    return values


def advised(demo: Path, capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, Any]:
    assert advise_main([str(demo), "--format", "json", *options]) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


QUESTIONS: list[tuple[dict[str, str], list[str]]] = [
    ({"parameters": "200k", "epochs": "20"}, ["--parameters", "200k", "--epochs", "20"]),
    (
        {"latency": "0.3", "memory": "8GiB", "accuracy": "95"},
        ["--latency-ms", "0.3", "--memory", "8GiB", "--accuracy", "95"],
    ),
    ({"fastest": "0.2"}, ["--fastest-latency-ms", "0.2"]),
    ({"hours": "0.003", "parameters": "0.1M"}, ["--hours", "0.003", "--parameters", "0.1M"]),
]
"""What is typed into the page -> the same options of the command."""


def test_the_advice_shown_is_that_of_the_analysis(
    browser: Browser, demo_page: Path, demo_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_page(browser, demo_page) as page:
        for typed, options in QUESTIONS:
            ask(page, **typed)
            assert_advice_shown(page, advised(demo_folder, capsys, *options))
            ask(page, **dict.fromkeys(typed, ""))


@pytest.mark.parametrize(
    ("rule", "options"),
    [
        (DecisionRule(), []),
        (
            DecisionRule("paired_t", 0.95, keep_collapsed=True),
            ["--rule", "paired_t", "--confidence", "95%", "--keep-collapsed"],
        ),
        (DecisionRule("mann_whitney", 0.8), ["--rule", "mann_whitney", "--confidence", "0.8"]),
    ],
    ids=lambda given: given.method if isinstance(given, DecisionRule) else "",
)
def test_the_advice_and_the_names_of_intervals_follow_the_rule(
    browser: Browser,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    rule: DecisionRule,
    options: list[str],
) -> None:
    write_fallen_study(tmp_path)
    page_path = write_explorer([tmp_path], tmp_path / "explorer.html", rule)

    with open_page(browser, page_path) as page:
        assert rule.interval_name in page.inner_text("section[aria-labelledby=advice-title]")
        assert page.inner_text("#rule option:checked") == rule.interval_name
        for typed, limits in (({}, []), ({"epochs": "1"}, ["--epochs", "1"])):
            ask(page, **typed)
            answer = page.inner_text("#answer")
            remarks = page.inner_text("#remarks").splitlines()
            expected = advised(tmp_path, capsys, *options, *limits)
            assert [answer, *remarks] == expected["sentences"]
        ask(page, epochs="", parameters="10")
        remarks = page.inner_text("#remarks").splitlines()
        expected = advised(tmp_path, capsys, *options, "--parameters", "10")
        assert [page.inner_text("#answer"), *remarks] == expected["sentences"]
        ask(page, parameters="")
        level = f"{100 * rule.confidence:g} % interval"
        runs = {row["Design"]: (row[level], row["Runs"]) for row in table_of(page, "advice-table")}
    best = expected["other_treatment_of_collapsed"]
    assert best["keep_collapsed"] is not rule.keep_collapsed
    assert all(interval == ABSENT or " to " in interval for interval, _ in runs.values())
    assert any(number == "5 (1 collapsed)" for _, number in runs.values())


def write_fallen_study(folder: Path) -> None:
    """Write a study in which one single network collapsed; one design has two seeds."""
    for name, width, errors in (
        ("single", 12, (6.0, 6.1, 5.9, 6.2)),
        ("single", 16, FALLEN),
        ("deq", 16, (5.3, 5.2, 5.5, 5.4, 5.5, 5.35)),
        ("weq", 16, (5.2, 4.9)),
    ):
        for seed, error in enumerate(errors):
            record = make_record(
                design_class=name, width=width, seed=seed, test_errors=[error + 3.0, error]
            )
            write_record(folder / record.study / record.name, record)


def test_collapsed_runs_are_dotted_named_and_in_no_mean(browser: Browser, tmp_path: Path) -> None:
    write_fallen_study(tmp_path)
    (fallen,) = (
        record
        for record in read_records(tmp_path).records
        if record.epochs[-1].error_percent == max(FALLEN)
    )

    with open_page(browser, write_explorer([tmp_path], tmp_path / "explorer.html")) as page:
        choose(page, "budget", "1")
        rows = {row["Design"]: row for row in table_of(page, "cell-table")}
        row = rows["single, depth 26, width 16"]
        assert (row["Mean test error, %"], row["Seeds"], row["Runs"]) == (
            "5.00",
            "4",
            "5",
        )
        listed = page.inner_text("#cell-collapsed")
        assert "single, depth 26, width 16" in listed
        assert f"{fallen.name}, 60.00 % in the end" in listed
        told = page.inner_text("#collapsed").splitlines()
        assert told[0] == f"Collapsed, and left out of errors: {fallen.name}."
        assert told[1].startswith("1 of 9 single networks collapsed (")
        dotted = page.locator("#curves g[stroke-dasharray='1,4'] path")
        assert dotted.count() == 1
        assert fallen.name in dotted.locator("title").text_content()
        choose(page, "budget", "0")
        assert page.inner_text("#cell-collapsed") == ""
        choose(page, "metric", "error")
        shown = {r["Budget"]: r for r in table_of(page, "metric-table") if r["Class"] == "single"}
        assert [row["Mean"] for row in shown.values()] == ["6.05", "5"]


def assert_advice_shown(page: Page, expected: dict[str, Any]) -> None:
    rows = table_of(page, "advice-table")
    answer = page.inner_text("#answer")
    remarks = page.inner_text("#remarks").splitlines()
    command = page.inner_text("#advice-command code")

    listed = expected["short_list"]["designs"]
    first = "best" if listed[0] == expected["best"] else "build"
    kinds = [first, *("best" if d == expected["best"] else "as good" for d in listed[1:])]
    rivals = expected["rivals"] or [r for r in [expected["runner_up"]] if r]
    others = [r for r in rivals if not any(d.items() <= r.items() for d in listed)]
    kinds += ["rival" if expected["rivals"] else "worse"] * len(others)
    assert [row["Standing"] for row in rows] == kinds
    for row, design in zip(rows, [*listed, *others], strict=True):
        assert row["Parameters"] == f"{design['parameters']:,}"
        assert row["Epochs"] == str(design["epoch"])
        assert row["Expected test error, %"] == f"{design['error_percent']:.2f}"
        interval = f"{design['lower_percent']:.2f} to {design['upper_percent']:.2f}"
        assert row["90 % interval"] == interval
        assert row["Peak memory"] == f"{design['peak_memory_bytes'] / 2**20:,.0f} MiB"
        training, std = row["Training, s"].split(" ± ")
        assert float(training) == pytest.approx(design["steady_training_seconds"], rel=5e-3)
        assert float(std) == pytest.approx(design["steady_training_seconds_std"], rel=5e-2)
        latency = row["Inference, ms/image"].split(" ")[0]
        assert float(latency) == pytest.approx(design["latency_ms_per_image"], rel=5e-3)
        fastest = row["Fastest, ms/image"].split(" ")[0]
        assert float(fastest) == pytest.approx(design["fastest_latency_ms_per_image"], rel=5e-3)
        assert row["Runs"] == str(design["num_runs"])
    assert [answer, *remarks] == expected["sentences"]
    assert command == expected["command"]


def test_the_map_and_its_cell_are_the_reports(
    browser: Browser, demo_page: Path, demo_folder: Path
) -> None:
    records = read_records(demo_folder).records
    (finding,) = map(derive_finding, group_comparisons(records))
    grid = finding.grid

    with open_page(browser, demo_page) as page:
        assert page.inner_text("#answers").split("\n") == list(finding.sentences)
        choose(page, "budget", "2")
        choose(page, "epoch", "7")
        rows = table_of(page, "cell-table")

    for row, name in zip(rows, ("single", "deq", "weq"), strict=True):
        mean = grid.mean_error(name, 2, grid.epochs.index(7))
        assert row["Design"].startswith(name)
        assert row["Mean test error, %"] == f"{mean:.2f}"


def test_the_metrics_are_those_of_the_summary(
    browser: Browser, demo_page: Path, demo_folder: Path
) -> None:
    (finding,) = map(derive_finding, group_comparisons(read_records(demo_folder).records))
    summary = finding.summary.to_dicts()

    with open_page(browser, demo_page) as page:
        for key, column in (
            ("error", "error_percent"),
            ("epoch", "epoch_seconds"),
            ("latency", "latency_ms_per_image"),
            ("accuracy", "time_to_common_target_seconds"),
        ):
            choose(page, "metric", key)
            shown = {(row["Budget"], row["Class"]): row for row in table_of(page, "metric-table")}
            expected = {
                (f"{row['budget_parameters']:,}", row["design_class"]): row
                for row in summary
                if row[f"{column}_mean"] is not None
            }
            assert shown.keys() == expected.keys()
            for place, row in shown.items():
                mean = float(row["Mean"].replace(",", ""))
                assert mean == pytest.approx(expected[place][f"{column}_mean"], rel=5e-4)
                std = float(row["± std"].replace(",", ""))
                assert std == pytest.approx(expected[place][f"{column}_std"], rel=5e-2)


def test_the_tooltip_of_the_time_to_accuracy_tells_that_to_the_own_seeds_target(
    browser: Browser, tmp_path: Path
) -> None:
    records = [
        *(make_record(seed=s, test_errors=[30.0, lowest]) for s, lowest in enumerate((10.0, 8.0))),
        *(make_record(design_class="deq", seed=s, test_errors=[30.0, 8.5]) for s in (0, 1)),
    ]

    with open_page(browser, write_page(tmp_path / "explorer.html", records)) as page:
        choose(page, "metric", "accuracy")
        chart = page.query_selector("#metric-picture svg")
        assert chart is not None
        chart.scroll_into_view_if_needed()
        box = chart.bounding_box()
        assert box is not None
        told = set()
        for share in range(1, 20):  # over the middle, where the only budget is
            page.mouse.move(box["x"] + 0.53 * box["width"], box["y"] + share * box["height"] / 20)
            page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
            lines = (chart.text_content() or "").split("\u200b")  # which the library puts between
            told.add("\n".join(lines[-2:]) if len(lines) > 1 else "")
        assert page.inner_text("#metric-note").startswith("0 of 2 designs do not reach")

    told.discard("")
    single, deq = sorted(told, key=len)
    assert single == "time to accuracy, s: 2 ± 0\nto the own seed's target: 2 ± 0 s"
    assert deq == "time to accuracy, s: 8 ± 0\nto the own seed's target: 1 of 2 seeds"


def test_every_filter_changes_what_is_shown(browser: Browser, wide_page: Path) -> None:
    with open_page(browser, wide_page) as page:
        assert options_of(page, "data") == ["digits", "svhn"]
        assert options_of(page, "k") == ["2", "4"]
        assert "k=2" in page.inner_text("#answers")
        choose(page, "k", "4")
        assert "k=4" in page.inner_text("#answers")
        settings = options_of(page, "setting")
        assert [label for label in settings if "recipe epochs" in label] == settings
        choose(page, "setting", settings[1])
        choose(page, "budget", "0")
        longer = table_of(page, "cell-table")[0]["Mean test error, %"]
        choose(page, "setting", settings[0])
        assert table_of(page, "cell-table")[0]["Mean test error, %"] != longer
        choose(page, "data", "svhn")
        assert options_of(page, "family") == ["resnet", "vgg"]
        assert page.is_hidden("#setting")
        assert float(table_of(page, "cell-table")[0]["Mean test error, %"]) > 15
        choose(page, "family", "vgg")
        assert options_of(page, "k") == ["1"]
        assert "single networks only" in page.inner_text("#map")


def test_the_seed_spread_moves_the_map(browser: Browser, demo_page: Path) -> None:
    def faces(page: Page) -> Any:
        return page.eval_on_selector_all(
            "#map svg rect", "rects => rects.map(r => [r.getAttribute('height'), r.parentNode"
            ".getAttribute('fill')].join())"
        )  # fmt: skip

    with open_page(browser, demo_page) as page:
        shown = {}
        for rule in options_of(page, "rule"):
            choose(page, "rule", rule)
            shown[rule] = json.dumps(faces(page))
    assert list(shown) == ["null", "0.8", "0.9", "0.95", "0.99"]
    assert len(set(shown.values())) > 3


def test_times_are_of_one_condition(browser: Browser, wide_page: Path) -> None:
    with open_page(browser, wide_page, "#k=4&metric=latency") as page:
        usual, fused = options_of(page, "condition")
        means = {row["Mean"] for row in table_of(page, "metric-table")}
        choose(page, "condition", fused)
        others = {row["Mean"] for row in table_of(page, "metric-table")}
    assert "sequential" in usual
    assert (means, others) == ({"0.25"}, {"7"})


def test_any_two_metrics_make_a_front(browser: Browser, demo_page: Path) -> None:
    with open_page(browser, demo_page) as page:
        for x in options_of(page, "x"):
            choose(page, "x", x)
            choose(page, "y", "nll_nats")
            rows = table_of(page, "pareto-table")
            x_name, y_name = list(rows[0])[-2:]
            costs = [float(row[x_name].replace(",", "")) for row in rows]
            lows = [float(row[y_name]) for row in rows]
            assert costs == sorted(costs)
            assert lows == sorted(lows, reverse=True)
        choose(page, "y", "parameters")
        assert "parameters" in table_of(page, "pareto-table")[0]


def test_the_devices_and_families_of_the_advice(browser: Browser, wide_page: Path) -> None:
    with open_page(browser, wide_page) as page:
        assert options_of(page, "device") == ["Example CPU", "Other CPU"]
        ask(page, latency="0.5")
        assert page.inner_text("#answer").startswith("Build weq (width-equivalent: ")
        assert ", k = 4, depth 8, width 16 (resnet" in page.inner_text("#answer")
        choose(page, "device", "Other CPU")
        assert "limit on the inference time from 0.5 ms to 7 ms would" in page.inner_text("#answer")
        choose(page, "device", "Example CPU")
        choose(page, "members", "2")
        assert " k = 4" not in page.inner_text("#advice-table")
        choose(page, "data", "svhn")
        choose(page, "within", "vgg")
        assert "vgg on svhn" in page.inner_text("#answer")


UNANSWERED: list[tuple[dict[str, str], str]] = [
    ({"parameters": "many"}, "number of parameters: expected a value such as 2M or 200k"),
    ({"memory": "8"}, "memory: expected a value such as 8GiB or 500MB"),
    ({"accuracy": "101"}, "accuracy: expected a value such as 95"),
    ({"epochs": "1.5"}, "number of epochs: expected a value such as 60"),
    ({"hours": "-1"}, "training time: expected a value such as 1.5"),
    (
        {"latency": "0.0001"},
        "None of the 17 measured designs meets the limits. Relaxing",
    ),
]
"""What is typed -> how the page's answer begins."""


def test_what_cannot_be_answered_is_told(browser: Browser, demo_page: Path) -> None:
    with open_page(browser, demo_page) as page:
        for typed, told in UNANSWERED:
            ask(page, **typed)
            assert page.inner_text("#answer").startswith(told)
            invalid = page.get_attribute(f"#{next(iter(typed))}", "aria-invalid")
            assert invalid == str("expected" in told).lower()
            assert page.inner_text("#advice-table") == ""
            ask(page, **dict.fromkeys(typed, ""))
            assert page.inner_text("#answer").startswith("Build ")


def test_more_than_was_measured_gets_the_best_that_was(browser: Browser, demo_page: Path) -> None:
    with open_page(browser, demo_page) as page:
        ask(page, parameters="200G")
        assert page.inner_text("#answer").startswith("Build ")
        assert "200,000,000,000 parameters are allowed, but the most" in page.inner_text("#answer")
        assert "best" in [row["Standing"] for row in table_of(page, "advice-table")]


def test_the_setting_is_a_column_where_designs_are_of_several(
    browser: Browser, tmp_path: Path
) -> None:
    both = [
        make_record(seed=seed, family=family, depth=22, width=4, test_errors=[10.0 + seed])
        for family in ("densenet", "wide_resnet")
        for seed in (0, 1)
    ]
    with open_page(browser, write_page(tmp_path / "both.html", both)) as page:
        rows = table_of(page, "advice-table")
    assert {row["Setting"] for row in rows} == {"densenet on digits", "wide_resnet on digits"}
    assert [row["Runs"] for row in rows] == ["2", "2"]

    with open_page(browser, write_page(tmp_path / "one.html", both[:2])) as page:
        (row,) = table_of(page, "advice-table")
    assert "Setting" not in row
    assert row["Runs"] == "2"


def test_an_error_is_named_after_its_images(browser: Browser, tmp_path: Path) -> None:
    images = {"validation_size": 99, "evaluated_on": "validation"}
    records = [make_record(), make_record(seed=1, dataset=images)]
    path = write_page(tmp_path / "validation.html", records)

    with open_page(browser, path, "#metric=error&data=validation images of digits") as page:
        caption = page.locator("#metric-table caption")
        assert str(caption.text_content()).startswith("validation error, %")
        assert "test error" not in str(page.text_content("#metric"))
        choose(page, "data", "digits")
        assert str(caption.text_content()).startswith("test error, %")


def test_the_address_restores_the_view(browser: Browser, wide_page: Path) -> None:
    wanted = {"data": "digits", "k": "4", "rule": "0.8", "metric": "memory", "x": "latency",
              "y": "nll_nats", "budget": "1", "epoch": "3"}  # fmt: skip
    with open_page(browser, wide_page) as page:
        for name, value in wanted.items():
            choose(page, name, value)
        ask(page, parameters="90k", accuracy="80")
        hash_ = page.evaluate("location.hash")
        shown = page.inner_text("main")
        pictures = page.eval_on_selector_all("svg", "all => all.map(svg => svg.outerHTML)")

    with open_page(browser, wide_page, hash_) as page:
        assert page.inner_text("main") == shown
        again = page.eval_on_selector_all("svg", "all => all.map(svg => svg.outerHTML)")
        assert again == pictures
        for name, value in wanted.items():
            assert page.input_value(f"#{name}") == value
        assert page.input_value("#parameters") == "90k"
        page.evaluate("location.hash = '#k=2'")  # as a colleague's link in the same tab does
        page.locator("#answers", has_text="k=2").wait_for()
        assert page.input_value("#parameters") == ""


def test_an_address_of_nonsense_shows_the_page_all_the_same(
    browser: Browser, demo_page: Path
) -> None:
    hash_ = "#k=99&budget=-4&epoch=x&rule=no&metric=%3Cimg%3E&data=&parameters=%3Cb%3E&%%%"
    with open_page(browser, demo_page, hash_) as page:
        assert page.locator("#map svg").count() == 1
        assert page.inner_text("#answer").startswith(
            "number of parameters: expected a value such as"
        )


def test_a_study_with_fewer_evaluations_has_those_epochs(browser: Browser, tmp_path: Path) -> None:
    records = make_study(error_of(10.0), num_epochs=11, evaluate_every="5")
    path = write_page(tmp_path / "fewer.html", records)

    with open_page(browser, path) as page:
        assert options_of(page, "epoch") == ["5", "10", "11"]
        choose_each(page, "epoch", "metric")
        choose(page, "epoch", "5")
        assert "kept" not in page.inner_text("#cell-table")
        assert "evaluated every 5 epochs" in page.inner_text("body")


def test_where_an_error_of_a_design_evaluated_less_often_is_read_is_told(
    browser: Browser, tmp_path: Path
) -> None:
    """The ensemble of both budget rules is one design, and one rule's run was evaluated twice."""
    errors = [30.0 - epoch for epoch in range(6)]
    records = [
        make_record(width=7, test_errors=errors),
        make_record(width=7, test_errors=errors, design_class="deq"),
        make_record(
            width=7, test_errors=errors, design_class="deq", source="nearest", evaluate_every="4"
        ),
    ]
    path = write_page(tmp_path / "rules.html", records)

    with open_page(browser, path) as page:
        choose(page, "setting", "resnet on digits, k = 4, rule")
        choose(page, "epoch", "5")
        told = "after epoch 5 (not all runs were evaluated: read after epoch 4)"
        assert told in page.inner_text("#cell-table")


def test_where_an_error_of_a_long_curve_is_read_is_told(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explorer_content, "MAX_CURVE_NUMBERS", 30)
    errors = [50.0 - epoch for epoch in range(40)]
    path = write_page(tmp_path / "long.html", [make_record(test_errors=errors)])

    with open_page(browser, path, "#epoch=39") as page:
        told = "after epoch 39 (long curves keep one epoch in 2: read after epoch 38)"
        assert told in page.inner_text("#cell-table")
        assert table_of(page, "cell-table")[0]["Mean test error, %"] == "13.00"
        choose(page, "epoch", "1")
        assert "no kept epoch is so early" in page.inner_text("#cell-table")
        choose(page, "epoch", "40")
        assert "kept" not in page.inner_text("#cell-table")


def test_a_click_into_the_map_chooses_its_cell(browser: Browser, demo_page: Path) -> None:
    with open_page(browser, demo_page) as page:
        box = page.locator("#map svg").bounding_box()
        assert box is not None
        page.locator("#map svg").click(
            position={"x": box["width"] * 0.18, "y": box["height"] * 0.8}
        )
        settle(page)
        assert page.input_value("#budget") == "0"
        assert page.input_value("#epoch") in {"2", "3", "4"}
        assert "At 13,297 parameters" in page.inner_text("#cell-table")
        assert "budget=0" in page.evaluate("location.hash")


def test_a_click_into_the_other_pictures_is_linked(browser: Browser, demo_page: Path) -> None:
    with open_page(browser, demo_page) as page:
        for place, name in (
            ("metric-picture", "budget"),
            ("pareto", "budget"),
            ("curves", "epoch"),
        ):
            before = page.input_value(f"#{name}")
            picture = page.locator(f"#{place} svg")
            box = picture.bounding_box()
            assert box is not None
            picture.click(position={"x": box["width"] * 0.25, "y": box["height"] * 0.75})
            settle(page)
            assert page.input_value(f"#{name}") != before


def test_arrow_keys_move_the_cell(browser: Browser, demo_page: Path) -> None:
    with open_page(browser, demo_page, "#budget=1&epoch=5") as page:
        page.focus("#map")
        for key in ("ArrowRight", "ArrowUp", "ArrowUp", "ArrowLeft", "ArrowLeft", "ArrowLeft"):
            page.keyboard.press(key)
        settle(page)
        assert (page.input_value("#budget"), page.input_value("#epoch")) == ("0", "7")


def test_a_link_to_a_part_keeps_the_state(browser: Browser, demo_page: Path) -> None:
    with open_page(browser, demo_page, "#epoch=5") as page:
        page.click("nav a[href='#pareto-title']")
        settle(page)
        assert page.evaluate("document.activeElement.id") == "pareto-title"
        assert page.input_value("#epoch") == "5"


def test_the_command_is_copied(browser: Browser, demo_page: Path) -> None:
    with open_page(browser, demo_page) as page:
        page.context.grant_permissions(["clipboard-read"])
        page.click("#advice-command .copy")
        page.locator("#advice-command .copy", has_text="Copied").wait_for()
        command = page.inner_text("#advice-command code")
        assert page.evaluate("navigator.clipboard.readText()") == command


def test_names_are_text_wherever_they_stand(browser: Browser, tmp_path: Path) -> None:
    records = [
        make_record(design_class=name, seed=seed, name=f"{EVIL}{name}{seed}", study=EVIL,
                    dataset={"name": EVIL}, environment={"device_name": EVIL})
        for name in ("single", "deq") for seed in (0, 1)
    ]  # fmt: skip
    records[0].config["study"] = EVIL
    path = write_page(tmp_path / "evil.html", records, [MissingRun(EVIL, EVIL)])

    with open_page(browser, path) as page:
        ask(page, parameters="250k")
        page.click("nav a[href='#missing-title']")
        page.click("summary >> text=Failed runs: 1")
        assert page.inner_text("details li").strip() == f"{EVIL}: {EVIL}"
        assert page.evaluate("window.evil") is None
        assert page.locator("img").count() == 0
        assert EVIL in page.inner_text("#answer")
        assert EVIL in page.inner_text(".kicker")


def test_the_policy_stops_what_is_not_the_pages(browser: Browser, demo_page: Path) -> None:
    with use_tab(browser) as page, heard(page) as told:
        page.goto(demo_page.as_uri())
        page.evaluate(
            """() => new Promise((done) => setTimeout(() => {
              const script = document.createElement("script");
              script.textContent = "window.stranger = 1";
              document.body.append(script);
              try { Function("window.stranger = 2")(); } catch { window.refused = 1; }
              const image = new Image();
              image.onerror = image.onload = done;
              image.src = "http://127.0.0.1:9/picture.png";
            }))"""
        )
        assert page.evaluate("window.stranger") is None
        assert page.evaluate("window.refused") == 1
        assert len([text for text in told if "Content Security Policy" in text]) >= 2


def test_it_works_within_another_page(browser: Browser, demo_page: Path) -> None:
    with use_tab(browser) as page, heard(page) as told:
        page.set_content("<iframe sandbox='allow-scripts' width='900' height='700'></iframe>")
        page.eval_on_selector(
            "iframe", "(frame, html) => { frame.srcdoc = html; }", demo_page.read_text("utf-8")
        )
        within = page.frame_locator("iframe")
        within.locator("#parameters").fill("100k")
        within.locator("#advice-command .copy").click()
        within.locator("#advice-command .copy", has_text="Copied").wait_for()
        assert within.locator("#answer").inner_text().startswith("Build weq")
        within.locator("#k").select_option("4")
        assert told == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_it_is_readable_on_a_phone_and_in_the_dark(
    browser: Browser, demo_page: Path, scheme: str, width: int
) -> None:
    with open_page(browser, demo_page, width=width, scheme=scheme) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        red = int(colour.removeprefix("rgb(").split(",")[0])
        assert (red < 64) == (scheme == "dark")
        for place in ("map", "curves", "metric-picture", "pareto"):
            box = page.locator(f"#{place} svg").bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
        caption = page.locator("#advice-table caption").bounding_box()
        assert caption is not None
        assert caption["x"] + caption["width"] <= width


ODD_STUDIES: dict[str, list[dict[str, Any]]] = {
    "one run": [{}],
    "one epoch": [{"test_errors": [50.0], "seed": seed} for seed in (0, 1)],
    "one seed": [{"design_class": name} for name in ("single", "deq", "weq")],
    "no latency, no memory": [{"latencies": {}, "peak_rss_bytes": None}],
    "no error that is a number": [{"test_errors": [float("nan")] * 3, "seed": s} for s in (0, 1)],
    "an ensemble without a single network": [{"design_class": "deq", "seed": s} for s in (0, 1)],
    "validation images": [
        {"dataset": {"validation_size": 99, "evaluated_on": "validation"}, "seed": s}
        for s in (0, 1)
    ],
    "many budgets and epochs": [
        {"design_class": name, "width": width, "test_errors": [9.0 + width % 7] * 100}
        for name in ("single", "deq")
        for width in range(8, 48, 2)
    ],
    "two sources of one setting": [
        {"design_class": "deq", "source": source, "seed": s}
        for source in ("rule", "nearest")
        for s in (0, 1)
    ],
}


@pytest.mark.parametrize("name", ODD_STUDIES)
def test_odd_studies_have_a_page(browser: Browser, tmp_path: Path, name: str) -> None:
    path = write_page(
        tmp_path / "odd.html", [make_record(**fields) for fields in ODD_STUDIES[name]]
    )

    with open_page(browser, path) as page:
        choose_each(page, "metric", "x", "y", "rule")
        ask(page, accuracy="10", memory="8GiB")
        assert page.inner_text("#answer")
        assert "undefined" not in page.inner_text("main")
        assert "NaN" not in page.inner_text("main")


def test_a_cascade_is_chosen_among_the_candidates_and_drawn_with_its_error(
    browser: Browser, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for record in planted_runs():
        write_record(tmp_path / "demo" / record.name, record)
    with open_page(browser, write_explorer([tmp_path / "demo"])) as page:
        ask(page, latency="2")
        assert page.inner_text("#answer").startswith("Build single")
        choose(page, "cascades", "confidence")
        ask(page, slowest="3.5")
        told = page.inner_text("#answer")
        remarks = page.locator("#remarks li").all_inner_texts()
        options = ("--latency-ms", "2", "--latency-p99-ms", "3.5", "--cascade")
        said = advised(tmp_path / "demo", capsys, *options)["sentences"]
        assert [told, *remarks] == said
        assert ", cascade (resnet on digits)" in told

        choose(page, "x", "cascade")
        choose(page, "y", "error")
        assert page.locator("#pareto").get_by_role("img").get_attribute("aria-label") == (
            "test error, cascade, % against inference time per image, cascade, ms, with the "
            "Pareto front."
        )
        front = {row["Class"]: row for row in table_of(page, "pareto-table")}
        assert front["deq"]["test error, cascade, %"] == "10.5"
        assert front["deq"]["inference time per image, cascade, ms"] == "1.75"
        assert "Cascades are by confidence" in page.inner_text("#pareto-note")


def test_a_device_of_added_times_is_offered_behind_those_of_runs(
    browser: Browser, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for record in planted_runs():
        folder = tmp_path / "demo" / record.name
        write_record(folder, record)
        add_timings(folder, record.fingerprint, [make_timing(10.0 / record.design.k)])
    with open_page(browser, write_explorer([tmp_path / "demo"])) as page:
        device = "Board, onnxruntime 1.32.0, 1 thread"
        assert options_of(page, "device") == ["Example CPU", device]
        choose(page, "device", device)
        ask(page, latency="3", hours="1")
        shown = [page.inner_text("#answer"), *page.locator("#remarks li").all_inner_texts()]
        options = ("--latency-ms", "3", "--hours", "1", "--device", "Board")
        said = advised(tmp_path / "demo", capsys, *options)
        assert shown == said["sentences"]
        assert said["best"]["design_class"] == "deq"
        assert "Training was not timed there." in shown


def test_without_predictions_no_cascade_is_offered(browser: Browser, demo_page: Path) -> None:
    with open_page(browser, demo_page) as page:
        assert page.locator("#cascades-field").is_hidden()
        assert "cascade" not in options_of(page, "metric")
