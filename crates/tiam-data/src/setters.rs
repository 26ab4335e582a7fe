//! Setters of parameters.

/// Methods that set a field and return the parameters.
macro_rules! setters {
    ($($(#[$doc:meta])+ $name:ident: $type:ty;)+) => {
        $($(#[$doc])+
        #[must_use]
        pub fn $name(self, $name: $type) -> Self {
            #[allow(clippy::useless_conversion, reason = "some fields are optional")]
            let $name = $name.into();
            Self { $name, ..self }
        })+
    };
}
pub(crate) use setters;
