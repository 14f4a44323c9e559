package schema

import "strings"

// This file is the constructors of changes. Each says which adaptation pattern it is (AP1 to AP14), what must hold
// before it, and what holds after it beyond what Change says of all. A step or case that is given must be correct in
// itself and bring ids that are new; Edit finds what is wrong with it.

// InsertAfter inserts a step, which may be a block, right after a step: AP1, serial insert. The step may also be an
// event, after another event of a race or border.
//
// Before: something goes on after the step; it is no end, and no gateway with flows (for those: InsertBetween).
// After: s runs after the step and before what followed it; a jump that the step had is the jump of s.
func InsertAfter(step string, s Step) Change {
	return Change{op: opInsert, at: spot{side: after, node: step}, v: s.v}
}

// InsertBefore inserts a step right before a step: AP1, serial insert.
//
// After: every way to the step leads through s; jumps to it lead to s.
func InsertBefore(step string, s Step) Change {
	return Change{op: opInsert, at: spot{side: before, node: step}, v: s.v}
}

// InsertInto inserts a step at the beginning of a list of steps: AP1, serial insert. block "" is the process itself,
// whose list is number 0. Blocks with cases or branches have a list for each, by its number from 0; a repeat, an each,
// a subprocess or an event has list 0.
func InsertInto(block string, n int, s Step) Change {
	return Change{op: opInsert, at: spot{side: into, node: block, n: n}, v: s.v}
}

// InsertBetween inserts a step on one way from a step to another: AP1, serial insert.
//
// Before: one step leads straight to the other: because nothing stands between them, by its next, as a gateway by a flow,
// or as an event without steps of its own. After: that way leads through s, which is then among the steps of such an
// event; other ways to the second step do not.
func InsertBetween(from, to string, s Step) Change {
	return Change{op: opInsertBetween, node: from, text: to, v: s.v}
}

// InsertParallel inserts a step that runs beside a fragment: AP1, parallel insert.
//
// Before: no jump from outside leads into the midst of the fragment, and none leads out of it; no end lies in it, unless
// it raises an error. After: both run, and what follows waits for both. If the fragment is all of a branch of a
// parallel, s is a branch more of it; else there is a new parallel, whose id is "parallel-" and that of the first step.
func InsertParallel(fragment string, s Step) Change {
	return Change{op: opInsertParallel, node: fragment, v: s.v}
}

// InsertWhen inserts a step after a step, to run if a guard is true: AP1, conditional insert. It makes a choose with the
// case and an empty else; its id is "choose-" and that of s. Before: see InsertAfter. For a case more of a choose there
// is InsertCase.
func InsertWhen(step, cel string, s Step) Change {
	id := ""
	if s.v.stepKind() != 0 {
		id = "choose-" + s.v.stepID()
	}
	return InsertAfter(step, Choose(id, When(cel, s), Else()))
}

// InsertCase inserts a case into a choose or some, before its else, or a flow into a gateway: AP1, conditional insert.
// A race gets its events from InsertEvent, a parallel its branches from InsertParallel.
func InsertCase(block string, c Case) Change {
	return Change{op: opInsertCase, node: block, n: -1, v: c.v}
}

// InsertEvent adds an event: to a race as another case, to an activity at its border. It comes last among them. (The
// paper has no events; this is AP1 for them.)
func InsertEvent(step string, event Step) Change {
	return Change{op: opInsertEvent, node: step, v: event.v}
}

// InsertHandler adds an event sub-process to a subprocess or, with "", to the process. It comes first among them.
func InsertHandler(subprocess string, event Step) Change {
	return Change{op: opInsert, at: spot{side: into, node: subprocess, key: "events", n: -1}, v: event.v}
}

// Delete deletes a fragment, with what lies in it and the events at its border; or an event, with what it leads to: AP2.
//
// Before: it is not all that a repeat, subprocess or race has (delete that instead); what it jumps to afterwards can be
// reached from the step before it. After: what led to it leads to what followed it.
func Delete(fragment string) Change { return Change{op: opDelete, node: fragment} }

