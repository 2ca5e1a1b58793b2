"""A second opinion on `cargo face calibrate`: the ratio by scikit-learn, its cost and the rates by numpy and scipy."""

import csv
import json
import math
import pathlib
import subprocess
import tempfile

import numpy as np
from scipy import stats
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

SUPPORTS, DOES_NOT = 0.50, 0.29
LN10 = math.log(10)
# Two solvers stop at slightly different places; the document holds the ratio in thousandths.
FITTED, ROUNDED = 1e-4, 2e-3
DRAWN, DRAWN_LEAST = 0.25, 0.004
REPLICATES = 1000


class Half:
    """People with a quality of their own; after an alert and at random, mated and non-mated pairs among them."""

    def __init__(self, random, people, per_person, separation):
        skill = random.normal(0, 0.05, people)
        pairs, same, chosen = [], [], []
        for person in range(people):
            for selection, count in [("alert", per_person), ("random", 3 * per_person)]:
                for _ in range(count):
                    other = (person + random.integers(1, people)) % people
                    for entry, kind in [(person, 1), (other, 0)]:
                        pairs.append((person, entry))
                        same.append(kind)
                        chosen.append(selection)
        self.people, self.count = np.array(pairs), people
        self.same, self.alert = np.array(same), np.array(chosen) == "alert"
        middle = np.where(self.same == 1, 0.25 + separation, np.where(self.alert, 0.25, 0.1))
        noise = random.normal(0, 0.1, len(middle)) + skill[self.people].mean(1)
        self.score = np.round(np.clip(middle + noise, -1, 1), 6)
        self.quality = np.round(np.clip(11 + 8 * noise * self.same + random.normal(0, 1.5, len(middle)), 0, None), 3)
        self.condition = random.choice(["day", "night"], len(middle))
        self.failed = random.random(len(middle)) < 0.05

    def of(self, alert):
        return ~self.failed & (self.alert == alert)


def write(path, halves):
    header = ["file1", "file2", "same", "condition", "person1", "person2", "use", "half", "selection"]
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header + ["score", "band", "quality", "reason", "milliseconds"])
        for name, half in halves.items():
            for row in range(len(half.same)):
                one, other = half.people[row]
                selection = "alert" if half.alert[row] else "random"
                known = ["a", "b", half.same[row], half.condition[row], f"{name}{one}", f"{name}{other}"]
                known += ["alert_probe", name, selection]
                if half.failed[row]:
                    known += [f"{half.score[row]:.6f}", "not_possible", f"{half.quality[row]:.3f}", "file1:blurred", "1.0"]
                else:
                    known += [f"{half.score[row]:.6f}", "inconclusive", f"{half.quality[row]:.3f}", "", "1.0"]
                writer.writerow(known)


def calibrate(root, table, folder):
    command = ["cargo", "face", "calibrate", str(table), "--out", str(folder / "next.toml"), "--report", str(folder)]
    subprocess.run(command, cwd=root, check=True, stderr=subprocess.DEVNULL)
    return json.loads((folder / "calibration.json").read_text())


def at_most(people):
    """With no error among so many, the rate is at most this."""
    return float(stats.beta.ppf(0.95, 1, people))


def logistic(half, with_quality):
    """Each pair counts as partly true and partly false (Platt's prior, by people), both kinds weighing the same."""
    rows = half.of(True)
    score, quality, same = half.score[rows], half.quality[rows], half.same[rows]
    people = [len(set(half.people[rows][same == kind, 0])) for kind in (0, 1)]
    target = np.where(same == 1, (people[1] + 1) / (people[1] + 2), 1 / (people[0] + 2))
    weight = np.where(same == 1, 0.5 / (same == 1).sum(), 0.5 / (same == 0).sum()) * len(same)
    features = np.stack([score, quality], 1) if with_quality else score[:, None]
    model = LogisticRegression(C=np.inf, tol=1e-12, max_iter=2000, solver="newton-cholesky")
    kinds = np.concatenate([np.ones(len(same)), np.zeros(len(same))])
    model.fit(np.concatenate([features, features]), kinds, np.concatenate([target * weight, (1 - target) * weight]))
    return [float(value) for value in model.coef_[0]] + [float(model.intercept_[0])], people


