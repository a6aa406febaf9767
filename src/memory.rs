//! What this process holds in memory, as the kernel counts it, and how much it
//! may hold.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Resident memory now, in bytes; none where the kernel does not say.
#[must_use]
pub fn resident() -> Option<u64> {
    field("/proc/self/status", "VmRSS:")
}

/// The most that was ever resident, in bytes.
#[must_use]
pub fn peak() -> Option<u64> {
    field("/proc/self/status", "VmHWM:")
}

/// What this process may use, in bytes: the least limit of its control groups
/// (version 2 or 1), or else the machine's memory.
#[must_use]
pub fn limit() -> Option<u64> {
    let machine = field("/proc/meminfo", "MemTotal:");
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let limits = groups.lines().flat_map(limits_of);
    limits.chain(machine).min()
}

/// The limits of one line of `/proc/self/cgroup`, `number:controllers:path`,
/// its own and those of the groups around it.
fn limits_of(line: &str) -> Vec<u64> {
    let mut parts = line.splitn(3, ':').skip(1);
    let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else {
        return Vec::new();
    };
    let (mount, file) = match controllers {
        "" => ("/sys/fs/cgroup", "memory.max"),
        list if list.split(',').any(|name| name == "memory") => {
            ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
        }
        _ => return Vec::new(),
    };
    let group = Path::new(path.trim_start_matches('/'));
    let groups = group
        .ancestors()
        .map(|group| Path::new(mount).join(group).join(file));
    // Unlimited is the word `max`, or in version 1 a number beyond any machine.
    groups
        .filter_map(|file| fs::read_to_string(file).ok()?.trim().parse().ok())
        .collect()
}

/// Reads what this process has mapped of `file`, so that its pages count from
/// now on. The kernel's own view of the process is read, which needs no unsafe
/// code; pages that cannot be read are left as they are.
pub fn touch_mapped(file: &Path) {
    const PAGE: usize = 4096;
    let (Ok(maps), Ok(memory)) = (
        fs::read_to_string("/proc/self/maps"),
        File::open("/proc/self/mem"),
    ) else {
        return;
    };
    let Ok(file) = file.canonicalize() else {
        return;
    };
    let here = |line: &&str| line.ends_with(&*file.to_string_lossy());
    for (start, end) in maps.lines().filter(here).filter_map(range) {
        for page in (start..end).step_by(PAGE) {
            let _ = memory.read_at(&mut [0], page);
        }
    }
}

/// `7f00-7f10 r--p …` → the addresses.
fn range(line: &str) -> Option<(u64, u64)> {
    let (start, end) = line.split_whitespace().next()?.split_once('-')?;
    let number = |text| u64::from_str_radix(text, 16).ok();
    Some((number(start)?, number(end)?))
}

/// A field of a file of `NAME: NUMBER kB` lines, in bytes.
fn field(file: &str, name: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

/// Resident memory against files done, in a bounded number of samples: when
/// they are full every other one goes, and from then on half as many are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Curve {
    samples: Vec<Sample>,
    stride: u64,
}

/// Where memory stood when a file had ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// Files that had ended.
    pub files: u64,
    /// Resident memory, in bytes.
    pub resident: u64,
}

/// Samples that a curve keeps.
const MOST_SAMPLES: usize = 256;

impl Default for Curve {
    fn default() -> Self {
        Self {
            samples: Vec::new(),
            stride: 1,
        }
    }
}

impl Curve {
    /// Looks at memory when `files` have ended, if it is time for a sample.
    pub fn look(&mut self, files: u64) {
        let last = self.samples.last().map_or(0, |last| last.files);
        let due = files > last && files.is_multiple_of(self.stride);
        if let (true, Some(resident)) = (due, resident()) {
            self.add(Sample { files, resident });
        }
    }

    fn add(&mut self, sample: Sample) {
        if self.samples.len() == MOST_SAMPLES {
            self.stride *= 2;
            let stride = self.stride;
            self.samples
                .retain(|sample| sample.files.is_multiple_of(stride));
        }
        self.samples.push(sample);
    }

    /// The samples, in their order.
    #[must_use]
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// By how many bytes memory grows with each file, once buffers and caches
    /// have their size. None if there are too few files to say.
    #[must_use]
    pub fn growth(&self) -> Option<f64> {
        self.slope(WARM_UP)
    }

    /// By how many bytes memory grows with each file after the first
    /// `warm_up`: the slope of the straight line with the least squares through
    /// the lowest of every few samples. What is held for a moment goes up and
    /// down above them; a leak raises them. None if there are too few.
    fn slope(&self, warm_up: u64) -> Option<f64> {
        let after = self.samples.iter().filter(|sample| sample.files > warm_up);
        let after: Vec<&Sample> = after.collect();
        let floor: Vec<(f64, f64)> = after.chunks_exact(FLOOR).filter_map(lowest).collect();
        if floor.len() < FEWEST {
            return None;
        }
        let count = floor.len() as f64;
        let files = floor.iter().map(|(files, _)| files).sum::<f64>() / count;
        let resident = floor.iter().map(|(_, resident)| resident).sum::<f64>() / count;
        let product: f64 = floor
            .iter()
            .map(|(x, y)| (x - files) * (y - resident))
            .sum();
        let square: f64 = floor.iter().map(|(x, _)| (x - files).powi(2)).sum();
        Some(product / square)
    }
}

/// Files in which buffers and caches come to their size.
const WARM_UP: u64 = 500;

/// Samples of which the lowest counts.
const FLOOR: usize = 8;

/// Points that make a line.
const FEWEST: usize = 5;

fn lowest(samples: &[&Sample]) -> Option<(f64, f64)> {
    let lowest = samples.iter().min_by_key(|sample| sample.resident)?;
    Some((lowest.files as f64, lowest.resident as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_at_least_what_is_held_now() {
        let (now, peak) = (resident().unwrap(), peak().unwrap());
        assert!(0 < now && now <= peak);
    }

    #[test]
    fn the_limit_is_at_most_the_machine() {
        let machine = field("/proc/meminfo", "MemTotal:").unwrap();
        assert!(limit().unwrap() <= machine);
    }

    #[test]
    fn a_long_curve_is_thinned_out_and_keeps_its_slope() {
        let mut curve = Curve::default();
        for files in 1..=10_000 {
            if files % curve.stride == 0 {
                curve.add(Sample {
                    files,
                    resident: 1_000_000 + files * 16,
                });
            }
        }
        let samples = curve.samples();
        assert!(samples.len() <= MOST_SAMPLES && samples.len() > MOST_SAMPLES / 4);
        assert!(samples.last().unwrap().files > 9_900);
        assert!((curve.slope(500).unwrap() - 16.0).abs() < 0.01);
        assert_eq!(curve.slope(9_990), None);
    }

    #[test]
    fn mapped_pages_of_a_file_are_found_by_its_name() {
        assert_eq!(
            range("7f00-7f10 r--p 00000000 08:01 1 /a b"),
            Some((0x7f00, 0x7f10))
        );
        touch_mapped(&std::env::current_exe().unwrap());
    }
}
