  ;; (high · 2⁶⁴ + low) / v and the rest, high below v: Knuth's algorithm D with digits of 32 bits.
  (func $divide (param $high i64) (param $low i64) (param $v i64) (result i64 i64)
    (local $s i64) (local $v1 i64) (local $v0 i64) (local $u i64)
    (local $q1 i64) (local $q0 i64) (local $r i64) (local $next i64)
    (local.set $s (i64.clz (local.get $v)))
    (local.set $v (i64.shl (local.get $v) (local.get $s)))
    (local.set $v1 (i64.shr_u (local.get $v) (i64.const 32)))
    (local.set $v0 (i64.and (local.get $v) (i64.const 0xffffffff)))
    (local.set $u (i64.or
      (i64.shl (local.get $high) (local.get $s))
      (i64.shr_u (i64.shr_u (local.get $low) (i64.const 1)) (i64.sub (i64.const 63) (local.get $s)))))
    (local.set $low (i64.shl (local.get $low) (local.get $s)))
    (local.set $next (i64.shr_u (local.get $low) (i64.const 32)))
    (local.set $q1 (i64.div_u (local.get $u) (local.get $v1)))
    (local.set $r (i64.sub (local.get $u) (i64.mul (local.get $q1) (local.get $v1))))
    (block $good
      (loop $again
        (br_if $good (i32.and
          (i64.le_u (local.get $q1) (i64.const 0xffffffff))
          (i64.le_u
            (i64.mul (local.get $q1) (local.get $v0))
            (i64.or (i64.shl (local.get $r) (i64.const 32)) (local.get $next)))))
        (local.set $q1 (i64.sub (local.get $q1) (i64.const 1)))
        (local.set $r (i64.add (local.get $r) (local.get $v1)))
        (br_if $again (i64.le_u (local.get $r) (i64.const 0xffffffff)))))
    (local.set $u (i64.sub
      (i64.or (i64.shl (local.get $u) (i64.const 32)) (local.get $next))
      (i64.mul (local.get $q1) (local.get $v))))
    (local.set $next (i64.and (local.get $low) (i64.const 0xffffffff)))
    (local.set $q0 (i64.div_u (local.get $u) (local.get $v1)))
    (local.set $r (i64.sub (local.get $u) (i64.mul (local.get $q0) (local.get $v1))))
    (block $good
      (loop $again
        (br_if $good (i32.and
          (i64.le_u (local.get $q0) (i64.const 0xffffffff))
          (i64.le_u
            (i64.mul (local.get $q0) (local.get $v0))
            (i64.or (i64.shl (local.get $r) (i64.const 32)) (local.get $next)))))
        (local.set $q0 (i64.sub (local.get $q0) (i64.const 1)))
        (local.set $r (i64.add (local.get $r) (local.get $v1)))
        (br_if $again (i64.le_u (local.get $r) (i64.const 0xffffffff)))))
    (i64.or (i64.shl (local.get $q1) (i64.const 32)) (local.get $q0))
    (i64.shr_u
      (i64.sub
        (i64.or (i64.shl (local.get $u) (i64.const 32)) (local.get $next))
        (i64.mul (local.get $q0) (local.get $v)))
      (local.get $s)))
