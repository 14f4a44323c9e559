package schema

// This file says in words what the rows of the key table stand for: for the reference (docs/schema.md), whose tables are
// made from it, and for the descriptions of the JSON Schema that editors show.

// formWords are the forms in words.
var formWords = map[form]string{
	formText: "text", formID: "id", formName: "name", formCEL: "expression", formType: "type",
	formSplit: "`exclusive`, `parallel`, `inclusive` or `event`", formFlag: "`true` or `false`", formPeriod: "period",
	formLength: "period without years and months", formCount: "whole number from 1", formFactor: "number from 1",
	formTexts: "list of texts", formIDs: "list of ids", formNames: "list of names",
	formIn: "list of variables, or `{parameter: expression}`", formOut: "list of variables (`v?`), or `{variable: expression}`",
	formOutMap: "`{variable: expression}`", formSet: "`{variable: constant}`", formLiteral: "constant",
	formRetry: "retry, or `never`", formDefaults: "defaults", formTypes: "`{Record: {field: type}}`",
	formVars: "`{variable: type}` or `{variable: declaration}`", formSteps: "list of steps",
	formBoundary: "list of events", formEvents: "list of events", formStarts: "list of events", formRace: "list of events",
	formInterrupt: "`true` or `false`", formMode: "`parallel` or `sequential`", formHit: "`first`, `unique` or `collect`",
	formCron: "cron expression", formMapping: "mapping", formRequire: "mapping", formCompensation: "step, `none` or `impossible`", formTable: "list of rows",
	formCases: "list of cases, the else last", formBranches: "list of steps or branches", formFlows: "list of flows",
	formElse: "nothing", formRules: "list of rules", formOn: "`refuse` or `flag`",
}

// wordsOf are the words that a value of a form can be.
var wordsOf = map[form][]string{
	formSplit: {"exclusive", "parallel", "inclusive", "event"},
	formMode:  {"parallel", "sequential"},
	formHit:   {"first", "unique", "collect"},
	formOn:    {onRefuse, onFlag},
}

// kindWords are the kinds in words.
var kindWords = map[kind]string{
	kindUser:       "A person of one of the groups does something.",
	kindService:    "A handler of the program is called, at least once.",
	kindScript:     "Variables are computed at once.",
	kindRules:      "Variables are set by the rows that are true.",
	kindSend:       "A message is sent.",
	kindReceive:    "A message is waited for.",
	kindManual:     "A person does something without the engine.",
	kindCall:       "Another process is run.",
	kindWait:       "Waits for a time, a message, a signal or a condition.",
	kindThrow:      "Sends a message or signal, or raises an error or escalation, on the way.",
	kindCompensate: "Undoes what was done.",
	kindEnd:        "Ends its branch.",
	kindChoose:     "The first case that is true.",
	kindSome:       "All cases that are true, side by side.",
	kindRace:       "The case whose event comes first.",
	kindParallel:   "All branches, side by side.",
	kindRepeat:     "Steps once and again.",
	kindEach:       "Steps for each element of a list.",
	kindSubprocess: "Steps with variables and events of their own.",
	kindGateway:    "A bare gateway, for graphs that no block can say.",
	kindPlain:      "The program begins an instance.",
	kindTimer:      "A time has come.",
	kindMessage:    "A message has come.",
	kindSignal:     "A signal has come.",
	kindError:      "An error was raised.",
	kindEscalation: "An escalation was raised.",
	kindCondition:  "A condition has become true.",
	kindCancel:     "The transaction was cancelled.",
}

