//! What a file says to the others: its scopes and the names bound in them, its
//! functions and classes with the types they state, what it imports and
//! exports, and everything it calls. Small enough to keep for every file, and
//! all that the resolution of the graph looks at.
//!
//! The languages fill it ([`Builder`]), the store keeps it as bytes, the graph
//! reads it. Names are numbers into [`Symbols::names`], everything else points
//! at each other by index, so that a file is a handful of flat lists.
//!
//! The page is long since it is one table of types that name each other: whoever
//! reads one of them looks at the next.

mod builder;
pub mod packed;

use serde::{Deserialize, Serialize};

pub use builder::{Builder, Site};

/// Raised whenever the form or the meaning of [`Symbols`] changes, so that
/// files are looked at anew.
pub const VERSION: u32 = 4;

/// A text, as index into [`Symbols::names`].
pub type Name = u32;
/// Index into [`Symbols::scopes`]; 0 is the file's own.
pub type ScopeId = u32;
/// Index into [`Symbols::exprs`]; 0 is [`Expr::Unknown`].
pub type ExprId = u32;
/// Index into [`Symbols::types`]; 0 is [`Type::Unknown`].
pub type TypeId = u32;
/// Index into [`Symbols::functions`].
pub type FunctionId = u32;
/// Index into [`Symbols::classes`].
pub type ClassId = u32;
/// Index into [`Symbols::aliases`].
pub type AliasId = u32;
/// Index into [`Symbols::definitions`].
pub type DefinitionId = u32;

/// The expression, type or scope that stands for none.
pub const NONE: u32 = 0;

/// All symbols of one file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Symbols {
    /// Every text that the lists below speak of, each once.
    pub names: Vec<String>,
    /// The definitions, in the order of the chunker's.
    pub definitions: Vec<Definition>,
    /// The scopes, outer before inner.
    pub scopes: Vec<Scope>,
    /// The names bound in the scopes, by scope, name and place.
    pub bindings: Vec<Binding>,
    /// Functions, with and without a name.
    pub functions: Vec<Function>,
    /// Classes and interfaces, with and without a name.
    pub classes: Vec<Class>,
    /// Names for types.
    pub aliases: Vec<Alias>,
    /// The expressions that others refer to.
    pub exprs: Vec<Expr>,
    /// The stated types.
    pub types: Vec<Type>,
    /// What is brought in.
    pub imports: Vec<Import>,
    /// What is given away under which name.
    pub exports: Vec<Export>,
    /// Everything that is called, in source order.
    pub calls: Vec<Call>,
}

/// A definition of the chunker, by what its node's id is made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// The readers' `chunk_type`.
    pub kind: Name,
    /// Dotted path inside the file.
    pub qualname: Name,
    /// Number among those of equal kind and qualname.
    pub ordinal: u32,
    /// What of the lists below it is.
    pub is: Is,
}

/// What stands behind a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Is {
    /// Nothing that can be called or inherited.
    Nothing,
    /// A function or method.
    Function(FunctionId),
    /// A class or interface.
    Class(ClassId),
    /// A scope with a name of its own.
    Namespace(ScopeId),
    /// A name for a type.
    Alias(AliasId),
}

/// A name for a type.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    /// Its definition.
    pub definition: Option<DefinitionId>,
    /// The scope of its type parameters.
    pub scope: ScopeId,
    /// Names of its type parameters.
    pub type_parameters: Vec<Name>,
    /// What it stands for.
    pub of: TypeId,
}

/// A place in the text: 1-based line and column, in characters.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash, Serialize, Deserialize,
)]
pub struct At {
    /// 1-based line.
    pub line: u32,
    /// 1-based column, in characters.
    pub column: u32,
}

/// A part of the text in which names are bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// The scope around it; its own index for the file's.
    pub parent: ScopeId,
    /// What opens it.
    pub kind: ScopeKind,
    /// The definition it belongs to.
    pub definition: Option<DefinitionId>,
}

/// What opens a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScopeKind {
    /// The file.
    Module,
    /// The body of a class.
    Class(ClassId),
    /// A function.
    Function(FunctionId),
    /// A block, namespace or comprehension.
    Block,
}

/// One name bound in one scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// Where it is bound.
    pub scope: ScopeId,
    /// The name.
    pub name: Name,
    /// The byte from which it holds.
    pub from: u32,
    /// Whether it may not come to be: it stands in a branch or loop.
    pub is_conditional: bool,
    /// To what.
    pub to: Bound,
}

