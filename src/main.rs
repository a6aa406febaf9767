//! `mnemo-index`: parse, plan, run, exit.

fn main() {}
