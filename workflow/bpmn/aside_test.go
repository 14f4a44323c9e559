package bpmn

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/replank/replank/workflow/schema"
)

// What n events that leave their activity alone share may be copied n times, and be asked for its variables as often.
// So copies are counted before they are made, and for each variable a node is looked at once.
func TestSharedEndsAreBounded(t *testing.T) {
	shared := func(events, gateways int, condition string) string {
		var b strings.Builder
		b.WriteString(`<definitions><process id="p"><userTask id="a"/><endEvent id="z"/><sequenceFlow sourceRef="a" targetRef="x0"/>`)
		for i := range events {
			fmt.Fprintf(&b, `<boundaryEvent id="b%d" attachedToRef="a" cancelActivity="false"><signalEventDefinition/></boundaryEvent><sequenceFlow sourceRef="b%d" targetRef="x0"/>`, i, i)
		}
		for i := range gateways {
			fmt.Fprintf(&b, `<exclusiveGateway id="x%d" default="d%d"/><sequenceFlow id="c%d" sourceRef="x%d" targetRef="z">%s</sequenceFlow><sequenceFlow id="d%d" sourceRef="x%d" targetRef="x%d"/>`, i, i, i, i, condition, i, i, i+1)
		}
		fmt.Fprintf(&b, `<endEvent id="x%d"/></process></definitions>`, gateways)
		return b.String()
	}
	const condition = `<conditionExpression>v</conditionExpression>`
	for _, c := range []struct {
		name             string
		events, gateways int
		condition        string
		refused          bool
	}{
		{"few", 3, 5, condition, false},
		{"one, far away", 1, 800, condition, false},
		{"many", 1200, 1200, condition, true},
		{"many without conditions", 1200, 1200, "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			src := shared(c.events, c.gateways, c.condition)
			f := &file{name: "a.bpmn"}
			if wrong := f.load([]byte(src)); wrong != nil {
				t.Fatal(wrong)
			}
			chosen, wrong := f.choose()
			if wrong != nil {
				t.Fatal(wrong)
			}
			g := f.read(chosen[0], &lessons{elses: map[string]bool{}})
			if g.size > schema.MaxSteps+1 || g.count > maxParts+c.gateways {
				t.Errorf("%d nodes are made, %d with their flows", g.size, g.count)
			}
			if g.large != c.refused {
				t.Fatalf("too large: %v", g.large)
			}
			if !c.refused {
				g.variables()
				if g.vars.walked > 2*g.size {
					t.Errorf("%d nodes are looked at, of %d", g.vars.walked, g.size)
				}
			}
			_, err := Parse("a.bpmn", []byte(src))
			refused := (*schema.Error)(nil)
			if found := errors.As(err, &refused) && slices.ContainsFunc(refused.Findings, func(f schema.Finding) bool {
				return f.Code == "bpmn/too-large" && f.Pos.Line > 0 && strings.Contains(f.Message, "gets a copy")
			}); found != c.refused {
				t.Errorf("%v", err)
			}
		})
	}
}
