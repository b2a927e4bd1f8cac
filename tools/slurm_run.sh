#!/usr/bin/env bash
# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
# What slurm_train.sh and slurm_test.sh share: slurm_run.sh PARTITION JOB_NAME TOOL [its arguments].
# One process for each of GPUS.
set -euo pipefail
TOOLS=$(dirname "$0")
GPUS=${GPUS:-8} GPUS_PER_NODE=${GPUS_PER_NODE:-8} CPUS_PER_TASK=${CPUS_PER_TASK:-5}
for name in GPUS GPUS_PER_NODE CPUS_PER_TASK; do
    if ! [[ ${!name} =~ ^[1-9][0-9]{0,3}$ ]]; then
        echo "Error: $name=${!name} is no number from 1 to 9999." >&2
        exit 2
    fi
done
# SRUN_ARGS is split into words on purpose
# shellcheck disable=SC2086
PYTHONPATH="$TOOLS/..:${PYTHONPATH:-}" exec srun -p "$1" \
    --job-name="$2" \
    --gres="gpu:$GPUS_PER_NODE" \
    --ntasks="$GPUS" \
    --ntasks-per-node="$GPUS_PER_NODE" \
    --cpus-per-task="$CPUS_PER_TASK" \
    --kill-on-bad-exit=1 \
    ${SRUN_ARGS:-} \
    "${PYTHON:-python}" -u "$TOOLS/$3" "${@:4}" --launcher slurm
