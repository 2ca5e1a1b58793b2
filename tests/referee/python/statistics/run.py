"""A second opinion on the domain's statistics, by scipy and statsmodels, and by whole numbers alone where both round.

Judges the counts that `peel-seeds cases` draws anew on every run (PEEL_CASES, else `target/referee/cases`).
Closes with "N passed, N failed".
"""

import json
import math
import os
import pathlib
import sys
from fractions import Fraction

import numpy as np
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
from tally import Tally

CLOSE = 1e-9
SIGNIFICANT, DETECTED = 0.05, 0.8
# Tables up to this size are also tested by whole numbers, where a tie is a tie.
WHOLE = 400


class Numbers(Tally):
    """Checks of numbers, too."""

    def near(self, what, ours, theirs, absolute=1e-300):
        if ours is None or theirs is None:
            self.check(f"{what}: {ours} here, {theirs} there", ours is None and theirs is None)
            return
        close = math.isclose(ours, theirs, rel_tol=CLOSE, abs_tol=absolute)
        self.check(f"{what}: {ours} here, {theirs} there", close)


def rates(tally, cases):
    for case in cases:
        count, of = case["numerator"], case["denominator"]
        name = f"{count} of {of}"
        tally.near(f"{name}: share", case["share"], count / of)
        for ours, method in [("wilson_95", "wilson"), ("exact_95", "beta")]:
            low, high = proportion_confint(count, of, alpha=0.05, method=method)
            # Some of theirs leave a rest of 1e-20 where the end is certain.
            tally.near(f"{name}: {method} low", case[ours]["low"], float(low), 1e-15)
            tally.near(f"{name}: {method} high", case[ours]["high"], float(high), 1e-15)


def two_sided(count, of, expected):
    """The sum of all chances that are as small, one by one."""
    chances = stats.binom.pmf(np.arange(of + 1), of, expected)
    return min(float(chances[chances <= chances[count] * (1 + 1e-7)].sum()), 1.0)


def binomial(tally, cases):
    for case in cases:
        count, of, expected = case["count"], case["of"], case["expected"]
        name = f"{count} of {of} against {expected}"
        # Their own lose digits where the chance is far too small to matter.
        tally.near(name, case["p"], float(stats.binomtest(count, of, expected).pvalue), 1e-200)
        if of <= WHOLE:
            tally.near(f"{name}, summed", case["p"], two_sided(count, of, expected), 1e-15)


def whole_numbers(table):
    """Fisher's test by fractions: ties are ties."""
    (a, b), (c, d) = table
    first, second, drawn = a + b, c + d, a + c

    def ways(hits):
        return math.comb(first, hits) * math.comb(second, drawn - hits)

    seen = ways(a)
    low, high = max(0, drawn - second), min(drawn, first)
    return float(Fraction(sum(w for w in map(ways, range(low, high + 1)) if w <= seen), math.comb(first + second, drawn)))


def fisher(tally, cases):
    for case in cases:
        table = case["table"]
        if sum(map(sum, table)) <= WHOLE:
            tally.near(f"{table} by whole numbers", case["p"], whole_numbers(table))
        if min(sum(row) for row in table) == 0 or min(sum(column) for column in zip(*table)) == 0:
            tally.near(f"{table}: an empty margin", case["p"], 1.0)
            continue
        (a, b), (c, d) = table
        support = np.arange(max(0, a + c - c - d), min(a + c, a + b) + 1)
        logs = stats.hypergeom.logpmf(support, a + b + c + d, a + b, a + c)
        as_small = logs <= logs[support == a][0] + 1e-7
        theirs = min(float(np.exp(logs[as_small]).sum()), 1.0)
        # Their chances are differences of logarithms of large numbers.
        close = math.isclose(case["p"], theirs, rel_tol=1e-7, abs_tol=1e-200)
        tally.check(f"{table}: {case['p']} here, {theirs} there", close)
        tie = np.abs(logs - logs[support == a][0])
        if not ((tie > 0) & (tie < 1e-6)).any():
            theirs = float(stats.fisher_exact(table).pvalue)
            close = math.isclose(case["p"], theirs, rel_tol=1e-7, abs_tol=1e-200)
            tally.check(f"{table}: {case['p']} here, {theirs} by scipy's own", close)


def power(tally, cases):
    for case in cases:
        n, expected, truly = case["cases"], case["expected"], case["truly"]
        counts = np.arange(n + 1)
        significant = np.array([stats.binomtest(int(k), n, expected).pvalue <= SIGNIFICANT for k in counts])
        name = f"{n} cases against {expected}"
        tally.near(f"{name}, truly {truly}", case["power"], float(stats.binom.pmf(counts, n, truly)[significant].sum()), 1e-12)
        above = counts[significant & (counts > n * expected)]
        if not len(above):
            tally.near(f"{name}: detectable", case["detectable"], None)
            continue
        # The least share with which so many or more come up four times in five.
        theirs = float(stats.beta.ppf(DETECTED, above.min(), n - above.min() + 1))
        tally.near(f"{name}: detectable", case["detectable"], theirs)


def second_check(tally, cases):
    for case in cases:
        true, false = case["true"] * Fraction(case["of_true"]), case["false"] * Fraction(case["of_false"])
        tally.near(f"after a check: {case}", case["after"], float(true / (true + false)))


def golden(tally):
    """The specification's own figures, by these libraries alone: both sides must have read it alike."""
    published = [
        (0.135, 3.8e-6, 1e-7), (0.40, 0.018, 1e-3), (0.45, 0.051, 1e-3), (0.50, 0.11, 1e-2), (0.55, 0.20, 1e-2), (0.60, 0.33, 1e-2),
    ]
    for expected, value, digit in published:
        tally.check(f"8 of 10 against {expected}", abs(stats.binomtest(8, 10, expected).pvalue - value) <= digit / 2)
    for share, value, digit in [(0.40, 0.018, 1e-3), (0.45, 0.0502, 1e-4), (0.50, 0.11, 1e-2)]:
        among = round(2_067 * share)
        found = stats.fisher_exact([[8, 2], [among, 2_067 - among]]).pvalue
        tally.check(f"Fisher's test where {share} of true alerts", abs(found - value) <= digit / 2)


def main():
    root = pathlib.Path(os.environ.get("PEEL_ROOT") or pathlib.Path(__file__).resolve().parents[4])
    folder = pathlib.Path(os.environ.get("PEEL_CASES") or root / "target" / "referee" / "cases")
    cases = json.loads((folder / "statistics.json").read_text())
    tally = Numbers()
    golden(tally)
    for name, judge in [("rates", rates), ("binomial", binomial), ("fisher", fisher), ("power", power), ("second_check", second_check)]:
        tally.check(f"cases of {name} were drawn", len(cases[name]) >= 100)
        judge(tally, cases[name])
    return tally.close()


if __name__ == "__main__":
    sys.exit(main())
