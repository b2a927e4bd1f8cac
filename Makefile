# make install   fill .venv
# make demo      train an SDPose model on toy data, test it, draw pictures
# make demo-distilpose   train a teacher, and a student with and without it, on toy data
# make test      run the tests
# make lock      pin what `make install` takes, with hashes (needs uv)
# make lint      check style, types, and that the papers' tables are rendered

.DEFAULT_GOAL := help
SHELL := /bin/bash
VENV := .venv
RUN := $(VENV)/bin/python

# The first Python that the pinned packages exist for; `make PYTHON=... install` takes another.
IS_SUPPORTED := import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for python in python3.11 python3 python3.13 python3.12 python3.10; do \
	"$$python" -c '$(IS_SUPPORTED)' 2>/dev/null && { echo "$$python"; break; }; done)

DEMO_CONFIG := configs/sdpose/td-hm_sdpose-toy_1xb16-18e_toy-coco-128x96.py
DEMO_DATA := data/toy_coco
DEMO_DIR := work_dirs/demo
DEMO_CHECKPOINT := $(DEMO_DIR)/epoch_18.pth
# Half precision, where the processor has it, saves a third of the training's time.
AMP := $(shell grep -qsE 'avx512_bf16|amx_bf16' /proc/cpuinfo && echo --amp)

.PHONY: help
help:
	@sed -n 's/^# make/make/p' Makefile

.PHONY: install
install: $(VENV)/installed

$(VENV)/installed: requirements.txt setup.py $(wildcard requirements/*.txt)
	@$(or $(PYTHON),false) -c '$(IS_SUPPORTED)' 2>/dev/null || { echo 'Error: $(or $(PYTHON),there)' \
		'is no Python 3.10, 3.11, 3.12 or 3.13. Install one, or name it:' \
		'make PYTHON=/path/to/python3.11 install' >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo 'Error: $(PYTHON) cannot make a virtual environment.' \
		'On Debian and Ubuntu: apt install python3-venv' >&2; exit 1; }
	$(RUN) -m pip install -r requirements/torch.txt
	$(RUN) -m pip install --only-binary :all: --require-hashes -r requirements.txt
	$(RUN) -m pip install --only-binary :all: --require-hashes --no-deps \
		-r requirements/openmmlab.txt -r requirements/deit.txt -r requirements/rtmlib.txt
	$(RUN) -m pip install --no-deps --no-build-isolation -e .
	@touch $@

# What is installed, with hashes; uv resolves it for all supported Pythons at once.
LOCK := uv pip compile --universal --python-version 3.10 --generate-hashes --no-annotate \
	--only-binary :all: --custom-compile-command 'make lock'

.PHONY: lock
lock:
	$(LOCK) requirements/run.in requirements/dev.in -o requirements.txt
	$(LOCK) --no-deps requirements/openmmlab.in -o requirements/openmmlab.txt
	$(LOCK) --no-deps requirements/deit.in -o requirements/deit.txt
	$(LOCK) --no-deps requirements/rtmlib.in -o requirements/rtmlib.txt

.PHONY: demo
demo: install
	@echo '--- 1/4: toy data set of drawn people'
	$(RUN) tools/dataset/make_toy_coco.py $(DEMO_DATA) --images 1500 --val-images 200
	@echo '--- 2/4: train (goes on where an earlier run stopped)'
	$(RUN) tools/train.py $(DEMO_CONFIG) --work-dir $(DEMO_DIR) --resume $(AMP)
	@echo '--- 3/4: test on images that it has not seen, with flip test'
	$(RUN) tools/test.py $(DEMO_CONFIG) $(DEMO_CHECKPOINT) --work-dir $(DEMO_DIR)/test \
		--out $(DEMO_DIR)/ap.json \
		--cfg-options test_evaluator.outfile_prefix=$(DEMO_DIR)/predictions
	@echo '--- 4/4: pictures'
	$(RUN) tools/visualize/contact_sheet.py \
		$(DEMO_DATA)/annotations/person_keypoints_val2017.json $(DEMO_DATA)/val2017 \
		$(DEMO_DIR)/predictions.keypoints.json $(DEMO_DIR)/contact_sheet.png
	$(RUN) tools/visualize/training_curve.py $(DEMO_DIR)
	@echo
	@echo 'Done. Predictions beside ground truth: $(DEMO_DIR)/contact_sheet.png'
	@echo '      Losses and AP while training:    $(DEMO_DIR)/training_curve.png'
	@echo '      AP and AR:                       $(DEMO_DIR)/ap.json'
	@echo '      Checkpoint:                      $(DEMO_CHECKPOINT)'
	@echo '      Next, with COCO:                 see README.md'

TOY := 1xb16-18e_toy-coco-128x96
TEACHER := td-hm_tokenpose-toy_$(TOY)
STUDENTS := td-reg_distilpose-toy_$(TOY) td-reg_distilpose-toy-baseline_$(TOY)

.PHONY: demo-distilpose
demo-distilpose: install
	@echo '--- 1/4: toy data set of drawn people'
	$(RUN) tools/dataset/make_toy_coco.py $(DEMO_DATA) --images 1500 --val-images 200
	@echo '--- 2/4: train the teacher, then the student with and without it (goes on where it stopped)'
	$(RUN) tools/train.py configs/tokenpose/$(TEACHER).py --resume
	for name in $(STUDENTS); do $(RUN) tools/train.py configs/distilpose/$$name.py --resume || exit; done
	@echo '--- 3/4: test all three on images that they have not seen, with flip test'
	for path in tokenpose/$(TEACHER) $(addprefix distilpose/,$(STUDENTS)); do \
		name=$$(basename $$path); $(RUN) tools/test.py configs/$$path.py \
		work_dirs/$$name/epoch_18.pth --work-dir work_dirs/$$name/test \
		--out work_dirs/$$name/ap.json || exit; done
	@echo '--- 4/4: teacher, student with it, student without it'
	@for name in $(TEACHER) $(STUDENTS); do \
		echo "$$name: $$(cat work_dirs/$$name/ap.json)"; done

.PHONY: test
test: install
	OMP_NUM_THREADS=1 $(RUN) -m pytest -n auto --dist loadscope

.PHONY: lint
lint: install
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(RUN) tools/render_papers.py --check
