; What TypeScript and JavaScript name alike. One pattern for each way of defining
; something; where it stands, and whether it counts, is decided in place.rs.

(function_declaration name: (_) @name) @definition.function
(generator_function_declaration name: (_) @name) @definition.function
(function_expression name: (_) @name) @definition.function
(generator_function name: (_) @name) @definition.function
(class_declaration name: (_) @name) @definition.class
(class name: (_) @name) @definition.class
(method_definition name: (_) @name) @definition.method

; const f = () => …
(variable_declarator
  name: (identifier) @name
  value: [(arrow_function) (function_expression) (generator_function)]) @definition.function
(variable_declarator
  name: (identifier) @name
  value: (class)) @definition.class

; f = function …, module.exports.f = …, Foo.prototype.bar = …
(assignment_expression
  left: [(identifier) (member_expression)] @name
  right: [(arrow_function) (function_expression) (generator_function)]) @definition.function
(assignment_expression
  left: [(identifier) (member_expression)] @name
  right: (class)) @definition.class

; { get: () => … }
(pair
  key: (_) @name
  value: [(arrow_function) (function_expression) (generator_function)]) @definition.function
(pair
  key: (_) @name
  value: (class)) @definition.class

; export default … without a name
(export_statement
  value: [(arrow_function) (function_expression) (generator_function)]) @definition.function
(export_statement
  value: (class)) @definition.class

(call_expression function: (_) @name) @reference.call
(new_expression constructor: (_) @name) @reference.class
