"""Writes reference.txt: correctly rounded exp, log, log2 and pow, computed with 60 decimal digits.

Independent of the code under test: Python's decimal module, rounded once by fractions. Run it again
only to add rows; the file is part of the repository so that tests need no Python.
"""
import decimal
import random
from fractions import Fraction

decimal.getcontext().prec = 60
decimal.getcontext().Emax = 10**6
decimal.getcontext().Emin = -(10**6)
random.seed(20)


def rounded(value):
    try:
        return float(Fraction(value))
    except OverflowError:
        return float("inf")


def row(name, result, *arguments):
    print(name, *(x.hex() for x in arguments), rounded(result).hex())


for _ in range(150):
    x = random.choice([random.uniform(-745, 710), random.uniform(-1, 1), random.gauss(0, 1e-6)])
    row("exp", decimal.Decimal(x).exp(), x)
for _ in range(150):
    x = random.choice([random.uniform(0, 2), 2 ** random.uniform(-1074, 1024), 1 + random.gauss(0, 1e-8)])
    x = abs(x) or 1.0
    row("log", decimal.Decimal(x).ln(), x)
    row("log2", decimal.Decimal(x).ln() / decimal.Decimal(2).ln(), x)
for _ in range(300):
    x = random.choice([random.uniform(0, 10), random.randint(1, 100000) + 0.0, 2 ** random.uniform(-50, 50)])
    y = random.choice([-1.0, -0.5, 0.5, 3.0, random.uniform(-3, 3), random.uniform(-20, 20)])
    row("pow", (decimal.Decimal(y) * decimal.Decimal(x).ln()).exp(), x, y)
