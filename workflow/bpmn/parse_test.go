package bpmn

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/replank/replank/workflow/schema"
)

// unescape is the reverse of ID.
func unescape(id string) string {
	return regexp.MustCompile(`_x([0-9A-F]{4,})_`).ReplaceAllStringFunc(id, func(s string) string {
		n, _ := strconv.ParseUint(s[2:len(s)-1], 16, 32)
		return string(rune(n))
	})
}

func TestIDsStayDifferent(t *testing.T) {
	form := regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)
	pieces := rapid.SampledFrom([]string{"a", "Z", "_", "x", "0041", "_x0041_", "_x", "7", "-", ".", ".join", ".fork", ".event1", " ", "ä", "日", "\U0001F600", ":", "{"})
	rapid.Check(t, func(t *rapid.T) {
		raw := strings.Join(rapid.SliceOfN(pieces, 1, 6).Draw(t, "pieces"), "")
		id := ID(raw)
		if !form.MatchString(id) {
			t.Fatalf("ID(%q) = %q is no id of a schema", raw, id)
		}
		if back := unescape(id); back != raw {
			t.Fatalf("ID(%q) = %q says %q", raw, id, back)
		}
		if derived.MatchString(id) {
			t.Fatalf("ID(%q) = %q ends like an id that the import makes", raw, id)
		}
	})
}

func TestUsualIDsStayAsTheyAre(t *testing.T) {
	for _, id := range []string{"Task_1", "_4", "sid-CA089240-802A-4C32-9130-FB1A33DDCCC3", "a.b", "x_xyz_", "_x12_", "join"} {
		if got := ID(id); got != id {
			t.Errorf("ID(%q) = %q", id, got)
		}
	}
}

func TestEncodings(t *testing.T) {
	file := func(declared, name string) string {
		return `<?xml version="1.0" encoding="` + declared + `"?><definitions><process id="p"><userTask id="a" name="` + name + `"/></process></definitions>`
	}
	utf16 := func(s string, big bool) string {
		out := []byte{0xFF, 0xFE}
		if big {
			out = []byte{0xFE, 0xFF}
		}
		for _, c := range s {
			if big {
				out = append(out, byte(c>>8), byte(c))
			} else {
				out = append(out, byte(c), byte(c>>8))
			}
		}
		return string(out)
	}
	for name, src := range map[string]string{
		"utf-8":           file("UTF-8", "Prüfung €"),
		"utf-8 with mark": "\xEF\xBB\xBF" + file("UTF-8", "Prüfung €"),
		"windows-1252":    file("WINDOWS-1252", "Pr\xFCfung \x80"),
		"utf-16 little":   utf16(file("UTF-16", "Prüfung €"), false),
		"utf-16 big":      utf16(file("UTF-16", "Prüfung €"), true),
	} {
		all, err := Parse(name, []byte(src))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := all[0].Node("a").Title(); got != "Prüfung €" {
			t.Errorf("%s: the title is %q", name, got)
		}
	}
	_, err := Parse("wrong.bpmn", []byte(file("UTF-8", "Pr\xFCfung")))
	if err == nil || !strings.HasPrefix(err.Error(), "wrong.bpmn:1:93: the text is not UTF-8") {
		t.Errorf("bytes that are not UTF-8: %v", err)
	}
}