// keyWords are keys in words, for those whose name and form leave something to say. A key with a dot is that of one kind
// or mapping.
var keyWords = map[string]string{
	"title": "A short name for people.", "doc": "What people should know.", "was": "The id, or name, in earlier versions.",
	"process.in": "Variables that an instance is started with.", "process.out": "Variables that an instance ends with.",
	"types": "Record types.", "vars": "Variables; those of a subprocess begin afresh each time.",
	"defaults": "What services have that say nothing else.", "start": "How instances begin, if not by the program alone.",
	"steps": "Run in order; the last leads to the end.", "process.events": "Event sub-processes.", "events": "Event sub-processes.",
	"rules":  "What must be true of every run.",
	"groups": "Who may do it; nobody else.", "assignee": "The person that it is for.", "due": "For lists: nothing happens then.",
	"follow-up": "For lists: when to look at it.", "priority": "An int, higher first.", "form": "Passed on as it is.",
	"separate-from": "User steps; who completed the last of their occurrences may not do this one.",
	"handler":       "The name that the program registers; the id if absent.", "timeout": "Ends an attempt; without it there is none.",
	"retry": "How often and when it is tried again; never: one attempt.", "require": "Bounds for the choice of a provider.",
	"call.process": "The id of the process to run.", "version": "The one deployed last if absent.",
	"message": "The name of the message.", "name": "The name of the message or signal; the id if absent.",
	"key": "Whom the message is for: both sides must agree.", "data": "What is sent.", "ttl": "How long it is kept if nobody waits.",
	"partner": "For people: who is at the other end.", "signal": "The name of the signal.",
	"for": "How long.", "until": "The instant to wait for.", "repeat.until": "Tested after each round; true ends it.",
	"each.until": "Tested after each round, over done, total and results; true ends it.", "while": "Tested before each round; false ends it.",
	"condition": "True ends the wait.", "condition.when": "The event comes when this becomes true.",
	"after": "How long after the activity began.", "at": "When.", "every": "Comes again and again.", "cron": "Five to seven fields.",
	"error.code": "The error that is caught; any if absent.", "escalation.code": "The escalation that is caught; any if absent.",
	"terminate": "Ends all of its process or subprocess.", "error": "The code of the error that is raised.",
	"escalation": "The code of the escalation that is raised.", "end.compensation": "Undoes what was done in its scope.",
	"cancel": "Cancels the transaction around it.", "nodes": "Only these are undone.",
	"in": "What the handler or the user gets.", "out": "What it writes, from the result; without it, nothing.",
	"script.out": "Expressions over the variables.", "set": "What the variables become.", "rows.when": "Whether the row counts.",
	"hit": "Which rows count: the first that is true, the only one, or all.", "rows": "Each sets variables if it is true.",
	"rule-table.else": "What the variables become if no row is true.", "gateway.kind": "How tokens pass.",
	"flows": "Where it leads; without them it only merges.", "cases": "The ways; an else comes last.",
	"branches": "Steps, or lists of steps.", "of": "The list, or how often.", "as": "The name of the element.",
	"mode": "All at the same time, or one after the other.", "collect": "Its values become the list results.",
	"each.out": "What it writes, from results, done and total.", "transaction": "An end with cancel undoes it.",
	"interrupt": "false: the activity goes on beside it.", "do": "Steps that follow in order.",
	"boundary": "Events that can come while it runs.", "compensation": "The step that undoes it, or none, or impossible.",
	"next": "Where it goes on, instead of the step that follows.", "a case.when": "The first case that is true is taken.",
	"a flow.when": "Whether the flow is taken.", "a flow.else": "Taken if no other is.", "a case.else": "Done if no case is true.",
	"id":   "What the case, branch or flow is known by.",
	"type": "As in int, list(string), map(string, double), or a record.", "default": "The value from the start.",
	"index": "Queries can search by the value.", "secret": "Personal data: not to be shown.",
	"from": "How a migration fills it, over the variables of the version before.",
	"max":  "Attempts in all.", "first": "The delay before the second attempt.", "factor": "By which the delay grows.", "limit": "The longest delay.",
	"declare": "A template of Declare with its steps.", "ltlf": "A formula over steps.", "on": "What happens to a step that violates it.",
}
