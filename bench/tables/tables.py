"""Trains neuralode with its defaults alone on five tables of scikit-learn, beside scikit-learn's own models, and prints a table.

python tables.py PROGRAM [SEEDS]: PROGRAM is the neuralode binary, SEEDS as 5:10. Each table is split 70/30 by each seed,
classes alike. The score is accuracy, or R² of diabetes, on the 30 %, the mean of the seeds. Theirs are the linear model and
the multilayer perceptron with default settings on standardised columns, but for as many iterations as they need. SE is the
standard error of the better of their scores as one such test part gives it: √(p(1−p)/n) of the mean accuracy p, or the
deviation of R² over 1000 resamples of the rows; ours is "within" where it is no further below the better of theirs than that.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import warnings

import numpy as np
from sklearn import datasets
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

warnings.filterwarnings("ignore")  # of convergence: theirs may be what they are
TABLES = ["iris", "wine", "breast_cancer", "digits", "diabetes"]


def save(path, x, y):
    names = ",".join([f"x{i}" for i in range(x.shape[1])] + ["label"])
    np.savetxt(path, np.column_stack([x, y]), fmt="%.17g", delimiter=",", header=names, comments="")


def ours(program, folder, x, y, tx, ty):
    save(folder / "train.csv", x, y)
    save(folder / "test.csv", tx, ty)
    run = folder / "run"
    command = [program, "train", "--data", folder / "train.csv", "--out", run, "--no-figures", "--json"]
    trained = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
    command = [program, "eval", run, "--data", folder / "test.csv", "--json"]
    e = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    name = "r2" if e["accuracy"] is None else "accuracy"
    return e[name], trained[name], trained["seconds"]


def peers(regression):
    if regression:
        return LinearRegression(), MLPRegressor(max_iter=2000, random_state=0)
    return LogisticRegression(max_iter=2000), MLPClassifier(max_iter=2000, random_state=0)


def spread(regression, model, x, y):
    """Squared standard error of the model's R² on x, y; 1/n for an accuracy, which main makes one of."""
    if not regression:
        return 1 / len(y)
    rng, predicted = np.random.default_rng(0), model.predict(x)
    scores = []
    for _ in range(1000):
        rows = rng.integers(len(y), size=len(y))
        scores.append(r2_score(y[rows], predicted[rows]))
    return np.var(scores)


def measure(program, name, seeds):
    data = getattr(datasets, "load_" + name)()
    regression = name == "diabetes"
    rows = []
    for seed in seeds:
        x, tx, y, ty = train_test_split(data.data, data.target, test_size=0.3, random_state=seed,
                                        stratify=None if regression else data.target)
        with tempfile.TemporaryDirectory() as folder:
            own, held, seconds = ours(program, pathlib.Path(folder), x, y, tx, ty)
        fitted = [make_pipeline(StandardScaler(), m).fit(x, y) for m in peers(regression)]
        scores = [m.score(tx, ty) for m in fitted]
        rows.append([own, held, seconds, *scores, *[spread(regression, m, tx, ty) for m in fitted]])
    return np.mean(rows, axis=0)


def main():
    program = sys.argv[1]
    first, last = (sys.argv[2] if len(sys.argv) > 2 else "5:10").split(":")
    print(f"seeds {first} to {int(last) - 1}\n")
    print(f"{'table':14} {'neuralode':>9} {'held out':>9} {'linear':>8} {'MLP':>8} {'SE':>7}  {'':6} {'seconds':>7}")
    short = []
    for name in TABLES:
        own, held, seconds, linear, mlp, *variances = measure(program, name, range(int(first), int(last)))
        best, variance = max((linear, variances[0]), (mlp, variances[1]))
        se = np.sqrt(variance if name == "diabetes" else best * (1 - best) * variance)
        within = own >= best - se
        if not within:
            short.append(name)
        print(f"{name:14} {own:9.4f} {held:9.4f} {linear:8.4f} {mlp:8.4f} {se:7.4f}  {'within' if within else 'below':6} {seconds:7.1f}")
    sys.exit(f"below: {', '.join(short)}" if short else 0)


if __name__ == "__main__":
    main()
