"""An exported cascade is run by the program that is exported with it."""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path

from ensemble_switchover.errors import MeasureError, first_line
from ensemble_switchover.measure.onnx_file import onnx_provider
from ensemble_switchover.measure.precision import reduce_precision
from ensemble_switchover.measure.required_package import require_package
from ensemble_switchover.measure.timed_file import TimedFile
from ensemble_switchover.measure.torch_archive import no_unpickling, refuse_code


def load_cascade(folder: Path, precision: str, threads: int, device: str) -> TimedFile:
    """Load an exported cascade, whose members' files are compared with their checksums.

    Args:
        folder: It, with its manifest.
        precision: One of `PRECISIONS`, of every member.
        threads: Threads within one call.
        device: `cpu` or `cuda`.

    Raises:
        MeasureError: if it cannot be loaded, or a package is missing.
    """
    from ensemble_switchover.serving import onnx_cascade as runner  # it imports NumPy

    try:
        manifest = runner.read_cascade_manifest(folder)
        runtime = {runner.ONNX_FORM: "onnxruntime", runner.TORCH_FORM: "torch"}[manifest.form]
        require_package(runtime, f"{folder}: is timed by {runtime}")
        if manifest.form == runner.TORCH_FORM and (precision != "float32" or device != "cpu"):
            raise MeasureError(
                f"{folder}: expected --precision float32 and --device cpu for members of .pt2"
            )
        with tempfile.TemporaryDirectory() as reduced, no_unpickling():
            place = folder
            if manifest.form == runner.TORCH_FORM:
                for name, _ in manifest.files:
                    refuse_code(folder / name)
            elif precision != "float32":
                place = _reduce_cascade(folder, Path(reduced), precision)
            cascade: runner.ExportedCascade
            if device == "cpu":
                cascade = runner.open_cascade(place, threads)
            else:
                providers = [onnx_provider(device)]
                cascade = runner.OnnxCascade(place, threads, providers=providers)
            cascade.load_all()  # else each member is loaded when it is asked first
            sizes = [(place / name).stat().st_size for name, _ in manifest.files]
    except MeasureError:
        raise
    except Exception as error:
        raise MeasureError(f"{folder}: cannot be loaded: {first_line(error)}") from error
    facts = {key: manifest.facts.get(key) for key in ("run", "fingerprint")}
    own = {"rule": manifest.rule, "threshold": manifest.threshold, "order": list(manifest.order)}
    digests = "".join(digest for _, digest in manifest.files)
    return TimedFile(
        name=folder.resolve().name,
        kind="cascade",
        precision=precision,
        predict=lambda images: cascade.predict(images)[0],
        shape=tuple(manifest.image_shape),
        runtime=runtime,
        num_bytes=sum(sizes),
        sha256=hashlib.sha256(digests.encode()).hexdigest(),
        facts={"execution": "cascade", **facts, **own},
        members_asked=lambda images: cascade.predict(images)[1],
    )


def _reduce_cascade(folder: Path, reduced: Path, precision: str) -> Path:
    """Write a cascade with its members in another precision, and return its folder."""
    from ensemble_switchover.serving.onnx_cascade import MANIFEST_FILE

    described = json.loads((folder / MANIFEST_FILE).read_text("utf-8"))
    for member in described["members"]:
        content = (folder / member["file"]).read_bytes()
        if hashlib.sha256(content).hexdigest() != member["sha256"]:
            raise MeasureError(f"{folder / member['file']}: damaged or replaced; export it again")
        content = reduce_precision(content, precision)
        (reduced / member["file"]).write_bytes(content)
        member["sha256"] = hashlib.sha256(content).hexdigest()
    (reduced / MANIFEST_FILE).write_text(json.dumps(described), "utf-8")
    return reduced
