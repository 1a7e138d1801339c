(module
  (func (export "run") (param $n i64) (param $k i64) (param $m i64) (result i64 i64)
    (local $sum i64) (local $i i64)
    (loop $again
      (local.set $sum
        (i64.mul (i64.xor (i64.add (local.get $sum) (local.get $i)) (local.get $k)) (local.get $m)))
      (local.set $i (i64.add (local.get $i) (i64.const 1)))
      (br_if $again (i64.lt_u (local.get $i) (local.get $n))))
    (local.get $sum)
    (i64.const 0)))
