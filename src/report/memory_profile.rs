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
    write(&file.with_extension("svg"), &svg(samples))
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

/// The axes begin at 0, so that a flat curve looks flat.
fn svg(samples: &[Sample]) -> String {
    let most = |of: fn(&Sample) -> u64| samples.iter().map(of).max().unwrap_or(0).max(1) as f64;
    let (files, bytes) = (
        most(|sample| sample.files),
        most(|sample| sample.resident) * 1.1,
    );
    let x = |value: f64| MARGIN + value / files * (WIDTH - 2.0 * MARGIN);
    let y = |value: f64| HEIGHT - MARGIN - value / bytes * (HEIGHT - 2.0 * MARGIN);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    for line in 0..=LINES {
        let share = f64::from(line) / f64::from(LINES);
        let (across, up) = (y(share * bytes), x(share * files));
        let _ = write!(
            text,
            "<line x1=\"{MARGIN}\" x2=\"{}\" y1=\"{across:.1}\" y2=\"{across:.1}\" stroke=\"#ddd\"/>\n\
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
    let _ = write!(
        text,
        "<polyline fill=\"none\" stroke=\"#06c\" stroke-width=\"1.5\" points=\"{}\"/>\n\
         <text x=\"{}\" y=\"{}\" text-anchor=\"middle\">files done</text>\n\
         <text x=\"{MARGIN}\" y=\"24\">resident memory</text>\n</svg>\n",
        points.join(" "),
        WIDTH / 2.0,
        HEIGHT - 12.0,
    );
    text
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
        let plot = svg(&samples);
        let points = plot.split("points=\"").nth(1).unwrap();
        assert_eq!(points.split('"').next().unwrap().split(' ').count(), 3);
        assert!(plot.contains(">121 MB<") && plot.ends_with("</svg>\n"));
        assert!(svg(&[]).ends_with("</svg>\n"));
    }
}
