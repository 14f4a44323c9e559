package schema

import (
	"time"

	"github.com/replank/replank/internal/program"
)

// Budget bounds a verification; the zero Budget is the default.
type Budget struct {
	States int
	Time   time.Duration
}

// Report is the outcome of a verification.
type Report struct {
	Findings   []Finding
	States     int  // markings seen
	Unverified bool // the budget ran out before a proof
}

// compile makes the compiled form of p. The findings say what of the data or the expressions is wrong; if one of them
// is fatal the program is nil.
func compile(p *Process) (*program.Program, []Finding) { return nil, nil }

// verify explores the compiled form of p.
func verify(p *Process, b Budget) *Report { return &Report{} }
