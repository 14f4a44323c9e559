// Package xes reads event logs in XES, the XML form of IEEE Std 1849: what
// happened, case by case, in some system that kept a record.
//
// It is a reader for replaying logs, not a library of the standard: a case is
// its name and its events, an event is its activity, its moment and its other
// plain attributes. Attributes of the log and of cases, attributes nested in
// attributes, lists, extensions, globals and classifiers are passed over.
//
// A log is read as a stream: one case is in memory at a time, whatever the
// size of the file. Input is not trusted: document type definitions are
// refused, and the length of one tag, the size of one case and the depth of
// nesting are bounded.
package xes
