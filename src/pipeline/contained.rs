//! A panic in one file's work is that file's failure, not the run's.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What `work` gives; or that it panicked, with what it said.
///
/// What is left half-done by it must be good to go on with: a transaction that
/// was dropped is rolled back, and the caches of chunkers and models hold
/// nothing of a file.
pub(super) fn contained<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| format!("a panic: {}", said(&*panic)))
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("it said nothing")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_words_and_the_next_work_goes_on() {
        let list: Vec<u32> = Vec::new();
        let cause = contained(|| list[3]).unwrap_err();
        assert!(cause.starts_with("a panic: index out of bounds"), "{cause}");
        assert_eq!(contained(|| list.len()), Ok(0));
    }
}
