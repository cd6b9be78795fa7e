"""Solves the stiff problems of `go run ./bench/workprecision -stiff` by others, and prints the same lines of CSV:
SciPy's Radau, BDF and LSODA, and diffrax's Kvaerno5, compiled, in float64 on one core. The time is the fastest of three
solves, without compiling. After a solve of more than 20 seconds the method is left there. With names of files of such
lines it prints a table of them instead: how many milliseconds each needs for an error.
"""

import csv
import math

import os
import sys
import time

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
from scipy.integrate import solve_ivp

jax.config.update("jax_enable_x64", True)


def van_der_pol(mu):
    return lambda t, z: (z[1], mu * (1 - z[0] ** 2) * z[1] - z[0])


def robertson(t, z):
    slow, fast, back = 0.04 * z[0], 3e7 * z[1] ** 2, 1e4 * z[1] * z[2]
    return back - slow, slow - back - fast, fast


def oregonator(t, z):
    return (77.27 * (z[1] + z[0] * (1 - 8.375e-6 * z[0] - z[1])), (z[2] - (1 + z[0]) * z[1]) / 77.27,
            0.161 * (z[0] - z[2]))


def hires(t, y):
    meet = 280 * y[5] * y[7]
    return (-1.71 * y[0] + 0.43 * y[1] + 8.32 * y[2] + 0.0007, 1.71 * y[0] - 8.75 * y[1],
            -10.03 * y[2] + 0.43 * y[3] + 0.035 * y[4], 8.32 * y[1] + 1.71 * y[2] - 1.12 * y[3],
            -1.745 * y[4] + 0.43 * y[5] + 0.43 * y[6],
            -meet + 0.69 * y[3] + 1.71 * y[4] - 0.43 * y[5] + 0.69 * y[6], meet - 1.81 * y[6], -meet + 1.81 * y[6])


def problems():
    """Name, field, start, end and state there, and the atol beside an rtol of 1, of each problem."""
    for mu, t1, *want in [
        (1, 20, 2.0081497621749486, -0.042508875273202147), (10, 20, 1.9393585327826839, -0.07008150573580567),
        (100, 200, 1.7185872080192583, -0.008796821912416541), (1e3, 2e3, 1.706167732170483, -0.0008928097010247975),
        (1e4, 2e4, 1.7055751811824038, -8.934452884303787e-05),
        (1e6, 0.5e6, 1.5967683944579334, -1.0303929933630335e-06),
        (1e6, 1.2e6, -1.6994006674731192, 9.001241029468984e-07),
    ]:
        yield f"van der Pol {mu:g} to {t1:g}", van_der_pol(mu), [2, 0], t1, want, min(1e-3, 1 / mu)
    for t1, *want in [
        (40, 0.7158270687194048, 9.185534764557783e-06, 0.28416374574582953),
        (1e5, 0.01786592114209978, 7.274751468436483e-08, 0.982134006110381),
        (1e11, 0.2083340149701255e-7, 0.8333360770334713e-13, 0.9999999791665050),
    ]:
        yield f"Robertson to {t1:g}", robertson, [1, 0, 0], t1, want, min(1e-4, want[1] / 10)
    yield ("Oregonator to 360", oregonator, [1, 2, 3], 360,
           [1.000814870318523, 1228.178521549917, 132.0554942846706], 1e-3)
    yield ("HIRES to 321.8122", hires, [1, 0, 0, 0, 0, 0, 0, 0.0057], 321.8122,
           [0.7371312573325668e-3, 0.1442485726316185e-3, 0.5888729740967575e-4, 0.1175651343283149e-2,
            0.2386356198831331e-2, 0.6238968252742796e-2, 0.2849998395185769e-2, 0.2850001604814231e-2], 1e-4)


def fastest(solve):
    took = []
    for _ in range(3):
        begin = time.perf_counter()
        result = solve()
        took.append(time.perf_counter() - begin)
        if took[-1] > 5:
            break
    return result, min(took)


def scipy_solve(method, field, z0, t1, rtol, atol):
    jacobian = jax.jit(jax.jacfwd(lambda z: jnp.array(field(0.0, z))))
    jac = lambda t, z: np.asarray(jacobian(z))
    jac(0, np.array(z0, float))
    s, took = fastest(lambda: solve_ivp(field, (0, t1), z0, method=method, rtol=rtol, atol=atol, jac=jac))
    return s.y[:, -1] if s.success else None, s.nfev, s.njev, len(s.t) - 1, took


def diffrax_solve(field, z0, t1, rtol, atol):
    term = diffrax.ODETerm(lambda t, z, _: jnp.array(field(t, z)))
    control = diffrax.PIDController(rtol=rtol, atol=atol, pcoeff=0.3, icoeff=0.4)

    @jax.jit
    def run(z0):
        return diffrax.diffeqsolve(term, diffrax.Kvaerno5(), 0.0, t1, None, z0, stepsize_controller=control,
                                   max_steps=100000, throw=False, saveat=diffrax.SaveAt(t1=True))

    start = jnp.array(z0, float)
    run(start)
    s, took = fastest(lambda: jax.block_until_ready(run(start)))
    ok = s.result == diffrax.RESULTS.successful
    return (np.asarray(s.ys[-1]) if ok else None), "", "", int(s.stats["num_steps"]), took


def milliseconds(rows, error):
    """The time for an error, between those measured on a logarithmic scale; "≤" the least where all are better."""
    points = sorted((math.log10(float(r["error"])), math.log10(float(r["milliseconds"]))) for r in rows
                    if r["error"] != "failed" and float(r["error"]) < 3)
    target = math.log10(error)
    if not points or points[0][0] > target:
        return "-"
    if points[-1][0] < target:
        return f"≤ {10 ** points[-1][1]:.2g}"
    for (e, t), (next_e, next_t) in zip(points, points[1:]):
        if e <= target <= next_e:
            return f"{10 ** (t + (next_t - t) * (target - e) / max(next_e - e, 1e-9)):.2g}"


def tables(files):
    rows = [r for name in files for r in csv.DictReader(open(name))]
    methods = list(dict.fromkeys(r["method"] for r in rows))
    for error in (1e-4, 1e-6):
        print(f"\n| ms for an error of {error:.0e} |", " | ".join(methods), "|\n|---" + "|---" * len(methods) + "|")
        for problem in dict.fromkeys(r["problem"] for r in rows):
            cells = [milliseconds([r for r in rows if r["problem"] == problem and r["method"] == m], error)
                     for m in methods]
            print(f"| {problem} |", " | ".join(cells), "|")


def main():
    if len(sys.argv) > 1:
        return tables(sys.argv[1:])
    print("library,problem,method,rtol,evaluations,jacobians,steps,milliseconds,error")
    for name, field, z0, t1, want, atol in problems():
        for library, method in [("scipy", "Radau"), ("scipy", "BDF"), ("scipy", "LSODA"), ("diffrax", "Kvaerno5")]:
            for rtol in (1e-3, 1e-5, 1e-7, 1e-9):
                if library == "scipy":
                    z1, *cost, took = scipy_solve(method, field, z0, t1, rtol, rtol * atol)
                else:
                    z1, *cost, took = diffrax_solve(field, z0, t1, rtol, rtol * atol)
                error = "failed" if z1 is None else f"{np.max(np.abs(z1 / np.array(want) - 1)):.2e}"
                print(library, name, method, f"{rtol:.0e}", *cost, f"{took * 1e3:.3f}", error, sep=",", flush=True)
                if took > 20:
                    break


if __name__ == "__main__":
    sys.exit(main())