def cost(ratio, same, weight=None):
    weight = np.ones(len(same)) if weight is None else weight
    mated, non_mated = same == 1, same == 0
    of_mated = (weight * np.logaddexp(0, -ratio))[mated].sum() / weight[mated].sum()
    of_non_mated = (weight * np.logaddexp(0, ratio))[non_mated].sum() / weight[non_mated].sum()
    return float((of_mated + of_non_mated) / 2 / math.log(2))


def minimum_cost(score, same):
    chance = IsotonicRegression().fit(score, same).predict(score)
    with np.errstate(divide="ignore"):
        ratio = np.log(chance) - np.log1p(-chance) - math.log((same == 1).sum() / (same == 0).sum())
    return cost(np.clip(ratio, -700, 700), same)


def isotonic(fit, score, ends):
    """Steps that were fitted on one half, for scores of the other."""
    rows = fit.of(True)
    known, same = fit.score[rows], fit.same[rows]
    chance = IsotonicRegression().fit(known, same).predict(np.unique(known))
    with np.errstate(divide="ignore"):
        ratio = np.log(chance) - np.log1p(-chance) - math.log((same == 1).sum() / (same == 0).sum())
    place = np.clip(np.searchsorted(np.unique(known), score, side="right") - 1, 0, None)
    return np.clip(ratio, *ends)[place]


def check_measured(tally, name, random, fit, judge, alert, ours, numbers, ends):
    rows = judge.of(alert)
    score, same = judge.score[rows], judge.same[rows]
    tally.check(f"{name}: pairs", ours["pairs"] == [int((same == 0).sum()), int((same == 1).sum())])
    without = judge.failed & (judge.alert == alert)
    failed = [int((without & (judge.same == kind)).sum()) for kind in (0, 1)]
    tally.check(f"{name}: pairs without an opinion", ours["without"] == failed)
    slope, offset = numbers
    ratio = np.clip(slope * score + offset, *ends)
    tally.near(ours["cllr"]["value"], cost(ratio, same), f"{name}: Cllr", ROUNDED)
    tally.near(ours["minimum_cllr"]["value"], minimum_cost(score, same), f"{name}: minimum Cllr", 1e-6)
    tally.near(ours["isotonic_cllr"]["value"], cost(isotonic(fit, score, ends), same), f"{name}: isotonic Cllr", 1e-6)
    chance = 1 / (1 + np.exp(-ratio))
    weight = np.where(same == 1, 0.5 / (same == 1).sum(), 0.5 / (same == 0).sum())
    place = np.minimum((chance * 10).astype(int), 9)
    error = sum(abs((weight * (chance - same))[place == one].sum()) for one in range(10))
    tally.near(ours["expected_calibration_error"]["value"], float(error), f"{name}: ECE", 5e-2)
    people = judge.people[rows]
    drawn = []
    for _ in range(REPLICATES):
        times = np.bincount(random.integers(0, judge.count, judge.count), minlength=judge.count)
        both = times[people[:, 0]] * np.where(same == 1, 1, times[people[:, 1]])
        if both[same == 1].any() and both[same == 0].any():
            drawn.append(cost(ratio, same, both))
    low, high = np.quantile(drawn, [0.025, 0.975])
    room = max(DRAWN * (high - low), DRAWN_LEAST)
    around = ours["cllr"]["interval"]
    good = abs(around["from"] - low) <= room and abs(around["to"] - high) <= room
    tally.check(f"{name}: Cllr's interval {around} here, {low:.4f} to {high:.4f} there", good)
    above, below = score > SUPPORTS, score < DOES_NOT
    wanted = {"false_support": (above, 0), "true_support": (above, 1), "false_doubt": (below, 1), "true_doubt": (below, 0)}
    for what, (said, kind) in wanted.items():
        check_rate(tally, f"{name}: {what}", ours["rates"][what], said[same == kind], people[same == kind, 0])


