//! What the NVIDIA driver says of the GPU that will be used.

use std::process::{Command, Stdio};

use super::home;

/// Bytes that are free on the first device that may be used; `None` where the
/// driver's own program is not there or knows no such device.
pub(super) fn free_memory() -> Option<u64> {
    let output = Command::new("nvidia-smi")
        .args(["--query-gpu=memory.free", "--format=csv,noheader,nounits"])
        .args(["--id", &home::first_gpu()])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    mebibytes(&String::from_utf8_lossy(&output.stdout))
}

fn mebibytes(answer: &str) -> Option<u64> {
    let number: u64 = answer.lines().next()?.trim().parse().ok()?;
    Some(number << 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_is_no_device() {
        assert_eq!(mebibytes("81069\n"), Some(81_069 << 20));
        assert_eq!(mebibytes("No devices were found\n"), None);
        assert_eq!(mebibytes(""), None);
    }
}
