//! The page about a trial.

use tiam_report::{
    Axis, Best, Cell, Column, NumberFormat, Plot, Report, Section, Series, SeriesColor, Style,
    Table, row,
};

use super::{Measure, Run, Runs, TrialResult};

impl TrialResult {
    /// The page: one file that loads nothing. By the feature `report`.
    #[must_use]
    pub fn to_html(&self) -> String {
        let (fits, test) = (self.splits, 100.0 * self.test_fraction);
        let sections = [
            Section::new("verdict", "Verdict").text(self.verdict()),
            Section::new("methods", "The methods")
                .text(
                    "Means over the splits. Memory is what a fit held beside the table at most; a prediction is timed among all of the test rows.",
                )
                .with(self.table())
                .with(self.plot()),
            Section::new("differences", "Is it chance?")
                .text(
                    "The best method against each of the others on the same splits. After ± stands half of a 95 % confidence interval, which allows \
                     for splits sharing rows; p is the chance of so large a difference if both were equally good.",
                )
                .with(self.tests()),
        ];
        let report = Report {
            title: format!("Methods side by side on {}", self.data),
            subtitle: format!(
                "{} rows, {fits} times cut anew into parts to learn from and {test:.0} % to test on.",
                self.n_samples
            ),
            facts: Vec::new(),
            sections: sections.into(),
            narrow: true,
        };
        report.to_html()
    }

    fn names(&self) -> [&'static str; 2] {
        match self.measure {
            Measure::Accuracy => ["accuracy", "log loss"],
            Measure::R2 => ["R²", "root mean square error"],
        }
    }

    fn table(&self) -> Table {
        let [score, loss] = self.names();
        let score = match self.measure {
            Measure::Accuracy => Column::percent(score, 2),
            Measure::R2 => Column::fixed(score, 4),
        };
        let auto = |name: &str, unit: &str| {
            Column::number(name, unit, NumberFormat::Auto).mark(Best::Smallest)
        };
        let columns = [
            Column::text("method"),
            score.mark(Best::Largest),
            auto(loss, ""),
            auto("fit", "s"),
            auto("processor", "s"),
            auto("memory", "MB"),
            auto("model", "kB"),
            auto("prediction", "µs"),
        ];
        #[allow(clippy::cast_precision_loss, reason = "bytes")]
        let row = |runs: &Runs| -> Vec<Cell> {
            let mean = |figure: fn(&Run) -> Option<f64>| runs.mean(figure).unwrap_or(f64::NAN);
            row![
                &runs.name,
                mean(|run| Some(run.score)),
                mean(|run| Some(run.loss)),
                mean(|run| Some(run.costs.seconds)),
                mean(|run| run.costs.processor_seconds),
                mean(|run| Some(run.costs.memory? as f64 / 1e6)),
                mean(|run| Some(run.costs.model_bytes as f64 / 1e3)),
                mean(|run| Some(run.costs.microseconds)),
            ]
        };
        let table =
            Table::new("What each gave and took", columns).rows(self.methods.iter().map(row));
        let failed = self
            .methods
            .iter()
            .filter_map(|runs| Some(format!("{} failed: {}", runs.name, runs.failed.as_ref()?)));
        let failed: Vec<String> = failed.collect();
        match failed.is_empty() {
            true => table,
            false => table.note(&failed.join("; ")),
        }
    }

    fn plot(&self) -> Plot {
        let series = self.methods.iter().enumerate().map(|(n, runs)| {
            let points = runs.runs.iter().map(|run| (run.costs.seconds, run.score));
            Series::line(&runs.name, SeriesColor::Other(n), points.collect()).styled(Style::Points)
        });
        let [score, _] = self.names();
        let y = match self.measure {
            Measure::Accuracy => Axis::percent(score),
            Measure::R2 => Axis::linear(score),
        };
        Plot::new(
            "Each fit: what it took and what it gave",
            Axis::log10("seconds of a fit"),
            y,
        )
        .series(series)
    }

    fn tests(&self) -> Table {
        let [score, loss] = self.names();
        let best = self.best().map_or("", |best| &best.name);
        let auto = |name: &str| Column::number(name, "", NumberFormat::Auto);
        let columns = [
            Column::text(&format!("{best} against")),
            Column::text(&format!("better in {score} by")),
            auto("p"),
            auto(&format!("smaller in {loss} by")),
            auto("p"),
            Column::number("takes as long", "times", NumberFormat::Auto),
        ];
        let rows = self.differences().into_iter().map(|one| {
            row![
                &one.other,
                self.amount(one.score),
                one.p,
                one.loss.mean,
                one.p_loss,
                one.times
            ]
        });
        Table::new("Differences", columns).rows(rows)
    }
}
