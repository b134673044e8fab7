"""Prints the kernels of two `roux inspect --emit=asm` files that differ, and how many there are."""
import re
import sys


def kernels(path):
    """Assembly by kernel, without comments: they hold the recipe's places."""
    found, name = {}, None
    for line in open(path):
        if heading := re.fullmatch(r"# (\S+)\n", line):
            name = heading[1]
            found[name] = []
        elif not line.lstrip().startswith("#"):
            found[name].append(line)
    return found


before, after = kernels(sys.argv[1]), kernels(sys.argv[2])
assert before.keys() == after.keys(), before.keys() ^ after.keys()
differ = [name for name in before if before[name] != after[name]]
print(f"{len(differ)} of {len(before)} differ: {' '.join(differ)}")
