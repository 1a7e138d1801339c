(module
  {divide}
  ;; One digit of 64 bits of (r · 2⁶⁴ + next) / d, and the rest; d's highest bit is set and it is above r.
  (func $digit (param $r1 i64) (param $r0 i64) (param $next i64) (param $d1 i64) (param $d0 i64) (result i64 i64 i64)
    (local $q i64) (local $r i64) (local $low i64) (local $high i64)
    (if (i64.eq (local.get $r1) (local.get $d1))
      (then
        (local.set $q (i64.const -1))
        (local.set $r (i64.add (local.get $r0) (local.get $d1)))
        (local.set $high (i64.const 0)))
      (else
        (call $divide (local.get $r1) (local.get $r0) (local.get $d1))
        (local.set $r)
        (local.set $q)))
    (i64.mul_wide_u (local.get $q) (local.get $d0))
    (local.set $high)
    (local.set $low)
    (block $good
      (br_if $good (i32.and (i64.eq (local.get $r1) (local.get $d1)) (i64.lt_u (local.get $r) (local.get $d1))))
      (loop $again
        (br_if $good (i32.or
          (i64.lt_u (local.get $high) (local.get $r))
          (i32.and
            (i64.eq (local.get $high) (local.get $r))
            (i64.le_u (local.get $low) (local.get $next)))))
        (local.set $q (i64.sub (local.get $q) (i64.const 1)))
        (i64.sub128 (local.get $low) (local.get $high) (local.get $d0) (i64.const 0))
        (local.set $high)
        (local.set $low)
        (local.set $r (i64.add (local.get $r) (local.get $d1)))
        (br_if $again (i64.ge_u (local.get $r) (local.get $d1)))))
    (local.get $q)
    (i64.sub128 (local.get $next) (local.get $r) (local.get $low) (local.get $high)))
  (func (export "run") (param $n i64) (result i64 i64)
    (local $i i64) (local $low i64) (local $high i64) (local $carried i64)
    (local $q i64) (local $s i64) (local $d1 i64) (local $d0 i64) (local $r1 i64) (local $r0 i64)
    (local.set $high (i64.const 1))
    ;; The divisor, moved up so far that its highest bit is set.
    (local.set $s (i64.clz (i64.const 1)))
    (local.set $d0 (i64.shl (i64.const 9618) (local.get $s)))
    (local.set $d1 (i64.or
      (i64.shl (i64.const 1) (local.get $s))
      (i64.shr_u (i64.shr_u (i64.const 9618) (i64.const 1)) (i64.sub (i64.const 63) (local.get $s)))))
    (loop $again
      (i64.mul_wide_u (local.get $low) (i64.const 18446))
      (local.set $carried)
      (drop)
      (i64.add128
        (i64.add128
          (i64.mul_wide_u (local.get $low) (i64.const 1))
          (i64.mul_wide_u (local.get $high) (i64.const 18446)))
        (local.get $carried)
        (i64.mul (local.get $high) (i64.const 1)))
      (local.set $high)
      (local.set $low)
      (call $digit
        (i64.shr_u (i64.shr_u (local.get $high) (i64.const 1)) (i64.sub (i64.const 63) (local.get $s)))
        (i64.or
          (i64.shl (local.get $high) (local.get $s))
          (i64.shr_u (i64.shr_u (local.get $low) (i64.const 1)) (i64.sub (i64.const 63) (local.get $s))))
        (i64.shl (local.get $low) (local.get $s))
        (local.get $d1)
        (local.get $d0))
      (local.set $r1)
      (local.set $r0)
      (local.set $q)
      (call $digit (local.get $r1) (local.get $r0) (i64.const 0) (local.get $d1) (local.get $d0))
      (drop)
      (drop)
      (local.set $low)
      (local.set $high (local.get $q))
      (local.set $i (i64.add (local.get $i) (i64.const 1)))
      (br_if $again (i64.lt_u (local.get $i) (local.get $n))))
    (local.get $low)
    (local.get $high)))
