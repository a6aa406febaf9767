//! The files that are in use, unpacked, since all of them unpacked would take
//! several times the room.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use super::value::FileId;
use crate::symbols::packed::{Interned, Packed};

/// Bytes that stand unpacked at a time, as they are before compression; in
/// memory they are some five times that. Questions go from one file to those it
/// imports: over Django, whose files have 12 MB together, each is unpacked four
/// times in all, and the whole takes no longer than with all of them unpacked.
const OPEN_BYTES: usize = 1 << 20;

/// The files that are unpacked. When there is no room for another, the one that
/// was not asked for the longest goes, roughly: each is passed over once if it
/// was asked for since its last turn (the second-chance algorithm).
#[derive(Debug)]
pub(super) struct Shelf<T>(RefCell<Open<T>>);

#[derive(Debug)]
struct Open<T> {
    /// By number of the file.
    files: Vec<Option<Held<T>>>,
    turns: VecDeque<FileId>,
    bytes: usize,
}

#[derive(Debug)]
struct Held<T> {
    file: Rc<T>,
    bytes: usize,
    is_used: bool,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self(RefCell::new(Open {
            files: Vec::new(),
            turns: VecDeque::new(),
            bytes: 0,
        }))
    }
}

impl<T> Shelf<T> {
    /// The file of this number, which is made of what it says if it does not
    /// stand unpacked.
    pub fn file(&self, id: FileId, packed: &Packed, make: impl FnOnce(Interned) -> T) -> Rc<T> {
        let mut open = self.0.borrow_mut();
        if let Some(Some(held)) = open.files.get_mut(id as usize) {
            held.is_used = true;
            return Rc::clone(&held.file);
        }
        let file = Rc::new(make(packed.unpacked()));
        open.put(id, packed.length(), Rc::clone(&file));
        file
    }

    /// Forgets a file that has changed.
    pub fn forget(&self, id: FileId) {
        let mut open = self.0.borrow_mut();
        open.remove(id);
        open.turns.retain(|turn| *turn != id);
    }
}

impl<T> Open<T> {
    fn put(&mut self, id: FileId, bytes: usize, file: Rc<T>) {
        while self.bytes + bytes > OPEN_BYTES
            && let Some(next) = self.turns.pop_front()
        {
            self.end_turn(next);
        }
        let place = id as usize;
        if self.files.len() <= place {
            self.files.resize_with(place + 1, || None);
        }
        self.bytes += bytes;
        self.turns.push_back(id);
        self.files[place] = Some(Held {
            file,
            bytes,
            is_used: false,
        });
    }

    fn end_turn(&mut self, id: FileId) {
        match self.files.get_mut(id as usize) {
            Some(Some(held)) if held.is_used => {
                held.is_used = false;
                self.turns.push_back(id);
            }
            _ => self.remove(id),
        }
    }

    fn remove(&mut self, id: FileId) {
        let held = self.files.get_mut(id as usize).and_then(Option::take);
        self.bytes -= held.map_or(0, |held| held.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::symbols::Symbols;

    /// A file that takes a third of what may stand unpacked.
    fn third(number: u32) -> Packed {
        Packed::new(&Interned {
            texts: vec![number; OPEN_BYTES / 3],
            symbols: Symbols::default(),
        })
    }

    #[test]
    fn what_is_asked_for_stays_and_what_is_not_makes_room() {
        let files: Vec<Packed> = (0..5).map(third).collect();
        let shelf = Shelf::default();
        let mut unpacked = Vec::new();
        for id in [0, 1, 0, 2, 0, 3, 0, 4, 0, 1] {
            let file = shelf.file(id, &files[id as usize], |file| {
                unpacked.push(id);
                file
            });
            assert_eq!(file.texts[0], id);
            assert!(shelf.0.borrow().bytes <= OPEN_BYTES);
        }
        assert_eq!(unpacked, [0, 1, 2, 3, 4, 1]);
    }

    #[test]
    fn a_file_that_is_held_outlives_its_place() {
        let files: Vec<Packed> = (0..9).map(third).collect();
        let shelf = Shelf::default();
        let held = shelf.file(0, &files[0], |file| file);
        for id in 1..9 {
            shelf.file(id, &files[id as usize], |file| file);
        }
        assert!(shelf.0.borrow().files[0].is_none());
        assert_eq!(held.texts[0], 0);
    }
}
