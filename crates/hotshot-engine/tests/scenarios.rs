//! The scenarios of every network, with engines in one process and a network and logs in memory.

mod common;

use common::Cluster;
use hotshot_cluster::{cross_tests, fixtures};

fn cluster(size: usize) -> Cluster {
    Cluster::new(size, 100, fixtures::impatient())
}

fn rotating(_: usize) -> Cluster {
    Cluster::rotating(fixtures::impatient())
}

cross_tests!(cluster, partitions);
cross_tests!(rotating => committees_rotate(5));
