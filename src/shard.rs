//! A part of a repository's files, so that several machines share the work.
//!
//! Which part a file belongs to follows from its path alone: any machine finds
//! the same, and a file stays in its part however the others change.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// One of so many parts, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Shard {
    number: u32,
    of: u32,
}

/// Why a text names no shard.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{0:?} is not a shard")]
pub struct NotAShard(String);

/// More parts than anybody has machines; their numbers fit PostgreSQL's `integer`.
const MOST: u32 = 100_000;

impl Shard {
    /// Shard `number`, from 1, of `of`.
    ///
    /// # Errors
    /// [`NotAShard`] if there is no such one.
    pub fn new(number: u32, of: u32) -> Result<Self, NotAShard> {
        if number == 0 || number > of || of > MOST {
            return Err(NotAShard(format!("{number}/{of}")));
        }
        Ok(Self { number, of })
    }

    /// Which one it is, from 1.
    #[must_use]
    pub fn number(self) -> i32 {
        i32::try_from(self.number).unwrap_or(i32::MAX)
    }

    /// How many there are.
    #[must_use]
    pub fn of(self) -> i32 {
        i32::try_from(self.of).unwrap_or(i32::MAX)
    }

    /// Whether the file at `path`, relative to the root with `/`, belongs to it:
    /// the first eight bytes of BLAKE3 of the path, little-endian, modulo the
    /// number of shards, are its number less one.
    #[must_use]
    pub fn holds(self, path: &str) -> bool {
        let hash = blake3::hash(path.as_bytes());
        let (first, _) = hash.as_bytes().split_at(8);
        let value = first
            .iter()
            .rev()
            .fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
        value % u64::from(self.of) == u64::from(self.number - 1)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl FromStr for Shard {
    type Err = NotAShard;

    fn from_str(text: &str) -> Result<Self, NotAShard> {
        let refused = || NotAShard(text.to_owned());
        let (number, of) = text.trim().split_once('/').ok_or_else(refused)?;
        let number = number.parse().map_err(|_| refused())?;
        let of = of.parse().map_err(|_| refused())?;
        Self::new(number, of).map_err(|_| refused())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_belongs_to_one_shard_and_they_are_about_equal() {
        let mut counts = [0_u32; 7];
        for n in 0..7_000 {
            let path = format!("src/{n}/index.ts");
            let holders: Vec<_> = (1..=7)
                .filter(|number| Shard::new(*number, 7).unwrap().holds(&path))
                .collect();
            assert_eq!(holders.len(), 1);
            counts[holders[0] as usize - 1] += 1;
        }
        assert!(counts.iter().all(|n| (850..1150).contains(n)), "{counts:?}");
    }

    /// Machines with other versions must agree. Values by another implementation of BLAKE3.
    #[test]
    fn which_shard_a_path_is_in_never_changes() {
        let of = |path: &str| (1..=4).find(|n| Shard::new(*n, 4).unwrap().holds(path));
        let found: Vec<_> = ["", "a.ts", "src/index.ts", "é/x.py"].map(of).to_vec();
        assert_eq!(found, [Some(4), Some(3), Some(3), Some(1)]);
    }

    #[test]
    fn shards_are_counted_from_one() {
        assert_eq!("2/4".parse(), Shard::new(2, 4));
        for wrong in [
            "", "2", "0/4", "5/4", "1/0", "-1/4", "a/b", "1/4/2", "1/100001",
        ] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }
}
