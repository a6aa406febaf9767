; What JavaScript names besides ../ecma/tags.scm.

; class C { f = () => … }
(field_definition
  property: (_) @name
  value: [(arrow_function) (function_expression) (generator_function)]) @definition.function
(field_definition
  property: (_) @name
  value: (class)) @definition.class
