//! The report of a calibration: what was fitted, what the other people say of it, and what may be told.

use crate::calibration::{Cell, Cost, Found, JudgedRate, Keep, Measured, Place, Rates};
use crate::report::numbers::{count, interval, percent, too_few};
use peel_sheet::{Axis, Plot, Scale, escape, even_ticks, page, paragraph, section, table};

/// The report's text. `mark` is what marks it as a demonstration, where it is one.
pub fn calibration_html(found: &[Found], mark: Option<&str>, written: &str) -> String {
    let note =
        mark.map_or_else(String::new, |mark| format!("<p class=\"note\"><strong>{}</strong></p>\n", escape(mark)));
    let mut body = format!(
        "<h1>Face check: calibration report</h1>\n<p>Written {}.</p>\n{note}<p class=\"note\">The pairs are those that a \
         simulated first engine picked: of all people on a watchlist, whoever looks most like the passer-by. The engine is \
         the check's own embedder on degraded images, so its errors are as like the check's own as they can be. A larger \
         watchlist picks nearer lookalikes than the one here.</p>\n",
        escape(written)
    );
    for one in found {
        let name = if one.purpose == "close_photograph" { "A close photograph" } else { "The alert's own probe" };
        body.push_str(&section(name, &fitted(one)));
        body.push_str(&section(&format!("{name}: errors of the bands"), &errors(one)));
        body.push_str(&section(&format!("{name}: the cost of its ratios"), &costs(one)));
        body.push_str(&section(&format!("{name}: the ratio"), &ratio(one)));
        body.push_str(&section(&format!("{name}: reliability"), &reliability(one)));
        body.push_str(&section(&format!("{name}: by condition and group"), &cells(one)));
        body.push_str(&section(&format!("{name}: what an officer may be told"), &paragraph(&escape(&one.sentence))));
    }
    body.push_str(&section("Method", METHOD));
    page("Face check: calibration report", &body)
}

const METHOD: &str = "<p>People are put into two halves by a hash; nobody is in both, and no pair mixes them. The ratio is \
fitted on one half and everything under \u{201c}errors\u{201d} and \u{201c}cost\u{201d} is measured on the other, by the map \
as the document holds it.</p>\n<p>Logistic regression of the kind (true or false alert) on the score, both kinds weighing the \
same; a true alert counts as (n + 1) / (n + 2) true and a false one as 1 / (n + 2), n being people (Platt's prior), so that \
it stays finite where a threshold separates the kinds. No ratio is claimed beyond what so many people carry: with no error \
among n people the true rate may still be 1 - 0.05^(1/n), and the ratio is at most one in that. Isotonic ratios (pool \
adjacent violators) under the same bound stand beside it as a comparison.</p>\n<p>Intervals (95 %) hold Wilson's and \
Clopper's and Pearson's over pairs and a bootstrap over people; a rate without an error has the exact one-sided bound by \
people, each counted once. The bootstrap draws people, not watchlists: what the engine picks is taken as given. With many \
conditions and groups some differ by chance.</p>\n<p>Signed: ______________________ &nbsp; Date: ______________</p>\n";

fn place(place: &Place) -> String {
    let around = place.interval.map_or_else(
        || "<small>too few for an interval</small>".to_owned(),
        |around| format!("<small>{:.3} to {:.3}</small>", around.from, around.to),
    );
    match place.score {
        Some(score) => format!("{score:.3}{around}"),
        None => format!("not carried by so few people{around}"),
    }
}

