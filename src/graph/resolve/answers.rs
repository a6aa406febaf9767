//! What is known of expressions, in little room: every expression of a
//! repository is asked for, and most give the same few things.

use std::collections::HashMap;

use super::value::{FileId, Values};
use crate::symbols::ExprId;

/// No answer yet.
const UNKNOWN: u32 = u32::MAX;

/// What expressions give: four bytes for each, and each answer once.
#[derive(Debug)]
pub(super) struct Answers {
    /// By file and expression, the number of the answer.
    numbers: Vec<Vec<u32>>,
    distinct: Vec<Values>,
    known: HashMap<Values, u32>,
}

impl Answers {
    /// Without an answer, for files with so many expressions.
    pub fn new(expressions: impl Iterator<Item = usize>) -> Self {
        Self {
            numbers: expressions.map(|count| vec![UNKNOWN; count]).collect(),
            distinct: Vec::new(),
            known: HashMap::new(),
        }
    }

    /// What is known of an expression.
    pub fn get(&self, file: FileId, expr: ExprId) -> Option<&Values> {
        let number = *self.numbers.get(file as usize)?.get(expr as usize)?;
        self.distinct.get(number as usize)
    }

    /// Notes what an expression gives.
    pub fn set(&mut self, file: FileId, expr: ExprId, answer: &Values) {
        let number = self.number(answer);
        self.numbers[file as usize][expr as usize] = number;
    }

    /// Forgets all answers.
    pub fn forget(&mut self) {
        for file in &mut self.numbers {
            file.fill(UNKNOWN);
        }
        self.distinct = Vec::new();
        self.known = HashMap::new();
    }

    fn number(&mut self, answer: &Values) -> u32 {
        if let Some(known) = self.known.get(answer) {
            return *known;
        }
        let number = u32::try_from(self.distinct.len()).unwrap_or(UNKNOWN);
        self.distinct.push(Values::clone(answer));
        self.known.insert(Values::clone(answer), number);
        number
    }
}

#[cfg(test)]
mod tests {
    use super::super::value::Value;
    use super::*;

    #[test]
    fn equal_answers_are_kept_once() {
        let mut answers = Answers::new([2, 0, 8].into_iter());
        let value = || -> Values { [Value::Module(1)].into() };
        answers.set(2, 7, &value());
        answers.set(0, 1, &value());
        answers.set(0, 1, &[].into());
        assert_eq!(answers.get(2, 7), Some(&value()));
        assert_eq!(answers.get(0, 1), Some(&[].into()));
        assert_eq!(answers.get(0, 0), None);
        assert_eq!(answers.get(9, 9), None);
        assert_eq!(answers.distinct.len(), 2);
    }
}
