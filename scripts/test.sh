#!/bin/sh
# Set up and pass all tests, on memory, SQLite and a real Postgres that the tests start themselves.
# usage: scripts/test.sh [pytest arguments]
set -eu
cd "$(dirname "$0")/.."
sh scripts/setup.sh dev
# Two files at a time, for many tests wait for processes; `-n 0` runs one at a time.
exec .venv/bin/python -m pytest -n 2 --dist loadfile "$@"
