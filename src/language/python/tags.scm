; What Python names. A decorated definition begins at its first decorator, so
; it is caught there; where it stands is decided in mod.rs.

(function_definition name: (identifier) @name) @definition.function
(class_definition name: (identifier) @name) @definition.class
(decorated_definition
  definition: (function_definition name: (identifier) @name)) @definition.function
(decorated_definition
  definition: (class_definition name: (identifier) @name)) @definition.class

(call function: (_) @name) @reference.call
