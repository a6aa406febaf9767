//! A run as a page: one file, no script, and nothing that is fetched.

use std::fmt::Write;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

use super::memory_profile::plot;
use crate::memory::Sample;
use crate::outcome::{FailedFile, RunDetail, RunRecord};

const STYLE: &str = concat!(
    include_str!("../../web/src/palette.css"),
    include_str!("page.css")
);

/// The stages, in the order of a file's way.
const STAGES: [&str; 4] = ["read", "chunk", "embed", "store"];

/// `run` as HTML.
#[must_use]
pub fn page(run: &RunRecord) -> String {
    let title = format!("{} · run", escaped(&run.repository));
    let hash = BASE64_STANDARD.encode(Sha256::digest(STYLE));
    let none = RunDetail::default();
    let detail = run.detail.as_ref().unwrap_or(&none);
    let body = [
        head(run),
        tiles(run),
        files(run),
        stages(run),
        memory(run, detail),
        extremes(detail),
        failures(run, &detail.failed),
    ];
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{hash}'; img-src data:\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <link rel=\"icon\" href=\"data:,\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{}\n</body>\n</html>\n",
        body.concat()
    )
}

fn head(run: &RunRecord) -> String {
    let mut text = format!("<header><h1>{}</h1>\n", escaped(&run.repository));
    let facts = [
        run.started_at
            .as_deref()
            .map(|at| format!("began {}", moment(at))),
        run.commit_hash
            .as_deref()
            .map(|commit| format!("commit {}", &commit[..commit.len().min(12)])),
        run.branch
            .as_deref()
            .map(|branch| format!("branch {branch}")),
        run.run_id.as_deref().map(|id| format!("run {id}")),
    ];
    let facts: Vec<String> = facts.into_iter().flatten().collect();
    let role = |model: &Option<String>| model.clone().unwrap_or_else(|| "off".to_owned());
    // Writing to a string does not fail, here and below.
    let _ = write!(
        text,
        "<p class=\"soft\">{}</p>\n<p class=\"soft\">{}</p>\n",
        escaped(&facts.join(" · ")),
        escaped(&format!(
            "text {}, code {}, on {}{} · mnemo-index {}",
            role(&run.text_model),
            role(&run.code_model),
            run.provider,
            if run.sequential {
                ", one file at a time"
            } else {
                ""
            },
            run.version
        ))
    );
    let (how, is_bad) = ended(run);
    let _ = writeln!(
        text,
        "<p class=\"ended{}\" id=\"ended\">{}</p></header>",
        if is_bad { " bad" } else { "" },
        escaped(&how)
    );
    text
}

/// How it ended, and whether that is not as it should be.
fn ended(run: &RunRecord) -> (String, bool) {
    let Some(code) = run.exit_code else {
        return ("It goes on, or was killed.".to_owned(), true);
    };
    let error = run
        .error
        .as_deref()
        .map_or_else(String::new, |error| format!(": {error}"));
    (format!("Exit code {code}{error}"), code != 0)
}

/// `2026-01-31T12:00:00.123456+00:00` to the second.
fn moment(at: &str) -> String {
    at.get(..19).unwrap_or(at).replace('T', " ")
}

fn tiles(run: &RunRecord) -> String {
    let time = |stage: &str| run.times.get(stage).copied().unwrap_or_default();
    let tiles = [
        ("files indexed", grouped(run.indexed)),
        ("chunks", grouped(run.chunks)),
        ("tokens", grouped(run.tokens)),
        ("tokens per second", per_second(run.tokens, time("wall"))),
        (
            "tokens per second of embedding",
            per_second(run.tokens, time("embed")),
        ),
        ("wall time", seconds(time("wall"))),
        (
            "peak memory",
            run.peak_memory.map_or_else(|| "–".to_owned(), megabytes),
        ),
    ];
    let mut text = "<ul class=\"tiles\">\n".to_owned();
    for (name, value) in tiles {
        let _ = writeln!(text, "<li><b>{value}</b><span>{name}</span></li>");
    }
    text.push_str("</ul>\n");
    text
}

fn per_second(tokens: u64, millis: u64) -> String {
    if tokens == 0 || millis == 0 {
        return "–".to_owned();
    }
    grouped(tokens * 1000 / millis)
}

fn files(run: &RunRecord) -> String {
    let mut rows = vec![
        ("indexed".to_owned(), run.indexed, "good"),
        ("unchanged".to_owned(), run.unchanged, "calm"),
        ("failed".to_owned(), run.failed, "bad"),
        ("retired".to_owned(), run.retired, "calm"),
    ];
    let mut skipped: Vec<_> = run.skipped.iter().collect();
    skipped.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    rows.extend(skipped.into_iter().map(|(reason, count)| {
        (
            format!("skipped: {}", reason.replace('_', " ")),
            *count,
            "left",
        )
    }));
    rows.retain(|(_, count, _)| *count > 0);
    let bars = rows.iter().map(|(name, count, class)| Bar {
        name,
        value: *count,
        shown: grouped(*count),
        class,
    });
    section("Files by outcome", &bar_table(bars.collect(), "no files"))
}

