"""A second opinion on the statistics of `cargo face report` and `cargo face calibrate`, by numpy, scipy and scikit-learn.

Draws tables of scores (seeded: PEEL_SEED, else the clock), lets the command read them, and computes the same
numbers by other people's code. Closes with "N passed, N failed".
"""

import csv
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
from scipy import special, stats
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score, roc_curve

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
import calibration
from tally import Tally

ROOT = pathlib.Path(os.environ.get("PEEL_ROOT") or pathlib.Path(__file__).resolve().parents[4])
SUPPORTS, DOES_NOT = 0.50, 0.29
TARGETS = [1e-2, 1e-3, 1e-4]
EXACT = 1e-9
# Two solvers stop at slightly different places.
FITTED = 1e-5
# Another bootstrap draws other people: its ends may differ by this part of the interval's width, or by so much.
DRAWN, DRAWN_LEAST = 0.25, 0.002
REPLICATES = 1000


class Numbers(Tally):
    """Checks of numbers, too."""

    def near(self, ours, theirs, what, tolerance=EXACT):
        if ours is None or theirs is None:
            self.check(f"{what}: {ours} here, {theirs} there", ours is None and theirs is None)
        else:
            close = math.isclose(ours, theirs, rel_tol=tolerance, abs_tol=tolerance)
            self.check(f"{what}: {ours} here, {theirs} there", close)


