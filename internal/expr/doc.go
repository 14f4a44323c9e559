// Package expr is everything Replank knows about CEL, the Common Expression Language: the types and values of
// variables, the environments that expressions are checked in, and compiled expressions. It is the only package that
// imports cel-go.
//
// The package is pure: the result of an evaluation depends on the expression and the variables alone. There is no
// clock (times are data), no input or output, and maps are iterated in the order of their keys. One thing reaches in from
// outside: functions of a timestamp that take the name of a time zone, as in due.getHours("Europe/Vienna"), follow the
// zone database of the program; a migration to a machine with another one may see other hours.
//
// # Life of an expression
//
//	declarations --ParseType, NewEnv--> Env --Compile--> Program --Bool, Eval--> Value
//
// Compile parses, checks types, bounds the cost, folds what is constant and plans the rest; what can be known to be wrong
// is an Issue then. Values are converted once, when they come in (FromGo) or are decoded (DecodeValue); an evaluation reads
// them by slot, as they are.
package expr
