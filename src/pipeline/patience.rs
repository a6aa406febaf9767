//! Work that is not waited for longer than it is worth.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// What `work` gives, if that takes no longer than `patience`. Otherwise it goes
/// on by itself, and ends with the program at the latest.
pub fn within<T: Send + 'static>(
    patience: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (done, result) = mpsc::channel();
    #[allow(
        clippy::disallowed_methods,
        reason = "a scope would wait for what is not worth it"
    )]
    // Nobody may be waiting any more.
    thread::spawn(move || done.send(work()).ok());
    result.recv_timeout(patience).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_too_long_is_left() {
        let (never, asked) = mpsc::channel::<()>();
        let endless = within(Duration::from_millis(1), move || asked.recv().is_ok());
        assert_eq!(endless, None);
        drop(never);
        assert_eq!(within(Duration::from_mins(1), || 1), Some(1));
    }
}