fn fitted(one: &Found) -> String {
    let fitted = &one.fitted;
    let judged = &one.judgement;
    let kinds = |[non_mated, mated]: [u64; 2]| [count(mated), count(non_mated)];
    let row = |name: &str, [mated, non_mated]: [String; 2]| vec![name.to_owned(), mated, non_mated];
    let rows = [
        row("fitted on: alerts with an opinion", kinds(fitted.pairs)),
        row("fitted on: alerts without one", kinds(fitted.without)),
        row("fitted on: passers-by", kinds(fitted.passers_by)),
        row("judged on: alerts with an opinion", kinds(judged.alert.pairs)),
        row("judged on: alerts without one", kinds(judged.alert.without)),
        row("judged on: random pairs with an opinion", kinds(judged.random.pairs)),
    ];
    let mut body = table(&["", "true alerts", "false alerts"], &rows);
    body.push_str(&paragraph(&format!(
        "Fitted on {} people over a watchlist of {}, judged on {} others over one of {}. Table of scores: SHA-256 {}.",
        count(fitted.people),
        count(fitted.watchlist),
        count(judged.people),
        count(judged.watchlist),
        one.scores_sha256
    )));
    let [supports, doubts] = fitted.bounds.map(|bound| format!("{:.3}", f64::from(bound) / 1e6));
    let asked = fitted.asked;
    let kept = |score: Option<f64>| score.map_or_else(|| "-".to_owned(), |score| format!("{score:.3}"));
    let rows = [
        vec![
            format!("supports, at a ratio of {} and more", asked.supports_ratio),
            place(&fitted.supports),
            kept(asked.keep.bounds().map(|[supports, _]| supports)),
            supports,
        ],
        vec![
            format!("does not support, at 1 in {} and less", asked.does_not_support_ratio),
            place(&fitted.does_not_support),
            kept(asked.keep.bounds().map(|[_, doubts]| doubts)),
            doubts,
        ],
    ];
    body.push_str(&table(&["band", "fitted", "in force", "bound"], &rows));
    body.push_str(&paragraph(match asked.keep {
        Keep::Both(_) => {
            "So few people move no band: the bounds in force stay, and no opinion rests on the ratio. They do not show how low \
             the scores of true alerts and how high those of lookalikes can be."
        }
        Keep::Strictness(_) => "Of the fitted bound and the one in force the stricter counts.",
        Keep::Nothing => "The fitted bounds count.",
    }));
    let [least, greatest] = fitted.carried.map(|log10| 10.0_f64.powf(log10));
    body.push_str(&paragraph(&format!(
        "So many people carry ratios from 1 in {:.1} to {greatest:.1}; the natural logarithm of the ratio is {:.3} times the \
         score, {:+.3}, within that.",
        1.0 / least,
        fitted.logistic.slope,
        fitted.logistic.offset
    )));
    body
}

fn judged_rate(judged: &JudgedRate) -> String {
    let rate = judged.rate;
    let counts = format!("{} of {}", count(rate.errors), count(rate.of));
    match (rate.rate, judged.around()) {
        (Some(value), Some(around)) => format!(
            "{}<small>{}</small><small>{counts}; {} of {} people</small>",
            percent(value),
            interval(around),
            count(judged.people_with_error),
            count(rate.people)
        ),
        _ => format!("{counts}<small>too few for a rate ({} people)</small>", count(rate.people)),
    }
}

fn errors(one: &Found) -> String {
    let judgement = &one.judgement;
    let row = |name: &str, rates: &Rates| {
        vec![
            name.to_owned(),
            judged_rate(&rates.false_support),
            judged_rate(&rates.false_doubt),
            judged_rate(&rates.true_support),
            judged_rate(&rates.true_doubt),
        ]
    };
    let rows = [row("after an alert", &judgement.alert.rates), row("random pairs", &judgement.random.rates)];
    let head = ["pairs", "false support", "false doubt", "true support", "true doubt"];
    let rates = judgement.alert.rates;
    let times =
        |worth: Option<f64>| worth.map_or_else(|| "not known how many".to_owned(), |times| format!("{times:.1}"));
    let text = format!(
        "False support: \u{201c}supports\u{201d} for different people; false doubt: \u{201c}does not support\u{201d} for one \
         person. After an alert \u{201c}supports\u{201d} is at least {} times as likely for a true as for a false alert, and \
         \u{201c}does not support\u{201d} {} times as likely for a false one (the lower end of one interval against the upper \
         end of the other). Of pairs on which the check gives an opinion, on people who were not fitted on. What could have \
         been found: a true rate of {} and more of false support, of {} and more of false doubt, would have shown an error \
         among so many people with 95 % certainty. {}",
        times(rates.support_is_worth()),
        times(rates.doubt_is_worth()),
        percent(rates.false_support.could_have_found),
        percent(rates.false_doubt.could_have_found),
        too_few()
    );
    format!("{}{}", table(&head, &rows), paragraph(&text))
}

fn cost(cost: Option<Cost>) -> String {
    cost.map_or_else(
        || "-".to_owned(),
        |cost| match cost.interval {
            Some(around) => format!("{:.4}<small>{:.4} to {:.4}</small>", cost.value, around.from, around.to),
            None => "too few for an interval".to_owned(),
        },
    )
}

