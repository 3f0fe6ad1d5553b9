#!/bin/sh
# Set up, index a repository (default: this one) and print its blueprint.
# usage: scripts/demo.sh [PATH|URL]
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
sh "$here/scripts/setup.sh"
PRISM_DATA_DIR=${PRISM_DATA_DIR:-$here/.prism}
export PRISM_DATA_DIR
prism=$here/.venv/bin/prism
target=${1:-$here}
status=0
"$prism" index "$target" || status=$?
# 7: indexed, but a stage failed; the blueprint says so itself.
[ "$status" = 0 ] || [ "$status" = 7 ] || exit "$status"
"$prism" blueprint "$target" || exit $?
exit "$status"
