//! Plots as inline SVG: two axes, and what is drawn between them.

use std::fmt::Write;

use crate::html::escape;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 70.0;
const LEFT_OF_NAMES: f64 = 250.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = 52.0;

/// How values are spread along an axis.
#[derive(Clone, Copy, Debug)]
pub enum Scale {
    /// Evenly.
    Linear,
    /// By their logarithm.
    Logarithmic,
    /// By a rising function, such as a distribution's quantile.
    By(fn(f64) -> f64),
}

/// One axis.
#[derive(Clone, Debug)]
pub struct Axis {
    /// What it measures.
    pub label: &'static str,
    /// How values are spread along it.
    pub scale: Scale,
    /// The value at its beginning.
    pub from: f64,
    /// The value at its end.
    pub to: f64,
    /// Values with a word beside them.
    pub ticks: Vec<(f64, String)>,
}

impl Axis {
    fn spread(&self, value: f64) -> f64 {
        let value = value.clamp(self.from.min(self.to), self.from.max(self.to));
        match self.scale {
            Scale::Linear => value,
            Scale::Logarithmic => value.ln(),
            Scale::By(spread) => spread(value),
        }
    }

    /// From 0 at the axis's beginning to 1 at its end.
    fn place(&self, value: f64) -> f64 {
        let (from, to) = (self.spread(self.from), self.spread(self.to));
        (self.spread(value) - from) / (to - from)
    }
}

/// A plot that is being drawn.
#[derive(Clone, Debug)]
pub struct Plot {
    x: Axis,
    y: Axis,
    /// Room for the words of the upright axis.
    left: f64,
    body: String,
    legend: Vec<(&'static str, String)>,
    legend_left: bool,
}

impl Plot {
    /// Empty axes.
    pub fn new(x: Axis, y: Axis) -> Self {
        Self { x, y, left: LEFT, body: String::new(), legend: Vec::new(), legend_left: false }
    }

    /// Empty axes with room for words of some thirty letters beside the upright one.
    pub fn with_names(x: Axis, y: Axis) -> Self {
        Self { left: LEFT_OF_NAMES, ..Self::new(x, y) }
    }

    fn point(&self, x: f64, y: f64) -> (f64, f64) {
        (
            self.left + self.x.place(x) * (WIDTH - self.left - RIGHT),
            HEIGHT - BOTTOM - self.y.place(y) * (HEIGHT - TOP - BOTTOM),
        )
    }

    /// A line through points, in a colour (`a` or `b`, `c` for a grey one).
    pub fn line(&mut self, points: impl IntoIterator<Item = (f64, f64)>, colour: &str) {
        let mut path = String::new();
        let mut last = None;
        for (x, y) in points {
            let (x, y) = self.point(x, y);
            // Many thousand points of one curve fall on few pixels.
            if last.is_some_and(|(before_x, before_y): (f64, f64)| (x - before_x).hypot(y - before_y) < 0.4) {
                continue;
            }
            last = Some((x, y));
            let _ = write!(path, "{x:.1},{y:.1} ");
        }
        let _ = writeln!(self.body, "<polyline class=\"line {colour}\" points=\"{}\"/>", path.trim_end());
    }

    /// A bar from the axis to a height.
    pub fn bar(&mut self, from: f64, to: f64, height: f64, colour: &str) {
        let ((left, top), (right, bottom)) = (self.point(from, height), self.point(to, self.y.from));
        let (width, height) = (right - left, bottom - top);
        let _ = writeln!(
            self.body,
            "<rect class=\"fill {colour}\" stroke=\"none\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" \
             height=\"{height:.1}\"/>"
        );
    }

    /// A dot.
    pub fn dot(&mut self, x: f64, y: f64, radius: f64, colour: &str) {
        let (x, y) = self.point(x, y);
        let _ = writeln!(self.body, "<circle class=\"dot {colour}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\"/>");
    }

    /// A grey upright line with a word at its head.
    pub fn upright(&mut self, x: f64, word: &str) {
        let ((place, top), (_, bottom)) = (self.point(x, self.y.to), self.point(x, self.y.from));
        let word = escape(word);
        let _ = writeln!(
            self.body,
            "<line class=\"c\" x1=\"{place:.1}\" y1=\"{top:.1}\" x2=\"{place:.1}\" y2=\"{bottom:.1}\"/>\
             <text x=\"{place:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{word}</text>",
            top - 5.0
        );
    }

