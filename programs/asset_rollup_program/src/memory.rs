//! The memory routines that the compiler calls for large copies, by Solana's syscalls: ten compute units each, where a
//! loop would cost one per byte or so.

unsafe extern "C" {
    fn sol_memcpy_(to: *mut u8, from: *const u8, len: u64);
    fn sol_memmove_(to: *mut u8, from: *const u8, len: u64);
    fn sol_memset_(to: *mut u8, value: u8, len: u64);
    fn sol_memcmp_(a: *const u8, b: *const u8, len: u64, result: *mut i32);
}

/// C's `memcpy`.
///
/// # Safety
/// As in C.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, len: usize) -> *mut u8 {
    // SAFETY: the caller's promise is the syscall's.
    unsafe { sol_memcpy_(to, from, len as u64) };
    to
}

/// C's `memmove`.
///
/// # Safety
/// As in C.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn memmove(to: *mut u8, from: *const u8, len: usize) -> *mut u8 {
    // SAFETY: the caller's promise is the syscall's.
    unsafe { sol_memmove_(to, from, len as u64) };
    to
}

/// C's `memset`.
///
/// # Safety
/// As in C.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn memset(to: *mut u8, value: i32, len: usize) -> *mut u8 {
    // SAFETY: the caller's promise is the syscall's.
    unsafe { sol_memset_(to, value as u8, len as u64) };
    to
}

/// C's `memcmp`.
///
/// # Safety
/// As in C.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn memcmp(a: *const u8, b: *const u8, len: usize) -> i32 {
    let mut result = 0;
    // SAFETY: the caller's promise is the syscall's.
    unsafe { sol_memcmp_(a, b, len as u64, &mut result) };
    result
}
