#!/usr/bin/env bash
# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
# What dist_train.sh and dist_test.sh share: dist_run.sh PROCESSES TOOL [its arguments].
set -euo pipefail
TOOLS=$(dirname "$0")
PYTHONPATH="$TOOLS/..:${PYTHONPATH:-}" exec "${PYTHON:-python}" -m torch.distributed.run \
    --nnodes="${NNODES:-1}" \
    --node_rank="${NODE_RANK:-0}" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" \
    --master_port="${PORT:-29500}" \
    --nproc_per_node="$1" \
    "$TOOLS/$2" "${@:3}" --launcher pytorch
