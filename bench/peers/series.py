"""Trains neuralode and diffrax on the same series in turn, prints a table and writes raw results.

python series.py PROGRAM RESULTS: PROGRAM is bench/series, built; RESULTS the folder for raw output.
"""

import sys
import tempfile

import compare

SEEDS = (1, 2, 3)


def pair(program, seed):
    """Ours, and diffrax on the observations that ours was trained on."""
    with tempfile.TemporaryDirectory() as folder:
        seen = f"{folder}/series.json"
        ours = compare.run([program, str(seed), seen])
        return [{"seed": seed, **ours},
                {"seed": seed, "peer": "diffrax",
                 **compare.run([sys.executable, str(compare.HERE / "series_peer.py"), str(seed), seen])}]


def table(rows):
    lines = [f"{'library':14} {'seed':>4} {'MSE':>9} {'whole run':>10} {'ms an iteration: a tenth of the times':>38} {'all':>7}"]
    for r in rows:
        if "error" in r:
            lines.append(f"{r.get('peer', 'neuralode'):14} {r['seed']:4} missing: {r['error']}")
            continue
        a, b = r["iteration_ms"]
        lines.append(f"{r['peer']:14} {r['seed']:4} {r['mse']:9.2e} {r['seconds']:8.2f} s {a:38.2f} {b:7.2f}")
    return "\n".join(lines)


def main(program, results):
    rows = [row for seed in SEEDS for row in pair(program, seed)]
    about, text = compare.machine(), table(rows)
    print(text)
    compare.keep(results, about, f"{about['cpu'].split(' ')[0].lower()}-series", rows, text)


if __name__ == "__main__":
    main(*sys.argv[1:3])