    /// Puts the words for colours to the left, where the right is drawn upon.
    pub fn legend_left(&mut self) {
        self.legend_left = true;
    }

    /// A word for a colour.
    pub fn legend(&mut self, colour: &'static str, word: &str) {
        self.legend.push((colour, escape(word)));
    }

    /// The figure; `says` is for those who cannot see it, and for everybody below it.
    pub fn figure(&self, title: &str, says: &str) -> String {
        let (title, says) = (escape(title), escape(says));
        let mut text = format!(
            "<figure>\n<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}. {says}\">\n\
             <title>{title}</title>\n"
        );
        let (left, right, bottom) = (self.left, WIDTH - RIGHT, HEIGHT - BOTTOM);
        for (value, word) in &self.x.ticks {
            let (x, _) = self.point(*value, self.y.from);
            let _ = writeln!(
                text,
                "<line class=\"grid\" x1=\"{x:.1}\" y1=\"{TOP}\" x2=\"{x:.1}\" y2=\"{bottom}\"/>\
                 <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{word}</text>",
                bottom + 17.0
            );
        }
        for (value, word) in &self.y.ticks {
            let (_, y) = self.point(self.x.from, *value);
            let _ = writeln!(
                text,
                "<line class=\"grid\" x1=\"{left}\" y1=\"{y:.1}\" x2=\"{right}\" y2=\"{y:.1}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{word}</text>",
                left - 7.0,
                y + 4.0
            );
        }
        let _ = writeln!(text, "<polyline class=\"axis\" points=\"{left},{TOP} {left},{bottom} {right},{bottom}\"/>");
        text.push_str(&self.body);
        let _ = writeln!(
            text,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>\
             <text transform=\"translate(14 {:.1}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
            f64::midpoint(left, right),
            HEIGHT - 12.0,
            self.x.label,
            f64::midpoint(TOP, bottom),
            self.y.label
        );
        let (box_x, word_x, anchor) =
            if self.legend_left { (left + 14.0, left + 32.0, "start") } else { (right - 14.0, right - 20.0, "end") };
        let mut y = TOP + 16.0;
        for (colour, word) in &self.legend {
            let _ = writeln!(
                text,
                "<rect class=\"dot {colour}\" stroke=\"none\" x=\"{box_x:.1}\" y=\"{:.1}\" width=\"12\" height=\"12\"/>\
                 <text x=\"{word_x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{word}</text>",
                y - 10.0
            );
            y += 18.0;
        }
        let _ = writeln!(text, "</svg>\n<figcaption>{says}</figcaption>\n</figure>");
        text
    }
}

/// Ticks at equal distances.
pub fn even_ticks(from: f64, step: f64, count: u32, digits: usize) -> Vec<(f64, String)> {
    (0..=count).map(|place| from + step * f64::from(place)).map(|value| (value, format!("{value:.digits$}"))).collect()
}

/// Some five ticks at round parts of a whole, in per cent.
pub fn share_ticks(highest: f64) -> Vec<(f64, String)> {
    let rough = highest / 6.0;
    let decade = 10.0_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|times| times * decade).into_iter().find(|step| *step >= rough);
    let step = step.unwrap_or(rough);
    (0..10_u32)
        .map(|place| step * f64::from(place))
        .take_while(|value| *value < highest)
        .map(|value| (value, format!("{} %", (value * 1e7).round() / 1e5)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_has_words_for_those_who_cannot_see_it() {
        let axis = |label| Axis { label, scale: Scale::Linear, from: 0.0, to: 1.0, ticks: even_ticks(0.0, 0.5, 2, 1) };
        let mut plot = Plot::with_names(axis("across"), axis("up"));
        plot.line([(0.0, 0.0), (1.0, 1.0)], "a");
        let text = plot.figure("A title", "What it says & why");
        assert!(text.contains("role=\"img\" aria-label=\"A title. What it says &amp; why\""));
        assert!(text.contains("<figcaption>What it says &amp; why</figcaption>"));
        assert!(text.contains("points=\"250.0,368.0 700.0,34.0\""), "{text}");
    }

    #[test]
    fn ticks_of_shares_are_round() {
        let words: Vec<String> = share_ticks(0.33).into_iter().map(|(_, word)| word).collect();
        assert_eq!(words, ["0 %", "10 %", "20 %", "30 %"]);
    }
}
