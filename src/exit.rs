//! The exit codes: an interface that scripts rely on.

use std::process::ExitCode;

/// How the program ends. The numbers are documented in `--help` and README.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All done.
    Success = 0,
    /// The run or the command failed.
    Failure = 1,
    /// The command line makes no sense.
    Usage = 2,
    /// Finished, but more files failed than `--max-failed` allows.
    Incomplete = 3,
    /// Stopped at the memory limit; what was committed stays.
    MemoryLimit = 4,
    /// `verify` found faults.
    Faults = 5,
    /// What was asked for does not exist.
    NotFound = 6,
    /// Another run holds the repository, or a shard is missing; the same command may succeed later.
    TryAgain = 75,
    /// Ended by SIGINT.
    Interrupted = 130,
    /// Ended by SIGTERM.
    Terminated = 143,
}

/// The table for `--help`; README carries the same one, and a test compares them.
pub const TABLE: &str = "\
Exit codes:
  0    all done (an empty directory too)
  1    the run or command failed
  2    bad usage
  3    finished, but more files failed than --max-failed allows
  4    stopped at the memory limit, everything committed so far whole
  5    verify found faults
  6    what was asked for does not exist
  75   try again later: another run holds the repository, or finish misses a shard
  130  interrupted (SIGINT)
  143  terminated (SIGTERM)";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl Exit {
    /// The number the process ends with.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_stands_in_the_table() {
        for exit in [
            Exit::Success,
            Exit::Failure,
            Exit::Usage,
            Exit::Incomplete,
            Exit::MemoryLimit,
            Exit::Faults,
            Exit::NotFound,
            Exit::TryAgain,
            Exit::Interrupted,
            Exit::Terminated,
        ] {
            let row = format!("\n  {:<4} ", exit.code());
            assert!(TABLE.contains(&row), "{exit:?} is missing");
        }
    }
}
