// Package expr is everything Replank knows about CEL, the Common Expression Language: the types and values of
// variables, the environments that expressions are checked in, and compiled expressions. It is the only package that
// imports cel-go.
//
// The package is pure: the result of an evaluation depends on the expression and the variables alone. There is no
// clock (times are data), no input or output, and maps are iterated in the order of their keys.
package expr
