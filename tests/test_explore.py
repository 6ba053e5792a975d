"""The command that makes the explorer's page."""

from __future__ import annotations

import socket
import threading
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

from ensemble_switchover.explore import LOOPBACK, main, make_server
from ensemble_switchover.results.shipped import unpack_study
from ensemble_switchover.results.store import write_failure, write_record
from tests import program
from tests.analysis.switchover.planted_images import write_run
from tests.factories import make_record

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def study(tmp_path: Path) -> Path:
    for seed in (0, 1):
        record = make_record(seed=seed)
        write_record(tmp_path / "results" / "demo" / record.name, record)
    return tmp_path / "results" / "demo"


def test_the_page_is_written_where_it_is_asked_for(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "page.html"

    assert main([str(study), "--out", str(out)]) == 0
    assert capsys.readouterr().out.strip() == str(out)
    assert out.read_text("utf-8").startswith("<!DOCTYPE html>")
    assert [path.name for path in out.parent.iterdir()] == ["page.html"]


def test_the_page_holds_the_margin_that_is_asked_for(study: Path) -> None:
    page = study / "explorer.html"

    assert main([str(study)]) == 0
    assert '"margin":null,' in page.read_text("utf-8")
    assert main([str(study), "--margin", "0.5"]) == 0
    assert '"margin":0.5,' in page.read_text("utf-8")


def test_kept_predictions_give_the_page_the_answer_with_the_images_sampling_in(
    tmp_path: Path,
) -> None:
    for name in ("single", "deq", "weq"):
        for seed in range(3):
            write_run(tmp_path / "study", name, 8, seed)  # type: ignore[arg-type]

    assert main([str(tmp_path / "study"), "--out", str(tmp_path / "page.html")]) == 0

    page = (tmp_path / "page.html").read_text("utf-8")
    assert page.count("With the sampling of the 200 test images in (standard errors up to ") == 2


@pytest.mark.slow
def test_a_study_of_families_members_and_training_sizes_is_one_page(tmp_path: Path) -> None:
    folder = unpack_study("fashion_mnist", tmp_path)

    assert main([str(folder)]) == 0

    page = (folder / "explorer.html").read_text("utf-8")
    data = "on fashion_mnist at 14x14 pixels"
    sizes = (f"resnet {data} (dataset train_size {size})" for size in (1000, 2000, 10000))
    for setting in (f"densenet {data}", f"wide_resnet {data}", *sizes):
        assert f'"{setting}' in page


@pytest.mark.process
def test_on_standard_output_there_is_the_page_alone(study: Path) -> None:
    words = (str(study), "--out", "/dev/stdout")
    ended = program.run(*words, folder=study, module="ensemble_switchover.explore")
    assert ended.returncode == 0
    assert ended.stdout.startswith("<!DOCTYPE html>")
    assert ended.stdout.endswith("</html>")
    assert ended.stderr == "/dev/stdout\n"


def test_a_device_is_not_served(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(study), "--serve", "--out", "/dev/null"]) == 2
    assert capsys.readouterr().err == "--out /dev/null: is no file, which --serve expects\n"


def test_without_a_place_it_lies_in_the_studys_folder(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(study)]) == 0
    assert capsys.readouterr().out.strip() == str(study / "explorer.html")


def test_what_cannot_be_read_is_told_and_the_rest_shown(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = next(study.glob("resnet*")) / "record.json"
    broken.write_text("{")

    assert main([str(study)]) == 0
    assert f"left out: {broken}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["absent"], "absent"),
        (["--port", "70000", "results"], "--port 70000: expected 0 to 65535"),
    ],
)
def test_a_mistake_is_one_line(
    overrides: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(overrides) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.splitlines()) == 1


def test_a_place_that_cannot_be_written_is_told(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stranger = tmp_path / "file.txt"
    stranger.touch()

    assert main([str(study), "--out", str(stranger / "page.html")]) == 1
    assert str(stranger) in capsys.readouterr().err


@pytest.mark.parametrize("out", [".", "..", "/"])
def test_a_folder_is_no_place_for_the_page(
    study: Path, out: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(study), "--out", out]) == 2
    assert capsys.readouterr().err == (
        f"--out {out}: is a folder; expected a file such as explorer.html\n"
    )


def test_runs_that_left_no_record_are_listed_with_their_reasons(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_failure(study / "evil", "evil", "diverged: <script>window.evil = 1</script>")
    (next(study.glob("resnet*")) / "record.json").write_text("{")

    assert main([str(study)]) == 0
    html = (study / "explorer.html").read_text("utf-8")
    shown = html.partition('id="missing-title"')[2].partition("</section>")[0]
    assert "Study demo: 1 run, 1 failed, 1 unreadable" in html
    assert "Failed runs: 1" in shown
    assert "demo/evil</strong>: diverged: &lt;script&gt;" in shown
    assert "Unreadable records: 1" in shown
    assert "record.json</strong>: " in shown
    assert str(study) not in shown  # a folder of the user's machine


def test_where_nothing_is_missing_the_page_has_no_list_of_it(study: Path) -> None:
    assert main([str(study)]) == 0
    assert "missing-title" not in (study / "explorer.html").read_text("utf-8")


def test_a_port_that_is_taken_is_named(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]

        assert main([str(study), "--serve", "--port", str(port)]) == 1
    assert capsys.readouterr().err == f"cannot serve at --port {port}: Address already in use\n"


def test_serving_gives_the_page_and_no_other_file(tmp_path: Path) -> None:
    page = tmp_path / "an explorer.html"
    page.write_text("the page")
    (tmp_path / "secret.txt").write_text("secret")
    with make_server(page, 0) as server:
        assert server.server_address[0] == LOOPBACK
        address = f"http://{LOOPBACK}:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            for path in ("/", "/an%20explorer.html", "/an%20explorer.html?x=1"):
                with urllib.request.urlopen(address + path) as answer:
                    assert answer.read() == b"the page"
            for path in ("/secret.txt", "/../secret.txt", "/%2e%2e/etc/passwd", "//etc/passwd"):
                with pytest.raises(urllib.error.HTTPError) as refusal:
                    urllib.request.urlopen(address + path)
                assert refusal.value.code == 404
                refusal.value.close()
        finally:
            server.shutdown()
            thread.join()
