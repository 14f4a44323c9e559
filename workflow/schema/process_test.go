package schema

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

const order = `
process: order
title: Order
in: [sku, qty]
out: [shipped]
vars: {sku: {type: string, index: true}, qty: {type: int, default: 1}, shipped: {type: bool, default: false}}
steps:
  - user: approve
    groups: [sales, officers]
    in: [sku, qty]
    boundary:
      - timer: late
        after: P5D
        do: [{end: given-up}]
  - choose: size
    cases:
      - when: qty > 10
        do:
          - service: freight
            was: truck
            handler: ship.freight
            in: [sku, qty]
            out: [shipped]
      - else:
          - service: parcel
            in: [sku]
            out: [shipped]
`

// A process can be looked at: its nodes in document order, its variables in declared order.
func TestProcess(t *testing.T) {
	p, err := Parse("order.yaml", []byte(order))
	if err != nil {
		t.Fatal(err)
	}
	if p.ID() != "order" || p.Title() != "Order" || !slices.Equal(p.In(), []string{"sku", "qty"}) || !slices.Equal(p.Out(), []string{"shipped"}) {
		t.Errorf("%s %q %v %v", p.ID(), p.Title(), p.In(), p.Out())
	}
	var nodes []string
	for n := range p.Nodes() {
		nodes = append(nodes, fmt.Sprintf("%s %s %d", n.ID(), n.Kind(), n.Pos().Line))
		if p.Node(n.ID()) != n {
			t.Errorf("Node(%q) is another one", n.ID())
		}
	}
	want := []string{
		"approve user task 8", "late boundary event 12", "given-up end event 14", "size exclusive gateway 15",
		"freight service task 19", "parcel service task 25",
	}
	if !slices.Equal(nodes, want) {
		t.Errorf("got\n%s", strings.Join(nodes, "\n"))
	}
	if n := p.Node("freight"); n.Handler() != "ship.freight" || n.Was() != "truck" {
		t.Errorf("%s %s", n.Handler(), n.Was())
	}
	if p.Node("parcel").Handler() != "parcel" || p.Node("approve").Handler() != "" || p.Node("nope") != nil {
		t.Error("handlers")
	}
	if got := p.Node("approve").Groups(); !slices.Equal(got, []string{"sales", "officers"}) {
		t.Error(got)
	}
	vars := p.Vars()
	if len(vars) != 3 || vars[0].Name != "sku" || !vars[0].Index || vars[1].Default != int64(1) || vars[2].Type != Bool {
		t.Errorf("%+v", vars)
	}
	if p.Program() == nil || p.Program().Digest != p.Digest() {
		t.Error("the compiled form is not that of this process")
	}
	if list, err := p.Schemas(); err != nil || len(list) != 1 || list[0] != p {
		t.Error(list, err)
	}
}

// Warnings refuse nothing; Verify returns them all, whoever found them.
func TestWarnings(t *testing.T) {
	p, err := Parse("p.yaml", []byte(`
process: p
vars: {unused: {type: int, default: 1}}
steps:
  - choose: c
    cases:
      - {when: "1 > 0", do: [{user: a}]}
      - else: []
`))
	if err != nil {
		t.Fatal(err)
	}
	for _, budget := range []Budget{{}, {States: 1000}} {
		report := p.Verify(budget)
		var codes []string
		for _, f := range report.Findings {
			if f.Severity != Warning {
				t.Errorf("not a warning: %v", f)
			}
			codes = append(codes, f.Code)
		}
		if !slices.Contains(codes, "data/constant-guard") || !slices.Contains(codes, "data/redundant") || report.Unverified || report.States == 0 {
			t.Errorf("%v: %v, %d states", budget, codes, report.States)
		}
		clear(report.Findings) // the caller's
	}
}

// ParseFS reports the findings of all files.
func TestParseFS(t *testing.T) {
	files := fstest.MapFS{
		"b/two.yaml":  {Data: []byte("process: two\nsteps: [{user: a}]")},
		"b/one.yaml":  {Data: []byte("process: one\nsteps: [{user: a}]")},
		"b/three.txt": {Data: []byte("-")},
		"c/bad1.yaml": {Data: []byte("process: bad\nsteps: [{usr: a}]")},
		"c/bad2.yaml": {Data: []byte("proces: bad\nsteps: []")},
	}
	list, err := ParseFS(files, "b/*.yaml", "b/one*")
	if err != nil || len(list) != 2 || list[0].ID() != "one" || list[1].ID() != "two" {
		t.Fatal(list, err)
	}
	_, err = ParseFS(files, "*/*.yaml")
	var wrong *Error
	if !errors.As(err, &wrong) || !strings.Contains(err.Error(), "c/bad1.yaml:2:10") || !strings.Contains(err.Error(), "c/bad2.yaml:1:1") {
		t.Fatal(err)
	}
	if _, err := ParseFS(files, "nothing/*"); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "nothing/*") {
		t.Error(err)
	}
	if _, err := ParseFS(files, "["); err == nil {
		t.Error("a wrong pattern is accepted")
	}
}

func ExampleParse() {
	_, err := Parse("loan.yaml", []byte(`process: loan
vars: {amount: double, ok: bool}
steps:
  - user: review
    out: [okay]
`))
	fmt.Println(err)
	// Output:
	// loan.yaml:5:11: there is no variable "okay" here [schema/unknown-variable]
	//   |     out: [okay]
	//   |           ^
	//   hint: did you mean "ok"?
}

func ExampleNew() {
	p, err := New("loan",
		Service("score").In("amount").Out("points"),
		Choose("route",
			When("points >= 700", Script("accept").Set("decision", "accept")),
			Else(User("review").Groups("officers").In("amount", "points").Out("decision")))).
		In("amount").Out("decision").
		Var("amount", Int).Var("points", Int).Var("decision", String).
		Build()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(string(p.YAML()))
	// Output:
	// process: loan
	// in: [amount]
	// out: [decision]
	// vars: {amount: int, points: int, decision: string}
	// steps:
	//   - service: score
	//     in: [amount]
	//     out: [points]
	//   - choose: route
	//     cases:
	//       - when: points >= 700
	//         do:
	//           - script: accept
	//             set: {decision: accept}
	//       - else:
	//           - user: review
	//             groups: [officers]
	//             in: [amount, points]
	//             out: [decision]
}
