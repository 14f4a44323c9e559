package migrate_test

import (
	"errors"
	"testing"

	"github.com/replank/replank/migrate"
	"github.com/replank/replank/workflow/schema"
)

// A process with elements that no engine runs has no instances to judge, on either side. Its control flow can be compared.
func TestCheckerRefusesWhatDoesNotRun(t *testing.T) {
	parse := func(src string) *schema.Process {
		p, err := schema.Parse("p.yaml", []byte(src))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	plain := parse("process: p\nsteps: [{user: a}]")
	sends := parse("process: p\nsteps: [{user: a}, {send: tell, message: m}]")
	for _, pair := range [][2]*schema.Process{{plain, sends}, {sends, plain}} {
		_, err := migrate.NewChecker(pair[0], pair[1], nil)
		var wrong *schema.Error
		if !errors.As(err, &wrong) || len(wrong.Findings) != 1 || wrong.Findings[0].Code != "schema/not-run-yet" || wrong.Findings[0].Node != "tell" {
			t.Errorf("%v", err)
		}
	}
	c, err := migrate.NewControl(plain, sends, nil)
	if err != nil {
		t.Fatal(err)
	}
	v, err := c.Check([]migrate.Step{{Kind: migrate.StepComplete, Node: "a"}})
	if err != nil || v.Outcome != migrate.Accept {
		t.Errorf("%v, %v", v, err)
	}
}

// Options that say nothing known are refused, each by name, and not taken for something else.
func TestCheckerRefusesUnknownOptions(t *testing.T) {
	p, err := schema.Parse("p.yaml", []byte("process: p\nsteps: [{user: a}]"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = migrate.NewChecker(p, p, &migrate.Options{Criteria: migrate.Default | 1<<6, Timers: migrate.Reset + 1})
	var wrong *schema.Error
	if !errors.As(err, &wrong) || len(wrong.Findings) != 2 || wrong.Findings[0].Code != "migrate/timers" || wrong.Findings[1].Code != "migrate/criteria" {
		t.Errorf("%v", err)
	}
	if _, err = migrate.NewChecker(p, p, &migrate.Options{Criteria: migrate.Default | migrate.Strict, Timers: migrate.Reset}); err != nil {
		t.Error(err)
	}
}
