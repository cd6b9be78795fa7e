"""Runs neuralode and its peers in turn on the same cases, prints a table and writes raw results.

python compare.py PROGRAM CASES RESULTS: PROGRAM is the neuralode binary, CASES the folder that export wrote, RESULTS the
folder for raw output. Ours is timed again before each peer, so that a machine that slows down for a while does so for
both. A peer that fails is shown as missing, with its error.
"""

import datetime
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile
import time

import numpy as np

import case

HERE = pathlib.Path(__file__).parent
PLATFORM = os.environ.get("PEER_PLATFORM", "cpu")  # or cuda
CASES = ["spiral_trained-1", "spiral_trained-16", "spiral_trained-256", "spiral_trained-4096", "middle-1024"]
if PLATFORM == "cuda":
    CASES += ["spiral_trained-65536", "middle-4096"]
GRADIENTS = ("discrete", "adjoint")
PEERS = [("diffrax", m) for m in ("checkpoint", "backsolve", "vmap")] + [
    ("torch", m) for m in ("torchdiffeq-backprop", "torchdiffeq-adjoint", "torchode")]
SLOW = {("diffrax", "vmap"): {"middle-1024"}, ("torch", "torchode"): {"spiral_trained-4096"},
        ("torch", "torchdiffeq-adjoint"): {"spiral_trained-4096"}}  # over 10 s an iteration, or minutes in all


def run(command, timeout=900):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        return {"error": f"took longer than {timeout / 60:.0f} minutes"}
    if done.returncode:
        return {"error": (done.stderr.strip().splitlines() or ["failed"])[-1][:300]}
    return json.loads(done.stdout.strip().splitlines()[-1])


def ours(program, folder, name, gradient):
    path, batch = folder / f"{name}.safetensors", name.rsplit("-", 1)[1]
    result = run([program, "bench", str(path), "--batch", batch, "--gradient", gradient, "--device", PLATFORM, "--json"])
    return {"peer": "neuralode", "mode": gradient, "case": name, **result}


def loss_of_ours(program, path):
    """The loss that ours has on the case's points: a sign that all solve the same problem."""
    *_, x, label, _, _ = case.load(path)
    with tempfile.TemporaryDirectory() as folder:
        points = pathlib.Path(folder) / "points.csv"
        names = ",".join([f"z{i}" for i in range(x.shape[1])] + ["label"])
        np.savetxt(points, np.column_stack([x, label]), fmt="%.9g", delimiter=",", header=names, comments="")
        evaluated = run([program, "eval", str(path), "--data", str(points), "--device", PLATFORM, "--json"])
    return {"loss": evaluated["loss"]} if "loss" in evaluated else {}


