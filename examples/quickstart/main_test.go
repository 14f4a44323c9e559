package main

import (
	"context"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestMain lets the test binary be the process that is killed, too.
func TestMain(m *testing.M) {
	if os.Getenv(deskEnv) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// TestStory tells the whole story, kill included, and checks what it says.
func TestStory(t *testing.T) {
	var b strings.Builder
	if err := story(context.Background(), t.TempDir(), &b); err != nil {
		t.Fatalf("%v\n%s", err, b.String())
	}
	screen := b.String()
	t.Log("\n" + screen)

	lines := strings.Split(strings.TrimSuffix(screen, "\n"), "\n")
	if len(lines) > 51 {
		t.Errorf("%d lines do not fit a screen", len(lines))
	}
	for _, l := range lines {
		if len(l) > 100 {
			t.Errorf("too wide: %q", l)
		}
	}

	loans := regexp.MustCompile(`(?m)^  \w+ +L-\d +\w+ +\d+\.\d\d  .*$`).FindAllString(screen, -1)
	if len(loans) != 10 {
		t.Fatalf("%d loans, want five before and five after", len(loans))
	}
	steps := []string{
		"waits for the customer's signature (expires 20", "payment running", "waits for an officer to check the papers",
		"waits for the appraisal report", "waits for an officer's decision",
	}
	for i, step := range steps {
		if !strings.Contains(loans[i], step) {
			t.Errorf("before: %q is not at %q", loans[i], step)
		}
		if loans[i] != loans[5+i] {
			t.Errorf("the kill changed a loan:\n%s\n%s", loans[i], loans[5+i])
		}
	}

	m := regexp.MustCompile(`Of (\d+) more loans that were acknowledged before the end, (\d+) are there`).FindStringSubmatch(screen)
	if m == nil || m[1] != m[2] {
		t.Fatalf("acknowledged and found: %q", m)
	}
	acks, _ := strconv.Atoi(m[1])
	w := regexp.MustCompile(`(\d+) other loans wait for their papers: the (\d+), and (\d+) saved`).FindStringSubmatch(screen)
	if w == nil {
		t.Fatal("nothing is said of the other loans")
	}
	waiting, _ := strconv.Atoi(w[1])
	if unheard, _ := strconv.Atoi(w[3]); acks < 100 || w[2] != m[1] || waiting != acks+unheard || unheard < 0 {
		t.Errorf("%d acknowledged, then: %s", acks, w[0])
	}

	for _, fact := range []string{
		`grundrive  L-1  version 2  accept  S-omar  P-[0-9a-f]{6}  .* by carla, otto, omar\n`,
		`grundrive  L-2  version 1  accept  -       P-[0-9a-f]{6}  .* by carla, otto, lena\n`,
		`philkaw    L-1  version 2  accept  S-mara  P-[0-9a-f]{6}  .* by carla, otto, mara\n`,
		`philkaw    L-2  version 2  accept  S-jon   P-[0-9a-f]{6}  .* by carla, otto, jon\n`,
		`philkaw    L-3  version 2  refuse  -       -  .* by carla, otto, nora\n`,
		`philkaw, loan to version 2: (\d+) of (\d+) move now\n`,
		`grundrive, loan to version 2: \d+ of \d+ move now, 1 never\n`,
		`1  move to sign`,
		`1  never: pay cannot happen yet: the target waits for screen first\n +because screen was inserted before pay\n`,
		`Lena's stays on version 1: .* screen was inserted before pay\.\n`,
		`philkaw: not allowed: .*collect.*carla`,
		`grundrive: there is no instance `,
		`The ledger has 4 payments\.`,
	} {
		if !regexp.MustCompile(fact).MatchString(screen) {
			t.Errorf("nothing matches %s", fact)
		}
	}
}

// TestReadmeShowsTheStory: with other ids, dates and numbers; and a part of the
// schema as it is.
func TestReadmeShowsTheStory(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := story(context.Background(), t.TempDir(), &b); err != nil {
		t.Fatal(err)
	}
	_, shown, _ := strings.Cut(string(readme), "```text\n")
	shown, _, _ = strings.Cut(shown, "```\n")
	if got, want := timeless(b.String()), timeless(shown); got != want {
		t.Errorf("the program says\n%s\nREADME.md says\n%s", got, want)
	}
	_, excerpt, _ := strings.Cut(string(readme), "```yaml\n")
	excerpt, _, _ = strings.Cut(excerpt, "```\n")
	if excerpt == "" || !strings.Contains(loan, excerpt) {
		t.Errorf("README.md shows what is not in loan.yaml:\n%s", excerpt)
	}
}

// timeless puts # for what differs from run to run.
func timeless(screen string) string {
	return regexp.MustCompile(`\b[0-9A-Z]{26}\b|\d+ of( \d+)?| +\d+  move|P-[0-9a-f]{6}|\d{4}-\d\d-\d\d|Process \d+|in \d+ ms|\d+ (more|are|other|saved)|the \d+,`).ReplaceAllString(screen, "#")
}
