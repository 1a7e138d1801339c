//! Typed handles over the prometheus crate: what a caller may do with a metric, and no more.

use std::{marker::PhantomData, time::Duration};

use prometheus::{
    HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry, core::Collector,
};

use super::{Kind, Spec};

/// A label: an enum with a closed set of values.
pub trait Label: Copy {
    /// The label's name.
    const NAME: &'static str;
    /// Every value.
    const VALUES: &'static [&'static str];
    /// This value.
    fn value(self) -> &'static str;
}

/// Makes a handle from its row and registers it.
pub(super) trait Handle: Sized {
    /// Its kind.
    const KIND: Kind;
    /// Its label, if it has one: name and all values.
    const LABEL: Option<(&'static str, &'static [&'static str])> = None;
    fn register(registry: &Registry, spec: &Spec) -> Self;
}

/// Only grows.
#[derive(Clone, Debug)]
pub struct Counter(IntCounter);

impl Counter {
    /// Counts `n` more.
    pub fn add(&self, n: u64) {
        self.0.inc_by(n);
    }

    /// Copies a total that something else counts. A lower total than before changes nothing.
    pub fn raise_to(&self, total: u64) {
        self.0.inc_by(total.saturating_sub(self.0.get()));
    }

    /// The count.
    pub fn get(&self) -> u64 {
        self.0.get()
    }
}

/// A counter with one label.
#[derive(Clone, Debug)]
pub struct CounterBy<L>(IntCounterVec, PhantomData<fn(L)>);

impl<L: Label> CounterBy<L> {
    /// Counts `n` more under `label`.
    pub fn add(&self, label: L, n: u64) {
        self.0.with_label_values(&[label.value()]).inc_by(n);
    }

    /// Copies a total; see [`Counter::raise_to`].
    pub fn raise_to(&self, label: L, total: u64) {
        Counter(self.0.with_label_values(&[label.value()])).raise_to(total);
    }
}

/// Goes up and down.
#[derive(Clone, Debug)]
pub struct Gauge(IntGauge);

impl Gauge {
    /// Sets it; what does not fit is the greatest value that does.
    pub fn set(&self, value: u64) {
        self.0.set(i64::try_from(value).unwrap_or(i64::MAX));
    }

    /// Its value.
    pub fn get(&self) -> u64 {
        u64::try_from(self.0.get()).unwrap_or(0)
    }
}

/// A gauge in seconds, with a fraction.
#[derive(Clone, Debug)]
pub struct Seconds(prometheus::Gauge);

impl Seconds {
    /// Sets it.
    pub fn set(&self, value: Duration) {
        self.0.set(value.as_secs_f64());
    }
}

/// A total of time that only grows.
#[derive(Clone, Debug)]
pub struct SecondsTotal(prometheus::Counter);

impl SecondsTotal {
    /// Copies a total; see [`Counter::raise_to`].
    pub fn raise_to(&self, total: Duration) {
        self.0.inc_by((total.as_secs_f64() - self.0.get()).max(0.0));
    }
}

/// A distribution of durations.
#[derive(Clone, Debug)]
pub struct Histogram(prometheus::Histogram);

impl Histogram {
    /// Counts one duration.
    pub fn observe(&self, value: Duration) {
        self.0.observe(value.as_secs_f64());
    }
}

/// A distribution of durations with one label.
#[derive(Clone, Debug)]
pub struct HistogramBy<L>(HistogramVec, PhantomData<fn(L)>);

impl<L: Label> HistogramBy<L> {
    /// Counts one duration under `label`.
    pub fn observe(&self, label: L, value: Duration) {
        self.0
            .with_label_values(&[label.value()])
            .observe(value.as_secs_f64());
    }
}

/// Upper bounds of the histograms' buckets, seconds: fine around the block interval of 0.25 s, wide at the ends.
const BUCKETS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.225, 0.25, 0.275, 0.3, 0.35, 0.4, 0.5, 0.75,
    1.0, 2.5, 5.0, 10.0, 30.0,
];

fn add<C: Collector + Clone + 'static>(registry: &Registry, made: prometheus::Result<C>, spec: &Spec) -> C {
    let collector = made.unwrap_or_else(|error| panic!("metric {} of our own table: {error}", spec.name));
    registry
        .register(Box::new(collector.clone()))
        .unwrap_or_else(|error| panic!("metric {} of our own table: {error}", spec.name));
    collector
}

impl Handle for Counter {
    const KIND: Kind = Kind::Counter;

    fn register(registry: &Registry, spec: &Spec) -> Self {
        Self(add(registry, IntCounter::new(spec.name, spec.help), spec))
    }
}

impl<L: Label> Handle for CounterBy<L> {
    const KIND: Kind = Kind::Counter;
    const LABEL: Option<(&'static str, &'static [&'static str])> = Some((L::NAME, L::VALUES));

    fn register(registry: &Registry, spec: &Spec) -> Self {
        let vec = add(
            registry,
            IntCounterVec::new(Opts::new(spec.name, spec.help), &[L::NAME]),
            spec,
        );
        for value in L::VALUES {
            vec.with_label_values(&[value]);
        }
        Self(vec, PhantomData)
    }
}

impl Handle for Gauge {
    const KIND: Kind = Kind::Gauge;

    fn register(registry: &Registry, spec: &Spec) -> Self {
        Self(add(registry, IntGauge::new(spec.name, spec.help), spec))
    }
}

impl Handle for Seconds {
    const KIND: Kind = Kind::Gauge;

    fn register(registry: &Registry, spec: &Spec) -> Self {
        Self(add(registry, prometheus::Gauge::new(spec.name, spec.help), spec))
    }
}

impl Handle for SecondsTotal {
    const KIND: Kind = Kind::Counter;

    fn register(registry: &Registry, spec: &Spec) -> Self {
        Self(add(
            registry,
            prometheus::Counter::new(spec.name, spec.help),
            spec,
        ))
    }
}

impl Handle for Histogram {
    const KIND: Kind = Kind::Histogram;

    fn register(registry: &Registry, spec: &Spec) -> Self {
        Self(add(
            registry,
            prometheus::Histogram::with_opts(buckets(spec)),
            spec,
        ))
    }
}

impl<L: Label> Handle for HistogramBy<L> {
    const KIND: Kind = Kind::Histogram;
    const LABEL: Option<(&'static str, &'static [&'static str])> = Some((L::NAME, L::VALUES));

    fn register(registry: &Registry, spec: &Spec) -> Self {
        let vec = add(registry, HistogramVec::new(buckets(spec), &[L::NAME]), spec);
        for value in L::VALUES {
            vec.with_label_values(&[value]);
        }
        Self(vec, PhantomData)
    }
}

fn buckets(spec: &Spec) -> HistogramOpts {
    HistogramOpts::new(spec.name, spec.help).buckets(BUCKETS.to_vec())
}
