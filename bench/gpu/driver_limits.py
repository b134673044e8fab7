#!/usr/bin/env python3
"""Prints what the installed driver accepts: PTX versions, static and dynamic shared memory.

The compiler has to choose a PTX version the driver can read and put large tiles in dynamic shared
memory; this says where the limits are on the machine at hand. One JSON line per question.
"""

import json

from cuda_driver import CudaError, Driver

EMPTY = """.version {version}
.target {target}
.address_size 64
{globals}
.visible .entry probe() {{ {body} ret; }}
"""
KIB = 1024


def text(version="8.0", target="sm_90a", shared=0):
    declaration = f".shared .align 16 .b8 tile[{shared}];" if shared else ""
    body = ".reg .b32 %r; mov.u32 %r, %tid.x; st.volatile.shared.u32 [tile], %r;" if shared else ""
    return EMPTY.format(version=version, target=target, globals=declaration, body=body).encode()


def outcome(attempt):
    try:
        attempt()
        return "accepted"
    except CudaError as error:
        return str(error)


def main():
    driver = Driver()
    print(
        json.dumps(
            {
                "device": driver.name,
                "cuda": driver.version,
                "multiprocessors": driver.multiprocessors,
            }
        )
    )
    for version in ("8.0", "8.6", "8.8", "9.0", "9.1"):
        print(
            json.dumps(
                {"ptx": version, "result": outcome(lambda: driver.load(text(version), "probe"))}
            )
        )
    for size in (48, 49, 80, 227):
        print(
            json.dumps(
                {
                    "static_shared_kib": size,
                    "result": outcome(lambda: driver.load(text(shared=size * KIB), "probe")),
                }
            )
        )
    for size in (48, 49, 128, 227, 228):

        def attempt(allowed):
            kernel = driver.load(text(), "probe")
            if allowed:
                kernel.allow_dynamic_shared(size * KIB)
            kernel.bind((1,), 32, (), size * KIB)()
            driver.synchronize()

        print(
            json.dumps(
                {
                    "dynamic_shared_kib": size,
                    "with_attribute": outcome(lambda: attempt(True)),
                    "without": outcome(lambda: attempt(False)),
                }
            )
        )


if __name__ == "__main__":
    main()
