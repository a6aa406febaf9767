//! Resident memory against files done: a table, and a plot of it.

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::memory::Sample;
use crate::outcome::Summary;

/// A file that cannot be written.
#[derive(Debug, Error)]
#[error("the memory profile {path:?} cannot be written", path = path.display())]
pub struct ProfileError {
    path: PathBuf,
    source: io::Error,
}

/// Writes `file` (CSV: files done, resident bytes) and the plot beside it, with
/// the ending `.svg`.
///
/// # Errors
/// [`ProfileError`] for the file that cannot be written.
pub fn write_memory_profile(file: &Path, summary: &Summary) -> Result<(), ProfileError> {
    let samples = summary.memory.samples();
    write(file, &csv(samples))?;
    write(
        &file.with_extension("svg"),
        &plot(samples, summary.memory.growth()),
    )
}

fn write(path: &Path, text: &str) -> Result<(), ProfileError> {
    fs::write(path, text).map_err(|source| ProfileError {
        path: path.to_owned(),
        source,
    })
}

fn csv(samples: &[Sample]) -> String {
    let mut text = "files,resident_bytes\n".to_owned();
    for Sample { files, resident } in samples {
        // Writing to a string does not fail, here and below.
        let _ = writeln!(text, "{files},{resident}");
    }
    text
}

/// Size of the plot and of its margins, in pixels.
const WIDTH: f64 = 800.0;
const HEIGHT: f64 = 300.0;
const MARGIN: f64 = 60.0;

/// Lines across the plot.
const LINES: u32 = 4;

/// The curve, and with it the line of its growth in bytes for each file. The axes
/// begin at 0, so that a flat curve looks flat. Classes let a page give it its own
/// colours.
pub(super) fn plot(samples: &[Sample], growth: Option<f64>) -> String {
    let most = |of: fn(&Sample) -> u64| samples.iter().map(of).max().unwrap_or(0).max(1) as f64;
    let (files, bytes) = (
        most(|sample| sample.files),
        most(|sample| sample.resident) * 1.1,
    );
    let x = |value: f64| MARGIN + value / files * (WIDTH - 2.0 * MARGIN);
    let y = |value: f64| HEIGHT - MARGIN - value / bytes * (HEIGHT - 2.0 * MARGIN);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"Resident memory against files done\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect class=\"ground\" width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    for line in 0..=LINES {
        let share = f64::from(line) / f64::from(LINES);
        let (across, up) = (y(share * bytes), x(share * files));
        let _ = write!(
            text,
            "<line class=\"grid\" x1=\"{MARGIN}\" x2=\"{}\" y1=\"{across:.1}\" y2=\"{across:.1}\" stroke=\"#ddd\"/>\n\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{:.0} MB</text>\n\
             <text x=\"{up:.1}\" y=\"{}\" text-anchor=\"middle\">{:.0}</text>\n",
            WIDTH - MARGIN,
            MARGIN - 6.0,
            across + 4.0,
            share * bytes / 1e6,
            HEIGHT - MARGIN + 18.0,
            share * files,
        );
    }
    let points: Vec<String> = samples
        .iter()
        .map(|sample| {
            format!(
                "{:.1},{:.1}",
                x(sample.files as f64),
                y(sample.resident as f64)
            )
        })
        .collect();
    if let Some(growth) = growth {
        text.push_str(&slope(samples, growth, |files, bytes| (x(files), y(bytes))));
    }
    let _ = write!(
        text,
        "<polyline class=\"curve\" fill=\"none\" stroke=\"#06c\" stroke-width=\"1.5\" points=\"{}\"/>\n\
         <text x=\"{}\" y=\"{}\" text-anchor=\"middle\">files done</text>\n\
         <text x=\"{MARGIN}\" y=\"24\">resident memory</text>\n</svg>\n",
        points.join(" "),
        WIDTH / 2.0,
        HEIGHT - 12.0,
    );
    text
}

/// The growth as a dashed line through the middle of the samples.
fn slope(samples: &[Sample], growth: f64, at: impl Fn(f64, f64) -> (f64, f64)) -> String {
    let count = samples.len().max(1) as f64;
    let files = samples.iter().map(|sample| sample.files as f64);
    let resident: f64 = samples.iter().map(|sample| sample.resident as f64).sum();
    let (last, middle) = (
        files.clone().fold(0.0, f64::max),
        files.sum::<f64>() / count,
    );
    let end = |files: f64| at(files, resident / count + growth * (files - middle));
    let ((x1, y1), (x2, y2)) = (end(0.0), end(last));
    format!(
        "<line class=\"slope\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"#c33\" stroke-dasharray=\"6 4\"/>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_a_line_and_the_plot_a_point_for_each_sample() {
        let samples = [(1, 100_000_000), (2, 110_000_000), (4, 110_000_000)]
            .map(|(files, resident)| Sample { files, resident });
        assert_eq!(
            csv(&samples),
            "files,resident_bytes\n1,100000000\n2,110000000\n4,110000000\n"
        );
        let plot = plot(&samples, Some(16.0));
        let points = plot.split("points=\"").nth(1).unwrap();
        assert_eq!(points.split('"').next().unwrap().split(' ').count(), 3);
        assert!(plot.contains(">121 MB<") && plot.ends_with("</svg>\n"));
        assert!(plot.contains("class=\"slope\""));
        assert!(super::plot(&[], None).ends_with("</svg>\n"));
    }
}
