(module
  (func (export "run") (param $n i64) (result i64 i64)
    (local $i i64) (local $low i64) (local $high i64) (local $carried i64)
    (local.set $high (i64.const 1))
    (loop $again
      (i64.mul_wide_u (local.get $low) (i64.const 18446))
      (local.set $carried)
      (drop)
      (i64.sub128
        (i64.add128
          (i64.add128
            (i64.add128
              (i64.mul_wide_u (local.get $low) (i64.const 1))
              (i64.mul_wide_u (local.get $high) (i64.const 18446)))
            (local.get $carried)
            (i64.mul (local.get $high) (i64.const 1)))
          (i64.const 18446) (i64.const 1))
        (i64.const 18446) (i64.const 1))
      (local.set $high)
      (local.set $low)
      (local.set $i (i64.add (local.get $i) (i64.const 1)))
      (br_if $again (i64.lt_u (local.get $i) (local.get $n))))
    (local.get $low)
    (local.get $high)))
