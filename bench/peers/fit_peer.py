"""Fits the observations that bench/fit wrote: python fit_peer.py PEER FILE, PEER being diffrax or scipy.

The rates and the starts of all series are searched for the least squares over the deviations, over the first eighth of
the times, and from there over a quarter, a half and all, as neuralode.Fit does, with its tolerances, in float64.

  diffrax  Levenberg and Marquardt's method of optimistix, with derivatives of the solve, one compilation for all parts
  scipy    least_squares over solve_ivp (LSODA), with differences; a series' start moves only its own residuals, as is said

Prints a line of JSON.
"""

import json
import os
import sys
import time

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=true intra_op_parallelism_threads=2")
os.environ.setdefault("JAX_PLATFORMS", os.environ.get("PEER_PLATFORM", "cpu"))

import numpy as np

RTOL, ATOL = 1e-7, 1e-9
PARTS = (1 / 8, 1 / 4, 1 / 2, 1)


def with_diffrax(times, x, first):
    import diffrax
    import jax
    import jax.numpy as jnp
    import optimistix

    jax.config.update("jax_enable_x64", True)
    ts, seen, deviation = jnp.asarray(times), jnp.asarray(x), jnp.asarray(x.std((0, 1)))

    def field(t, z, p):
        xy = z[0] * z[1]
        return jnp.stack([p[0] * z[0] - p[1] * xy, p[3] * xy - p[2] * z[1]])

    def solve(p, z0):
        return diffrax.diffeqsolve(diffrax.ODETerm(field), diffrax.Dopri5(), ts[0], ts[-1], None, z0, p, max_steps=4096,
                                   stepsize_controller=diffrax.PIDController(rtol=RTOL, atol=ATOL),
                                   saveat=diffrax.SaveAt(ts=ts), adjoint=diffrax.ForwardMode()).ys

    def residuals(y, mask):
        z = jax.vmap(solve, (None, 0))(*y)
        return (z - seen) / deviation * mask[:, None]

    method = optimistix.LevenbergMarquardt(rtol=1e-9, atol=1e-9)
    search = jax.jit(lambda y, mask: optimistix.least_squares(residuals, method, y, mask, max_steps=200, throw=False).value)
    y = (jnp.asarray(first), seen[:, 0])
    for part in PARTS:
        y = search(y, (ts <= part * ts[-1]).astype(float))
    return f"diffrax {diffrax.__version__}", np.asarray(y[0])


def with_scipy(times, x, first):
    import scipy
    from scipy.integrate import solve_ivp
    from scipy.optimize import least_squares
    from scipy.sparse import lil_matrix

    deviation = x.std((0, 1))

    def field(t, z, a, b, c, d):
        return a * z[0] - b * z[0] * z[1], d * z[0] * z[1] - c * z[1]

    def residuals(y, n):
        out = []
        for i, seen in enumerate(x):
            s = solve_ivp(field, (times[0], times[n - 1]), y[4 + 2 * i: 6 + 2 * i], "LSODA", times[:n], args=tuple(y[:4]),
                          rtol=RTOL, atol=ATOL)
            z = s.y.T if s.success else np.full((n, 2), 1e3)
            out.append((z - seen[:n]) / deviation)
        return np.ravel(out)

    y = np.concatenate([first, np.ravel(x[:, 0])])
    for part in PARTS:
        n = int((times <= part * times[-1]).sum())
        pattern = lil_matrix((2 * n * len(x), len(y)))
        pattern[:, :4] = 1
        for i in range(len(x)):
            pattern[2 * n * i: 2 * n * (i + 1), 4 + 2 * i: 6 + 2 * i] = 1
        y = least_squares(residuals, y, args=(n,), x_scale="jac", jac_sparsity=pattern, ftol=1e-9).x
    return f"scipy {scipy.__version__}", y[:4]


def main(peer, path):
    seen = json.load(open(path))
    times, first, truth = (np.asarray(seen[name]) for name in ("times", "first", "truth"))
    x = np.asarray(seen["x"]).reshape(-1, len(times), 2)
    began = time.perf_counter()
    name, theta = {"diffrax": with_diffrax, "scipy": with_scipy}[peer](times, x, first)
    seconds = time.perf_counter() - began
    print(json.dumps({"peer": name, "theta": list(theta), "worst": float(abs(theta / truth - 1).max()), "seconds": seconds}))


main(*sys.argv[1:3])