// DeleteCase deletes the n-th case, from 0, of a choose or some, branch of a parallel, or flow of a gateway: AP2.
//
// Before: jumps from outside into it can be led to what follows the block. A parallel keeps at least two branches; to
// make a sequence of it there is Serialize.
func DeleteCase(block string, n int) Change { return Change{op: opDeleteCase, node: block, n: n} }

// MoveAfter moves a fragment to right after a step: AP3. It is Delete and InsertAfter in one, with the conditions of
// both, but who names the steps in separate-from goes on doing so.
//
// Before: the step is not part of the fragment. Each variable that the fragment uses is the same at the new place: no
// subprocess or each between declares another of that name, and none that declares it is left.
func MoveAfter(fragment, step string) Change {
	return Change{op: opMove, node: fragment, at: spot{side: after, node: step}}
}

// MoveBefore moves a fragment to right before a step: AP3; see MoveAfter and InsertBefore.
func MoveBefore(fragment, step string) Change {
	return Change{op: opMove, node: fragment, at: spot{side: before, node: step}}
}

// MoveInto moves a fragment to the beginning of a list of steps: AP3; see MoveAfter and InsertInto.
func MoveInto(fragment, block string, n int) Change {
	return Change{op: opMove, node: fragment, at: spot{side: into, node: block, n: n}}
}

// Replace replaces a fragment by a step: AP4. The step may have the id of one that it replaces, or hold some of them.
//
// After: what led to the fragment leads to by. Who was to be separate from a user step that is replaced by a user step
// is separate from the new one.
func Replace(fragment string, by Step) Change {
	return Change{op: opReplace, node: fragment, v: by.v}
}

// Swap lets two fragments change places: AP5.
//
// Before: neither is part of the other, nor jumps into it; each variable that they use is the same at the new place. After: what led to one leads to the other.
func Swap(one, other string) Change { return Change{op: opSwap, nodes: []string{one, other}} }

// Extract makes a subprocess of a fragment: AP6. (The paper extracts a schema of its own, which is then called; an
// embedded subprocess is the same but for the reuse.)
//
// Before: no jump leads from the fragment to the outside, but at its end, nor from there into its midst; no end lies in
// it, which would end less then, unless it raises an error, and no event that does not interrupt, for whose end a
// subprocess waits.
func Extract(fragment, id string) Change {
	return Change{op: opEmbed, node: fragment, v: Sub(id).v}
}

// Inline puts the steps of a subprocess in its place: AP7, the opposite of Extract.
//
// Before: nothing would be lost by it: the subprocess has no variables and no events of its own and is no transaction,
// no end lies directly in it, which would end more then, unless it raises an error, and no event that does not interrupt.
func Inline(subprocess string) Change { return Change{op: opInline, node: subprocess} }

// EmbedLoop repeats a fragment until an expression, tested after it, is true: AP8. The id of the repeat is "repeat-" and
// that of the first step.
//
// Before: no jump from outside leads into the midst of the fragment, and something in it waits.
func EmbedLoop(fragment, until string) Change {
	return Change{op: opEmbed, node: fragment, v: Repeat("", until).v, as: blockID("repeat", fragment)}
}

// EmbedWhile repeats a fragment as long as an expression, tested before it, is true: AP8; see EmbedLoop.
func EmbedWhile(fragment, cel string) Change {
	return Change{op: opEmbed, node: fragment, v: RepeatWhile("", cel).v, as: blockID("repeat", fragment)}
}

// Parallelize makes fragments that follow each other the branches of a parallel: AP9. Its id is "parallel-" and that of
// the first step.
//
// Before: two or more are given, in the order in which they stand in one list, none left out; no jump leads from one into
// another, and none from outside into any but the first step; no end lies in them, unless it raises an error. None reads
// a variable that one before it writes, and they do not race for variables.
func Parallelize(fragments ...string) Change { return Change{op: opParallelize, nodes: fragments} }

// EmbedWhen makes a fragment depend on a guard: AP10. It makes a choose with the case and an empty else; its id is
// "choose-" and that of the first step.
func EmbedWhen(fragment, cel string) Change {
	return Change{op: opEmbed, node: fragment, v: Choose("", When(cel), Else()).v, as: blockID("choose", fragment)}
}

