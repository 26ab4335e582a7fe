//! The headline figures in plain words.

use tiam_report::{Column, Section, Table, row};

use super::{ModelReport, number, percent};
use crate::evaluation::ClassFigures;

/// Accuracy on the rows learnt from is so much higher where the model has learnt them by heart.
const BY_HEART: f64 = 0.08;

pub(super) fn section(report: &ModelReport) -> Section {
    let section = Section::new("summary", "In short");
    let section = match &report.found.classes {
        Some(classes) => of_classes(section, report, classes),
        None => of_values(section, report),
    };
    if report.held_out {
        return section;
    }
    section.text(
        "No rows were kept aside for testing, so these figures flatter the model: it has seen the answers. Train with `--test-fraction 0.2` \
         to learn how good it is on new rows.",
    )
}

fn of_classes(section: Section, report: &ModelReport, classes: &ClassFigures) -> Section {
    let found = &report.found;
    let known = |x: Option<f64>| x.map_or("unknown".to_owned(), percent);
    let (accuracy, majority) = (
        found.accuracy.unwrap_or(0.0),
        classes.largest_share().unwrap_or(0.0),
    );
    let largest = (0..classes.names.len()).max_by_key(|class| classes.support(*class));
    let largest = largest.map_or("", |class| classes.names[class].as_str());
    let mut words = format!(
        "Of {}, the model names the right class for {}. Always answering “{largest}”, the most frequent class, would be right for {}.",
        report.rows(),
        percent(accuracy),
        percent(majority),
    );
    if accuracy <= majority {
        words += " So the model is no better than that simple rule: the columns may tell little about the label.";
    }
    let mut section = section.text(words);
    let worst = (0..classes.names.len()).filter_map(|class| Some((class, classes.recall(class)?)));
    if let Some((class, recall)) = worst
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .filter(|(_, r)| *r < accuracy - 0.05)
    {
        let (name, share) = (&classes.names[class], percent(recall));
        section = section.text(format!(
            "It is weakest at “{name}”: of the rows of that class it finds {share}. Counting every class the same, it is right for {}.",
            known(classes.balanced_accuracy()),
        ));
    }
    if let Some(train) = report
        .train_accuracy
        .filter(|train| report.held_out && train - accuracy > BY_HEART)
    {
        section = section.text(format!(
            "On the rows it learnt from it is right for {}: part of that is learnt by heart. More rows, fewer epochs or `--patience` help.",
            percent(train),
        ));
    }
    let mut rows = vec![
        row![
            "accuracy",
            known(found.accuracy),
            "share of rows with the right class"
        ],
        row![
            "majority",
            known(classes.largest_share()),
            "accuracy of always answering the most frequent class"
        ],
        row![
            "balanced accuracy",
            known(classes.balanced_accuracy()),
            "accuracy where every class counts the same"
        ],
    ];
    if let Some(area) = classes.roc_auc {
        rows.push(row![
            "AUC",
            number(area),
            "how well the probabilities rank the rows: 0.5 is chance, 1 is best"
        ]);
    }
    if let Some(loss) = classes.log_loss {
        rows.push(row![
            "log loss",
            number(loss),
            "how far the probabilities are from the truth: 0 is best"
        ]);
    }
    section.with(figures(rows))
}

fn of_values(section: Section, report: &ModelReport) -> Section {
    let found = &report.found;
    let known = |x: Option<f64>| x.map_or("unknown".to_owned(), number);
    let mut section = section.text(format!(
        "On {}, the model's answers are off by {} on average. The typical error, in which large errors count more, is {}.",
        report.rows(),
        known(found.mae),
        known(found.rmse),
    ));
    if let Some(r2) = found.r2 {
        section = section.text(match r2 > 0.0 {
            true => format!(
                "It explains {} of the differences between the rows (R²). Always answering the average would explain nothing, a perfect model all.",
                percent(r2)
            ),
            false => "Always answering the average would be as good (R² is not above 0): the columns may tell little about the label.".to_owned(),
        });
    }
    let rows = vec![
        row![
            "MAE",
            known(found.mae),
            "mean absolute error, in the label's unit"
        ],
        row![
            "RMSE",
            known(found.rmse),
            "root mean square error, in the label's unit"
        ],
        row![
            "R²",
            known(found.r2),
            "1 is perfect, 0 is no better than the average"
        ],
    ];
    section = section.with(figures(rows));
    if found.targets.len() > 1 {
        let columns = [
            Column::text("target"),
            Column::text("MAE"),
            Column::text("RMSE"),
            Column::text("R²"),
        ];
        let each = found.targets.iter().zip(1..);
        let rows = each.map(|(one, n)| {
            row![
                n.to_string(),
                number(one.mae),
                number(one.rmse),
                known(one.r2)
            ]
        });
        section = section.with(Table::new("Each target", columns).rows(rows));
    }
    section
}

fn figures(rows: Vec<Vec<tiam_report::Cell>>) -> Table {
    let columns = [
        Column::text("figure"),
        Column::text("value"),
        Column::text("meaning"),
    ];
    Table::new("", columns).rows(rows)
}