/// What a name is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Bound {
    /// Something of which nothing is known.
    Opaque,
    /// A function.
    Function(FunctionId),
    /// A class or interface.
    Class(ClassId),
    /// A named scope.
    Namespace(ScopeId),
    /// A name for a type.
    Alias(AliasId),
    /// A parameter, by its function and number.
    Parameter(FunctionId, u32),
    /// A type parameter; the type is its bound.
    TypeParameter(TypeId),
    /// A value, with the type it states and the expression it comes from.
    Value(TypeId, ExprId),
    /// An entry of [`Symbols::imports`].
    Import(u32),
    /// The name means the one of the file.
    Global,
    /// The name means the one of the function around.
    Outer,
}

/// A function, method or lambda.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Function {
    /// Its definition; lambdas have none.
    pub definition: Option<DefinitionId>,
    /// The scope of its parameters and body.
    pub scope: ScopeId,
    /// The class that it is a member of.
    pub class: Option<ClassId>,
    /// Its parameters, a receiver such as `self` included.
    pub parameters: Vec<Parameter>,
    /// Names of its type parameters.
    pub type_parameters: Box<[Name]>,
    /// The type it states to return.
    pub returns: TypeId,
    /// What decides what it gives, besides the type it states.
    pub parts: Vec<Part>,
    /// Its overloads, as functions without a body.
    pub overloads: Vec<FunctionId>,
    /// The type that what it is given to states for it.
    pub expected: TypeId,
    /// The type that it states for `this`.
    pub receiver: TypeId,
    /// The object that it is written in.
    pub holder: ExprId,
    /// What is special about it.
    pub traits: Traits,
}

/// An expression that decides what a function gives. Most functions have none,
/// and there are many of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Part {
    /// A statement returns it.
    Returned(ExprId),
    /// It is yielded.
    Yielded(ExprId),
    /// It decorates the function; the outermost comes first.
    Decorator(ExprId),
}

/// What is special about a function.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a word of the source"
)]
pub struct Traits {
    /// `async`.
    pub is_async: bool,
    /// It yields.
    pub is_generator: bool,
    /// Read like a field: a getter or property.
    pub is_getter: bool,
    /// Called on the class itself and not given it.
    pub is_static: bool,
    /// Called on the class, and given it.
    pub is_of_class: bool,
    /// `this` in it is not that of the code around.
    pub has_own_this: bool,
}

/// One parameter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    /// Its name; 0 with a pattern instead of one.
    pub name: Name,
    /// The type it states.
    pub of_type: TypeId,
    /// What it is if nothing is given.
    pub default: ExprId,
    /// Takes all that is left.
    pub is_rest: bool,
}

/// A class or interface.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Class {
    /// Its definition, unless it is anonymous.
    pub definition: Option<DefinitionId>,
    /// The scope of its body.
    pub scope: ScopeId,
    /// What it extends, in order.
    pub bases: Vec<Base>,
    /// Its own members.
    pub members: Vec<Member>,
    /// Names of its type parameters.
    pub type_parameters: Vec<Name>,
    /// An interface, which has no constructor.
    pub is_interface: bool,
}

/// What a class builds on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    /// Where it is named.
    pub at: At,
    /// The text as written.
    pub text: Name,
    /// As an expression, where it is one.
    pub expr: ExprId,
    /// As a type, for its arguments, or where it is only a type.
    pub of_type: TypeId,
    /// `implements` rather than `extends`.
    pub is_implemented: bool,
}

/// A member of a class or of an object type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its name.
    pub name: Name,
    /// Of the class itself (true), of its instances (false).
    pub is_static: bool,
    /// What it is.
    pub is: Bound,
}

/// An expression, as far as what it gives can be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Expr {
    /// Nothing is known of it.
    Unknown,
    /// A name, where it is used, and the byte where.
    Name(Name, ScopeId, u32),
    /// A member of something.
    Member(ExprId, Name),
    /// What a call gives, as index into [`Symbols::calls`].
    Call(u32),
    /// `this`, in this scope.
    This(ScopeId),
    /// `super`, in this scope.
    Super(ScopeId),
    /// A function.
    Function(FunctionId),
    /// A class.
    Class(ClassId),
    /// What was waited for.
    Awaited(ExprId),
    /// An item of what is iterated.
    Item(ExprId),
    /// The item of this number or key; 0 where that is computed.
    At(ExprId, Name),
    /// One of several.
    Either(Box<[ExprId]>),
    /// An object or dictionary.
    Object(Box<[(Name, ExprId)]>),
    /// A list or tuple.
    List(Box<[ExprId]>),
    /// Any number of the items of something, in the same kind of thing.
    Slice(ExprId),
    /// Something of a stated type.
    Typed(TypeId),
    /// What a context manager gives.
    Entered(ExprId),
    /// A module that is imported within an expression.
    Import(u32),
    /// A literal of a type that the language brings.
    Literal(Name),
}

