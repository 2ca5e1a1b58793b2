//! Plots as inline SVG: two axes, and what is drawn between them.

use std::fmt::Write;

use crate::report::html::escape;
use crate::statistics::normal_quantile;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = 52.0;

/// How values are spread along an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scale {
    /// Evenly.
    Linear,
    /// By their logarithm.
    Logarithmic,
    /// By the normal distribution's quantile: normal scores give a straight DET curve.
    Probit,
}

/// One axis.
pub(super) struct Axis {
    pub(super) label: &'static str,
    pub(super) scale: Scale,
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) ticks: Vec<(f64, String)>,
}

impl Axis {
    fn spread(&self, value: f64) -> f64 {
        let value = value.clamp(self.from.min(self.to), self.from.max(self.to));
        match self.scale {
            Scale::Linear => value,
            Scale::Logarithmic => value.ln(),
            Scale::Probit => normal_quantile(value),
        }
    }

    /// From 0 at the axis's beginning to 1 at its end.
    fn place(&self, value: f64) -> f64 {
        let (from, to) = (self.spread(self.from), self.spread(self.to));
        (self.spread(value) - from) / (to - from)
    }
}

/// A plot that is being drawn.
pub(super) struct Plot {
    x: Axis,
    y: Axis,
    body: String,
    legend: Vec<(&'static str, String)>,
    legend_left: bool,
}

impl Plot {
    /// Empty axes.
    pub(super) fn new(x: Axis, y: Axis) -> Self {
        Self { x, y, body: String::new(), legend: Vec::new(), legend_left: false }
    }

    fn point(&self, x: f64, y: f64) -> (f64, f64) {
        (LEFT + self.x.place(x) * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - self.y.place(y) * (HEIGHT - TOP - BOTTOM))
    }

    /// A line through points, in a colour (`a` or `b`, `c` for a grey one).
    pub(super) fn line(&mut self, points: impl IntoIterator<Item = (f64, f64)>, colour: &str) {
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
    pub(super) fn bar(&mut self, from: f64, to: f64, height: f64, colour: &str) {
        let ((left, top), (right, bottom)) = (self.point(from, height), self.point(to, self.y.from));
        let (width, height) = (right - left, bottom - top);
        let _ = writeln!(
            self.body,
            "<rect class=\"fill {colour}\" stroke=\"none\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" \
             height=\"{height:.1}\"/>"
        );
    }

    /// A dot.
    pub(super) fn dot(&mut self, x: f64, y: f64, radius: f64, colour: &str) {
        let (x, y) = self.point(x, y);
        let _ = writeln!(self.body, "<circle class=\"dot {colour}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\"/>");
    }

    /// A grey upright line with a word at its head.
    pub(super) fn upright(&mut self, x: f64, word: &str) {
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
    pub(super) fn legend_left(&mut self) {
        self.legend_left = true;
    }

    /// A word for a colour.
    pub(super) fn legend(&mut self, colour: &'static str, word: &str) {
        self.legend.push((colour, escape(word)));
    }

    /// The figure; `says` is for those who cannot see it, and for everybody below it.
    pub(super) fn figure(&self, title: &str, says: &str) -> String {
        let (title, says) = (escape(title), escape(says));
        let mut text = format!(
            "<figure>\n<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}. {says}\">\n\
             <title>{title}</title>\n"
        );
        let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
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
                "<line class=\"grid\" x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{right}\" y2=\"{y:.1}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{word}</text>",
                LEFT - 7.0,
                y + 4.0
            );
        }
        let _ = writeln!(text, "<polyline class=\"axis\" points=\"{LEFT},{TOP} {LEFT},{bottom} {right},{bottom}\"/>");
        text.push_str(&self.body);
        let _ = writeln!(
            text,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>\
             <text transform=\"translate(14 {:.1}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
            f64::midpoint(LEFT, right),
            HEIGHT - 12.0,
            self.x.label,
            f64::midpoint(TOP, bottom),
            self.y.label
        );
        let (box_x, word_x, anchor) =
            if self.legend_left { (LEFT + 14.0, LEFT + 32.0, "start") } else { (right - 14.0, right - 20.0, "end") };
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
pub(super) fn even_ticks(from: f64, step: f64, count: u32, digits: usize) -> Vec<(f64, String)> {
    (0..=count).map(|place| from + step * f64::from(place)).map(|value| (value, format!("{value:.digits$}"))).collect()
}
