#!/bin/sh
# Set up and pass all tests, on memory, SQLite and a real Postgres that the tests start themselves.
# usage: scripts/test.sh [pytest arguments]
set -eu
cd "$(dirname "$0")/.."
sh scripts/setup.sh dev
exec .venv/bin/python -m pytest "$@"
