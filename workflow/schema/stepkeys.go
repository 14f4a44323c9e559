package schema

// This file is the part of the key table (keys.go) that steps and events have.

var (
	stepKinds = of(kindUser, kindService, kindScript, kindRules, kindSend, kindReceive, kindManual, kindCall, kindWait, kindThrow, kindCompensate, kindEnd,
		kindChoose, kindSome, kindRace, kindParallel, kindRepeat, kindEach, kindSubprocess, kindGateway)
	// eventKinds can stand at the boundary of an activity. scopeKinds begin an event sub-process, raceKinds are cases of
	// a race, startKinds begin a process.
	eventKinds = of(kindTimer, kindMessage, kindSignal, kindError, kindEscalation, kindCondition, kindCancel)
	scopeKinds = eventKinds &^ of(kindCancel)
	raceKinds  = of(kindTimer, kindMessage, kindSignal, kindCondition)
	startKinds = raceKinds | of(kindPlain)
	// hostKinds are the activities: they can have boundary events. undoKinds can undo another activity.
	hostKinds = undoKinds | of(kindReceive, kindEach)
	undoKinds = of(kindUser, kindService, kindScript, kindRules, kindSend, kindManual, kindCall, kindSubprocess)
)

// kindKeys are the keys that introduce a step or an event, by kind.
var kindKeys = [...]string{
	kindUser: "user", kindService: "service", kindScript: "script", kindRules: "rule-table", kindSend: "send",
	kindReceive: "receive", kindManual: "manual", kindCall: "call", kindWait: "wait", kindThrow: "throw",
	kindCompensate: "compensate", kindEnd: "end", kindChoose: "choose", kindSome: "some", kindRace: "race",
	kindParallel: "parallel", kindRepeat: "repeat", kindEach: "each", kindSubprocess: "subprocess", kindGateway: "gateway",
	kindPlain: "plain", kindTimer: "timer", kindMessage: "message", kindSignal: "signal", kindError: "error",
	kindEscalation: "escalation", kindCondition: "condition", kindCancel: "cancel",
}

// String is the key that introduces the kind.
func (k kind) String() string { return kindKeys[k] }

// stepRow is a row for several kinds of steps and events.
type stepRow struct {
	kinds, need kinds // the kinds that may have the key, and those that must
	row[step]
}

const anyOther = kinds(1<<32 - 1)

