//! Medians, and the lines of the table.

/// The middle of some numbers; not a number where there are none.
pub(crate) fn median(numbers: &[f64]) -> f64 {
    quantile(numbers, 50)
}

fn quantile(numbers: &[f64], of_hundred: usize) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len().saturating_sub(1) * of_hundred / 100).copied().unwrap_or(f64::NAN)
}

/// One task: for each round the time of ours, OpenCV's and onnxruntime's, in milliseconds.
pub(crate) struct Row {
    about: &'static str,
    rounds: Vec<[f64; 3]>,
}

impl Row {
    pub(crate) fn new(about: &'static str) -> Self {
        Self { about, rounds: Vec::new() }
    }

    pub(crate) fn push(&mut self, times: [f64; 3]) {
        self.rounds.push(times);
    }

    /// Medians, and the median of the rounds' own ratios with the quarters around it.
    pub(crate) fn print(&self) {
        let of = |pick: fn(&[f64; 3]) -> f64| self.rounds.iter().map(pick).collect::<Vec<f64>>();
        let ratio = |ratios: Vec<f64>| {
            format!("{:.2} ({:.2} to {:.2})", median(&ratios), quantile(&ratios, 25), quantile(&ratios, 75))
        };
        println!(
            "| {} | {:.2} ms | {:.2} ms | {:.2} ms | {} | {} |",
            self.about,
            median(&of(|[ours, _, _]| *ours)),
            median(&of(|[_, opencv, _]| *opencv)),
            median(&of(|[_, _, onnxruntime]| *onnxruntime)),
            ratio(of(|[ours, opencv, _]| ours / opencv)),
            ratio(of(|[ours, _, onnxruntime]| ours / onnxruntime)),
        );
    }
}

/// The head of the table.
pub(crate) fn head() {
    println!("| What | Peel | OpenCV | onnxruntime | Peel beside OpenCV | Peel beside onnxruntime |");
    println!("|---|---|---|---|---|---|");
}

/// The line on two threads: for each round the time on one and on two, in milliseconds.
pub(crate) fn print_threads(rounds: &[[f64; 2]]) {
    let times = median(&rounds.iter().map(|[_, two]| *two).collect::<Vec<f64>>());
    let ratios = median(&rounds.iter().map(|[one, two]| two / one).collect::<Vec<f64>>());
    println!("| both files of an alert on a thread each ({ratios:.2} of the time on one) | {times:.2} ms | | | | |");
}
