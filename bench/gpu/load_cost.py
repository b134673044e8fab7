#!/usr/bin/env python3
"""Times loading kernels: PTX compiled by the driver, alone and on several threads, and cubins.

  load_cost.py KERNEL.ptx ... [--threads 1 4 16]

A cubin of the same name beside a PTX file (made by ptxas) is timed too. The driver's disk cache is
off. Prints JSON lines; the first load in a process, which also loads the driver's compiler, comes
first.
"""

import argparse
import json
import pathlib
import re
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

from cuda_driver import Driver

REPEATS = 5


def entry_name(text):
    return re.search(rb"\.entry\s+(\w+)", text).group(1).decode()


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kernels", nargs="+", type=pathlib.Path)
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 4, 16])
    options = parser.parse_args()
    driver = Driver()
    sources = [(path, path.read_bytes()) for path in options.kernels]
    first = driver.load(sources[0][1], entry_name(sources[0][1]))
    print(json.dumps({"first_load_ms": round(first.jit_ms, 2), "kernel": sources[0][0].name}))
    for path, text in sources:
        name = entry_name(text)
        row = {
            "kernel": path.name,
            "ptx_bytes": len(text),
            "ptx_ms": round(
                statistics.median(driver.load(text, name).jit_ms for _ in range(REPEATS)), 2
            ),
        }
        cubin = path.with_suffix(".cubin")
        if cubin.exists():
            image = cubin.read_bytes()
            row.update(
                cubin_bytes=len(image),
                cubin_ms=round(
                    statistics.median(driver.load(image, name).jit_ms for _ in range(REPEATS)), 3
                ),
            )
        print(json.dumps(row), flush=True)
    for threads in options.threads:
        with ThreadPoolExecutor(threads, initializer=driver.make_current) as pool:
            begin = time.perf_counter()
            list(pool.map(lambda source: driver.load(source[1], entry_name(source[1])), sources))
            total = time.perf_counter() - begin
        print(
            json.dumps(
                {"threads": threads, "kernels": len(sources), "total_ms": round(total * 1e3, 1)}
            ),
            flush=True,
        )


if __name__ == "__main__":
    main()
