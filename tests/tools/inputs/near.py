"""near.py TOLERANCE FILE FILE: the losses that two runs measured differ by less, relatively."""
import re
import sys

first, second = ([float(value) for value in re.findall(r"^ *unseen +(\S+)", open(path).read(), re.M)]
                 for path in sys.argv[2:])
assert len(first) == len(second) == 1, (first, second)
assert abs(first[0] - second[0]) <= float(sys.argv[1]) * abs(first[0]), (first, second)
