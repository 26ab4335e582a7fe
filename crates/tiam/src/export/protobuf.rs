//! Messages of Protocol Buffers, and those of ONNX that are written here; field numbers are those of `onnx.proto3`.

/// Fields of a message, one after the other.
#[derive(Default)]
pub(super) struct Message(pub(super) Vec<u8>);

impl Message {
    fn varint(&mut self, mut x: u64) {
        while x >= 0x80 {
            self.0.push((x & 0x7f) as u8 | 0x80);
            x >>= 7;
        }
        self.0.push(x as u8);
    }

    pub(super) fn int(mut self, field: u64, x: i64) -> Self {
        self.varint(field << 3);
        self.varint(x.cast_unsigned());
        self
    }

    fn float(mut self, field: u64, x: f32) -> Self {
        self.varint(field << 3 | 5);
        self.0.extend(x.to_le_bytes());
        self
    }

    pub(super) fn bytes(mut self, field: u64, bytes: &[u8]) -> Self {
        self.varint(field << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    pub(super) fn text(self, field: u64, text: &str) -> Self {
        self.bytes(field, text.as_bytes())
    }

    pub(super) fn message(self, field: u64, inner: &Self) -> Self {
        self.bytes(field, &inner.0)
    }

    /// A field that may come more than once.
    pub(super) fn each<X>(
        self,
        of: impl IntoIterator<Item = X>,
        put: impl Fn(Self, X) -> Self,
    ) -> Self {
        of.into_iter().fold(self, put)
    }
}

/// The types of tensors that occur, by their numbers in ONNX.
#[derive(Clone, Copy)]
pub(super) enum Type {
    Float = 1,
    Int8 = 3,
    Int64 = 7,
    String = 8,
}

/// An attribute of a node.
pub(super) enum Attribute<'a> {
    Int(i64),
    Float(f32),
    Strings(&'a [String]),
}

impl Attribute<'_> {
    pub(super) fn message(&self, name: &str) -> Message {
        let message = Message::default().text(1, name);
        match self {
            Self::Float(x) => message.float(2, *x).int(20, 1),
            Self::Int(i) => message.int(3, *i).int(20, 2),
            Self::Strings(all) => message.each(*all, |m, text| m.text(9, text)).int(20, 8),
        }
    }
}

/// A constant tensor; its values are written by [`Message::bytes`] in field 9, texts by [`Message::text`] in field 6.
pub(super) fn tensor(name: &str, of: Type, shape: &[usize]) -> Message {
    let dims = Message::default().each(shape, |m, n| m.int(1, *n as i64));
    dims.int(2, of as i64).text(8, name)
}

/// An input or output of the graph: as many rows as there are, and so many columns, or none.
pub(super) fn value(name: &str, of: Type, n_columns: Option<usize>, words: &str) -> Message {
    let rows = Message::default().text(2, "rows");
    let columns = n_columns.map(|n| Message::default().int(1, n as i64));
    let shape = Message::default().message(1, &rows);
    let shape = shape.each(columns, |shape, columns| shape.message(1, &columns));
    let tensor = Message::default().int(1, of as i64).message(2, &shape);
    let message = Message::default().text(1, name);
    let message = message.message(2, &Message::default().message(1, &tensor));
    message.text(3, words)
}
