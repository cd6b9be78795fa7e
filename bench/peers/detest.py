"""Evaluations, errors and times of SciPy and diffrax on DETEST (Hull et al. 1972), beside go run ./bench/workprecision
-detest: the same problems but C4 and C5, from 0 to 20, with an atol of a thousandth of the rtol.

python detest.py RTOL [scipy|diffrax]: errors are those to DOP853 at an rtol of 1e-13, in units of the largest component
there, but of no less than 1; times are the best of three, those of diffrax without compiling.
"""

import math
import sys
import time

import numpy as np
from scipy.integrate import solve_ivp


def problems(np):
    """The problems, with the functions of NumPy or of JAX."""

    def torus(t, y):
        r = np.sqrt(y[0] ** 2 + y[1] ** 2)
        return [-y[1] - y[0] * y[2] / r, y[0] - y[1] * y[2] / r, y[0] / r]

    def chain(rates):
        def field(t, y):
            out = [k * v for k, v in zip(rates, y)]
            return [a - b for a, b in zip([0 * y[0]] + out, out + [0 * y[0]])]
        return field

    def heat(t, y):
        return [-2 * y[i] + (y[i - 1] if i > 0 else 0) + (y[i + 1] if i < 9 else 0) for i in range(10)]

    def orbit(t, y):
        r = (y[0] ** 2 + y[1] ** 2) ** 1.5
        return [y[2], y[3], -y[0] / r, -y[1] / r]

    first = [1.0] + [0.0] * 9
    some = {
        "A1": (lambda t, y: [-y[0]], [1.0]),
        "A2": (lambda t, y: [-y[0] ** 3 / 2], [1.0]),
        "A3": (lambda t, y: [y[0] * np.cos(t)], [1.0]),
        "A4": (lambda t, y: [y[0] / 4 * (1 - y[0] / 20)], [1.0]),
        "A5": (lambda t, y: [(y[0] - t) / (y[0] + t)], [4.0]),
        "B1": (lambda t, y: [2 * (y[0] - y[0] * y[1]), y[0] * y[1] - y[1]], [1.0, 3.0]),
        "B2": (lambda t, y: [y[1] - y[0], y[0] - 2 * y[1] + y[2], y[1] - y[2]], [2.0, 0.0, 1.0]),
        "B3": (lambda t, y: [-y[0], y[0] - y[1] ** 2, y[1] ** 2], [1.0, 0.0, 0.0]),
        "B4": (torus, [3.0, 0.0, 0.0]),
        "B5": (lambda t, y: [y[1] * y[2], -y[0] * y[2], -0.51 * y[0] * y[1]], [0.0, 1.0, 1.0]),
        "C1": (chain([1.0] * 9), first),
        "C2": (chain([float(i) for i in range(1, 10)]), first),
        "C3": (heat, first),
        "E1": (lambda t, y: [y[1], -(y[1] / (t + 1) + y[0] * (1 - 0.25 / (t + 1) ** 2))],
               [0.6713967071418030, 0.09540051444747446]),
        "E2": (lambda t, y: [y[1], (1 - y[0] ** 2) * y[1] - y[0]], [2.0, 0.0]),
        "E3": (lambda t, y: [y[1], y[0] ** 3 / 6 - y[0] + 2 * np.sin(2.78535 * t)], [0.0, 0.0]),
        "E4": (lambda t, y: [y[1], 0.032 - 0.4 * y[1] ** 2], [30.0, 0.0]),
        "E5": (lambda t, y: [y[1], np.sqrt(1 + y[1] ** 2) / (25 - t)], [0.0, 0.0]),
    }
    for i, e in enumerate((0.1, 0.3, 0.5, 0.7, 0.9)):
        some[f"D{i + 1}"] = (orbit, [1 - e, 0.0, 0.0, math.sqrt((1 + e) / (1 - e))])
    return dict(sorted(some.items()))


def best(run):
    times = []
    for _ in range(3):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def off(got, want):
    return np.max(np.abs(np.asarray(got) - want)) / max(1, np.max(np.abs(want)))


def scipy_results(field, z0, rtol):
    for method in ("RK45", "DOP853", "RK23"):
        run = lambda: solve_ivp(field, (0, 20), z0, method=method, rtol=rtol, atol=rtol / 1000)
        s = run()
        yield method, s.nfev, s.y[:, -1], best(run)


def diffrax_results(field, z0, rtol):
    import diffrax
    import jax
    import jax.numpy as jnp

    term = diffrax.ODETerm(lambda t, y, args: jnp.stack(field(t, y)))
    control = diffrax.PIDController(rtol=rtol, atol=rtol / 1000)
    for solver, stages in ((diffrax.Dopri5(), 6), (diffrax.Tsit5(), 6), (diffrax.Dopri8(), 13)):
        solve = jax.jit(lambda y: diffrax.diffeqsolve(term, solver, 0.0, 20.0, None, y, stepsize_controller=control,
                                                      max_steps=10**5))
        y = jnp.array(z0)
        s = jax.block_until_ready(solve(y))
        yield (type(solver).__name__, 2 + stages * int(s.stats["num_steps"]), s.ys[-1],
               best(lambda: jax.block_until_ready(solve(y))))


def main():
    rtol, library = float(sys.argv[1]), sys.argv[2]
    module, results = np, scipy_results
    if library == "diffrax":
        import jax
        jax.config.update("jax_enable_x64", True)
        import jax.numpy as module
        results = diffrax_results
    exact = {n: solve_ivp(f, (0, 20), z0, method="DOP853", rtol=1e-13, atol=1e-15).y[:, -1]
             for n, (f, z0) in problems(np).items()}
    print(f"{library}, rtol {rtol:.0e}: method, NFE, error, milliseconds")
    for name, (field, z0) in problems(module).items():
        cells = [f"{m:>7} {nfe:>6} {off(z1, exact[name]):.1e} {1000 * seconds:8.2f}"
                 for m, nfe, z1, seconds in results(field, z0, rtol)]
        print(f"{name:>3}", " |".join(cells), flush=True)


main()
