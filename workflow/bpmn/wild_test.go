package bpmn

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/replank/replank/internal/randtest"
	"github.com/replank/replank/workflow/schema"
)

// This file makes files that no tool would: elements of BPMN in any order within one another, with references to
// anything, and holds reading them to what must hold for every file.

// A wild is a generator of such files.
type wild struct {
	*rapid.T
	ids   int
	left  int // elements that may still be made
	kinds map[int]string
}

var (
	wildNodes = []string{
		"startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent", "task", "userTask", "manualTask", "serviceTask",
		"sendTask", "receiveTask", "scriptTask", "businessRuleTask", "callActivity", "subProcess", "transaction", "exclusiveGateway",
		"parallelGateway", "inclusiveGateway", "eventBasedGateway",
	}
	wildEvents = []string{
		"message", "timer", "signal", "conditional", "error", "escalation", "compensate", "cancel", "terminate", "link",
	}
	wildTexts = []string{"", "x > 1", "${y}", "= a and b", "return z;", "isOld(x)", "PT1H", "500ms", "R3/PT5S", "0 0 * * * ?", "2027-01-01T00:00:00", "INVALID", "message", "3"}
)

func (w *wild) pick(list []string, what string) string {
	return rapid.SampledFrom(list).Draw(w.T, what)
}

// one is true once in as many times, roughly; the smallest numbers, which rapid likes best, are false.
func (w *wild) one(in int, what string) bool { return rapid.IntRange(1, in).Draw(w.T, what) == in/2+1 }

// ref is an id that may or may not be there.
func (w *wild) ref() string {
	return fmt.Sprintf("n%d", rapid.IntRange(0, max(1, w.ids)+1).Draw(w.T, "ref"))
}

func (w *wild) attrs(names ...string) string {
	var b strings.Builder
	for _, name := range names {
		if w.one(10, name) {
			fmt.Fprintf(&b, ` %s="%s"`, name, w.pick([]string{"true", "false"}, name))
		}
	}
	return b.String()
}

func (w *wild) expression(name string) string {
	return "<" + name + ">" + strings.NewReplacer("<", "&lt;", ">", "&gt;").Replace(w.pick(wildTexts, name)) + "</" + name + ">"
}

func (w *wild) definitions() string {
	var b strings.Builder
	for range rapid.SampledFrom([]int{0, 1, 1, 1, 2, 3}).Draw(w.T, "definitions") {
		kind := w.pick(wildEvents, "event")
		fmt.Fprintf(&b, `<%sEventDefinition name="%s" activityRef="%s" errorRef="%s">`, kind, w.pick([]string{"k", "l"}, "name"), w.ref(), w.ref())
		if kind == "timer" {
			b.WriteString(w.expression(w.pick([]string{"timeDate", "timeDuration", "timeCycle"}, "time")))
		}
		if kind == "conditional" {
			b.WriteString(w.expression("condition"))
		}
		fmt.Fprintf(&b, `</%sEventDefinition>`, kind)
	}
	return b.String()
}

func (w *wild) node(depth int) string {
	name := w.pick(wildNodes, "node")
	if w.one(40, "refused") {
		name = w.pick([]string{"adHocSubProcess", "complexGateway", "dance"}, "node")
	}
	w.ids++
	w.kinds[w.ids] = name
	w.left--
	id := w.ids
	if w.one(60, "twice") {
		id = 1
	}
	host := w.ref()
	if k := w.kinds[id-1]; name == "boundaryEvent" && !strings.HasSuffix(k, "Event") && !strings.HasSuffix(k, "Gateway") && !w.one(5, "elsewhere") {
		host = fmt.Sprintf("n%d", id-1)
	}
	head := fmt.Sprintf(`<%s id="n%d" attachedToRef="%s" calledElement="n%d"`, name, id, host, id) +
		w.attrs("cancelActivity", "triggeredByEvent", "isForCompensation", "instantiate", "parallelMultiple", "isInterrupting")
	if w.one(20, "default") {
		head += fmt.Sprintf(` default="f%d"`, id)
	}
	body := ""
	switch {
	case strings.HasSuffix(name, "Event"):
		body = w.definitions()
	case depth < 3 && (strings.Contains(name, "ubProcess") || name == "transaction"):
		body = w.scope(depth + 1)
	}
	if w.one(8, "loop") {
		body += "<standardLoopCharacteristics" + w.attrs("testBefore") + ">" + w.expression("loopCondition") + "</standardLoopCharacteristics>"
	}
	if w.one(8, "multi") {
		body += "<multiInstanceLoopCharacteristics" + w.attrs("isSequential") + ">" + w.expression("loopCardinality") + w.expression("completionCondition") + "</multiInstanceLoopCharacteristics>"
	}
	return head + ">" + body + "</" + name + ">"
}

