//! The kinds of definitions and chunks.

/// What a definition or chunk is; named as the readers' `chunk_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChunkKind {
    /// A function declared or written with `function` or `def`.
    Function,
    /// A class, abstract or not, declared or an expression.
    Class,
    /// A function in the body of a class, or one written like it in an object.
    Method,
    /// The lines of a file outside every definition.
    Module,
    /// `(…) => …` under a name.
    ArrowFunction,
    /// A function with `async`; methods stay methods, arrows stay arrows.
    AsyncFunction,
    /// `function*`.
    Generator,
    /// An interface with its members.
    Interface,
    /// `type T = …`.
    TypeAlias,
    /// An enum with its members.
    Enum,
    /// The module chunk of an index file that mostly re-exports.
    Barrel,
    /// The module chunk of a tool's configuration.
    ConfigModule,
    /// A TypeScript namespace, ambient module or `declare global`.
    Namespace,
    /// Lines of a file that could not be parsed within bounds.
    FallbackFixed,
}

impl ChunkKind {
    /// Every kind, the frequent ones first.
    pub const ALL: [Self; 14] = [
        Self::Function,
        Self::Method,
        Self::Class,
        Self::Module,
        Self::ArrowFunction,
        Self::AsyncFunction,
        Self::Generator,
        Self::Interface,
        Self::TypeAlias,
        Self::Enum,
        Self::Barrel,
        Self::ConfigModule,
        Self::Namespace,
        Self::FallbackFixed,
    ];

    /// The readers' name of it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Function => "function",
            Self::Class => "class",
            Self::Method => "method",
            Self::Module => "module",
            Self::ArrowFunction => "arrow_function",
            Self::AsyncFunction => "async_function",
            Self::Generator => "generator",
            Self::Interface => "interface",
            Self::TypeAlias => "type_alias",
            Self::Enum => "enum",
            Self::Barrel => "barrel",
            Self::ConfigModule => "config_module",
            Self::Namespace => "namespace",
            Self::FallbackFixed => "fallback_fixed",
        }
    }

    /// What a language server would call it; the readers' `lsp_type`.
    #[must_use]
    pub(crate) fn lsp_type(self) -> &'static str {
        match self {
            Self::Function | Self::ArrowFunction | Self::AsyncFunction | Self::Generator => {
                "function"
            }
            Self::Class => "class",
            Self::Method => "method",
            Self::Interface => "interface",
            Self::Enum => "enum",
            Self::TypeAlias => "type",
            Self::Module | Self::Barrel | Self::ConfigModule | Self::Namespace => "module",
            Self::FallbackFixed => "unknown",
        }
    }

    /// Whether it is called rather than named.
    #[must_use]
    pub(crate) fn is_callable(self) -> bool {
        matches!(self.lsp_type(), "function" | "method")
    }
}
