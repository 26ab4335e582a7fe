//! Escaping of text for XML and Markdown, and names made from text.

use std::collections::BTreeSet;

/// Text for XML, in content and in attributes; control characters, which XML has no way to write, are left out.
pub(crate) fn escape_html(text: &str) -> String {
    let text: String = text.chars().filter(|c| is_printable(*c)).collect();
    maud::html! { (text) }.into_string()
}

/// Whether XML 1.0 admits the character.
pub(crate) fn is_printable(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r') || (!c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}'))
}

/// Text for a line of GitHub Markdown, in a table cell too: nothing in it means anything, and it stays one line.
pub(crate) fn escape_markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars().filter(|c| is_printable(*c)) {
        match c {
            '\n' | '\r' | '\t' => escaped.push(' '),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '$' | '~' => escaped.extend(['\\', c]),
            '#' | '+' | '-' if escaped.is_empty() => escaped.extend(['\\', c]),
            other => escaped.push(other),
        }
    }
    // `1. ` at the start of a line would begin a list.
    let digits = escaped.bytes().take_while(u8::is_ascii_digit).count();
    let mut rest = escaped.bytes().skip(digits);
    let ordinal = digits > 0 && matches!(rest.next(), Some(b'.' | b')'));
    if ordinal && matches!(rest.next(), Some(b' ') | None) {
        escaped.insert(digits, '\\');
    }
    escaped
}

/// The parts of prose in which only `` `code` `` is marked up, and whether each is code. An odd backtick stays a backtick.
pub(crate) fn prose(text: &str) -> Vec<(&str, bool)> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(((plain, code), after)) = rest.split_once('`').and_then(|(plain, after)| {
        after
            .split_once('`')
            .map(|(code, after)| ((plain, code), after))
    }) {
        parts.extend([(plain, false), (code, true)]);
        rest = after;
    }
    parts.push((rest, false));
    parts.retain(|(part, is_code)| *is_code || !part.is_empty());
    parts
}

/// Lower-case letters, digits and hyphens, for identifiers and file names; never empty.
#[must_use]
pub fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() >= 48 {
            break;
        }
    }
    match slug.trim_end_matches('-') {
        "" => "untitled".to_owned(),
        slug => slug.to_owned(),
    }
}

/// `name`, or `name-2`, `name-3`, … where it is taken; the result is then taken.
pub fn unique(taken: &mut BTreeSet<String>, name: &str) -> String {
    let mut candidate = name.to_owned();
    let mut n = 2;
    while !taken.insert(candidate.clone()) {
        candidate = format!("{name}-{n}");
        n += 1;
    }
    candidate
}
