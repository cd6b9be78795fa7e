"""The cases that every library is timed on: a safetensors file with weights, points and labels."""

import json
import os
import statistics
import struct
import time

import numpy as np

RTOL, ATOL, THREADS = 1e-3, 1e-6, 2


def load(path):
    """Returns (weights, biases, x, label, t0, t1), all float32."""
    with open(path, "rb") as f:
        (n,) = struct.unpack("<Q", f.read(8))
        header = json.loads(f.read(n))
        data = f.read()

    def tensor(name):
        h = header[name]
        a, b = h["data_offsets"]
        return np.frombuffer(data[a:b], np.float64).reshape(h["shape"]).astype(np.float32)

    meta = header["__metadata__"]
    layers = len(json.loads(meta["sizes"])) - 1
    weights = [tensor(f"layers.{i}.weight") for i in range(layers)]
    biases = [tensor(f"layers.{i}.bias") for i in range(layers)]
    return weights, biases, tensor("x"), tensor("label"), float(meta["t0"]), float(meta["t1"])


def measure(step, least=20, seconds=2.0):
    """Times step() after it has run once: at least `least` times or, where it is slow, for 20 seconds."""
    begin = time.perf_counter()
    step()
    first = time.perf_counter() - begin
    for _ in range(2):
        step()
    times, start = [], time.perf_counter()
    while len(times) < least or time.perf_counter() - start < seconds:
        before = time.perf_counter()
        step()
        times.append(time.perf_counter() - before)
        if len(times) >= 5 and time.perf_counter() - start > 20:
            break
    return {"ms_median": 1e3 * statistics.median(times), "ms_min": 1e3 * min(times), "iterations": len(times),
            "first_call_s": first}


def report(peer, mode, version, path, result, **more):
    print(json.dumps({"peer": peer, "mode": mode, "version": version, "case": os.path.basename(path).removesuffix(".safetensors"),
                      **result, **more}), flush=True)
