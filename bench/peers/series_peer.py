"""Trains diffrax on the observations that bench/series wrote: python series_peer.py SEED FILE

The program is the first example of diffrax's documentation, Neural ODE, with Adam in place of AdaBelief and the series,
network, tolerances and iterations of bench/series. Prints a line of JSON.
"""

import json
import os
import sys
import time

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=true intra_op_parallelism_threads=2")
os.environ.setdefault("JAX_PLATFORMS", os.environ.get("PEER_PLATFORM", "cpu"))

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax


class Func(eqx.Module):
    mlp: eqx.nn.MLP

    def __call__(self, t, y, args):
        return self.mlp(y)


def solve(model, ts, y0):
    solution = diffrax.diffeqsolve(diffrax.ODETerm(model), diffrax.Tsit5(), ts[0], ts[-1], ts[1] - ts[0], y0,
                                   stepsize_controller=diffrax.PIDController(rtol=1e-3, atol=1e-6),
                                   saveat=diffrax.SaveAt(ts=ts))
    return solution.ys


@eqx.filter_value_and_grad
def loss(model, ts, ys):
    return jnp.mean((ys - jax.vmap(solve, (None, None, 0))(model, ts, ys[:, 0])) ** 2)


def main(seed, path):
    seen = json.load(open(path))
    ts = jnp.asarray(seen["times"])
    ys = jnp.asarray(np.reshape(seen["z"], (-1, len(ts), 2)).astype(np.float32))
    train, held = ys[: -seen["held"]], ys[-seen["held"]:]
    rng = np.random.default_rng(seed)
    began = time.perf_counter()
    model = Func(eqx.nn.MLP(2, 2, 64, 2, activation=jax.nn.softplus, key=jax.random.PRNGKey(seed)))
    optimizer = optax.adam(3e-3)
    state = optimizer.init(eqx.filter(model, eqx.is_inexact_array))

    @eqx.filter_jit
    def step(ts, ys, model, state):
        value, gradient = loss(model, ts, ys)
        updates, state = optimizer.update(gradient, state)
        return value, eqx.apply_updates(model, updates), state

    iterations = []
    for times in (len(ts) // 10, len(ts)):
        for k in range(500):
            batch = train[rng.permutation(len(train))[:32], :times]
            value, model, state = step(ts[:times], batch, model, state)
            if k == 0:
                jax.block_until_ready(value)
                part = time.perf_counter()  # without compilation
        jax.block_until_ready(value)
        iterations.append((time.perf_counter() - part) * 1e3 / 499)
    seconds = time.perf_counter() - began
    got = jax.vmap(solve, (None, None, 0))(model, ts, held[:, 0])
    print(json.dumps({"peer": f"diffrax {diffrax.__version__}", "mse": float(jnp.mean((got - held) ** 2)),
                      "seconds": seconds, "iteration_ms": iterations}))


main(int(sys.argv[1]), sys.argv[2])
