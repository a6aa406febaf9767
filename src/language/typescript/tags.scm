; What TypeScript names besides ../ecma/tags.scm.

(abstract_class_declaration name: (_) @name) @definition.class

; Signatures without a body: overloads, `declare`, abstract members.
(function_signature name: (_) @name) @definition.function
(method_signature name: (_) @name) @definition.method
(abstract_method_signature name: (_) @name) @definition.method

(interface_declaration name: (_) @name) @definition.interface
(type_alias_declaration name: (_) @name) @definition.type
(enum_declaration name: (_) @name) @definition.enum
(module name: (_) @name) @definition.module
(internal_module name: (_) @name) @definition.module
; declare global { … }
(ambient_declaration (statement_block)) @definition.module

; class C { f = () => … }
(public_field_definition
  name: (_) @name
  value: [(arrow_function) (function_expression) (generator_function)]) @definition.function
(public_field_definition
  name: (_) @name
  value: (class)) @definition.class
