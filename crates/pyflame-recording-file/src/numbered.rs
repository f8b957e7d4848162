//! A table whose rows are known by number, some of which may be missing: those that stood in a
//! chunk that was lost.
//!
//! Rows come in runs of consecutive numbers, each run after the one before. A gap costs nothing,
//! however large the number behind it claims to be.

use crate::cursor::Senseless;

#[derive(Debug)]
pub(crate) struct Numbered<T> {
    /// The number of the first row of each run, and the rows; never empty of runs.
    runs: Vec<(u32, Vec<T>)>,
}

impl<T> Numbered<T> {
    /// A table whose first row has the number `first`.
    pub(crate) fn from(first: u32) -> Self {
        Self { runs: vec![(first, Vec::new())] }
    }

    /// The number of the next row, if there is no gap before it.
    pub(crate) fn next_number(&self) -> u32 {
        self.runs.last().map_or(0, |(first, rows)| first.saturating_add(number(rows.len())))
    }

    /// Says that the rows that follow are numbered from `first` on.
    pub(crate) fn go_on_from(&mut self, first: u32) -> Result<(), Senseless> {
        let next = self.next_number();
        if first < next {
            return Err(Senseless("a row was there before"));
        }
        if first > next {
            self.runs.push((first, Vec::new()));
        }
        Ok(())
    }

    pub(crate) fn push(&mut self, row: T) {
        if let Some((_, rows)) = self.runs.last_mut() {
            rows.push(row);
        }
    }

    pub(crate) fn get(&self, number: u32) -> Option<&T> {
        let run = self.runs.partition_point(|(first, _)| *first <= number).checked_sub(1)?;
        let (first, rows) = self.runs.get(run)?;
        rows.get((number - first) as usize)
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::Numbered;

    #[test]
    fn rows_keep_their_numbers_across_gaps() {
        let mut table = Numbered::from(1);
        table.push('a');
        table.go_on_from(2).unwrap();
        table.push('b');
        table.go_on_from(4_000_000_000).unwrap();
        table.push('z');
        let found = [0, 1, 2, 3, 4_000_000_000, 4_000_000_001].map(|number| table.get(number));
        assert_eq!(found, [None, Some(&'a'), Some(&'b'), None, Some(&'z'), None]);
        assert!(table.go_on_from(7).is_err(), "rows are not written twice");
    }
}
