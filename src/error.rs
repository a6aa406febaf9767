//! Errors as the user meets them: what happened, what to do, how to exit.

use std::fmt;

use crate::exit::Exit;

/// An error with advice. Wraps any other one without adding to its message.
#[derive(Debug)]
pub struct Failure {
    cause: anyhow::Error,
    hint: Option<String>,
    exit: Exit,
}

impl Failure {
    /// The line after `hint:`, if there is something to do.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(f)
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.source()
    }
}

/// An error that knows what the user can do about it.
pub trait KnowsAdvice: std::error::Error + Send + Sync + 'static {
    /// The line after `hint:`, if there is something to do.
    fn advice(&self) -> Option<String>;

    /// Which code the program ends with.
    fn exit(&self) -> Exit {
        Exit::Failure
    }
}

/// Passes on the advice that an error brings along.
pub trait AdviseItself<T> {
    /// Keeps the error's own advice.
    ///
    /// # Errors
    /// The same error, with its hint.
    fn advise(self) -> anyhow::Result<T>;
}

impl<T, E: KnowsAdvice> AdviseItself<T> for Result<T, E> {
    fn advise(self) -> anyhow::Result<T> {
        self.map_err(|error| {
            let (hint, exit) = (error.advice(), error.exit());
            let cause = anyhow::Error::new(error);
            anyhow::Error::new(Failure { cause, hint, exit })
        })
    }
}

/// Adds advice to a failing result.
pub trait Advise<T> {
    /// Says what the user can do about it.
    ///
    /// # Errors
    /// The same error, with the hint.
    fn hint(self, hint: impl Into<String>) -> anyhow::Result<T>;

    /// Says which code the program ends with, and what the user can do.
    ///
    /// # Errors
    /// The same error, with the code and the hint.
    fn exit(self, exit: Exit, hint: impl Into<String>) -> anyhow::Result<T>;
}

impl<T, E: Into<anyhow::Error>> Advise<T> for Result<T, E> {
    fn hint(self, hint: impl Into<String>) -> anyhow::Result<T> {
        self.exit(Exit::Failure, hint)
    }

    fn exit(self, exit: Exit, hint: impl Into<String>) -> anyhow::Result<T> {
        self.map_err(|cause| advised(cause.into(), exit, hint))
    }
}

/// `cause` with the code the program ends with, and what the user can do.
pub fn advised(cause: anyhow::Error, exit: Exit, hint: impl Into<String>) -> anyhow::Error {
    let hint = Some(hint.into());
    anyhow::Error::new(Failure { cause, hint, exit })
}

/// The exit code an error asks for; [`Exit::Failure`] if it asks for none.
#[must_use]
pub fn exit_of(error: &anyhow::Error) -> Exit {
    failures(error)
        .next()
        .map_or(Exit::Failure, |failure| failure.exit)
}

/// The advice nearest to the user, if any was given.
#[must_use]
pub fn hint_of(error: &anyhow::Error) -> Option<&str> {
    failures(error).find_map(Failure::hint)
}

/// The whole chain of causes on one line.
#[must_use]
pub fn one_line(error: &anyhow::Error) -> String {
    format!("{error:#}")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

fn failures(error: &anyhow::Error) -> impl Iterator<Item = &Failure> {
    error.chain().filter_map(|cause| cause.downcast_ref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::{Context, anyhow};

    #[test]
    fn advice_travels_with_the_error_and_adds_nothing_to_its_message() {
        let error = Err::<(), _>(anyhow!("no such host"))
            .hint("is the server running?")
            .context("cannot connect")
            .unwrap_err();
        assert_eq!(one_line(&error), "cannot connect: no such host");
        assert_eq!(hint_of(&error), Some("is the server running?"));
        assert_eq!(exit_of(&error), Exit::Failure);
    }

    #[test]
    fn a_message_of_many_lines_becomes_one() {
        assert_eq!(one_line(&anyhow!("a\n  b")), "a b");
    }

    #[test]
    fn an_error_without_advice_is_a_plain_failure() {
        assert_eq!(exit_of(&anyhow!("x")), Exit::Failure);
        assert_eq!(hint_of(&anyhow!("x")), None);
    }
}
