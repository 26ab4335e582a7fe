//! The beginning of a source: what the file is, what a row holds and what the answers are.

use std::fmt::{Display, Write};

use super::super::description::Answer;
use super::super::plan::Plan;
use super::Source;

impl Source {
    /// What the file is, what a row holds and what the answers are.
    pub(super) fn heading(&self, plan: &Plan) -> String {
        let name = &self.name;
        let mut text = String::new();
        let line = if self.c { "//" } else { "//!" };
        let version = env!("CARGO_PKG_VERSION");
        let mut say = |words: &dyn Display| {
            writeln!(text, "{line} {words}").ok();
        };
        say(&format!(
            "The model {name}, written by tiam {version}: predictions without any library."
        ));
        match self.c {
            true => say(&"C99; link with -lm; not for -ffast-math, which does away with NaN."),
            false => {
                say(&"Needs `core` alone: put it beside a `#![no_std]` crate's other modules.")
            }
        }
        say(&"");
        say(&"The numbers of a row:");
        match &plan.columns {
            None => say(&format!("{} features, as in training.", plan.n_fields)),
            Some(columns) => {
                for column in columns {
                    say(&format!(
                        "{} {:?}: {}",
                        column.field, column.name, column.words
                    ));
                }
            }
        }
        say(&"");
        say(&"The answers:");
        for (number, class) in plan.classes.iter().enumerate() {
            let what = if plan.answer == Answer::Softmax {
                "probability"
            } else {
                "score"
            };
            say(&format!("{number} {what} of {class:?}"));
        }
        for (number, flag) in plan.flags.iter().enumerate() {
            say(&format!(
                "{number} probability that {:?} is {:?}",
                flag.name, flag.yes
            ));
        }
        for (number, value) in plan.values.iter().enumerate() {
            say(&format!("{number} {value:?}"));
        }
        text.push_str(&self.declarations(plan));
        text
    }

    /// The numbers of a row and of its answers, and the names of the classes.
    fn declarations(&self, plan: &Plan) -> String {
        let (name, upper) = (&self.name, self.name.to_ascii_uppercase());
        let (row, out) = (plan.n_fields, plan.n_outputs);
        let classes = &plan.classes;
        let mut text = String::new();
        if self.c {
            let int8 = if self.int8 {
                "#include <stdint.h>\n"
            } else {
                ""
            };
            write!(text, "#ifndef {upper}_H\n#define {upper}_H\n\n#include <math.h>\n{int8}\n#define {upper}_ROW {row}\n#define {upper}_OUT {out}\n\n").ok();
            if !classes.is_empty() {
                let names: Vec<String> = classes.iter().map(|class| c_text(class)).collect();
                write!(
                    text,
                    "static const char *const {name}_classes[{upper}_OUT] = {{{}}};\n\n",
                    names.join(", ")
                )
                .ok();
            }
        } else {
            write!(text, "\n/// Numbers of a row.\npub const ROW: usize = {row};\n/// Answers.\npub const OUT: usize = {out};\n\n").ok();
            if !classes.is_empty() {
                writeln!(
                    text,
                    "/// Names of the classes.\n#[allow(dead_code)]\npub static CLASSES: [&str; OUT] = {classes:?};\n"
                )
                .ok();
            }
        }
        text
    }
}

/// A text as a literal of C: what is not plain ASCII by the numbers of its bytes.
fn c_text(text: &str) -> String {
    let byte = |b: u8| match b {
        b'"' | b'\\' | b'?' => format!("\\{}", char::from(b)),
        b' '..=b'~' => char::from(b).to_string(),
        other => format!("\\{other:03o}"),
    };
    format!("\"{}\"", text.bytes().map(byte).collect::<String>())
}
