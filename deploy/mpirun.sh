#!/usr/bin/env bash
# Trains in ranks on the machines of a hostfile, or on this one, and goes on where the run was stopped:
#
#   RANKS=8 RUN=runs/mine deploy/mpirun.sh --data points.csv
#   RANKS=8 RUN=runs/mine HOSTS=hosts.txt deploy/mpirun.sh --data points.csv
#
# The run folder must be seen by the first rank, the data by all under the same name.
set -euo pipefail
run=${RUN:?name the run folder in RUN}
launch=(mpirun -n "${RANKS:-2}")
if [ -n "${HOSTS:-}" ]; then
	launch+=(--hostfile "$HOSTS")
fi
if [ -e "$run/config.json" ]; then
	exec "${launch[@]}" neuralode train --resume "$run"
fi
exec "${launch[@]}" neuralode train --out "$run" "$@"
