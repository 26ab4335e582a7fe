//! Structs of parameters.

/// A struct of parameters: each field with its type and its default and, where `set` gives the type of its argument, a
/// setter of the same name.
macro_rules! params {
    ($(#[$meta:meta])+ pub struct $name:ident {
        $($(#[$doc:meta])+ $field:ident: $type:ty = $default:expr $(, set $set:ty)?;)+
    }) => {
        $(#[$meta])+
        pub struct $name {
            $($(#[$doc])+ pub $field: $type,)+
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)+ }
            }
        }

        impl $name {
            $($(
                #[doc = concat!("Sets [`", stringify!($field), "`](field@Self::", stringify!($field), ").")]
                #[must_use]
                #[allow(clippy::useless_conversion, reason = "some fields are optional")]
                pub fn $field(mut self, $field: $set) -> Self {
                    self.$field = $field.into();
                    self
                }
            )?)+
        }
    };
}
pub(crate) use params;
