//! What this process holds in memory, as the kernel counts it.

use std::fs;

/// Resident memory now, in bytes; none where the kernel does not say.
#[must_use]
pub fn resident() -> Option<u64> {
    status("VmRSS:")
}

/// The most that was ever resident, in bytes.
#[must_use]
pub fn peak() -> Option<u64> {
    status("VmHWM:")
}

/// A field of `/proc/self/status`, which is in KiB.
fn status(field: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_at_least_what_is_held_now() {
        let (now, peak) = (resident().unwrap(), peak().unwrap());
        assert!(0 < now && now <= peak);
    }
}
