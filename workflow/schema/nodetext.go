package schema

// Own is what the text says of the step or event itself, without the steps, cases and events that lie in it, its id and
// what it was called before: canonical JSON on one line. Two versions of a node with the same Own differ in their
// surroundings at most.
func (n *Node) Own() string {
	s := n.step
	var rows []row[step]
	for _, r := range stepTables[s.kind] {
		switch r.form {
		case formSteps, formBoundary, formRace, formCases, formBranches, formFlows:
			continue
		}
		if r.key != "was" && r.key != "next" {
			rows = append(rows, r)
		}
	}
	return string(appendJSON(nil, printRows(s, rows, entry{key: "is", value: stringValue(kindKeys[s.kind])})))
}
