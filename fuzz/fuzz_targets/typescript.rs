#![no_main]

#[path = "../cut.rs"]
mod cut;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cut::cut("src/fuzz.ts", bytes));
