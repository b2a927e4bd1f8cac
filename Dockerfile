# The steps of README: an image that trains and tests, on the CPU or, with CUDA's build of torch, on GPUs.
#
#   docker build -t sdpose .
#   docker build -t sdpose --build-arg BASE=nvidia/cuda:13.0.0-runtime-ubuntu24.04 \
#       --build-arg TORCH_INDEX=https://pypi.org/simple .
#   docker run --rm -it -v $PWD/data:/sdpose/data -v $PWD/work_dirs:/sdpose/work_dirs sdpose \
#       python tools/train.py CONFIG
ARG BASE=python:3.11-slim
FROM ${BASE}

RUN apt-get update \
    && apt-get install -y --no-install-recommends make python3 python3-venv \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /sdpose
COPY . .

# torch from here; everything else by the hashes of requirements.txt
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN PIP_EXTRA_INDEX_URL=${TORCH_INDEX} PIP_NO_CACHE_DIR=1 make install

ENV PATH=/sdpose/.venv/bin:${PATH}
CMD ["python", "tools/train.py", "--help"]
