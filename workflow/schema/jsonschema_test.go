package schema

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"github.com/replank/replank/internal/randschema"
)

// validator is the JSON Schema, compiled.
func validator(t testing.TB) *jsonschema.Schema {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(JSONSchema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("replank.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("replank.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// accepted validates a source.
func accepted(s *jsonschema.Schema, v *value) error {
	text, err := json.Marshal(v.plain())
	if err != nil {
		return err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return err
	}
	return s.Validate(doc)
}

// docs/replank.schema.json is what editors are pointed at. It is written by
//
//	go test ./workflow/schema -run TestJSONSchemaFile -update
func TestJSONSchemaFile(t *testing.T) {
	const path = "../../docs/replank.schema.json"
	if *update {
		if err := os.WriteFile(path, JSONSchema(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(file, JSONSchema()) {
		t.Error("docs/replank.schema.json is not what JSONSchema returns; run with -update")
	}
}

// Every source of the scenarios that parses validates. One that is refused for an unknown key, kind or word does not.
func TestJSONSchemaFollowsTheParser(t *testing.T) {
	s := validator(t)
	parsed, wrong := 0, 0
	for _, dir := range []string{"parse", "format", "verify", "dataflow", "compile", "rules"} {
		datadriven.Walk(t, "testdata/"+dir, func(t *testing.T, path string) {
			datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
				name := "x"
				if d.HasArg("name") {
					d.ScanArgs(t, "name", &name)
				}
				f, v := readSource(name, []byte(d.Input))
				if v == nil || refused(f.list) {
					return d.Expected
				}
				_, err := Parse(name, []byte(d.Input))
				invalid := accepted(s, v)
				switch {
				case err == nil && invalid != nil:
					t.Errorf("%s: it parses, but %v", d.Pos, invalid)
				case err == nil:
					parsed++
				case invalid == nil && (slices.Contains(codes(err), "schema/unknown-key") || slices.Contains(codes(err), "schema/unknown-kind")):
					t.Errorf("%s: it validates, but %v", d.Pos, err)
				default:
					wrong++
				}
				return d.Expected
			})
		})
	}
	if parsed < 30 || wrong < 50 {
		t.Errorf("%d sources parse and %d do not: too few to say much", parsed, wrong)
	}
}

// What Parse accepts, and its canonical text, the JSON Schema accepts; with a key misspelt or a value of the wrong shape
// it does not.
func TestJSONSchemaAcceptsProcesses(t *testing.T) {
	s := validator(t)
	rapid.Check(t, func(t *rapid.T) {
		src := []byte(randschema.Make(intn(t), randschema.Config{Depth: 2, Locals: true}))
		p, err := ParseControl("x", src)
		if err != nil {
			t.Skip(err)
		}
		_, v := readSource("x", src)
		for _, v := range []*value{v, printed(p)} {
			if err := accepted(s, v); err != nil {
				t.Fatalf("%v\n%s", err, src)
			}
		}
		broken, changed := spoil(t, printed(p))
		if changed {
			if err := accepted(s, broken); err == nil {
				t.Fatalf("it accepts %s", appendJSON(nil, broken))
			}
		}
	})
}

// spoil misspells the key of a step, or gives a list the shape of a number.
func spoil(t *rapid.T, v *value) (*value, bool) {
	steps := v.get("steps")
	if len(steps.items) == 0 {
		return v, false
	}
	i := rapid.IntRange(0, len(steps.items)-1).Draw(t, "step")
	step := *steps.items[i]
	step.fields = slices.Clone(step.fields)
	k := rapid.IntRange(0, len(step.fields)-1).Draw(t, "key")
	if e := step.fields[k]; rapid.Bool().Draw(t, "misspell") {
		step.fields[k].key += "x"
	} else if e.value.shape >= shapeList {
		step.fields[k].value = intValue(7)
	} else {
		step.fields[k].value = listValue(listValue())
	}
	list := &value{shape: shapeList, items: slices.Clone(steps.items)}
	list.items[i] = &step
	return v.set("steps", list), true
}

// Descriptions are of keys and kinds that there are, and every kind has one.
func TestDescriptions(t *testing.T) {
	var doc map[string]any
	if err := json.Unmarshal(JSONSchema(), &doc); err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	add := func(what string, keys []string) {
		for _, key := range keys {
			known[key], known[what+"."+key] = true, true
		}
	}
	for k := kind(1); int(k) < len(kindKeys); k++ {
		if kindWords[k] == "" {
			t.Errorf("the kind %q has no description", k)
		}
		add(k.String(), usableKeys(stepTables[k]))
	}
	add("process", usableKeys(processTable))
	add("variable", usableKeys(variableTable))
	add("retry", usableKeys(retryTable))
	add("defaults", usableKeys(defaultsTable))
	add("rule", usableKeys(ruleTable))
	add("rows", usableKeys(rowTable))
	add("a case", append(usableKeys(whenTable), usableKeys(elseTable)...))
	add("a branch", usableKeys(branchTable))
	add("a flow", usableKeys(flowTable))
	for key, text := range keyWords {
		if !known[key] || !strings.HasSuffix(text, ".") {
			t.Errorf("the description of %q: %s", key, text)
		}
	}
}
