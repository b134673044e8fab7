#!/usr/bin/env bash
# What tests need from PyPI, into build/python: jinja2 and tokenizers, which chats are compared with, and
# sentryward, which proves kernels free of races. Returns at once when they are there.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -x build/python/bin/python ] && build/python/bin/python -c 'import jinja2, sentryward, tokenizers' 2>/dev/null && exit 0

echo "fetching jinja2 3.1, tokenizers 0.23 and sentryward 0.1.1 from PyPI"
python3 -m venv build/python
build/python/bin/pip install -q --disable-pip-version-check 'jinja2==3.1.*' 'tokenizers==0.23.*' \
  'sentryward==0.1.1'
