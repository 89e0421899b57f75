//! Which variants of which enums a stored value holds, and which fields are there or left out: as `serde` meets them, at any depth.
//!
//! This module never writes anything, and knows no type of Homeostat's.

use std::collections::BTreeSet;

use serde::de::value::Error;
use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

#[derive(Debug, Default)]
pub(super) struct Found {
    /// Each with its enum: `("Hold", "paused")`.
    pub(super) variants: BTreeSet<(&'static str, &'static str)>,
    /// Fields, each with what it is a field of.
    pub(super) present: BTreeSet<String>,
    pub(super) left_out: BTreeSet<String>,
    /// The newtype variant that is being looked into. Two structs have one name, and this tells them apart.
    within: Option<String>,
}

impl Found {
    pub(super) fn look_at(&mut self, value: &impl Serialize) {
        value.serialize(self).unwrap();
    }

    /// A struct of this module, which others have one of the same name in.
    pub(super) fn look_at_part(&mut self, module: &str, value: &impl Serialize) {
        self.within = Some(format!("{module}::"));
        self.look_at(value);
    }

    fn fields(&mut self, of: &str) -> Fields<'_> {
        let within = self.within.take().unwrap_or_default();
        Fields { of: format!("{within}{of}"), found: self }
    }
}

pub(super) struct Fields<'a> {
    of: String,
    found: &'a mut Found,
}

impl Fields<'_> {
    fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Error> {
        self.found.present.insert(format!("{}.{name}", self.of));
        value.serialize(&mut *self.found)
    }

    fn skip(&mut self, name: &str) {
        self.found.left_out.insert(format!("{}.{name}", self.of));
    }
}

macro_rules! ignores {
    ($($method:ident($type:ty))*) => {
        $(fn $method(self, _: $type) -> Result<(), Error> {
            Ok(())
        })*
    };
}

impl<'a> Serializer for &'a mut Found {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Fields<'a>;
    type SerializeStructVariant = Fields<'a>;

    ignores! {
        serialize_bool(bool) serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64) serialize_u8(u8)
        serialize_u16(u16) serialize_u32(u32) serialize_u64(u64) serialize_f32(f32) serialize_f64(f64) serialize_char(char)
        serialize_str(&str) serialize_bytes(&[u8]) serialize_unit_struct(&'static str)
    }

    fn serialize_none(self) -> Result<(), Error> {
        Ok(())
    }

    fn serialize_unit(self) -> Result<(), Error> {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit_variant(self, of: &'static str, _: u32, variant: &'static str) -> Result<(), Error> {
        self.variants.insert((of, variant));
        Ok(())
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        of: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.variants.insert((of, variant));
        let before = self.within.replace(format!("{of}::{variant} "));
        value.serialize(&mut *self)?;
        self.within = before;
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self, Error> {
        Ok(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, Error> {
        Ok(self)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, Error> {
        Ok(self)
    }

    fn serialize_tuple_variant(self, of: &'static str, _: u32, variant: &'static str, _: usize) -> Result<Self, Error> {
        self.variants.insert((of, variant));
        Ok(self)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self, Error> {
        Ok(self)
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Fields<'a>, Error> {
        Ok(self.fields(name))
    }

    fn serialize_struct_variant(
        self,
        of: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Fields<'a>, Error> {
        self.variants.insert((of, variant));
        self.within = None;
        Ok(self.fields(&format!("{of}::{variant}")))
    }
}

macro_rules! each_element {
    ($($trait:ident::$method:ident)*) => {
        $(impl $trait for &mut Found {
            type Ok = ();
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                value.serialize(&mut **self)
            }

            fn end(self) -> Result<(), Error> {
                Ok(())
            }
        })*
    };
}

each_element! {
    SerializeSeq::serialize_element SerializeTuple::serialize_element SerializeTupleStruct::serialize_field
    SerializeTupleVariant::serialize_field
}

impl SerializeMap for &mut Found {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        key.serialize(&mut **self)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(&mut **self)
    }

    fn end(self) -> Result<(), Error> {
        Ok(())
    }
}

macro_rules! each_field {
    ($($trait:ident)*) => {
        $(impl $trait for Fields<'_> {
            type Ok = ();
            type Error = Error;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
                self.field(name, value)
            }

            fn skip_field(&mut self, name: &'static str) -> Result<(), Error> {
                self.skip(name);
                Ok(())
            }

            fn end(self) -> Result<(), Error> {
                Ok(())
            }
        })*
    };
}

each_field! { SerializeStruct SerializeStructVariant }
