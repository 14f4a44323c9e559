package schema

import "time"

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

// verify explores the compiled form of p.
func verify(p *Process, b Budget) *Report { return &Report{} }
