from ensemble_switchover.results.layout import RECORD_FILE
from ensemble_switchover.runner.hydra_files import keep_hydra_files

FILES = {".hydra/config.yaml": b"k: 1\n"}


def test_hydras_files_lie_beside_the_record_that_they_led_to(tiny_spec):
    spec, config = tiny_spec("budget.depth=8", "budget.width=4")
    impossible = tiny_spec("budget.depth=8", "budget.width=4")[1]
    impossible.k = 0
    keep_hydra_files(FILES, [config, impossible])
    assert not spec.folder.exists()

    spec.folder.mkdir(parents=True)
    (spec.folder / RECORD_FILE).touch()
    keep_hydra_files(FILES, [impossible, config])
    keep_hydra_files({".hydra/config.yaml": b"of a later command"}, [config])
    assert (spec.folder / ".hydra" / "config.yaml").read_bytes() == b"k: 1\n"
