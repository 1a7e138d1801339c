//! Bringing files of older formats up to date, a format at a time, all in one transaction.
//!
//! A change of a table or an encoding raises [`crate::FORMAT`] and adds a step here, or moves [`STEPS`]' beginning up if what
//! older files lack cannot be made from what they have; those are then refused.

use redb::{Database, WriteTransaction};

use crate::{
    FORMAT, StoreError,
    file::{FORMAT_KEY, META},
};

/// Makes a file of one format one of the next.
type Step = fn(&WriteTransaction) -> Result<(), StoreError>;

/// What brings a file from format `FORMAT - STEPS.len()` to [`FORMAT`]. What formats before that lack cannot be made from what
/// they have.
const STEPS: &[Step] = &[];

/// Brings a file of format `got` to [`FORMAT`]. `false` if no steps lead there: then nothing was changed.
pub(crate) fn migrate(database: &Database, got: u32) -> Result<bool, StoreError> {
    migrate_by(database, got, FORMAT, STEPS)
}

fn migrate_by(database: &Database, got: u32, newest: u32, steps: &[Step]) -> Result<bool, StoreError> {
    let missing = newest
        .checked_sub(got)
        .and_then(|missing| usize::try_from(missing).ok());
    let first = missing.and_then(|missing| steps.len().checked_sub(missing));
    let Some(first) = first else { return Ok(false) };
    let mut transaction = database
        .begin_write()
        .map_err(StoreError::redb("begin a migration"))?;
    transaction.set_quick_repair(true);
    for step in &steps[first..] {
        step(&transaction)?;
    }
    let mut meta = transaction
        .open_table(META)
        .map_err(StoreError::redb("open table meta"))?;
    meta.insert(FORMAT_KEY, &newest.to_le_bytes()[..])
        .map_err(StoreError::redb("write table meta"))?;
    drop(meta);
    transaction
        .commit()
        .map_err(StoreError::redb("commit a migration"))?;
    tracing::info!(from = got, to = newest, "data migrated");
    Ok(true)
}

#[cfg(test)]
mod tests {
    use redb::{ReadableDatabase, ReadableTable as _, TableDefinition};

    use super::*;

    const TRACE: TableDefinition<u32, u32> = TableDefinition::new("trace");

    fn step<const N: u32>(transaction: &WriteTransaction) -> Result<(), StoreError> {
        let mut table = transaction.open_table(TRACE).unwrap();
        let done = table.iter().map_or(0, Iterator::count);
        table.insert(u32::try_from(done).unwrap(), N).unwrap();
        Ok(())
    }

    fn fails(_: &WriteTransaction) -> Result<(), StoreError> {
        Err(StoreError::damaged("trace", 0))
    }

    fn trace(database: &Database) -> Vec<u32> {
        let transaction = database.begin_read().unwrap();
        let Ok(table) = transaction.open_table(TRACE) else {
            return Vec::new();
        };
        let steps = table.iter().unwrap().map(|entry| entry.unwrap().1.value());
        steps.collect()
    }

    #[test]
    fn the_missing_steps_are_done_in_order_or_none() {
        let steps: &[Step] = &[step::<5>, step::<6>, step::<7>];
        for (got, expected) in [
            (8, Some(vec![])),
            (7, Some(vec![7])),
            (5, Some(vec![5, 6, 7])),
            (4, None),
            (9, None),
        ] {
            let file = tempfile::NamedTempFile::new().unwrap();
            let database = Database::create(file.path()).unwrap();
            let done = migrate_by(&database, got, 8, steps).unwrap();
            assert_eq!(done, expected.is_some(), "from {got}");
            assert_eq!(trace(&database), expected.unwrap_or_default(), "from {got}");
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        let database = Database::create(file.path()).unwrap();
        let error = migrate_by(&database, 6, 8, &[step::<6>, fails]).unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. }));
        assert!(trace(&database).is_empty(), "what failed has changed nothing");
    }
}
