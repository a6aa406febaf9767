//! What glibc's allocator is told, so that memory that is free leaves the
//! process: its defaults keep it.
#![allow(
    unsafe_code,
    reason = "calls that no crate offers: mallopt and malloc_trim"
)]

/// From this size on glibc maps each block on its own, in bytes. By default it
/// raises this limit to the largest block that was ever freed, up to 32 MiB;
/// then the regions of ONNX Runtime's arena come from the heap and free ones stay
/// in it: the peak of a run that shrinks the arena after each file was 226 MB,
/// with the limit held 159 MB, at the same speed.
const MAPPED_FROM: libc::c_int = 128 * 1024;

/// Heaps of the process. By default every thread gets one of its own, and what
/// a thread frees stays in its heap, where no other one finds it: with one for
/// all the peak over every sixth file of Django was 69 MB in place of 74, at the
/// same speed (a model of one layer, three runs of each).
const HEAPS: libc::c_int = 1;

/// Tells it, best before threads begin: a heap that exists stays.
pub fn settle() {
    // SAFETY: each takes two numbers by value and touches only glibc's own
    // settings, under its own lock. If it fails the default stays, which is
    // correct too.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, MAPPED_FROM);
        libc::mallopt(libc::M_ARENA_MAX, HEAPS);
    }
}

/// Gives the free pages of all heaps back to the system, also those between
/// blocks in use, which `free` alone keeps. Takes about a millisecond.
pub fn trim() {
    // SAFETY: takes a number by value and changes nothing but glibc's own free
    // lists, under its own locks.
    unsafe {
        libc::malloc_trim(0);
    }
}