func (w *wild) scope(depth int) string {
	var b strings.Builder
	first := w.ids + 1
	var from, to []int // that flows may usually leave and lead to
	for range rapid.IntRange(0, 6).Draw(w.T, "nodes") {
		if w.left == 0 {
			break
		}
		id := w.ids + 1
		b.WriteString(w.node(depth))
		if k := w.kinds[id]; k != "endEvent" {
			from = append(from, id)
		}
		if k := w.kinds[id]; k != "startEvent" && k != "boundaryEvent" {
			to = append(to, id)
		}
	}
	for i := range rapid.IntRange(0, 8).Draw(w.T, "flows") {
		source, target := w.ref(), w.ref()
		switch anywhere := w.one(40, "anywhere"); {
		case anywhere:
		case len(from) == 0 || len(to) == 0:
			continue
		default:
			source = fmt.Sprintf("n%d", rapid.SampledFrom(from).Draw(w.T, "from"))
			target = fmt.Sprintf("n%d", rapid.SampledFrom(to).Draw(w.T, "to"))
		}
		condition := ""
		if w.one(3, "condition") {
			condition = w.expression("conditionExpression")
		}
		fmt.Fprintf(&b, `<sequenceFlow id="f%d" sourceRef="%s" targetRef="%s">%s</sequenceFlow>`, first+i, source, target, condition)
	}
	if w.one(4, "association") {
		fmt.Fprintf(&b, `<association sourceRef="%s" targetRef="%s"/>`, w.ref(), w.ref())
	}
	return b.String()
}

// Whatever the elements of a file are, reading it ends, in located findings or in processes whose own text says the same;
// and what one reading accepts a less strict one does.
func TestWildFiles(t *testing.T) {
	read, refused := 0, 0
	few := func() string {
		if read < 20 || refused < 20 {
			return fmt.Sprintf("%d were read and %d refused", read, refused)
		}
		return ""
	}
	randtest.Check(t, few, func(t *rapid.T) {
		w := &wild{T: t, left: 16, kinds: map[int]string{}}
		src := `<definitions><process id="p"` + w.attrs("isExecutable") + `>` + w.scope(0) + `</process></definitions>`
		strict := false
		for _, o := range []Options{{Strict: true}, {}, {ControlOnly: true}} {
			all, err := o.Parse("a.bpmn", []byte(src))
			if wrong := (*schema.Error)(nil); errors.As(err, &wrong) {
				refused++
				for _, f := range wrong.Findings {
					if f.Pos.Line == 0 && f.Code != "schema/more" {
						t.Errorf("it says nothing about the place: %v\n%s", f, src)
					}
				}
				if strict && !o.ControlOnly {
					t.Errorf("a strict reading accepts what another refuses: %v\n%s", err, src)
				}
				continue
			} else if err != nil {
				t.Fatalf("%v\n%s", err, src)
			}
			read++
			strict = o.Strict
			for _, p := range all {
				again, err := schema.ParseControl("again", p.YAML())
				if !o.ControlOnly {
					again, err = schema.Parse("again", p.YAML())
				}
				if err != nil {
					t.Fatalf("its own text is refused: %v\n%s\n%s", err, p.YAML(), src)
				}
				if again.Digest() != p.Digest() {
					t.Fatalf("its own text says something else:\n%s\n%s\n%s", p.YAML(), again.YAML(), src)
				}
			}
		}
	})
	t.Logf("%d were read and %d refused", read, refused)
}
