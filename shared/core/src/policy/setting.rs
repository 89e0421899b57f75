//! One setting of a policy: its key, its form, what holds where it is left out, and what it means.
//!
//! The parser reads by these, and the reference page is printed from them: neither can say what the other doesn't hold to.

use toml::Spanned;
use toml::de::DeValue;

use super::document::Table;

#[derive(Debug)]
pub struct Setting<F, D> {
    pub key: &'static str,
    pub form: F,
    pub left_out: D,
    /// One sentence or two, without the form and the default.
    pub meaning: &'static str,
}

/// It must be there.
#[derive(Debug)]
pub struct Must;
/// This holds where it is left out.
#[derive(Debug)]
pub struct Is<T>(pub T);
/// What holds then is said in words.
#[derive(Debug)]
pub struct Means(pub &'static str);

pub type Needed<F> = Setting<F, Must>;
pub type Usual<F> = Setting<F, Is<<F as HasUsual>::Usual>>;
pub type Free<F> = Setting<F, Means>;

/// What may stand at a key.
pub trait Form {
    type Value;
    /// What would be right, as a mistake says it after "expected".
    fn expected(&self) -> String;
    /// The value, or `None` after it has been said what is wrong with it.
    fn read(&self, place: &Place<'_, '_>) -> Option<Self::Value>;
}

/// A form that may have a default.
pub trait HasUsual: Form {
    /// How the default stands in the code.
    type Usual;
    fn usual(&self, usual: &Self::Usual) -> Self::Value;
    /// How it would stand in a policy.
    fn written(&self, usual: &Self::Usual) -> String;
}

/// A value and where it stands.
pub struct Place<'t, 'a> {
    pub table: &'t Table<'a>,
    pub key: String,
    pub value: &'t Spanned<DeValue<'a>>,
}

impl Place<'_, '_> {
    pub fn text(&self) -> Option<&str> {
        self.value.get_ref().as_str()
    }

    pub fn integer(&self) -> Option<i64> {
        let integer = self.value.get_ref().as_integer()?;
        i64::from_str_radix(integer.as_str(), integer.radix()).ok()
    }

    pub fn wrong(&self, expected: &str) {
        self.table.wrong(&self.key, Some(self.value), expected);
    }

    /// Says what would have been right, if there is no value.
    pub fn or_wrong<T>(&self, value: Option<T>, form: &impl Form) -> Option<T> {
        if value.is_none() {
            self.wrong(&form.expected());
        }
        value
    }
}

/// What becomes of a policy that doesn't have the setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeftOut {
    Mistake,
    /// The same as if this stood there.
    Is(String),
    Means(&'static str),
}

/// A setting, whatever its form.
pub trait Listed: Sync {
    fn key(&self) -> &'static str;
    fn expected(&self) -> String;
    fn left_out(&self) -> LeftOut;
    fn meaning(&self) -> &'static str;
}

trait Said<F> {
    fn said(&self, form: &F) -> LeftOut;
}

impl<F> Said<F> for Must {
    fn said(&self, _: &F) -> LeftOut {
        LeftOut::Mistake
    }
}

impl<F> Said<F> for Means {
    fn said(&self, _: &F) -> LeftOut {
        LeftOut::Means(self.0)
    }
}

impl<F: HasUsual> Said<F> for Is<F::Usual> {
    fn said(&self, form: &F) -> LeftOut {
        LeftOut::Is(form.written(&self.0))
    }
}

impl<F: Form + Sync, D: Said<F> + Sync> Listed for Setting<F, D> {
    fn key(&self) -> &'static str {
        self.key
    }

    fn expected(&self) -> String {
        self.form.expected()
    }

    fn left_out(&self) -> LeftOut {
        self.left_out.said(&self.form)
    }

    fn meaning(&self) -> &'static str {
        self.meaning
    }
}
