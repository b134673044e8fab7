#!/usr/bin/env bash
# Installs what Roux needs on Debian 12 and says what and why. When nothing is missing it returns at
# once: the packages that dpkg already knows are compared with setup/packages.txt before anything else.
set -euo pipefail
cd "$(dirname "$0")"

installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' | awk '$2 == "installed" {print $1}' | sort -u)
wanted=$(awk '!/^#/ && NF {print $1}' packages.txt | sort -u)
missing=$(comm -13 <(echo "$installed") <(echo "$wanted"))
[ -z "$missing" ] && exit 0

echo "installing $(wc -w <<< "$missing") Debian packages:"
for package in $missing; do
  awk -v p="$package" '$1 == p {$1 = ""; printf "  %-22s%s\n", p, $0}' packages.txt
done

become=""
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo > /dev/null || { echo "error: not root, and no sudo to become root with" >&2; exit 1; }
  become=sudo
fi
export DEBIAN_FRONTEND=noninteractive
$become apt-get update -qq
# The manual is documentation, which slim images tell dpkg to leave out.
# shellcheck disable=SC2086 # a list of names
$become apt-get install -y -qq --no-install-recommends \
  -o Dpkg::Options::=--path-include='/usr/share/doc/python3.11/*' $missing > install.log 2>&1 ||
  { tail -n 20 install.log >&2; echo "error: apt-get could not install the packages above" >&2; exit 1; }
rm -f install.log
