"""A second opinion on the annual report, by scipy, statsmodels and numpy.

Lets `cargo demo --year` make a simulated year (seeded: PEEL_SEED, else the clock), and computes every figure of its
report again: from the deployments' own counts, never from the sums beside it. Closes with "N passed, N failed".
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
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
from tally import Tally

ROOT = pathlib.Path(os.environ.get("PEEL_ROOT") or pathlib.Path(__file__).resolve().parents[4])
CLOSE = 1e-9
GROUPS = ["white", "mixed", "asian", "black", "other", "not_stated"]


class Figures(Tally):
    """Checks of figures, too."""

    def near(self, what, ours, theirs):
        if ours is None or theirs is None:
            self.check(f"{what}: {ours} here, {theirs} there", ours is None and theirs is None)
        else:
            self.check(f"{what}: {ours} here, {theirs} there", math.isclose(ours, theirs, rel_tol=CLOSE, abs_tol=1e-15))

    def rate(self, what, ours, count, of):
        if not of:
            self.check(f"{what}: a rate of nothing", ours is None)
            return
        self.check(f"{what}: {ours} of {count}/{of}", ours is not None and (ours["numerator"], ours["denominator"]) == (count, of))
        if ours is None:
            return
        self.near(what, ours["share"], count / of)
        for field, method in [("wilson_95", "wilson"), ("exact_95", "beta")]:
            low, high = proportion_confint(count, of, method=method)
            self.near(f"{what}: {method} low", ours[field]["low"], max(float(low), 0.0) if count else 0.0)
            self.near(f"{what}: {method} high", ours[field]["high"], float(high) if count < of else 1.0)

    def per_unit(self, what, ours, count, units):
        self.near(what, ours["per_unit"], count / units)
        self.near(f"{what}: low", ours["exact_95"]["low"], float(stats.chi2.ppf(0.025, 2 * count)) / 2 / units if count else 0.0)
        self.near(f"{what}: high", ours["exact_95"]["high"], float(stats.chi2.ppf(0.975, 2 * count + 2)) / 2 / units)


def column(export, name):
    return next(cell["value"] for cell in export["columns"] if cell["column"] == name)


def check_columns(tally, exports):
    """The 16 columns against the counts beside them, and their invariants."""
    names = {
        "Total Alerts": "alerts", "True Alerts Confirmed": "true_confirmed", "True Alerts Unconfirmed": "true_unconfirmed",
        "False Alerts Confirmed": "false_confirmed", "False Alerts Unconfirmed": "false_unconfirmed",
        "Outcome - Arrest": "arrests", "Outcome - Other": "other_outcomes", "No action": "no_action", "Faces seen (estimate)": "faces_seen",
    }
    for export in exports:
        counts, place = export["counts"], column(export, "Deployment Location")
        for name, field in names.items():
            tally.check(f"{place}: {name}", column(export, name) == str(counts[field]))
        truths = sum(counts[field] for field in ["true_confirmed", "true_unconfirmed", "false_confirmed", "false_unconfirmed"])
        tally.check(f"{place}: the truth columns add up", truths == counts["alerts"])
        outcomes = counts["arrests"] + counts["other_outcomes"] + counts["no_action"]
        tally.check(f"{place}: the outcomes add up", outcomes == counts["true_confirmed"])
        hours, minutes = map(int, column(export, "Duration").split(":"))
        tally.check(f"{place}: duration", hours * 60 + minutes == export["setting"]["duration_minutes"])
        human = sum(export["human_value"].values())
        tally.check(f"{place}: each false alert was found by somebody", human == counts["false_confirmed"] + counts["false_unconfirmed"])


def summed(exports, *path):
    total = 0
    for export in exports:
        value = export
        for step in path:
            value = value[step]
        total += value
    return total


def of_rates(exports, *path):
    """Numerators and denominators of a rate in every deployment."""
    count = of = 0
    for export in exports:
        value = export
        for step in path:
            value = value[step]
        if value is not None:
            count, of = count + value["numerator"], of + value["denominator"]
    return count, of


def check_sums(tally, report, exports):
    counts = report["counts"]
    for field, ours in counts.items():
        tally.check(f"sum of {field}", ours == summed(exports, "counts", field))
    for part in ["apart", "human_value", "force", "deletions"]:
        for field, ours in report[part].items():
            tally.check(f"sum of {part}.{field}", ours == summed(exports, part, field))
    for field in ["apologies", "stops_to_review"]:
        tally.check(f"sum of {field}", report[field] == summed(exports, field))
    found = {}
    for export in exports:
        for cause in export["causes"]:
            cases, primary = found.get(cause["code"], (0, 0))
            found[cause["code"]] = (cases + cause["cases"], primary + cause["primary"])
    tally.check("causes", {cause["code"]: (cause["cases"], cause["primary"]) for cause in report["causes"]} == found)
    return counts


def check_measures(tally, report, exports, counts):
    a, f = counts["alerts"], counts["faces_seen"]
    x = counts["false_confirmed"] + counts["false_unconfirmed"]
    t = counts["true_confirmed"] + counts["true_unconfirmed"]
    e, r = counts["engaged"], counts["arrests"]
    tally.rate("X / F", report["false_alert_rates"]["per_face"], x, f)
    tally.rate("X / A", report["false_alert_rates"]["per_alert"], x, a)
    ours = report["measures"]
    shift = [sum(export["blind"]["shift"][field] for export in exports) for field in ["now_same", "judged_again"]]
    human = report["human_value"]
    for name, count, of in [
        ("true_alert_rate", t, a), ("confirmed_false_per_alert", counts["false_confirmed"], a),
        ("confirmed_true_per_alert", counts["true_confirmed"], a), ("alert_rate", a, f), ("engagement_rate", e, a),
        ("false_engagement_rate", counts["engaged_false"], x), ("arrests_per_alert", r, a), ("arrests_per_engagement", r, e),
        ("stopped_by_operator", human["by_operator"], x), ("stopped_by_blind_judgement", human["by_blind_judgement"], x),
        ("stopped_after_reveal", human["after_reveal"], x), ("stopped_at_contact", human["at_contact"], x),
        ("blind_shift", *shift), ("watchlist_currency_error", report["apart"]["stale_true_alerts"], t),
    ]:
        tally.rate(name, ours[name], count, of)
    tally.per_unit("arrests per deployment", ours["arrests_per_deployment"], r, len(exports))
    tally.per_unit("arrests per hour", ours["arrests_per_hour"], r, sum(export["counts"]["duration_ms"] for export in exports) / 3_600_000)
    tally.check("no rule of three where there were false alerts", ours["no_false_alert_below"] is None and x > 0)
    for path in [("blind", "skipped"), ("two_persons", "by_two"), ("two_persons", "where_asked"), ("receipts", "offered"), ("receipts", "taken")]:
        value = report
        for step in path:
            value = value[step]
        tally.rate(".".join(path), value, *of_rates(exports, *path))
    check = report["second_check"]
    tally.near("not supported", check["true_where_not_supported"], t * 0.05 / (t * 0.05 + x * 0.999))
    tally.near("supported", check["true_where_supported"], t * 0.95 / (t * 0.95 + x * 0.2))


def check_stops(tally, report, exports):
    seconds = sorted(length for export in exports for length in export["stops_on_false_alerts"]["seconds"])
    ours, minutes = report["stops_on_false_alerts"], np.array(seconds) / 60
    tally.check("lengths of stops", ours["seconds"] == seconds)
    tally.near("minutes in all", ours["total_minutes"], float(minutes.sum()))
    tally.near("median", ours["median_minutes"], float(np.median(minutes)))
    tally.near("90th percentile", ours["p90_minutes"], float(np.percentile(minutes, 90)))
    tally.near("longest", ours["longest_minutes"], float(minutes.max()))
    for limit in (2, 5):
        tally.check(f"over {limit} minutes", ours[f"over_{limit}_minutes"] == int((minutes > limit).sum()))


def known(value):
    return value if isinstance(value, int) else None


def power_bound(cases, base):
    counts = np.arange(cases + 1)
    significant = [int(k) for k in counts if stats.binomtest(int(k), cases, base).pvalue <= 0.05 and k > cases * base]
    return float(stats.beta.ppf(0.8, min(significant), cases - min(significant) + 1)) if significant else None


def check_groups(tally, report, exports):
    table = report["by_ethnicity"]
    n, m = table["false_alerts"], table["true_alerts"]
    for field in ["true_alerts", "false_alerts", "unasked"]:
        tally.check(f"groups: {field}", table[field] == summed(exports, "by_ethnicity", field))
    tally.check("every group has its row", [row["group"] for row in table["rows"]] == GROUPS)
    for place, row in enumerate(table["rows"]):
        name, true, false = row["group"], known(row["true_alerts"]), known(row["false_alerts"])
        for field, count in [("true_alerts", true), ("false_alerts", false)]:
            parts = [known(export["by_ethnicity"]["rows"][place][field]) for export in exports]
            shown = [part for part in parts if part is not None]
            tally.check(f"{name}: no published {field} is small", all(part == 0 or part >= 5 for part in shown))
            if count is not None and len(shown) == len(parts):
                tally.check(f"{name}: {field} is the sum", count == sum(shown))
            tally.check(f"{name}: one part alone is never kept back beside its sum", count is None or len(parts) - len(shown) != 1)
        tally.rate(f"{name}: base", row["base"], true, m) if true is not None else tally.check(f"{name}: no base", row["base"] is None)
        if true is None or false is None:
            tally.check(f"{name}: no test of what is kept back", row["fisher_p"] is None and row["binomial_p"] is None)
        else:
            tally.rate(f"{name}: share", row["share_of_false"], false, n)
            tally.near(f"{name}: Fisher", row["fisher_p"], float(stats.fisher_exact([[false, n - false], [true, m - true]]).pvalue))
            tally.near(f"{name}: binomial", row["binomial_p"], float(stats.binomtest(false, n, true / m).pvalue))
        if true is not None:
            tally.near(f"{name}: detectable", row["detectable_share"], power_bound(n, true / m))
    walks = {}
    for export in exports:
        for row in export["test_subjects"]["by_group"]:
            rate, sum_of = row["recognised"], walks.setdefault(row["group"], [0, 0])
            sum_of[0] += rate["numerator"]
            sum_of[1] += rate["denominator"]
    for row in report["test_subjects"]["by_group"]:
        tally.rate(f"recognised: {row['group']}", row["recognised"], *walks[row["group"]])
    tally.rate("recognised: all", report["test_subjects"]["all"], *map(sum, zip(*walks.values())))


def check_tables(tally, report, folder):
    """The CSV files say what the JSON says."""
    with open(folder / "deployments.csv", newline="") as file:
        rows = list(csv.reader(file))
    exports = report["deployments"]
    tally.check("16 columns", all(len(row) == 16 for row in rows) and len(rows) == len(exports) + 1)
    for row, export in zip(rows[1:], exports):
        tally.check("a row is its export's columns", row == [cell["value"] for cell in export["columns"]])
    with open(folder / "exports.csv", newline="") as file:
        lines = list(csv.DictReader(file))
    for line, export in zip(lines, exports, strict=True):
        same = [int(line["alerts"]) == export["counts"]["alerts"], int(line["arrests"]) == export["counts"]["arrests"]]
        seconds = " ".join(map(str, export["stops_on_false_alerts"]["seconds"]))
        same += [line["false_stop_seconds"] == seconds, int(line["deletion_receipts"]) == export["deletions"]["with_receipt"]]
        tally.check(f"a line is its export: {line['date']}", all(same))
    with open(folder / "measures.csv", newline="") as file:
        measures = {line["measure"]: line for line in csv.DictReader(file)}
    per_face = report["false_alert_rates"]["per_face"]
    line = measures["False alerts per face seen"]
    tally.near("the first line of measures.csv", float(line["value"]), per_face["share"])
    tally.near("its exact end", float(line["exact_high"]), per_face["exact_95"]["high"])


def main():
    seed = int(os.environ.get("PEEL_SEED") or time.time())
    print(f"year of seed {seed}")
    tally = Figures()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder) / "year"
        command = ["cargo", "run", "--quiet", "--bin", "demo", "--", "--year", "--seed", str(seed), "--out", str(folder)]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        report = json.loads((folder / "report.json").read_text())
        page = (folder / "report.html").read_text()
        check_tables(tally, report, folder)
    exports = report["deployments"]
    totals = [report["counts"][field] for field in ["deployments", "alerts", "faces_seen", "engaged_false", "arrests"]]
    tally.check(f"the published totals: {totals}", totals == [203, 2_077, 3_147_436, 6, 962])
    tally.check("ten false alerts", report["counts"]["false_confirmed"] + report["counts"]["false_unconfirmed"] == 10)
    tally.check("a page without scripts and addresses", "<script" not in page and "//" not in page)
    check_columns(tally, exports)
    counts = check_sums(tally, report, exports)
    check_measures(tally, report, exports, counts)
    check_stops(tally, report, exports)
    check_groups(tally, report, exports)
    return tally.close()


if __name__ == "__main__":
    sys.exit(main())