fn costs(one: &Found) -> String {
    let row = |name: &str, measured: &Measured| {
        vec![
            name.to_owned(),
            cost(measured.cllr),
            cost(measured.minimum_cllr),
            cost(measured.expected_calibration_error),
            cost(measured.isotonic_cllr),
        ]
    };
    let rows = [row("after an alert", &one.judgement.alert), row("random pairs", &one.judgement.random)];
    let head = ["pairs", "Cllr", "minimum Cllr", "ECE", "Cllr of isotonic ratios"];
    let quality = one.judgement.quality.map_or_else(
        || "Quality beside the score could not be fitted.".to_owned(),
        |quality| {
            let around = quality.difference.map_or_else(
                || "too few for an interval".to_owned(),
                |around| format!("{:+.4} to {:+.4}", around.from, around.to),
            );
            let verdict = if quality.earns_its_place {
                "on these people it would earn its place. It is left out all the same: to choose it by the judges is to fit on \
                 them, and the document holds a ratio of the score alone"
            } else {
                "it does not earn its place and is left out"
            };
            format!(
                "With the embedding's length beside the score Cllr is {:.4}, without it {:.4} (difference {around}): {verdict}.",
                quality.with, quality.without
            )
        },
    );
    let text = "Cllr in bits: 0 is perfect, 1 says nothing. The ratio was fitted on pairs after an alert; on random pairs it \
                understates what scores say, as it must.";
    format!("{}{}{}", table(&head, &rows), paragraph(text), paragraph(&quality))
}

fn ratio(one: &Found) -> String {
    let log10 = |thousandths: i32| f64::from(thousandths) / 1e3;
    let ticks = [(-2.0, "1/100"), (-1.0, "1/10"), (0.0, "1"), (1.0, "10"), (2.0, "100")];
    let ticks = ticks.map(|(power, word)| (power, word.to_owned()));
    let x = Axis {
        label: "score (cosine of two embeddings; not a probability)",
        scale: Scale::Linear,
        from: -0.4,
        to: 1.0,
        ticks: even_ticks(-0.4, 0.2, 7, 1),
    };
    let y = Axis {
        label: "how much more likely for a true than for a false alert",
        scale: Scale::Linear,
        from: -2.5,
        to: 2.5,
        ticks: ticks.to_vec(),
    };
    let mut plot = Plot::new(x, y);
    // The map is level where it begins.
    let shown = || one.fitted.map.iter().map(|knot| (knot.score.value().max(-0.4), knot));
    plot.line([(-0.4, 0.0), (1.0, 0.0)], "c");
    plot.line(shown().map(|(score, knot)| (score, log10(knot.from))), "b");
    plot.line(shown().map(|(score, knot)| (score, log10(knot.to))), "b");
    plot.line(shown().map(|(score, knot)| (score, log10(knot.ratio))), "a");
    for bound in one.fitted.bounds {
        let bound = f64::from(bound) / 1e6;
        plot.upright(bound, &format!("{bound:.2}"));
    }
    plot.legend_left();
    plot.legend("a", "likelihood ratio");
    plot.legend("b", "its interval (95 %), by people");
    plot.figure(
        "Likelihood ratio by score",
        "The ratio that the document holds. It ends flat where so few people carry no greater one. The upright lines are the \
         bands' bounds.",
    )
}

fn reliability(one: &Found) -> String {
    let axis = |label| Axis { label, scale: Scale::Linear, from: 0.0, to: 1.0, ticks: even_ticks(0.0, 0.2, 5, 1) };
    let mut plot = Plot::new(
        axis("stated: chance that the alert is true, at even odds before the check"),
        axis("observed: the part that is true, kinds weighing the same"),
    );
    plot.line([(0.0, 0.0), (1.0, 1.0)], "c");
    for bin in &one.judgement.alert.bins {
        plot.line([(bin.stated, bin.around.from), (bin.stated, bin.around.to)], "a");
        plot.dot(bin.stated, bin.observed, 3.0 + 9.0 * bin.weight.sqrt(), "a");
    }
    plot.figure(
        "Reliability diagram",
        "On the people who were not fitted on, after an alert. Each dot is a tenth of the axis, the larger the more pairs; the \
         line through it holds 95 % if pairs were independent. Dots above the line on the right mean that the ratio understates \
         what was seen: it is held back to what so many people carry.",
    )
}

fn cells(one: &Found) -> String {
    let row = |cell: &Cell| {
        let rise = |rate: Option<f64>| rate.map_or_else(|| "-".to_owned(), percent);
        let [support, doubt] = cell.detectable_rise;
        vec![
            escape(&cell.names.join(" / ")),
            judged_rate(&cell.rates.false_support),
            judged_rate(&cell.rates.false_doubt),
            format!("{}<small>{}</small>", rise(support), rise(doubt)),
        ]
    };
    let head = ["", "false support", "false doubt", "least rates told from those of all, by people"];
    let all = |cells: &[Cell], without: &str| {
        let rows: Vec<Vec<String>> = cells.iter().map(row).collect();
        if rows.is_empty() { paragraph(without) } else { table(&head, &rows) }
    };
    let conditions = all(&one.judgement.conditions, "The table has no column `condition`.");
    let groups = all(
        &one.judgement.groups,
        "The table has no groups. Whether the check serves all groups alike is not answered by this report.",
    );
    format!("{conditions}{groups}")
}