/// A type, as far as it is stated plainly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Type {
    /// Nothing is known of it.
    Unknown,
    /// A dotted name with its arguments.
    Named {
        /// The first part of the name.
        name: Name,
        /// The others.
        members: Box<[Name]>,
        /// Type arguments.
        arguments: Box<[TypeId]>,
        /// Where it is looked up.
        scope: ScopeId,
    },
    /// One of several.
    Union(Box<[TypeId]>),
    /// A list of these.
    List(TypeId),
    /// A tuple of these.
    Tuple(Box<[TypeId]>),
    /// A function type, as a function without a body.
    Function(FunctionId),
    /// An object type, as a class without a name.
    Object(ClassId),
    /// The type of an expression.
    Of(ExprId),
    /// The class itself, not an instance of it.
    Itself(TypeId),
    /// The type of `this`, in this scope.
    This(ScopeId),
    /// The type of a member of another.
    Member(TypeId, Name),
}

/// One imported name, or a module as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// What is named as the source: `./a`, `rxjs`; in Python with its leading dots.
    pub source: Name,
    /// What of it.
    pub what: Imported,
    /// Where the source is named.
    pub at: At,
    /// Where the imported name stands.
    pub name_at: At,
    /// For types only.
    pub is_type: bool,
    /// Passed on to those who import this file.
    pub is_re_export: bool,
}

/// What of a module is imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Imported {
    /// The module is only run.
    Nothing,
    /// The module as an object.
    Module,
    /// In Python, the first part of a dotted name is what gets bound.
    Root,
    /// What it exports under this name.
    Name(Name),
    /// All that it exports.
    All,
}

/// One name that others may import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Export {
    /// The name for others; 0 for all names of an import of everything.
    pub name: Name,
    /// What stands behind it.
    pub what: Exported,
}

/// What stands behind an exported name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Exported {
    /// A name of the file's own scope.
    Local(Name),
    /// An expression.
    Value(ExprId),
    /// An entry of [`Symbols::imports`].
    Import(u32),
}

/// One call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// What is called.
    pub callee: ExprId,
    /// The text of the callee, cut.
    pub text: Name,
    /// What is given, in order.
    pub arguments: Box<[Argument]>,
    /// The type arguments it states.
    pub type_arguments: Box<[TypeId]>,
    /// How it is called.
    pub kind: CallKind,
    /// The scope it stands in.
    pub scope: ScopeId,
    /// Where the last name of the callee stands.
    pub at: At,
}

/// One argument of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Argument {
    /// What is given.
    pub value: ExprId,
    /// By this name; 0 by its place.
    pub name: Name,
}

/// How something is called.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum CallKind {
    /// As a function.
    #[default]
    Plain,
    /// With `new`.
    New,
    /// As an element of JSX.
    Element,
    /// As a decorator.
    Decorator,
    /// As the class that `raise` makes one of.
    Raise,
    /// By a statement that does not say so: `for` and `with`.
    Implied,
}

impl Function {
    /// What its statements return.
    pub fn returned(&self) -> impl Iterator<Item = ExprId> {
        self.parts.iter().filter_map(|part| match part {
            Part::Returned(value) => Some(*value),
            _ => None,
        })
    }

    /// What it yields, for a generator.
    pub fn yielded(&self) -> impl Iterator<Item = ExprId> {
        self.parts.iter().filter_map(|part| match part {
            Part::Yielded(value) => Some(*value),
            _ => None,
        })
    }

    /// What decorates it, outermost first.
    pub fn decorators(&self) -> impl Iterator<Item = ExprId> {
        self.parts.iter().filter_map(|part| match part {
            Part::Decorator(value) => Some(*value),
            _ => None,
        })
    }
}

impl Symbols {
    /// The bytes that are stored.
    #[must_use]
    pub fn to_bytes(&self) -> Box<[u8]> {
        // Only a writer that refuses bytes or a length that is not known
        // could fail, and there are neither.
        postcard::to_allocvec(self).unwrap_or_default().into()
    }

    /// Takes back what [`Self::to_bytes`] gave.
    ///
    /// # Errors
    /// [`postcard::Error`] if these are bytes of something else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, postcard::Error> {
        postcard::from_bytes(bytes)
    }

    /// The text behind a name.
    #[must_use]
    pub fn name(&self, name: Name) -> &str {
        self.names.get(name as usize).map_or("", String::as_str)
    }
}
