//! What the program writes to the transaction's log.

/// Logs the compute units that are left: the cost of a step is the difference of two such lines.
#[inline(always)]
pub fn compute_units() {
    #[cfg(target_os = "solana")]
    {
        unsafe extern "C" {
            fn sol_log_compute_units_();
        }
        // SAFETY: the syscall takes nothing and only logs.
        unsafe { sol_log_compute_units_() };
    }
}

/// Logs an encoded event.
#[inline(always)]
pub fn event(bytes: &[u8]) {
    anchor_lang::sol_log_data(&[bytes]);
}
