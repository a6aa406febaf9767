//! The only door to standard error, so that progress, messages and errors do
//! not write over each other; the only user of indicatif.

use std::fmt::{self, Display};
use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{
    HumanBytes, HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle,
};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::error;
use crate::memory;

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What the terminal should show.
#[derive(Debug, Clone, Copy)]
pub struct TerminalOptions {
    /// When to use colour.
    pub color: Color,
    /// Whether to show progress at all.
    pub progress: bool,
    /// Without a terminal: one line of progress each time this has passed.
    pub plain_every: Duration,
    /// Show what the libraries say.
    pub libraries: bool,
    /// Show errors only.
    pub quiet: bool,
}

/// Where progress stands.
#[derive(Debug, Clone, Copy, Default)]
pub struct Progress<'a> {
    /// Files that came to their end.
    pub done: u64,
    /// Files there are, once that is known.
    pub total: Option<u64>,
    /// Chunks written.
    pub chunks: u64,
    /// The file that ended last.
    pub file: &'a str,
}

/// Standard error.
pub struct Terminal {
    options: TerminalOptions,
    color: bool,
    bar: ProgressBar,
    plain: Mutex<Plain>,
}

/// Progress for those who cannot see a bar.
struct Plain {
    on: bool,
    since: Instant,
    last: Instant,
}

/// Columns that the current file's path may take in the bar.
const PATH_WIDTH: usize = 40;

impl Terminal {
    /// Opens standard error and lets the libraries' messages pass through it.
    #[must_use]
    pub fn new(options: TerminalOptions) -> Self {
        let is_terminal = io::stderr().is_terminal();
        let color = match options.color {
            Color::Auto => is_terminal,
            Color::Always => true,
            Color::Never => false,
        };
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        let now = Instant::now();
        let plain = Mutex::new(Plain {
            on: false,
            since: now,
            last: now,
        });
        Self {
            options,
            color,
            bar,
            plain,
        }
    }

    /// Passes on what the libraries log, if the user asked for it.
    pub fn listen_to_libraries(&self) {
        let level = if self.options.libraries {
            "debug,ort=info"
        } else if self.options.quiet {
            "error,ort=off"
        } else {
            // Whoever looks at a run that stands still wants to know what it waits for.
            "error,ort=off,waiting=warn"
        };
        let bar = self.bar.clone();
        // A second call, as in tests, changes nothing.
        let _ = tracing_subscriber::fmt()
            .with_env_filter(EnvFilter::new(level))
            .with_ansi(self.color)
            .with_writer(AboveBar(bar))
            .try_init();
    }

    /// Begins to show progress: a bar on a terminal, else a line now and then.
    pub fn start(&self) {
        if !self.options.progress {
            return;
        }
        if io::stderr().is_terminal() {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
            self.bar.set_style(style(false));
            self.bar.enable_steady_tick(Duration::from_millis(200));
        } else {
            let now = Instant::now();
            *self.plain() = Plain {
                on: true,
                since: now,
                last: now,
            };
        }
    }

    /// Shows where the run stands.
    pub fn show(&self, progress: Progress) {
        if self.bar.is_hidden() {
            self.show_plain(progress);
            return;
        }
        if let Some(total) = progress
            .total
            .filter(|total| self.bar.length() != Some(*total))
        {
            self.bar.set_length(total);
            self.bar.set_style(style(true));
        }
        self.bar.set_position(progress.done);
        self.bar
            .set_prefix(format!("{} chunks, {}", progress.chunks, resident()));
        self.bar.set_message(shortened(progress.file));
    }

    /// Shows how much of a file is there: bytes, and how many it has.
    pub fn show_transfer(&self, name: &str, (done, total): (u64, u64)) {
        if self.bar.is_hidden() {
            let mut plain = self.plain();
            if plain.on && plain.last.elapsed() >= self.options.plain_every {
                plain.last = Instant::now();
                drop(plain);
                self.line(transfer_line(name, (done, total)));
            }
            return;
        }
        if self.bar.length() != Some(total) {
            self.bar.set_length(total);
            self.bar.set_style(transfer_style());
        }
        self.bar.set_position(done);
        self.bar.set_message(shortened(name));
    }

