"""One prey-predator pair under a seasonal force, x' = ax - bxy + sin t, y' = dxy - cy, by ten steps of every explicit
method of diffrax that neuralode has too.

Prints, as JSON, z(1), and the derivatives of x(1) - 2y(1) for the start and for a, b, c, d through these steps.
TestMethodsAgainstDiffrax (methods_test.go) has these numbers:

    JAX_PLATFORMS=cpu python bench/peers/methods.py
"""

import json

import diffrax
import jax
import jax.numpy as jnp

jax.config.update("jax_enable_x64", True)

theta = jnp.array([1.5, 1.0, 3.0, 1.0])
start = jnp.array([1.2, 0.7])
methods = {"euler": diffrax.Euler, "midpoint": diffrax.Midpoint, "heun": diffrax.Heun, "ralston": diffrax.Ralston,
           "bosh3": diffrax.Bosh3, "tsit5": diffrax.Tsit5, "dopri5": diffrax.Dopri5, "dopri8": diffrax.Dopri8}


def field(t, z, theta):
    a, b, c, d = theta
    x, y = z
    return jnp.array([a * x - b * x * y + jnp.sin(t), d * x * y - c * y])


for name, method in methods.items():

    def end(start, theta):
        return diffrax.diffeqsolve(diffrax.ODETerm(field), method(), 0.0, 1.0, 0.1, start, theta,
                                   stepsize_controller=diffrax.ConstantStepSize(),
                                   adjoint=diffrax.RecursiveCheckpointAdjoint()).ys[-1]

    bar_start, bar_theta = jax.grad(lambda s, p: end(s, p) @ jnp.array([1.0, -2.0]), (0, 1))(start, theta)
    print(json.dumps({"method": name, "z1": end(start, theta).tolist(), "start": bar_start.tolist(),
                      "theta": bar_theta.tolist()}))
