package schema

import (
	"fmt"
	"strings"
	"testing"
)

// TestTooManyFlows: history stores the flows that were taken as 64 bits, so a decision has at most as many.
func TestTooManyFlows(t *testing.T) {
	with := func(cases int) error {
		var b strings.Builder
		b.WriteString("process: p\nin: [v]\nvars: {v: int}\nsteps:\n  - choose: c\n    cases:\n")
		for i := range cases {
			fmt.Fprintf(&b, "      - {when: v == %d, do: [{user: u%d}]}\n", i, i)
		}
		b.WriteString("      - else: []\n")
		_, err := Parse("p.yaml", []byte(b.String()))
		return err
	}
	if err := with(63); err != nil {
		t.Errorf("64 flows: %v", err)
	}
	if err := with(64); err == nil || !strings.Contains(err.Error(), "a decision has at most 64") {
		t.Errorf("65 flows: %v", err)
	}
}
