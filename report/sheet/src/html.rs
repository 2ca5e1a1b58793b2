//! The page around the sections, and the few forms that they share.

use std::fmt::Write;

/// Text as HTML: what comes from a table may hold anything.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(letter),
        }
    }
    escaped
}

/// A section with its heading.
pub fn section(heading: &str, body: &str) -> String {
    format!("<section>\n<h2>{heading}</h2>\n{body}</section>\n")
}

/// A table; cells are HTML already.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    drawn_table("", head, rows)
}

/// A table with a caption above it; caption and cells are HTML already.
pub fn captioned_table(caption: &str, head: &[&str], rows: &[Vec<String>]) -> String {
    drawn_table(&format!("<caption>{caption}</caption>\n"), head, rows)
}

fn drawn_table(caption: &str, head: &[&str], rows: &[Vec<String>]) -> String {
    let mut text = format!("<div class=\"wide\"><table>\n{caption}<thead><tr>");
    for cell in head {
        let _ = write!(text, "<th scope=\"col\">{cell}</th>");
    }
    text.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        text.push_str("<tr>");
        for (place, cell) in row.iter().enumerate() {
            let _ = if place == 0 {
                write!(text, "<th scope=\"row\">{cell}</th>")
            } else {
                write!(text, "<td>{cell}</td>")
            };
        }
        text.push_str("</tr>\n");
    }
    text.push_str("</tbody></table></div>\n");
    text
}

/// A paragraph; the text is HTML already.
pub fn paragraph(text: &str) -> String {
    format!("<p>{text}</p>\n")
}

/// The whole page. Its policy forbids scripts and everything from elsewhere, whatever a table's words would say.
pub fn page(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )
}

const STYLE: &str = "
:root { color-scheme: light; }
body { margin: 0; background: #fff; color: #1a1d21; font: 16px/1.5 system-ui, 'Liberation Sans', sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.8rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem; border-bottom: 2px solid #1a1d21; padding-bottom: .2rem; }
p { max-width: 46rem; margin: .5rem 0; overflow-wrap: anywhere; }
.note { border-left: 4px solid #b45f06; background: #fdf3e6; padding: .6rem 1rem; max-width: 46rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; min-width: 22rem; margin: .75rem 0; font-variant-numeric: tabular-nums; font-size: .9rem; }
th, td { text-align: right; padding: .25rem .7rem; border-bottom: 1px solid #d5d9de; vertical-align: top; }
th[scope=row], thead th:first-child { text-align: left; font-weight: 600; }
thead th { border-bottom: 2px solid #6b7280; }
caption { text-align: left; color: #374151; padding: .25rem 0; }
small { color: #4b5563; display: block; min-width: 8rem; }
figure { margin: 1rem 0; }
figcaption { max-width: 46rem; color: #374151; font-size: .9rem; }
svg { width: 100%; max-width: 46rem; height: auto; display: block; }
svg text { font: 12px system-ui, 'Liberation Sans', sans-serif; fill: #1a1d21; }
svg .grid { stroke: #e3e6ea; stroke-width: 1; }
svg .axis { stroke: #6b7280; stroke-width: 1; fill: none; }
svg .a { stroke: #0072b2; } svg .b { stroke: #d55e00; } svg .c { stroke: #6b7280; stroke-dasharray: 4 3; }
svg .line { fill: none; stroke-width: 2; }
svg .fill.a { fill: #0072b2; fill-opacity: .35; } svg .fill.b { fill: #d55e00; fill-opacity: .35; }
svg .dot.a { fill: #0072b2; } svg .dot.b { fill: #d55e00; }
@media print { main { max-width: none; } section { break-inside: avoid; } }
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_takes_nothing_from_elsewhere_and_runs_nothing() {
        let text = page("Title", &section("Heading", &paragraph(&escape("<script src=\"https://x\">&'"))));
        assert!(text.contains("default-src 'none'") && !text.contains("<script") && !text.contains("src=\""));
        assert!(text.contains("&lt;script src=&quot;https://x&quot;&gt;&amp;&#39;"));
        assert!(text.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"));
    }

    #[test]
    fn tables_have_header_cells_and_a_caption_where_one_is_given() {
        let rows = [vec!["a".to_owned(), "1".to_owned()]];
        let text = captioned_table("What it is", &["name", "count"], &rows);
        assert!(text.contains("<caption>What it is</caption>"));
        assert!(text.contains("<th scope=\"col\">name</th><th scope=\"col\">count</th>"));
        assert!(text.contains("<th scope=\"row\">a</th><td>1</td>"));
        assert!(!table(&["name"], &rows).contains("<caption>"));
    }
}
