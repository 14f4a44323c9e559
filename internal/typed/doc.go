// Package typed writes Go for process schemas: a struct for what each task takes and gives, and an interface with a method
// for each kind of handler, so that a program which lacks one, or gives it other types, does not compile.
//
// It reads compiled processes and writes text; the text uses the package workflow alone. The same processes give the same
// text.
package typed
