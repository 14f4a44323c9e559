package schema_test

import (
	"fmt"

	"github.com/replank/replank/workflow/schema"
)

func ExampleEdit() {
	p, err := schema.Parse("loan.yaml", []byte(`
process: loan
steps:
  - user: enter
  - user: rate
  - user: approve
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	next, err := schema.Edit(p,
		schema.InsertAfter("enter", schema.User("check").Groups("officers")),
		schema.Parallelize("check", "rate").As("assess"),
		schema.Rename("approve", "sign"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s", next.YAML())
	// Output:
	// process: loan
	// steps:
	//   - user: enter
	//   - parallel: assess
	//     branches:
	//       - user: check
	//         groups: [officers]
	//       - user: rate
	//   - user: sign
	//     was: approve
}

func ExampleCompare() {
	from, _ := schema.Parse("v1.yaml", []byte("{process: p, steps: [{user: a}, {user: b}, {user: c}]}"))
	to, _ := schema.Parse("v2.yaml", []byte("{process: p, steps: [{user: b}, {user: a}, {user: x}, {user: c}]}"))
	diff := schema.Compare(from, to)
	fmt.Println(diff)
	fmt.Println("region:", diff.Region())
	// Output:
	// move a after b
	// insert user x after a
	// region: [b a x]
}
