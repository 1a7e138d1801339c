//! The type of what a peer said and nobody has checked.

/// Something from a peer, not yet checked. The only way to the inside is a check or a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Unvalidated<T>(T);

impl<T> Unvalidated<T> {
    /// Marks something as unchecked.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// Looks at it, in order to decide what to check.
    pub fn peek(&self) -> &T {
        &self.0
    }

    /// Checks it.
    pub fn validate<E>(self, check: impl FnOnce(&T) -> Result<(), E>) -> Result<T, E> {
        check(&self.0)?;
        Ok(self.0)
    }

    /// Goes to an unchecked part of it.
    pub fn map<U>(self, part: impl FnOnce(T) -> U) -> Unvalidated<U> {
        Unvalidated(part(self.0))
    }
}
