//! Values by number: the same number for what is the same.

use std::{
    collections::HashMap,
    fmt::Debug,
    hash::{DefaultHasher, Hash, Hasher},
    marker::PhantomData,
    sync::{Arc, RwLock},
};

/// A value's number.
pub struct Number<T>(u32, PhantomData<fn() -> T>);

/// What tells one value from another.
pub trait Identity: Sized {
    /// Its type.
    type Key: Eq + Hash + Debug;

    /// Equal for equal values only.
    fn key(&self) -> Self::Key;
}

/// 128 bits of what a value prints: parts that nobody else can see are printed, too.
pub fn print_of(value: &impl Debug) -> (u64, u64) {
    let text = format!("{value:?}");
    let hash = |seed: u8| {
        let mut hasher = DefaultHasher::new();
        hasher.write_u8(seed);
        hasher.write(text.as_bytes());
        hasher.finish()
    };
    (hash(0), hash(1))
}

#[derive(Debug)]
struct Table<T: Identity> {
    values: Vec<Arc<T>>,
    numbers: HashMap<T::Key, u32>,
}

/// All values of one kind.
#[derive(Debug)]
pub struct Interned<T: Identity>(RwLock<Table<T>>);

impl<T: Identity> Default for Interned<T> {
    fn default() -> Self {
        let (values, numbers) = Default::default();
        Self(RwLock::new(Table { values, numbers }))
    }
}

impl<T: Identity> Interned<T> {
    /// A value's number.
    pub fn number(&self, value: T) -> Number<T> {
        let key = value.key();
        let known = self.0.read().expect("no panic").numbers.get(&key).copied();
        let number = known.unwrap_or_else(|| {
            let mut table = self.0.write().expect("no panic");
            let next = u32::try_from(table.values.len()).expect("fewer than 2^32");
            let number = *table.numbers.entry(key).or_insert(next);
            if number == next {
                table.values.push(Arc::new(value));
            }
            number
        });
        Number(number, PhantomData)
    }

    /// The value with this number.
    pub fn get(&self, number: Number<T>) -> Arc<T> {
        Arc::clone(&self.0.read().expect("no panic").values[number.0 as usize])
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.read().expect("no panic").values.len()
    }
}

/// Answers to questions, each computed once.
#[derive(Debug)]
pub struct Memo<K, V>(RwLock<HashMap<K, V>>);

impl<K, V> Default for Memo<K, V> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<K: Eq + Hash, V: Clone> Memo<K, V> {
    /// The answer; two threads may both compute it, and find the same.
    pub fn get(&self, key: K, compute: impl FnOnce(&K) -> V) -> V {
        if let Some(known) = self.0.read().expect("no panic").get(&key) {
            return known.clone();
        }
        let value = compute(&key);
        self.0.write().expect("no panic").insert(key, value.clone());
        value
    }

    /// How many have been computed.
    pub fn len(&self) -> usize {
        self.0.read().expect("no panic").len()
    }
}

impl<T> Clone for Number<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Number<T> {}
impl<T> Debug for Number<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
impl<T> PartialEq for Number<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<T> Eq for Number<T> {}
impl<T> PartialOrd for Number<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Number<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
impl<T> Hash for Number<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
