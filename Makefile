# make run · test · check need git, make and python3 >= 3.11 with venv; the rest is installed here.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Programs are started by the hundred in the tests: what a shell says against keeping compiled ones does not hold here.
unexport PYTHONDONTWRITEBYTECODE
# A stamp per lock file: later runs install nothing.
RUN_STAMP := $(VENV)/.installed-$(shell cat requirements.txt pyproject.toml tools/link.py | cksum | cut -d' ' -f1)
DEV_STAMP := $(VENV)/.dev-$(shell cat requirements-dev.txt | cksum | cut -d' ' -f1)

.PHONY: run test check bench mechanisms mutations screenshots lock system

run: $(RUN_STAMP)  ## a whole server with a demo county (PORT, GEZHI_HOME)
	@exec $(BIN)/gezhi run

test: $(DEV_STAMP)  ## what touches a database on PostgreSQL, then every test on SQLite
	@sh tools/system.sh postgresql chromium pango
	GEZHI_TEST_DB=postgres $(BIN)/python -m tools.again -q -n $(JOBS) --dist loadfile -m "not browser"
	$(BIN)/python -m tools.again -q -n $(JOBS) --dist loadfile

JOBS ?= auto

# Tools that import the settings get a home of their own.
check: export GEZHI_HOME := $(VENV)/check/home
check: $(DEV_STAMP)  ## style, types, layers, templates, migrations, translations, what may not be named, pack versions
	@sh tools/system.sh gettext
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy gezhi tools
	$(BIN)/lint-imports
	$(BIN)/djlint --lint --quiet gezhi
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python tools/translations.py
	$(BIN)/python tools/named.py
	$(BIN)/python -m tools.versions

bench: $(DEV_STAMP)  ## speed as ratios against a limit measured in the same run
	$(BIN)/python -m bench

mechanisms: $(DEV_STAMP)  ## the 195 mechanisms: which test, which pack, passing or not
	@$(BIN)/python tools/mechanisms.py

COUNT ?= 200
mutations: $(DEV_STAMP)  ## break a pack file in one place, see whether its mechanism's tests notice (COUNT=200)
	@$(BIN)/python -m tools.mutations --count $(COUNT) $(MUTATE)

screenshots: $(DEV_STAMP)
	@sh tools/system.sh chromium
	$(BIN)/python tools/screenshots.py

lock: $(DEV_STAMP)  ## requirements*.txt from pyproject.toml, with hashes
	$(BIN)/pip install -q pip-tools
	$(BIN)/pip-compile -q $(LOCK) -o requirements.txt pyproject.toml
	$(BIN)/pip-compile -q $(LOCK) --extra dev -c requirements.txt -o requirements-dev.txt pyproject.toml

LOCK := --upgrade --generate-hashes --allow-unsafe --strip-extras \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links

$(RUN_STAMP): | requirements.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python tools/link.py
	@rm -f $(VENV)/.installed-*; touch $@

$(DEV_STAMP): $(RUN_STAMP) | requirements-dev.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@rm -f $(VENV)/.dev-*; touch $@
