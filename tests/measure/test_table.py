"""What was measured, as lines for a terminal."""

from types import SimpleNamespace

from ensemble_switchover.measure.table import quality_lines, table_lines, unsteady_lines
from tests.results.added import measured_model, measured_values


def test_the_columns_of_a_table_stand_below_each_other():
    found = measured_values("a", 2.0, models=[measured_model("b", 1500.0, file="a_long_name.onnx")])
    found["models"][1]["timings"][0]["gpu_joules_per_image"] = 0.0123
    title, *rows = table_lines(found)
    assert title.split("  ")[-1] == "gpu J/image"
    assert len(rows) == 4
    assert rows[0].split() == ["ensemble.onnx", "float32", "1", "2", "2", "4", "2.1", "476", "-"]
    assert rows[2].split()[3:] == ["1,500", "1,500", "3,000", "1,575", "1", "0.0123"]
    assert {len(row) for row in rows} == {len(title)}


def test_errors_are_told_with_the_images_and_the_members_asked():
    found = measured_values("a")
    assert quality_lines(found) == []
    found["num_images"] = 300
    found["models"][0].update(
        error_percent=12.345, largest_probability_difference=0.00123, mean_members=1.5
    )
    assert quality_lines(found) == [
        "ensemble.onnx (float32): 12.35 % error on 300 images, probabilities differ by up to "
        "0.0012, 1.50 members asked on average"
    ]


def test_times_that_are_not_steady_are_told():
    models = [SimpleNamespace(name="a.onnx", precision="int8")]
    rows = [
        {"batch_size": size, "steady": size == 1, "spread_percent": spread, "num_passes": 7}
        for size, spread in ((1, 2.0), (8, 12.4), (32, None))
    ]
    wide, few = unsteady_lines(models, [rows], 10.0)
    assert wide.startswith(
        "a.onnx (int8) at batch size 8: the quartiles lie 12 % of the median apart after 10 s"
    )
    assert few.startswith("a.onnx (int8) at batch size 32: only 7 passes were done after 10 s")
