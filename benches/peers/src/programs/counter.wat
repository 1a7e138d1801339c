(module
  (func $load (import "host" "load") (result i64))
  (func $store (import "host" "store") (param i64))
  (func (export "run") (param $n i64) (result i64 i64)
    (local $sum i64)
    (local.set $sum (i64.add (call $load) (local.get $n)))
    (call $store (local.get $sum))
    (local.get $sum)
    (i64.const 0)))
