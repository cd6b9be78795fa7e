"""Fits the same observations with neuralode, diffrax and SciPy in turn, prints a table and writes raw results.

python fit.py PROGRAM RESULTS: PROGRAM is bench/fit, built; RESULTS the folder for raw output.
"""

import sys
import tempfile

import compare

SEEDS = (1, 2, 3)
PEERS = ("diffrax", "scipy")


def row(program, seed):
    """Ours, and the peers on the observations that ours fitted."""
    with tempfile.TemporaryDirectory() as folder:
        seen = f"{folder}/observations.json"
        yield {"seed": seed, **compare.run([program, str(seed), seen])}
        for peer in PEERS:
            yield {"seed": seed, "peer": peer,
                   **compare.run([sys.executable, str(compare.HERE / "fit_peer.py"), peer, seen])}


def table(rows):
    lines = [f"{'library':14} {'seed':>4} {'worst error of a rate':>22} {'seconds':>9}   rates"]
    for r in rows:
        if "error" in r:
            lines.append(f"{r.get('peer', 'neuralode'):14} {r['seed']:4} missing: {r['error']}")
            continue
        rates = " ".join(f"{v:.4f}" for v in r["theta"])
        lines.append(f"{r['peer']:14} {r['seed']:4} {100 * r['worst']:20.2f} % {r['seconds']:9.2f}   {rates}")
    return "\n".join(lines)


def main(program, results):
    rows = [r for seed in SEEDS for r in row(program, seed)]
    about, text = compare.machine(), table(rows)
    print(text)
    compare.keep(results, about, f"{about['cpu'].split(' ')[0].lower()}-fit", rows, text)


if __name__ == "__main__":
    main(*sys.argv[1:3])
