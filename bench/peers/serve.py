"""Asks `neuralode serve` and a FastAPI server with torchdiffeq for predictions in turn, prints a table and writes raw results.

python serve.py PROGRAM LOAD CASE RESULTS: PROGRAM and LOAD are cmd/neuralode and bench/peers/load, built; CASE is a file of
bench/peers/export with the network that both serve; RESULTS the folder for raw output.
"""

import os
import socket
import subprocess
import sys
import time

import compare

# Clients that ask at once, requests of each, points of a request. Those of one more round are a tenth, not counted.
LOADS = ((1, 40, 1), (16, 10, 1), (64, 4, 1), (16, 4, 64))
ROUNDS = 2


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def servers(program, case):
    """The commands that serve the case, by name; PORT stands for a port."""
    serve = [program, "serve", case, "--device", "cpu", "--listen", "127.0.0.1:PORT"]
    return {
        "neuralode": serve,
        "FastAPI, torchdiffeq": [sys.executable, "-m", "uvicorn", "fastapi_peer:app", "--app-dir", str(compare.HERE),
                                 "--port", "PORT", "--log-level", "warning"],
    }


def start(command, case):
    port = free_port()
    process = subprocess.Popen([part.replace("PORT", str(port)) for part in command], env={**os.environ, "CASE": case})
    for _ in range(600):
        if process.poll() is not None:
            raise SystemExit(f"{command[0]} ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 0.1).close()
            return process, f"http://127.0.0.1:{port}/predict"
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"{command[0]} does not listen")


def main(program, load, case, results):
    rows, case = [], os.path.abspath(case)
    running = {name: start(command, case) for name, command in servers(program, case).items()}
    try:
        for clients, requests, points in LOADS:
            for name, (_, url) in list(running.items()) * ROUNDS:  # in turn: the machine may change
                row = compare.run([load, "-url", url, "-clients", str(clients), "-requests", str(requests), "-points", str(points)])
                rows.append({"server": name, **row})
    finally:
        for process, _ in running.values():
            process.terminate()
            process.wait()
    about, text = compare.machine(), table(rows)
    print(text)
    compare.keep(results, about, f"{about['cpu'].split(' ')[0].lower()}-serve", rows, text)


def table(rows):
    """The best of the rounds of each load: what else the machine does only adds to a time."""
    lines = [f"{'clients':>7} {'points':>6} {'server':22} {'p50':>10} {'p99':>10} {'requests/s':>11} {'failed':>7} {'mean':>8}"]
    groups = {}
    for r in rows:
        groups.setdefault((r["clients"], r["points"], r["server"]), []).append(r)
    for (clients, points, server), same in groups.items():
        best = min(same, key=lambda r: r["p50_ms"])
        lines.append(f"{clients:7} {points:6} {server:22} {best['p50_ms']:7.2f} ms {min(r['p99_ms'] for r in same):7.2f} ms"
                     f" {best['requests_per_second']:11.0f} {sum(r['failed'] for r in same):7} {best['mean_probability']:8.5f}")
    return "\n".join(lines)


if __name__ == "__main__":
    main(*sys.argv[1:5])