// Order makes a step of one branch of a parallel wait for one of another branch: AP11, add control dependency.
//
// Before: the steps stand directly in two branches of one parallel, not within further blocks (order those).
// After: second starts when first has ended; all that ran beside each other otherwise still does. If first is the last
// step of its branch, or second the first of its own, blocks can say that. Else the two branches become one, of bare
// gateways: x.fork, x.sync, x.wait, x.meet, where x is the id of the first step or the one given by As. Other jumps in the branches
// would spoil that, so there are none where the order comes.
func Order(first, second string) Change {
	return Change{op: opOrder, nodes: []string{first, second}}
}

// Unorder lets two steps run at once that run one after the other: AP12, remove control dependency; the opposite of
// Order, of blocks as of gateways.
//
// Before: the second follows the first directly: in one list; as the first step of a branch of a parallel that follows
// the first; as the step behind a parallel of which the first ends a branch; or by the gateways that Order made. It does
// not read a variable that the first writes.
// After: what came before both comes before both, and what came after both after both.
func Unorder(first, second string) Change {
	return Change{op: opUnorder, nodes: []string{first, second}}
}

// Serialize makes branches of a parallel run one after the other, in the order given: AP11 for whole branches, the
// opposite of Parallelize. A branch is named by any step in it. If all are named, the parallel is dissolved; else they
// become one branch of it.
func Serialize(steps ...string) Change { return Change{op: opSerialize, nodes: steps} }

// SetGuard changes a condition: AP13. It is the guard of the n-th case, from 0, of a choose or some; of the n-th flow of
// a gateway; or, with n 0, the until or while of a repeat or each.
//
// A case without an id is known by its guard: with another guard it is another case, and histories say so.
func SetGuard(block string, n int, cel string) Change {
	return Change{op: opSetGuard, node: block, n: n, text: cel}
}

// CopyAfter inserts a copy of a fragment after a step: AP14. Each id in the copy gets a suffix; jumps and separate-from
// within the fragment lead within the copy, others as before. A copied service calls the same handler, a copied event
// expects the same message.
//
// Before: see InsertAfter; the suffix makes ids that are new; each variable that the fragment uses is the same there.
func CopyAfter(fragment, step, suffix string) Change {
	return Change{op: opCopy, node: fragment, text: suffix, at: spot{side: after, node: step}}
}

// Rename gives a step or event another id, and says with "was" which one it had: instances that move know it by that.
// A service keeps its handler and a message event its message, which may have followed from the old id.
//
// Before: nothing else has the new id. After: all jumps and references lead to it.
func Rename(step, to string) Change { return Change{op: opRename, node: step, text: to} }

// Update gives a step or event the kind and keys of another; what lies in it and the events at its border stay.
//
// Before: by has the same id and no steps, cases or events in it, for which there are SetGuard, InsertCase, InsertEvent
// and the like; its kind can hold what the step holds.
func Update(step string, by Step) Change { return Change{op: opUpdate, node: step, v: by.v} }

// SetVar declares a variable of the process, or changes its declaration.
func SetVar(v Variable) Change {
	c := Change{op: opSetVar, text: v.Name, n: -1}
	c.v = variableValue(v, func(code, hint, message string) { c.wrong = message })
	if len(c.v.fields) == 1 {
		c.v = c.v.fields[0].value
	}
	return c
}

// DeleteVar removes the declaration of a variable of the process. Before: nothing uses it.
func DeleteVar(name string) Change { return Change{op: opDeleteVar, text: name} }

// SetIn names the variables that an instance is started with.
func SetIn(names ...string) Change {
	return Change{op: opSet, text: "in", v: listValue(stringValues(names)...)}
}

// SetOut names the variables that an instance returns.
func SetOut(names ...string) Change {
	return Change{op: opSet, text: "out", v: listValue(stringValues(names)...)}
}

func blockID(what, fragment string) string {
	first, _, _ := strings.Cut(fragment, ":")
	return what + "-" + first
}
