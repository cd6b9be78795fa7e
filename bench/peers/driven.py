"""A driven oscillator in diffrax: x'' = -k x - c x' + b u(t), with u known at ten knots.

Prints, as JSON, its states at five times with u linear and Hermite between the knots, and what their sum gives for
k, c, b and for u at the knots. TestDrivenAgainstDiffrax (signals_test.go) has these numbers:

    JAX_PLATFORMS=cpu python bench/peers/driven.py
"""

import json

import diffrax
import jax
import jax.numpy as jnp

jax.config.update("jax_enable_x64", True)

knots = jnp.array([0.0, 0.4, 1.1, 1.5, 2.3, 3.0, 3.2, 4.1, 4.8, 6.0])
u = jnp.array([0.0, 1.2, -0.7, 0.3, 2.1, -1.4, 0.5, 0.0, 1.6, -0.8])
theta = jnp.array([2.0, 0.3, 1.5])
times = jnp.array([0.5, 1.1, 2.0, 4.0, 6.0])


def states(theta, u, interpolation):
    if interpolation == "linear":
        control = diffrax.LinearInterpolation(knots, u)
    else:
        control = diffrax.CubicInterpolation(knots, diffrax.backward_hermite_coefficients(knots, u))

    def field(t, z, theta):
        k, c, b = theta
        return jnp.array([z[1], b * control.evaluate(t) - k * z[0] - c * z[1]])

    controller = diffrax.PIDController(rtol=1e-12, atol=1e-12)
    controller = diffrax.ClipStepSizeController(controller, jump_ts=knots[1:-1])
    return diffrax.diffeqsolve(
        diffrax.ODETerm(field), diffrax.Dopri8(), 0.0, 6.0, None, jnp.array([1.0, -0.5]), theta,
        saveat=diffrax.SaveAt(ts=times), stepsize_controller=controller, max_steps=10000,
        adjoint=diffrax.RecursiveCheckpointAdjoint()).ys


for interpolation in ("linear", "hermite"):
    bar_theta, bar_u = jax.grad(lambda a, b: states(a, b, interpolation).sum(), (0, 1))(theta, u)
    print(json.dumps({"interpolation": interpolation, "states": states(theta, u, interpolation).ravel().tolist(),
                      "theta": bar_theta.tolist(), "u": bar_u.tolist()}))
