//! Macros that declare parameters, names and texts, each in one place.

/// Declares a structure of parameters: each field once, with its type and its default, and a setter of the same name.
///
/// A setter takes the field's type; after `, into` it takes whatever turns into it, so that an `Option` may be given without `Some`. After
/// `, own` there is none: it is written by hand.
#[doc(hidden)]
#[macro_export]
macro_rules! parameters {
    (
        $(#[$of_type:meta])*
        pub struct $name:ident {
            $($(#[doc = $doc:expr])+ $(#[serde($($serde:tt)+)])? $field:ident: $type:ty = $default:expr $(, $into:ident)?;)+
        }
    ) => {
        $(#[$of_type])*
        pub struct $name {
            $($(#[doc = $doc])+ $(#[serde($($serde)+)])? pub(crate) $field: $type),+
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default),+ }
            }
        }

        impl $name {
            $($crate::parameters! { @setter $(#[doc = $doc])+ $field: $type $(, $into)? })+
        }
    };
    (@setter $(#[$doc:meta])+ $field:ident: $type:ty) => {
        $(#[$doc])+
        #[must_use]
        pub fn $field(mut self, $field: $type) -> Self {
            self.$field = $field;
            self
        }
    };
    (@setter $(#[$doc:meta])+ $field:ident: $type:ty, own) => {};
    (@setter $(#[$doc:meta])+ $field:ident: $type:ty, into) => {
        $(#[$doc])+
        #[must_use]
        pub fn $field(mut self, $field: impl Into<$type>) -> Self {
            self.$field = $field.into();
            self
        }
    };
}

/// Gives the variants of an enum their names in flags and files: `ALL`, `name`, `Display`, and `FromStr`, which takes case and the choice
/// between `-` and `_` lightly.
#[doc(hidden)]
#[macro_export]
macro_rules! names {
    ($type:ident, $what:literal: $first:ident = $first_name:literal $(, $variant:ident = $name:literal)*) => {
        impl $type {
            /// All of them.
            pub const ALL: [Self; [$first_name $(, $name)*].len()] = [Self::$first $(, Self::$variant)*];

            /// Name in flags and files.
            pub fn name(self) -> &'static str {
                match self {
                    Self::$first => $first_name,
                    $(Self::$variant => $name,)*
                }
            }
        }

        impl ::std::fmt::Display for $type {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl ::std::str::FromStr for $type {
            type Err = $crate::ModelError;

            /// Case and the choice between `-` and `_` do not matter.
            fn from_str(s: &str) -> ::std::result::Result<Self, $crate::ModelError> {
                let name = s.to_ascii_lowercase().replace('-', "_");
                let found = Self::ALL.into_iter().find(|known| known.name() == name);
                found.ok_or_else(|| $crate::ModelError::Name {
                    what: $what,
                    found: s.to_owned(),
                    known: concat!($first_name $(, ", ", $name)*),
                })
            }
        }
    };
}

/// A type with `Display` and `FromStr` as text in files: for `#[serde(into = "String", try_from = "String")]`.
macro_rules! as_text {
    ($type:ident) => {
        impl From<$type> for String {
            fn from(value: $type) -> Self {
                value.to_string()
            }
        }

        impl TryFrom<String> for $type {
            type Error = $crate::ModelError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }
    };
}
pub(crate) use as_text;
