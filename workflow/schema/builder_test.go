package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/replank/replank/internal/randtest"
)

// front reads and resolves a value, without the compiler.
func front(t interface{ Fatalf(string, ...any) }, v *value, f *findings) *Process {
	if v == nil || refused(f.list) {
		t.Fatalf("not a value:\n%v\n%s", f.failure(), strings.Join(f.source.lines, "\n"))
	}
	r := &reader{findings: f, lost: map[string]bool{}}
	p := r.process(v)
	resolve(p, f, r.lost)
	var wrong []Finding
	for _, finding := range f.list {
		// Steps behind a gateway that leads to itself are not reached.
		if finding.Code != "schema/unreachable" {
			wrong = append(wrong, finding)
		}
	}
	if len(wrong) > 0 {
		t.Fatalf("refused:\n%v", &Error{wrong})
	}
	return p
}

func read(t interface{ Fatalf(string, ...any) }, src []byte) *Process {
	f := &findings{source: newSource("random", src)}
	return front(t, load(f, src), f)
}

// A source says the same whatever its layout, its canonical text says the same again, and so do the builder calls that
// mirror it.
func TestTextAndBuilderAgree(t *testing.T) {
	used := map[string]bool{}
	unused := func() string {
		for k := kindUser; k <= kindCancel; k++ {
			for _, row := range stepTables[k] {
				rare := row.key == "separate-from" || k == kindGateway && row.key == "next" || !stepKinds.has(k) && slices.Contains([]string{"title", "doc", "was", "next"}, row.key)
				if key := k.String() + "." + row.key; row.at != nil && !used[key] && !rare {
					return "no random source has the key " + key
				}
			}
		}
		return ""
	}
	randtest.Check(t, unused, func(t *rapid.T) {
		w := &sourceWriter{t: t}
		doc := w.process()
		keysUsed(doc, used)
		src := append(appendYAML(nil, doc, 0), '\n')
		switch rapid.IntRange(0, 2).Draw(t, "layout") {
		case 1:
			src = append(appendFlow(nil, doc), '\n')
		case 2:
			var indented bytes.Buffer
			if err := json.Indent(&indented, appendJSON(nil, doc), "", "\t"); err != nil {
				t.Fatalf("not JSON: %v", err)
			}
			src = indented.Bytes()
		}
		p := read(t, src)
		want := string(appendJSON(nil, printed(p)))

		yaml := append(appendYAML(nil, printed(p), 0), '\n')
		if got := string(appendJSON(nil, printed(read(t, yaml)))); got != want {
			t.Fatalf("the canonical YAML\n%s\nreads as\n%s\nnot\n%s", yaml, got, want)
		}
		if got := string(appendJSON(nil, printed(read(t, []byte(want))))); got != want {
			t.Fatalf("the canonical JSON reads as\n%s\nnot\n%s", got, want)
		}

		built, wrong := rebuild(p).reflected()
		if len(wrong) > 0 {
			t.Fatalf("the builder refuses: %v", wrong)
		}
		f := &findings{source: &source{name: "built"}}
		if got := string(appendJSON(nil, printed(front(t, built, f)))); got != want {
			t.Fatalf("the builder makes\n%s\nnot\n%s", got, want)
		}
	})
}

// keysUsed adds the keys that the steps and events of a source have, as "user.groups".
func keysUsed(v *value, used map[string]bool) {
	if v == nil {
		return
	}
	if k := v.stepKind(); k != 0 {
		for _, e := range v.fields[1:] {
			used[k.String()+"."+e.key] = true
		}
	}
	for _, item := range v.items {
		keysUsed(item, used)
	}
	for _, e := range v.fields {
		keysUsed(e.value, used)
	}
}

// rebuild makes the builder calls that mirror a process.
func rebuild(p *Process) *Builder {
	b := New(p.id.s, rebuildSteps(p.steps)...)
	if p.title.given() {
		b.Title(p.title.s)
	}
	if p.doc.given() {
		b.Doc(p.doc.s)
	}
	for _, rec := range p.types {
		var fields []Field
		for _, f := range rec.fields {
			fields = append(fields, Field{f.name.s, Type(f.typ.s)})
		}
		b.Record(rec.name.s, fields...)
	}
	if r := p.defaults.retry; r != nil && r.never {
		b.DefaultNoRetry()
	} else if r != nil {
		b.DefaultRetry(r.policy)
	}
	if p.defaults.timeout.given() {
		b.DefaultTimeout(p.defaults.timeout.s)
	}
	b.Rules(p.Rules()...)
	if len(p.starts) > 0 {
		b.Starts(rebuildSteps(p.starts)...)
	}
	if len(p.handlers) > 0 {
		b.Events(rebuildSteps(p.handlers)...)
	}
	return b.In(strs(p.in)...).Out(strs(p.out)...).Variables(rebuildVars(p.vars)...)
}

func rebuildVars(list []*variable) []Variable {
	var out []Variable
	for _, d := range list {
		v := Variable{Name: d.name.s, Type: Type(d.typ.s), Index: d.index, Secret: d.secret, From: d.from.s, Was: d.was.s}
		if d.initial.given() {
			v.Default = d.initial.ordered()
		}
		out = append(out, v)
	}
	return out
}

// ordered is a literal as a Go value that keeps the order of keys.
func (l literal) ordered() any { return json.RawMessage(appendJSON(nil, canonical(l.tree))) }