// A file may be large, deep or made to cost much; it is refused, or read, in a moment.
func TestHostileSizes(t *testing.T) {
	process := func(s string) string { return `<definitions><process id="p">` + s + `</process></definitions>` }
	var star, chain strings.Builder
	star.WriteString(`<userTask id="a"/><userTask id="b"/>`)
	for i := range 20_000 {
		fmt.Fprintf(&star, `<sequenceFlow id="f%d" sourceRef="a" targetRef="b"/>`, i)
	}
	for i := range 5_000 {
		fmt.Fprintf(&chain, `<userTask id="t%d"/><sequenceFlow sourceRef="t%d" targetRef="t%d"/>`, i, i, i+1)
	}
	chain.WriteString(`<userTask id="t5000"/>`)
	var links, nested, deep strings.Builder
	for i := range 4_000 {
		fmt.Fprintf(&links, `<intermediateThrowEvent id="a%d"><linkEventDefinition name="l"/></intermediateThrowEvent><intermediateCatchEvent id="b%d"><linkEventDefinition name="l"/></intermediateCatchEvent>`, i, i)
	}
	for i := range 250 {
		fmt.Fprintf(&deep, `<subProcess id="s%d">`, i)
	}
	for i := range 1_000 {
		fmt.Fprintf(&nested, `<userTask id="t%d"/><boundaryEvent id="b%d" attachedToRef="t%d" cancelActivity="false"><signalEventDefinition/></boundaryEvent><sequenceFlow sourceRef="b%d" targetRef="t%d"/>`, i, i, i, i, i+1)
	}
	nested.WriteString(`<userTask id="t1000"/>`)
	for _, c := range []struct{ name, src, code string }{
		{"large", strings.Repeat(" ", MaxSize+1), "bpmn/too-large"},
		{"deep", process(strings.Repeat("<subProcess>", 10_000)), "bpmn/too-deep"},
		{"deep, not kept", process(strings.Repeat(`<x xmlns="urn:x">`, 10_000)), "bpmn/too-deep"},
		{"many flows", process(star.String()), "bpmn/too-large"},
		{"many steps", process(chain.String()), "bpmn/too-large"},
		{"many steps at once", process(strings.ReplaceAll(chain.String(), "sequenceFlow", "association")), "bpmn/too-large"},
		{"many events of one", process(`<startEvent id="s">` + strings.Repeat(`<signalEventDefinition/>`, 8_000) + `</startEvent>`), "schema/too-large"},
		{"many links of one name", process(links.String()), "bpmn/link"},
		{"many events that leave alone", process(nested.String()), "schema/too-deep"},
		{"many subprocesses", process(deep.String() + strings.Repeat(`</subProcess>`, 250)), "schema/too-deep"},
		{"one line of many faults", process(strings.Repeat("<complexGateway/>", 100_000)), "bpmn/not-yet"},
		{"a long condition", process(`<startEvent id="s"/><userTask id="a"/><sequenceFlow sourceRef="s" targetRef="a"/><sequenceFlow sourceRef="a" targetRef="a"><conditionExpression>` +
			strings.Repeat("!", 1_000_000) + `x</conditionExpression></sequenceFlow>`), "open/expression"},
		{"many gateways", strings.Replace(process(strings.Repeat(`<parallelGateway id="g" gatewayDirection="Diverging"/><sequenceFlow sourceRef="g" targetRef="g"/>`, 60_000)), `id="p"`, `id="p" isExecutable="true"`, 1), "bpmn/id"},
		{"many attributes", process(`<userTask id="a" ` + strings.Repeat(`b="" `, 100_000) + `/>`), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			began := time.Now()
			_, err := Parse("a.bpmn", []byte(c.src))
			text := ""
			if err != nil {
				text = err.Error()
			}
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("it took %v", took)
			}
			refused := (*schema.Error)(nil)
			if errors.As(err, &refused) && c.name != "large" {
				for _, f := range refused.Findings {
					if f.Pos.Line == 0 && f.Code != "schema/more" {
						t.Errorf("it says nothing about the place: %v", f)
					}
				}
			}
			if c.code == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if !errors.As(err, &refused) || !slices.ContainsFunc(refused.Findings, func(f schema.Finding) bool { return f.Code == c.code }) {
				t.Fatalf("want a finding %s, got %.300s", c.code, text)
			}
			if len(text) > 200_000 {
				t.Errorf("the findings take %d bytes", len(text))
			}
		})
	}
}