var stepRows = []stepRow{
	{anyOther, 0, row[step]{key: "title", form: formText, at: func(s *step) any { return &s.title }}},
	{anyOther, 0, row[step]{key: "doc", form: formText, at: func(s *step) any { return &s.doc }}},
	{anyOther, 0, row[step]{key: "was", form: formID, at: func(s *step) any { return &s.was }}},

	{of(kindUser), 0, row[step]{key: "groups", form: formTexts, at: func(s *step) any { return &s.groups }}},
	{of(kindUser), 0, row[step]{key: "assignee", form: formCEL, at: func(s *step) any { return &s.assignee }}},
	{of(kindUser), 0, row[step]{key: "due", form: formPeriod, at: func(s *step) any { return &s.due }}},
	{of(kindUser), 0, row[step]{key: "follow-up", form: formPeriod, at: func(s *step) any { return &s.followUp }}},
	{of(kindUser), 0, row[step]{key: "priority", form: formCEL, at: func(s *step) any { return &s.priority }}},
	{of(kindUser), 0, row[step]{key: "form", form: formMapping, at: func(s *step) any { return &s.form }}},
	{of(kindUser), 0, row[step]{key: "separate-from", form: formIDs, at: func(s *step) any { return &s.apart }}},

	{of(kindService), 0, row[step]{key: "handler", form: formText, at: func(s *step) any { return &s.handler }}},
	{of(kindService), 0, row[step]{key: "timeout", form: formPeriod, at: func(s *step) any { return &s.timeout }}},
	{of(kindService), 0, row[step]{key: "retry", form: formRetry, at: func(s *step) any { return &s.retry }}},
	{of(kindService), 0, row[step]{key: "require", form: formRequire, at: func(s *step) any { return &s.require }}},

	{of(kindCall), of(kindCall), row[step]{key: "process", form: formID, at: func(s *step) any { return &s.callee }}},
	{of(kindCall), 0, row[step]{key: "version", form: formCount, at: func(s *step) any { return &s.version }}},

	{of(kindSend, kindReceive), of(kindSend, kindReceive), row[step]{key: "message", form: formText, at: func(s *step) any { return &s.message }}},
	{of(kindWait, kindThrow, kindEnd), 0, row[step]{key: "message", form: formText, at: func(s *step) any { return &s.message }}},
	{of(kindMessage), 0, row[step]{key: "name", form: formText, at: func(s *step) any { return &s.message }}},
	{of(kindWait, kindThrow, kindEnd), 0, row[step]{key: "signal", form: formText, at: func(s *step) any { return &s.signal }}},
	{of(kindSignal), 0, row[step]{key: "name", form: formText, at: func(s *step) any { return &s.signal }}},
	{of(kindSend, kindReceive, kindWait, kindThrow, kindEnd, kindMessage), 0, row[step]{key: "key", form: formCEL, at: func(s *step) any { return &s.key }}},
	{of(kindSend, kindThrow, kindEnd), 0, row[step]{key: "data", form: formIn, at: func(s *step) any { return &s.data }}},
	{of(kindSend, kindThrow, kindEnd), 0, row[step]{key: "ttl", form: formPeriod, at: func(s *step) any { return &s.ttl }}},
	{of(kindSend, kindReceive, kindWait, kindThrow, kindEnd, kindMessage), 0, row[step]{key: "partner", form: formText, at: func(s *step) any { return &s.partner }}},

	{of(kindWait), 0, row[step]{key: "for", form: formPeriod, at: func(s *step) any { return &s.pause }}},
	{of(kindWait), 0, row[step]{key: "until", form: formCEL, at: func(s *step) any { return &s.instant }}},
	{of(kindWait), 0, row[step]{key: "condition", form: formCEL, at: func(s *step) any { return &s.condition }}},
	{of(kindTimer), 0, row[step]{key: "after", form: formPeriod, at: func(s *step) any { return &s.pause }}},
	{of(kindTimer), 0, row[step]{key: "at", form: formCEL, at: func(s *step) any { return &s.instant }}},
	{of(kindTimer), 0, row[step]{key: "every", form: formPeriod, at: func(s *step) any { return &s.every }}},
	{of(kindWait, kindTimer), 0, row[step]{key: "cron", form: formCron, at: func(s *step) any { return &s.cron }}},
	{of(kindCondition), of(kindCondition), row[step]{key: "when", form: formCEL, at: func(s *step) any { return &s.condition }}},
	{of(kindError), 0, row[step]{key: "code", form: formText, at: func(s *step) any { return &s.code }}},
	{of(kindEscalation), 0, row[step]{key: "code", form: formText, at: func(s *step) any { return &s.escalation }}},

	{of(kindEnd), 0, row[step]{key: "terminate", form: formFlag, at: func(s *step) any { return &s.kill }}},
	{of(kindThrow, kindEnd), 0, row[step]{key: "error", form: formText, at: func(s *step) any { return &s.code }}},
	{of(kindThrow, kindEnd), 0, row[step]{key: "escalation", form: formText, at: func(s *step) any { return &s.escalation }}},
	{of(kindEnd), 0, row[step]{key: "compensation", form: formFlag, at: func(s *step) any { return &s.compensates }}},
	{of(kindEnd), 0, row[step]{key: "cancel", form: formFlag, at: func(s *step) any { return &s.cancels }}},
	{of(kindCompensate, kindEnd), 0, row[step]{key: "nodes", form: formIDs, at: func(s *step) any { return &s.undone }}},

	{of(kindUser, kindService, kindCall), 0, row[step]{key: "in", form: formIn, at: func(s *step) any { return &s.in }}},
	{of(kindUser, kindService, kindCall, kindReceive, kindWait, kindMessage, kindSignal), 0, row[step]{key: "out", form: formOut, at: func(s *step) any { return &s.out }}},
	{of(kindScript), 0, row[step]{key: "set", form: formSet, at: func(s *step) any { return &s.set }}},
	{of(kindScript), 0, row[step]{key: "out", form: formOutMap, at: func(s *step) any { return &s.out }}},
	{of(kindRules), 0, row[step]{key: "hit", form: formHit, at: func(s *step) any { return &s.hit }}},
	{of(kindRules), of(kindRules), row[step]{key: "rows", form: formTable, at: func(s *step) any { return &s.rows }}},
	{of(kindRules), 0, row[step]{key: "else", form: formOutMap, at: func(s *step) any { return &s.noRow }}},

	{of(kindGateway), of(kindGateway), row[step]{key: "kind", form: formSplit, at: func(s *step) any { return &s.split }}},
	{of(kindGateway), 0, row[step]{key: "flows", form: formFlows, at: func(s *step) any { return &s.cases }}},
	{of(kindChoose, kindSome), of(kindChoose, kindSome), row[step]{key: "cases", form: formCases, at: func(s *step) any { return &s.cases }}},
	{of(kindRace), of(kindRace), row[step]{key: "cases", form: formRace, at: func(s *step) any { return &s.events }}},
	{of(kindParallel), of(kindParallel), row[step]{key: "branches", form: formBranches, at: func(s *step) any { return &s.cases }}},
	{of(kindRepeat), 0, row[step]{key: "while", form: formCEL, at: func(s *step) any { return &s.while }}},
	{of(kindRepeat, kindEach), 0, row[step]{key: "until", form: formCEL, at: func(s *step) any { return &s.until }}},
	{of(kindEach), of(kindEach), row[step]{key: "of", form: formCEL, at: func(s *step) any { return &s.list }}},
	{of(kindEach), of(kindEach), row[step]{key: "as", form: formName, at: func(s *step) any { return &s.as }}},
	{of(kindEach), 0, row[step]{key: "mode", form: formMode, at: func(s *step) any { return &s.mode }}},
	{of(kindEach, kindSubprocess), 0, row[step]{key: "vars", form: formVars, at: func(s *step) any { return &s.vars }}},
	{of(kindEach), 0, row[step]{key: "collect", form: formCEL, at: func(s *step) any { return &s.collect }}},
	{of(kindEach), 0, row[step]{key: "out", form: formOutMap, at: func(s *step) any { return &s.out }}},
	{of(kindSubprocess), 0, row[step]{key: "transaction", form: formFlag, at: func(s *step) any { return &s.transaction }}},
	{of(kindSubprocess), 0, row[step]{key: "in", later: "leave it out: its steps see the variables around it"}},
	{of(kindSubprocess), 0, row[step]{key: "out", later: "leave it out: its steps write the variables around it"}},
	{of(kindRepeat, kindEach, kindSubprocess), of(kindRepeat, kindEach, kindSubprocess), row[step]{key: "do", form: formSteps, at: func(s *step) any { return &s.body }}},

	{eventKinds, 0, row[step]{key: "interrupt", form: formInterrupt, at: func(s *step) any { return &s.beside }}},
	{eventKinds | startKinds, 0, row[step]{key: "do", form: formSteps, at: func(s *step) any { return &s.body }}},
	{of(kindSubprocess), 0, row[step]{key: "events", form: formEvents, at: func(s *step) any { return &s.handlers }}},
	{hostKinds, 0, row[step]{key: "boundary", form: formBoundary, at: func(s *step) any { return &s.bounds }}},
	{undoKinds | of(kindReceive, kindEach), 0, row[step]{key: "compensation", form: formCompensation, at: func(s *step) any { return &s.undo }}},
	{anyOther &^ of(kindEnd), 0, row[step]{key: "next", form: formID, at: func(s *step) any { return &s.next }}},
}

// stepTables are the rows of each kind.
var stepTables = func() (tables [len(kindKeys)][]row[step]) {
	for k := range tables {
		for _, r := range stepRows {
			if k > 0 && r.kinds.has(kind(k)) {
				row := r.row
				row.need = r.need.has(kind(k))
				tables[k] = append(tables[k], row)
			}
		}
	}
	return tables
}()
