#!/usr/bin/env bash
# The checkable half of CONTRIBUTING.md. Prints each breach; exits 1 on any.
cd "$(dirname "$0")/../.." || exit 2
status=0

breach() { # breach "rule" <<< "offending lines"
  local lines
  lines=$(cat)
  [ -z "$lines" ] && return
  printf 'style: %s\n%s\n' "$1" "$lines"
  status=1
}
sources() { git ls-files -- "$@" | grep -E '\.(h|cpp|td)$'; }

breach "runtime/ must not know the compiler" \
  < <(grep -rnE '#include [<"](mlir|llvm|dialects|compiler)/' runtime)
breach "the front end does not include MLIR" \
  < <(grep -rnE '#include [<"](mlir|llvm|dialects)/' compiler/frontend)
breach "attributes are set through their typed setters" \
  < <(grep -rnE '(setAttr|getAttr|getAttrOfType<[^>]*>)\("' compiler dialects)
breach "name the file after what it does" \
  < <(git ls-files | grep -iE '(^|/)[^/]*(util|helper|common|misc)[^/]*$')
breach "one pass a file" \
  < <(grep -rc 'define GEN_PASS_DEF' compiler/transforms --include='*.cpp' | grep -E ':[2-9]')
breach "every pass has tests/compiler/transforms/<flag>.mlir" \
  < <(grep -ohP 'Pass<"\K[^"]+' compiler/*/Passes.td 2> /dev/null |
      while read -r flag; do
        ls tests/compiler/*/"$flag".mlir > /dev/null 2>&1 || echo "$flag"
      done)
breach "files stay under 500 lines" \
  < <(sources bench compiler dialects runtime tests | xargs -r wc -l | awk '$2 != "total" && $1 > 500')
breach "every source file starts with why it exists" \
  < <(sources bench compiler dialects runtime tests | while read -r f; do
        head -n 1 "$f" | grep -q '^//' || echo "$f"
      done)
breach "clang-format-22 -i would change" \
  < <(git ls-files '*.h' '*.cpp' | xargs -r clang-format-22 --dry-run 2>&1 | grep -oE '^[^:]+\.(h|cpp)' | sort -u)
exit $status
