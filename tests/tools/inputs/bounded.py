"""Runs roux on an input that nobody means well with, and holds it to what it may take.

Four gigabytes of addresses, a minute of processor time and two gigabytes of any file are limits of the process; how much memory
was resident at most, and how much processor time went, is measured too and held to `most` and `work`. MEASURED=FILE in
the environment adds a row a run to FILE.
"""
import os
import re
import resource
import subprocess

from short_run import say

megabyte = 1 << 20
only = []  # names to try; all where it is empty


def roux(*arguments, memory=4096 * megabyte, stdin=None):
    """The exit status, what was said, the peak in MB and seconds of processor time."""
    def limited():
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
        resource.setrlimit(resource.RLIMIT_FSIZE, (2048 * megabyte, 2048 * megabyte))

    with open("said", "w+", errors="replace") as said:
        process = subprocess.Popen(["roux", *arguments], stdout=said, stderr=subprocess.STDOUT, stdin=stdin or subprocess.DEVNULL, preexec_fn=limited)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        return process.returncode, said.read(), used.ru_maxrss // 1024, used.ru_utime + used.ru_stime


def ends(what, holds, *arguments, most=600, work=20, limit="", **more):
    """Runs, and says whether `holds(status, said)` and no more than `most` MB and `work` seconds were taken."""
    if only and what not in only:
        return
    status, said, peak, seconds = roux(*(arguments or ("run", "case.recipe", "--target", "read")), **more)
    if "MEASURED" in os.environ:
        line = next((line for line in said.splitlines() if "error" in line), said.splitlines()[-1] if said else "")
        line = re.sub(r"\s+", " ", line).replace("|", "\\|")
        with open(os.environ["MEASURED"], "a") as table:
            table.write(f"| {what} | {limit} | {status} | {line[:160]} | {peak} | {seconds:.2f} |\n")
    held = holds(status, said) and len(said) < 100_000 and peak <= most and seconds <= work
    say(f"{what}: in {most} MB and {work} s", held, f"status {status}, {peak} MB, {seconds:.2f} s: {said[-600:]}")


def refused(what, text, *arguments, **more):
    """Refused with these words of a message."""
    ends(what, lambda status, said: status == 1 and text in said, *arguments, **more)
