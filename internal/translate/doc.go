// Package translate turns the expressions that process files of other engines carry into CEL: JUEL (the unified expression
// language of Camunda 7, Flowable and Activiti), FEEL (DMN 1.3, Camunda 8) and conditions whose language nothing names.
//
//	text --Detect--> Language;  text, Language --Translate--> Expr: CEL, its variables, their types
//
// # What a translation promises
//
// Wherever the translation gives a value and the source gives one, the two are the same, as long as each variable holds
// null or a value of the type that Expr.Vars names (Any: whatever; variables compared with one another: both the same).
// Where a source language would go on with something else, as JUEL does that takes null for 0 and "3" for 3, or FEEL that
// takes what is missing for null, the translation fails: an incident, and not a wrong way. What would give other values
// is refused with the reason: see the table in each file.
//
// Ordering texts with characters beyond U+FFFF is the known exception: Java compares UTF-16, CEL characters.
//
// The package is pure and evaluates nothing; its tests evaluate.
package translate
