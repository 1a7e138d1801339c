//! How the fixed layouts are declared: the struct for the program and the host, and its fields' names and types for the IDL.

/// A field of a layout, an event or an instruction's arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Its Rust type, as written.
    pub ty: &'static str,
}

/// Declares `#[repr(C)]` structs without padding, each with its table of fields.
macro_rules! layouts {
    ($($(#[doc = $doc:literal])+ pub struct $name:ident {
        $($(#[doc = $field_doc:literal])+ pub $field:ident: $ty:ty,)+
    })+) => {
        $(
            $(#[doc = $doc])+
            #[repr(C)]
            #[derive(Clone, Copy, Debug, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
            pub struct $name {
                $($(#[doc = $field_doc])+ pub $field: $ty,)+
            }

            impl $name {
                /// The fields in order.
                pub const FIELDS: &'static [$crate::layout::Field] = &[
                    $($crate::layout::Field { name: stringify!($field), ty: stringify!($ty) },)+
                ];
            }
        )+
    };
}

pub(crate) use layouts;