def merged(rows):
    """Several measurements of the same thing: the median of the medians and the least of the minima."""
    failed = [r for r in rows if "error" in r]
    if failed:
        return failed[0]
    times = sorted(r["ms_median"] for r in rows)
    middle = min(rows, key=lambda r: abs(r["ms_median"] - times[len(times) // 2]))
    return {**middle, "ms_min": min(r["ms_min"] for r in rows), "ms_medians": times}


def theirs(folder, name, peer, mode):
    result = run([sys.executable, str(HERE / f"{peer}_peer.py"), mode, str(folder / f"{name}.safetensors")])
    return {"peer": peer, "mode": mode, "case": name, **result}


def whole_runs(program):
    """The training of 2000 iterations: ours with its figures and files, diffrax's loop alone."""
    with tempfile.TemporaryDirectory() as folder:
        rows = []
        for gradient in GRADIENTS:
            before = time.perf_counter()
            done = subprocess.run([program, "train", "--device", PLATFORM, "--gradient", gradient, "--out", f"{folder}/{gradient}"], capture_output=True, text=True)
            rows.append({"peer": "neuralode", "mode": gradient, "case": "run", "seconds": time.perf_counter() - before,
                         **({} if done.returncode == 0 else {"error": done.stderr.strip().splitlines()[-1]})})
        theirs = run([sys.executable, str(HERE / "diffrax_peer.py"), "run"])
        return rows + [{"peer": "diffrax", "mode": "checkpoint", **theirs, "case": "run"}]


def first_gradient(program, folder):
    """Whole processes that verify one sample: start, read, compile, solve, differentiate, print."""
    times = []
    for _ in range(10):
        before = time.perf_counter()
        subprocess.run([program, "verify", str(folder / "spiral_trained-1.safetensors"), "--precision", "float32", "--rtol", "1e-3",
                        "--atol", "1e-6", "--device", PLATFORM], capture_output=True)
        times.append(time.perf_counter() - before)
    return {"peer": "neuralode", "mode": "start to first gradient", "case": "process", "seconds": sorted(times)[5]}


def card():
    """The GPU, its driver and memory, where it is what is timed."""
    if PLATFORM != "cuda":
        return {}
    found = subprocess.run(["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"], capture_output=True, text=True)
    return {"gpu": found.stdout.strip()}


def machine():
    model = next((l.split(":", 1)[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), platform.processor())
    packages = subprocess.run([sys.executable, "-m", "pip", "freeze"], capture_output=True, text=True).stdout.split()
    names = ("jax", "jaxlib", "diffrax", "equinox", "optax", "torch", "torchdiffeq", "torchode", "numpy")
    return {**card(), "cpu": model, "cores": os.cpu_count(), "python": platform.python_version(),
            "packages": [p for p in packages if p.split("==")[0] in names],
            "go": subprocess.run(["go", "version"], capture_output=True, text=True).stdout.strip() if shutil.which("go") else "",
            "date": datetime.date.today().isoformat()}


def keep(results, about, name, rows, text):
    """Write rows and their table, with what machine() says of this one, under the date and that name."""
    out = pathlib.Path(results) / f"{about['date']}-{name}"
    out.with_suffix(".json").write_text(json.dumps({"machine": about, "rows": rows}, indent=1) + "\n")
    out.with_suffix(".txt").write_text(json.dumps(about, indent=1) + "\n\n" + text + "\n")


def times_ours(row, mine, key):
    """How many times ours the row's time is, for both of our gradients."""
    return " ".join(f"{row[key] / mine[g][key]:7.2f}" if g in mine else f"{'':7}" for g in GRADIENTS)


def table(rows):
    """ms is the median; × is that of the row over ours with the discrete gradient and with the adjoint, the same for min."""
    lines = [f"{'case':18} {'library':11} {'mode':10} {'ms':>8} {'×discr':>7} {'×adjnt':>7} {'min':>8} {'×discr':>7} {'×adjnt':>7} "
             f"{'steps/NFE':>9} {'loss':>7} {'floor':>5}"]
    for name in CASES:
        mine = {r["mode"]: r for r in rows if r["case"] == name and r["peer"] == "neuralode" and "error" not in r}
        for r in (r for r in rows if r["case"] == name):
            if "error" in r:
                lines.append(f"{name:18} {r['peer']:11} {r['mode']:10} missing: {r['error']}")
                continue
            cost = r.get("steps_mean", r.get("steps", r.get("nfe", float("nan"))))
            loss, floor = r.get("loss"), r.get("floor_fraction")
            lines.append(f"{name:18} {r['peer']:11} {r['mode']:10} {r['ms_median']:8.3f} {times_ours(r, mine, 'ms_median')} "
                         f"{r['ms_min']:8.3f} {times_ours(r, mine, 'ms_min')} {cost:9.2f} "
                         f"{'' if loss is None else format(loss, '.4f'):>7} {'' if floor is None else format(floor, '.0%'):>5}")
    for r in rows:
        if r["case"] in ("run", "process"):
            lines.append(f"{r['case']:22} {r['peer']:12} {r['mode']:24} {r.get('error') or format(r['seconds'], '.3f') + ' s'}")
    return "\n".join(lines)


def in_turn(program, folder, name):
    """One case: ours before each peer, and the peer."""
    mine, peers = {gradient: [] for gradient in GRADIENTS}, []
    for peer, mode in PEERS:
        if name in SLOW.get((peer, mode), ()):
            peers.append({"peer": peer, "mode": mode, "case": name, "error": "left out: too slow"})
            continue
        for gradient, measured in mine.items():
            measured.append(ours(program, folder, name, gradient))
        peers.append(theirs(folder, name, peer, mode))
    loss = loss_of_ours(program, folder / f"{name}.safetensors")
    return [{**merged(measured), **loss} for measured in mine.values()] + peers


def main(program, cases, results):
    folder, rows = pathlib.Path(cases), []
    for name in CASES:
        rows += in_turn(program, folder, name)
        print(table([r for r in rows if r["case"] == name]), flush=True)
    rows += whole_runs(program) + [first_gradient(program, folder)]
    about, text = machine(), table(rows)
    print("\n" + text)
    name = about.get("gpu", about["cpu"]).split(",")[0]
    keep(results, about, name.lower().replace(" ", "-"), rows, text)


if __name__ == "__main__":
    main(*sys.argv[1:4])
