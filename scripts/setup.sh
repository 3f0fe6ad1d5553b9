#!/bin/sh
# Make .venv with Prism in it. Needs sh, Python 3.11 or later and git; uses uv when it is there.
# usage: scripts/setup.sh [dev]      dev: the tools and the Postgres binaries for the tests, too
set -eu
cd "$(dirname "$0")/.."
extra=${1:-}

die() { printf 'error: %s\n\nhint: %s\n' "$1" "$2" >&2; exit 2; }

command -v git >/dev/null 2>&1 ||
  die "git is not installed" "Debian and Ubuntu: apt install git; Fedora: dnf install git; macOS: xcode-select --install"

python=
for candidate in ${PYTHON:-} python3.14 python3.13 python3.12 python3.11 python3 python; do
  if command -v "$candidate" >/dev/null 2>&1 &&
     "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
    python=$candidate
    break
  fi
done
[ -n "$python" ] || die "Python 3.11 or later is not installed" \
  "Debian and Ubuntu: apt install python3 python3-venv; or set PYTHON to one"

wanted=$("$python" - "$extra" <<'PY'
import hashlib, pathlib, sys
text = pathlib.Path("pyproject.toml").read_bytes() + sys.version.encode()
print(hashlib.sha256(text).hexdigest()[:16] + ":" + sys.argv[1])
PY
)
if [ -x .venv/bin/prism ] && [ -f .venv/.ready ]; then
  ready=$(cat .venv/.ready)
  # An environment with the development tools also serves whoever asks for less.
  if [ "$ready" = "$wanted" ] || [ "$ready" = "${wanted}dev" ]; then exit 0; fi
fi

package=.
[ -z "$extra" ] || package=".[$extra]"
printf 'setting up .venv (once) ...\n' >&2
if command -v uv >/dev/null 2>&1; then
  uv venv --quiet --allow-existing --python "$python" .venv >&2
  uv pip install --quiet --python .venv/bin/python -e "$package" >&2
else
  "$python" -c 'import venv, ensurepip' >/dev/null 2>&1 || die \
    "this Python has no venv module" \
    "Debian and Ubuntu: apt install python3-venv (or python3.NN-venv for your version)"
  "$python" -m venv .venv >&2
  .venv/bin/python -m pip install --quiet --disable-pip-version-check -e "$package" >&2
fi
printf '%s' "$wanted" > .venv/.ready