fn stages(run: &RunRecord) -> String {
    let bars = STAGES.map(|stage| {
        let millis = run.times.get(stage).copied().unwrap_or_default();
        Bar {
            name: stage,
            value: millis,
            shown: seconds(millis),
            class: "calm",
        }
    });
    let note = "<p class=\"soft\">Stages overlap, and inference is summed over its threads: together they may take longer than the run.</p>\n";
    section(
        "Time by stage",
        &format!("{}{note}", bar_table(bars.into(), "no time")),
    )
}

struct Bar<'a> {
    name: &'a str,
    value: u64,
    shown: String,
    class: &'a str,
}

fn bar_table(bars: Vec<Bar<'_>>, none: &str) -> String {
    let most = bars.iter().map(|bar| bar.value).max().unwrap_or_default();
    if most == 0 {
        return format!("<p class=\"soft\">{none}</p>\n");
    }
    let mut text = "<table>\n".to_owned();
    for bar in bars {
        let share = bar.value as f64 * 100.0 / most as f64;
        let _ = writeln!(
            text,
            "<tr><td>{}</td><td class=\"number\">{}</td><td class=\"bar\"><svg viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" \
             aria-hidden=\"true\"><rect class=\"{}\" width=\"{share:.2}\" height=\"10\"/></svg></td></tr>",
            escaped(bar.name),
            bar.shown,
            bar.class
        );
    }
    text.push_str("</table>\n");
    text
}

fn memory(run: &RunRecord, detail: &RunDetail) -> String {
    if detail.memory.is_empty() {
        return section(
            "Memory",
            "<p class=\"soft\">No samples were kept of this run.</p>\n",
        );
    }
    let samples: Vec<Sample> = detail
        .memory
        .iter()
        .map(|(files, resident)| Sample {
            files: *files,
            resident: *resident,
        })
        .collect();
    let growth = detail.growth.map_or_else(
        || "too few files to tell whether it grows".to_owned(),
        |bytes| format!("it grows by {bytes:.0} bytes with each file (dashed)"),
    );
    let peak = run
        .peak_memory
        .map_or_else(String::new, |peak| format!("peak {}, ", megabytes(peak)));
    let told =
        format!("<p id=\"growth\">Resident memory against files done: {peak}{growth}.</p>\n");
    section(
        "Memory",
        &format!("{told}{}", plot(&samples, detail.growth)),
    )
}

fn extremes(detail: &RunDetail) -> String {
    if detail.slowest.is_empty() {
        return String::new();
    }
    let list = |id: &str, files: &[(String, u64)], shown: fn(u64) -> String| {
        let mut text = format!("<table id=\"{id}\">\n");
        for (path, value) in files {
            let _ = writeln!(
                text,
                "<tr><td>{}</td><td class=\"number\">{}</td></tr>",
                escaped(path),
                shown(*value)
            );
        }
        text + "</table>\n"
    };
    format!(
        "<div class=\"two\">{}{}</div>\n",
        section("Slowest files", &list("slowest", &detail.slowest, seconds)),
        section(
            "Largest files",
            &list("largest", &detail.largest, kilobytes)
        )
    )
}

fn failures(run: &RunRecord, failed: &[FailedFile]) -> String {
    if failed.is_empty() {
        return String::new();
    }
    let mut text =
        "<table id=\"failed\">\n<tr><th>file</th><th>stage</th><th>why</th></tr>\n".to_owned();
    for file in failed {
        let _ = writeln!(
            text,
            "<tr><td>{}</td><td>{}</td><td><pre>{}</pre></td></tr>",
            escaped(&file.path),
            escaped(&file.stage.replace("_error", "")),
            escaped(&file.cause)
        );
    }
    text.push_str("</table>\n");
    let more = run.failed.saturating_sub(failed.len() as u64);
    if more > 0 {
        let _ = writeln!(text, "<p class=\"soft\">And {} more.</p>", grouped(more));
    }
    section("Files that failed", &text)
}

fn section(title: &str, body: &str) -> String {
    format!("<section><h2>{title}</h2>\n{body}</section>\n")
}

/// `1234567` → `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn seconds(millis: u64) -> String {
    let seconds = millis as f64 / 1e3;
    match millis {
        0..10_000 => format!("{seconds:.2} s"),
        10_000..600_000 => format!("{seconds:.1} s"),
        _ => format!("{} min", grouped(millis / 60_000)),
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{} MB", grouped(bytes / 1_000_000))
}

fn kilobytes(bytes: u64) -> String {
    format!("{:.1} kB", bytes as f64 / 1e3)
}

/// As text or attribute of HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_times_are_as_exact_as_they_are_long() {
        assert_eq!(
            [0, 999, 1000, 1_234_567].map(grouped),
            ["0", "999", "1,000", "1,234,567"]
        );
        assert_eq!(
            [50, 12_340, 600_000].map(seconds),
            ["0.05 s", "12.3 s", "10 min"]
        );
        assert_eq!(per_second(1000, 0), "–");
    }

    #[test]
    fn what_a_name_or_an_error_holds_is_text() {
        let run = RunRecord {
            repository: "<b>".to_owned(),
            exit_code: Some(1),
            error: Some("a < b & \"c\"".to_owned()),
            ..RunRecord::default()
        };
        let page = page(&run);
        assert!(page.contains("<h1>&lt;b&gt;</h1>"));
        assert!(page.contains("Exit code 1: a &lt; b &amp; &quot;c&quot;"));
    }

    #[test]
    fn a_run_that_was_killed_says_so() {
        assert!(page(&RunRecord::default()).contains("It goes on, or was killed."));
    }
}