class Case:
    """One drawn table: people with a quality of their own, pairs among them, some without a score."""

    def __init__(self, random, people, mated, non_mated, separation, digits, failures):
        skill = random.normal(0, 0.06, people)
        first = random.integers(0, people, mated)
        left = random.integers(0, people, non_mated)
        right = (left + random.integers(1, people, non_mated)) % people
        self.people = np.concatenate([np.stack([first, first], 1), np.stack([left, right], 1)])
        self.same = np.concatenate([np.ones(mated, int), np.zeros(non_mated, int)])
        middle = np.where(self.same == 1, 0.1 + separation, 0.1)
        noise = random.normal(0, 0.1, mated + non_mated) + skill[self.people].mean(1)
        self.score = np.round(np.clip(middle + noise, -1, 1), digits)
        self.quality = np.round(np.clip(10 + 20 * noise + random.normal(0, 1, len(noise)), 0, None), 3)
        self.fold = random.integers(1, 6, len(noise))
        self.condition = random.choice(["day", "night"], len(noise))
        self.group = np.array(["x", "y", "z"])[np.arange(people) % 3]
        self.scored = random.random(len(noise)) >= failures
        order = random.permutation(len(noise))
        for name in ["people", "same", "score", "quality", "fold", "condition", "scored"]:
            setattr(self, name, getattr(self, name)[order])

    def write(self, path):
        header = ["file1", "file2", "same", "condition", "group1", "group2", "person1", "person2", "fold"]
        with open(path, "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(header + ["score", "band", "quality", "reason", "milliseconds"])
            for row in range(len(self.same)):
                a, b = self.people[row]
                known = [f"{a}/{row}.jpg", f"{b}/{row}b.jpg", self.same[row], self.condition[row]]
                known += [self.group[a], self.group[b], f"p{a}", f"p{b}", self.fold[row]]
                if self.scored[row]:
                    band = "supports" if self.score[row] > SUPPORTS else "inconclusive"
                    known += [f"{self.score[row]:.6f}", band, f"{self.quality[row]:.3f}", "", "1.0"]
                else:
                    known += ["", "not_possible", "", "file1:no_face", "1.0"]
                writer.writerow(known)

    def kinds(self, rows=slice(None)):
        """Scores of mated and of non-mated pairs."""
        score, same = self.score[rows][self.scored[rows]], self.same[rows][self.scored[rows]]
        return score[same == 1], score[same == 0]

    def numbers(self):
        """People by number, in the order in which they come up."""
        numbers = {}
        for a, b in self.people:
            numbers.setdefault(a, len(numbers))
            numbers.setdefault(b, len(numbers))
        return np.array([[numbers[a], numbers[b]] for a, b in self.people]), len(numbers)


def report(path, folder):
    command = ["cargo", "face", "report", str(path), "--report", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, stderr=subprocess.DEVNULL)
    return json.loads((folder / "report.json").read_text())


def equal_error_rate(mated, non_mated):
    truth = np.concatenate([np.ones(len(mated)), np.zeros(len(non_mated))])
    false, true, _ = roc_curve(truth, np.concatenate([mated, non_mated]), drop_intermediate=False)
    return float(np.interp(0.0, false - (1 - true), false))


def at_fmr(mated, non_mated, target):
    allowed = math.floor(target * len(non_mated) + 1e-9)
    if allowed == 0:
        return None
    return float(np.sort(non_mated)[::-1][allowed])


def cost(of_mated, of_non_mated):
    """Cllr of natural log likelihood ratios."""
    with np.errstate(over="ignore"):
        return float((np.logaddexp(0, -of_mated).mean() + np.logaddexp(0, of_non_mated).mean()) / 2 / math.log(2))


def minimum_cost(mated, non_mated):
    scores = np.concatenate([mated, non_mated])
    truth = np.concatenate([np.ones(len(mated)), np.zeros(len(non_mated))])
    chance = IsotonicRegression().fit(scores, truth).predict(scores)
    with np.errstate(divide="ignore"):
        ratio = np.log(chance) - np.log1p(-chance) - math.log(len(mated) / len(non_mated))
    return cost(ratio[: len(mated)], ratio[len(mated) :])


def logistic(mated, non_mated):
    if not len(mated) or not len(non_mated) or non_mated.max() <= mated.min() or mated.max() <= non_mated.min():
        return None
    scores = np.concatenate([mated, non_mated])[:, None]
    truth = np.concatenate([np.ones(len(mated)), np.zeros(len(non_mated))])
    model = LogisticRegression(C=np.inf, class_weight="balanced", tol=1e-12, max_iter=1000, solver="newton-cholesky")
    model.fit(scores, truth)
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def check_calibration(tally, name, case, found):
    numbers, _ = case.numbers()
    half = np.where((numbers % 2 == 0).all(1), 0, np.where((numbers % 2 == 1).all(1), 1, 2))
    fitted = [logistic(*case.kinds(half == side)) for side in (0, 1)]
    if None in fitted:
        tally.check(f"{name}: no calibration where a threshold separates the kinds", found["calibration"] is None)
        return
    tally.check(f"{name}: a calibration", found["calibration"] is not None)
    if found["calibration"] is None:
        return
    ours = found["calibration"]
    ratios = {1: [], 0: []}
    for side, (slope, offset) in enumerate(fitted):
        tally.near(ours["fitted"][side]["slope"], slope, f"{name}: slope", FITTED)
        tally.near(ours["fitted"][side]["offset"], offset, f"{name}: offset", FITTED)
        for kind, scores in zip((1, 0), case.kinds(half == 1 - side)):
            ratios[kind].append(slope * scores + offset)
    mated, non_mated = np.concatenate(ratios[1]), np.concatenate(ratios[0])
    tally.near(ours["cllr"], cost(mated, non_mated), f"{name}: Cllr", FITTED)
    tally.check(f"{name}: judged pairs", ours["judged"] == [len(non_mated), len(mated)])
    chance = 1 / (1 + np.exp(-np.concatenate([mated, non_mated])))
    weight = np.concatenate([np.full(len(mated), 0.5 / len(mated)), np.full(len(non_mated), 0.5 / len(non_mated))])
    truth = np.concatenate([np.ones(len(mated)), np.zeros(len(non_mated))])
    place = np.minimum((chance * 10).astype(int), 9)
    error = sum(abs((weight * (chance - truth))[place == one].sum()) for one in range(10))
    # A chance at the border of two bins may fall on either side.
    tally.near(ours["expected_calibration_error"], float(error), f"{name}: ECE", 1e-3)
    for one in ours["bins"]:
        # The odds ratio of "in this bin" between the kinds; both kinds weigh the same.
        odds = [(one[kind] + 0.5) / len(all_of) for kind, all_of in [("mated", mated), ("non_mated", non_mated)]]
        reach = 1.959963984540054 * math.hypot((one["mated"] + 0.5) ** -0.5, (one["non_mated"] + 0.5) ** -0.5)
        for end, side in [("from", -1), ("to", 1)]:
            tally.near(one["around"][end], float(special.expit(math.log(odds[0] / odds[1]) + side * reach)), f"{name}: bin {end}")


def check_rate(tally, name, ours, errors, of):
    tally.check(f"{name}: {ours['errors']} of {ours['of']}, not {errors} of {of}", (ours["errors"], ours["of"]) == (int(errors), int(of)))
    if ours["rate"] is None:
        tally.check(f"{name}: a rate is withheld without need", of < 30 or ours["people"] < 10)
        return
    tally.near(ours["rate"], errors / of, name)
    test = stats.binomtest(int(errors), int(of))
    for field, method in [("wilson", "wilson"), ("exact", "exact")]:
        theirs = test.proportion_ci(0.95, method=method)
        tally.near(ours[field]["from"], theirs.low, f"{name}: {method} from", 1e-7)
        tally.near(ours[field]["to"], theirs.high, f"{name}: {method} to", 1e-7)
    if errors == 0:
        tally.near(ours["at_most"][0], float(stats.beta.ppf(0.95, 1, of)), f"{name}: at most")
        tally.near(ours["at_most"][1], float(stats.beta.ppf(0.95, 1, ours["people"])), f"{name}: at most by people")


def check_bootstrap(tally, name, random, case, ours, threshold, kind):
    """Draws other people the same way."""
    numbers, count = case.numbers()
    rows = case.scored & (case.same == kind)
    wrong = (case.score[rows] > threshold) != (kind == 1)
    pairs = numbers[rows]
    rates = []
    for _ in range(REPLICATES):
        weight = np.bincount(random.integers(0, count, count), minlength=count)
        both = weight[pairs[:, 0]] * (1 if kind else weight[pairs[:, 1]])
        if both.sum():
            rates.append((both * wrong).sum() / both.sum())
    low, high = np.quantile(rates, [0.025, 0.975])
    room = max(DRAWN * (high - low), DRAWN_LEAST)
    around = ours["by_people"]
    good = around is not None and abs(around["from"] - low) <= room and abs(around["to"] - high) <= room
    tally.check(f"{name}: {around} here, {low:.5f} to {high:.5f} there", good)


def check_thresholds(tally, name, random, case, found):
    mated, non_mated = case.kinds()
    wanted = [SUPPORTS, DOES_NOT] + [at_fmr(mated, non_mated, target) for target in TARGETS]
    for ours, threshold in zip(found["thresholds"], wanted, strict=True):
        at = f"{name}, {ours['kind']}"
        tally.near(ours["threshold"], threshold, f"{at}: threshold")
        if threshold is None:
            continue
        check_rate(tally, f"{at}: FNMR", ours["fnmr"], (mated <= threshold).sum(), len(mated))
        check_rate(tally, f"{at}: FMR", ours["fmr"], (non_mated > threshold).sum(), len(non_mated))
        for kind, field in [(1, "fnmr"), (0, "fmr")]:
            if ours[field]["errors"] >= 30 and ours[field]["rate"] is not None:
                check_bootstrap(tally, f"{at}: {field} by people", random, case, ours[field], threshold, kind)


def check_cells(tally, name, case, found):
    for cell in found["conditions"]:
        rows = case.condition == cell["names"][0]
        mated, non_mated = case.kinds(rows)
        tally.check(f"{name}: rows of {cell['names']}", sum(cell["rows"]) == rows.sum())
        check_rate(tally, f"{name}: {cell['names']}", cell["thresholds"][0]["fnmr"], (mated <= SUPPORTS).sum(), len(mated))
        tally.near(cell["own"]["threshold"], at_fmr(mated, non_mated, 1e-3), f"{name}: own threshold of {cell['names']}")
    for cell in found["groups"]:
        pair = np.sort(case.group[case.people], axis=1)
        rows = (pair == np.array(cell["names"])).all(1)
        mated, non_mated = case.kinds(rows)
        at = cell["thresholds"][0]
        tally.check(f"{name}: rows of {cell['names']}", sum(cell["rows"]) == rows.sum())
        if len(mated):
            check_rate(tally, f"{name}: {cell['names']}", at["fnmr"], (mated <= SUPPORTS).sum(), len(mated))
        if len(non_mated):
            check_rate(tally, f"{name}: {cell['names']}", at["fmr"], (non_mated > SUPPORTS).sum(), len(non_mated))
            tally.near(cell["detectable"][0], float(stats.beta.ppf(0.95, 1, len(non_mated))), f"{name}: detectable")


def check_folds(tally, name, case, found):
    accuracies = []
    for fold in np.unique(case.fold):
        others, here = (case.fold != fold) & case.scored, (case.fold == fold) & case.scored
        thresholds = np.concatenate([[-np.inf], np.unique(case.score[others])])
        correct = [((case.score[others] > t) == case.same[others]).sum() for t in thresholds]
        best = thresholds[int(np.argmax(correct))]
        accuracies.append(((case.score[here] > best) == case.same[here]).sum() / (case.fold == fold).sum())
    tally.near(found["folds"]["mean"], float(np.mean(accuracies)), f"{name}: accuracy by folds")
    error = float(np.std(accuracies, ddof=1) / math.sqrt(len(accuracies)))
    tally.near(found["folds"]["standard_error"], error, f"{name}: its standard error")


def check_discard(tally, name, case, found):
    rows = case.scored & (case.same == 1)
    quality, score = case.quality[rows], case.score[rows]
    for curve in found["discard"]:
        for point in curve["points"][:: max(1, len(curve["points"]) // 5)]:
            order = np.argsort(quality, kind="stable")
            kept = score[order[len(score) - point["mated"] :]]
            tally.check(f"{name}: error against discard", (kept <= curve["threshold"]).sum() == point["false_non_matches"])


def check(tally, name, random, case):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        case.write(folder / "scores.csv")
        found = report(folder / "scores.csv", folder / "report")
        page = (folder / "report" / "report.html").read_text()
    mated, non_mated = case.kinds()
    tally.check(f"{name}: a page without scripts and addresses", "<script" not in page and "//" not in page)
    tally.check(f"{name}: failures to acquire", sum(found["failed"].get("no_face", [0, 0])) == (~case.scored).sum())
    tally.near(found["equal_error_rate"], equal_error_rate(mated, non_mated), f"{name}: EER")
    truth = np.concatenate([np.ones(len(mated)), np.zeros(len(non_mated))])
    tally.near(found["area"], float(roc_auc_score(truth, np.concatenate([mated, non_mated]))), f"{name}: AUC")
    tally.near(found["minimum_cllr"], minimum_cost(mated, non_mated), f"{name}: minimum Cllr", 1e-7)
    check_calibration(tally, name, case, found)
    check_thresholds(tally, name, random, case, found)
    check_cells(tally, name, case, found)
    check_folds(tally, name, case, found)
    check_discard(tally, name, case, found)


def main():
    seed = int(os.environ.get("PEEL_SEED") or time.time())
    print(f"tables of seed {seed}")
    random = np.random.default_rng(seed)
    tally = Numbers()
    cases = {
        "good": Case(random, 80, 600, 12000, 0.45, 6, 0.01),
        "poor": Case(random, 60, 500, 4000, 0.15, 6, 0.05),
        "coarse": Case(random, 50, 300, 3000, 0.25, 2, 0.0),
        "small": Case(random, 12, 40, 60, 0.3, 6, 0.1),
        "separated": Case(random, 40, 200, 2000, 1.5, 6, 0.0),
        "reversed": Case(random, 30, 100, 400, -0.2, 6, 0.0),
    }
    for name, case in cases.items():
        check(tally, name, random, case)
    calibration.check_all(tally, ROOT, random)
    return tally.close()


if __name__ == "__main__":
    sys.exit(main())