func rebuildSteps(list []*step) []Step {
	var out []Step
	for _, s := range list {
		out = append(out, rebuildStep(s))
	}
	return out
}

func rebuildCases(list []*branch) []Case {
	var out []Case
	for _, b := range list {
		c := Else(rebuildSteps(b.body)...)
		if !b.otherwise {
			c = When(b.when.s, rebuildSteps(b.body)...)
		}
		if b.next.given() {
			c = c.Next(b.next.s)
		}
		if b.id.given() {
			c = c.Named(b.id.s)
		}
		out = append(out, c)
	}
	return out
}

func rebuildFlows(list []*branch) []Case {
	var out []Case
	for _, b := range list {
		c := To(b.next.s)
		switch {
		case b.otherwise:
			c = ElseTo(b.next.s)
		case b.when.given():
			c = When(b.when.s).Next(b.next.s)
		}
		if b.id.given() {
			c = c.Named(b.id.s)
		}
		out = append(out, c)
	}
	return out
}

// What the builder is given wrong is a finding that names the step, all at once.
func TestBuilderFindings(t *testing.T) {
	_, err := New("p",
		User("a").Handler("h").Due("soon"),
		Step{},
		End("b").Groups("x"),
		Service("c").In("x").InExpr("y", "1").Retry(Retry{First: time.Millisecond, Factor: 0.5}),
		Script("d").Set("x", func() {}),
		Gateway("g", UserTask),
	).Var("x", Int).Var("x", Int).VarDefault("y", Dyn, make(chan int)).VarsOf(3).Build()
	var wrong *Error
	if !errors.As(err, &wrong) {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{`"x" is declared twice`, `the default of "y"`, "VarsOf needs a struct"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no finding says %q:\n%v", want, err)
		}
	}
	_, err = New("p",
		User("a").Handler("h").Due("soon"),
		Step{},
		End("b").Groups("x"),
		Service("c").In("x").InExpr("y", "1").Retry(Retry{First: time.Millisecond, Factor: 0.5}),
		Script("d").Set("x", func() {}),
		Gateway("g", UserTask),
	).Var("x", Int).Build()
	if !errors.As(err, &wrong) {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{
		`step "a": a user has no key "handler"`, `step "a": due`, "a step needs its kind", `step "b": an end has no key "groups"`,
		`step "c": in is a text, not a mapping`, `step "c": first: period "1ms"`, `step "c": factor`, `step "d": x has no value`, `step "g": "user task" is no kind`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no finding says %q:\n%v", want, err)
		}
	}
}

// A Step is a value: methods leave the one they are called on as it was.
func TestStepIsAValue(t *testing.T) {
	pattern := User("a").Groups("clerks")
	titled := pattern.Title("A").Groups("officers")
	if got := string(appendJSON(nil, pattern.v)); got != `{"user":"a","groups":["clerks"]}` {
		t.Error(got)
	}
	if got := string(appendJSON(nil, titled.v)); got != `{"user":"a","groups":["clerks","officers"],"title":"A"}` {
		t.Error(got)
	}
}

type applicant struct {
	Name   string    `json:"name"`
	Born   time.Time `json:"born"`
	Photo  []byte    `json:"photo,omitempty"`
	hidden int
}

type application struct {
	Applicant *applicant       `json:"applicant"`
	Others    []applicant      `json:"others"`
	Amount    int64            `json:"amount"`
	Rate      float32          `json:"rate"`
	Scores    map[string]uint8 `json:"scores"`
	Wait      time.Duration    `json:"wait"`
	Extra     any              `json:"extra"`
	Skipped   chan int         `json:"-"`
}

// Variables and records can be declared by structs; their names are those of the json tags.
func TestVarsOf(t *testing.T) {
	_ = applicant{}.hidden
	p, err := New("p", User("a").In("amount")).VarsOf(&application{}).RecordOf("Applicant", applicant{}).In("amount").Build()
	if err != nil {
		t.Fatal(err)
	}
	const want = `process: p
in: [amount]
types:
  Applicant: {name: string, born: timestamp, photo: bytes}
vars:
  applicant: Applicant
  others: list(Applicant)
  amount: int
  rate: double
  scores: map(string, int)
  wait: duration
  extra: dyn
steps:
  - user: a
    in: [amount]
`
	if got := string(p.YAML()); got != want {
		t.Errorf("got\n%s", got)
	}
	for _, wrong := range []struct {
		v    any
		want string
	}{
		{struct{ Amount int }{}, "field Amount of struct { Amount int } has no json name"},
		{struct {
			A applicant `json:"a"`
		}{}, "declare schema.applicant with RecordOf"},
		{struct {
			C chan int `json:"c"`
		}{}, "no variable holds a chan int"},
	} {
		if _, err := New("p").VarsOf(wrong.v).Build(); err == nil || !strings.Contains(err.Error(), wrong.want) {
			t.Errorf("%T: got %v", wrong.v, err)
		}
	}
}

// A default that contains itself is refused, shortly.
func TestDefaultContainsItself(t *testing.T) {
	list := []any{nil}
	list[0] = list
	m := map[string]any{}
	m["again"] = m
	for _, d := range []any{list, m, map[string]any{"x": list}, []any{m}} {
		_, err := New("p").VarDefault("x", Dyn, d).Build()
		var wrong *Error
		if !errors.As(err, &wrong) || len(wrong.Findings) == 0 || wrong.Findings[0].Code != "schema/default" || len(err.Error()) > 500 {
			t.Errorf("%.500v", err)
		}
	}
}
