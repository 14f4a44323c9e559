package main

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// docs/command-line.md has a section for every verb, with its flags and the keys of its JSON.
func TestCommandLinePage(t *testing.T) {
	page, err := os.ReadFile("../../../docs/command-line.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	for _, s := range strings.Split(string(page), "\n## replank ")[1:] {
		name := s[:strings.IndexAny(s, " \n")]
		sections[name] = s
	}
	answers := map[string]any{
		"check": answer{}, "verify": report{}, "diff": difference{}, "render": rendered{}, "fmt": laidOut{}, "convert": converted{}, "gen": generated{},
	}
	for _, v := range verbs {
		section := sections[v.name]
		if section == "" {
			t.Errorf("no section for %s", v.name)
			continue
		}
		delete(sections, v.name)
		var out strings.Builder
		if code := run([]string{v.name, "--help"}, nil, &out, &out); code != yes {
			t.Fatalf("%s --help: exit %d", v.name, code)
		}
		flags := regexp.MustCompile(`(?m)^  -([a-z-]+)`).FindAllStringSubmatch(out.String(), -1)
		for _, m := range flags {
			dashes := "--"
			if len(m[1]) == 1 {
				dashes = "-"
			}
			if m[1] != "json" && !strings.Contains(section, dashes+m[1]) {
				t.Errorf("%s: the flag %s%s is not there", v.name, dashes, m[1])
			}
		}
		if len(flags) == 0 {
			t.Errorf("%s has no flags, not even --json", v.name)
		}
		for _, key := range jsonKeys(answers[v.name]) {
			if !strings.Contains(section, "`"+key+"`") {
				t.Errorf("%s: the key %q of its JSON is not there", v.name, key)
			}
		}
	}
	for name := range sections {
		t.Errorf("a section for %s, which is no verb", name)
	}
}

// jsonKeys are the keys of a struct.
func jsonKeys(x any) (keys []string) {
	if x == nil {
		return nil
	}
	for _, f := range reflect.VisibleFields(reflect.TypeOf(x)) {
		if key, _, _ := strings.Cut(f.Tag.Get("json"), ","); key != "" {
			keys = append(keys, key)
		}
	}
	return keys
}
