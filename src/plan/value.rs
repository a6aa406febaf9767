//! Values of options that clap cannot check by type.

use thiserror::Error;

use crate::outcome::MaxFailed;

/// Why a value makes no sense.
#[derive(Debug, Error, PartialEq, Eq)]
pub(super) enum ValueError {
    #[error("{0:?} is not a size")]
    Size(String),
    #[error("{0:?} is not a number of files or a share")]
    MaxFailed(String),
}

/// What to do about a size that is none.
pub(super) const SIZE_HINT: &str = "give a number of bytes, or one with K, M or G: 500K, 2M";

/// `500`, `500K`, `2M`, `1G`, also with `B` or `iB` behind: powers of 1,024.
pub(super) fn size(text: &str) -> Result<u64, ValueError> {
    let refused = || ValueError::Size(text.to_owned());
    let digits = text
        .trim()
        .trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let shift = match text.trim()[digits.len()..].to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        _ => return Err(refused()),
    };
    let count: u64 = digits.trim().parse().map_err(|_| refused())?;
    count.checked_mul(1 << shift).ok_or_else(refused)
}

/// `3` files or `5%` of them.
pub(super) fn max_failed(text: &str) -> Result<MaxFailed, ValueError> {
    let refused = || ValueError::MaxFailed(text.to_owned());
    match text.trim().strip_suffix('%') {
        None => text
            .trim()
            .parse()
            .map(MaxFailed::Files)
            .map_err(|_| refused()),
        Some(share) => match share.trim().parse() {
            Ok(share) if (0.0..=100.0).contains(&share) => Ok(MaxFailed::Percent(share)),
            _ => Err(refused()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_powers_of_1024() {
        assert_eq!(size("500"), Ok(500));
        assert_eq!(size("2M"), Ok(2 << 20));
        assert_eq!(size("1 GiB"), Ok(1 << 30));
        for wrong in ["", "M", "2X", "-1", "99999999999G"] {
            assert_eq!(size(wrong), Err(ValueError::Size(wrong.to_owned())));
        }
    }

    #[test]
    fn failures_are_allowed_by_number_or_share() {
        assert_eq!(max_failed("3"), Ok(MaxFailed::Files(3)));
        assert_eq!(max_failed("2.5%"), Ok(MaxFailed::Percent(2.5)));
        assert!(max_failed("101%").is_err());
        assert!(max_failed("-1").is_err());
    }
}
