"""Runs models with ONNX Runtime: python run.py FOLDER, which has NAME.onnx and NAME.json, the rows of each input."""

import json
import pathlib
import sys

import numpy as np
import onnxruntime

TYPES = {"tensor(float)": np.float32, "tensor(double)": np.float64}


def run(path):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    rows = json.loads(path.with_suffix(".json").read_text())
    inputs = {i.name: np.array(rows[i.name], TYPES[i.type]) for i in session.get_inputs()}
    out = session.run(None, inputs)[0]
    meta = session.get_modelmeta()
    return {
        "out": out.astype(float).tolist(),
        "type": str(out.dtype),
        "shapes": {i.name: i.shape for i in session.get_inputs() + session.get_outputs()},
        "metadata": meta.custom_metadata_map,
    }


print(json.dumps({p.stem: run(p) for p in sorted(pathlib.Path(sys.argv[1]).glob("*.onnx"))}))