def check_rate(tally, name, ours, said, who):
    rate, people = ours["rate"], len(set(who))
    counts = (rate["errors"], rate["of"], rate["people"], ours["people_with_error"])
    theirs = (int(said.sum()), len(said), people, len(set(who[said])))
    tally.check(f"{name}: {counts} here, {theirs} there", counts == theirs)
    tally.near(ours["could_have_found"], at_most(people), f"{name}: could have been found")
    exact = stats.binomtest(theirs[3], people).proportion_ci(0.95, method="exact")
    tally.near(ours["by_passers_by"]["from"], exact.low, f"{name}: by passers-by, from", 1e-7)
    tally.near(ours["by_passers_by"]["to"], exact.high, f"{name}: by passers-by, to", 1e-7)
    tally.near(rate["rate"], theirs[0] / theirs[1], name)


def check(tally, root, name, random, people, per_person, separation):
    fit, judge = (Half(random, people, per_person, separation) for _ in range(2))
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        write(folder / "scores.csv", {"fit": fit, "judge": judge})
        found = calibrate(root, folder / "scores.csv", folder)
    tally.check(f"{name}: marked as a demonstration", found["demonstration"])
    ours = found["uses"][0]
    fitted, judgement = ours["fitted"], ours["judgement"]
    (slope, offset), passers_by = logistic(fit, False)
    tally.near(fitted["logistic"]["slope"], slope, f"{name}: slope", FITTED)
    tally.near(fitted["logistic"]["offset"], offset, f"{name}: offset", FITTED)
    (score_slope, quality_slope, both_offset), _ = logistic(fit, True)
    tally.near(fitted["with_quality"]["slope"], score_slope, f"{name}: slope beside quality", FITTED)
    tally.near(fitted["with_quality"]["quality"], quality_slope, f"{name}: slope of quality", FITTED)
    tally.check(f"{name}: passers-by", fitted["passers_by"] == passers_by)
    ends = [math.log(at_most(passers_by[1])), -math.log(at_most(passers_by[0]))]
    for ours_end, end in zip(fitted["carried"], ends):
        tally.near(ours_end, end / LN10, f"{name}: the ratio that people carry")
    for score, low, ratio, high in fitted["map"]:
        theirs = float(np.clip(slope * score / 1e6 + offset, *ends)) / LN10 * 1e3
        tally.check(f"{name}: at {score} {ratio} here, {theirs:.1f} there", abs(ratio - theirs) <= 1.0 and low <= ratio <= high)
    for place, wanted in [(fitted["supports"], LN10), (fitted["does_not_support"], -LN10)]:
        reachable = ends[0] <= wanted <= ends[1]
        theirs = (wanted - offset) / slope if reachable else None
        tally.near(place["score"], theirs, f"{name}: where the ratio reaches ten", FITTED)
    numbers = (slope, offset)
    for alert in (True, False):
        which = "alert" if alert else "random"
        check_measured(tally, f"{name}, {which}", random, fit, judge, alert, judgement[which], numbers, ends)
    rows = judge.of(True)
    both = np.clip(score_slope * judge.score + quality_slope * judge.quality + both_offset, *ends)[rows]
    alone = np.clip(slope * judge.score + offset, *ends)[rows]
    tally.near(judgement["quality"]["with"], cost(both, judge.same[rows]), f"{name}: Cllr with quality", FITTED)
    tally.near(judgement["quality"]["without"], cost(alone, judge.same[rows]), f"{name}: Cllr without quality", FITTED)


def check_all(tally, root, random):
    check(tally, root, "calibration, many", random, 60, 4, 0.3)
    check(tally, root, "calibration, few", random, 14, 3, 0.25)
    check(tally, root, "calibration, separated", random, 40, 2, 1.0)
