"""Times diffrax: python diffrax_peer.py checkpoint|backsolve|vmap FILE, or: python diffrax_peer.py run"""

import os
import sys
import time

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=true intra_op_parallelism_threads=2")
os.environ.setdefault("JAX_PLATFORMS", os.environ.get("PEER_PLATFORM", "cpu"))

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import optax

import case

jax.config.update("jax_default_matmul_precision", "highest")


def field(t, z, theta):
    weights, biases = theta
    for i, (w, b) in enumerate(zip(weights, biases)):
        z = z @ w.T + b
        if i + 1 < len(weights):
            z = jnp.tanh(z)
    return z


def solve(theta, x, t0, t1, adjoint):
    return diffrax.diffeqsolve(diffrax.ODETerm(field), diffrax.Dopri5(), t0, t1, None, x, theta,
                               stepsize_controller=diffrax.PIDController(rtol=case.RTOL, atol=case.ATOL),
                               adjoint=adjoint, max_steps=4096)


def loss_of(mode, t0, t1):
    def loss(theta, x, label):
        if mode == "vmap":
            one = lambda z: solve(theta, z, t0, t1, diffrax.RecursiveCheckpointAdjoint())
            solution = jax.vmap(one)(x)
            z1, steps = solution.ys[:, 0], jnp.mean(solution.stats["num_steps"])
        else:
            adjoint = diffrax.BacksolveAdjoint() if mode == "backsolve" else diffrax.RecursiveCheckpointAdjoint()
            solution = solve(theta, x, t0, t1, adjoint)
            z1, steps = solution.ys[0], solution.stats["num_steps"]
        return jnp.mean(optax.sigmoid_binary_cross_entropy(z1[:, 0], label)), steps

    return loss


def iteration(mode, path):
    weights, biases, x, label, t0, t1 = case.load(path)
    theta = jax.tree.map(jnp.asarray, (weights, biases))
    x, label = jnp.asarray(x), jnp.asarray(label)
    adam = optax.adam(3e-3)
    state = adam.init(theta)
    value = jax.value_and_grad(loss_of(mode, t0, t1), has_aux=True)

    @jax.jit
    def step(theta, state, x, label):
        (loss, steps), gradient = value(theta, x, label)
        updates, state = adam.update(gradient, state)
        return optax.apply_updates(theta, updates), state, loss, steps

    last = {}

    def run():
        new, _, loss, steps = jax.block_until_ready(step(theta, state, x, label))  # θ stays as it was
        last.update(loss=float(loss), steps=float(steps))

    case.report("diffrax", mode, diffrax.__version__, path, case.measure(run), **last)


def spiral(rng, n, noise=0.1):
    half = n // 2
    angles = [3 * np.pi * np.sqrt(rng.random(half)), np.sort(3 * np.pi * rng.random(half))]
    points = []
    for a, sign in zip(angles, (1, -1)):
        r = a / (3 * np.pi) + 0.05
        points.append(sign * np.stack([r * np.cos(a), r * np.sin(a)], 1))
    x = np.concatenate(points) + noise * rng.normal(size=(2 * half, 2))
    return x.astype(np.float32), np.repeat([0, 1], half).astype(np.float32)


def whole_run(iterations=2000, batch=256):
    """The training loop alone: no figures, no files, compilation reported apart."""
    rng = np.random.default_rng(42)
    x, label = spiral(rng, 1000)
    sizes = [2, 64, 64, 2]
    draw = lambda out, fan_in: rng.uniform(-1, 1, out).astype(np.float32) / np.sqrt(fan_in)
    theta = jax.tree.map(jnp.asarray, ([draw((o, i), i) for i, o in zip(sizes, sizes[1:])],
                                       [draw((o,), i) for i, o in zip(sizes, sizes[1:])]))
    adam = optax.adam(3e-3)
    state = adam.init(theta)
    value = jax.value_and_grad(loss_of("checkpoint", 0.0, 1.0), has_aux=True)

    @jax.jit
    def step(theta, state, x, label):
        (loss, steps), gradient = value(theta, x, label)
        updates, state = adam.update(gradient, state)
        return optax.apply_updates(theta, updates), state, loss

    before = time.perf_counter()
    jax.block_until_ready(step(theta, state, x[:batch], label[:batch]))
    first = time.perf_counter() - before
    before = time.perf_counter()
    for _ in range(iterations):
        chosen = rng.choice(len(x), batch, replace=False)
        theta, state, loss = step(theta, state, x[chosen], label[chosen])
    jax.block_until_ready(theta)
    case.report("diffrax", "checkpoint", diffrax.__version__, "run", {"seconds": time.perf_counter() - before, "first_call_s": first, "loss": float(loss)})


if __name__ == "__main__":
    whole_run() if sys.argv[1] == "run" else iteration(sys.argv[1], sys.argv[2])
