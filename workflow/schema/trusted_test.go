package schema

import "testing"

// What Parse accepts is the same process when its keeper vouches for it, unverified; Verify verifies it when asked.
func TestParseTrusted(t *testing.T) {
	src := []byte("process: p\nsteps:\n  - {user: a, out: [v]}\nvars: {v: int}\n")
	p, err := Parse("p.yaml", src)
	if err != nil {
		t.Fatal(err)
	}
	q, err := ParseTrusted("p.yaml", p.YAML())
	if err != nil {
		t.Fatal(err)
	}
	if q.Digest() != p.Digest() || q.ControlOnly() || q.report != nil {
		t.Errorf("digest %x, want %x; report %v", q.Digest(), p.Digest(), q.report)
	}
	if a, b := p.Verify(Budget{}), q.Verify(Budget{}); a.States != b.States || b.Unverified {
		t.Errorf("verified: %+v, want %+v", b, a)
	}
	// What cannot be compiled is refused all the same.
	if _, err := ParseTrusted("p.yaml", []byte("process: p\nsteps:\n  - {user: a, out: [w]}\n")); err == nil {
		t.Error("a variable that is not declared is accepted")
	}
	// What is unsound is not noticed: that is what trust means.
	dead := []byte("process: p\nsteps:\n  - {repeat: r, until: \"false\", do: [{user: a}]}\n")
	if _, err := Parse("p.yaml", dead); err == nil {
		t.Error("a process without end is accepted")
	}
	if _, err := ParseTrusted("p.yaml", dead); err != nil {
		t.Error(err)
	}
}
