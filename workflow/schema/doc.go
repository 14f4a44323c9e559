// Package schema is process schemas: their text form in YAML or JSON, a builder in Go, their check before they may be
// deployed, and the compiled form that the engine runs.
//
// # From text to a process
//
// Parse takes a source through stages, each of which reports everything it finds before the next one begins:
//
//	load      text -> values            loadyaml.go, loadjson.go   syntax, tags, duplicate keys
//	read      values -> model           read*.go, keys.go          keys, kinds, forms, what a block needs
//	resolve   links within the model    resolve*.go, reach.go      ids, variables, jumps, what nothing leads to
//	compile   model -> program          compile*.go                types and expressions; the net
//	verify    all runs of the net       verify*.go, dataflow*.go   soundness, safeness, missing data, races
//	                                    rules_*.go, atomic.go      rules of the domain, atomicity
//
// The Builder makes the values that load makes and goes the same way from there; print.go and write.go go back, to the
// canonical text. The key table in keys.go is the one place that says which keys there are.
//
// Edit changes the canonical values of a process and sends them the same way (edit*.go); Compare finds the changes
// between two (compare*.go), and Diff.Region what they concern (region*.go).
//
// # What can be written
//
// docs/schema.md of the repository is the reference: every key, the types, the functions of expressions, the limits.
//
// Steps: user, service, script, rule-table, send, receive, manual, call, wait, throw, compensate, end, choose, some,
// race, parallel, repeat, each, subprocess, gateway. Events, at the boundary of activities, as event sub-processes, in a
// race, and as starts: timer, message, signal, error, escalation, condition, cancel. Process.Runs says what of them no
// engine runs yet.
package schema
