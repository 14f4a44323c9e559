// Package lint keeps the architecture true: its tests read the whole module
// and fail when a package imports what its room may not, when a pure room
// touches clock, chance, concurrency or I/O, when an exported name has no
// comment, when a file has grown past reading, or when a test sleeps.
//
// The rules are ordinary functions from a parsed package to findings, and each
// has a test that shows it firing on a small offender. There is no code
// outside of the tests.
//
// Comments that excuse one line, each followed by a reason on the same line,
// and written on the line before the one they excuse:
//
//	//lint:sorted REASON   a map is ranged over, but its order reaches no output
//	//lint:sync REASON     a pure room needs a synchronised thing (a pool, say)
//	//lint:sleep REASON    a test sleeps in real time
package lint