    fn show_plain(&self, progress: Progress) {
        let mut plain = self.plain();
        if !plain.on || plain.last.elapsed() < self.options.plain_every {
            return;
        }
        plain.last = Instant::now();
        let rate = progress.done as f64 / plain.since.elapsed().as_secs_f64();
        drop(plain);
        self.line(plain_line(progress, rate));
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
        self.bar.set_draw_target(ProgressDrawTarget::hidden());
        self.plain().on = false;
    }

    /// Writes one line, above the bar if there is one.
    pub fn line(&self, line: impl Display) {
        // A closed standard error is no reason to stop indexing.
        self.bar.suspend(|| {
            let _ = writeln!(io::stderr().lock(), "{line}");
        });
    }

    /// Writes a warning.
    pub fn warning(&self, message: impl Display) {
        self.line(format_args!("{} {message}", self.paint("warning:", "33")));
    }

    /// Writes an error on one line, and its hint on another.
    pub fn error(&self, error: &anyhow::Error) {
        self.line(format_args!(
            "{} {}",
            self.paint("error:", "31"),
            error::one_line(error)
        ));
        if let Some(hint) = error::hint_of(error) {
            self.line(format_args!("{} {hint}", self.paint("hint:", "36")));
        }
    }

    fn paint(&self, word: &str, code: &str) -> String {
        if self.color {
            format!("\x1b[1;{code}m{word}\x1b[0m")
        } else {
            word.to_owned()
        }
    }

    fn plain(&self) -> std::sync::MutexGuard<'_, Plain> {
        self.plain.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn transfer_line(name: &str, (done, total): (u64, u64)) -> String {
    format!("{name}: {} of {}", HumanBytes(done), HumanBytes(total))
}

fn transfer_style() -> ProgressStyle {
    let template = "{bar:24} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left  {wide_msg}";
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn plain_line(progress: Progress, rate: f64) -> String {
    let Progress {
        done, chunks, file, ..
    } = progress;
    let of = progress
        .total
        .map(|total| format!("/{total}"))
        .unwrap_or_default();
    let left = progress.total.filter(|_| rate > 0.0).map(|total| {
        let seconds = total.saturating_sub(done) as f64 / rate;
        format!(", {} left", HumanDuration(Duration::from_secs_f64(seconds)))
    });
    let left = left.unwrap_or_default();
    format!(
        "{done}{of} files, {chunks} chunks, {rate:.1} files/s{left}, {}, {file}",
        resident()
    )
}

fn resident() -> String {
    memory::resident().map_or_else(
        || "? memory".to_owned(),
        |bytes| HumanBytes(bytes).to_string(),
    )
}

/// The end of a path says more than its beginning.
fn shortened(path: &str) -> String {
    let characters = path.chars().count();
    if characters <= PATH_WIDTH {
        return path.to_owned();
    }
    let tail: String = path.chars().skip(characters + 1 - PATH_WIDTH).collect();
    format!("…{tail}")
}

fn style(total_is_known: bool) -> ProgressStyle {
    let template = if total_is_known {
        "{bar:24} {pos}/{len} files, {prefix}, {rate}, {eta} left  {wide_msg}"
    } else {
        "{spinner} {pos} files, {prefix}, {rate}  {wide_msg}"
    };
    let rate = |state: &ProgressState, text: &mut dyn fmt::Write| {
        // The text is a buffer of indicatif's, which takes anything.
        let _ = write!(text, "{:.1} files/s", state.per_sec());
    };
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .with_key("rate", rate)
}

/// Writes the libraries' lines above the bar.
struct AboveBar(ProgressBar);

impl<'a> MakeWriter<'a> for AboveBar {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

impl Write for &AboveBar {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.suspend(|| io::stderr().lock().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().lock().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_path_keeps_its_end() {
        let path = format!("{}/file.ts", "folder/".repeat(20));
        let shown = shortened(&path);
        assert_eq!(shown.chars().count(), PATH_WIDTH);
        assert!(shown.starts_with('…') && shown.ends_with("/file.ts"));
        assert_eq!(shortened("a.ts"), "a.ts");
    }

    #[test]
    fn a_line_of_progress_says_how_far_how_fast_and_how_long_yet() {
        let progress = Progress {
            done: 5,
            total: Some(10),
            chunks: 7,
            file: "a.ts",
        };
        let line = plain_line(progress, 2.5);
        assert!(
            line.starts_with("5/10 files, 7 chunks, 2.5 files/s, 2 seconds left, "),
            "{line}"
        );
        assert!(line.ends_with(", a.ts"), "{line}");
    }
}
