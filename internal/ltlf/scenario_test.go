package ltlf

import (
	"errors"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
)

// TestScenarios runs the files under testdata/scenarios.
//
//	ltlf, declare       the input is the text; prints its automaton, or the error with a caret under its place
//	watch TEXT          the input are letters, one or more a line; prints the verdict after each
func TestScenarios(t *testing.T) {
	datadriven.Walk(t, "testdata/scenarios", func(t *testing.T, path string) {
		var a *Automaton
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			if d.Cmd == "watch" {
				return watch(a, d.Input)
			}
			f, err := read(d.Cmd, d.Input)
			if err == nil {
				a, err = Compile(f, nil)
			}
			var wrong *SyntaxError
			switch {
			case errors.As(err, &wrong):
				s := d.Input + "\n" + strings.Repeat(" ", wrong.Offset) + "^ " + wrong.What + "\n"
				if wrong.Hint != "" {
					s += "hint: " + wrong.Hint + "\n"
				}
				return s
			case err != nil:
				return err.Error() + "\n"
			}
			return a.String()
		})
	})
}

func read(how, text string) (*Formula, error) {
	if how == "ltlf" {
		return Parse(text)
	}
	c, err := Declare(text)
	if err != nil {
		return nil, err
	}
	return c.Formula, nil
}

func watch(a *Automaton, letters string) string {
	var b strings.Builder
	s := uint16(0)
	b.WriteString("at first: " + a.Verdict(s).String() + "\n")
	for _, l := range strings.Fields(letters) {
		step, started := strings.CutSuffix(l, ".started")
		phase := Completed
		if started {
			phase = Started
		}
		s = a.Next(s, a.Letter(step, phase))
		b.WriteString(l + ": " + a.Verdict(s).String() + "\n")
	}
	return b.String()
}

// FuzzRead: no text makes the reader or the compiler panic or run on, and a constraint is read back as it is written.
func FuzzRead(f *testing.F) {
	for _, text := range []string{"G(a -> F b)", "precedence(check, pay)", "a U (b R *.started)", "exactly(a, 3)", "!!X WX true", "a-b->c"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if formula, err := Parse(text); err == nil && len(text) < 64 {
			_, _ = Compile(formula, nil)
		}
		c, err := Declare(text)
		if err != nil {
			return
		}
		again, err := Declare(c.String())
		if err != nil || again.String() != c.String() {
			t.Errorf("%q is written %q and read back as %v, %v", text, c, again, err)
		}
	})
}
