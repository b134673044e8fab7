#!/usr/bin/env bash
# jinja2 and tokenizers, which chats are compared with in the tests, from PyPI into build/python. Returns
# at once when they are there.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -x build/python/bin/python ] && build/python/bin/python -c 'import jinja2, tokenizers' 2>/dev/null && exit 0

echo "fetching jinja2 3.1 and tokenizers 0.23 from PyPI"
python3 -m venv build/python
build/python/bin/pip install -q --disable-pip-version-check 'jinja2==3.1.*' 'tokenizers==0.23.*'
