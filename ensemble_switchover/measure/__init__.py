"""Time an exported file or cascade on the machine it is started on.

`python -m ensemble_switchover.measure ensemble.onnx`, or `python measure.pyz ensemble.onnx` on a
machine with nothing but Python 3.9 or newer, numpy, and onnxruntime or torch. `--write-script`
writes that file, so what these modules import is in the list in `script.py`, or lies in the
standard library, or is imported when it is needed.

A call is timed from images in main memory (uint8, as decoded) to probabilities in main memory.
Percentiles are those of the calls; a call classifies a batch. One pass of a file is one call; with
a cascade, which takes longer for some images than for others, it is a call for every batch of the
given images. Files that are given together take turns, pass by pass, so that what
else the machine does meets all of them. Passes are repeated until the spread of their times, the
interquartile range, is below 5 % of the median, as `torch.utils.benchmark` does it
(`adaptive_autorange`), or until the time limit, which is then told.
"""
