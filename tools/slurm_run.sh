#!/usr/bin/env bash
# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
# What slurm_train.sh and slurm_test.sh share: slurm_run.sh PARTITION JOB_NAME TOOL [its arguments].
# One process for each of GPUS.
set -euo pipefail
TOOLS=$(dirname "$0")
GPUS_PER_NODE=${GPUS_PER_NODE:-8}
# SRUN_ARGS is split into words on purpose
# shellcheck disable=SC2086
PYTHONPATH="$TOOLS/..:${PYTHONPATH:-}" exec srun -p "$1" \
    --job-name="$2" \
    --gres="gpu:$GPUS_PER_NODE" \
    --ntasks="${GPUS:-8}" \
    --ntasks-per-node="$GPUS_PER_NODE" \
    --cpus-per-task="${CPUS_PER_TASK:-5}" \
    --kill-on-bad-exit=1 \
    ${SRUN_ARGS:-} \
    "${PYTHON:-python}" -u "$TOOLS/$3" "${@:4}" --launcher slurm