// Text can be deployed; what was read for its control flow cannot.
func TestSources(t *testing.T) {
	const src = `<definitions><process id="p"><userTask id="a"/></process></definitions>`
	all, err := Text(src).Schemas()
	if err != nil || len(all) != 1 || all[0].ID() != "p" || all[0].ControlOnly() {
		t.Fatalf("Text: %v, %v", all, err)
	}
	free, err := ParseControl("a.bpmn", []byte(src))
	if err != nil || !free[0].ControlOnly() {
		t.Fatalf("ParseControl: %v, %v", free, err)
	}
	if _, err := free[0].Schemas(); err == nil || !strings.Contains(err.Error(), "a.bpmn:1:14: the process was read for its control flow only") {
		t.Errorf("a process that was read for its control flow can be deployed: %v", err)
	}
	if free[0].Digest() != all[0].Digest() {
		t.Error("the two readings of a process without data differ")
	}
}

// What a file leaves open does not keep a process from being read, but from being deployed, and what it is is said.
func TestOpenProcessesAreNotDeployed(t *testing.T) {
	const src = `<definitions><process id="p"><userTask id="a"/><exclusiveGateway id="g"/><userTask id="b"/><sequenceFlow id="f1" sourceRef="a" targetRef="g"/>
		<sequenceFlow id="f2" sourceRef="g" targetRef="b"/><sequenceFlow id="f3" sourceRef="g" targetRef="b"/></process></definitions>`
	all, err := Parse("a.bpmn", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	if open := all[0].Open(); len(open) != 1 || open[0].Code != "open/condition" || open[0].Pos.Line != 2 {
		t.Errorf("open are %v", open)
	}
	for name, source := range map[string]schema.Source{"the process": all[0], "the text": Text(src)} {
		_, err := source.Schemas()
		refused := (*schema.Error)(nil)
		if !errors.As(err, &refused) || len(refused.Findings) != 1 || refused.Findings[0].Code != "open/condition" {
			t.Errorf("%s can be deployed: %v", name, err)
		}
	}
	settled, err := schema.Parse("a.yaml", all[0].YAML())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := settled.Schemas(); err != nil {
		t.Errorf("its text, where the variable stands, cannot be deployed: %v", err)
	}
}

// scenarios are the files of the scenarios, as seeds.
func scenarios(t testing.TB) (list []string) {
	paths, err := filepath.Glob("testdata/*/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range strings.Split(string(text), "\n\n") {
			if src, _, ok := strings.Cut(part, "\n----\n"); ok {
				_, src, _ = strings.Cut(src, "\n<")
				if src = "<" + src; !strings.Contains(src, "definitions") {
					src = "<definitions>\n" + src + "\n</definitions>"
				}
				list = append(list, src)
			}
		}
	}
	return list
}

// Whatever a file says, reading it ends in processes that read back from their own text as the same, or in located
// findings.
func FuzzParse(f *testing.F) {
	for _, src := range scenarios(f) {
		f.Add([]byte(src), true)
		f.Add([]byte(src), false)
	}
	f.Fuzz(func(t *testing.T, src []byte, control bool) {
		if _, err := (Options{ControlOnly: control, Strict: true}).Parse("a.bpmn", src); err == nil {
			if _, err := (Options{ControlOnly: control}).Parse("a.bpmn", src); err != nil {
				t.Fatalf("a strict reading accepts what another refuses: %v", err)
			}
		}
		all, err := Options{ControlOnly: control}.Parse("a.bpmn", src)
		if err != nil {
			refused := (*schema.Error)(nil)
			if !errors.As(err, &refused) || len(refused.Findings) == 0 {
				t.Fatalf("%T: %v", err, err)
			}
			fatal := false
			for _, finding := range refused.Findings {
				fatal = fatal || finding.Severity == schema.Fatal
				if finding.Pos.Line == 0 && finding.Code != "schema/more" {
					t.Errorf("it says nothing about the place: %v", finding)
				}
			}
			if !fatal {
				t.Errorf("refused for nothing: %v", err)
			}
			return
		}
		for _, p := range all {
			again, err := schema.Parse("again", p.YAML())
			if control {
				again, err = schema.ParseControl("again", p.YAML())
			}
			if err != nil {
				t.Fatalf("its own text is refused: %v\n%s", err, p.YAML())
			}
			if again.Digest() != p.Digest() {
				t.Fatalf("its own text says something else:\n%s\n%s", p.YAML(), again.YAML())
			}
		}
	})
}
