//! Escaping of text for HTML, XML and Markdown.

/// Text for HTML and XML, in content and in attributes; control characters, which XML has no way to write, are left out.
pub(crate) fn escape_html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in printable(text) {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// The characters XML 1.0 admits.
pub(crate) fn printable(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().filter(|c| {
        matches!(c, '\t' | '\n' | '\r')
            || (!c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}'))
    })
}

/// Text for a line of GitHub Markdown, in a table cell too: nothing in it means anything, and it stays one line.
pub(crate) fn escape_markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in printable(text) {
        match c {
            '\n' | '\r' | '\t' => escaped.push(' '),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '$' | '~' => {
                escaped.push('\\');
                escaped.push(c);
            }
            '#' | '+' | '-' if escaped.is_empty() => {
                escaped.push('\\');
                escaped.push(c);
            }
            other => escaped.push(other),
        }
    }
    ordinal_defused(escaped)
}

/// `1. ` at the start of a line would begin a list.
fn ordinal_defused(text: String) -> String {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    match text.as_bytes().get(digits) {
        Some(b'.' | b')')
            if digits > 0 && matches!(text.as_bytes().get(digits + 1), Some(b' ') | None) =>
        {
            format!("{}\\{}", &text[..digits], &text[digits..])
        }
        _ => text,
    }
}

/// Prose in which only `` `code` `` is marked up; an odd backtick stays a backtick.
pub(crate) fn prose(text: &str, plain: fn(&str) -> String, code: fn(&str) -> String) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    let mut written = String::new();
    for (n, part) in parts.iter().enumerate() {
        let unclosed = n % 2 == 1 && n + 1 == parts.len();
        if unclosed {
            written.push_str(&plain(&format!("`{part}")));
        } else if n % 2 == 1 {
            written.push_str(&code(part));
        } else if !part.is_empty() {
            // Only a line's start needs its first character defused, but doing it anywhere is harmless.
            written.push_str(&plain(part));
        }
    }
    written
}

/// Lower-case letters, digits and hyphens, for identifiers and file names; never empty.
pub(crate) fn slug(text: &str) -> String {
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
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() {
        "untitled".to_owned()
    } else {
        slug.to_owned()
    }
}

/// `name`, or `name-2`, `name-3`, … where it is taken; the result is then taken.
pub(crate) fn unique(taken: &mut std::collections::BTreeSet<String>, name: &str) -> String {
    let mut candidate = name.to_owned();
    let mut n = 2;
    while !taken.insert(candidate.clone()) {
        candidate = format!("{name}-{n}");
        n += 1;
    }
    candidate
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_keeps_nothing_that_acts() {
        assert_eq!(
            escape_html("<script>\"&'\u{1}"),
            "&lt;script&gt;&quot;&amp;&#39;"
        );
    }

    #[test]
    fn markdown_keeps_nothing_that_acts() {
        assert_eq!(
            escape_markdown("a|b\n<i> *x* $y$"),
            "a\\|b &lt;i&gt; \\*x\\* \\$y\\$"
        );
        assert_eq!(escape_markdown("- x"), "\\- x");
        assert_eq!(escape_markdown("1. x"), "1\\. x");
        assert_eq!(escape_markdown("1.5"), "1.5");
    }

    #[test]
    fn prose_marks_up_code_only() {
        let html = |text: &str| {
            prose(text, escape_html, |code| {
                format!("<code>{}</code>", escape_html(code))
            })
        };
        assert_eq!(html("run `a<b` now"), "run <code>a&lt;b</code> now");
        assert_eq!(html("an odd ` one"), "an odd ` one");
    }

    #[test]
    fn slugs_are_file_names() {
        assert_eq!(slug("Objective F, vs. k/../"), "objective-f-vs-k");
        assert_eq!(slug("…"), "untitled");
        let mut taken = std::collections::BTreeSet::new();
        assert_eq!(unique(&mut taken, "a"), "a");
        assert_eq!(unique(&mut taken, "a"), "a-2");
    }
}
