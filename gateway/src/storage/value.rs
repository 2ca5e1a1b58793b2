//! Values as both engines hold them: whole numbers, texts, bytes, nothing.
//!
//! Must never: print a value; keys and hashes pass through here.
//! Always: a column that is not of the type asked for is a corrupt record, never a panic.

use zeroize::Zeroizing;

use super::StoreError;

/// A value on its way into the database.
#[derive(Clone, Copy)]
pub enum Value<'a> {
    /// Nothing.
    Null,
    /// A whole number; truth is 0 or 1.
    Int(i64),
    /// A text.
    Text(&'a str),
    /// Bytes.
    Blob(&'a [u8]),
}

impl std::fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// What can be a parameter.
pub trait ToValue {
    /// The value.
    fn to_value(&self) -> Value<'_>;
}

macro_rules! to_value {
    ($($type:ty: $this:ident => $value:expr;)*) => {
        $(impl ToValue for $type {
            fn to_value(&self) -> Value<'_> {
                let $this = self;
                $value
            }
        })*
    };
}

to_value! {
    i64: this => Value::Int(*this);
    u32: this => Value::Int(i64::from(*this));
    bool: this => Value::Int(i64::from(*this));
    str: this => Value::Text(this);
    String: this => Value::Text(this);
    [u8]: this => Value::Blob(this);
    Vec<u8>: this => Value::Blob(this);
    Zeroizing<Vec<u8>>: this => Value::Blob(this);
    [u8; 32]: this => Value::Blob(this);
}

impl<T: ToValue + ?Sized> ToValue for &T {
    fn to_value(&self) -> Value<'_> {
        (**self).to_value()
    }
}

impl<T: ToValue> ToValue for Option<T> {
    fn to_value(&self) -> Value<'_> {
        self.as_ref().map_or(Value::Null, ToValue::to_value)
    }
}

/// Parameters of a statement, `?1` the first.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        &[$($crate::storage::ToValue::to_value(&$value)),*]
    };
}

/// A value as it was read.
pub enum Cell {
    /// Nothing.
    Null,
    /// A whole number.
    Int(i64),
    /// A text.
    Text(String),
    /// Bytes; wiped when dropped unused.
    Blob(Zeroizing<Vec<u8>>),
}

impl std::fmt::Debug for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// What a column can be read as.
pub trait FromCell: Sized {
    /// Reads the cell.
    fn from_cell(cell: Cell) -> Result<Self, StoreError>;
}

impl FromCell for i64 {
    fn from_cell(cell: Cell) -> Result<Self, StoreError> {
        if let Cell::Int(number) = cell { Ok(number) } else { Err(StoreError::Corrupt) }
    }
}

impl FromCell for u64 {
    fn from_cell(cell: Cell) -> Result<Self, StoreError> {
        Self::try_from(i64::from_cell(cell)?).map_err(|_| StoreError::Corrupt)
    }
}

impl FromCell for u32 {
    fn from_cell(cell: Cell) -> Result<Self, StoreError> {
        Self::try_from(i64::from_cell(cell)?).map_err(|_| StoreError::Corrupt)
    }
}

impl FromCell for bool {
    fn from_cell(cell: Cell) -> Result<Self, StoreError> {
        Ok(i64::from_cell(cell)? != 0)
    }
}

impl FromCell for String {
    fn from_cell(cell: Cell) -> Result<Self, StoreError> {
        if let Cell::Text(text) = cell { Ok(text) } else { Err(StoreError::Corrupt) }
    }
}

impl FromCell for Zeroizing<Vec<u8>> {
    fn from_cell(cell: Cell) -> Result<Self, StoreError> {
        if let Cell::Blob(bytes) = cell { Ok(bytes) } else { Err(StoreError::Corrupt) }
    }
}

impl FromCell for Vec<u8> {
    fn from_cell(cell: Cell) -> Result<Self, StoreError> {
        Ok(std::mem::take(&mut *Zeroizing::<Self>::from_cell(cell)?))
    }
}

impl FromCell for [u8; 32] {
    fn from_cell(cell: Cell) -> Result<Self, StoreError> {
        Zeroizing::<Vec<u8>>::from_cell(cell)?.as_slice().try_into().map_err(|_| StoreError::Corrupt)
    }
}

impl<T: FromCell> FromCell for Option<T> {
    fn from_cell(cell: Cell) -> Result<Self, StoreError> {
        if matches!(cell, Cell::Null) { Ok(None) } else { T::from_cell(cell).map(Some) }
    }
}

/// A row; each column is taken once.
#[derive(Debug)]
pub struct Row(Vec<Cell>);

impl Row {
    pub(super) fn new(cells: Vec<Cell>) -> Self {
        Self(cells)
    }

    /// Takes a column, 0 the first.
    pub fn take<T: FromCell>(&mut self, column: usize) -> Result<T, StoreError> {
        let cell = self.0.get_mut(column).ok_or(StoreError::Corrupt)?;
        T::from_cell(std::mem::replace(cell, Cell::Null))
    }

    /// Takes a text column and reads it as an identifier.
    pub fn parse<T: std::str::FromStr>(&mut self, column: usize) -> Result<T, StoreError> {
        self.take::<String>(column)?.parse().map_err(|_| StoreError::Corrupt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_of_another_type_is_a_corrupt_record() {
        let mut row = Row::new(vec![Cell::Text("x".to_owned()), Cell::Int(-1), Cell::Null]);
        assert_eq!(row.take::<i64>(0), Err(StoreError::Corrupt));
        assert_eq!(row.take::<u64>(1), Err(StoreError::Corrupt));
        assert_eq!(row.take::<Option<String>>(2), Ok(None));
        assert_eq!(row.take::<String>(9), Err(StoreError::Corrupt));
    }

    #[test]
    fn values_do_not_print() {
        let secret = Zeroizing::new(vec![7_u8; 32]);
        assert_eq!(format!("{:?}", secret.to_value()), "[redacted]");
        assert_eq!(format!("{:?}", Cell::Text("secret".to_owned())), "[redacted]");
    }
}
