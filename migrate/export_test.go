package migrate

// Exactly judges a run by exactly these relaxations, not by the least of their subsets. The text says why not.
func (c *Checker) Exactly(run Run, criteria Criteria) (*Landing, Target, string) {
	r, failed := c.prepare(run.Trace, run.State)
	var landing *Landing
	if failed == nil {
		landing, failed = r.replay(criteria & relaxations)
	}
	if failed != nil {
		return nil, Target{}, failed.message
	}
	return landing, c.target(landing.State), ""
}

// Subsets are the sets of relaxations that are tried under c, in their order.
func Subsets(c Criteria) []Criteria { return c.subsets() }

// Covered are the kinds that the oracle covers.
var Covered = covered
